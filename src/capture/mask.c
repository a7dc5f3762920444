/* See mask.h. */
#include "mask.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

int oriel_masks_set(struct oriel_masks *masks, const void *bytes, size_t length) {
    struct oriel_masks fresh = {.count = (unsigned)(length / ORIEL_RECT_SIZE)};
    if (length % ORIEL_RECT_SIZE || length / ORIEL_RECT_SIZE > ORIEL_MASKS_MAX)
        return -EPROTO;
    oriel_rects_read(bytes, fresh.count, fresh.rects);
    for (unsigned i = 0; i < fresh.count; i++) {
        struct oriel_rect *r = &fresh.rects[i];
        unsigned right = (unsigned)r->x + r->width, bottom = (unsigned)r->y + r->height;
        if (!r->width || !r->height || right > ORIEL_FRAME_SIDE_MAX || bottom > ORIEL_FRAME_SIDE_MAX)
            return -EPROTO;
        unsigned x = r->x & ~1u, y = r->y & ~1u;
        *r = (struct oriel_rect){(uint16_t)x, (uint16_t)y, (uint16_t)(((right + 1) & ~1u) - x),
                                 (uint16_t)(((bottom + 1) & ~1u) - y)};
    }
    *masks = fresh;
    return 0;
}

static unsigned less(unsigned a, unsigned b) {
    return a > b ? a - b : 0;
}

void oriel_masks_move(const struct oriel_masks *asked, unsigned from, unsigned x, unsigned y, struct oriel_masks *out) {
    struct oriel_masks moved = {0};
    for (unsigned i = 0; i < asked->count; i++) {
        struct oriel_rect r = asked->rects[i];
        unsigned dx = i < from ? 0 : x, dy = i < from ? 0 : y;
        unsigned left = less(r.x, dx) & ~1u, right = (less((unsigned)r.x + r.width, dx) + 1) & ~1u;
        unsigned top = less(r.y, dy) & ~1u, bottom = (less((unsigned)r.y + r.height, dy) + 1) & ~1u;
        if (right > left && bottom > top) /* else it lies beside the picture */
            moved.rects[moved.count++] =
                (struct oriel_rect){(uint16_t)left, (uint16_t)top, (uint16_t)(right - left), (uint16_t)(bottom - top)};
    }
    *out = moved;
}

static struct oriel_rect from_edges(unsigned x1, unsigned y1, unsigned x2, unsigned y2) {
    return (struct oriel_rect){(uint16_t)x1, (uint16_t)y1, (uint16_t)(x2 - x1), (uint16_t)(y2 - y1)};
}

/* What `a` and `b` have in common; false: nothing. */
static bool intersect(struct oriel_rect a, struct oriel_rect b, struct oriel_rect *ret) {
    unsigned ax2 = (unsigned)a.x + a.width, ay2 = (unsigned)a.y + a.height;
    unsigned bx2 = (unsigned)b.x + b.width, by2 = (unsigned)b.y + b.height;
    unsigned x1 = a.x > b.x ? a.x : b.x, y1 = a.y > b.y ? a.y : b.y;
    unsigned x2 = ax2 < bx2 ? ax2 : bx2, y2 = ay2 < by2 ? ay2 : by2;
    if (x1 >= x2 || y1 >= y2)
        return false;
    *ret = from_edges(x1, y1, x2, y2);
    return true;
}

/* The first mask from `first` on that touches the rectangle leaves up to four parts around it, which only later masks
 * can touch: so this is at most ORIEL_MASKS_MAX calls deep. */
static int cut(const struct oriel_masks *masks, unsigned first, struct oriel_rect r, oriel_piece_fn *piece,
               void *user) {
    struct oriel_rect hole = {0};
    while (first < masks->count && !intersect(r, masks->rects[first], &hole))
        first++;
    if (first == masks->count)
        return piece(user, r);
    unsigned x2 = (unsigned)r.x + r.width, y2 = (unsigned)r.y + r.height;
    unsigned hole_x2 = (unsigned)hole.x + hole.width, hole_y2 = (unsigned)hole.y + hole.height;
    const struct oriel_rect parts[] = {
        from_edges(r.x, r.y, x2, hole.y),
        from_edges(r.x, hole.y, hole.x, hole_y2),
        from_edges(hole_x2, hole.y, x2, hole_y2),
        from_edges(r.x, hole_y2, x2, y2),
    };
    int result = 0;
    for (unsigned i = 0; i < 4 && !result; i++)
        if (parts[i].width && parts[i].height)
            result = cut(masks, first + 1, parts[i], piece, user);
    return result;
}

int oriel_masks_cut(const struct oriel_masks *masks, struct oriel_rect rect, oriel_piece_fn *piece, void *user) {
    return cut(masks, 0, rect, piece, user);
}

static void fill(const struct oriel_ring *ring, unsigned index, struct oriel_rect r) {
    const uint32_t bgrx = htole32(ORIEL_MASK_BGRX);
    const uint16_t rgb565 = htole16(ORIEL_MASK_RGB565);
    const void *grey = ring->format == ORIEL_FORMAT_RGB565 ? (const void *)&rgb565 : &bgrx;
    for (unsigned y = 0; y < r.height; y++) {
        uint8_t *to = oriel_ring_at(ring, index, r.x, r.y + y);
        for (unsigned x = 0; x < r.width; x++, to += ring->pixel)
            memcpy(to, grey, ring->pixel);
    }
}

void oriel_masks_paint(const struct oriel_masks *masks, const struct oriel_ring *ring, unsigned index,
                       const struct oriel_region *region) {
    struct oriel_rect both;
    for (unsigned i = 0; i < region->count; i++)
        for (unsigned j = 0; j < masks->count; j++)
            if (intersect(region->rects[i], masks->rects[j], &both))
                fill(ring, index, both);
}
