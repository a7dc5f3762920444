/* See race.h. */
#include "race.h"

#include "clock.h"

#define APART_MAX (250 * ORIEL_MILLISECOND)
/* So much the preferred one has in any case: on a short way it is the machines' load that decides who comes first. */
#define PATIENCE_MIN (50 * ORIEL_MILLISECOND)
#define AGAIN (300 * ORIEL_MILLISECOND)

void oriel_race_begin(struct oriel_race *r, size_t count, int remembered, int64_t time_given, int64_t now) {
    *r = (struct oriel_race){.began = now, .patience = time_given / 2, .count = count, .remembered = remembered};
}

static int64_t start_of(const struct oriel_race *r, size_t i) {
    int64_t apart = r->patience / (int64_t)r->count;
    if (apart > APART_MAX)
        apart = APART_MAX;
    return (int)i == r->remembered ? r->began : r->began + (int64_t)i * apart;
}

static bool all_before_failed(const struct oriel_race *r, size_t i) {
    while (i-- > 0)
        if (r->ways[i] != ORIEL_WAY_FAILED)
            return false;
    return true;
}

void oriel_race_note(struct oriel_race *r, size_t i, bool works, int64_t now) {
    r->ways[i] = works ? ORIEL_WAY_WORKS : ORIEL_WAY_FAILED;
    if ((int)i == r->remembered)
        r->again = works ? 0 : now + AGAIN;
}

static bool tried_again(const struct oriel_race *r) {
    return r->again && r->ways[r->remembered] == ORIEL_WAY_FAILED && !all_before_failed(r, r->count);
}

int oriel_race_start(const struct oriel_race *r, int64_t now) {
    if (tried_again(r) && now >= r->again)
        return r->remembered;
    for (size_t i = 0; i < r->count; i++)
        if (r->ways[i] == ORIEL_WAY_WAITING && (now >= start_of(r, i) || all_before_failed(r, i)))
            return (int)i;
    return -1;
}

/* How long a way that works waits for the preferred ones. */
static int64_t patience(const struct oriel_race *r) {
    bool known = r->remembered >= 0 && r->ways[r->remembered] == ORIEL_WAY_WORKS;
    return known && PATIENCE_MIN < r->patience ? PATIENCE_MIN : r->patience;
}

int oriel_race_winner(const struct oriel_race *r, int64_t now) {
    size_t best = 0;
    while (best < r->count && r->ways[best] != ORIEL_WAY_WORKS)
        best++;
    if (best == r->count)
        return all_before_failed(r, r->count) ? ORIEL_RACE_LOST : ORIEL_RACE_OPEN;
    return all_before_failed(r, best) || now - r->began >= patience(r) ? (int)best : ORIEL_RACE_OPEN;
}

int64_t oriel_race_time(const struct oriel_race *r, int64_t now) {
    int64_t time = tried_again(r) ? r->again : INT64_MAX;
    for (size_t i = 0; i < r->count; i++) {
        if (r->ways[i] == ORIEL_WAY_WAITING && start_of(r, i) < time)
            time = start_of(r, i);
        if (r->ways[i] == ORIEL_WAY_WORKS && r->began + patience(r) < time)
            time = r->began + patience(r);
    }
    return time;
}
