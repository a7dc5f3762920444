/* See flight.h. */
#include "flight.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MIN (30 * ORIEL_MILLISECOND)
#define PATIENCE_MAX (3 * ORIEL_SECOND)
#define PATIENCE_FIRST (200 * ORIEL_MILLISECOND)
#define QUEUE_SHORT (25 * ORIEL_MILLISECOND) /* beyond the shortest round trip: no reason to send less */
#define QUEUE_LONG (60 * ORIEL_MILLISECOND)
#define SHORTEST_TIME (10 * ORIEL_SECOND)
#define STOOD_TIME (20 * ORIEL_SECOND)
#define LATELY (300 * ORIEL_MILLISECOND)
#define OVERTAKEN (30 * ORIEL_MILLISECOND) /* what was sent so much later has come: it is lost */
#define HELD_MAX (20 * ORIEL_MILLISECOND)  /* what the budget says when it refuses may be outdated by then */

enum { WINDOW_FIRST = 12 * 1024, WINDOW_MIN = 6 * 1024, WINDOW_MAX = 1024 * 1024, DOUBLINGS_MAX = 4 };

enum { FEW = 4 }; /* tiles of less than this part of the rate are not what fills a queue */

void oriel_flight_start(struct oriel_flight *f, struct oriel_budget *budget) {
    *f = (struct oriel_flight){.window = WINDOW_FIRST, .budget = budget};
}

void oriel_tile_free(struct oriel_tile *tile) {
    if (!tile)
        return;
    free(tile->bytes);
    free(tile->chunks);
    free(tile);
}

void oriel_flight_clear(struct oriel_flight *f) {
    while (f->count)
        oriel_tile_free(oriel_flight_take(f, f->count - 1));
    for (; f->budget && f->ack_count; f->ack_count--)
        oriel_budget_left(f->budget, ORIEL_BUDGET_TILES, f->acks[f->ack_count - 1].bytes);
    f->window = WINDOW_FIRST;
    f->trip = f->deviation = f->shortest = f->shortest_now = f->shrunk_at = 0;
    f->queued = false;
    f->least = f->least_before = f->stood_at = 0;
}

static size_t chunk_length(const struct oriel_tile *tile, unsigned chunk) {
    if (!tile->bytes)
        return ORIEL_EXACT_CHUNK_HEAD;
    if (tile->small)
        return ORIEL_EXACT_SMALL_HEAD + tile->length;
    size_t rest = tile->length - (size_t)chunk * ORIEL_EXACT_CHUNK_MAX;
    return ORIEL_EXACT_CHUNK_HEAD + (rest < ORIEL_EXACT_CHUNK_MAX ? rest : ORIEL_EXACT_CHUNK_MAX);
}

bool oriel_flight_add(struct oriel_flight *f, const struct oriel_exact_tile_head *head, uint8_t *bytes, size_t length,
                      int64_t now) {
    size_t count = bytes ? (length + ORIEL_EXACT_CHUNK_MAX - 1) / ORIEL_EXACT_CHUNK_MAX : 1;
    struct oriel_tile *tile = calloc(1, sizeof *tile);
    if (tile)
        tile->chunks = calloc(count ? count : 1, sizeof *tile->chunks);
    if (!tile || !tile->chunks || !count || count > UINT16_MAX || f->count == ORIEL_FLIGHT_TILES) {
        free(bytes);
        oriel_tile_free(tile);
        return false;
    }
    tile->head = *head;
    tile->head.count = (uint16_t)count;
    tile->bytes = bytes;
    tile->length = length;
    tile->made = now;
    f->tiles[f->count++] = tile;
    return true;
}

bool oriel_flight_add_small(struct oriel_flight *f, const struct oriel_exact_tile_head *head, uint8_t *bytes,
                            size_t length, int64_t now) {
    if (!oriel_flight_add(f, head, bytes, length, now))
        return false;
    struct oriel_tile *tile = f->tiles[f->count - 1];
    tile->small = true;
    tile->next = 1;
    tile->chunks[0] = (struct oriel_flight_chunk){.sent = now, .times = 1};
    f->small_at = now;
    f->in_flight += chunk_length(tile, 0);
    if (f->budget)
        oriel_budget_spend(f->budget, ORIEL_BUDGET_TILES, chunk_length(tile, 0), now);
    return true;
}

/* ---- the budget ---- */

/* Nothing waits for the budget any more. */
static void release(struct oriel_flight *f) {
    if (f->held)
        oriel_budget_wait(f->budget, ORIEL_BUDGET_TILES, 0);
    f->held = 0;
}

/* Asks; if it may not, says what waits. */
static bool may_leave(struct oriel_flight *f, size_t bytes, int64_t now) {
    int64_t again;
    if (!f->budget)
        return true;
    if (oriel_budget_take(f->budget, ORIEL_BUDGET_TILES, bytes, now, &again) ||
        oriel_budget_borrow(f->budget, bytes, now)) {
        release(f);
        return true;
    }
    size_t waiting = bytes;
    for (unsigned i = 0; i < f->count; i++)
        for (unsigned k = f->tiles[i]->next; k < f->tiles[i]->head.count; k++)
            waiting += chunk_length(f->tiles[i], k);
    oriel_budget_wait(f->budget, ORIEL_BUDGET_TILES, waiting);
    f->held = again < now + HELD_MAX ? again : now + HELD_MAX;
    return false;
}

/* What became of a sending of which nothing is to be learnt. */
static void left(struct oriel_flight *f, size_t bytes) {
    if (f->budget)
        oriel_budget_left(f->budget, ORIEL_BUDGET_TILES, bytes);
}

static void learnt(struct oriel_flight *f, struct oriel_budget_ack ack) {
    if (f->budget && f->ack_count < ORIEL_FLIGHT_ACKS)
        f->acks[f->ack_count++] = ack;
    else
        left(f, ack.bytes);
}

unsigned oriel_flight_tell(struct oriel_flight *f, struct oriel_budget_ack acks[ORIEL_FLIGHT_ACKS]) {
    unsigned count = f->ack_count;
    memcpy(acks, f->acks, count * sizeof *acks);
    f->ack_count = 0;
    return count;
}

void oriel_flight_clock(struct oriel_flight *f, uint32_t at) {
    f->page_now += (int32_t)(at - f->page_at) * (ORIEL_MILLISECOND / 10);
    f->page_at = at;
}

/* ---- sending ---- */

/* Before a round trip is known. One that is sent again before it can have been answered would never teach any. */
static int64_t first_patience(const struct oriel_flight *f) {
    int64_t path = f->budget ? 2 * oriel_budget_trip(f->budget) : 0;
    return path > PATIENCE_FIRST ? path : PATIENCE_FIRST;
}

int64_t oriel_flight_patience(const struct oriel_flight *f) {
    int64_t patience = f->trip ? f->trip + 4 * f->deviation : first_patience(f);
    patience = patience < PATIENCE_MIN ? PATIENCE_MIN : patience > PATIENCE_MAX ? PATIENCE_MAX : patience;
    return patience + ORIEL_FLIGHT_ACK_DELAY;
}

bool oriel_flight_overtaken(const struct oriel_flight *f, int64_t sent) {
    return f->newest - sent > OVERTAKEN;
}

/* When the chunk is to be sent again. Each time it waits twice as long, unless what had waited less has come. */
static int64_t again(const struct oriel_flight *f, const struct oriel_tile *tile, unsigned chunk) {
    const struct oriel_flight_chunk *c = &tile->chunks[chunk];
    if ((c->times > 1 && oriel_flight_overtaken(f, c->sent)) || f->mended - c->sent > OVERTAKEN)
        return c->sent;
    unsigned doublings = c->times - 1u < DOUBLINGS_MAX ? c->times - 1u : DOUBLINGS_MAX;
    int64_t longer = tile->small && c->times == 1 && f->small_at > c->sent ? f->small_at - c->sent : 0;
    if (longer > ORIEL_FLIGHT_ACK_LONGER)
        longer = ORIEL_FLIGHT_ACK_LONGER;
    return tile->passed && c->times == 1 ? c->sent : c->sent + longer + (oriel_flight_patience(f) << doublings);
}

void oriel_flight_passed(struct oriel_flight *f, uint32_t rtp) {
    for (unsigned i = 0; i < f->count; i++)
        f->tiles[i]->passed |= f->tiles[i]->small && (int32_t)(rtp - f->tiles[i]->head.rtp) >= 0;
}

/* What the rate that all keep to brings out until an acknowledgement can be here. */
static size_t paced(const struct oriel_flight *f) {
    if (!f->budget || !f->shortest)
        return 0;
    double seconds = (double)(f->shortest + ORIEL_FLIGHT_ACK_DELAY) / ORIEL_SECOND;
    return (size_t)fmin(oriel_budget_target(f->budget) / 8 * seconds, WINDOW_MAX);
}

/* Once a round trip: what comes of the smaller window is not known before. */
static void shrink(struct oriel_flight *f, int64_t now, size_t to) {
    if (now - f->shrunk_at < (f->trip ? f->trip : PATIENCE_FIRST))
        return;
    f->shrunk_at = now;
    f->window = to < WINDOW_MIN ? WINDOW_MIN : to;
}

static bool newer(const struct oriel_tile *a, const struct oriel_tile *b) {
    int32_t ahead = (int32_t)(a->head.rtp - b->head.rtp);
    return ahead > 0 || (ahead == 0 && (int32_t)(a->head.tile - b->head.tile) < 0);
}

/* The tile whose first chunk that was never sent is next. */
static struct oriel_tile *unsent(const struct oriel_flight *f) {
    struct oriel_tile *best = NULL;
    for (unsigned i = 0; i < f->count; i++)
        if (f->tiles[i]->next < f->tiles[i]->head.count && (!best || newer(f->tiles[i], best)))
            best = f->tiles[i];
    return best;
}

static bool lost(struct oriel_flight *f, int64_t now, const struct oriel_tile **tile, unsigned *chunk) {
    for (unsigned i = 0; i < f->count; i++)
        for (unsigned k = 0; k < f->tiles[i]->next; k++) {
            struct oriel_flight_chunk *c = &f->tiles[i]->chunks[k];
            if (c->acked || again(f, f->tiles[i], k) > now)
                continue;
            size_t bytes = chunk_length(f->tiles[i], k);
            if (!may_leave(f, bytes, now))
                return false;
            /* While nothing later has come, the page may only be late. */
            if (c->sent < f->newest)
                learnt(f, (struct oriel_budget_ack){.bytes = (uint32_t)bytes, .sent = c->sent, .lost = true});
            else
                left(f, bytes);
            c->sent = now;
            c->times += c->times < UINT8_MAX;
            size_t half = f->window / 2, least = f->queued ? 0 : paced(f);
            shrink(f, now, half > least ? half : least);
            *tile = f->tiles[i];
            *chunk = k;
            return true;
        }
    return false;
}

bool oriel_flight_next(struct oriel_flight *f, int64_t now, const struct oriel_tile **tile, unsigned *chunk) {
    if (f->held > now)
        return false;
    if (lost(f, now, tile, chunk))
        return true;
    struct oriel_tile *first = unsent(f);
    if (f->held > now || !first || f->in_flight + chunk_length(first, first->next) > f->window ||
        !may_leave(f, chunk_length(first, first->next), now))
        return false;
    *tile = first;
    *chunk = first->next++;
    first->chunks[*chunk] = (struct oriel_flight_chunk){.sent = now, .times = 1};
    f->in_flight += chunk_length(first, *chunk);
    return true;
}

int64_t oriel_flight_due(const struct oriel_flight *f, int64_t now) {
    const struct oriel_tile *first = unsent(f);
    if (first && f->in_flight + chunk_length(first, first->next) <= f->window)
        return f->held > now ? f->held : now;
    int64_t due = INT64_MAX;
    for (unsigned i = 0; i < f->count; i++)
        for (unsigned k = 0; k < f->tiles[i]->next; k++)
            if (!f->tiles[i]->chunks[k].acked && again(f, f->tiles[i], k) < due)
                due = again(f, f->tiles[i], k);
    return due < f->held && f->held > now ? f->held : due;
}

bool oriel_flight_has_room(const struct oriel_flight *f) {
    return f->count < ORIEL_FLIGHT_TILES && !unsent(f) && f->in_flight < f->window;
}

bool oriel_flight_has_room_small(const struct oriel_flight *f) {
    return f->count < ORIEL_FLIGHT_TILES && f->in_flight < f->window + f->window / 2;
}

/* What came lately, bytes a second, and how long the quickest of it took. */
static void look_at(struct oriel_flight *f, int64_t took, size_t bytes, int64_t now) {
    if (now - f->lately > LATELY) {
        double came = (double)f->came_bytes / (double)(now - f->lately) * ORIEL_SECOND;
        f->came = f->came > 0 ? (came + f->came) / 2 : came;
        f->came_bytes = 0;
        f->least_before = f->least;
        f->least = took;
        f->lately = now;
    }
    f->came_bytes += bytes;
    f->least = took < f->least ? took : f->least;
    f->answered_at = now;
    if (f->least >= f->shortest + QUEUE_LONG && f->least_before >= f->shortest + QUEUE_LONG)
        f->stood_at = now;
}

/* Once a queue stood, no more than makes none: it shows too late to be let grow again. */
bool oriel_flight_is_behind(const struct oriel_flight *f, int64_t now) {
    if (!f->budget || !f->stood_at || now - f->stood_at > STOOD_TIME ||
        f->came * 8 < oriel_budget_target(f->budget) / FEW || now - f->answered_at > oriel_flight_patience(f))
        return false;
    double longest = (double)(f->shortest + ORIEL_FLIGHT_ACK_DELAY + ORIEL_FLIGHT_ACK_LONGER) / ORIEL_SECOND;
    return (double)f->in_flight > fmax(f->came * longest, 2 * ORIEL_EXACT_MESSAGE_MAX);
}

static void trip_took(struct oriel_flight *f, int64_t took, int64_t now) {
    if (took < 1)
        took = 1;
    int64_t off = f->trip > took ? f->trip - took : took - f->trip;
    f->deviation = f->trip ? f->deviation + (off - f->deviation) / 4 : took / 2;
    f->trip = f->trip ? f->trip + (took - f->trip) / 8 : took;
    /* A path that got longer is believed after a while. */
    if (now - f->shortest_since > SHORTEST_TIME) {
        f->shortest = f->shortest_now;
        f->shortest_now = took;
        f->shortest_since = now;
    }
    f->shortest_now = f->shortest_now && f->shortest_now < took ? f->shortest_now : took;
    f->shortest = f->shortest && f->shortest < f->shortest_now ? f->shortest : f->shortest_now;
}

struct oriel_tile *oriel_flight_ack(struct oriel_flight *f, const struct oriel_exact_range *range, int64_t now) {
    unsigned i = 0;
    while (i < f->count && f->tiles[i]->head.tile != range->tile)
        i++;
    if (i == f->count)
        return NULL;
    struct oriel_tile *tile = f->tiles[i];
    bool limited = f->in_flight > f->window / 2;
    bool mended = f->answered_at && now - f->answered_at > oriel_flight_patience(f);
    size_t bytes = 0;
    int64_t took = 0;
    for (unsigned k = range->first; k < (unsigned)range->first + range->count && k < tile->next; k++) {
        struct oriel_flight_chunk *c = &tile->chunks[k];
        if (c->acked)
            continue;
        c->acked = true;
        tile->acked++;
        bytes += chunk_length(tile, k);
        if (c->times > 1) { /* nobody knows which of them came */
            left(f, chunk_length(tile, k));
            continue;
        }
        const int64_t ago = range->ago * (ORIEL_MILLISECOND / 10);
        took = now - c->sent - ago;
        f->newest = c->sent > f->newest ? c->sent : f->newest;
        learnt(f, (struct oriel_budget_ack){
                      .bytes = (uint32_t)chunk_length(tile, k), .sent = c->sent, .arrived = f->page_now - ago});
    }
    f->in_flight -= bytes;
    if (took) {
        f->mended = mended ? f->newest : f->mended;
        look_at(f, took, bytes, now);
        trip_took(f, took, now);
        f->queued = took >= f->shortest + QUEUE_SHORT;
        if (took > f->shortest + QUEUE_LONG)
            shrink(f, now, f->window / 5 * 4);
        else if (!f->queued) {
            size_t least = paced(f);
            if (limited && f->window < WINDOW_MAX)
                f->window += f->budget && f->window > least ? bytes / 2 : bytes;
            if (f->window < least)
                f->window = least;
        }
    }
    return tile->acked == tile->head.count ? oriel_flight_take(f, i) : NULL;
}

struct oriel_tile *oriel_flight_take(struct oriel_flight *f, unsigned index) {
    struct oriel_tile *tile = f->tiles[index];
    for (unsigned k = 0; k < tile->next; k++)
        if (!tile->chunks[k].acked) {
            f->in_flight -= chunk_length(tile, k);
            left(f, chunk_length(tile, k));
        }
    memmove(&f->tiles[index], &f->tiles[index + 1], (f->count - index - 1) * sizeof f->tiles[0]);
    f->count--;
    if (f->held && !unsent(f))
        release(f);
    return tile;
}
