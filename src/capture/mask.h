/* The masks of the picture: rectangles whose pixels never enter the shared memory (frames.h).
 * Policy: widened to even pixels, as damage is, so that no chroma sample mixes what is hidden with what is shown. What
 * is fetched from the screen is cut around them first; painting follows. A list that is not right changes nothing.
 * No allocation; zeroed masks are none. Not thread-safe. */
#ifndef ORIEL_CAPTURE_MASK_H
#define ORIEL_CAPTURE_MASK_H

#include <stdbool.h>

#include "region.h"
#include "ring.h"

struct oriel_masks {
    unsigned count;
    struct oriel_rect rects[ORIEL_MASKS_MAX];
};

/* From the wire. 0 · -EPROTO: not a list of rectangles, too many, or one that is empty or not within
 * ORIEL_FRAME_SIDE_MAX. */
int oriel_masks_set(struct oriel_masks *masks, const void *bytes, size_t length);

/* `asked`, of which those from `from` on are in the pixels of a display, as they lie in a picture at x, y of it. */
void oriel_masks_move(const struct oriel_masks *asked, unsigned from, unsigned x, unsigned y, struct oriel_masks *out);

/* Calls `piece` for rectangles that together are `rect` without the masks, each once, until it returns non-zero, which
 * is then returned; else 0. */
typedef int oriel_piece_fn(void *user, struct oriel_rect piece);
int oriel_masks_cut(const struct oriel_masks *masks, struct oriel_rect rect, oriel_piece_fn *piece, void *user);

/* Paints the masks within `region` of a buffer. */
void oriel_masks_paint(const struct oriel_masks *masks, const struct oriel_ring *ring, unsigned index,
                       const struct oriel_region *region);

#endif
