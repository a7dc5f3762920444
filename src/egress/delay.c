/* See delay.h. */
#include "delay.h"

#include <stdlib.h>

void oriel_delay_add(struct oriel_delay *d, int64_t ns) {
    int64_t us = ns < 0 ? 0 : ns / 1000;
    uint32_t sample = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    d->samples[d->count++ % ORIEL_DELAY_SAMPLES] = sample;
    if (sample > d->max)
        d->max = sample;
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void oriel_delay_take(struct oriel_delay *d, uint32_t *p50, uint32_t *max) {
    uint32_t n = d->count < ORIEL_DELAY_SAMPLES ? d->count : ORIEL_DELAY_SAMPLES;
    qsort(d->samples, n, sizeof *d->samples, compare);
    *p50 = n ? d->samples[n / 2] : 0;
    *max = d->max;
    d->count = d->max = 0;
}
