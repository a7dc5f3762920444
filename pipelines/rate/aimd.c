/* See aimd.h. */
#include "aimd.h"

#include <math.h>

#define BETA 0.85
#define TOO_DEEP 0.6 /* of what arrives */
#define LESS 5e3
#define PER_SECOND 1.08
#define SLOWEST 4e3
#define TRIP_MIN (10 * ORIEL_MILLISECOND)
#define TRIP_MAX (200 * ORIEL_MILLISECOND)
#define ALPHA 0.05
#define ALPHA_PROBE 0.5
#define DEVIATION_MIN 0.4
#define DEVIATION_MAX 2.5
#define PICTURES 30
#define PACKET 1200

void oriel_aimd_start(struct oriel_aimd *a, double rate, double min, double max) {
    *a = (struct oriel_aimd){.rate = rate, .min = min, .max = max, .changed = -1, .decreased = -1};
}

static double fit(const struct oriel_aimd *a, double rate) {
    return fmin(fmax(rate, a->min), a->max);
}

static void learn(struct oriel_aimd *a, double rate, double alpha) {
    double kbits = rate / 1e3;
    a->capacity = a->capacity > 0 ? (1 - alpha) * a->capacity + alpha * kbits : kbits;
    double off = a->capacity - kbits;
    a->deviation = (1 - alpha) * a->deviation + alpha * off * off / fmax(a->capacity, 1);
    a->deviation = fmin(fmax(a->deviation, DEVIATION_MIN), DEVIATION_MAX);
}

/* bit/s that the capacity is believed to be off by, at most. */
static double slack(const struct oriel_aimd *a) {
    return 3 * sqrt(a->deviation * a->capacity) * 1e3;
}

static void increase(struct oriel_aimd *a, double acked, int64_t trip, int64_t now) {
    double seconds = fmin((double)(now - a->changed) / ORIEL_SECOND, 1);
    if (a->capacity > 0 && acked > a->capacity * 1e3 + slack(a))
        a->capacity = 0;
    double rate;
    if (a->capacity > 0) {
        double picture = a->rate / 8 / PICTURES, packets = ceil(picture / PACKET);
        double response = (double)(trip + 100 * ORIEL_MILLISECOND) / ORIEL_SECOND;
        rate = a->rate + fmax(SLOWEST, picture / packets * 8 / (2 * response)) * seconds;
    } else
        rate = fmax(a->rate * pow(PER_SECOND, seconds), a->rate + 1e3 * seconds);
    double most = acked > 0 ? 1.5 * acked + 10e3 : rate;
    if (most > a->rate)
        a->rate = fit(a, fmin(rate, most));
}

static void decrease(struct oriel_aimd *a, double acked, int64_t now) {
    double rate = acked > 0 ? BETA * acked - LESS : BETA * a->rate;
    if (rate > a->rate && a->capacity > 0)
        rate = BETA * a->capacity * 1e3;
    a->rate = fit(a, fmin(rate, a->rate));
    if (acked > 0) {
        if (a->capacity > 0 && acked < a->capacity * 1e3 - slack(a))
            a->capacity = 0;
        learn(a, acked, ALPHA);
    }
    a->state = ORIEL_AIMD_HOLD;
    a->decreased = now;
}

double oriel_aimd_update(struct oriel_aimd *a, enum oriel_rate_use use, double acked, int64_t trip, bool limited,
                         int64_t now) {
    if (a->changed < 0)
        a->changed = now;
    int64_t interval = trip < TRIP_MIN ? TRIP_MIN : trip > TRIP_MAX ? TRIP_MAX : trip;
    switch (use) {
    case ORIEL_RATE_NORMAL:
        if (a->state != ORIEL_AIMD_INCREASE) {
            a->state = ORIEL_AIMD_INCREASE;
            a->changed = now;
        }
        if (!limited)
            increase(a, acked, trip, now);
        a->changed = now;
        break;
    case ORIEL_RATE_OVERUSED:
        if (a->decreased < 0 || now - a->decreased >= interval)
            decrease(a, acked, now);
        break;
    case ORIEL_RATE_UNDERUSED:
        a->state = ORIEL_AIMD_HOLD;
        break;
    }
    return a->rate;
}

void oriel_aimd_corrected(struct oriel_aimd *a, double acked, int64_t now) {
    if (a->rate < TOO_DEEP * acked)
        oriel_aimd_set(a, BETA * acked - LESS, now);
}

void oriel_aimd_probed(struct oriel_aimd *a, double rate, int64_t now) {
    learn(a, rate, ALPHA_PROBE);
    if (rate > a->rate) {
        a->rate = fit(a, rate);
        a->changed = now;
    }
}

void oriel_aimd_set(struct oriel_aimd *a, double rate, int64_t now) {
    a->rate = fit(a, rate);
    a->changed = now;
}
