/* Looks for what has moved from one picture to the next: in the largest damaged rectangles, in each rows first, then
 * columns (scrolling), then whatever has the pixels of its middle (a dragged window). Where something has, the largest
 * part beside it is looked at as well: two lists may scroll in one rectangle.
 * Policy: at most as many moves as a record takes, and no place twice: while a picture waits, what changes adds up to
 * rectangles that overlap. The places are ranked by size, and each rank counts for itself: from the third time in vain
 * on it waits for twice as many pictures each time before it looks again (a film does not scroll; what is beside it
 * may), up to 32. */
#ifndef ORIEL_EXACT_MOVER_H
#define ORIEL_EXACT_MOVER_H

#include "framereader.h"
#include "wire.h"

enum { ORIEL_MOVER_SIDE_MIN = 64 };

struct oriel_mover {
    struct oriel_mover_tries {
        unsigned failures, skip;    /* in vain, one after the other; pictures not to look at */
    } tries[ORIEL_EXACT_MOVES_MAX]; /* by rank */
    uint64_t then[ORIEL_FRAME_SIDE_MAX], now[ORIEL_FRAME_SIDE_MAX];
    uint8_t line[ORIEL_FRAME_SIDE_MAX * 4];
    struct oriel_moves_scratch scratch;
};

/* `shadow`: the picture before, rows of width*4 bytes. How many moves; they hold when done one after the other. */
size_t oriel_mover_find(struct oriel_mover *m, const struct oriel_frame_reader *reader, const uint8_t *shadow,
                        unsigned width, const struct oriel_rect *damage, size_t count,
                        struct oriel_move moves[ORIEL_EXACT_MOVES_MAX]);

#endif
