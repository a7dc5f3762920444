/* See flight.h. */
#include "flight.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE_MIN (30 * ORIEL_MILLISECOND)
#define PATIENCE_MAX ORIEL_SECOND
#define PATIENCE_FIRST (200 * ORIEL_MILLISECOND)
#define QUEUE_SHORT (25 * ORIEL_MILLISECOND) /* beyond the shortest round trip: no reason to send less */
#define QUEUE_LONG (60 * ORIEL_MILLISECOND)

enum { WINDOW_FIRST = 12 * 1024, WINDOW_MIN = 6 * 1024, WINDOW_MAX = 1024 * 1024, DOUBLINGS_MAX = 4 };

void oriel_flight_start(struct oriel_flight *f) {
    *f = (struct oriel_flight){.window = WINDOW_FIRST};
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
    f->in_flight += chunk_length(tile, 0);
    return true;
}

int64_t oriel_flight_patience(const struct oriel_flight *f) {
    int64_t patience = f->trip ? f->trip + 4 * f->deviation : PATIENCE_FIRST;
    patience = patience < PATIENCE_MIN ? PATIENCE_MIN : patience > PATIENCE_MAX ? PATIENCE_MAX : patience;
    return patience + ORIEL_FLIGHT_ACK_DELAY;
}

/* When the chunk is to be sent again. Each time it waits twice as long. */
static int64_t again(const struct oriel_flight *f, const struct oriel_flight_chunk *c) {
    unsigned doublings = c->times - 1u < DOUBLINGS_MAX ? c->times - 1u : DOUBLINGS_MAX;
    return c->sent + (oriel_flight_patience(f) << doublings);
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
            if (c->acked || again(f, c) > now)
                continue;
            c->sent = now;
            c->times += c->times < UINT8_MAX;
            shrink(f, now, f->window / 2);
            *tile = f->tiles[i];
            *chunk = k;
            return true;
        }
    return false;
}

bool oriel_flight_next(struct oriel_flight *f, int64_t now, const struct oriel_tile **tile, unsigned *chunk) {
    if (lost(f, now, tile, chunk))
        return true;
    struct oriel_tile *first = unsent(f);
    if (!first || f->in_flight + chunk_length(first, first->next) > f->window)
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
        return now;
    int64_t due = INT64_MAX;
    for (unsigned i = 0; i < f->count; i++)
        for (unsigned k = 0; k < f->tiles[i]->next; k++)
            if (!f->tiles[i]->chunks[k].acked && again(f, &f->tiles[i]->chunks[k]) < due)
                due = again(f, &f->tiles[i]->chunks[k]);
    return due;
}

bool oriel_flight_has_room(const struct oriel_flight *f) {
    return f->count < ORIEL_FLIGHT_TILES && !unsent(f) && f->in_flight < f->window;
}

static void trip_took(struct oriel_flight *f, int64_t took) {
    if (took < 1)
        took = 1;
    int64_t off = f->trip > took ? f->trip - took : took - f->trip;
    f->deviation = f->trip ? f->deviation + (off - f->deviation) / 4 : took / 2;
    f->trip = f->trip ? f->trip + (took - f->trip) / 8 : took;
    /* A path that got longer is believed after a while. */
    f->shortest = !f->shortest || took < f->shortest ? took : f->shortest + f->shortest / 1000;
}

struct oriel_tile *oriel_flight_ack(struct oriel_flight *f, const struct oriel_exact_range *range, int64_t now) {
    unsigned i = 0;
    while (i < f->count && f->tiles[i]->head.tile != range->tile)
        i++;
    if (i == f->count)
        return NULL;
    struct oriel_tile *tile = f->tiles[i];
    bool limited = f->in_flight > f->window / 2;
    size_t bytes = 0;
    int64_t took = 0;
    for (unsigned k = range->first; k < (unsigned)range->first + range->count && k < tile->next; k++) {
        struct oriel_flight_chunk *c = &tile->chunks[k];
        if (c->acked)
            continue;
        c->acked = true;
        tile->acked++;
        bytes += chunk_length(tile, k);
        if (c->times == 1)
            took = now - c->sent - range->ago * (ORIEL_MILLISECOND / 10);
    }
    f->in_flight -= bytes;
    if (took) {
        trip_took(f, took);
        if (took > f->shortest + QUEUE_LONG)
            shrink(f, now, f->window / 5 * 4);
        else if (limited && took < f->shortest + QUEUE_SHORT && f->window < WINDOW_MAX)
            f->window += bytes;
    }
    return tile->acked == tile->head.count ? oriel_flight_take(f, i) : NULL;
}

struct oriel_tile *oriel_flight_take(struct oriel_flight *f, unsigned index) {
    struct oriel_tile *tile = f->tiles[index];
    for (unsigned k = 0; k < tile->next; k++)
        if (!tile->chunks[k].acked)
            f->in_flight -= chunk_length(tile, k);
    memmove(&f->tiles[index], &f->tiles[index + 1], (f->count - index - 1) * sizeof f->tiles[0]);
    f->count--;
    return tile;
}
