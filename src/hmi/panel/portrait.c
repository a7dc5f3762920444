/* portrait.c: see portrait.h. */
#include "portrait.h"

#include "canvas.h"

#define QUIET_MS 3000

struct portrait {
    GdkTexture *texture; /* the newest; NULL: none */
    GtkWidget *widget;   /* NULL: none, or it is gone */
    guint quiet;
    void (*shown)(void *user, bool shown);
    void *user;
};

struct portrait *portrait_new(void (*shown)(void *user, bool shown), void *user) {
    struct portrait *p = g_new0(struct portrait, 1);

    p->shown = shown;
    p->user = user;
    return p;
}

static void forget(struct portrait *p) {
    if (p->quiet)
        g_source_remove(p->quiet);
    p->quiet = 0;
    g_clear_object(&p->texture);
}

void portrait_free(struct portrait *p) {
    if (!p)
        return;
    forget(p);
    g_clear_weak_pointer(&p->widget);
    g_free(p);
}

/* As large as fits, whatever size comes. */
static void draw(GtkWidget *canvas, GtkSnapshot *s, double box_width, double box_height, gpointer user) {
    struct portrait *p = user;
    double unit = canvas_unit(), width, height, scale;

    if (!p->texture || canvas != p->widget)
        return;
    scale = MIN(box_width / gdk_texture_get_width(p->texture), box_height / gdk_texture_get_height(p->texture)) * unit;
    width = gdk_texture_get_width(p->texture) * scale;
    height = gdk_texture_get_height(p->texture) * scale;
    gtk_snapshot_append_texture(s, p->texture,
                                &GRAPHENE_RECT_INIT((float)((box_width * unit - width) / 2),
                                                    (float)((box_height * unit - height) / 2), (float)width,
                                                    (float)height));
}

GtkWidget *portrait_widget(struct portrait *p, double width, double height) {
    GtkWidget *widget = canvas_new(width, height, draw, p);

    g_set_weak_pointer(&p->widget, widget);
    return widget;
}

static gboolean on_quiet(gpointer user) {
    struct portrait *p = user;

    p->quiet = 0;
    portrait_take(p, NULL);
    return G_SOURCE_REMOVE;
}

void portrait_take(struct portrait *p, const struct oriel_face_picture *picture) {
    bool before = p->texture != NULL;

    forget(p);
    if (picture) {
        GBytes *bytes = g_bytes_new(picture->pixels, (gsize)picture->stride * picture->height);

        p->texture = gdk_memory_texture_new((int)picture->width, (int)picture->height,
                                            GDK_MEMORY_B8G8R8A8_PREMULTIPLIED, bytes, picture->stride);
        g_bytes_unref(bytes);
        p->quiet = g_timeout_add(QUIET_MS, on_quiet, p);
    }
    if (p->widget)
        gtk_widget_queue_draw(p->widget);
    if (before != (p->texture != NULL))
        p->shown(p->user, !before);
}
