/* A small set of damaged rectangles of one picture.
 * Policy: every rectangle is clipped to the picture and aligned to even pixels outwards (chroma is halved in both
 * directions), rectangles are joined when that costs few pixels, and there are never more than ORIEL_FRAME_RECTS_MAX:
 * then the new one is joined with the one that grows least. A region may so cover more than was added, never less;
 * its rectangles may overlap. No allocation; a zeroed region is empty. Not thread-safe. */
#ifndef ORIEL_CAPTURE_REGION_H
#define ORIEL_CAPTURE_REGION_H

#include "frames.h"

struct oriel_region {
    unsigned count;
    struct oriel_rect rects[ORIEL_FRAME_RECTS_MAX];
};

/* Adds x, y, width, height (pixels, anything: it is clipped) of a picture of picture_width × picture_height. */
void oriel_region_add(struct oriel_region *region, unsigned picture_width, unsigned picture_height, int64_t x,
                      int64_t y, int64_t width, int64_t height);
/* Adds all of `other`, which belongs to a picture of the same size. */
void oriel_region_join(struct oriel_region *region, const struct oriel_region *other);
/* The smallest rectangle around all; 0 × 0 when empty. */
struct oriel_rect oriel_region_bounds(const struct oriel_region *region);
/* Pixels of all rectangles, those that overlap counted twice. */
uint64_t oriel_region_area(const struct oriel_region *region);

#endif
