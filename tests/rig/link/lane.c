/* lane.h says what. */
#include "lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct list {
    struct lane_packet *first, *last;
};

struct lane {
    struct lane_settings set;
    struct lane_counters count;
    struct list queue, flight; /* flight: by `due` */
    size_t queued;             /* bytes of the queue */
    int64_t began;             /* when the wire began with the first of the queue, or went on after a change */
    double left;               /* bits of it that were left then; < 0: not begun */
    int64_t order;             /* nothing that keeps its order is due earlier */
    int64_t wobble, wobble_until;
    int64_t waited;
    bool bad;
    uint64_t state;
};

struct lane *lane_new(uint64_t seed) {
    struct lane *lane = calloc(1, sizeof *lane);
    assert(lane);
    lane->left = -1;
    lane->state = seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u;
    return lane;
}

static void clear(struct list *list, uint64_t *counter) {
    for (struct lane_packet *p; (p = list->first);) {
        list->first = p->next;
        free(p);
        if (counter)
            ++*counter;
    }
    list->last = NULL;
}

void lane_free(struct lane *lane) {
    clear(&lane->queue, NULL);
    clear(&lane->flight, NULL);
    free(lane);
}

/* 0 … 1; xorshift64*. */
static double chance(struct lane *lane) {
    lane->state ^= lane->state >> 12;
    lane->state ^= lane->state << 25;
    lane->state ^= lane->state >> 27;
    return (double)((lane->state * 0x2545f4914f6cdd1du) >> 11) / (double)(UINT64_C(1) << 53);
}

static bool is_lost(struct lane *lane) {
    const struct lane_settings *set = &lane->set;
    double leave = set->length > 1 ? 1 / set->length : 1, enter = set->bad > 0 ? leave * set->bad / (1 - set->bad) : 0;
    if (chance(lane) < (lane->bad ? leave : enter))
        lane->bad = !lane->bad;
    return chance(lane) < set->loss || (lane->bad && chance(lane) < set->harm);
}

/* When the wire is done with the first of the queue. */
static int64_t finish(const struct lane *lane) {
    if (!lane->queue.first || lane->set.hold)
        return LANE_NEVER;
    double bits = lane->left >= 0 ? lane->left : (double)lane->queue.first->size * 8;
    return lane->set.rate > 0 ? lane->began + (int64_t)(bits * 1e9 / lane->set.rate) : lane->began;
}

static void fly(struct lane *lane, struct lane_packet *p, int64_t sent) {
    const struct lane_settings *set = &lane->set;
    if (sent >= lane->wobble_until) {
        lane->wobble = (int64_t)(chance(lane) * (double)set->jitter);
        lane->wobble_until = sent + set->jitter;
    }
    p->due = sent + set->delay + lane->wobble;
    if (p->due < lane->order)
        p->due = lane->order;
    if (chance(lane) < set->reorder) {
        p->due += set->late;
        lane->count.reordered++;
    } else {
        lane->order = p->due;
    }
    struct lane_packet **at = &lane->flight.first;
    if (lane->flight.last && lane->flight.last->due <= p->due)
        at = &lane->flight.last->next;
    while (*at && (*at)->due <= p->due)
        at = &(*at)->next;
    p->next = *at;
    *at = p;
    if (!p->next)
        lane->flight.last = p;
}

static void begin(struct lane *lane, int64_t at) {
    struct lane_packet *p = lane->queue.first;
    lane->began = at;
    lane->left = p ? (double)p->size * 8 : -1;
    if (p && at - p->arrived > lane->waited)
        lane->waited = at - p->arrived;
}

/* Lets the wire do what it would have done by now. */
static void advance(struct lane *lane, int64_t now) {
    for (int64_t done; (done = finish(lane)) <= now;) {
        struct lane_packet *p = lane->queue.first;
        lane->queue.first = p->next;
        if (!p->next)
            lane->queue.last = NULL;
        lane->queued -= p->size;
        lane->count.wire_packets++;
        lane->count.wire_bytes += p->size;
        begin(lane, done);
        if (is_lost(lane)) {
            lane->count.lost++;
            free(p);
        } else {
            fly(lane, p, done);
        }
    }
}

const struct lane_settings *lane_settings(const struct lane *lane) {
    return &lane->set;
}

void lane_set(struct lane *lane, const struct lane_settings *settings, int64_t now) {
    advance(lane, now);
    if (lane->queue.first && lane->left >= 0) { /* what is half on the wire stays so */
        if (!lane->set.hold && lane->set.rate > 0)
            lane->left -= (double)(now - lane->began) * lane->set.rate / 1e9;
        if (lane->left < 0)
            lane->left = 0;
        lane->began = now;
    }
    if (settings->jitter != lane->set.jitter)
        lane->wobble_until = now;
    lane->set = *settings;
    if (settings->bad <= 0)
        lane->bad = false;
    if (settings->cut) {
        clear(&lane->queue, &lane->count.cut);
        clear(&lane->flight, &lane->count.cut);
        lane->queued = 0;
        begin(lane, now);
    }
}

/* Bytes that may wait. */
static double room(const struct lane_settings *set) {
    double most = LANE_MOST_BYTES;
    if (set->queue_bytes > 0 && set->queue_bytes < most)
        most = set->queue_bytes;
    double timed = set->rate * (double)set->queue_time / 8e9;
    return timed > 0 && timed < most ? timed : most;
}

void lane_push(struct lane *lane, const void *bytes, size_t size, int64_t now) {
    advance(lane, now);
    lane->count.in_packets++;
    lane->count.in_bytes += size;
    if (lane->set.cut) {
        lane->count.cut++;
        return;
    }
    /* One that finds nobody waiting before it is taken in any case. */
    if (lane->queue.first && (double)(lane_queued(lane) + size) > room(&lane->set)) {
        lane->count.dropped++;
        return;
    }
    struct lane_packet *p = malloc(sizeof *p + size);
    assert(p);
    *p = (struct lane_packet){.arrived = now, .size = size};
    memcpy(p->bytes, bytes, size);
    if (lane->queue.last)
        lane->queue.last->next = p;
    else
        lane->queue.first = p;
    lane->queue.last = p;
    lane->queued += size;
    if (lane->queue.first == p)
        begin(lane, now);
    advance(lane, now);
}

struct lane_packet *lane_take(struct lane *lane, int64_t now) {
    advance(lane, now);
    struct lane_packet *p = lane->flight.first;
    if (!p || p->due > now)
        return NULL;
    lane->flight.first = p->next;
    if (!p->next)
        lane->flight.last = NULL;
    lane->count.out_packets++;
    lane->count.out_bytes += p->size;
    return p;
}

int64_t lane_next(const struct lane *lane) {
    int64_t done = finish(lane);
    return lane->flight.first && lane->flight.first->due < done ? lane->flight.first->due : done;
}

const struct lane_counters *lane_counters(const struct lane *lane) {
    return &lane->count;
}

size_t lane_queued(const struct lane *lane) {
    return lane->queued - (lane->queue.first && !lane->set.hold ? lane->queue.first->size : 0);
}

int64_t lane_waited(struct lane *lane, int64_t now) {
    advance(lane, now);
    int64_t most = lane->waited;
    lane->waited = 0;
    /* Under hold the first waits, too; else it is on the wire. */
    struct lane_packet *p = lane->queue.first && !lane->set.hold ? lane->queue.first->next : lane->queue.first;
    if (p && now - p->arrived > most)
        most = now - p->arrived;
    return most;
}
