/* See train.h. */
#include "train.h"

#define GAP (100 * ORIEL_MILLISECOND)
#define TIME_MIN (20 * ORIEL_MILLISECOND)

enum { PACKETS_MIN = 10 };

double oriel_train_ride(struct oriel_train *t, const struct oriel_rate_packet *k, bool waited) {
    if (waited || (t->count && (k->arrived - t->arrived[1] > GAP || k->sent < t->sent[1])))
        t->count = 0;
    if (!t->count++) {
        t->bytes = t->first = k->bytes;
        t->sent[0] = k->sent;
        t->arrived[0] = k->arrived;
    } else
        t->bytes += k->bytes;
    t->sent[1] = k->sent;
    t->arrived[1] = k->arrived;
    int64_t sent = t->sent[1] - t->sent[0], arrived = t->arrived[1] - t->arrived[0];
    int64_t took = sent > arrived ? sent : arrived;
    if (t->count < PACKETS_MIN || took < TIME_MIN)
        return 0;
    return (double)(t->bytes - t->first) * 8 * ORIEL_SECOND / (double)took;
}
