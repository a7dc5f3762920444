/* geometry.c: --print-geometry: tells tests on stdout where to click and what happened, as oriel-panel does.
 *
 *   geometry NAME X Y W H    it has appeared or moved; pixels of the X screen
 *   geometry NAME none       it is not on the screen any more
 *   event WORDS              see oriel-consent(1)
 */
#include "app.h"

#include <stdio.h>
#include <string.h>

enum { PLACES = 64 };

struct geometry {
    struct {
        char name[32], last[64];
        GtkWidget *widget; /* NULL: free, or gone */
    } places[PLACES];
};

void geometry_begin(struct app *app) {
    if (app->options.print_geometry)
        app->geometry = g_new0(struct geometry, 1);
}

void geometry_add(struct app *app, const char *name, GtkWidget *widget) {
    struct geometry *g = app->geometry;
    int i = 0;

    while (g && i < PLACES && *g->places[i].name && strcmp(g->places[i].name, name))
        i++;
    if (!g || i == PLACES)
        return;
    if (g->places[i].widget)
        g_object_remove_weak_pointer(G_OBJECT(g->places[i].widget), (gpointer *)&g->places[i].widget);
    g_strlcpy(g->places[i].name, name, sizeof g->places[i].name);
    g->places[i].widget = widget;
    g_object_add_weak_pointer(G_OBJECT(widget), (gpointer *)&g->places[i].widget);
}

static void describe(GtkWidget *widget, char text[64]) {
    GtkRoot *root = widget ? gtk_widget_get_root(widget) : NULL;
    int x, y, scale;
    graphene_rect_t r;

    strcpy(text, "none");
    if (!root || !gtk_widget_get_mapped(widget) || !g_object_get_data(G_OBJECT(root), "painted") ||
        !gtk_widget_compute_bounds(widget, GTK_WIDGET(root), &r) || r.size.width < 2)
        return;
    scale = gtk_widget_get_scale_factor(widget);
    shell_origin(GTK_WIDGET(root), &x, &y);
    g_snprintf(text, 64, "%d %d %d %d", x + (int)(r.origin.x * scale), y + (int)(r.origin.y * scale),
               (int)(r.size.width * scale), (int)(r.size.height * scale));
}

void geometry_look(struct app *app) {
    struct geometry *g = app->geometry;
    char now[64];

    for (int i = 0; g && i < PLACES && *g->places[i].name; i++) {
        describe(g->places[i].widget, now);
        if (!strcmp(now, *g->places[i].last ? g->places[i].last : "none"))
            continue;
        strcpy(g->places[i].last, now);
        printf("geometry %s %s\n", g->places[i].name, now);
        fflush(stdout);
    }
}

void geometry_event(struct app *app, const char *event) {
    if (!app->geometry)
        return;
    printf("event %s\n", event);
    fflush(stdout);
}
