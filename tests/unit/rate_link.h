/* A link in an instant, for tests of pipelines/rate: a sender with the real pacer, budget and estimator, a bottleneck
 * with a drop-tail queue, delay and random loss, and a receiver that gives feedback as Chromium does. Time is
 * simulated, and chance is seeded, so that each run is the same. */
#ifndef RATE_LINK_H
#define RATE_LINK_H

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "pacer.h"

#define MS ORIEL_MILLISECOND
enum { PACKET_BYTES = 1100, FLIGHT_MAX = 8192, FEEDBACK_MS = 60 };

struct link_packet {
    uint16_t number;
    uint32_t bytes;
    int64_t made, arrives; /* -1: lost */
    bool picture;
};

struct rate_link {
    /* The way. */
    double rate, loss;    /* bit/s, share */
    int64_t delay, queue; /* ns: one way; the longest wait */
    int64_t jitter;       /* so much more or less for as long, in order (rig/link) */
    int64_t free_at;      /* when the bottleneck is */
    int64_t wobble, wobble_until, order;
    GRand *chance;
    struct link_packet flight[FLIGHT_MAX];
    unsigned first, count; /* that the receiver has not told of */
    int64_t told;
    GQueue feedback; /* of struct report * */
    /* The sender. */
    struct oriel_budget *budget;
    struct oriel_estimator *estimator;
    struct oriel_pacer pacer;
    uint16_t number;
    int64_t now, next_picture;
    double use;      /* of the target: what pictures take; 0: none */
    double most;     /* bit/s of the pictures at most */
    int64_t picture; /* ns at the target that a picture takes, and the bytes of it at least */
    double picture_least;
    unsigned padding_most; /* packets of padding in 1 ms at most; 0: any number */
    /* What came of it. */
    uint64_t came;  /* bytes */
    int64_t latest; /* the longest that a packet of a picture took from being made to its arrival */
    unsigned padding, dropped;
    /* A TCP connection beside it; window 0: none. */
    double tcp_window; /* packets */
    GQueue tcp_away;   /* of struct tcp_packet * */
    int64_t tcp_lessened;
    uint64_t tcp_came;
};

struct tcp_packet {
    int64_t acked;
    bool lost;
};

struct report {
    int64_t at;
    size_t count;
    struct oriel_rate_heard heard[];
};

static void link_drop(void *item) {
    g_free(item);
}

static struct rate_link *link_new(double rate, int64_t delay, int64_t queue, double loss, double start) {
    struct rate_link *l = g_new0(struct rate_link, 1);
    l->rate = rate;
    l->delay = delay;
    l->queue = queue;
    l->loss = loss;
    l->chance = g_rand_new_with_seed(7);
    l->now = l->told = l->next_picture = ORIEL_SECOND;
    l->use = 0.95;
    l->most = 1e9;
    l->picture = 33 * MS;
    l->budget = oriel_budget_new(start, l->now);
    l->estimator = oriel_estimator_new(l->budget, start, 32e6, l->now);
    oriel_pacer_start(&l->pacer, l->budget, l->estimator, link_drop);
    return l;
}

static void link_free(struct rate_link *l) {
    oriel_pacer_clear(&l->pacer);
    oriel_estimator_free(l->estimator);
    oriel_budget_free(l->budget);
    g_queue_clear_full(&l->feedback, g_free);
    g_queue_clear_full(&l->tcp_away, g_free);
    g_rand_free(l->chance);
    g_free(l);
}

/* When what leaves the bottleneck at `left` arrives. */
static int64_t link_arrival(struct rate_link *l, int64_t left) {
    if (l->jitter && left >= l->wobble_until) {
        l->wobble = (int64_t)(g_rand_double(l->chance) * (double)l->jitter);
        l->wobble_until = left + l->jitter;
    }
    return l->order = MAX(l->order, left + l->delay + l->wobble);
}

static void link_transmit(struct rate_link *l, struct oriel_pacer_item *item) {
    struct link_packet *k = item->item;
    k->number = l->number++;
    struct oriel_rate_packet sent = {.class = item->class, .bytes = k->bytes, .probe = item->probe, .sent = l->now};
    oriel_estimator_sent(l->estimator, k->number, &sent);
    int64_t begins = MAX(l->free_at, l->now);
    if (begins - l->now > l->queue) {
        l->dropped++;
        k->arrives = -1;
    } else {
        l->free_at = begins + (int64_t)(k->bytes * 8 / l->rate * ORIEL_SECOND);
        k->arrives = g_rand_double(l->chance) < l->loss ? -1 : link_arrival(l, l->free_at);
    }
    g_assert(l->count < FLIGHT_MAX);
    l->flight[(l->first + l->count++) % FLIGHT_MAX] = *k;
    g_free(k);
}

static void link_packet(struct rate_link *l, bool picture, enum oriel_budget_class class, uint32_t bytes) {
    struct link_packet *k = g_new0(struct link_packet, 1);
    k->bytes = bytes;
    k->made = l->now;
    k->picture = picture;
    oriel_pacer_add(&l->pacer, class, k, bytes, l->now);
}

static void link_picture(struct rate_link *l) {
    if (l->use <= 0 || l->now < l->next_picture || oriel_budget_ready(l->budget, l->now) > l->now + 33 * MS)
        return;
    l->next_picture = MAX(l->next_picture + l->picture, l->now);
    double rate = fmin(oriel_budget_target(l->budget) * l->use, l->most);
    double bytes = fmax(rate / 8 * (double)l->picture / ORIEL_SECOND, l->picture_least);
    for (; bytes > 0; bytes -= PACKET_BYTES)
        link_packet(l, true, ORIEL_BUDGET_VIDEO, (uint32_t)MAX(fmin(bytes, PACKET_BYTES), 50));
}

static void link_send(struct rate_link *l) {
    struct oriel_pacer_item item;
    int64_t again;
    for (unsigned padding = 0;;) {
        switch (oriel_pacer_next(&l->pacer, l->now, &item, &again)) {
        case ORIEL_PACER_SEND:
            link_transmit(l, &item);
            continue;
        case ORIEL_PACER_PADDING:
            if (l->padding_most && padding++ == l->padding_most)
                return;
            l->padding++;
            link_packet(l, false, ORIEL_BUDGET_RETRANSMISSION, PACKET_BYTES);
            continue;
        case ORIEL_PACER_WAIT:
        case ORIEL_PACER_NOTHING:
            return;
        }
    }
}

/* Reno, with the share of Cubic: a packet a round trip more, 0.7 where one was dropped. */
static void link_tcp(struct rate_link *l) {
    struct tcp_packet *k;
    while ((k = g_queue_peek_head(&l->tcp_away)) && k->acked <= l->now) {
        if (!k->lost) {
            l->tcp_came += 1500;
            l->tcp_window += 1 / l->tcp_window;
        } else if (l->now - l->tcp_lessened > 2 * l->delay + l->queue) {
            l->tcp_window = MAX(l->tcp_window * 0.7, 2);
            l->tcp_lessened = l->now;
        }
        g_free(g_queue_pop_head(&l->tcp_away));
    }
    while (l->tcp_away.length < l->tcp_window) {
        int64_t begins = MAX(l->free_at, l->now);
        bool lost = begins - l->now > l->queue;
        if (!lost)
            l->free_at = begins + (int64_t)(1500 * 8 / l->rate * ORIEL_SECOND);
        k = g_new(struct tcp_packet, 1);
        *k = (struct tcp_packet){l->free_at + 2 * l->delay, lost};
        g_queue_push_tail(&l->tcp_away, k);
    }
}

/* The receiver tells of everything up to the newest that has arrived; what is missing before that is lost. */
static void link_tell(struct rate_link *l) {
    unsigned come = 0;
    for (unsigned i = 0; i < l->count; i++) {
        const struct link_packet *k = &l->flight[(l->first + i) % FLIGHT_MAX];
        if (k->arrives >= 0 && k->arrives <= l->now)
            come = i + 1;
    }
    if (!come || l->now - l->told < FEEDBACK_MS * MS)
        return;
    l->told = l->now;
    struct report *r = g_malloc0(sizeof *r + come * sizeof *r->heard);
    r->at = l->now + l->delay;
    r->count = come;
    for (unsigned i = 0; i < come; i++) {
        const struct link_packet *k = &l->flight[(l->first + i) % FLIGHT_MAX];
        r->heard[i] = (struct oriel_rate_heard){k->number, k->arrives < 0, k->arrives + 5000 * ORIEL_SECOND};
        if (k->arrives < 0)
            continue;
        l->came += k->bytes;
        if (k->picture)
            l->latest = MAX(l->latest, k->arrives - k->made);
    }
    l->first = (l->first + come) % FLIGHT_MAX;
    l->count -= come;
    g_queue_push_tail(&l->feedback, r);
}

static void link_hear(struct rate_link *l) {
    struct report *r;
    while ((r = g_queue_peek_head(&l->feedback)) && r->at <= l->now) {
        oriel_estimator_heard(l->estimator, r->heard, r->count, l->now);
        g_free(g_queue_pop_head(&l->feedback));
    }
}

/* Lets time pass; `came` and `latest` begin anew. */
static void link_run(struct rate_link *l, int64_t time) {
    l->came = 0;
    l->latest = 0;
    l->tcp_came = 0;
    for (int64_t end = l->now + time; l->now < end; l->now += MS) {
        link_picture(l);
        link_send(l);
        if (l->tcp_window > 0)
            link_tcp(l);
        link_tell(l);
        link_hear(l);
        if (l->now % (25 * MS) == 0)
            oriel_estimator_tick(l->estimator, l->now);
    }
}

static double link_came(const struct rate_link *l, int64_t time) {
    return (double)l->came * 8 * ORIEL_SECOND / (double)time;
}

#endif
