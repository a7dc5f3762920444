/* The rate that packets one behind the other speak for, by how far apart they came.
 *
 * Policy: all of their bytes over all of the time, but a radio hands out packets late and together, which makes a few
 * of them seem quick or slow. If most of them came equally far apart (within a quarter, for their size), the rate is no
 * more than these say, and if three of four did, just that. Pure. */
#ifndef ORIEL_RATE_SPACING_H
#define ORIEL_RATE_SPACING_H

#include <stdbool.h>
#include <stdint.h>

enum { ORIEL_SPACING_MEMORY = 64 };

struct oriel_spacing {
    unsigned count; /* of all; `each`: ns for a byte, of as many as there is room for */
    double each[ORIEL_SPACING_MEMORY];
    double bytes;
    int64_t took;
};

/* One more: so many bytes, so long after the one before. */
void oriel_spacing_add(struct oriel_spacing *s, double bytes, int64_t took);

/* By the policy above; 0: they say nothing. */
double oriel_spacing_rate(const struct oriel_spacing *s);

#endif
