/* See loss.h. */
#include "loss.h"

#include <math.h>

#define OBSERVATION (250 * ORIEL_MILLISECOND)
#define OBSERVATION_PACKETS 20
#define WEIGHT 0.9
#define INHERENT 0.01
#define INHERENT_MIN 0.001
#define INHERENT_MAX 0.05
#define INHERENT_RATE 75e3
#define LOSS_FREE 0.05 /* below it nothing is capped at once */
#define CAP 75e3
#define STEP_UP 1.3
#define STEP_TIME (300 * ORIEL_MILLISECOND)
#define BIAS 0.0002 /* for a higher rate, if in doubt */
#define STEPS 3     /* of Newton's method */

struct candidate {
    double rate, inherent;
};

void oriel_loss_start(struct oriel_loss *l) {
    *l = (struct oriel_loss){.now_from = -1, .inherent = INHERENT};
}

void oriel_loss_forget(struct oriel_loss *l, double rate) {
    if (rate > l->rate) {
        l->rate = 0;
        l->raised = 0;
    }
}

static double fit(double value, double min, double max) {
    return value < min ? min : value > max ? max : value;
}

void oriel_loss_add(struct oriel_loss *l, const struct oriel_rate_packet *k) {
    if (l->now_from < 0)
        l->now_from = l->now_last = k->sent;
    l->now.packets++;
    l->now.lost += k->lost;
    l->now.rate += k->bytes;
    l->now_last = k->sent > l->now_last ? k->sent : l->now_last;
    int64_t past = l->now_last - l->now_from;
    if (past < OBSERVATION || l->now.packets < OBSERVATION_PACKETS)
        return;
    l->now.rate *= 8.0 * ORIEL_SECOND / (double)past;
    l->observations[l->next] = l->now;
    l->next = (l->next + 1) % ORIEL_LOSS_OBSERVATIONS;
    l->count += l->count < ORIEL_LOSS_OBSERVATIONS;
    l->now = (struct oriel_loss_observation){0};
    l->now_from = -1;
}

/* The i-th newest, and its weight. */
static const struct oriel_loss_observation *newest(const struct oriel_loss *l, unsigned i) {
    return &l->observations[(l->next + ORIEL_LOSS_OBSERVATIONS - 1 - i) % ORIEL_LOSS_OBSERVATIONS];
}

double oriel_loss_average(const struct oriel_loss *l) {
    double packets = l->now.packets, lost = l->now.lost, weight = 1;
    for (unsigned i = 0; i < l->count && i < 8; i++, weight *= WEIGHT) {
        packets += weight * newest(l, i)->packets;
        lost += weight * newest(l, i)->lost;
    }
    /* Two lost of five are no loss rate. */
    return packets >= OBSERVATION_PACKETS ? lost / packets : 0;
}

static double inherent_max(double rate) {
    return fmin(INHERENT_MAX + INHERENT_RATE / rate, 0.5);
}

/* The loss that the candidate foresees at what was sent. */
static double foreseen(const struct candidate *c, double sent) {
    double beyond = sent > c->rate ? (sent - c->rate) / sent : 0;
    return fit(c->inherent + (1 - c->inherent) * beyond, 1e-6, 1 - 1e-6);
}

/* Towards the inherent loss that explains the observations best with that rate. */
static void improve(const struct oriel_loss *l, struct candidate *c) {
    for (int step = 0; step < STEPS; step++) {
        double first = 0, second = 0, weight = 1;
        for (unsigned i = 0; i < l->count; i++, weight *= WEIGHT) {
            const struct oriel_loss_observation *o = newest(l, i);
            double p = foreseen(c, o->rate), kept = o->packets - o->lost;
            first += weight * (o->lost / p - kept / (1 - p));
            second -= weight * (o->lost / (p * p) + kept / ((1 - p) * (1 - p)));
        }
        if (second < 0)
            c->inherent = fit(c->inherent - first / second, INHERENT_MIN, inherent_max(c->rate));
    }
}

static double likelihood(const struct oriel_loss *l, const struct candidate *c) {
    double sum = 0, weight = 1;
    for (unsigned i = 0; i < l->count; i++, weight *= WEIGHT) {
        const struct oriel_loss_observation *o = newest(l, i);
        double p = foreseen(c, o->rate);
        sum += weight * (o->lost * log(p) + (o->packets - o->lost) * log(1 - p));
        sum += weight * BIAS * sqrt(c->rate / 1e3) * o->packets;
    }
    return sum;
}

static double capped(const struct oriel_loss *l, double rate) {
    double average = oriel_loss_average(l);
    return average > LOSS_FREE ? fmin(rate, CAP / (average - LOSS_FREE)) : rate;
}

double oriel_loss_update(struct oriel_loss *l, double delay_based, double acked, bool limited, int64_t now) {
    if (!l->count)
        return delay_based;
    double from = l->rate > 0 ? l->rate : delay_based;
    const double rates[] = {from, from * 1.02, from * 0.95, limited ? from : acked, delay_based};
    struct candidate best = {0};
    double most = -INFINITY;
    for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct candidate c = {.rate = fmin(rates[i], delay_based), .inherent = l->inherent};
        if (c.rate <= 0 || (limited && c.rate > from))
            continue;
        improve(l, &c);
        double value = likelihood(l, &c);
        if (value > most) {
            most = value;
            best = c;
        }
    }
    if (now - l->raised > STEP_TIME || l->raised == 0) {
        l->raised = now;
        l->ceiling = from * STEP_UP;
    }
    l->inherent = best.inherent > 0 ? best.inherent : l->inherent;
    double rate = fmin(best.rate, l->ceiling);
    l->rate = fmin(limited ? rate : capped(l, rate), delay_based);
    return l->rate;
}
