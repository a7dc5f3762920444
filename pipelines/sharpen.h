/* What the screen encoder does next: which blocks, by which quantizer, and when it wants a picture again.
 *
 * - something changed: those blocks, as sharp as the budget allows, at once;
 * - it moves on: as sharp as its pace allows; where that is too coarse to read, in fewer pictures; if these would be
 *   fewer than eight a second, coarser again; then in fewer still, and if these would be fewer than two a second, as
 *   it looks from afar (`afar`), without its detail: always whole, so that it is of one time;
 * - changed blocks settled: at most ORIEL_SHARPEN_RATE times a second the coarse ones again; each pass at least halves
 *   the quantizer, and takes as many pictures as the budget needs; then it stops. Where the exact layer shows what
 *   settles (`covered`) nobody would see it: nothing is sharpened, and what moves is made no better than 38 dB, as far
 *   as that is known from what the pictures before came out like: more is seen when it stops, and is exact then;
 * - a page that would take the way for long even at its coarsest is painted in parts, fine enough to be read, from top
 *   to bottom, unless most of it changes twice meanwhile: that is no page, but moves on; below 400 kbit/s such a
 *   keyframe is a rough one (`rough`) of a few kB, and the page is painted over it, or what is still to come is left
 *   to the tiles of the exact layer, when these have it and cost no more;
 * - nothing to do: a beat each 1.4 s, since Chrome asks for a keyframe after 3 s without a picture;
 * - the bucket is in debt: nothing before it is out of it.
 *
 * A recovery (it refers to an earlier picture) that is too large waits for a while: what was lost may yet come by a
 * repeat, and sooner. After that it is made, in parts if it takes long, or a keyframe, if that is smaller. While a page
 * is painted nothing waits: a part that refers to an earlier picture is no larger than another.
 * A keyframe else only when asked for: the first picture, a new size, a receiver that lost its picture. Pure logic over
 * activemap.h and bits.h: times are given, nothing is encoded here. One thread. */
#ifndef ORIEL_SHARPEN_H
#define ORIEL_SHARPEN_H

#include "activemap.h"
#include "bits.h"

enum { ORIEL_SHARPEN_RATE = 10 };

struct oriel_sharpen_settings {
    unsigned kbits;
    unsigned burst;            /* ms of the bitrate that a rested screen may send at once */
    unsigned fps;              /* pictures a second at most */
    unsigned target_quantizer; /* sharp: no block is coded finer than this, and none stays coarser */
    unsigned max_quantizer;
};

struct oriel_sharpen {
    struct oriel_sharpen_settings settings;
    struct oriel_activemap map;
    struct oriel_bits rate;
    bool want_key;
    bool painting;                           /* some of a page is still to come; */
    unsigned overtaken;                      /* how often most of it changed meanwhile, */
    int64_t overtaken_at;                    /* lately */
    unsigned distance;                       /* from which what moves is seen, as a power of two */
    bool covered;                            /* the exact layer shows what settles; */
    unsigned covered_finest;                 /* what moves is coded no finer then */
    bool left, unsure;                       /* tiles show what was still to be painted; nobody knows what they cost */
    enum oriel_slot from, into;              /* what the next picture refers to, and where it is kept as well */
    bool keep_beat;                          /* also if it is a beat */
    bool hurry;                              /* a recovery is to be made, however much it takes */
    int64_t key_until;                       /* so long the last keyframe is on its way */
    int64_t welcome;                         /* since when another change would have been taken up; 0: at any time */
    int64_t changed_at, stepped_at, sent_at; /* the last picture with a change; the last sharpening; the last at all */
    int64_t paced;                           /* when the frame rate allows the next picture with a change */
};

enum oriel_plan_kind { ORIEL_PLAN_NOTHING, ORIEL_PLAN_BEAT, ORIEL_PLAN_PICTURE };

/* The blocks are in the map. */
struct oriel_plan {
    enum oriel_plan_kind kind;
    bool key;
    bool rough;                  /* of what the picture looks like from afar: all of it stays changed */
    bool part;                   /* not all that changed */
    unsigned afar;               /* the picture is as it looks from so many times as far */
    enum oriel_slot from, into;  /* what it refers to, and where it is kept beside as the last */
    enum oriel_bits_kind change; /* of the changed blocks */
    size_t changed, sharpened;   /* how many blocks */
    unsigned change_quantizer, sharpen_quantizer;
    bool filter; /* whether the changed blocks are coarse enough for the loop filter to do good */
};

/* When the encoder wants a picture. */
struct oriel_sharpen_times {
    int64_t not_before; /* a changed one: now or later */
    int64_t again;      /* the last one again, if nothing changes until then */
};

/* For pictures of that size, of which nothing was seen yet. False without memory. */
bool oriel_sharpen_start(struct oriel_sharpen *s, unsigned width, unsigned height,
                         const struct oriel_sharpen_settings *settings, int64_t now);
void oriel_sharpen_clear(struct oriel_sharpen *s);
void oriel_sharpen_set(struct oriel_sharpen *s, const struct oriel_sharpen_settings *settings, int64_t now);

/* The exact layer shows all of this picture that it has not shown yet, by tiles of `tile_bits` a block (0: nobody
 * knows).
 */
void oriel_sharpen_leave(struct oriel_sharpen *s, unsigned tile_bits, int64_t now);

/* What to do at `now`. */
struct oriel_plan oriel_sharpen_plan(struct oriel_sharpen *s, int64_t now);
/* It was done, and took `bits`. A plan that was not done is forgotten. */
void oriel_sharpen_done(struct oriel_sharpen *s, const struct oriel_plan *plan, double bits, int64_t now);

/* What changed in it came out with that mean squared error. */
void oriel_sharpen_judge(struct oriel_sharpen *s, const struct oriel_plan *plan, double error);

struct oriel_sharpen_times oriel_sharpen_times(struct oriel_sharpen *s, int64_t now);

#endif
