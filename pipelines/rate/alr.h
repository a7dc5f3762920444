/* Whether the sender has less to send than it may (application-limited region): then what arrives says nothing of what
 * the way could take.
 * Policy: a budget of 80 % of the target over 500 ms; it is limited when more than 40 % of that lies unused, and no
 * longer when it is overdrawn by 60 %, so that a short burst changes nothing. Pure. */
#ifndef ORIEL_RATE_ALR_H
#define ORIEL_RATE_ALR_H

#include "path.h"

struct oriel_alr {
    double level, most; /* bytes unused, and how many there can be */
    int64_t at;
    bool limited;
    int64_t since; /* when it was limited last, or began to be */
};

void oriel_alr_start(struct oriel_alr *a, int64_t now);

/* `bytes` have left at `now`, with that target, bit/s. 0 bytes: only time has passed. */
void oriel_alr_sent(struct oriel_alr *a, size_t bytes, double target, int64_t now);

#endif
