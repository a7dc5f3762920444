/* See shortest.h. */
#include "shortest.h"

#include "clock.h"

#define WINDOW (10 * ORIEL_SECOND)

void oriel_shortest_start(struct oriel_shortest *s, int64_t now) {
    *s = (struct oriel_shortest){INT64_MAX, INT64_MAX, now};
}

void oriel_shortest_add(struct oriel_shortest *s, int64_t value, int64_t now) {
    if (now - s->since > WINDOW) {
        s->before = s->now;
        s->now = INT64_MAX;
        s->since = now;
    }
    s->now = value < s->now ? value : s->now;
}

int64_t oriel_shortest_get(const struct oriel_shortest *s, int64_t otherwise) {
    int64_t least = s->now < s->before ? s->now : s->before;
    return least == INT64_MAX ? otherwise : least;
}
