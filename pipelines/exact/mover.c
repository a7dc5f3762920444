/* See mover.h. */
#include "mover.h"

#include <string.h>

enum { FAILURES_MAX = 5 };

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
    return false;
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
    m->skip = (1u << m->failures) - 1;
    return false;
}
