/* The loss-based rate: how much of the loss is the way's own, and how much comes from sending too much.
 *
 * Policy: GoogCC's loss-based v2. Observations of at least 250 ms and 20 packets, the last 20 of them, each weighing
 * 0.9 of the next. A candidate is a rate and an inherent loss; it explains an observation by the inherent loss and by
 * what was sent beyond the rate. Of the candidates (a bit more, the same, less, what arrives, the delay-based rate) the
 * most likely one is taken, a higher one if in doubt. So 5 % that are lost at any rate do not slow us down, and a link
 * that drops what is too much does. Never above the delay-based rate; above 5 % of loss never above 75 kbit/s over the
 * excess; up by at most 1.3 in 300 ms. While the sender has too little to send, nothing is
 * raised or capped. Pure. */
#ifndef ORIEL_RATE_LOSS_H
#define ORIEL_RATE_LOSS_H

#include "path.h"

enum { ORIEL_LOSS_OBSERVATIONS = 20 };

struct oriel_loss_observation {
    double packets, lost, rate; /* `rate`: sent, bit/s */
};

struct oriel_loss {
    struct oriel_loss_observation observations[ORIEL_LOSS_OBSERVATIONS];
    unsigned count, next;
    struct oriel_loss_observation now; /* `rate` is bytes here */
    int64_t now_from, now_last;        /* send times; -1: nothing yet */
    double rate, inherent;             /* bit/s; 0: nothing known */
    int64_t raised;
    double ceiling; /* of the raise since then */
};

void oriel_loss_start(struct oriel_loss *l);
void oriel_loss_add(struct oriel_loss *l, const struct oriel_rate_packet *packet);

/* The rate at `now`, at most `delay_based`. */
double oriel_loss_update(struct oriel_loss *l, double delay_based, double acked, bool limited, int64_t now);

/* A new path, or a probe that found more: it was not the loss that held us back. */
void oriel_loss_forget(struct oriel_loss *l, double rate);

/* The share of packets lost lately, 0..1. */
double oriel_loss_average(const struct oriel_loss *l);

#endif
