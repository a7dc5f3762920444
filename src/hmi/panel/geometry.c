/* geometry.c: --print-geometry: tells tests on stdout where to click and what happened.
 *
 *   geometry NAME X Y W H    a widget has appeared or moved; pixels of the X screen
 *   geometry NAME none       it is not on the screen any more
 *   event WORDS              see oriel-panel(1)
 *
 * Looked at after each frame, when all sizes are settled.
 */
#include "panel.h"

#include <stdio.h>
#include <string.h>

#define WIDGETS 90

struct geometry {
    struct {
        char name[32];
        GtkWidget *widget;
        char last[64];
    } items[WIDGETS];
    int n;
};

void geometry_create(struct panel *p) {
    if (p->options.print_geometry)
        p->geometry = g_new0(struct geometry, 1);
}

void geometry_add(struct panel *p, const char *name, GtkWidget *widget) {
    struct geometry *g = p->geometry;

    if (!g)
        return;
    g_assert(g->n < WIDGETS);
    snprintf(g->items[g->n].name, sizeof g->items[g->n].name, "%s", name);
    strcpy(g->items[g->n].last, "none");
    g->items[g->n++].widget = widget;
}

static void describe(struct panel *p, GtkWidget *widget, char *text_out, size_t size) {
    int scale = gtk_widget_get_scale_factor(widget), x, y;
    double dx, dy;
    graphene_rect_t r;

    snprintf(text_out, size, "none");
    if (!gtk_widget_get_mapped(widget) || !window_is_visible(p) || !gtk_widget_compute_bounds(widget, p->window, &r) ||
        r.size.width < 2)
        return;
    gtk_native_get_surface_transform(GTK_NATIVE(p->window), &dx, &dy);
    window_origin(p, &x, &y);
    snprintf(text_out, size, "%d %d %d %d", x + (int)((r.origin.x + dx) * scale), y + (int)((r.origin.y + dy) * scale),
             (int)(r.size.width * scale), (int)(r.size.height * scale));
}

void geometry_painted(struct panel *p) {
    struct geometry *g = p->geometry;
    char now[64];

    for (int i = 0; g && i < g->n; i++) {
        describe(p, g->items[i].widget, now, sizeof now);
        if (!strcmp(now, g->items[i].last))
            continue;
        strcpy(g->items[i].last, now);
        printf("geometry %s %s\n", g->items[i].name, now);
        fflush(stdout);
    }
}

void geometry_event(struct panel *p, const char *event) {
    if (!p->geometry)
        return;
    printf("event %s\n", event);
    fflush(stdout);
}
