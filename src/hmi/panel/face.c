/* face.c: the agent's camera, in a corner of the panel, with their name: who it is that sees the screen.
 *
 * The pictures come from liboriel, valid in its callback only: each is copied into a texture of GTK's. It takes no
 * touches, and goes when no picture has come for some seconds (the agent has stopped it), at once with the scope or the
 * session.
 */
#include "panel.h"

#include "oriel.h"

#define QUIET_MS 3000

struct face {
    GtkWidget *card, *picture, *name;
    guint quiet;
};

static gboolean on_quiet(gpointer user) {
    struct panel *p = user;

    p->face->quiet = 0;
    face_hide(p);
    return G_SOURCE_REMOVE;
}

void face_create(struct panel *p, GtkWidget *overlay) {
    struct face *f = p->face = g_new0(struct face, 1);

    f->card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_add_css_class(f->card, "face");
    gtk_widget_set_halign(f->card, GTK_ALIGN_END);
    gtk_widget_set_valign(f->card, GTK_ALIGN_END);
    gtk_widget_set_can_target(f->card, FALSE);
    f->picture = gtk_picture_new();
    gtk_widget_add_css_class(f->picture, "picture");
    f->name = gtk_label_new("");
    gtk_label_set_ellipsize(GTK_LABEL(f->name), PANGO_ELLIPSIZE_END);
    gtk_box_append(GTK_BOX(f->card), f->picture);
    gtk_box_append(GTK_BOX(f->card), f->name);
    gtk_overlay_add_overlay(GTK_OVERLAY(overlay), f->card);
    geometry_add(p, "face", f->card);
    gtk_widget_set_visible(f->card, FALSE);
}

void face_name(struct panel *p, const char *agent) {
    gtk_label_set_text(GTK_LABEL(p->face->name), agent);
}

void face_show(struct panel *p, const struct oriel_face_picture *picture) {
    struct face *f = p->face;
    GBytes *bytes = g_bytes_new(picture->pixels, (gsize)picture->stride * picture->height);
    GdkTexture *texture = gdk_memory_texture_new((int)picture->width, (int)picture->height,
                                                 GDK_MEMORY_B8G8R8A8_PREMULTIPLIED, bytes, picture->stride);

    g_bytes_unref(bytes);
    gtk_widget_set_size_request(f->picture, (int)(200 * canvas_unit()),
                                (int)(200 * canvas_unit() * picture->height / picture->width));
    gtk_picture_set_paintable(GTK_PICTURE(f->picture), GDK_PAINTABLE(texture));
    g_object_unref(texture);
    if (f->quiet)
        g_source_remove(f->quiet);
    f->quiet = g_timeout_add(QUIET_MS, on_quiet, p);
    if (gtk_widget_get_visible(f->card))
        return;
    gtk_widget_set_visible(f->card, TRUE);
    geometry_event(p, "face");
}

void face_hide(struct panel *p) {
    struct face *f = p->face;

    if (f->quiet)
        g_source_remove(f->quiet);
    f->quiet = 0;
    if (!gtk_widget_get_visible(f->card))
        return;
    gtk_widget_set_visible(f->card, FALSE);
    gtk_picture_set_paintable(GTK_PICTURE(f->picture), NULL);
    geometry_event(p, "face gone");
}
