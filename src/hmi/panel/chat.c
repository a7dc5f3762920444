/* chat.c: text chat with the agent, as a card over the page.
 *
 * It opens by the first line that comes, or by the button in the indicator, and takes neither focus nor touches from
 * the rest of the panel. It hangs from the top, in the upper half: an on-screen keyboard has the lower one. Three
 * answers by one tap, for who has none. The session's end takes the lines away.
 */
#include "panel.h"

#include "oriel.h"

#include <stdio.h>

#define LINES_MAX 100

struct chat {
    GtkWidget *card, *scroll, *lines, *text, *answers[TEXT_ANSWERS], *button;
    int n;
    bool open;
};

static void set_open(struct panel *p, bool open) {
    p->chat->open = open;
    gtk_widget_set_visible(p->chat->card, open);
}

/* A line more: the newest is to be seen. */
static void to_the_end(GtkAdjustment *at, GParamSpec *spec, gpointer unused) {
    gtk_adjustment_set_value(at, gtk_adjustment_get_upper(at));
}

static void add_line(struct panel *p, const char *text, bool own) {
    struct chat *c = p->chat;
    GtkWidget *label = gtk_label_new(text); /* plain: no markup */

    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 30);
    gtk_widget_set_halign(label, own ? GTK_ALIGN_END : GTK_ALIGN_START);
    gtk_widget_add_css_class(label, own ? "own" : "theirs");
    if (c->n == LINES_MAX)
        gtk_box_remove(GTK_BOX(c->lines), gtk_widget_get_first_child(c->lines));
    else
        c->n++;
    gtk_box_append(GTK_BOX(c->lines), label);
}

static bool say(struct panel *p, const char *text) {
    if (!support_chat(p, text))
        return false;
    add_line(p, text, true);
    return true;
}

static void on_answer(GtkButton *button, struct panel *p) {
    for (int i = 0; i < TEXT_ANSWERS; i++)
        if (GTK_WIDGET(button) == p->chat->answers[i])
            say(p, text((enum text_id)(T_CHAT_ANSWER + i)));
}

static void on_send(GtkWidget *widget, struct panel *p) {
    if (say(p, gtk_editable_get_text(GTK_EDITABLE(p->chat->text))))
        gtk_editable_set_text(GTK_EDITABLE(p->chat->text), "");
}

static void on_close(GtkButton *button, struct panel *p) {
    set_open(p, false);
}

static void on_button(GtkButton *button, struct panel *p) {
    set_open(p, !p->chat->open);
    if (p->chat->open)
        gtk_widget_grab_focus(p->chat->text);
}

GtkWidget *chat_button_new(struct panel *p) {
    struct chat *c = p->chat = g_new0(struct chat, 1);

    c->button = window_button(window_label(p, T_CHAT, NULL), "chat", G_CALLBACK(on_button), p);
    geometry_add(p, "chat-open", c->button);
    return c->button;
}

static GtkWidget *create_head(struct panel *p) {
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *title = window_label(p, T_CHAT_WITH, "title"),
              *close = window_button(window_label(p, T_CHAT_CLOSE, NULL), "close", G_CALLBACK(on_close), p);

    gtk_widget_set_hexpand(title, TRUE);
    gtk_box_append(GTK_BOX(head), title);
    gtk_box_append(GTK_BOX(head), close);
    geometry_add(p, "chat-close", close);
    return head;
}

static GtkWidget *create_answers(struct panel *p) {
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    char name[16];

    gtk_widget_add_css_class(row, "quick");
    gtk_box_set_homogeneous(GTK_BOX(row), TRUE);
    for (int i = 0; i < TEXT_ANSWERS; i++) {
        GtkWidget *button =
            window_button(window_label(p, (enum text_id)(T_CHAT_ANSWER + i), NULL), "quick", G_CALLBACK(on_answer), p);

        p->chat->answers[i] = button;
        gtk_widget_set_hexpand(button, TRUE);
        gtk_box_append(GTK_BOX(row), button);
        snprintf(name, sizeof name, "chat-answer-%d", i + 1);
        geometry_add(p, name, button);
    }
    return row;
}

static GtkWidget *create_entry(struct panel *p) {
    struct chat *c = p->chat;
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0),
              *send = window_button(window_label(p, T_CHAT_SEND, NULL), "send", G_CALLBACK(on_send), p);

    gtk_widget_add_css_class(row, "write");
    c->text = gtk_entry_new();
    gtk_entry_set_max_length(GTK_ENTRY(c->text), ORIEL_CHAT_MAX);
    gtk_entry_set_input_purpose(GTK_ENTRY(c->text), GTK_INPUT_PURPOSE_FREE_FORM);
    gtk_entry_set_input_hints(GTK_ENTRY(c->text), GTK_INPUT_HINT_SPELLCHECK | GTK_INPUT_HINT_UPPERCASE_SENTENCES);
    gtk_widget_set_hexpand(c->text, TRUE);
    g_signal_connect(c->text, "activate", G_CALLBACK(on_send), p);
    gtk_box_append(GTK_BOX(row), c->text);
    gtk_box_append(GTK_BOX(row), send);
    geometry_add(p, "chat-text", c->text);
    geometry_add(p, "chat-send", send);
    return row;
}

void chat_create(struct panel *p, GtkWidget *overlay) {
    struct chat *c = p->chat;

    c->card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_add_css_class(c->card, "chat-card");
    gtk_widget_set_halign(c->card, GTK_ALIGN_END);
    gtk_widget_set_valign(c->card, GTK_ALIGN_START);
    c->lines = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_add_css_class(c->lines, "lines");
    gtk_widget_set_valign(c->lines, GTK_ALIGN_END);
    c->scroll = gtk_scrolled_window_new();
    gtk_widget_add_css_class(c->scroll, "scroll");
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(c->scroll), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(c->scroll), c->lines);
    g_signal_connect(gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(c->scroll)), "notify::upper",
                     G_CALLBACK(to_the_end), NULL);
    gtk_box_append(GTK_BOX(c->card), create_head(p));
    gtk_box_append(GTK_BOX(c->card), c->scroll);
    gtk_box_append(GTK_BOX(c->card), create_answers(p));
    gtk_box_append(GTK_BOX(c->card), create_entry(p));
    gtk_overlay_add_overlay(GTK_OVERLAY(overlay), c->card);
    geometry_add(p, "chat", c->card);
    set_open(p, false);
}

void chat_line(struct panel *p, const char *text) {
    add_line(p, text, false);
    set_open(p, true);
}

void chat_end(struct panel *p) {
    struct chat *c = p->chat;

    for (GtkWidget *line; (line = gtk_widget_get_first_child(c->lines));)
        gtk_box_remove(GTK_BOX(c->lines), line);
    c->n = 0;
    gtk_editable_set_text(GTK_EDITABLE(c->text), "");
    set_open(p, false);
}
