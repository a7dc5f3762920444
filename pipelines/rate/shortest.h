/* The least of the last 10 to 20 s: of how long packets take, what the way itself does. Pure. */
#ifndef ORIEL_RATE_SHORTEST_H
#define ORIEL_RATE_SHORTEST_H

#include <stdint.h>

struct oriel_shortest {
    int64_t now, before, since; /* INT64_MAX: none */
};

void oriel_shortest_start(struct oriel_shortest *s, int64_t now);
void oriel_shortest_add(struct oriel_shortest *s, int64_t value, int64_t now);
int64_t oriel_shortest_get(const struct oriel_shortest *s, int64_t otherwise);

#endif
