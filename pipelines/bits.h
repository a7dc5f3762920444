/* How many bits a picture may have, and which quantizer gives that many: the rate control of the screen encoder.
 *
 * A bucket fills at the bitrate, up to `burst` of it: a screen that has rested may send a whole page at once. Each
 * picture takes out what it cost; while the bucket is in debt nothing is encoded, so that pictures are dropped before
 * the encoder and never queue behind a slow link. Cost is modelled as blocks * cost[kind] * e^(-slope * quantizer), and
 * `cost` is learned from each picture, for each kind apart: a new page, motion and sharpening have nothing in common.
 * Only what moves is the same from near and from afar: what gets dearer from one distance gets dearer from all.
 *
 * Why not libvpx's own: it predicts from the last picture, whatever that was. After a rest it encodes a new page with
 * the quantizer of a resting screen, throws that away for its size, and encodes the next one as coarsely as it can; and
 * it lowers the quantizer by small steps only.
 * Pure arithmetic: no clock, no I/O. One thread. Quantizers are libvpx's 0..63. */
#ifndef ORIEL_BITS_H
#define ORIEL_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum oriel_bits_kind {
    ORIEL_BITS_KEY,      /* everything, without a picture before it */
    ORIEL_BITS_PAGE,     /* a change after a rest */
    ORIEL_BITS_MOTION,   /* a change after a change; */
    ORIEL_BITS_MOTION_2, /* the same seen from twice as far, */
    ORIEL_BITS_MOTION_4,
    ORIEL_BITS_MOTION_8,
    ORIEL_BITS_RECOVER, /* what changed since a picture that is older than the last one */
    ORIEL_BITS_SHARPEN, /* nothing changed, less coarsely */
    ORIEL_BITS_KINDS,
};

static inline bool oriel_bits_is_motion(enum oriel_bits_kind kind) {
    return kind >= ORIEL_BITS_MOTION && kind <= ORIEL_BITS_MOTION_8;
}

struct oriel_bits {
    double bits_per_second;
    double capacity;               /* of the bucket, bits */
    double level;                  /* bits that may be spent; below 0: debt */
    int64_t at;                    /* when `level` was right, ns */
    double cost[ORIEL_BITS_KINDS]; /* bits of a block at quantizer 0 */
    bool known[ORIEL_BITS_KINDS];  /* something was learned */
    double interval;               /* between the pictures of a motion, s, smoothed */
};

/* A full bucket. */
void oriel_bits_init(struct oriel_bits *rate, unsigned kbits, unsigned burst_ms, int64_t now);

/* From now on; what was saved or owed stays, in proportion. */
void oriel_bits_set(struct oriel_bits *rate, unsigned kbits, unsigned burst_ms, int64_t now);

/* Fills the bucket up to `now`; call it before the rest. */
void oriel_bits_advance(struct oriel_bits *rate, int64_t now);

/* When the bucket will be out of debt: `now` or later. */
int64_t oriel_bits_ready(const struct oriel_bits *rate, int64_t now);

/* What a picture of that kind may cost now, in bits. */
double oriel_bits_budget(const struct oriel_bits *rate, enum oriel_bits_kind kind);

/* What `blocks` blocks will cost, in bits, and the least quantizer in [min, max] that keeps them within `bits`. */
double oriel_bits_cost(const struct oriel_bits *rate, enum oriel_bits_kind kind, size_t blocks, unsigned quantizer);
unsigned oriel_bits_quantizer(const struct oriel_bits *rate, enum oriel_bits_kind kind, size_t blocks, double bits,
                              unsigned min, unsigned max);

/* `bits` left; and what they teach of the cost of `blocks` blocks at that quantizer (0 blocks: nothing). */
void oriel_bits_spend(struct oriel_bits *rate, double bits);
void oriel_bits_learn(struct oriel_bits *rate, enum oriel_bits_kind kind, size_t blocks, unsigned quantizer,
                      double bits);

/* Pictures of a motion come, or would come if nothing held them up, every so many seconds. */
void oriel_bits_moved(struct oriel_bits *rate, double seconds);

#endif
