/* parts.c: see app.h. A target for a finger is 48 pixels high or more (consent.css has the floor), and whatever can be
 * pressed has a name that a screen reader says. */
#include "app.h"

GtkWidget *part_row(const char *css) {
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    if (css)
        gtk_widget_add_css_class(box, css);
    return box;
}

GtkWidget *part_column(const char *css) {
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    if (css)
        gtk_widget_add_css_class(box, css);
    return box;
}

void part_add(GtkWidget *box, GtkWidget *child) {
    gtk_box_append(GTK_BOX(box), child);
}

GtkWidget *part_label(const char *text, const char *css) {
    GtkWidget *label = gtk_label_new(text); /* plain: no markup of others is read */

    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    if (css)
        gtk_widget_add_css_class(label, css);
    return label;
}

void part_name(GtkWidget *widget, const char *label, const char *description) {
    gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
    if (description)
        gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description, -1);
}

GtkWidget *part_button(struct app *app, const char *name, int icon, const char *words, const char *css,
                       GCallback clicked, gpointer user) {
    GtkWidget *button = gtk_button_new(), *inside = part_row("inside"), *label = part_label(words, NULL);

    if (icon >= 0)
        part_add(inside, icon_new((enum icon)icon, 22));
    gtk_label_set_wrap(GTK_LABEL(label), FALSE);
    part_add(inside, label);
    gtk_widget_set_halign(inside, GTK_ALIGN_CENTER);
    gtk_button_set_child(GTK_BUTTON(button), inside);
    if (css)
        gtk_widget_add_css_class(button, css);
    part_name(button, words, NULL);
    g_signal_connect(button, "clicked", clicked, user);
    geometry_add(app, name, button);
    return button;
}

enum icon part_scope_icon(int scope) {
    static const enum icon icons[WORDS_SCOPES] = {ICON_EYE,  ICON_CAMERA, ICON_MICROPHONE,
                                                  ICON_USER, ICON_HAND,   ICON_FILE};

    return icons[scope];
}
