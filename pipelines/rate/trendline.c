/* See trendline.h. */
#include "trendline.h"

#include <math.h>

#define MS(ns) ((double)(ns) / ORIEL_MILLISECOND)
#define SMOOTHING 0.9
#define GAIN 4.0
#define GROUPS_MAX 60
#define UP 0.0087
#define DOWN 0.039
#define THRESHOLD 12.5
#define THRESHOLD_MIN 6.0
#define THRESHOLD_MAX 600.0
#define OUTLIER 15.0
#define OVER_MS 10.0

void oriel_trendline_start(struct oriel_trendline *t) {
    *t = (struct oriel_trendline){.threshold = THRESHOLD, .over = -1};
}

/* Least squares; 0 when the points have no extent. */
static double slope(const struct oriel_trendline *t) {
    double x = 0, y = 0, above = 0, below = 0;
    for (unsigned i = 0; i < t->count; i++) {
        x += t->points[i].arrived / t->count;
        y += t->points[i].delay / t->count;
    }
    for (unsigned i = 0; i < t->count; i++) {
        double dx = t->points[i].arrived - x;
        above += dx * (t->points[i].delay - y);
        below += dx * dx;
    }
    return below > 0 ? above / below : 0;
}

static void adapt(struct oriel_trendline *t, int64_t now) {
    double off = fabs(t->trend) - t->threshold;
    double ms = t->updated ? fmin(MS(now - t->updated), 100) : 0;
    t->updated = now;
    if (off > OUTLIER)
        return; /* a jump, not a trend: of a link that changed */
    t->threshold += (off < 0 ? DOWN : UP) * off * ms;
    t->threshold = fmin(fmax(t->threshold, THRESHOLD_MIN), THRESHOLD_MAX);
}

static void detect(struct oriel_trendline *t, double sent_ms) {
    if (t->trend > t->threshold) {
        t->over = t->over < 0 ? sent_ms / 2 : t->over + sent_ms;
        t->overs++;
        if (t->over > OVER_MS && t->overs > 1 && t->trend >= t->before) {
            t->over = 0;
            t->overs = 0;
            t->use = ORIEL_RATE_OVERUSED;
        }
    } else {
        t->over = -1;
        t->overs = 0;
        t->use = t->trend < -t->threshold ? ORIEL_RATE_UNDERUSED : ORIEL_RATE_NORMAL;
    }
    t->before = t->trend;
}

enum oriel_rate_use oriel_trendline_add(struct oriel_trendline *t, int64_t sent, int64_t arrived, int64_t now) {
    if (!t->groups)
        t->first = now;
    t->groups++;
    t->delay += MS(arrived - sent);
    t->smoothed = SMOOTHING * t->smoothed + (1 - SMOOTHING) * t->delay;
    t->points[t->next].arrived = MS(now - t->first);
    t->points[t->next].delay = t->smoothed;
    t->next = (t->next + 1) % ORIEL_TRENDLINE_WINDOW;
    if (t->count < ORIEL_TRENDLINE_WINDOW)
        t->count++;
    if (t->groups < 2)
        return t->use;
    double s = t->count == ORIEL_TRENDLINE_WINDOW ? slope(t) : 0;
    t->trend = fmin(t->groups, GROUPS_MAX) * s * GAIN;
    detect(t, MS(sent));
    adapt(t, now);
    return t->use;
}
