/* How much arrives: bytes over the times of the last packets.
 *
 * Policy: over a window of 250 ms (500 before the first answer), each window's rate is taken into an estimate by how
 * much it can be believed (GoogCC's Bayesian estimator): far off counts less, unless it stays there; while little is
 * sent, less still. What stood one behind the other in the queue of the way left it as quickly as the way takes it: of
 * the newest such packets, and only as many as an answer needs, the rate of a link that has just changed. What else
 * was sent between two of them must have left between them, too. A time in which nothing left, longer than all the rest
 * of that, is no rate: the way was held. Pure. */
#ifndef ORIEL_RATE_ACKED_H
#define ORIEL_RATE_ACKED_H

#include "path.h"

enum { ORIEL_ACKED_MEMORY = 1024 };

struct oriel_acked_packet {
    int64_t sent, left; /* by the sender's clock: when it was sent, and when it left the queue of the way */
    uint64_t beside;    /* bytes of what else was sent before it, since the start */
    uint32_t bytes;
};

struct oriel_acked {
    struct oriel_acked_packet packets[ORIEL_ACKED_MEMORY];
    unsigned first, count;
    int64_t window_from; /* -1: none yet */
    double window_bytes;
    double estimate, variance; /* bit/s; 0: none yet */
};

void oriel_acked_start(struct oriel_acked *a);

/* Nearly in the order in which they left. `limited`: the sender has less to send than it may. */
void oriel_acked_add(struct oriel_acked *a, const struct oriel_acked_packet *packet, bool limited);

/* bit/s; 0: not known. */
double oriel_acked_rate(const struct oriel_acked *a);
/* Of the newest packets that waited one behind the other; 0: too few. */
double oriel_acked_busy(const struct oriel_acked *a);

#endif
