/* face.c: the agent's camera, in a corner of the panel, with their name: who it is that sees the screen. It takes no
 * touches and keeps clear of the commands to the right.
 */
#include "panel.h"

#include "portrait.h"

struct face {
    GtkWidget *card, *name;
    struct portrait *portrait;
};

static void on_shown(void *user, bool shown) {
    struct panel *p = user;

    gtk_widget_set_visible(p->face->card, shown);
    geometry_event(p, shown ? "face" : "face gone");
}

void face_create(struct panel *p, GtkWidget *overlay) {
    struct face *f = p->face = g_new0(struct face, 1);

    f->portrait = portrait_new(on_shown, p);
    f->card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_add_css_class(f->card, "face");
    gtk_widget_set_halign(f->card, GTK_ALIGN_START);
    gtk_widget_set_valign(f->card, GTK_ALIGN_END);
    gtk_widget_set_can_target(f->card, FALSE);
    f->name = gtk_label_new("");
    gtk_label_set_ellipsize(GTK_LABEL(f->name), PANGO_ELLIPSIZE_END);
    gtk_box_append(GTK_BOX(f->card), portrait_widget(f->portrait, 176, 132));
    gtk_box_append(GTK_BOX(f->card), f->name);
    gtk_overlay_add_overlay(GTK_OVERLAY(overlay), f->card);
    geometry_add(p, "face", f->card);
    gtk_widget_set_visible(f->card, FALSE);
}

void face_name(struct panel *p, const char *agent) {
    gtk_label_set_text(GTK_LABEL(p->face->name), agent);
}

void face_take(struct panel *p, const struct oriel_face_picture *picture) {
    portrait_take(p->face->portrait, picture);
}
