/* Packets that are told of by one clock, and what they show of the way's queue: RTP by the receiver's, tiles by the
 * page's.
 *
 * Policy: a packet has waited as much longer as it took than the shortest lately of its size: on a slow link a large
 * one is on the wire for longer than a queue may be long. Until a large one has come it is reckoned from the small ones
 * and the rate that is believed in. On a way that has become slow, it takes as much longer than a small one as large
 * ones come one after the other, of those that left together since the rate fell. A queue stands while no packet of a
 * message has waited less than 50 ms; when that has lasted for 3 s, somebody has to say why (the estimator). Pure. */
#ifndef ORIEL_RATE_WAY_H
#define ORIEL_RATE_WAY_H

#include "acked.h"
#include "arrival.h"
#include "shortest.h"
#include "trendline.h"

#define ORIEL_WAY_STANDS (50 * ORIEL_MILLISECOND)

struct oriel_way {
    struct oriel_arrival arrival;
    struct oriel_trendline trendline;
    struct oriel_acked acked;           /* of this way; only what was busy is asked of it */
    struct oriel_shortest small, large; /* arrived - sent, of packets of that size */
    struct oriel_shortest apart;        /* of large ones that left together: from one's arrival to the next one's */
    struct oriel_rate_packet last;
    int64_t queue, standing; /* of the last packet; the least of the last message */
    int64_t stood;           /* of the message before */
    int64_t since;           /* when it began to stand; 0: it does not */
    int64_t least, most;     /* of how it stood lately */
    double came;             /* bit/s, when it began to */
    int64_t newest;          /* when the last that came was sent */
    int64_t heard_at;        /* 0: never */
};

void oriel_way_start(struct oriel_way *w, int64_t now);

/* Around what one message tells. oriel_way_end says whether a queue has stood for long; `rival`: whose, is known. */
void oriel_way_begin(struct oriel_way *w);
bool oriel_way_end(struct oriel_way *w, bool rival, int64_t now);

/* A packet has come; `acked`: when it left the queue. `rate`: what the way is believed to take, bit/s; `limited`: the
 * sender has less to send than it may. */
void oriel_way_received(struct oriel_way *w, const struct oriel_rate_packet *packet, double rate, bool limited,
                        int64_t now, struct oriel_acked_packet *acked);
/* How long the queue was at least, by this message and the one before: jitter is shorter than that. */
int64_t oriel_way_lasting(const struct oriel_way *w);

/* It takes less than it did: how long a large packet needs there is to be learnt again. */
void oriel_way_slowed(struct oriel_way *w, int64_t now);

/* It was no queue: the way itself takes longer than it did. */
void oriel_way_lengthen(struct oriel_way *w, int64_t now);

#endif
