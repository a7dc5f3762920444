/* face.c: the agent's camera, in a corner of the panel, with their name: who it is that sees the screen.
 *
 * The pictures come from liboriel, valid in its callback only: each is copied into a texture of GTK's. It takes no
 * touches, keeps clear of the commands to the right, and goes when no picture has come for some seconds (the agent has
 * stopped it), at once with the scope or the session.
 */
#include "panel.h"

#include "oriel.h"

#define QUIET_MS 3000

struct face {
    GtkWidget *card, *picture, *name;
    GdkTexture *texture; /* the newest; NULL: none */
    guint quiet;
};

static gboolean on_quiet(gpointer user) {
    struct panel *p = user;

    p->face->quiet = 0;
    face_hide(p);
    return G_SOURCE_REMOVE;
}

/* As large as fits, whatever size comes. */
static void draw(GtkWidget *canvas, GtkSnapshot *s, double box_width, double box_height, gpointer user) {
    struct panel *p = user;
    GdkTexture *t = p->face->texture;
    double width, height, scale;

    if (!t)
        return;
    scale = MIN(box_width / gdk_texture_get_width(t), box_height / gdk_texture_get_height(t)) * canvas_unit();
    width = gdk_texture_get_width(t) * scale;
    height = gdk_texture_get_height(t) * scale;
    gtk_snapshot_append_texture(s, t,
                                &GRAPHENE_RECT_INIT((float)((box_width * canvas_unit() - width) / 2),
                                                    (float)((box_height * canvas_unit() - height) / 2), (float)width,
                                                    (float)height));
}

void face_create(struct panel *p, GtkWidget *overlay) {
    struct face *f = p->face = g_new0(struct face, 1);

    f->card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_add_css_class(f->card, "face");
    gtk_widget_set_halign(f->card, GTK_ALIGN_START);
    gtk_widget_set_valign(f->card, GTK_ALIGN_END);
    gtk_widget_set_can_target(f->card, FALSE);
    f->picture = canvas_new(176, 132, draw, p);
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
    g_set_object(&f->texture, texture);
    g_object_unref(texture);
    gtk_widget_queue_draw(f->picture);
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
    g_clear_object(&f->texture);
    geometry_event(p, "face gone");
}
