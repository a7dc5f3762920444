/* push.c: --push: hands Oriel the panel's own picture, for [capture] backend=hmi: then no X server is looked at, and
 * support sees this panel and nothing else, also under Wayland.
 *
 * What GTK has painted is rendered once more into memory, at most RATE times a second and only while a session lives or
 * is asked for; the rows that differ from the last time are the damage.
 */
#include "panel.h"

#include "oriel.h"

#include <string.h>

enum { RATE = 20, BAND = 16 }; /* rows that are compared together */

struct push {
    guchar *shown, *fresh; /* B, G, R, A */
    int width, height;
    guint later; /* another picture is due */
    gint64 last;
};

static GdkTexture *render(struct panel *p, int width, int height) {
    GdkPaintable *paintable = gtk_widget_paintable_new(gtk_window_get_child(GTK_WINDOW(p->window)));
    GtkSnapshot *snapshot = gtk_snapshot_new();
    GskRenderNode *node;
    GdkTexture *texture = NULL;

    canvas_rect(snapshot, 0, 0, width / canvas_unit(), height / canvas_unit(), &color_background); /* the window's */
    gdk_paintable_snapshot(paintable, snapshot, width, height);
    node = gtk_snapshot_free_to_node(snapshot);
    if (node) {
        texture = gsk_renderer_render_texture(gtk_native_get_renderer(GTK_NATIVE(p->window)), node,
                                              &GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height));
        gsk_render_node_unref(node);
    }
    g_object_unref(paintable);
    return texture;
}

/* The bands that differ go from `fresh` to `shown`, and are told. */
static void show(struct panel *p) {
    struct push *push = p->push;
    size_t stride = (size_t)push->width * 4;

    for (int y = 0; y < push->height; y += BAND) {
        int rows = MIN(BAND, push->height - y);
        size_t at = (size_t)y * stride, size = (size_t)rows * stride;
        const struct oriel_area area = {0, (unsigned)y, (unsigned)push->width, (unsigned)rows};

        if (memcmp(push->shown + at, push->fresh + at, size) == 0)
            continue;
        memcpy(push->shown + at, push->fresh + at, size);
        support_damage(p, &area);
    }
}

static void resize(struct panel *p, int width, int height) {
    struct push *push = p->push;
    struct oriel_surface surface = {.size = sizeof surface,
                                    .format = ORIEL_PIXELS_BGRX,
                                    .width = (unsigned)width,
                                    .height = (unsigned)height,
                                    .stride = (unsigned)width * 4};
    guchar *before = push->shown;

    push->width = width;
    push->height = height;
    g_free(push->fresh);
    push->fresh = g_malloc0((size_t)width * (size_t)height * 4);
    push->shown = g_malloc0((size_t)width * (size_t)height * 4);
    surface.pixels = push->shown;
    support_surface(p, &surface);
    g_free(before);
}

static void push_now(struct panel *p) {
    struct push *push = p->push;
    GtkWidget *child = gtk_window_get_child(GTK_WINDOW(p->window));
    int width = gtk_widget_get_width(child), height = gtk_widget_get_height(child);
    g_autoptr(GdkTexture) texture = width > 16 && height > 16 ? render(p, width, height) : NULL;

    push->last = g_get_monotonic_time();
    if (!texture)
        return;
    if (width != push->width || height != push->height)
        resize(p, width, height);
    gdk_texture_download(texture, push->fresh, (size_t)width * 4);
    show(p);
}

static gboolean on_later(gpointer user) {
    struct panel *p = user;

    p->push->later = 0;
    push_now(p);
    return G_SOURCE_REMOVE;
}

void push_create(struct panel *p) {
    if (p->options.push)
        p->push = g_new0(struct push, 1);
}

void push_painted(struct panel *p) {
    gint64 wait;

    if (!p->push || p->push->later || (p->push->width && !support_in_session(p)))
        return;
    wait = p->push->last + G_USEC_PER_SEC / RATE - g_get_monotonic_time();
    p->push->later = g_timeout_add((guint)MAX(0, wait / 1000), on_later, p);
}
