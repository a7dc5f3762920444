/* See alr.h. */
#include "alr.h"

#include <math.h>

#define USAGE 0.8
#define WINDOW 0.5 /* s */
#define START 0.4
#define STOP -0.6

void oriel_alr_start(struct oriel_alr *a, int64_t now) {
    *a = (struct oriel_alr){.at = now, .limited = true, .since = now};
}

void oriel_alr_sent(struct oriel_alr *a, size_t bytes, double target, int64_t now) {
    double rate = target / 8 * USAGE;
    a->most = rate * WINDOW;
    if (now > a->at) {
        a->level += rate * (double)(now - a->at) / ORIEL_SECOND;
        a->at = now;
    }
    a->level = fmin(fmax(a->level - (double)bytes, -a->most), a->most);
    bool limited = a->limited ? a->level >= STOP * a->most : a->level > START * a->most;
    if (limited != a->limited)
        a->since = now;
    a->limited = limited;
}
