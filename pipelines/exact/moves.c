/* See moves.h. */
#include "moves.h"

#include <string.h>

#define FACTOR 0x9e3779b97f4a7c15u

enum { VOTES_MIN = 8 };

/* Where the hash is, or would be, in the first `size` places. */
static size_t look_up(const struct oriel_moves_scratch *s, size_t size, uint64_t hash) {
    size_t at = (size_t)((hash * FACTOR) >> 32) % size;
    while (s->table[at].line != -1 && s->table[at].hash != hash)
        at = (at + 1) % size;
    return at;
}

/* The shift that most lines vote for; `votes` is how many. */
static int vote(struct oriel_moves_scratch *s, const uint64_t *then, const uint64_t *now, unsigned count,
                unsigned *votes) {
    size_t size = 4 * (size_t)count;
    int best = 0;
    for (size_t i = 0; i < size; i++)
        s->table[i].line = -1;
    memset(s->votes, 0, sizeof s->votes);
    for (unsigned i = 0; i < count; i++) {
        size_t at = look_up(s, size, then[i]);
        s->table[at].line = s->table[at].line == -1 ? (int)i : -2;
        s->table[at].hash = then[i];
    }
    *votes = 0;
    for (unsigned i = 0; i < count; i++) {
        int line = now[i] == then[i] ? -1 : s->table[look_up(s, size, now[i])].line;
        if (line < 0)
            continue;
        int shift = line - (int)i;
        unsigned of = ++s->votes[shift + ORIEL_FRAME_SIDE_MAX];
        if (of > *votes) {
            *votes = of;
            best = shift;
        }
    }
    return best;
}

bool oriel_moves_shift(struct oriel_moves_scratch *scratch, const uint64_t *then, const uint64_t *now, unsigned count,
                       int *shift, unsigned *first, unsigned *run) {
    unsigned votes, changed = 0, length = 0;
    for (unsigned i = 0; i < count; i++)
        changed += then[i] != now[i];
    if (changed < ORIEL_MOVE_LINES_MIN)
        return false;
    *shift = vote(scratch, then, now, count, &votes);
    if (votes < VOTES_MIN || votes * 8 < changed)
        return false;
    *run = 0;
    for (int i = 0; i < (int)count; i++) {
        int old = i + *shift;
        length = old >= 0 && old < (int)count && now[i] == then[old] ? length + 1 : 0;
        if (length > *run) {
            *run = length;
            *first = (unsigned)i + 1 - length;
        }
    }
    return *run >= ORIEL_MOVE_LINES_MIN;
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * FACTOR;
    return hash ^ hash >> 29;
}

static uint64_t load(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

void oriel_moves_hash_rows(const uint8_t *pixels, unsigned width, unsigned height, size_t stride, uint64_t *rows) {
    for (unsigned y = 0; y < height; y++) {
        const uint8_t *row = pixels + y * stride;
        uint64_t lanes[4] = {0, 1, 2, 3}; /* which don't wait for each other */
        size_t i = 0, length = (size_t)width * 4;
        for (; i + 32 <= length; i += 32)
            for (unsigned lane = 0; lane < 4; lane++)
                lanes[lane] = mix(lanes[lane], load(row + i + lane * sizeof(uint64_t)));
        for (; i < length; i += 4) {
            uint32_t pixel;
            memcpy(&pixel, row + i, sizeof pixel);
            lanes[0] = mix(lanes[0], pixel);
        }
        rows[y] = mix(mix(mix(lanes[0], lanes[1]), lanes[2]), lanes[3]);
    }
}

void oriel_moves_hash_columns(const uint8_t *pixels, unsigned width, unsigned height, size_t stride,
                              uint64_t *columns) {
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, pixels + y * stride + x * 4u, sizeof pixel);
            columns[x] = mix(columns[x], pixel);
        }
}

bool oriel_rects_overlap(const struct oriel_rect *a, const struct oriel_rect *b) {
    return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height;
}

void oriel_moves_apply(const struct oriel_move *m, uint8_t *pixels, size_t stride) {
    for (unsigned i = 0; i < m->from.height; i++) {
        unsigned row = m->y > m->from.y ? m->from.height - 1 - i : i; /* what is still needed is not overwritten */
        memmove(pixels + (m->y + row) * stride + m->x * 4u, pixels + (m->from.y + row) * stride + m->from.x * 4u,
                m->from.width * 4u);
    }
}
