/* How far apart packets came that left together: whether the way has become wider. Probes in vain have become rare by
 * then.
 *
 * Policy: of one message, or of as many as it takes to have three pairs, within 150 ms. Pure. */
#ifndef ORIEL_RATE_PAIRS_H
#define ORIEL_RATE_PAIRS_H

#include "path.h"

struct oriel_pairs {
    int64_t since;         /* when the first of them was heard; 0: it was not */
    int64_t sent, arrived; /* of the last packet */
    unsigned count;
    double bytes;
    int64_t took;
};

void oriel_pairs_add(struct oriel_pairs *p, const struct oriel_rate_packet *packet);

/* After each message: the rate, bit/s, at which they came, at most `max`; 0: there are too few of them so far. */
double oriel_pairs_heard(struct oriel_pairs *p, double max, int64_t now);

#endif
