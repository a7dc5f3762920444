/* window.c: the window, its size and the passing of time.
 *
 * Full screen, also where no window manager runs (a bare X server, as on a panel): then nobody would honour a request
 * for full screen, so the window simply takes the monitor's size, and takes it again when that changes. All lengths
 * follow the size (canvas_unit()): a 1080p panel shows the same picture as a 720p one, only finer.
 * Time: one timer of 100 ms steps the simulation and redraws the conveyor; figures follow twice a second, curves and
 * clock once. With --still there is no timer at all.
 */
#include "panel.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#ifdef PANEL_X11
#include <gdk/x11/gdkx.h>
#endif

#define TICK_MS 100

GtkWidget *window_label(struct panel *p, enum text_id id, const char *css) {
    GtkWidget *label = gtk_label_new(text(id));

    gtk_label_set_xalign(GTK_LABEL(label), 0);
    g_object_set_data(G_OBJECT(label), "text", GINT_TO_POINTER((int)id));
    if (css)
        gtk_widget_add_css_class(label, css);
    g_ptr_array_add(p->labels, label);
    return label;
}

GtkWidget *window_button(GtkWidget *child, const char *css, GCallback clicked, gpointer user) {
    GtkWidget *button = gtk_button_new();

    if (GTK_IS_LABEL(child))
        gtk_label_set_xalign(GTK_LABEL(child), 0.5);
    gtk_button_set_child(GTK_BUTTON(button), child);
    gtk_widget_add_css_class(button, css);
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    if (clicked)
        g_signal_connect(button, "clicked", clicked, user);
    return button;
}

GtkWidget *window_add_layer(GtkWidget *overlay, GtkWidget *card) {
    GtkWidget *layer = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    gtk_widget_add_css_class(layer, "layer");
    gtk_widget_set_hexpand(card, TRUE);
    gtk_widget_set_halign(card, GTK_ALIGN_CENTER);
    gtk_widget_set_valign(card, GTK_ALIGN_CENTER);
    gtk_box_append(GTK_BOX(layer), card);
    gtk_overlay_add_overlay(GTK_OVERLAY(overlay), layer);
    gtk_widget_set_visible(layer, FALSE);
    return layer;
}

void window_show_page(struct panel *p, enum page page) {
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(p->tabs[page]), TRUE);
    gtk_stack_set_visible_child(GTK_STACK(p->stack), p->pages[page]);
}

enum page window_page(struct panel *p) {
    for (int i = 0; i < PAGES; i++)
        if (gtk_stack_get_visible_child(GTK_STACK(p->stack)) == p->pages[i])
            return (enum page)i;
    return PAGE_OVERVIEW;
}

void window_set_watched(struct panel *p, bool watched) {
    if (watched)
        gtk_widget_add_css_class(p->frame, "watched");
    else
        gtk_widget_remove_css_class(p->frame, "watched");
}

/* Where the window's surface lies on the screen: with a window manager not at 0, 0. */
void window_origin(struct panel *p, int *x, int *y) {
    *x = *y = 0;
#ifdef PANEL_X11
    GdkSurface *surface = gtk_native_get_surface(GTK_NATIVE(p->window));

    if (GDK_IS_X11_SURFACE(surface)) {
        Display *display = gdk_x11_display_get_xdisplay(gdk_surface_get_display(surface));
        Window child;

        XTranslateCoordinates(display, gdk_x11_surface_get_xid(surface), DefaultRootWindow(display), 0, 0, x, y,
                              &child);
    }
#endif
}

bool window_is_visible(struct panel *p) {
    GdkSurface *surface = gtk_native_get_surface(GTK_NATIVE(p->window));

    return surface && gdk_surface_get_mapped(surface) &&
           !(gdk_toplevel_get_state(GDK_TOPLEVEL(surface)) & GDK_TOPLEVEL_STATE_MINIMIZED);
}

void window_block(struct panel *p, bool blocked) {
    gtk_widget_set_can_focus(p->frame, !blocked);
}

/* A day of work begins at the wall clock's time; with --still it is always the same morning. */
const char *window_time(struct panel *p, double time, char buffer[16]) {
    static double start = -1; /* seconds of the day at time 0 */
    long second;

    if (start < 0) {
        time_t now_wall = p->options.still ? 0 : (time_t)(g_get_real_time() / G_USEC_PER_SEC);
        struct tm local;

        localtime_r(&now_wall, &local);
        start =
            (p->options.still ? 10 * 3600 + 24 * 60 + 36 : local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec) -
            SIM_PAST + 2 * 86400;
    }
    second = (long)floor(start + time) % 86400;
    snprintf(buffer, 16, "%02ld:%02ld:%02ld", second / 3600, second / 60 % 60, second % 60);
    return buffer;
}

static gboolean on_tick(gpointer user) {
    struct panel *p = user;
    enum sim_state before = p->sim.state;

    sim_step(&p->sim);
    if (p->sim.value[SIM_SPEED] > 0.5)
        gtk_widget_queue_draw(p->mimic); /* hidden pages are not drawn by GTK */
    if (p->sim.steps % 5 == 0)
        for (int c = 0; c < SIM_CHANNELS; c++)
            gtk_widget_queue_draw(p->gauges[c]);
    if (p->sim.steps % 10 == 0) {
        gtk_widget_queue_draw(p->clock);
        gtk_widget_queue_draw(p->production);
        gtk_widget_queue_draw(p->trend);
        gtk_widget_queue_draw(p->recipe_table->canvas);
        gtk_widget_queue_draw(p->valve_table->canvas);
    }
    if (before != p->sim.state || p->alarm_revision != p->sim.revision) {
        p->alarm_revision = p->sim.revision;
        gtk_widget_queue_draw(p->alarm_table->canvas);
        gtk_widget_queue_draw(p->mimic);
        header_update(p);
    }
    return G_SOURCE_CONTINUE;
}

static void set_unit(struct panel *p, int width, int height) {
    double unit = CLAMP(MIN(width / 1280.0, height / 720.0), 0.5, 4);
    char css[64], number[G_ASCII_DTOSTR_BUF_SIZE];

    if (width <= 0 || height <= 0 || fabs(unit - canvas_unit()) < 0.001)
        return;
    canvas_set_unit(unit);
    snprintf(css, sizeof css, "window { font-size: %spx; }", g_ascii_formatd(number, sizeof number, "%.3f", 14 * unit));
    gtk_css_provider_load_from_data(p->scaling, css, -1);
    gtk_widget_queue_resize(p->window);
}

static void on_layout(GdkSurface *surface, int width, int height, struct panel *p) {
    set_unit(p, width, height);
}

/* The size that the window should have now. */
static void wanted_size(struct panel *p, int *width, int *height) {
    GListModel *monitors = gdk_display_get_monitors(gdk_display_get_default());
    GdkMonitor *monitor = g_list_model_get_item(monitors, 0);
    GdkRectangle area = {.width = 1280, .height = 720};

    if (monitor && !p->options.windowed)
        gdk_monitor_get_geometry(monitor, &area);
    g_clear_object(&monitor);
    *width = p->options.width ? p->options.width : area.width;
    *height = p->options.height ? p->options.height : area.height;
}

/* Whether somebody will honour a wish for full screen. */
static bool has_window_manager(void) {
#ifdef PANEL_X11
    GdkDisplay *display = gdk_display_get_default();

    if (GDK_IS_X11_DISPLAY(display))
        return gdk_x11_screen_supports_net_wm_hint(gdk_x11_display_get_screen(display),
                                                   g_intern_static_string("_NET_WM_STATE_FULLSCREEN"));
#endif
    return true;
}

/* Without a window manager GTK's wish for another size of a window that is already there reaches nobody. */
static void resize_surface(struct panel *p, int width, int height) {
#ifdef PANEL_X11
    GdkSurface *surface = gtk_native_get_surface(GTK_NATIVE(p->window));

    if (surface && GDK_IS_X11_SURFACE(surface) && !has_window_manager()) {
        unsigned scale = (unsigned)gdk_surface_get_scale_factor(surface);

        XMoveResizeWindow(gdk_x11_display_get_xdisplay(gdk_surface_get_display(surface)),
                          gdk_x11_surface_get_xid(surface), 0, 0, (unsigned)width * scale, (unsigned)height * scale);
    }
#endif
}

static void on_monitor(struct panel *p) {
    int width, height;

    wanted_size(p, &width, &height);
    set_unit(p, width, height); /* first: contents of the old size would keep the window from getting smaller */
    gtk_window_set_default_size(GTK_WINDOW(p->window), width, height);
    resize_surface(p, width, height);
}

static void watch_monitor(struct panel *p) {
    GListModel *monitors = gdk_display_get_monitors(gdk_display_get_default());
    GdkMonitor *monitor = g_list_model_get_item(monitors, 0);

    if (!monitor || g_object_get_data(G_OBJECT(monitor), "watched")) {
        g_clear_object(&monitor);
        return;
    }
    g_object_set_data(G_OBJECT(monitor), "watched", p);
    g_signal_connect_swapped(monitor, "notify::geometry", G_CALLBACK(on_monitor), p);
    g_object_unref(monitor);
}

static void on_monitors(struct panel *p) {
    watch_monitor(p);
    on_monitor(p);
}

static void on_painted(GdkFrameClock *clock, struct panel *p) {
    prompt_painted(p);
    indicator_painted(p);
    hidden_update(p);
    geometry_painted(p);
    push_painted(p);
}

static void on_realize(GtkWidget *window, struct panel *p) {
    GdkSurface *surface = gtk_native_get_surface(GTK_NATIVE(window));

    g_signal_connect(surface, "layout", G_CALLBACK(on_layout), p);
    g_signal_connect(gtk_widget_get_frame_clock(window), "after-paint", G_CALLBACK(on_painted), p);
}

static gboolean on_close(GtkWindow *window, struct panel *p) {
    g_main_loop_quit(p->loop);
    return TRUE;
}

static void load_style(struct panel *p) {
    GdkDisplay *display = gdk_display_get_default();
    GtkCssProvider *style = gtk_css_provider_new();

    gtk_css_provider_load_from_resource(style, "/panel/panel.css");
    gtk_style_context_add_provider_for_display(display, GTK_STYLE_PROVIDER(style),
                                               GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    g_object_unref(style);
    p->scaling = gtk_css_provider_new();
    gtk_css_provider_load_from_data(p->scaling, "window { font-size: 14px; }", -1);
    gtk_style_context_add_provider_for_display(display, GTK_STYLE_PROVIDER(p->scaling),
                                               GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + 1);
}

static void create_pages(struct panel *p) {
    GtkWidget *(*const create[PAGES])(struct panel *) = {overview_create, alarms_create, trend_create, recipe_create,
                                                         service_create};

    p->stack = gtk_stack_new();
    gtk_widget_set_vexpand(p->stack, TRUE);
    for (int i = 0; i < PAGES; i++) {
        p->pages[i] = create[i](p);
        gtk_stack_add_child(GTK_STACK(p->stack), p->pages[i]);
    }
}

void window_create(struct panel *p) {
    GtkWidget *overlay = gtk_overlay_new();
    int width, height;

    p->labels = g_ptr_array_new();
    load_style(p);
    p->window = gtk_window_new();
    gtk_window_set_title(GTK_WINDOW(p->window), "Oriel demo panel");
    gtk_window_set_decorated(GTK_WINDOW(p->window), p->options.windowed);
    p->frame = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_add_css_class(p->frame, "frame");
    create_pages(p);
    gtk_box_append(GTK_BOX(p->frame), header_create(p));
    gtk_box_append(GTK_BOX(p->frame), tabs_create(p));
    gtk_box_append(GTK_BOX(p->frame), p->stack);
    gtk_box_append(GTK_BOX(p->frame), footer_create(p));
    gtk_overlay_set_child(GTK_OVERLAY(overlay), p->frame);
    face_create(p, overlay);
    chat_create(p, overlay);
    call_create(p, overlay);
    pin_create(p, overlay);
    prompt_create(p, overlay);
    gtk_window_set_child(GTK_WINDOW(p->window), overlay);
    window_show_page(p, p->options.page);
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(p->languages[p->options.language]), TRUE);

    wanted_size(p, &width, &height);
    set_unit(p, width, height);
    gtk_window_set_default_size(GTK_WINDOW(p->window), width, height);
    if (!p->options.windowed && !p->options.width && !p->options.height) {
        if (has_window_manager())
            gtk_window_fullscreen(GTK_WINDOW(p->window));
        g_signal_connect_swapped(gdk_display_get_monitors(gdk_display_get_default()), "items-changed",
                                 G_CALLBACK(on_monitors), p);
        watch_monitor(p);
    }
    g_signal_connect(p->window, "realize", G_CALLBACK(on_realize), p);
    g_signal_connect(p->window, "close-request", G_CALLBACK(on_close), p);
    gtk_window_present(GTK_WINDOW(p->window));
    if (!p->options.still)
        g_timeout_add(TICK_MS, on_tick, p);
}
