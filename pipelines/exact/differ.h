/* By what a picture really differs from the shadow of the one before: toolkits paint what has not changed, too.
 * Policy: compared cell by cell of 64x64, trimmed to the rows that differ, neighbours joined, also where that covers a
 * little more: a rectangle costs bytes, and a tile of its own. If there are still too many rectangles, larger ones.
 * Brings the shadow up to date. */
#ifndef ORIEL_EXACT_DIFFER_H
#define ORIEL_EXACT_DIFFER_H

#include "framereader.h"
#include "wire.h"

struct oriel_differ {
    unsigned count;
    struct oriel_rect rects[ORIEL_EXACT_RECTS_MAX];
};

/* `shadow`: rows of width*4 bytes. `damage` lies in the picture. */
void oriel_differ(struct oriel_differ *out, const struct oriel_frame_reader *reader, uint8_t *shadow, unsigned width,
                  const struct oriel_rect *damage, size_t count);

#endif
