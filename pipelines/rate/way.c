/* See way.h. */
#include "way.h"

#define STANDING_MAX (3 * ORIEL_SECOND)

#define SLOW (ORIEL_WAY_STANDS / 2) /* is a way on which large ones come so far apart */

enum { LARGE = 600 };

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

void oriel_way_start(struct oriel_way *w, int64_t now) {
    *w = (struct oriel_way){0};
    oriel_trendline_start(&w->trendline);
    oriel_acked_start(&w->acked);
    oriel_shortest_start(&w->small, now);
    oriel_shortest_start(&w->large, now);
    oriel_shortest_start(&w->apart, now);
}

void oriel_way_begin(struct oriel_way *w) {
    w->stood = w->standing;
    w->standing = INT64_MAX;
}

bool oriel_way_end(struct oriel_way *w, bool rival, int64_t now) {
    if (w->standing == INT64_MAX)
        w->standing = w->queue;
    if (w->standing < ORIEL_WAY_STANDS || rival)
        w->since = 0;
    else if (!w->since) {
        w->since = now;
        w->came = oriel_acked_busy(&w->acked);
    }
    bool early = !w->since || now - w->since < STANDING_MAX / 2;
    w->least = early ? w->standing : least(w->least, w->standing);
    w->most = early ? w->standing : most(w->most, w->standing);
    return w->since && now - w->since > STANDING_MAX;
}

/* What such a packet takes without a queue, as far as anybody knows. */
static int64_t undisturbed(const struct oriel_way *w, uint32_t bytes, double rate) {
    int64_t small = oriel_shortest_get(&w->small, INT64_MAX), large = oriel_shortest_get(&w->large, INT64_MAX);
    int64_t apart = oriel_shortest_get(&w->apart, 0);
    if (bytes < LARGE || small == INT64_MAX)
        return least(small, large);
    int64_t takes = least(large, small + (int64_t)(bytes * 8 / rate * ORIEL_SECOND));
    return apart > SLOW ? most(takes, small + apart) : takes;
}

/* Of two large ones that left together, the second waits for the first only. */
static void look_how_far_apart(struct oriel_way *w, const struct oriel_rate_packet *k, int64_t now) {
    if (k->bytes >= LARGE && w->last.bytes >= LARGE && k->sent >= w->last.sent &&
        k->sent - w->last.sent < ORIEL_RATE_TOGETHER && k->arrived > w->last.arrived)
        oriel_shortest_add(&w->apart, k->arrived - w->last.arrived, now);
    w->last = *k;
}

void oriel_way_received(struct oriel_way *w, const struct oriel_rate_packet *k, double rate, bool limited, int64_t now,
                        struct oriel_acked_packet *acked) {
    int64_t out, in;
    look_how_far_apart(w, k, now);
    oriel_shortest_add(k->bytes < LARGE ? &w->small : &w->large, k->arrived - k->sent, now);
    w->queue = most(k->arrived - k->sent - undisturbed(w, k->bytes, rate), 0);
    w->standing = least(w->standing, w->queue);
    w->newest = most(w->newest, k->sent);
    *acked = (struct oriel_acked_packet){k->sent, k->sent + w->queue, k->beside, k->bytes};
    oriel_acked_add(&w->acked, acked, limited);
    if (oriel_arrival_add(&w->arrival, k, &out, &in))
        oriel_trendline_add(&w->trendline, out, in, k->arrived);
}

int64_t oriel_way_lasting(const struct oriel_way *w) {
    return least(w->standing, w->stood);
}

void oriel_way_slowed(struct oriel_way *w, int64_t now) {
    oriel_shortest_start(&w->apart, now);
}

void oriel_way_lengthen(struct oriel_way *w, int64_t now) {
    oriel_shortest_start(&w->small, now);
    oriel_shortest_start(&w->large, now);
    w->standing = w->queue = w->stood = 0;
    w->since = 0;
}
