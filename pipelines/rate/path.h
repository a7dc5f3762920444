/* What became of one packet, as the estimator's parts are told it. Numbers are bytes, bit/s and ns. */
#ifndef ORIEL_RATE_PATH_H
#define ORIEL_RATE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "budget.h"

/* `sent` by our clock, `arrived` by the receiver's, whatever its zero. */
struct oriel_rate_packet {
    enum oriel_budget_class class;
    uint32_t bytes; /* on the wire */
    uint16_t probe; /* the probe that it was part of; 0: none */
    /* Of a picture's packets that have a dependency descriptor: */
    bool described, first, last; /* whether it has; the first and the last one of the picture */
    uint16_t picture, sequence;  /* the picture's number; the packet's, of a repeat that of what it repeats */
    bool lost;
    bool untold; /* neither lost nor come: feedback about it was lost */
    int64_t sent, arrived;
    uint64_t beside; /* bytes of tiles that were sent before it, of RTP packets; the estimator's */
};

/* Of packets that leave within that time the second waits for the first only. */
#define ORIEL_RATE_TOGETHER (2 * ORIEL_MILLISECOND)

/* What the way shows of its queue. */
enum oriel_rate_use { ORIEL_RATE_NORMAL, ORIEL_RATE_OVERUSED, ORIEL_RATE_UNDERUSED };

#endif
