/* overlay.c: see overlay.h.
 *
 * A window of its own as large as the screen, of which the X server shows only the drawn lines (Shape extension), so
 * that it needs no compositor, which panels seldom have; its input shape is empty, so every touch goes to what lies
 * below. It is part of the screen, and so of the picture that the agent gets: both see the same, and the agent sees
 * that it arrived. The picture may be one monitor of several: then what is drawn on it is shown on that one, and where
 * Oriel does not say, on all of the screen. Without X11 there is none, and the agent's page is told that this panel
 * can't show it.
 */
#include "overlay.h"

#include <gtk/gtk.h>

#ifdef OVERLAY_X11
#include "canvas.h"
#include "marks.h"

#include <X11/extensions/shape.h>
#include <gdk/x11/gdkx.h>

struct overlay {
    Display *display;
    Window window, below;
    Pixmap picture, mask; /* what it shows, and where */
    GC paint, cut;
    int width, height;
    struct marks marks;
    struct oriel_area place; /* of the agent's picture */
    guint timer;
};

/* Two colours, so that it is seen on any ground: a rim, and within it a line. */
enum { INK = 0xe6007e, RIM = 0xffffff };

static bool open_window(struct overlay *o) {
    GdkDisplay *gdk = gdk_display_get_default();
    XSetWindowAttributes attributes = {.override_redirect = True, .background_pixel = RIM};
    int event, error;

    if (!GDK_IS_X11_DISPLAY(gdk) || !XShapeQueryExtension(GDK_DISPLAY_XDISPLAY(gdk), &event, &error))
        return false;
    o->display = GDK_DISPLAY_XDISPLAY(gdk);
    o->window = XCreateWindow(o->display, DefaultRootWindow(o->display), 0, 0, 1, 1, 0, CopyFromParent, InputOutput,
                              CopyFromParent, CWOverrideRedirect | CWBackPixel, &attributes);
    XStoreName(o->display, o->window, "what support draws");
    XShapeCombineRectangles(o->display, o->window, ShapeInput, 0, 0, NULL, 0, ShapeSet, Unsorted);
    return true;
}

static void free_canvas(struct overlay *o) {
    if (!o->picture)
        return;
    XFreeGC(o->display, o->paint);
    XFreeGC(o->display, o->cut);
    XFreePixmap(o->display, o->picture);
    XFreePixmap(o->display, o->mask);
    o->picture = o->mask = 0;
    o->width = o->height = 0;
}

/* As large as the screen is now. */
static void fit(struct overlay *o) {
    Window root = DefaultRootWindow(o->display), unused;
    unsigned width, height, border, depth;
    int x, y;

    if (!XGetGeometry(o->display, root, &unused, &x, &y, &width, &height, &border, &depth) ||
        (o->width == (int)width && o->height == (int)height))
        return;
    free_canvas(o);
    o->width = (int)width;
    o->height = (int)height;
    o->picture = XCreatePixmap(o->display, root, width, height, depth);
    o->mask = XCreatePixmap(o->display, root, width, height, 1);
    o->paint = XCreateGC(o->display, o->picture, 0, NULL);
    o->cut = XCreateGC(o->display, o->mask, 0, NULL);
    XMoveResizeWindow(o->display, o->window, 0, 0, width, height);
}

static XPoint place(const struct overlay *o, struct oriel_draw_point at) {
    struct oriel_area all = {0, 0, (unsigned)o->width, (unsigned)o->height};
    const struct oriel_area *on = o->place.width ? &o->place : &all;

    return (XPoint){(short)(on->x + (unsigned long)at.x * (on->width - 1) / ORIEL_DRAW_END),
                    (short)(on->y + (unsigned long)at.y * (on->height - 1) / ORIEL_DRAW_END)};
}

static void draw_line(struct overlay *o, Drawable to, GC gc, const struct marks_line *line) {
    XPoint points[MARKS_POINTS + 1];

    for (size_t i = 0; i < line->n; i++)
        points[i] = place(o, line->points[i]);
    points[line->n] = points[line->n - 1]; /* a line of one point is a dot */
    XDrawLines(o->display, to, gc, points, (int)line->n + 1, CoordModeOrigin);
}

static void draw_circle(struct overlay *o, Drawable to, GC gc, struct oriel_draw_point at, double radius, bool filled) {
    XPoint p = place(o, at);
    int r = (int)(radius * canvas_unit());

    if (filled)
        XFillArc(o->display, to, gc, p.x - r, p.y - r, (unsigned)(2 * r), (unsigned)(2 * r), 0, 360 * 64);
    XDrawArc(o->display, to, gc, p.x - r, p.y - r, (unsigned)(2 * r), (unsigned)(2 * r), 0, 360 * 64);
}

static void draw_marks(struct overlay *o, Drawable to, GC gc, unsigned long color, double thickness) {
    XSetForeground(o->display, gc, color);
    XSetLineAttributes(o->display, gc, (unsigned)(thickness * canvas_unit()), LineSolid, CapRound, JoinRound);
    for (int i = 0; i < MARKS_LINES; i++)
        if (o->marks.lines[i].n)
            draw_line(o, to, gc, &o->marks.lines[i]);
    for (int i = 0; i < MARKS_RINGS; i++)
        if (o->marks.rings[i].until)
            draw_circle(o, to, gc, o->marks.rings[i].at, 26, false);
    if (o->marks.pointer.until)
        draw_circle(o, to, gc, o->marks.pointer.at, 6, true);
}

static void place_window(struct overlay *o) {
    XWindowChanges under = {.sibling = o->below, .stack_mode = Below};
    GdkDisplay *gdk = gdk_display_get_default();

    if (!o->below) {
        XMapRaised(o->display, o->window);
        return;
    }
    gdk_x11_display_error_trap_push(gdk); /* that window may just be gone */
    XConfigureWindow(o->display, o->window, CWSibling | CWStackMode, &under);
    gdk_x11_display_error_trap_pop_ignored(gdk);
    XMapWindow(o->display, o->window);
}

static void show(struct overlay *o) {
    fit(o);
    XSetForeground(o->display, o->cut, 0);
    XFillRectangle(o->display, o->mask, o->cut, 0, 0, (unsigned)o->width, (unsigned)o->height);
    draw_marks(o, o->mask, o->cut, 1, 9);
    draw_marks(o, o->picture, o->paint, RIM, 9);
    draw_marks(o, o->picture, o->paint, INK, 5);
    XSetWindowBackgroundPixmap(o->display, o->window, o->picture);
    XShapeCombineMask(o->display, o->window, ShapeBounding, 0, 0, o->mask, ShapeSet);
    place_window(o);
    XClearWindow(o->display, o->window);
    XFlush(o->display);
}

static gboolean on_timer(gpointer user);

/* Shows what there is now, until the next of it goes. */
static void update(struct overlay *o) {
    int64_t now = g_get_monotonic_time() / 1000, next = marks_expire(&o->marks, now);

    if (o->timer)
        g_source_remove(o->timer);
    o->timer = next ? g_timeout_add((guint)(next - now) + 1, on_timer, o) : 0;
    if (next) {
        show(o);
        return;
    }
    XUnmapWindow(o->display, o->window);
    XFlush(o->display);
    free_canvas(o);
}

static gboolean on_timer(gpointer user) {
    struct overlay *o = user;

    o->timer = 0;
    update(o);
    return G_SOURCE_REMOVE;
}

struct overlay *overlay_new(void) {
    struct overlay *o = g_new0(struct overlay, 1);

    if (open_window(o))
        return o;
    g_free(o);
    return NULL;
}

void overlay_free(struct overlay *o) {
    if (!o)
        return;
    marks_clear(&o->marks);
    update(o);
    XDestroyWindow(o->display, o->window);
    g_free(o);
}

void overlay_draw(struct overlay *o, const struct oriel_draw *draw, unsigned long below) {
    if (!o)
        return;
    o->place = draw->place;
    o->below = below;
    marks_take(&o->marks, draw, g_get_monotonic_time() / 1000);
    update(o);
}

void overlay_clear(struct overlay *o) {
    if (!o)
        return;
    marks_clear(&o->marks);
    update(o);
}

#else

struct overlay *overlay_new(void) {
    return NULL;
}

void overlay_free(struct overlay *o) {
}

void overlay_draw(struct overlay *o, const struct oriel_draw *draw, unsigned long below) {
}

void overlay_clear(struct overlay *o) {
}

#endif
