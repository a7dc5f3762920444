/* hidden.c: what remote support never sees: the PIN pad whenever it is open, the recipe when somebody hides it.
 *
 * The masks follow the widgets over the screen. A widget that is to be hidden has its place first and its contents only
 * when Oriel has said that the masks are in force: no picture was ever taken without them. Without a connection to
 * Oriel nobody can look.
 */
#include "panel.h"

#include "oriel.h"

#include <string.h>

enum { WIDGETS = 4, LOOK_MS = 100, PLACED = 48 }; /* what is smaller has no place yet */

struct hidden {
    GtkWidget *widgets[WIDGETS];
    int n;
    struct oriel_mask masks[WIDGETS];
    size_t n_masks;
    guint look; /* contents are held back */
};

static bool is_hidden(GtkWidget *widget) {
    return !g_object_get_data(G_OBJECT(widget), "not-hidden");
}

/* Where it is now, or where it is about to be. */
static bool place_of(struct panel *p, GtkWidget *widget, struct oriel_mask *mask) {
    int scale = gtk_widget_get_scale_factor(widget), x, y;
    graphene_rect_t r;

    if (!gtk_widget_get_mapped(widget) || !is_hidden(widget) || !gtk_widget_compute_bounds(widget, p->window, &r) ||
        r.size.width < PLACED)
        return false;
    x = y = 0;
    if (!p->options.push)
        window_origin(p, &x, &y);
    x += (int)(r.origin.x * scale);
    y += (int)(r.origin.y * scale);
    *mask = (struct oriel_mask){(unsigned)MAX(0, x), (unsigned)MAX(0, y), (unsigned)(r.size.width * scale) + 1,
                                (unsigned)(r.size.height * scale) + 1};
    return true;
}

void hidden_masked(struct panel *p) {
    struct oriel_mask mask;

    g_clear_handle_id(&p->hidden->look, g_source_remove);
    for (int i = 0; i < p->hidden->n; i++)
        if (!is_hidden(p->hidden->widgets[i]) || place_of(p, p->hidden->widgets[i], &mask))
            gtk_widget_set_opacity(p->hidden->widgets[i], 1);
}

static gboolean on_look(gpointer user) {
    struct panel *p = user;

    if (support_connected(p))
        return G_SOURCE_CONTINUE;
    p->hidden->look = 0;
    hidden_masked(p);
    return G_SOURCE_REMOVE;
}

void hidden_add(struct panel *p, GtkWidget *widget) {
    if (!p->hidden)
        p->hidden = g_new0(struct hidden, 1);
    g_assert(p->hidden->n < WIDGETS);
    p->hidden->widgets[p->hidden->n++] = widget;
}

void hidden_update(struct panel *p) {
    struct hidden *h = p->hidden;
    struct oriel_mask masks[WIDGETS] = {0};
    size_t n = 0;

    for (int i = 0; i < h->n; i++) {
        if (place_of(p, h->widgets[i], &masks[n]))
            n++;
        else if (is_hidden(h->widgets[i]))
            gtk_widget_set_opacity(h->widgets[i], 0); /* for when it comes */
    }
    if (n == h->n_masks && !memcmp(masks, h->masks, sizeof masks))
        return;
    memcpy(h->masks, masks, sizeof masks);
    h->n_masks = n;
    for (int i = 0; n > 0 && i < h->n; i++)
        if (is_hidden(h->widgets[i]))
            gtk_widget_set_opacity(h->widgets[i], 0);
    support_masks(p, masks, n);
    if (!h->look)
        h->look = g_timeout_add(LOOK_MS, on_look, p);
}

/* Whether that widget is hidden while it is shown. */
void hidden_set(struct panel *p, GtkWidget *widget, bool hide) {
    g_object_set_data(G_OBJECT(widget), "not-hidden", hide ? NULL : widget);
    hidden_update(p);
}
