/* marks.c: see marks.h. */
#include "marks.h"

#include <string.h>

enum { LINE_MS = 8000, RING_MS = 5000, POINTER_MS = 1000 };

/* The line that the stroke's next point belongs to: its newest one, or the place of the oldest of all. */
static struct marks_line *line_of(struct marks *m, unsigned stroke) {
    struct marks_line *own = NULL, *oldest = &m->lines[0];

    for (int i = 0; i < MARKS_LINES; i++) {
        struct marks_line *line = &m->lines[i];

        if (line->n && line->stroke == stroke && (!own || line->order > own->order))
            own = line;
        if (oldest->n && (!line->n || line->order < oldest->order))
            oldest = line;
    }
    if (own && own->n < MARKS_POINTS)
        return own;
    oldest->n = 0;
    oldest->stroke = stroke;
    oldest->order = ++m->begun;
    if (own && own != oldest) /* it goes on where that one ends */
        oldest->points[oldest->n++] = own->points[own->n - 1];
    return oldest;
}

static void take_stroke(struct marks *m, const struct oriel_draw *draw, int64_t now) {
    for (size_t i = 0; i < draw->n_points; i++) {
        struct marks_line *line = line_of(m, draw->stroke);

        line->points[line->n++] = draw->points[i];
    }
    for (int i = 0; i < MARKS_LINES; i++) /* a stroke goes as a whole */
        if (m->lines[i].n && m->lines[i].stroke == draw->stroke)
            m->lines[i].until = now + LINE_MS;
}

static void take_ring(struct marks *m, struct oriel_draw_point at, int64_t now) {
    struct marks_spot *oldest = &m->rings[0];

    for (int i = 1; i < MARKS_RINGS; i++)
        if (m->rings[i].until < oldest->until)
            oldest = &m->rings[i];
    *oldest = (struct marks_spot){at, now + RING_MS};
}

void marks_take(struct marks *m, const struct oriel_draw *draw, int64_t now) {
    marks_expire(m, now);
    switch (draw->kind) {
    case ORIEL_DRAW_POINT:
        m->pointer = (struct marks_spot){draw->points[0], now + POINTER_MS};
        break;
    case ORIEL_DRAW_MARK:
        take_ring(m, draw->points[0], now);
        break;
    case ORIEL_DRAW_STROKE:
        take_stroke(m, draw, now);
        break;
    case ORIEL_DRAW_CLEAR:
        marks_clear(m);
        break;
    }
}

void marks_clear(struct marks *m) {
    memset(m, 0, sizeof *m);
}

static void look(int64_t *until, int64_t now, int64_t *next) {
    if (*until <= now)
        *until = 0;
    if (*until && (!*next || *until < *next))
        *next = *until;
}

int64_t marks_expire(struct marks *m, int64_t now) {
    int64_t next = 0;

    for (int i = 0; i < MARKS_LINES; i++) {
        if (m->lines[i].n)
            look(&m->lines[i].until, now, &next);
        if (!m->lines[i].until)
            m->lines[i].n = 0;
    }
    for (int i = 0; i < MARKS_RINGS; i++)
        look(&m->rings[i].until, now, &next);
    look(&m->pointer.until, now, &next);
    return next;
}
