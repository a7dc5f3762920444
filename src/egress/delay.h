/* How long the datagrams of media are on their way through egress: from their arrival in the inside socket, as the
 * kernel noted it, until they are handed to the socket that leaves.
 * Limits: the median is of the last 128. One thread. */
#ifndef ORIEL_EGRESS_DELAY_H
#define ORIEL_EGRESS_DELAY_H

#include <stdint.h>

enum { ORIEL_DELAY_SAMPLES = 128 };

struct oriel_delay {
    uint32_t samples[ORIEL_DELAY_SAMPLES]; /* us */
    uint32_t count, max;
};

/* Nanoseconds; less than nothing is nothing. */
void oriel_delay_add(struct oriel_delay *d, int64_t ns);
/* Median and most, in microseconds, of what was added since the last call; 0 and 0 of nothing. */
void oriel_delay_take(struct oriel_delay *d, uint32_t *p50, uint32_t *max);

#endif
