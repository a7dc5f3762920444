/* See arrival.h. */
#include "arrival.h"

#define GROUP (5 * ORIEL_MILLISECOND)
#define BURST (5 * ORIEL_MILLISECOND)
#define BURST_MAX (100 * ORIEL_MILLISECOND)
#define JUMP (3 * ORIEL_SECOND)

static bool in_group(const struct oriel_arrival_group *g, const struct oriel_rate_packet *p) {
    if (p->sent - g->first_sent <= GROUP)
        return true;
    int64_t arrived = p->arrived - g->arrived;
    return arrived - (p->sent - g->sent) < 0 && arrived <= BURST && p->arrived - g->first_arrived < BURST_MAX;
}

bool oriel_arrival_add(struct oriel_arrival *a, const struct oriel_rate_packet *p, int64_t *sent, int64_t *arrived) {
    struct oriel_arrival_group *g = &a->now;
    if (g->used && p->sent < g->first_sent)
        return false;
    if (g->used && in_group(g, p)) {
        g->sent = p->sent > g->sent ? p->sent : g->sent;
        g->arrived = p->arrived > g->arrived ? p->arrived : g->arrived;
        return false;
    }
    bool complete = a->now.used && a->before.used;
    if (complete) {
        *sent = a->now.sent - a->before.sent;
        *arrived = a->now.arrived - a->before.arrived;
        if (*arrived - *sent > JUMP || *arrived < 0) {
            *a = (struct oriel_arrival){0};
            complete = false;
        }
    }
    if (a->now.used)
        a->before = a->now;
    a->now = (struct oriel_arrival_group){true, p->sent, p->sent, p->arrived, p->arrived};
    return complete;
}
