/* marks.h: what the agent has pointed at and drawn, and how long it stays: lines and rings some seconds, the pointer
 * one.
 *
 * Bounded: the oldest line or ring makes room for a new one. No GTK, no clock: the time is given, in ms.
 */
#pragma once

#include "oriel.h"

#include <stdint.h>

#define MARKS_LINES 32
#define MARKS_POINTS 256 /* of a line; one that is longer goes on in the next */
#define MARKS_RINGS 8

struct marks {
    struct marks_line {
        unsigned stroke, order; /* they are begun in this order */
        size_t n;               /* 0: none */
        struct oriel_draw_point points[MARKS_POINTS];
        int64_t until;
    } lines[MARKS_LINES];
    struct marks_spot {
        struct oriel_draw_point at;
        int64_t until; /* 0: none */
    } rings[MARKS_RINGS], pointer;
    unsigned begun;
};

void marks_take(struct marks *marks, const struct oriel_draw *draw, int64_t now);
void marks_clear(struct marks *marks);
/* Takes away what has had its time. When the next one has, or 0: there is nothing. */
int64_t marks_expire(struct marks *marks, int64_t now);
