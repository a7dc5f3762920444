/* Whether a page hears of pictures too late for what moves to be shown by records.
 *
 * Records go by SCTP, which takes any loss for a queue, comes down to four packets each round trip, and stands still
 * for a second and more where these are lost. The video does not.
 *
 * Policy: late is a record that nobody has acknowledged 0.7 s after the round trip, on a way so long that four packets
 * in each are fewer than pictures come. On a shorter one SCTP is soon back: it is a page that is busy, or the way is
 * cut, and the video would not be there sooner. It is late for 5 s from then on; if it is again within as long after,
 * for twice as long, 40 s at most. Pure: times are given. */
#ifndef ORIEL_EXACT_LATE_H
#define ORIEL_EXACT_LATE_H

#include <stdbool.h>
#include <stdint.h>

struct oriel_late {
    int64_t until, length; /* of the last time; 0: never */
};

/* `waits`: how long the first record that is not acknowledged has waited for that; `trip`: the shortest round trip
 * lately, 0: not known; ns. */
bool oriel_late(struct oriel_late *l, int64_t waits, int64_t trip, int64_t now);

#endif
