/* chat.c: text with the supporter, in a window beside. It opens by the first line that comes, or from the bar; what was
 * said stays until the session's end, also while the window is closed. */
#include "app.h"

enum { LINES_MAX = 100, WIDTH = 24, HEIGHT = 200 };

static GPtrArray *said; /* "<" and a line of the supporter's, ">" and one of ours */
static GtkWidget *lines, *entry, *scroll;

static void show_line(const char *line) {
    GtkWidget *label = part_label(line + 1, *line == '>' ? "own" : "theirs");

    gtk_label_set_max_width_chars(GTK_LABEL(label), WIDTH);
    gtk_widget_set_halign(label, *line == '>' ? GTK_ALIGN_END : GTK_ALIGN_START);
    part_add(lines, label);
}

static void add_line(struct app *app, char side, const char *text) {
    if (!said)
        said = g_ptr_array_new_with_free_func(g_free);
    if (said->len == LINES_MAX)
        g_ptr_array_remove_index(said, 0);
    g_ptr_array_add(said, g_strdup_printf("%c%s", side, text));
    if (app->chat)
        show_line(g_ptr_array_index(said, said->len - 1));
}

static void to_the_end(GtkAdjustment *at, GParamSpec *spec, gpointer unused) {
    gtk_adjustment_set_value(at, gtk_adjustment_get_upper(at));
}

static void on_send(GtkWidget *widget, struct app *app) {
    const char *text = gtk_editable_get_text(GTK_EDITABLE(entry));

    if (!*text || !support_chat(app, text))
        return; /* what could not be said stays */
    add_line(app, '>', text);
    gtk_editable_set_text(GTK_EDITABLE(entry), "");
}

static void on_close(GtkButton *button, struct app *app) {
    shell_close(app->chat);
    app->chat = NULL;
}

static void open_chat(struct app *app, bool keyboard) {
    GtkWidget *card = part_column("card"), *row = part_row("write"), *head = part_row("head"),
              *title = part_label(_("Text with the supporter"), "title");

    lines = part_column("lines");
    scroll = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), lines);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroll), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_widget_set_size_request(scroll, (int)(360 * canvas_unit()), (int)(HEIGHT * canvas_unit()));
    g_signal_connect(gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(scroll)), "notify::upper",
                     G_CALLBACK(to_the_end), NULL);
    gtk_widget_set_hexpand(title, TRUE);
    part_add(head, title);
    part_add(head, part_button(app, "chat-close", -1, _("Close"), NULL, G_CALLBACK(on_close), app));
    part_add(card, head);
    part_add(card, scroll);
    entry = gtk_entry_new();
    gtk_entry_set_max_length(GTK_ENTRY(entry), ORIEL_CHAT_MAX);
    gtk_widget_set_hexpand(entry, TRUE);
    part_name(entry, _("Your answer"), NULL);
    g_signal_connect(entry, "activate", G_CALLBACK(on_send), app);
    geometry_add(app, "chat-text", entry);
    part_add(row, entry);
    part_add(row, part_button(app, "chat-send", -1, _("Send"), "allow", G_CALLBACK(on_send), app));
    part_add(card, row);
    for (guint i = 0; said && i < said->len; i++)
        show_line(g_ptr_array_index(said, i));
    app->chat = shell_open(app, _("Text with the supporter"), card, SHELL_BESIDE, keyboard);
    gtk_widget_grab_focus(entry);
}

void chat_open(struct app *app) {
    if (app->chat)
        on_close(NULL, app);
    else
        open_chat(app, true);
}

void chat_line(struct app *app, const char *text) {
    add_line(app, '<', text);
    if (!app->chat)
        open_chat(app, false); /* who is typing in the HMI goes on */
}

void chat_forget(struct app *app) {
    if (app->chat)
        on_close(NULL, app);
    g_clear_pointer(&said, g_ptr_array_unref);
}
