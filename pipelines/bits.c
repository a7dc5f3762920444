/* See bits.h. */
#include "bits.h"

#include <math.h>

#define NS 1e9

/* A picture of its own may take this many seconds of the bitrate: the rest of a full bucket is for what comes next. */
#define PAGE_SECONDS 0.15
/* After a loss the agent waits already. */
#define RECOVER_SECONDS 0.06
/* Sharpening leaves this share of the bucket for the next change. */
#define RESERVE 0.3
/* Pictures that come more seldom are not taken for a motion of that pace, seconds. */
#define INTERVAL_MAX 0.1
/* The smallest and the largest cost that is believed, bits of a block at quantizer 0. */
#define COST_MIN 2.0
#define COST_MAX 4000.0

/* By how much a step of the quantizer makes a picture smaller: of text and drawings, measured between 4 and 55. */
static const double slopes[ORIEL_BITS_KINDS] = {0.0225, 0.0225, 0.035, 0.035, 0.035, 0.035, 0.029, 0.04};

/* Until something was learned: a page of dense text, the worst there is. */
static const double first_costs[ORIEL_BITS_KINDS] = {900, 900, 300, 100, 30, 10, 800, 400};

static double fit(double value, double min, double max) {
    return value < min ? min : value > max ? max : value;
}

void oriel_bits_init(struct oriel_bits *rate, unsigned kbits, unsigned burst_ms, int64_t now) {
    *rate = (struct oriel_bits){.bits_per_second = kbits * 1e3, .at = now, .interval = 1.0 / 30};
    rate->capacity = rate->bits_per_second * burst_ms / 1e3;
    rate->level = rate->capacity;
    for (int i = 0; i < ORIEL_BITS_KINDS; i++)
        rate->cost[i] = first_costs[i];
}

void oriel_bits_set(struct oriel_bits *rate, unsigned kbits, unsigned burst_ms, int64_t now) {
    oriel_bits_advance(rate, now);
    double capacity = kbits * 1e3 * burst_ms / 1e3;
    rate->level *= capacity / rate->capacity;
    rate->capacity = capacity;
    rate->bits_per_second = kbits * 1e3;
}

void oriel_bits_advance(struct oriel_bits *rate, int64_t now) {
    if (now <= rate->at)
        return;
    rate->level = fmin(rate->capacity, rate->level + (double)(now - rate->at) / NS * rate->bits_per_second);
    rate->at = now;
}

int64_t oriel_bits_ready(const struct oriel_bits *rate, int64_t now) {
    return rate->level >= 0 ? now : now + (int64_t)ceil(-rate->level / rate->bits_per_second * NS);
}

double oriel_bits_budget(const struct oriel_bits *rate, enum oriel_bits_kind kind) {
    double most = PAGE_SECONDS * rate->bits_per_second;
    switch (kind) {
    case ORIEL_BITS_MOTION:
    case ORIEL_BITS_MOTION_2:
    case ORIEL_BITS_MOTION_4:
    case ORIEL_BITS_MOTION_8: /* from half a bucket on just what comes in: more would come more seldom */
        return rate->interval * rate->bits_per_second * (0.5 + fit(rate->level / rate->capacity, 0, 0.5));
    case ORIEL_BITS_RECOVER:
        return fit(rate->level, 0, RECOVER_SECONDS * rate->bits_per_second);
    case ORIEL_BITS_SHARPEN:
        return fit(rate->level - RESERVE * rate->capacity, 0, most);
    default:
        return fit(rate->level, 0, most);
    }
}

double oriel_bits_cost(const struct oriel_bits *rate, enum oriel_bits_kind kind, size_t blocks, unsigned quantizer) {
    return (double)blocks * rate->cost[kind] * exp(-slopes[kind] * quantizer);
}

unsigned oriel_bits_quantizer(const struct oriel_bits *rate, enum oriel_bits_kind kind, size_t blocks, double bits,
                              unsigned min, unsigned max) {
    double all = (double)blocks * rate->cost[kind];
    if (bits <= 0)
        return all > 0 ? max : min;
    if (all <= bits)
        return min;
    return (unsigned)fit(ceil(log(all / bits) / slopes[kind]), min, max);
}

void oriel_bits_spend(struct oriel_bits *rate, double bits) {
    rate->level = fmax(rate->level - bits, -rate->capacity);
}

/* What moves gets dearer, or cheaper, from all distances: from those that nobody knows, and, once this one is known,
 * from all. */
static void learn_distances(struct oriel_bits *rate, enum oriel_bits_kind kind, double change) {
    for (unsigned other = ORIEL_BITS_MOTION; other <= ORIEL_BITS_MOTION_8; other++)
        if (other != kind && (rate->known[kind] || (other > kind && !rate->known[other])))
            rate->cost[other] = fit(rate->cost[other] * change, COST_MIN, COST_MAX);
}

void oriel_bits_learn(struct oriel_bits *rate, enum oriel_bits_kind kind, size_t blocks, unsigned quantizer,
                      double bits) {
    if (!blocks)
        return;
    double seen = fit(bits / (double)blocks * exp(slopes[kind] * quantizer), COST_MIN, COST_MAX);
    /* Dearer than thought counts at once, cheaper by and by: too coarse for a moment is better than too late. */
    double before = rate->cost[kind];
    rate->cost[kind] = seen > before ? (before + 3 * seen) / 4 : (2 * before + seen) / 3;
    if (oriel_bits_is_motion(kind))
        learn_distances(rate, kind, rate->cost[kind] / before);
    rate->known[kind] = true;
}

void oriel_bits_moved(struct oriel_bits *rate, double seconds) {
    rate->interval = (3 * rate->interval + fit(seconds, 0.01, INTERVAL_MAX)) / 4;
}
