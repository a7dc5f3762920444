/* See acked.h. */
#include "acked.h"

#include <math.h>

#define WINDOW_FIRST (500 * ORIEL_MILLISECOND)
#define WINDOW (250 * ORIEL_MILLISECOND)
#define BUSY_MAX (250 * ORIEL_MILLISECOND)
#define BUSY_MIN (30 * ORIEL_MILLISECOND)
#define BUSY_PACKETS 3
#define UNCERTAINTY 10.0
#define UNCERTAINTY_LIMITED 20.0
#define DRIFT 5.0 /* by how much the truth may move from one window to the next */
#define KBITS 1e3

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

static void remember(struct oriel_acked *a, uint32_t bytes, int64_t arrived, bool busy) {
    if (a->count == ORIEL_ACKED_MEMORY) {
        a->first = (a->first + 1) % ORIEL_ACKED_MEMORY;
        a->count--;
    }
    unsigned at = (a->first + a->count++) % ORIEL_ACKED_MEMORY;
    a->packets[at].arrived = arrived;
    a->packets[at].bytes = bytes;
    a->packets[at].busy = busy;
}

void oriel_acked_add(struct oriel_acked *a, uint32_t bytes, int64_t arrived, bool limited, bool busy) {
    remember(a, bytes, arrived, busy);
    if (a->window_from < 0 || arrived < a->window_from - ORIEL_SECOND) {
        a->window_from = arrived;
        a->window_bytes = 0;
    }
    int64_t window = a->estimate > 0 ? WINDOW : WINDOW_FIRST, past = arrived - a->window_from;
    if (past >= window) {
        /* After a rest there is no rate. */
        if (past < 2 * window)
            learn(a, a->window_bytes * 8 * ORIEL_SECOND / (double)past, limited);
        a->window_from = arrived;
        a->window_bytes = 0;
    }
    a->window_bytes += bytes;
}

double oriel_acked_rate(const struct oriel_acked *a) {
    return a->estimate;
}

double oriel_acked_busy(const struct oriel_acked *a) {
    double bytes = 0;
    unsigned count = 0;
    int64_t last = 0, past = 0;
    for (unsigned i = a->count; i-- > 0; count++) {
        unsigned at = (a->first + i) % ORIEL_ACKED_MEMORY;
        if (!count)
            last = a->packets[at].arrived;
        else if (last - a->packets[at].arrived > BUSY_MAX)
            break;
        past = last - a->packets[at].arrived > past ? last - a->packets[at].arrived : past;
        if (!a->packets[at].busy)
            break; /* it began to wait behind this one */
        bytes += a->packets[at].bytes;
    }
    return count >= BUSY_PACKETS && past >= BUSY_MIN ? bytes * 8 * ORIEL_SECOND / (double)past : 0;
}
