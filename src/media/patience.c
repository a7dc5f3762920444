/* See patience.h. */
#include "patience.h"

#define OVER_TIME (10 * ORIEL_SECOND)
#define RENEW_TIME (4 * ORIEL_SECOND)

enum { TRIES_MAX = 2, QUIET_TICKS = 2 };

void oriel_patience_listen(struct oriel_patience *p, int64_t now) {
    p->heard = now;
}

void oriel_patience_heard(struct oriel_patience *p, int64_t now) {
    p->heard = now;
    p->tries = 0;
    p->spoken = true;
    p->asked = false;
}

void oriel_patience_arrivals(struct oriel_patience *p, unsigned arrivals) {
    p->quiet = arrivals == p->arrivals ? p->quiet + 1 : 0;
    p->arrivals = arrivals;
}

void oriel_patience_renewed(struct oriel_patience *p) {
    p->heard = 0;
    p->quiet = 0;
    p->spoken = p->asked = false;
}

int64_t oriel_patience_missed(struct oriel_patience *p, int64_t now) {
    int64_t missed = p->ticked ? now - p->ticked - ORIEL_PATIENCE_TICK : 0;
    p->ticked = now;
    if (missed < ORIEL_PATIENCE_TICK)
        return 0;
    if (p->heard)
        p->heard += missed;
    p->quiet = 0;
    return missed;
}

enum oriel_patience_verdict oriel_patience_verdict(struct oriel_patience *p, int64_t now) {
    int64_t silence = p->heard ? now - p->heard : 0;
    bool quiet = !p->relay && p->spoken && p->quiet >= QUIET_TICKS && silence > QUIET_TICKS * ORIEL_PATIENCE_TICK;
    bool silent = silence > RENEW_TIME && (p->relay || !p->spoken);
    if (silence > OVER_TIME)
        return ORIEL_PATIENCE_OVER;
    if ((!quiet && !silent) || p->asked || p->tries >= TRIES_MAX)
        return ORIEL_PATIENCE_WAIT;
    p->asked = true;
    p->tries++;
    return ORIEL_PATIENCE_RENEW;
}
