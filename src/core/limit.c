/* See limit.h. */
#include "limit.h"

#include <string.h>

#include "clock.h"

enum { AGENTS = 64, HELLO = 4 };

struct bucket {
    double holds;
    gint64 at; /* boot time of that */
};

static const struct kind { double most, a_second; } of_agent = {256, 16}, of_all = {512, 64};

struct oriel_limit {
    GHashTable *agents; /* id -> struct bucket */
    struct bucket all;
};

static struct bucket full(const struct kind *kind) {
    return (struct bucket){kind->most, oriel_boottime()};
}

static double fill(struct bucket *b, const struct kind *kind) {
    gint64 now = oriel_boottime();
    b->holds = MIN(kind->most, b->holds + (double)(now - b->at) / ORIEL_SECOND * kind->a_second);
    b->at = now;
    return b->holds;
}

struct oriel_limit *oriel_limit_new(void) {
    struct oriel_limit *l = g_new0(struct oriel_limit, 1);
    l->agents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    l->all = full(&of_all);
    return l;
}

void oriel_limit_free(struct oriel_limit *l) {
    if (l)
        g_hash_table_unref(l->agents);
    g_free(l);
}

/* Whoever is forgotten begins with a full bucket: best the one that is full anyway. */
static void make_room(struct oriel_limit *l) {
    GHashTableIter iter;
    gpointer agent, bucket, fullest = NULL;
    double most = -1;
    g_hash_table_iter_init(&iter, l->agents);
    while (g_hash_table_iter_next(&iter, &agent, &bucket)) {
        double holds = fill(bucket, &of_agent);
        if (holds > most) {
            most = holds;
            fullest = agent;
        }
    }
    g_hash_table_remove(l->agents, fullest);
}

static struct bucket *bucket_of(struct oriel_limit *l, const char *agent) {
    struct bucket *b = g_hash_table_lookup(l->agents, agent);
    if (b)
        return b;
    if (g_hash_table_size(l->agents) >= AGENTS)
        make_room(l);
    b = g_new(struct bucket, 1);
    *b = full(&of_agent);
    g_hash_table_insert(l->agents, g_strdup(agent), b);
    return b;
}

bool oriel_limit_take(struct oriel_limit *l, const char *agent, bool hello, bool live) {
    struct bucket *own = bucket_of(l, agent);
    double cost = hello ? HELLO : 1;
    if (fill(own, &of_agent) < cost || (!live && fill(&l->all, &of_all) < cost))
        return false;
    own->holds -= cost;
    if (!live)
        l->all.holds -= cost;
    return true;
}
