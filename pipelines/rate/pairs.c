/* See pairs.h. */
#include "pairs.h"

#include <math.h>

#define TIME_MAX (150 * ORIEL_MILLISECOND)

enum { PAIRS_MIN = 3 };

void oriel_pairs_add(struct oriel_pairs *p, const struct oriel_rate_packet *k) {
    if (p->sent && k->sent - p->sent < ORIEL_RATE_TOGETHER && k->sent >= p->sent && k->arrived >= p->arrived) {
        p->count++;
        p->bytes += k->bytes;
        p->took += k->arrived - p->arrived;
    }
    p->sent = k->sent;
    p->arrived = k->arrived;
}

double oriel_pairs_heard(struct oriel_pairs *p, double max, int64_t now) {
    p->since = p->since ? p->since : now;
    if (p->count < PAIRS_MIN && now - p->since < TIME_MAX)
        return 0;
    double rate = p->count < PAIRS_MIN ? 0 : p->took > 0 ? p->bytes * 8 * ORIEL_SECOND / (double)p->took : max;
    *p = (struct oriel_pairs){.sent = p->sent, .arrived = p->arrived};
    return rate;
}
