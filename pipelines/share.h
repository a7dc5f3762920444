/* What of a picture is left to the video, where the exact layer shows some of it. */
#ifndef ORIEL_SHARE_H
#define ORIEL_SHARE_H

#include <stddef.h>

#include "frames.h"

enum { ORIEL_DAMAGE_MAX = ORIEL_FRAME_RECTS_MAX + 2 };

enum oriel_cover {
    ORIEL_COVER_NONE, /* the video is all there is */
    ORIEL_COVER_SOON, /* the video shows this picture; what settles becomes exact without it */
    ORIEL_COVER_NOW,  /* the exact layer shows this picture: the video may leave it out */
};

/* What is left to the video of one picture. `owed`: what it has left out before and must not any longer. `left_out`:
 * what it need not show of pictures that came before and were not handed on to the encoder. `tile_bits`: what a tile
 * cost lately, for a block of 16x16 pixels; 0: nobody knows. */
struct oriel_share {
    enum oriel_cover cover;
    unsigned tile_bits;
    size_t owed_count, left_out_count;
    struct oriel_rect owed[ORIEL_DAMAGE_MAX], left_out[ORIEL_DAMAGE_MAX];
};

/* One more rectangle to a list of theirs; if there are too many, the last one becomes large enough. */
void oriel_share_add(struct oriel_rect list[ORIEL_DAMAGE_MAX], size_t *count, const struct oriel_rect *rect);

/* `to` becomes large enough to cover `rect` as well; width 0: it covers nothing. */
void oriel_share_cover(struct oriel_rect *to, const struct oriel_rect *rect);

#endif
