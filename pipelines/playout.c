/* See playout.h.
 *
 * Positions are samples since the zero of CLOCK_MONOTONIC: a block belongs where its time says, or right behind the one
 * before it when that is nearly the same. What is taken goes from position to position without a jump. */
#include "playout.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum {
    MS = ORIEL_SOUND_RATE / 1000,
    BLOCK = ORIEL_SOUND_SAMPLES,
    RING = 1 << 16, /* 1.4 s */
    SAME = 20 * MS, /* nearer than that it is the same sentence */
    BINS = 28,
    BIN = 5,    /* ms */
    FIRST = 40, /* ms; as late as lost packets are replaced (media/transport.c) */
    ROOM = 10,  /* ms beyond what is expected */
    QUIET = 8,  /* of 100 */
    SMALL = 8 * MS,
    BIG = 40 * MS,
};

#define WILD INT64_C(1000000000) /* ns from now: no time of a voice that can be heard */
#define FORGET 0.993             /* of what was known of lateness, by block: half of it is 1 s old */
#define ENOUGH 0.97              /* of the blocks are to come in time */
#define SMOOTH 24.0              /* blocks, over which being off is judged */

struct oriel_playout {
    int16_t ring[RING];
    int64_t in, out;   /* positions behind the last block put, and of the next one taken; 0: none yet */
    float share[BINS]; /* of the blocks, that was so late */
    unsigned delay;
    double off; /* samples by which it is behind; smoothed */
};

struct oriel_playout *oriel_playout_new(void) {
    struct oriel_playout *p = g_new0(struct oriel_playout, 1);
    p->share[(FIRST - ROOM) / BIN - 1] = 1;
    p->delay = FIRST;
    return p;
}

void oriel_playout_free(struct oriel_playout *p) {
    g_free(p);
}

unsigned oriel_playout_delay(const struct oriel_playout *p) {
    return p->delay;
}

static int64_t position(int64_t time) {
    return time / 1000 * MS / 1000;
}

static void note_lateness(struct oriel_playout *p, int64_t samples) {
    int64_t bin = CLAMP(samples / MS / BIN, 0, BINS - 1);
    float sum = 0;
    unsigned enough = 0;
    for (unsigned i = 0; i < BINS; i++)
        p->share[i] *= (float)FORGET;
    p->share[bin] += (float)(1 - FORGET);
    while (enough < BINS && sum < (float)ENOUGH)
        sum += p->share[enough++];
    p->delay = enough * BIN + ROOM;
}

void oriel_playout_put(struct oriel_playout *p, const struct oriel_sound *sound, int64_t now) {
    if (sound->at > now + WILD || sound->at < now - WILD)
        return;
    int64_t at = position(sound->at), ahead = at - p->in;
    int64_t same = oriel_sound_level(sound) < QUIET ? SMALL : SAME;
    note_lateness(p, position(now) - at);
    if (llabs(ahead) < same)
        at = p->in;
    for (int64_t i = MAX(p->in, at - RING + BLOCK); i < at; i++)
        p->ring[i % RING] = 0;
    for (int64_t i = 0; i < BLOCK; i++)
        p->ring[(at + i) % RING] = sound->samples[i];
    p->in = at + BLOCK;
}

static void copy(const struct oriel_playout *p, int16_t *samples) {
    for (int64_t i = 0; i < BLOCK; i++)
        samples[i] = p->out + i < p->in && p->out + i >= p->in - RING ? p->ring[(p->out + i) % RING] : 0;
}

/* Skips when it is behind, and waits when it is ahead. */
static void put_right(struct oriel_playout *p, int16_t *samples) {
    struct oriel_sound next;
    memcpy(next.samples, samples, sizeof next.samples);
    int64_t off = (int64_t)p->off, bound = oriel_sound_level(&next) < QUIET ? SMALL : BIG;
    if (off > bound) {
        p->out += off;
        p->off = 0;
        copy(p, samples);
    } else if (off < -bound) {
        p->out -= BLOCK;
        p->off += BLOCK;
        memset(samples, 0, BLOCK * sizeof *samples);
    }
}

void oriel_playout_take(struct oriel_playout *p, int64_t now, int16_t *samples) {
    int64_t wanted = position(now) - (int64_t)p->delay * MS;
    if (!p->out)
        p->out = wanted;
    p->off += ((double)(wanted - p->out) - p->off) / SMOOTH;
    copy(p, samples);
    put_right(p, samples);
    p->out += BLOCK;
}
