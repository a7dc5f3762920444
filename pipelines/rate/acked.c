/* See acked.h. */
#include "acked.h"

#include <math.h>

#define WINDOW_FIRST (500 * ORIEL_MILLISECOND)
#define WINDOW (250 * ORIEL_MILLISECOND)
#define WAITED (15 * ORIEL_MILLISECOND) /* less may be chance */
#define BUSY_MAX (400 * ORIEL_MILLISECOND)
#define BUSY_ENOUGH (80 * ORIEL_MILLISECOND)
#define BUSY_MIN (30 * ORIEL_MILLISECOND)
#define BUSY_PACKETS 4
#define PAUSE (50 * ORIEL_MILLISECOND) /* that nothing left for longer than this may be a hold */
#define UNCERTAINTY 10.0
#define UNCERTAINTY_LIMITED 20.0
#define DRIFT 5.0 /* by how much the truth may move from one window to the next */
#define KBITS 1e3

/* The i-th oldest. */
static struct oriel_acked_packet *packet(const struct oriel_acked *a, unsigned i) {
    return (struct oriel_acked_packet *)&a->packets[(a->first + i) % ORIEL_ACKED_MEMORY];
}

void oriel_acked_start(struct oriel_acked *a) {
    *a = (struct oriel_acked){.window_from = -1};
}

static void learn(struct oriel_acked *a, double sample, bool limited) {
    if (a->estimate <= 0) {
        a->estimate = sample;
        a->variance = 50;
        return;
    }
    double have = a->estimate / KBITS, seen = sample / KBITS;
    double scale = limited && seen < have ? UNCERTAINTY_LIMITED : UNCERTAINTY;
    double off = scale * fabs(have - seen) / fmax(have, 1);
    double seen_variance = off * off, variance = a->variance + DRIFT;
    have = (seen_variance * have + variance * seen) / (seen_variance + variance);
    a->estimate = fmax(have, 0) * KBITS;
    a->variance = seen_variance * variance / (seen_variance + variance);
}

/* In the order in which they left; two ways are told of at different times. */
static void remember(struct oriel_acked *a, const struct oriel_acked_packet *k) {
    if (a->count == ORIEL_ACKED_MEMORY) {
        a->first = (a->first + 1) % ORIEL_ACKED_MEMORY;
        a->count--;
    }
    unsigned i = a->count++;
    for (; i && packet(a, i - 1)->left > k->left; i--)
        *packet(a, i) = *packet(a, i - 1);
    *packet(a, i) = *k;
}

void oriel_acked_add(struct oriel_acked *a, const struct oriel_acked_packet *k, bool limited) {
    remember(a, k);
    if (a->window_from < 0 || k->left < a->window_from - ORIEL_SECOND) {
        a->window_from = k->left;
        a->window_bytes = 0;
    }
    int64_t window = a->estimate > 0 ? WINDOW : WINDOW_FIRST, past = k->left - a->window_from;
    if (past >= window) {
        /* After a rest there is no rate. */
        if (past < 2 * window)
            learn(a, a->window_bytes * 8 * ORIEL_SECOND / (double)past, limited);
        a->window_from = k->left;
        a->window_bytes = 0;
    }
    a->window_bytes += k->bytes;
}

double oriel_acked_rate(const struct oriel_acked *a) {
    return a->estimate;
}

/* Packets that left one behind the other, and how long that took, from the one that left before them. */
struct span {
    unsigned packets;
    double bytes;
    int64_t took;
};

/* The same without the longest time between two, if that is more than all the others together: then nothing left at
 * all. */
static struct span without_pause(const struct span *all, const struct span *longest) {
    if (longest->took <= PAUSE || longest->took <= all->took / 2)
        return *all;
    return (struct span){all->packets - 1, all->bytes - longest->bytes, all->took - longest->took};
}

double oriel_acked_busy(const struct oriel_acked *a) {
    struct span all = {0}, longest = {0}, steady = {0};
    for (unsigned i = a->count; i-- > 1;) {
        const struct oriel_acked_packet *k = packet(a, i), *before = packet(a, i - 1);
        if (k->left - k->sent < WAITED || before->left <= k->sent)
            break; /* nothing was before it */
        struct span one = {1, k->bytes + (double)(k->beside - before->beside), k->left - before->left};
        if (all.took + one.took > BUSY_MAX)
            break;
        all = (struct span){all.packets + 1, all.bytes + one.bytes, all.took + one.took};
        if (one.took > longest.took)
            longest = one;
        steady = without_pause(&all, &longest);
        if (steady.packets >= BUSY_PACKETS && steady.took >= BUSY_ENOUGH)
            break;
    }
    bool enough = steady.packets >= BUSY_PACKETS && steady.took >= BUSY_MIN;
    return enough ? steady.bytes * 8 * ORIEL_SECOND / (double)steady.took : 0;
}
