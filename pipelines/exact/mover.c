/* See mover.h. */
#include "mover.h"

#include <string.h>

enum { FAILURES_FREE = 2, FAILURES_MAX = 7, PATCH = 16, PATCH_ROWS = 8, REACH = 128, AREA_MIN = 64 * 64 };

/* Hashes of the rectangle's rows, or of its columns, as they were and as they are. */
static void hash(struct oriel_mover *m, const struct oriel_frame_reader *reader, const uint8_t *shadow, unsigned width,
                 const struct oriel_rect *r, bool columns) {
    size_t stride = (size_t)width * 4;
    const uint8_t *old = shadow + r->y * stride + r->x * 4u;
    if (columns) {
        memset(m->then, 0, sizeof m->then);
        memset(m->now, 0, sizeof m->now);
        oriel_moves_hash_columns(old, r->width, r->height, stride, m->then);
    } else
        oriel_moves_hash_rows(old, r->width, r->height, stride, m->then);
    for (unsigned row = 0; row < r->height; row++) {
        const struct oriel_rect one = {r->x, (uint16_t)(r->y + row), r->width, 1};
        oriel_frame_reader_pixels(reader, &one, m->line, sizeof m->line);
        if (columns)
            oriel_moves_hash_columns(m->line, r->width, 1, sizeof m->line, m->now);
        else
            oriel_moves_hash_rows(m->line, r->width, 1, sizeof m->line, &m->now[row]);
    }
}

static const uint8_t *at(const uint8_t *shadow, unsigned width, unsigned x, unsigned y) {
    return shadow + ((size_t)y * width + x) * 4;
}

static bool is_patch(const uint8_t *patch, const uint8_t *shadow, unsigned width, unsigned x, unsigned y) {
    for (unsigned row = 0; row < PATCH_ROWS; row++)
        if (memcmp(at(shadow, width, x, y + row), patch + row * PATCH * 4u, PATCH * 4) != 0)
            return false;
    return true;
}

/* Where in `r`, within reach, the picture before had the patch that is at x, y now. */
static bool search(const struct oriel_frame_reader *reader, const uint8_t *shadow, unsigned width,
                   const struct oriel_rect *r, unsigned x, unsigned y, int *dx, int *dy) {
    uint8_t now[PATCH_ROWS * PATCH * 4];
    const struct oriel_rect patch = {(uint16_t)x, (uint16_t)y, PATCH, PATCH_ROWS};
    unsigned left = x - r->x > REACH ? x - REACH : r->x, top = y - r->y > REACH ? y - REACH : r->y;
    unsigned right = (unsigned)r->x + r->width, bottom = (unsigned)r->y + r->height;
    oriel_frame_reader_pixels(reader, &patch, now, PATCH * 4);
    if (memcmp(now, now + 4, sizeof now - 4) == 0) /* of one colour: it is anywhere */
        return false;
    for (unsigned old_y = top; old_y + PATCH_ROWS <= bottom && old_y <= y + REACH; old_y++)
        for (unsigned old_x = left; old_x + PATCH <= right && old_x <= x + REACH; old_x++)
            if (is_patch(now, shadow, width, old_x, old_y) && (old_x != x || old_y != y)) {
                *dx = (int)old_x - (int)x;
                *dy = (int)old_y - (int)y;
                return true;
            }
    return false;
}

/* How many rows from y on, in steps of `step`, hold those pixels moved by dx, dy. Where they do, left..right shrinks to
 * what of the row does; the patch itself is at x. */
static unsigned grow(struct oriel_mover *m, const struct oriel_frame_reader *reader, const uint8_t *shadow,
                     unsigned width, const struct oriel_rect *r, unsigned x, int y, int step, int dx, int dy,
                     unsigned *left, unsigned *right) {
    unsigned rows = 0;
    for (; y >= r->y && y < r->y + r->height && y + dy >= r->y && y + dy < r->y + r->height; y += step, rows++) {
        const struct oriel_rect row = {r->x, (uint16_t)y, r->width, 1};
        oriel_frame_reader_pixels(reader, &row, m->line, sizeof m->line);
        const uint8_t *now = m->line + (x - r->x) * 4u;
        const uint8_t *then = at(shadow, width, (unsigned)((int)x + dx), (unsigned)(y + dy));
        if (memcmp(now, then, PATCH * 4) != 0)
            break;
        ptrdiff_t from = 0, to = PATCH;
        while (from > (ptrdiff_t)*left - (ptrdiff_t)x && memcmp(now + (from - 1) * 4, then + (from - 1) * 4, 4) == 0)
            from--;
        while (to < (ptrdiff_t)*right - (ptrdiff_t)x && memcmp(now + to * 4, then + to * 4, 4) == 0)
            to++;
        *left = (unsigned)(x + from);
        *right = (unsigned)(x + to);
    }
    return rows;
}

static bool drag(struct oriel_mover *m, const struct oriel_frame_reader *reader, const uint8_t *shadow, unsigned width,
                 const struct oriel_rect *r, struct oriel_move *move) {
    unsigned x = r->x + r->width / 2u, y = r->y + r->height / 2u;
    int dx, dy;
    if (!search(reader, shadow, width, r, x, y, &dx, &dy))
        return false;
    /* Both places lie in the rectangle. */
    unsigned left = dx < 0 ? r->x + (unsigned)-dx : r->x;
    unsigned right = (unsigned)r->x + r->width - (dx > 0 ? (unsigned)dx : 0);
    unsigned down = grow(m, reader, shadow, width, r, x, (int)y, 1, dx, dy, &left, &right);
    unsigned up = grow(m, reader, shadow, width, r, x, (int)y - 1, -1, dx, dy, &left, &right);
    if ((right - left) * (up + down) < AREA_MIN)
        return false;
    *move = (struct oriel_move){
        {(uint16_t)((int)left + dx), (uint16_t)((int)(y - up) + dy), (uint16_t)(right - left), (uint16_t)(up + down)},
        (uint16_t)left,
        (uint16_t)(y - up)};
    return true;
}

static bool find(struct oriel_mover *m, const struct oriel_frame_reader *reader, const uint8_t *shadow, unsigned width,
                 const struct oriel_rect *r, struct oriel_move *move) {
    int shift;
    unsigned first, run;
    hash(m, reader, shadow, width, r, false);
    if (oriel_moves_shift(&m->scratch, m->then, m->now, r->height, &shift, &first, &run)) {
        uint16_t y = (uint16_t)(r->y + first);
        *move = (struct oriel_move){{r->x, (uint16_t)(y + shift), r->width, (uint16_t)run}, r->x, y};
        return true;
    }
    hash(m, reader, shadow, width, r, true);
    if (oriel_moves_shift(&m->scratch, m->then, m->now, r->width, &shift, &first, &run)) {
        uint16_t x = (uint16_t)(r->x + first);
        *move = (struct oriel_move){{(uint16_t)(x + shift), r->y, (uint16_t)run, r->height}, x, r->y};
        return true;
    }
    return drag(m, reader, shadow, width, r, move);
}

static bool is_large(const struct oriel_rect *r) {
    return r->width >= ORIEL_MOVER_SIDE_MIN && r->height >= ORIEL_MOVER_SIDE_MIN;
}

/* Where to look, the largest first. */
struct places {
    size_t count;
    struct oriel_rect rects[ORIEL_EXACT_MOVES_MAX];
};

static void add_place(struct places *p, const struct oriel_rect *r) {
    size_t at = p->count;
    if (!is_large(r))
        return;
    while (at > 0 && (unsigned)r->width * r->height > (unsigned)p->rects[at - 1].width * p->rects[at - 1].height)
        at--;
    if (at == ORIEL_EXACT_MOVES_MAX)
        return;
    p->count += p->count < ORIEL_EXACT_MOVES_MAX;
    memmove(&p->rects[at + 1], &p->rects[at], (p->count - 1 - at) * sizeof *r);
    p->rects[at] = *r;
}

/* The largest part of `r` beside what is moved to: it may have moved in another way. False: none is large. */
static bool rest_of(const struct oriel_rect *r, const struct oriel_move *m, struct oriel_rect *rest) {
    unsigned right = (unsigned)m->x + m->from.width, bottom = (unsigned)m->y + m->from.height;
    const struct oriel_rect parts[] = {
        {r->x, r->y, r->width, (uint16_t)(m->y - r->y)},
        {r->x, (uint16_t)bottom, r->width, (uint16_t)(r->y + r->height - bottom)},
        {r->x, r->y, (uint16_t)(m->x - r->x), r->height},
        {(uint16_t)right, r->y, (uint16_t)(r->x + r->width - right), r->height},
    };
    struct places p = {0};
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        add_place(&p, &parts[i]);
    *rest = p.rects[0];
    return p.count > 0;
}

/* Unless looking at places of that rank was in vain too often. */
static bool find_at(struct oriel_mover *m, size_t rank, const struct oriel_frame_reader *reader, const uint8_t *shadow,
                    unsigned width, const struct oriel_rect *r, struct oriel_move *move) {
    struct oriel_mover_tries *t = &m->tries[rank];
    if (t->skip) {
        t->skip--;
        return false;
    }
    if (find(m, reader, shadow, width, r, move)) {
        t->failures = 0;
        return true;
    }
    t->failures += t->failures < FAILURES_MAX;
    t->skip = t->failures > FAILURES_FREE ? (1u << (t->failures - FAILURES_FREE)) - 1 : 0;
    return false;
}

/* What is moved there is not what was looked at: what was damaged several times is told by rectangles that overlap. */
static bool is_moved(const struct oriel_rect *r, const struct oriel_move *moves, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (oriel_rects_overlap(
                r, &(struct oriel_rect){moves[i].x, moves[i].y, moves[i].from.width, moves[i].from.height}))
            return true;
    return false;
}

size_t oriel_mover_find(struct oriel_mover *m, const struct oriel_frame_reader *reader, const uint8_t *shadow,
                        unsigned width, const struct oriel_rect *damage, size_t count,
                        struct oriel_move moves[ORIEL_EXACT_MOVES_MAX]) {
    struct places p = {0};
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        add_place(&p, &damage[i]);
    for (size_t i = 0; i < p.count; i++) {
        struct oriel_rect rest;
        if (is_moved(&p.rects[i], moves, found) || !find_at(m, i, reader, shadow, width, &p.rects[i], &moves[found]))
            continue;
        if (rest_of(&p.rects[i], &moves[found++], &rest) && p.count < ORIEL_EXACT_MOVES_MAX)
            p.rects[p.count++] = rest;
    }
    return found;
}
