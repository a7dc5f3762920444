/* Which way to begin when, and which one to take: the logic of it, without a socket or a clock.
 *
 * Policy: ways are in order of preference. They begin one after the other, a quarter of a second apart at most and all
 * of them within half of the time given; at once when those before have failed. Until that half is over, a way that
 * works waits for the preferred ones that may still answer; from then on the first that works is taken. So a fallback
 * is there well within the time, and a slow but preferred way is not given up early.
 * The way that worked last time begins at once, beside the first, and is taken when it works, after 50 ms at the
 * earliest: with UDP preferred and usable, its one round trip still comes before the three or more of TLS. When it
 * fails while others are still waited for (a server that restarts refuses, where a blocked way says nothing) it is
 * tried again each 300 ms. Pure functions. */
#ifndef ORIEL_EGRESS_RACE_H
#define ORIEL_EGRESS_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uri.h"

enum oriel_way { ORIEL_WAY_WAITING, ORIEL_WAY_BEGUN, ORIEL_WAY_WORKS, ORIEL_WAY_FAILED };

struct oriel_race {
    int64_t began, patience;
    size_t count;
    int remembered; /* -1: none */
    int64_t again;  /* when that one, which has failed, is tried again; 0: it has not */
    enum oriel_way ways[ORIEL_SERVERS_MAX];
};

enum { ORIEL_RACE_OPEN = -1, ORIEL_RACE_LOST = -2 };

void oriel_race_begin(struct oriel_race *r, size_t count, int remembered, int64_t time_given, int64_t now);
/* A way that has begun works, or has failed. */
void oriel_race_note(struct oriel_race *r, size_t i, bool works, int64_t now);
/* A way that is to begin now, -1 when there is none. */
int oriel_race_start(const struct oriel_race *r, int64_t now);
/* The way to take; RACE_OPEN: not decided; RACE_LOST: all have failed. */
int oriel_race_winner(const struct oriel_race *r, int64_t now);
/* When to ask again, if nothing happens; INT64_MAX: never. */
int64_t oriel_race_time(const struct oriel_race *r, int64_t now);

#endif
