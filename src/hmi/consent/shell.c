/* shell.c: windows that stay above everything else of an X screen.
 *
 * They are override-redirect: no window manager places, covers or decorates them, and none is needed. What covers one
 * all the same (another such window) is found by the stacking order, and the window raised again; until nothing covers
 * it, it does not count as seen, and Oriel shows no picture of a panel whose indicator is hidden. Keys go where the
 * prompt is by our own doing, and back to where they went when it closes.
 * Not on X11 they are ordinary windows, which the compositor may cover: the log says so.
 */
#include "app.h"

#include <math.h>
#include <string.h>

#ifdef CONSENT_X11
#include <gdk/x11/gdkx.h>
#endif

enum { EDGE = 12, FONT = 17 }; /* pixels of a screen of 1280x720 */

void shell_size(int *width, int *height) {
    GListModel *monitors = gdk_display_get_monitors(gdk_display_get_default());
    GdkMonitor *monitor = g_list_model_get_item(monitors, 0);
    GdkRectangle area = {.width = 1280, .height = 720};

    if (monitor)
        gdk_monitor_get_geometry(monitor, &area);
    g_clear_object(&monitor);
    *width = area.width;
    *height = area.height;
}

void shell_begin(struct app *app) {
    GdkDisplay *display = gdk_display_get_default();
    GtkCssProvider *style = gtk_css_provider_new(), *size = gtk_css_provider_new();
    int width, height;
    double unit;
    char css[64];

    shell_size(&width, &height);
    unit = CLAMP(MIN(width / 1280.0, height / 720.0), 0.72, 4);
    canvas_set_unit(unit);
    gtk_css_provider_load_from_resource(style, "/consent/consent.css");
    g_snprintf(css, sizeof css, "window { font-size: %dpx; }", (int)lround(FONT * unit));
    gtk_css_provider_load_from_data(size, css, -1);
    gtk_style_context_add_provider_for_display(display, GTK_STYLE_PROVIDER(style),
                                               GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    gtk_style_context_add_provider_for_display(display, GTK_STYLE_PROVIDER(size),
                                               GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + 1);
    g_object_unref(style);
    g_object_unref(size);
#ifdef CONSENT_X11
    if (!GDK_IS_X11_DISPLAY(display))
#endif
        g_printerr("oriel-consent: this is no X11 screen: other windows may cover the prompt and the indicator\n");
}

#ifdef CONSENT_X11
static bool on_x11(GtkWidget *window) {
    GdkSurface *surface = gtk_native_get_surface(GTK_NATIVE(window));

    return surface && GDK_IS_X11_SURFACE(surface);
}

static Display *x_display(void) {
    return gdk_x11_display_get_xdisplay(gdk_display_get_default());
}

static Window x_window(GtkWidget *window) {
    return gdk_x11_surface_get_xid(gtk_native_get_surface(GTK_NATIVE(window)));
}

unsigned long shell_x_window(GtkWidget *window) {
    return window && gtk_widget_get_realized(window) && on_x11(window) ? x_window(window) : 0;
}

static void trap(bool on) {
    if (on)
        gdk_x11_display_error_trap_push(gdk_display_get_default());
    else
        gdk_x11_display_error_trap_pop_ignored(gdk_display_get_default());
}

static bool is_own(Window window) {
    GListModel *all = gtk_window_get_toplevels();

    for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
        g_autoptr(GtkWidget) one = g_list_model_get_item(all, i);

        if (gtk_widget_get_realized(one) && on_x11(one) && x_window(one) == window)
            return true;
    }
    return false;
}

/* Whether `other`, which lies above, covers some of `ours`. Our own windows may cover the corner, never a question. */
static bool covers(Window other, const XWindowAttributes *ours, bool question) {
    XWindowAttributes a;

    return XGetWindowAttributes(x_display(), other, &a) && a.map_state == IsViewable && a.class == InputOutput &&
           a.x < ours->x + ours->width && ours->x < a.x + a.width && a.y < ours->y + ours->height &&
           ours->y < a.y + a.height && (question || !is_own(other));
}

/* True: nothing of others lies over it. */
static bool is_on_top(GtkWidget *window) {
    Display *display = x_display();
    Window root, parent, *children = NULL, self = x_window(window);
    XWindowAttributes ours;
    unsigned n = 0;
    bool above = false, covered = false,
         question = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(window), "place")) == SHELL_MIDDLE;

    trap(true);
    if (XGetWindowAttributes(display, self, &ours) && ours.map_state == IsViewable &&
        XQueryTree(display, DefaultRootWindow(display), &root, &parent, &children, &n)) {
        for (unsigned i = 0; i < n && !covered; i++) {
            covered = above && covers(children[i], &ours, question);
            above = above || children[i] == self;
        }
    }
    if (children)
        XFree(children);
    if (covered)
        XRaiseWindow(display, self);
    trap(false);
    return above && !covered;
}

static void place(GtkWidget *window) {
    enum shell_place where = (enum shell_place)GPOINTER_TO_INT(g_object_get_data(G_OBJECT(window), "place"));
    struct app *app = g_object_get_data(G_OBJECT(window), "app");
    int width, height, w = gtk_widget_get_width(window), h = gtk_widget_get_height(window), x, y;
    bool right = gtk_widget_get_default_direction() != GTK_TEXT_DIR_RTL;
    int scale = gtk_widget_get_scale_factor(window);

    shell_size(&width, &height);
    x = where == SHELL_MIDDLE ? (width - w) / 2 : right ? width - w - EDGE : EDGE;
    y = where == SHELL_MIDDLE                             ? (height - h) / 2
        : (where == SHELL_CORNER) == !app->options.bottom ? EDGE
                                                          : height - h - EDGE;
    trap(true);
    XMoveWindow(x_display(), x_window(window), MAX(0, x) * scale, MAX(0, y) * scale);
    trap(false);
}

static void take_keyboard(GtkWidget *window) {
    Window before;
    int revert;

    trap(true);
    XGetInputFocus(x_display(), &before, &revert);
    if (!is_own(before))
        g_object_set_data(G_OBJECT(window), "keyboard-before", GSIZE_TO_POINTER(before));
    XSetInputFocus(x_display(), x_window(window), RevertToPointerRoot, CurrentTime);
    trap(false);
}

static void give_keyboard_back(GtkWidget *window) {
    Window before = (Window)GPOINTER_TO_SIZE(g_object_get_data(G_OBJECT(window), "keyboard-before"));

    if (!before)
        return;
    trap(true);
    XSetInputFocus(x_display(), before, RevertToPointerRoot, CurrentTime);
    trap(false);
}

void shell_origin(GtkWidget *window, int *x, int *y) {
    Window child;

    *x = *y = 0;
    if (!on_x11(window))
        return;
    trap(true);
    XTranslateCoordinates(x_display(), x_window(window), DefaultRootWindow(x_display()), 0, 0, x, y, &child);
    trap(false);
}

static void prepare(GtkWidget *window) {
    XSetWindowAttributes attributes = {.override_redirect = True};

    if (on_x11(window))
        XChangeWindowAttributes(x_display(), x_window(window), CWOverrideRedirect, &attributes);
}
#else
unsigned long shell_x_window(GtkWidget *window) {
    return 0;
}
static bool on_x11(GtkWidget *window) {
    return false;
}
static bool is_on_top(GtkWidget *window) {
    return true;
}
static void place(GtkWidget *window) {
}
static void take_keyboard(GtkWidget *window) {
}
static void give_keyboard_back(GtkWidget *window) {
}
static void prepare(GtkWidget *window) {
}
void shell_origin(GtkWidget *window, int *x, int *y) {
    *x = *y = 0;
}
#endif

static void on_layout(GdkSurface *surface, int width, int height, GtkWidget *window) {
    if (on_x11(window))
        place(window);
}

static void on_painted(GdkFrameClock *clock, GtkWidget *window) {
    bool first = !g_object_get_data(G_OBJECT(window), "painted");

    g_object_set_data(G_OBJECT(window), "painted", window);
    if (!first)
        return;
    if (on_x11(window)) {
        place(window);
        if (g_object_get_data(G_OBJECT(window), "keyboard"))
            take_keyboard(window);
    }
}

/* Without a window manager nobody else brings the keys to a window that is touched. */
static void on_pressed(GtkGestureClick *click, int n, double x, double y, GtkWidget *window) {
    if (on_x11(window))
        take_keyboard(window);
}

static gboolean on_close(GtkWindow *window, gpointer unused) {
    return TRUE; /* only we do */
}

GtkWidget *shell_open(struct app *app, const char *title, GtkWidget *content, enum shell_place where, bool keyboard) {
    GtkWidget *window = gtk_window_new();
    int width, height, most;

    gtk_window_set_title(GTK_WINDOW(window), title);
    gtk_window_set_decorated(GTK_WINDOW(window), FALSE);
    gtk_window_set_child(GTK_WINDOW(window), content);
    gtk_window_set_resizable(GTK_WINDOW(window), FALSE);
    /* As wide as it likes: else lines would be wrapped as if it were as narrow as it can be. */
    shell_size(&most, &height);
    gtk_widget_measure(content, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &width, NULL, NULL);
    gtk_widget_set_size_request(content, MIN(width, most - 2 * EDGE), -1);
    g_object_set_data(G_OBJECT(window), "app", app);
    g_object_set_data(G_OBJECT(window), "place", GINT_TO_POINTER(where));
    g_object_set_data(G_OBJECT(window), "keyboard", GINT_TO_POINTER(keyboard));
    g_signal_connect(window, "close-request", G_CALLBACK(on_close), NULL);
    if (where != SHELL_CORNER) {
        GtkGesture *click = gtk_gesture_click_new();

        gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(click), GTK_PHASE_CAPTURE);
        g_signal_connect(click, "pressed", G_CALLBACK(on_pressed), window);
        gtk_widget_add_controller(window, GTK_EVENT_CONTROLLER(click));
    }
    gtk_widget_realize(window);
    prepare(window);
    g_signal_connect_object(gtk_native_get_surface(GTK_NATIVE(window)), "layout", G_CALLBACK(on_layout), window, 0);
    g_signal_connect_object(gtk_widget_get_frame_clock(window), "after-paint", G_CALLBACK(on_painted), window, 0);
    gtk_window_present(GTK_WINDOW(window));
    return window;
}

void shell_close(GtkWidget *window) {
    if (!window)
        return;
    if (on_x11(window))
        give_keyboard_back(window);
    gtk_window_destroy(GTK_WINDOW(window));
}

bool shell_is_seen(GtkWidget *window) {
    if (!window || !g_object_get_data(G_OBJECT(window), "painted") || !gtk_widget_get_mapped(window))
        return false;
    return !on_x11(window) || is_on_top(window);
}
