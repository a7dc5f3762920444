/* See way.h. */
#include "way.h"

#define STANDING_MAX (3 * ORIEL_SECOND)

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
    oriel_shortest_start(&w->delay, now);
}

void oriel_way_begin(struct oriel_way *w) {
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

void oriel_way_received(struct oriel_way *w, const struct oriel_rate_packet *k, bool limited, int64_t now,
                        struct oriel_acked_packet *acked) {
    int64_t out, in;
    oriel_shortest_add(&w->delay, k->arrived - k->sent, now);
    w->queue = k->arrived - k->sent - oriel_shortest_get(&w->delay, 0);
    w->standing = least(w->standing, w->queue);
    w->newest = most(w->newest, k->sent);
    *acked = (struct oriel_acked_packet){k->sent, k->sent + w->queue, k->beside, k->bytes};
    oriel_acked_add(&w->acked, acked, limited);
    if (oriel_arrival_add(&w->arrival, k, &out, &in))
        oriel_trendline_add(&w->trendline, out, in, k->arrived);
}

void oriel_way_lengthen(struct oriel_way *w, int64_t now) {
    oriel_shortest_start(&w->delay, now);
    w->standing = w->queue = 0;
    w->since = 0;
}
