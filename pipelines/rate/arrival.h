/* Packets into groups, and by how much longer the way took from one group to the next.
 *
 * Policy: what was sent within 5 ms is a group, and so is what arrives in one burst behind it (within 5 ms, faster than
 * it was sent, for at most 100 ms): Wi-Fi and LTE hold packets back and deliver them together, which says nothing of a
 * queue. A packet older than its group is left out. When the receiver's clock jumps, all begins anew. Pure. */
#ifndef ORIEL_RATE_ARRIVAL_H
#define ORIEL_RATE_ARRIVAL_H

#include "path.h"

struct oriel_arrival_group {
    bool used;
    int64_t first_sent, sent, first_arrived, arrived; /* first and last of the group */
};

struct oriel_arrival {
    struct oriel_arrival_group now, before;
};

/* True when a group is complete: it was `sent` so much later than the one before, and `arrived` so much later, ns. */
bool oriel_arrival_add(struct oriel_arrival *a, const struct oriel_rate_packet *packet, int64_t *sent,
                       int64_t *arrived);

#endif
