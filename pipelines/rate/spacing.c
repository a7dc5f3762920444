/* See spacing.h. */
#include "spacing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define ALIKE 0.25

enum { PACKETS_MIN = 3 };

void oriel_spacing_add(struct oriel_spacing *s, double bytes, int64_t took) {
    if (bytes > 0 && s->count < ORIEL_SPACING_MEMORY)
        s->each[s->count] = (double)took / bytes;
    s->count++;
    s->bytes += bytes;
    s->took += took;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How much of them came equally far apart, and then what these say; else 0. */
static double usual(const struct oriel_spacing *s, double *share) {
    double sorted[ORIEL_SPACING_MEMORY];
    unsigned count = s->count < ORIEL_SPACING_MEMORY ? s->count : ORIEL_SPACING_MEMORY, alike = 0;
    if (count < PACKETS_MIN)
        return 0;
    memcpy(sorted, s->each, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, ascending);
    double middle = sorted[count / 2];
    for (unsigned i = 0; i < count; i++)
        alike += fabs(sorted[i] - middle) <= ALIKE * middle;
    *share = (double)alike / count;
    return middle > 0 && *share > 0.5 ? 8 * ORIEL_SECOND / middle : 0;
}

double oriel_spacing_rate(const struct oriel_spacing *s) {
    double share, all = s->took > 0 ? s->bytes * 8 * ORIEL_SECOND / (double)s->took : 0, most = usual(s, &share);
    return most <= 0 ? all : share >= 0.75 ? most : fmin(most, all);
}
