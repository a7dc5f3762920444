/* How much arrives: bytes over the arrival times of the last packets.
 *
 * Policy: over a window of 250 ms (500 before the first answer), each window's rate is taken into an estimate by how
 * much it can be believed (GoogCC's Bayesian estimator): far off counts less, unless it stays there; while little is
 * sent, less still. What came in one go while packets waited on the way is what the way takes: the rate of a link that
 * has just changed. Pure. */
#ifndef ORIEL_RATE_ACKED_H
#define ORIEL_RATE_ACKED_H

#include "path.h"

enum { ORIEL_ACKED_MEMORY = 1024 };

struct oriel_acked {
    struct {
        int64_t arrived;
        uint32_t bytes;
        bool busy;
    } packets[ORIEL_ACKED_MEMORY];
    unsigned first, count;
    int64_t window_from; /* -1: none yet */
    double window_bytes;
    double estimate, variance; /* bit/s; 0: none yet */
};

void oriel_acked_start(struct oriel_acked *a);

/* `limited`: the sender has less to send than it may. `busy`: the packet has waited for others on its way. */
void oriel_acked_add(struct oriel_acked *a, uint32_t bytes, int64_t arrived, bool limited, bool busy);

/* bit/s; 0: not known. */
double oriel_acked_rate(const struct oriel_acked *a);
/* Of the newest packets that were busy without a break, at most 250 ms of them; 0: too few. */
double oriel_acked_busy(const struct oriel_acked *a);

#endif
