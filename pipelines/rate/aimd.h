/* The delay-based rate: up while the way is free, down when a queue builds up (GoogCC's AIMD).
 *
 *   normal ...... after a hold: increase. By 8 % a second while the capacity is not known; near it by half a packet
 *                 each round trip and 100 ms, at least 4 kbit/s a second; never beyond 1.5 times what arrives
 *   overused .... 0.85 of what arrives, less 5 kbit/s, at most once a round trip; then hold
 *   underused ... hold: the queue drains
 *
 * The capacity is what arrived when there was a queue, averaged (0.05; of a probe 0.5) with its deviation; outside of
 * three of these it is unknown again. While the sender has less to send than it may, nothing is learned: hold. Pure. */
#ifndef ORIEL_RATE_AIMD_H
#define ORIEL_RATE_AIMD_H

#include "path.h"

struct oriel_aimd {
    double rate, min, max; /* bit/s */
    enum { ORIEL_AIMD_HOLD, ORIEL_AIMD_INCREASE, ORIEL_AIMD_DECREASE } state;
    int64_t changed, decreased; /* -1: never */
    double capacity, deviation; /* kbit/s; 0: not known */
};

void oriel_aimd_start(struct oriel_aimd *a, double rate, double min, double max);

/* What is known at `now`: `acked` bit/s (0: not known), the round trip, whether the sender has too little to send. */
double oriel_aimd_update(struct oriel_aimd *a, enum oriel_rate_use use, double acked, int64_t trip, bool limited,
                         int64_t now);

/* A probe found that much. */
void oriel_aimd_probed(struct oriel_aimd *a, double rate, int64_t now);

/* What waited on the way already when the rate fell says that so much leaves it: the fall was too deep. */
void oriel_aimd_corrected(struct oriel_aimd *a, double acked, int64_t now);

/* Something else has found the rate; what was learned stays. */
void oriel_aimd_set(struct oriel_aimd *a, double rate, int64_t now);

#endif
