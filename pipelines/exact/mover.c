/* See mover.h. */
#include "mover.h"

#include <string.h>

enum { FAILURES_FREE = 2, FAILURES_MAX = 7, PATCH = 16, REACH = 128, AREA_MIN = 64 * 64 };

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

/* Where in `r`, within reach, the picture before had the PATCH pixels that are at x, y now. */
static bool search(struct oriel_mover *m, const struct oriel_frame_reader *reader, const uint8_t *shadow,
                   unsigned width, const struct oriel_rect *r, unsigned x, unsigned y, int *dx, int *dy) {
    const struct oriel_rect patch = {(uint16_t)x, (uint16_t)y, PATCH, 1};
    unsigned left = x - r->x > REACH ? x - REACH : r->x, top = y - r->y > REACH ? y - REACH : r->y;
    oriel_frame_reader_pixels(reader, &patch, m->line, sizeof m->line);
    if (memcmp(m->line, m->line + 4, (PATCH - 1) * 4) == 0) /* of one colour: it is anywhere */
        return false;
    for (unsigned old_y = top; old_y < (unsigned)r->y + r->height && old_y <= y + REACH; old_y++)
        for (unsigned old_x = left; old_x + PATCH <= (unsigned)r->x + r->width && old_x <= x + REACH; old_x++)
            if (memcmp(at(shadow, width, old_x, old_y), m->line, PATCH * 4) == 0 && (old_x != x || old_y != y)) {
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
    if (!search(m, reader, shadow, width, r, x, y, &dx, &dy))
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

bool oriel_mover_find(struct oriel_mover *m, const struct oriel_frame_reader *reader, const uint8_t *shadow,
                      unsigned width, const struct oriel_rect *damage, size_t count, struct oriel_move *move) {
    const struct oriel_rect *largest = NULL;
    for (size_t i = 0; i < count; i++)
        if (damage[i].width >= ORIEL_MOVER_SIDE_MIN && damage[i].height >= ORIEL_MOVER_SIDE_MIN &&
            (!largest || (unsigned)damage[i].width * damage[i].height > (unsigned)largest->width * largest->height))
            largest = &damage[i];
    if (!largest)
        return false;
    if (m->skip) {
        m->skip--;
        return false;
    }
    if (find(m, reader, shadow, width, largest, move)) {
        m->failures = 0;
        return true;
    }
    m->failures += m->failures < FAILURES_MAX;
    m->skip = m->failures > FAILURES_FREE ? (1u << (m->failures - FAILURES_FREE)) - 1 : 0;
    return false;
}
