/* pin.c: loading another recipe needs the shift leader's PIN. The pad is what remote support must never see being
 * typed: while it is open it is masked (hidden.c), and shows its keys only once it is. */
#include "panel.h"

#include <stdio.h>
#include <string.h>

enum { DIGITS = 4, KEYS = 12 };

static const char pin_right[] = "0417";

struct pin {
    GtkWidget *layer, *pad, *dots, *result, *keys[KEYS];
    char typed[DIGITS + 1];
    bool open;
};

static void show_dots(struct panel *p) {
    char dots[DIGITS * 8] = "";

    for (size_t i = 0; i < DIGITS; i++)
        strcat(dots, i < strlen(p->pin->typed) ? "●  " : "○  ");
    gtk_label_set_text(GTK_LABEL(p->pin->dots), dots);
}

static void forget(struct panel *p) {
    memset(p->pin->typed, 0, sizeof p->pin->typed);
    show_dots(p);
}

static void on_close(GtkButton *button, struct panel *p) {
    p->pin->open = false;
    forget(p);
    gtk_widget_set_visible(p->pin->layer, FALSE);
    window_block(p, false);
    hidden_update(p);
    geometry_event(p, "pin closed");
}

static void on_key(GtkButton *button, struct panel *p) {
    struct pin *pin = p->pin;
    int key = 0;

    while (pin->keys[key] != GTK_WIDGET(button))
        key++;
    gtk_label_set_text(GTK_LABEL(pin->result), "");
    if (key == 9) {
        forget(p);
        return;
    }
    if (key == 11) {
        if (*pin->typed)
            pin->typed[strlen(pin->typed) - 1] = '\0';
    } else {
        pin->typed[strlen(pin->typed)] = (char)(key == 10 ? '0' : '1' + key);
    }
    show_dots(p);
    if (strlen(pin->typed) < DIGITS)
        return;
    if (!strcmp(pin->typed, pin_right)) {
        recipe_load(p);
        on_close(NULL, p);
    } else {
        gtk_label_set_text(GTK_LABEL(pin->result), text(T_PIN_WRONG));
        forget(p);
    }
}

void pin_create(struct panel *p, GtkWidget *overlay) {
    static const char *const faces[KEYS] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "C", "0", "⌫"};
    GtkWidget *card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *grid = gtk_grid_new(), *answers, *cancel;
    struct pin *pin = p->pin = g_new0(struct pin, 1);

    gtk_widget_add_css_class(card, "dialog");
    gtk_widget_add_css_class(card, "pin");
    gtk_box_append(GTK_BOX(card), window_label(p, T_PIN, "title"));
    gtk_box_append(GTK_BOX(card), window_label(p, T_PIN_HINT, "plain"));
    pin->dots = gtk_label_new("");
    gtk_widget_add_css_class(pin->dots, "dots");
    pin->pad = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_add_css_class(pin->pad, "pad");
    gtk_box_append(GTK_BOX(pin->pad), pin->dots);
    gtk_widget_add_css_class(grid, "keys");
    gtk_grid_set_column_homogeneous(GTK_GRID(grid), TRUE);
    for (int i = 0; i < KEYS; i++) {
        char name[16];

        pin->keys[i] = window_button(gtk_label_new(faces[i]), "key", G_CALLBACK(on_key), p);
        gtk_widget_set_hexpand(pin->keys[i], TRUE);
        gtk_grid_attach(GTK_GRID(grid), pin->keys[i], i % 3, i / 3, 1, 1);
        snprintf(name, sizeof name, "pin-%s", i == 9 ? "clear" : i == 11 ? "back" : faces[i]);
        geometry_add(p, name, pin->keys[i]);
    }
    gtk_box_append(GTK_BOX(pin->pad), grid);
    gtk_box_append(GTK_BOX(card), pin->pad);
    pin->result = gtk_label_new("");
    gtk_widget_add_css_class(pin->result, "wrong");
    gtk_box_append(GTK_BOX(card), pin->result);
    answers = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    cancel = window_button(window_label(p, T_CANCEL, NULL), "cancel", G_CALLBACK(on_close), p);
    gtk_widget_set_hexpand(cancel, TRUE);
    geometry_add(p, "pin-cancel", cancel);
    gtk_box_append(GTK_BOX(answers), cancel);
    gtk_box_append(GTK_BOX(card), answers);
    pin->layer = window_add_layer(overlay, card);
    gtk_widget_add_css_class(pin->layer, "below-tabs"); /* Stop stays in reach */
    hidden_add(p, pin->pad);
}

void pin_show(struct panel *p) {
    p->pin->open = true;
    forget(p);
    gtk_label_set_text(GTK_LABEL(p->pin->result), "");
    window_block(p, true);
    gtk_widget_set_visible(p->pin->layer, TRUE);
}

void pin_hide(struct panel *p) {
    if (p->pin->open)
        on_close(NULL, p);
}
