/* See budget.h. */
#include "budget.h"

#include <glib.h>
#include <math.h>

enum { BURST_MIN = 3 * 1200 };

/* Before anything can have changed nobody needs to ask again. */
#define PATIENCE (5 * ORIEL_MILLISECOND)
#define HELD (40 * ORIEL_MILLISECOND)

struct oriel_budget {
    GMutex lock;
    double bytes_per_second;
    double level; /* bytes that may leave; below 0: debt */
    int64_t at;   /* when `level` was right */
    int64_t pictured_at, trip;
    double loss;
    bool lend, hold;
    size_t cap; /* 0: none */
    size_t waiting[ORIEL_BUDGET_CLASSES], in_flight[ORIEL_BUDGET_CLASSES];
    uint64_t sent[ORIEL_BUDGET_CLASSES];
    void (*heard)(void *user, const struct oriel_budget_ack *acks, size_t count, int64_t now);
    void *user;
};

static double burst(const struct oriel_budget *b) {
    return fmax(BURST_MIN, b->bytes_per_second * ORIEL_BUDGET_BURST / ORIEL_SECOND);
}

static void advance(struct oriel_budget *b, int64_t now) {
    if (now <= b->at)
        return;
    b->level = fmin(burst(b), b->level + b->bytes_per_second * (double)(now - b->at) / ORIEL_SECOND);
    b->at = now;
}

struct oriel_budget *oriel_budget_new(double bits_per_second, int64_t now) {
    struct oriel_budget *b = g_new0(struct oriel_budget, 1);
    g_mutex_init(&b->lock);
    b->bytes_per_second = bits_per_second / 8;
    b->level = burst(b);
    b->at = now;
    b->pictured_at = now - ORIEL_BUDGET_QUIET;
    b->lend = true;
    return b;
}

void oriel_budget_free(struct oriel_budget *b) {
    if (!b)
        return;
    g_mutex_clear(&b->lock);
    g_free(b);
}

double oriel_budget_target(struct oriel_budget *b) {
    g_mutex_lock(&b->lock);
    double target = b->bytes_per_second * 8;
    g_mutex_unlock(&b->lock);
    return target;
}

static size_t sum(const size_t *of, unsigned count) {
    size_t all = 0;
    for (unsigned i = 0; i < count; i++)
        all += of[i];
    return all;
}

/* What is on its way, for whoever looks at the cap. */
static size_t on_its_way(const struct oriel_budget *b, enum oriel_budget_class class) {
    size_t tiles = b->in_flight[ORIEL_BUDGET_TILES];
    return sum(b->in_flight, ORIEL_BUDGET_TILES) + (class == ORIEL_BUDGET_TILES ? tiles : MIN(tiles, b->cap / 2));
}

static void count_sent(struct oriel_budget *b, enum oriel_budget_class class, size_t bytes) {
    b->level -= (double)bytes;
    b->in_flight[class] += bytes;
    b->sent[class] += bytes;
    if (class == ORIEL_BUDGET_VIDEO)
        b->pictured_at = b->at;
}

bool oriel_budget_take(struct oriel_budget *b, enum oriel_budget_class class, size_t bytes, int64_t now,
                       int64_t *again) {
    g_mutex_lock(&b->lock);
    advance(b, now);
    double floor = class == ORIEL_BUDGET_TILES ? 0 : -burst(b);
    /* More than a burst at once: when the bucket is full, or never. */
    double needed = fmin(class == ORIEL_BUDGET_TILES ? (double)bytes : 0, burst(b));
    double missing = class == ORIEL_BUDGET_AUDIO ? 0 : floor + needed - b->level;
    bool full = class != ORIEL_BUDGET_AUDIO && b->cap && on_its_way(b, class) + bytes > b->cap;
    bool behind = sum(b->waiting, class) > 0;
    bool good = missing <= 0 && !full && !behind;
    if (good)
        count_sent(b, class, bytes);
    else {
        int64_t wait = missing > 0 ? (int64_t)ceil(missing / b->bytes_per_second * ORIEL_SECOND) : 0;
        *again = now + (full || behind ? MAX(wait, PATIENCE) : MAX(wait, 1));
    }
    g_mutex_unlock(&b->lock);
    return good;
}

bool oriel_budget_borrow(struct oriel_budget *b, size_t bytes, int64_t now) {
    g_mutex_lock(&b->lock);
    advance(b, now);
    bool good = b->lend && !sum(b->waiting, ORIEL_BUDGET_TILES) && b->at - b->pictured_at >= ORIEL_BUDGET_QUIET;
    double before = b->level;
    if (good) {
        count_sent(b, ORIEL_BUDGET_TILES, bytes);
        b->level = fmax(b->level, fmin(before, 0));
    }
    g_mutex_unlock(&b->lock);
    return good;
}

void oriel_budget_spend(struct oriel_budget *b, enum oriel_budget_class class, size_t bytes, int64_t now) {
    g_mutex_lock(&b->lock);
    advance(b, now);
    count_sent(b, class, bytes);
    g_mutex_unlock(&b->lock);
}

void oriel_budget_wait(struct oriel_budget *b, enum oriel_budget_class class, size_t bytes) {
    g_mutex_lock(&b->lock);
    b->waiting[class] = bytes;
    g_mutex_unlock(&b->lock);
}

int64_t oriel_budget_ready(struct oriel_budget *b, int64_t now) {
    g_mutex_lock(&b->lock);
    advance(b, now);
    double owed = (double)sum(b->waiting, ORIEL_BUDGET_VIDEO + 1) - b->level;
    int64_t wait = owed > 0 ? (int64_t)ceil(owed / b->bytes_per_second * ORIEL_SECOND) : 0;
    size_t away = on_its_way(b, ORIEL_BUDGET_VIDEO) + sum(b->waiting, ORIEL_BUDGET_VIDEO + 1);
    if (b->cap && away > b->cap)
        wait = MAX(wait, (int64_t)ceil((double)(away - b->cap) / b->bytes_per_second * ORIEL_SECOND));
    if (b->hold && b->in_flight[ORIEL_BUDGET_VIDEO] + b->waiting[ORIEL_BUDGET_VIDEO])
        wait = MAX(wait, HELD);
    g_mutex_unlock(&b->lock);
    return now + wait;
}

void oriel_budget_acked(struct oriel_budget *b, const struct oriel_budget_ack *acks, size_t count, int64_t now) {
    for (size_t i = 0; i < count; i++)
        oriel_budget_left(b, ORIEL_BUDGET_TILES, acks[i].bytes);
    if (b->heard)
        b->heard(b->user, acks, count, now);
}

void oriel_budget_renew(struct oriel_budget *b, int64_t now) {
    g_mutex_lock(&b->lock);
    for (unsigned i = 0; i < ORIEL_BUDGET_CLASSES; i++)
        b->in_flight[i] = b->waiting[i] = 0;
    b->cap = 0;
    b->level = burst(b);
    b->at = now;
    g_mutex_unlock(&b->lock);
}

void oriel_budget_set(struct oriel_budget *b, double bits_per_second, size_t cap, int64_t now) {
    g_mutex_lock(&b->lock);
    advance(b, now);
    b->bytes_per_second = bits_per_second / 8;
    b->level = fmin(b->level, burst(b));
    b->cap = cap;
    g_mutex_unlock(&b->lock);
}

void oriel_budget_tell_path(struct oriel_budget *b, int64_t trip, double loss) {
    g_mutex_lock(&b->lock);
    b->trip = trip;
    b->loss = loss;
    g_mutex_unlock(&b->lock);
}

int64_t oriel_budget_trip(struct oriel_budget *b) {
    g_mutex_lock(&b->lock);
    int64_t trip = b->trip;
    g_mutex_unlock(&b->lock);
    return trip;
}

double oriel_budget_loss(struct oriel_budget *b) {
    g_mutex_lock(&b->lock);
    double loss = b->loss;
    g_mutex_unlock(&b->lock);
    return loss;
}

void oriel_budget_hold(struct oriel_budget *b, bool hold) {
    g_mutex_lock(&b->lock);
    b->hold = hold;
    g_mutex_unlock(&b->lock);
}

void oriel_budget_lend(struct oriel_budget *b, bool lend) {
    g_mutex_lock(&b->lock);
    b->lend = lend;
    g_mutex_unlock(&b->lock);
}

void oriel_budget_left(struct oriel_budget *b, enum oriel_budget_class class, size_t bytes) {
    g_mutex_lock(&b->lock);
    b->in_flight[class] -= MIN(b->in_flight[class], bytes);
    g_mutex_unlock(&b->lock);
}

static size_t in_flight(struct oriel_budget *b, unsigned classes) {
    g_mutex_lock(&b->lock);
    size_t all = sum(b->in_flight, classes);
    g_mutex_unlock(&b->lock);
    return all;
}

size_t oriel_budget_in_flight(struct oriel_budget *b) {
    return in_flight(b, ORIEL_BUDGET_CLASSES);
}

size_t oriel_budget_rtp_in_flight(struct oriel_budget *b) {
    return in_flight(b, ORIEL_BUDGET_TILES);
}

size_t oriel_budget_waiting(struct oriel_budget *b, int64_t *takes) {
    g_mutex_lock(&b->lock);
    size_t all = sum(b->waiting, ORIEL_BUDGET_CLASSES);
    *takes = (int64_t)((double)all / b->bytes_per_second * ORIEL_SECOND);
    g_mutex_unlock(&b->lock);
    return all;
}

uint64_t oriel_budget_sent(struct oriel_budget *b, enum oriel_budget_class class) {
    g_mutex_lock(&b->lock);
    uint64_t sent = b->sent[class];
    g_mutex_unlock(&b->lock);
    return sent;
}

void oriel_budget_listen(struct oriel_budget *b,
                         void (*heard)(void *user, const struct oriel_budget_ack *acks, size_t count, int64_t now),
                         void *user) {
    b->user = user;
    b->heard = heard;
}
