/* See differ.h. */
#include "differ.h"

#include <string.h>

#include "classifier.h"

enum { WASTE = 1024 }; /* pixels that have not changed are worth one rectangle less */

static unsigned area(const struct oriel_rect *r) {
    return (unsigned)r->width * r->height;
}

static struct oriel_rect around(const struct oriel_rect *a, const struct oriel_rect *b) {
    unsigned left = a->x < b->x ? a->x : b->x, top = a->y < b->y ? a->y : b->y;
    unsigned right = a->x + a->width > b->x + b->width ? a->x + a->width : b->x + b->width;
    unsigned bottom = a->y + a->height > b->y + b->height ? a->y + a->height : b->y + b->height;
    return (struct oriel_rect){(uint16_t)left, (uint16_t)top, (uint16_t)(right - left), (uint16_t)(bottom - top)};
}

/* Neighbours that are nearly one. */
static void join(struct oriel_differ *d) {
    for (unsigned i = 0; i < d->count; i++)
        for (unsigned k = i + 1; k < d->count; k++) {
            struct oriel_rect both = around(&d->rects[i], &d->rects[k]);
            unsigned sum = area(&d->rects[i]) + area(&d->rects[k]);
            if (area(&both) > sum + WASTE && area(&both) > sum + sum / 4)
                continue;
            d->rects[i] = both;
            d->rects[k] = d->rects[--d->count];
            k = i; /* it is larger: once more with all others */
        }
}

/* Joins `r` to one that it continues downwards or to the right, or appends it; when there is no room, to the last. */
static void add(struct oriel_differ *d, struct oriel_rect r) {
    for (unsigned i = d->count; i-- > 0;) {
        struct oriel_rect *o = &d->rects[i];
        if (o->y == r.y && o->height == r.height && o->x + o->width == r.x)
            o->width = (uint16_t)(o->width + r.width);
        else if (o->x == r.x && o->width == r.width && o->y + o->height == r.y)
            o->height = (uint16_t)(o->height + r.height);
        else
            continue;
        /* Joined, it may continue another one. */
        r = *o;
        d->rects[i] = d->rects[--d->count];
        i = d->count;
    }
    if (d->count < ORIEL_EXACT_RECTS_MAX) {
        d->rects[d->count++] = r;
        return;
    }
    d->rects[d->count - 1] = around(&d->rects[d->count - 1], &r);
}

/* The part of one cell. */
static void compare(struct oriel_differ *d, const struct oriel_frame_reader *reader, uint8_t *shadow, unsigned width,
                    struct oriel_rect part) {
    uint8_t now[ORIEL_CELL * ORIEL_CELL * 4];
    size_t bytes = part.width * 4u;
    unsigned first = part.height, last = 0;
    oriel_frame_reader_pixels(reader, &part, now, bytes);
    for (unsigned row = 0; row < part.height; row++) {
        uint8_t *old = shadow + ((size_t)(part.y + row) * width + part.x) * 4;
        if (memcmp(old, now + row * bytes, bytes) == 0)
            continue;
        memcpy(old, now + row * bytes, bytes);
        first = row < first ? row : first;
        last = row;
    }
    if (first == part.height)
        return;
    part.y = (uint16_t)(part.y + first);
    part.height = (uint16_t)(last - first + 1);
    add(d, part);
}

void oriel_differ(struct oriel_differ *out, const struct oriel_frame_reader *reader, uint8_t *shadow, unsigned width,
                  const struct oriel_rect *damage, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct oriel_rect *r = &damage[i];
        unsigned right = r->x + r->width, bottom = r->y + r->height;
        for (unsigned y = r->y; y < bottom;) {
            unsigned down = (y / ORIEL_CELL + 1) * ORIEL_CELL;
            down = down < bottom ? down : bottom;
            for (unsigned x = r->x; x < right;) {
                unsigned end = (x / ORIEL_CELL + 1) * ORIEL_CELL;
                end = end < right ? end : right;
                compare(out, reader, shadow, width,
                        (struct oriel_rect){(uint16_t)x, (uint16_t)y, (uint16_t)(end - x), (uint16_t)(down - y)});
                x = end;
            }
            y = down;
        }
    }
    join(out);
}
