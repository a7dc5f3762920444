/* Tiles one behind the other, without a queue: as good as a probe.
 *
 * Policy: at least ten, none more than 100 ms after the one before, for at least 20 ms; the rate is that at which they
 * were sent or came, whatever is slower. Pure. */
#ifndef ORIEL_RATE_TRAIN_H
#define ORIEL_RATE_TRAIN_H

#include "path.h"

struct oriel_train {
    unsigned count;
    uint64_t bytes, first;       /* `first`: of the first */
    int64_t sent[2], arrived[2]; /* first, last */
};

/* One that came, and whether it had waited; the rate, bit/s, that all of them speak for, 0: none. */
double oriel_train_ride(struct oriel_train *t, const struct oriel_rate_packet *packet, bool waited);

#endif
