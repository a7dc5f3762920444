/* Whether a queue builds up on the way: the slope of the delay over the last groups, against a threshold that adapts.
 *
 * Policy: GoogCC's trendline (draft-ietf-rmcat-gcc-02, section 4, with the line fit of libwebrtc): the delay is
 * smoothed (0.9) and a line is fitted through the last 20 groups; its slope, scaled by how many groups there were (at
 * most 60) and by 4, is overuse when it is over the threshold for more than 10 ms and at least two groups, and still
 * rising. The threshold follows the slope slowly (up 0.0087, down 0.039 per ms), within 6 .. 600. Pure. */
#ifndef ORIEL_RATE_TRENDLINE_H
#define ORIEL_RATE_TRENDLINE_H

#include "path.h"

enum { ORIEL_TRENDLINE_WINDOW = 20 };

struct oriel_trendline {
    struct {
        double arrived, delay; /* ms */
    } points[ORIEL_TRENDLINE_WINDOW];
    unsigned count, next, groups;
    int64_t first, updated; /* arrival times; `updated`: of the threshold */
    double delay, smoothed; /* ms: accumulated */
    double trend, before, threshold;
    double over; /* ms that it has been over the threshold; -1: it has not */
    unsigned overs;
    enum oriel_rate_use use;
};

void oriel_trendline_start(struct oriel_trendline *t);

/* A group was sent and has arrived that much after the one before, ns, at `now` by the receiver's clock. */
enum oriel_rate_use oriel_trendline_add(struct oriel_trendline *t, int64_t sent, int64_t arrived, int64_t now);

#endif
