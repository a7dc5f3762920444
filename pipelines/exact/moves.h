/* What has only moved: scrolling, found by hashes of rows or columns.
 * Policy: a guess, which whoever uses it makes good: what the moved pixels are not is sent as a change. So hashes need
 * not be strong, and what can't be found quickly is not looked for. Pure. */
#ifndef ORIEL_EXACT_MOVES_H
#define ORIEL_EXACT_MOVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"

/* The pixels of `from` are now at x, y. */
struct oriel_move {
    struct oriel_rect from;
    uint16_t x, y;
};

/* Whether they have a pixel in common. */
bool oriel_rects_overlap(const struct oriel_rect *a, const struct oriel_rect *b);

/* Room to count in; nothing in it has to be kept. */
enum { ORIEL_MOVES_TABLE = 4 * ORIEL_FRAME_SIDE_MAX };
struct oriel_moves_scratch {
    struct {
        uint64_t hash;
        int line; /* -1: free; -2: of several lines, so it says nothing */
    } table[ORIEL_MOVES_TABLE];
    uint16_t votes[2 * ORIEL_FRAME_SIDE_MAX + 1]; /* by shift */
};

enum { ORIEL_MOVE_LINES_MIN = 16 }; /* a shorter run is not worth it */

/* Lines (rows or columns) by their hashes, as they were and as they are: whether now[first..first+run) are
 * then[first+shift..), for the shift that most speaks for. Lines that are the same anyway speak for none. `count` is at
 * most ORIEL_FRAME_SIDE_MAX. */
bool oriel_moves_shift(struct oriel_moves_scratch *scratch, const uint64_t *then, const uint64_t *now, unsigned count,
                       int *shift, unsigned *first, unsigned *run);

/* Hashes of the rows and of the columns of `width` by `height` pixels, rows of `stride` bytes. A column's continues
 * what is there: 0 to begin with. */
void oriel_moves_hash_rows(const uint8_t *pixels, unsigned width, unsigned height, size_t stride, uint64_t *rows);
void oriel_moves_hash_columns(const uint8_t *pixels, unsigned width, unsigned height, size_t stride, uint64_t *columns);

/* Does it to a picture of rows of `stride` bytes. */
void oriel_moves_apply(const struct oriel_move *move, uint8_t *pixels, size_t stride);

#endif
