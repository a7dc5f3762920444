/* See rival.h. */
#include "rival.h"

#include <math.h>

#define WAITED (50 * ORIEL_MILLISECOND)
#define GONE (20 * ORIEL_MILLISECOND)
#define RIVAL_AFTER (1200 * ORIEL_MILLISECOND)
#define KNOWN_AFTER (300 * ORIEL_MILLISECOND)
#define KNOWN_FOR (30 * ORIEL_SECOND)
#define RIVAL_SHARE 0.8
#define LESSEN_EVERY (2 * ORIEL_SECOND)
#define PACKET_BITS (1200 * 8)
#define LOSS 0.01 /* of what was told lately; less is the way's own */

enum { COUNT_MIN = 8 };

void oriel_rival_start(struct oriel_rival *r) {
    *r = (struct oriel_rival){0};
}

void oriel_rival_heard(struct oriel_rival *r, int64_t newest, int64_t waited, int64_t fallen) {
    bool known = r->gone && newest - r->gone < KNOWN_FOR;
    if (waited < (r->there ? GONE : WAITED)) {
        r->gone = r->there ? newest : r->gone;
        r->there = false;
        r->from = 0;
    } else if (!r->there && (!r->from || r->from < fallen)) {
        r->from = fallen >= 0 && newest > fallen ? newest : 0;
        r->first = waited;
    } else if (!r->there && r->from && newest - r->from > (known ? KNOWN_AFTER : RIVAL_AFTER + 2 * r->first)) {
        r->there = true;
        r->again = known;
    }
}

void oriel_rival_count(struct oriel_rival *r, bool lost) {
    r->packets++;
    r->lost += lost;
}

static double next_rate(struct oriel_rival *r, double rate, int64_t past, int64_t trip, int64_t now) {
    double seconds = (double)trip / ORIEL_SECOND, more = PACKET_BITS / (seconds * seconds);
    bool lost = r->packets >= COUNT_MIN && r->lost > LOSS * r->packets;
    if (now - r->counted > 2 * trip) {
        r->packets = r->lost = 0;
        r->counted = now;
    }
    if (lost && now - r->lessened > (trip > LESSEN_EVERY ? trip : LESSEN_EVERY)) {
        r->lessened = now;
        r->packets = r->lost = 0;
        return rate * RIVAL_SHARE;
    }
    return rate + more * (double)past / ORIEL_SECOND;
}

double oriel_rival_rate(struct oriel_rival *r, double rate, int64_t past, int64_t trip, int64_t now) {
    if (r->again)
        rate = fmax(rate, RIVAL_SHARE * r->rate);
    r->again = false;
    r->rate = next_rate(r, rate, past, trip, now);
    return r->rate;
}
