/* See probe.h. */
#include "probe.h"

#include <math.h>

#define LENGTH (15 * ORIEL_MILLISECOND)
#define LIFE ORIEL_SECOND /* a probe that could not be sent in this time is none */
#define WAIT_FIRST ORIEL_SECOND
#define WAIT_MAX (4 * ORIEL_SECOND)
#define FALL_TIME (5 * ORIEL_SECOND)
#define INVITED_EVERY (600 * ORIEL_MILLISECOND)
#define FALL_REST (300 * ORIEL_MILLISECOND)
#define RATIO_MAX 2.0
#define RECEIVED 0.8
#define FURTHER 0.7

/* One more, and what it has to find for a quicker one to follow it; on the quickest none does. */
static void enqueue(struct oriel_probe *p, double rate) {
    if (p->queued < ORIEL_PROBES)
        p->queue[p->queued++] = fmin(rate, p->max);
    p->further = rate < p->max ? FURTHER * rate : 0;
}

void oriel_probe_start(struct oriel_probe *p, double start, double max, int64_t now) {
    *p = (struct oriel_probe){.start = start, .max = max, .fallen_at = -1, .last_at = now, .wait = WAIT_FIRST};
    enqueue(p, 6 * start);
}

static struct oriel_probe_cluster *running(struct oriel_probe *p) {
    struct oriel_probe_cluster *c = &p->clusters[p->last_id % ORIEL_PROBES];
    return p->last_id && c->id == p->last_id ? c : NULL;
}

static bool complete(const struct oriel_probe_cluster *c, int64_t now) {
    double least = c->rate / 8 * LENGTH / ORIEL_SECOND;
    bool enough = c->sent >= ORIEL_PROBE_PACKETS && (c->over || (double)c->bytes_sent >= least);
    return enough || now - c->began > LIFE;
}

void oriel_probe_consider(struct oriel_probe *p, double rate, bool trying, bool calm, int64_t now) {
    struct oriel_probe_cluster *c = running(p);
    if (p->queued || (c && !complete(c, now)) || !calm)
        return;
    if (p->fallen_at >= 0) {
        bool over = now - p->fallen_at > FALL_TIME;
        if (!over && now - p->fallen_at < FALL_REST)
            return;
        double back = 0.85 * p->fallen_from;
        p->fallen_at = -1;
        if (!over && back > rate) {
            enqueue(p, back);
            p->last_at = now;
            return;
        }
    }
    if (!trying || rate >= p->max * 0.95 || now - p->last_at < p->wait)
        return;
    enqueue(p, 2 * rate);
    p->last_at = now;
    p->wait = p->wait * 2 > WAIT_MAX ? WAIT_MAX : p->wait * 2; /* until it is seen to be of use */
}

void oriel_probe_invite(struct oriel_probe *p, double rate, double seen, int64_t now) {
    struct oriel_probe_cluster *c = running(p);
    if (p->queued || (c && !complete(c, now)) || now - p->last_at < INVITED_EVERY)
        return;
    enqueue(p, fmin(fmax(2 * rate, 0.85 * p->fallen_from), seen));
    p->last_at = now;
}

void oriel_probe_fell(struct oriel_probe *p, double from, double to, int64_t now) {
    p->queued = 0;
    p->further = 0;
    if (to < 0.66 * from) {
        p->fallen_from = from;
        p->fallen_at = now;
    }
    p->last_at = now;
}

uint16_t oriel_probe_current(struct oriel_probe *p, int64_t now, double *rate) {
    struct oriel_probe_cluster *c = running(p);
    if (!c || complete(c, now)) {
        if (!p->queued)
            return 0;
        if (!++p->last_id)
            p->last_id = 1;
        c = &p->clusters[p->last_id % ORIEL_PROBES];
        *c = (struct oriel_probe_cluster){.id = p->last_id, .rate = p->queue[0], .began = now};
        p->queued--;
        for (unsigned i = 0; i < p->queued; i++)
            p->queue[i] = p->queue[i + 1];
    }
    *rate = c->rate;
    return c->id;
}

void oriel_probe_sent(struct oriel_probe *p, uint16_t id, size_t bytes, int64_t now) {
    struct oriel_probe_cluster *c = &p->clusters[id % ORIEL_PROBES];
    if (!id || c->id != id)
        return;
    if (!c->sent++)
        c->began = now;
    c->bytes_sent += bytes;
}

int64_t oriel_probe_due(const struct oriel_probe *p, uint16_t id) {
    const struct oriel_probe_cluster *c = &p->clusters[id % ORIEL_PROBES];
    return c->sent ? c->began + (int64_t)((double)c->bytes_sent * 8 / c->rate * ORIEL_SECOND) : 0;
}

void oriel_probe_end(struct oriel_probe *p) {
    struct oriel_probe_cluster *c = running(p);
    if (c)
        c->over = c->sent >= ORIEL_PROBE_PACKETS;
}

static void count(struct oriel_probe_cluster *c, const struct oriel_rate_packet *k) {
    if (!c->came++) {
        c->first_sent_at = c->last_sent_at = k->sent;
        c->last_came_at = k->arrived;
        c->last_sent = k->bytes;
    } else if (k->arrived >= c->last_came_at) {
        oriel_spacing_add(&c->spacing, k->bytes, k->arrived - c->last_came_at);
        c->last_came_at = k->arrived;
    } else
        c->spacing.bytes += k->bytes; /* overtaken */
    c->bytes_came += k->bytes;
    if (k->sent >= c->last_sent_at) {
        c->last_sent_at = k->sent;
        c->last_sent = k->bytes;
    }
}

/* The rate that the packets so far speak for; 0: none. */
static double result(const struct oriel_probe_cluster *c) {
    double out = (double)(c->last_sent_at - c->first_sent_at) / ORIEL_SECOND;
    double in = (double)c->spacing.took / ORIEL_SECOND;
    if (out <= 0 || in <= 0 || out > 1 || in > 1)
        return 0;
    double sent = (double)(c->bytes_came - c->last_sent) * 8 / out, came = oriel_spacing_rate(&c->spacing);
    if (came / sent > RATIO_MAX)
        return 0;
    /* The way was full: a little below that is what it takes. */
    return came < 0.9 * sent ? 0.95 * came : fmin(sent, came);
}

void oriel_probe_heard(struct oriel_probe *p, const struct oriel_rate_packet *k) {
    struct oriel_probe_cluster *c = &p->clusters[k->probe % ORIEL_PROBES];
    if (!k->probe || c->id != k->probe)
        return;
    if (k->lost)
        c->lost++;
    else
        count(c, k);
}

/* Whether all is known of it, or most and no more is to come. */
static bool is_told(struct oriel_probe_cluster *c, int64_t now) {
    if (!c->id || c->done || !complete(c, now) || c->came < RECEIVED * c->sent ||
        (double)c->bytes_came < RECEIVED * (double)c->bytes_sent)
        return false;
    bool again = c->told;
    c->told = true;
    return again || c->came + c->lost == c->sent;
}

double oriel_probe_result(struct oriel_probe *p, int64_t now) {
    double best = 0;
    for (unsigned i = 0; i < ORIEL_PROBES; i++) {
        struct oriel_probe_cluster *c = &p->clusters[i];
        if (!is_told(c, now))
            continue;
        c->done = true;
        double rate = result(c);
        best = fmax(best, rate);
        if (rate > 0 && p->further > 0 && rate >= p->further && rate < p->max * 0.95) {
            enqueue(p, 2 * rate);
            p->wait = WAIT_FIRST;
        }
    }
    return best;
}
