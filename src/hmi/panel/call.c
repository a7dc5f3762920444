/* call.c: the dialog of "Call support": what it is about, by one tap on a phrase or in words of one's own. */
#include "panel.h"

#include "oriel.h"

#include <stdio.h>

enum { CALLBACK_MAX = 64 };

struct call_dialog {
    GtkWidget *layer, *answered, *note, *callback, *presets[TEXT_PRESETS], *send;
    bool open;
};

static void on_preset(GtkButton *button, struct panel *p) {
    for (int i = 0; i < TEXT_PRESETS; i++)
        if (GTK_WIDGET(button) == p->call->presets[i])
            gtk_editable_set_text(GTK_EDITABLE(p->call->note), text((enum text_id)(T_CALL_PRESET + i)));
}

static void on_send(GtkWidget *widget, struct panel *p) {
    support_call(p, gtk_editable_get_text(GTK_EDITABLE(p->call->note)),
                 gtk_editable_get_text(GTK_EDITABLE(p->call->callback)));
    call_hide(p);
}

static void on_cancel(GtkButton *button, struct panel *p) {
    call_hide(p);
}

static GtkWidget *create_presets(struct panel *p) {
    GtkWidget *grid = gtk_grid_new();

    gtk_widget_add_css_class(grid, "presets");
    gtk_grid_set_column_homogeneous(GTK_GRID(grid), TRUE);
    for (int i = 0; i < TEXT_PRESETS; i++) {
        char name[16];

        p->call->presets[i] =
            window_button(window_label(p, (enum text_id)(T_CALL_PRESET + i), NULL), "preset", G_CALLBACK(on_preset), p);
        gtk_widget_set_hexpand(p->call->presets[i], TRUE);
        gtk_grid_attach(GTK_GRID(grid), p->call->presets[i], i % 2, i / 2, 1, 1);
        snprintf(name, sizeof name, "preset-%d", i + 1);
        geometry_add(p, name, p->call->presets[i]);
    }
    return grid;
}

static GtkWidget *create_answers(struct panel *p) {
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *cancel;

    gtk_widget_add_css_class(row, "answers");
    gtk_box_set_homogeneous(GTK_BOX(row), TRUE);
    cancel = window_button(window_label(p, T_CANCEL, NULL), "cancel", G_CALLBACK(on_cancel), p);
    p->call->send = window_button(window_label(p, T_CALL_SEND, NULL), "send", G_CALLBACK(on_send), p);
    gtk_widget_set_hexpand(cancel, TRUE);
    gtk_widget_set_hexpand(p->call->send, TRUE);
    gtk_box_append(GTK_BOX(row), cancel);
    gtk_box_append(GTK_BOX(row), p->call->send);
    geometry_add(p, "call-cancel", cancel);
    geometry_add(p, "call-send", p->call->send);
    return row;
}

void call_create(struct panel *p, GtkWidget *overlay) {
    GtkWidget *card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *hint;
    struct call_dialog *c = p->call = g_new0(struct call_dialog, 1);

    gtk_widget_add_css_class(card, "dialog");
    gtk_box_append(GTK_BOX(card), window_label(p, T_CALL_SUPPORT, "title"));
    c->answered = gtk_label_new(NULL);
    gtk_widget_add_css_class(c->answered, "answered");
    gtk_label_set_wrap(GTK_LABEL(c->answered), TRUE);
    gtk_label_set_xalign(GTK_LABEL(c->answered), 0);
    gtk_label_set_max_width_chars(GTK_LABEL(c->answered), 64);
    gtk_widget_set_visible(c->answered, FALSE);
    gtk_box_append(GTK_BOX(card), c->answered);
    hint = window_label(p, T_CALL_HINT, "plain");
    gtk_label_set_wrap(GTK_LABEL(hint), TRUE);
    gtk_label_set_max_width_chars(GTK_LABEL(hint), 64);
    gtk_box_append(GTK_BOX(card), hint);
    gtk_box_append(GTK_BOX(card), create_presets(p));
    gtk_box_append(GTK_BOX(card), window_label(p, T_CALL_NOTE, "field"));
    c->note = gtk_entry_new();
    gtk_entry_set_max_length(GTK_ENTRY(c->note), ORIEL_NOTE_MAX);
    g_signal_connect(c->note, "activate", G_CALLBACK(on_send), p);
    geometry_add(p, "call-note", c->note);
    gtk_box_append(GTK_BOX(card), c->note);
    gtk_box_append(GTK_BOX(card), window_label(p, T_CALL_BACK, "field"));
    c->callback = gtk_entry_new(); /* what was said once stays: people call from the same place */
    gtk_entry_set_max_length(GTK_ENTRY(c->callback), CALLBACK_MAX);
    g_signal_connect(c->callback, "activate", G_CALLBACK(on_send), p);
    geometry_add(p, "call-back", c->callback);
    gtk_box_append(GTK_BOX(card), c->callback);
    gtk_box_append(GTK_BOX(card), create_answers(p));
    c->layer = window_add_layer(overlay, card);
}

void call_answered(struct panel *p, const char *words) {
    gtk_label_set_text(GTK_LABEL(p->call->answered), words);
    gtk_widget_set_visible(p->call->answered, *words);
}

void call_show(struct panel *p) {
    p->call->open = true;
    gtk_editable_set_text(GTK_EDITABLE(p->call->note), "");
    window_block(p, true);
    gtk_widget_set_visible(p->call->layer, TRUE);
    gtk_widget_grab_focus(p->call->send);
}

void call_hide(struct panel *p) {
    if (!p->call->open)
        return;
    p->call->open = false;
    gtk_widget_set_visible(p->call->layer, FALSE);
    window_block(p, false);
}

void call_translate(struct panel *p) {
    /* The note is what the person wrote: it stays. All else follows by its labels. */
}
