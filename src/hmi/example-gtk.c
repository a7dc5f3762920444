/* example-gtk.c: liboriel in a GTK 4 program: a window that asks, shows that somebody watches, and stops them.
 *
 *   example-gtk [SOCKET]
 *
 * The shortest that is honest: one scope ("view"); oriel-consent has the rest. */
#include "oriel.h"

#include <glib-unix.h>
#include <gtk/gtk.h>

static GtkWidget *label, *allow, *deny, *stop;
static char *request, *session; /* the open one, the live one */

static void show(const char *text, gboolean asks, gboolean lives) {
    gtk_label_set_text(GTK_LABEL(label), text);
    gtk_widget_set_visible(allow, asks);
    gtk_widget_set_visible(deny, asks);
    gtk_widget_set_visible(stop, lives);
}

static void on_ask(struct oriel *oriel, const struct oriel_ask *ask, void *user) {
    g_autofree char *text =
        g_strdup_printf("%s of %s asks to see this screen:\n“%s”", ask->agent, ask->company, ask->reason);

    if (ask->n_scopes != 1 || !g_str_equal(ask->scopes[0], "view")) { /* what it has no words for it must not ask */
        oriel_deny(oriel, ask->request);
        return;
    }
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

int main(int argc, char **argv) {
    const struct oriel_callbacks callbacks = {
        .size = sizeof callbacks, .ask = on_ask, .live = on_live, .withdraw = on_withdraw, .session = on_session};
    struct oriel *oriel;

    g_set_prgname("example-gtk"); /* for a screen reader */
    gtk_init();
    if (oriel_new(argc > 1 ? argv[1] : NULL, "example-gtk", &callbacks, NULL, &oriel) < 0)
        return 1;
    g_unix_fd_add(oriel_fd(oriel), G_IO_IN, on_readable, oriel);
    GtkWidget *window = gtk_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    gtk_box_append(GTK_BOX(box), label = gtk_label_new(NULL));
    deny = add(box, "Deny", oriel);
    allow = add(box, "Allow", oriel);
    stop = add(box, "Stop", oriel);
    show("Nobody watches", FALSE, FALSE);
    gtk_window_set_child(GTK_WINDOW(window), box);
    gtk_window_present(GTK_WINDOW(window));
    while (g_list_model_get_n_items(gtk_window_get_toplevels()))
        g_main_context_iteration(NULL, TRUE);
    oriel_free(oriel);
    return 0;
}
