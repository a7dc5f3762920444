/* Whether somebody else fills the queue of the way: a TCP connection does so until packets are lost, whatever we give
 * up.
 *
 * Policy: packets that were sent since our rate fell have all waited, for 1.2 s and twice as long as the first of them
 * did: it is not ours, for what we have on its way is capped, and by then it has drained. Who has not given way knows
 * nothing. From then on the queue is no reason to send less, loss is: up by a packet each round trip, as
 * TCP does, and down to 0.8 where packets are lost, at most every 2 s: pictures come in bursts, so we lose some more
 * often than TCP does. We get a third to a half. Until nothing waits any more. When it waits again within half a
 * minute, it is the same rival, after 0.3 s already, and what was given up for it meanwhile is taken back. Pure. */
#ifndef ORIEL_RATE_RIVAL_H
#define ORIEL_RATE_RIVAL_H

#include "path.h"

struct oriel_rival {
    bool there, again; /* `again`: as within the last half minute, and nothing was taken back yet */
    int64_t gone;      /* when the newest packet was sent when it was no longer there; 0: it never was */
    double rate;       /* beside it, lately */
    int64_t from;      /* when the first packet of those was sent that have all waited; 0: none */
    int64_t first;     /* how long that one waited */
    int64_t lessened;  /* when the rate was last lessened */
    unsigned packets, lost;
    int64_t counted; /* since when */
};

void oriel_rival_start(struct oriel_rival *r);

/* What was heard at once: the newest packet's time of sending, the least that one of them waited, when our rate last
 * fell (-1: never). */
void oriel_rival_heard(struct oriel_rival *r, int64_t newest, int64_t waited, int64_t fallen);
void oriel_rival_count(struct oriel_rival *r, bool lost);

/* The next rate after `rate`, bit/s, while it is there; `trip`: with the queue. */
double oriel_rival_rate(struct oriel_rival *r, double rate, int64_t past, int64_t trip, int64_t now);

#endif
