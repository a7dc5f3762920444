/* How long the agent's page may be silent, by the pings that it sends once a second (PROTOCOL.md, Data channel), and
 * its browser, by anything that comes.
 *
 * Policy: after 10 s without a ping the connection is over. A new one is asked for under the old grant where that can
 * help. After 2 s in which nothing whatsoever has come: a browser whose page is busy, hidden or slow still sends RTCP
 * each second; by a relay after 4 s, since there egress looks after the way, and sooner. After 4 s without a ping: by a
 * relay, whose server may have forgotten us; and where the page was not heard at all, so that there are pictures and no
 * data channel (sctptimer.h: SCTP has repeated what was lost twice by then). Twice, then it is the page. Time in which
 * this process did not run, on a machine that is overloaded or was stopped, is nobody's silence: what came meanwhile
 * may still wait to be read. Times are monotonic. */
#ifndef ORIEL_PATIENCE_H
#define ORIEL_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

#define ORIEL_PATIENCE_TICK (1 * ORIEL_SECOND)

struct oriel_patience {
    int64_t heard;             /* a ping; 0: nobody is listened to yet */
    unsigned arrivals, quiet;  /* datagrams of any kind so far; ticks in a row without one */
    int64_t ticked;            /* 0: never */
    unsigned tries;            /* new connections since the page was heard last */
    bool relay, spoken, asked; /* the last two: by the present connection */
};

enum oriel_patience_verdict { ORIEL_PATIENCE_WAIT, ORIEL_PATIENCE_RENEW, ORIEL_PATIENCE_OVER };

/* Pictures flow, or the channel has opened: now it is the page's turn. */
void oriel_patience_listen(struct oriel_patience *p, int64_t now);
void oriel_patience_heard(struct oriel_patience *p, int64_t now);
/* Once per tick, before the verdict: how much has come so far. */
void oriel_patience_arrivals(struct oriel_patience *p, unsigned arrivals);
/* A new connection takes the place of the old one. */
void oriel_patience_renewed(struct oriel_patience *p);
/* Once per ORIEL_PATIENCE_TICK, before the verdict: for how long this process did not run though it was to; else 0. */
int64_t oriel_patience_missed(struct oriel_patience *p, int64_t now);
/* RENEW comes once per connection. */
enum oriel_patience_verdict oriel_patience_verdict(struct oriel_patience *p, int64_t now);

#endif
