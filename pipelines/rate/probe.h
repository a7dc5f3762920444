/* Probing: a few packets sent quicker than the target, to see whether the way takes them.
 *
 *   at the start ........ 6 times the start rate, with what there is
 *   limited by the rate   twice the rate, after 1 s without a queue; after one in vain twice as late, up to 4 s
 *   after a fall ........ to less than 0.66: 0.85 of what was before, once the queue is gone, within 5 s
 *   packets came quicker  what was before the fall, or twice the rate, if they speak for as much; at most each 0.6 s
 *   one found 0.7 of it   twice as much, at once; after the most that there may be nothing follows
 *
 * A probe is at least 5 packets and 15 ms; it counts when all of it has arrived, or 80 % and no more by the next
 * message, not much quicker than it was sent. While nobody has anything to send nothing is probed, but for what
 * follows: an idle screen costs nothing. Pure. */
#ifndef ORIEL_RATE_PROBE_H
#define ORIEL_RATE_PROBE_H

#include "path.h"
#include "spacing.h"

enum { ORIEL_PROBE_PACKETS = 5, ORIEL_PROBES = 4 };

struct oriel_probe_cluster {
    uint16_t id; /* 0: none */
    double rate; /* bit/s */
    int64_t began;
    bool over;       /* there is no more of it */
    bool told, done; /* it could have been a result already; it was one */
    unsigned sent, came, lost;
    uint64_t bytes_sent, bytes_came, last_sent; /* `last_sent`: bytes of the last that was sent, of those that came */
    int64_t first_sent_at, last_sent_at, last_came_at;
    struct oriel_spacing spacing; /* of those that came */
};

struct oriel_probe {
    double start, max;
    uint16_t last_id;
    struct oriel_probe_cluster clusters[ORIEL_PROBES]; /* by id, modulo */
    double queue[ORIEL_PROBES];                        /* rates of those to come */
    unsigned queued;
    double further; /* a result above this is followed by a probe of twice as much; 0: not */
    double fallen_from;
    int64_t fallen_at, last_at, wait;
};

void oriel_probe_start(struct oriel_probe *p, double start, double max, int64_t now);

/* What may be probed now. `trying`: there is more to send than the rate allows; `calm`: no queue. */
void oriel_probe_consider(struct oriel_probe *p, double rate, bool trying, bool calm, int64_t now);

/* Packets that left together came as if the way took `seen`, far more than `rate`: chance, or a link that is back. */
void oriel_probe_invite(struct oriel_probe *p, double rate, double seen, int64_t now);

/* The rate fell to `to` because of a queue. */
void oriel_probe_fell(struct oriel_probe *p, double from, double to, int64_t now);

/* The probe that is to be sent now, with its rate; 0: none. */
uint16_t oriel_probe_current(struct oriel_probe *p, int64_t now, double *rate);
/* When its next packet may leave. */
int64_t oriel_probe_due(const struct oriel_probe *p, uint16_t id);
/* There is nothing more to send: a running one ends with what has left, if that may be a result. */
void oriel_probe_end(struct oriel_probe *p);
/* A packet of it has left; or came, or is lost. */
void oriel_probe_sent(struct oriel_probe *p, uint16_t id, size_t bytes, int64_t now);
void oriel_probe_heard(struct oriel_probe *p, const struct oriel_rate_packet *packet);
/* After each message: what a probe has found, bit/s, once; 0: nothing. */
double oriel_probe_result(struct oriel_probe *p, int64_t now);

#endif
