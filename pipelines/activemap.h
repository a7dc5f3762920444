/* Which blocks (macroblocks of 16x16) of a picture are to be encoded, and how sharp each one is already.
 *
 *          damage                     encoded by the target quantizer
 *     any ---------> CHANGED ----+--------------------------------------> sharp
 *                       ^        |                                          ^
 *                       |        +--> coarse: the quantizer it has ---------+
 *                damage |                    |       sharpening, when it has settled
 *                       +--------------------+
 *
 * A block that changed, but is shown by the exact layer, or soon, is LATER: it waits as a coarse one does, until it is
 * owed or nothing is shown over it any more and it has settled. A block stays CHANGED until a picture with it was
 * really made: what the encoder drops or leaves out is carried to the next picture. Pure logic: no clock, no libvpx.
 * One thread. */
#ifndef ORIEL_ACTIVEMAP_H
#define ORIEL_ACTIVEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"
#include "slot.h"

enum { ORIEL_BLOCK = 16, ORIEL_BLOCK_LATER = 254, ORIEL_BLOCK_CHANGED = 255 };

/* How a block is coded in this picture; these are VP8's segments. */
enum oriel_segment { ORIEL_SEGMENT_REST, ORIEL_SEGMENT_CHANGE, ORIEL_SEGMENT_SHARPEN };

struct oriel_activemap {
    unsigned columns, rows;
    size_t count;                /* of blocks */
    size_t changed;              /* how many are CHANGED */
    size_t next;                 /* where the next sharpening goes on */
    size_t part;                 /* where the next part of what CHANGED begins */
    uint8_t *active;             /* this picture: 0 or 1, row by row */
    uint8_t *segment;            /* this picture: enum oriel_segment */
    uint8_t *quality;            /* the quantizer that it was last encoded by (0..63), LATER or CHANGED */
    uint8_t *since[ORIEL_SLOTS]; /* 0 where the last picture is as the one that is kept there; LAST: NULL */
    int64_t *touched;            /* when it changed last, ns */
};

/* Everything CHANGED at `now`. False without memory; the map is then empty. */
bool oriel_activemap_resize(struct oriel_activemap *map, unsigned width, unsigned height, int64_t now);
void oriel_activemap_clear(struct oriel_activemap *map);

void oriel_activemap_damage(struct oriel_activemap *map, const struct oriel_rect *rect, int64_t now);
void oriel_activemap_damage_all(struct oriel_activemap *map, int64_t now);
/* It changed, and can wait; what is CHANGED stays so. */
void oriel_activemap_defer(struct oriel_activemap *map, const struct oriel_rect *rect, int64_t now);
/* All that is CHANGED can wait. */
void oriel_activemap_defer_changed(struct oriel_activemap *map);
/* What of it is LATER can't wait any more. */
void oriel_activemap_owe(struct oriel_activemap *map, const struct oriel_rect *rect, int64_t now);

/* Starts a picture: nothing is active. */
void oriel_activemap_begin(struct oriel_activemap *map);
/* How much of what is CHANGED did so just at `now`. */
size_t oriel_activemap_changed_at(const struct oriel_activemap *map, int64_t now);
/* All that CHANGED is active; how many. */
size_t oriel_activemap_take_changed(struct oriel_activemap *map);
/* `most` of them are, going down the picture from where the last part ended and round; how many. */
size_t oriel_activemap_take_part(struct oriel_activemap *map, size_t most);
/* At most `most` blocks that are coarser than `quantizer` and have not changed since `settled`, going round the
 * picture; how many. */
size_t oriel_activemap_take_coarse(struct oriel_activemap *map, unsigned quantizer, int64_t settled, size_t most);
/* The picture was made. `spilled`: the loop filter ran over the edges of the changed blocks, so those to the left and
 * above are less sharp than they were: not better than `spilled_quality`, if that is not 0. */
void oriel_activemap_encoded(struct oriel_activemap *map, unsigned change_quantizer, unsigned sharpen_quantizer,
                             unsigned spilled_quality);

/* In how many blocks the next picture differs from that one, of those that are not LATER. */
size_t oriel_activemap_since(const struct oriel_activemap *map, enum oriel_slot slot);
/* All in which the last picture differs from the one that is kept in `slot` is CHANGED, but for what is LATER: the
 * next one refers to that. */
void oriel_activemap_revert(struct oriel_activemap *map, enum oriel_slot slot);
/* After oriel_activemap_encoded: the picture referred to `from`, of which it took over what was not active, also what
 * is CHANGED and still to come; and it is kept in `into` beside as the last one. */
void oriel_activemap_kept(struct oriel_activemap *map, enum oriel_slot from, enum oriel_slot into);
/* It is a keyframe, which is kept everywhere. */
void oriel_activemap_kept_everywhere(struct oriel_activemap *map);

/* The blocks that are coarser than `quantizer` and have not changed since `settled`; CHANGED ones don't count. */
struct oriel_coarse {
    size_t count;
    unsigned worst;  /* quantizer of the coarsest */
    int64_t touched; /* of the one that has rested longest; INT64_MAX without any */
};
struct oriel_coarse oriel_activemap_coarse(const struct oriel_activemap *map, unsigned quantizer, int64_t settled);

#endif
