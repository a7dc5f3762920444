/* VP8 by libvpx, for screens: pictures with damage in, as little as possible out. Without GStreamer.
 *
 * What and how sharp is sharpen.h's business; this drives libvpx by it:
 * - The quantizer is pinned for each picture; libvpx's rate control has no part in it (see bits.h), but for a floor
 *   that it puts under pictures as a whole once it has seen 150: segments go below it.
 * - Blocks that rest are not coded (active map), and the loop filter does not touch them (a segment of their own whose
 *   filter level is 0): what has not changed stays as it is, to the bit. The exception is the filter of a coded block's
 *   left and upper edge: it reaches 3 pixels into the blocks there. By a few levels at a fine quantizer; after a coarse
 *   one those blocks are sharpened again as well. The segment map switches libvpx's cyclic refresh off, which does
 *   blindly what sharpen.h does where it is needed.
 * - What moves, and takes the way for long, is searched for better, as far as that takes less time than the way does.
 * - A beat is a picture that changes nothing, neither on the screen nor in the decoder, so that it is made once a size
 *   and repeated.
 * - Each picture refers to one: the last, or the one in golden or altref when the last may not have come. That
 *   recovery codes what changed since then, the rest it takes over. Who needs that calls oriel_vp8_refer() for each
 *   picture; then no picture changes the entropy coder's probabilities for those after it, which could not be decoded
 *   without it. That costs some percent.
 * Limits: 16x16 to 4096x4096, any parity. One thread at a time. */
#ifndef ORIEL_VP8CODER_H
#define ORIEL_VP8CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "framereader.h"
#include "frames.h"
#include "share.h"
#include "sharpen.h"
#include "slot.h"

struct oriel_vp8_settings {
    struct oriel_sharpen_settings sharpen;
    int speed;        /* libvpx's cpu-used in realtime: -16 (least work) to -1 */
    unsigned threads; /* 0: by size and processors */
};

/* Valid until the next call with the coder. */
struct oriel_vp8_packet {
    const uint8_t *bytes;
    size_t size;
    enum oriel_plan_kind kind; /* NOTHING: there is no packet */
    bool key;
    enum oriel_slot from, into; /* what it refers to, and where it is kept; both LAST with a keyframe */
    unsigned quantizer;         /* the coarsest in it, 0..63 */
    size_t changed, sharpened;  /* blocks */
};

struct oriel_vp8;

/* For pictures of that size. NULL with `error` filled. */
enum { ORIEL_VP8_ERROR_SIZE = 160 };
struct oriel_vp8 *oriel_vp8_new(unsigned width, unsigned height, const struct oriel_vp8_settings *settings, int64_t now,
                                char error[ORIEL_VP8_ERROR_SIZE]);
void oriel_vp8_free(struct oriel_vp8 *vp8);

/* From the next picture on. Speed and threads hold from oriel_vp8_new() on. */
void oriel_vp8_set(struct oriel_vp8 *vp8, const struct oriel_sharpen_settings *settings, int64_t now);

/* What the next picture differs in from the one before; oriel_vp8_damage_all when that is not known. */
void oriel_vp8_damage(struct oriel_vp8 *vp8, const struct oriel_rect *rects, size_t count, int64_t now);
void oriel_vp8_damage_all(struct oriel_vp8 *vp8, int64_t now);
/* The same, beside the exact layer: what it shows is left out until it is owed, and while it shows anything nothing is
 * sharpened. */
void oriel_vp8_share(struct oriel_vp8 *vp8, const struct oriel_rect *rects, size_t count,
                     const struct oriel_share *share, int64_t now);
/* Since when a changed picture would have been taken up (damage.h); 0: at any time. */
void oriel_vp8_welcome(struct oriel_vp8 *vp8, int64_t since);
/* The next picture is a keyframe. Before oriel_vp8_key_until() the last one can't have arrived yet: a receiver that
 * waits for it asks again and again. */
int64_t oriel_vp8_key_until(const struct oriel_vp8 *vp8);
void oriel_vp8_force_key(struct oriel_vp8 *vp8);

/* What the next picture refers to, if it is no keyframe, and where it is kept beside as the last one; LAST: nowhere.
 * `beat`: also if it is a beat. `hurry`: a recovery must not wait any more (sharpen.h). Before the first picture, too,
 * of whoever needs recovery. */
void oriel_vp8_refer(struct oriel_vp8 *vp8, enum oriel_slot from, enum oriel_slot into, bool beat, bool hurry);

/* The picture as it is at `now` (monotonic ns). 0 with `packet` filled, or -EIO with `error` filled. */
int oriel_vp8_encode(struct oriel_vp8 *vp8, const struct oriel_i420 *picture, int64_t now,
                     struct oriel_vp8_packet *packet, char error[ORIEL_VP8_ERROR_SIZE]);

struct oriel_sharpen_times oriel_vp8_times(struct oriel_vp8 *vp8, int64_t now);

/* For tests: what a decoder shows now, and the quantizer of each block (activemap.h). False before the first picture.
 */
bool oriel_vp8_reconstruction(struct oriel_vp8 *vp8, struct oriel_i420 *picture);
const struct oriel_activemap *oriel_vp8_map(const struct oriel_vp8 *vp8);

#endif
