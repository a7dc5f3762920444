/* example-gtk.c: liboriel in a GTK 4 program: a window that asks, shows that somebody watches, and stops them; the
 * supporter's face, and what they draw.
 *
 *   example-gtk [SOCKET]
 *
 * The shortest that is honest: the screen, asked for with the face or without it; an HMI that fills the screen, so that
 * a place on the picture is one in the window. oriel-consent has the rest. */
#include "oriel.h"

#include <glib-unix.h>
#include <gtk/gtk.h>

static GtkWidget *label, *allow, *deny, *stop;
static char *request, *session; /* the open one, the live one */

/* ---- the face, and what is drawn ---- */

enum { DRAWN_MS = 4000, DRAWN_MAX = 512, FACE_MS = 3000 };
static GtkWidget *face, *ink;
static struct oriel_draw_point drawn[DRAWN_MAX];
static unsigned n_drawn;
static guint fade, quiet;

static gboolean on_quiet(gpointer user) {
    quiet = 0;
    gtk_picture_set_paintable(GTK_PICTURE(face), NULL);
    return G_SOURCE_REMOVE;
}

/* Without a picture for some seconds they have switched it off. */
static void on_face(struct oriel *oriel, const struct oriel_face_picture *picture, void *user) {
    g_autoptr(GBytes) bytes = picture ? g_bytes_new(picture->pixels, (gsize)picture->stride * picture->height) : NULL;
    g_autoptr(GdkTexture) texture = picture ? gdk_memory_texture_new((int)picture->width, (int)picture->height,
                                                                     GDK_MEMORY_B8G8R8A8, bytes, picture->stride)
                                            : NULL;

    gtk_picture_set_paintable(GTK_PICTURE(face), GDK_PAINTABLE(texture));
    g_clear_handle_id(&quiet, g_source_remove);
    quiet = picture ? g_timeout_add(FACE_MS, on_quiet, NULL) : 0;
}

static void paint(GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer user) {
    cairo_set_source_rgb(cr, 0.9, 0, 0.5);
    for (unsigned i = 0; i < n_drawn; i++) {
        cairo_arc(cr, (double)drawn[i].x * width / ORIEL_DRAW_END, (double)drawn[i].y * height / ORIEL_DRAW_END, 4, 0,
                  2 * G_PI);
        cairo_fill(cr);
    }
}

static gboolean on_faded(gpointer user) {
    n_drawn = fade = 0;
    gtk_widget_queue_draw(ink);
    return G_SOURCE_REMOVE;
}

static void on_draw(struct oriel *oriel, const struct oriel_draw *draw, void *user) {
    if (gtk_widget_get_visible(allow))
        return; /* a question is not theirs to paint on */
    n_drawn = draw->kind == ORIEL_DRAW_CLEAR ? 0 : n_drawn;
    for (size_t i = 0; i < draw->n_points && n_drawn < DRAWN_MAX; i++)
        drawn[n_drawn++] = draw->points[i];
    g_clear_handle_id(&fade, g_source_remove);
    fade = g_timeout_add(DRAWN_MS, on_faded, NULL);
    gtk_widget_queue_draw(ink);
}

/* ---- the question, and the sign that they watch ---- */

static void show(const char *text, gboolean asks, gboolean lives) {
    gtk_label_set_text(GTK_LABEL(label), text);
    gtk_widget_set_visible(allow, asks);
    gtk_widget_set_visible(deny, asks);
    gtk_widget_set_visible(stop, lives);
}

static void on_ask(struct oriel *oriel, const struct oriel_ask *ask, void *user) {
    gboolean shows = ask->n_scopes == 2 && g_str_equal(ask->scopes[1], "face");
    g_autofree char *text = g_strdup_printf("%s of %s asks to see this screen%s:\n“%s”", ask->agent, ask->company,
                                            shows ? ", and shows their face" : "", ask->reason);

    /* What it has no words for it must not ask. */
    if ((ask->n_scopes != 1 && !shows) || !g_str_equal(ask->scopes[0], "view")) {
        oriel_deny(oriel, ask->request);
        return;
    }
    n_drawn = 0;
    gtk_widget_queue_draw(ink);
    g_free(request);
    request = g_strdup(ask->request);
    show(text, TRUE, FALSE);
    gtk_widget_set_sensitive(allow, FALSE); /* until on_live() */
    gtk_widget_grab_focus(deny);
    oriel_shown(oriel, ask->request);
}

static void on_live(struct oriel *oriel, const char *which, void *user) {
    gtk_widget_set_sensitive(allow, TRUE);
}

static void on_withdraw(struct oriel *oriel, const char *which, const char *why, void *user) {
    show("Nobody watches", FALSE, FALSE);
}

static void on_session(struct oriel *oriel, const struct oriel_session *now, void *user) {
    gboolean lives = now->state != ORIEL_SESSION_ENDED;
    g_autofree char *text = g_strdup_printf("%s sees this screen", now->agent);

    g_free(session);
    session = g_strdup(now->session);
    show(lives ? text : "Nobody watches", FALSE, lives);
    oriel_set_indicator(oriel, lives);
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer oriel) {
    oriel_dispatch(oriel);
    return G_SOURCE_CONTINUE;
}

static void on_click(GtkWidget *button, gpointer oriel) {
    if (button == stop)
        oriel_stop(oriel, session);
    else if (button == allow)
        oriel_allow(oriel, request);
    else
        oriel_deny(oriel, request);
    if (button != stop)
        show("Nobody watches", FALSE, FALSE);
}

static GtkWidget *add(GtkWidget *box, const char *text, struct oriel *oriel) {
    GtkWidget *button = gtk_button_new_with_label(text);

    g_signal_connect(button, "clicked", G_CALLBACK(on_click), oriel);
    gtk_box_append(GTK_BOX(box), button);
    return button;
}

/* As large as the screen, also where there is no window manager. */
static void fill_screen(GtkWindow *window) {
    g_autoptr(GdkMonitor) monitor = g_list_model_get_item(gdk_display_get_monitors(gdk_display_get_default()), 0);
    GdkRectangle screen;

    gdk_monitor_get_geometry(monitor, &screen);
    gtk_window_set_default_size(window, screen.width, screen.height);
    gtk_window_fullscreen(window);
}

int main(int argc, char **argv) {
    const struct oriel_callbacks callbacks = {.size = sizeof callbacks,
                                              .ask = on_ask,
                                              .live = on_live,
                                              .withdraw = on_withdraw,
                                              .session = on_session,
                                              .face = on_face,
                                              .draw = on_draw};
    struct oriel *oriel;

    g_set_prgname("example-gtk"); /* for a screen reader */
    gtk_init();
    if (oriel_new(argc > 1 ? argv[1] : NULL, "example-gtk", &callbacks, NULL, &oriel) < 0)
        return 1;
    g_unix_fd_add(oriel_fd(oriel), G_IO_IN, on_readable, oriel);
    GtkWidget *window = gtk_window_new(), *all = gtk_overlay_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    gtk_box_append(GTK_BOX(box), label = gtk_label_new(NULL));
    deny = add(box, "Deny", oriel);
    allow = add(box, "Allow", oriel);
    stop = add(box, "Stop", oriel);
    gtk_box_append(GTK_BOX(box), face = gtk_picture_new());
    ink = gtk_drawing_area_new();
    gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(ink), paint, NULL, NULL);
    gtk_widget_set_can_target(ink, FALSE); /* touches go to what lies below */
    gtk_overlay_set_child(GTK_OVERLAY(all), box);
    gtk_overlay_add_overlay(GTK_OVERLAY(all), ink);
    show("Nobody watches", FALSE, FALSE);
    gtk_window_set_child(GTK_WINDOW(window), all);
    fill_screen(GTK_WINDOW(window));
    gtk_window_present(GTK_WINDOW(window));
    while (g_list_model_get_n_items(gtk_window_get_toplevels()))
        g_main_context_iteration(NULL, TRUE);
    oriel_free(oriel);
    return 0;
}
