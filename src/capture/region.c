/* See region.h. */
#include "region.h"

#include <stdbool.h>

/* Joining two rectangles may add this many pixels that did not change: fetching and converting them (about 1 µs)
 * costs no more than one rectangle more does. */
enum { JOIN_WASTE = 2048 };

static int64_t area(struct oriel_rect r) {
    return (int64_t)r.width * r.height;
}

static struct oriel_rect around(struct oriel_rect a, struct oriel_rect b) {
    int x1 = a.x < b.x ? a.x : b.x, y1 = a.y < b.y ? a.y : b.y;
    int ax2 = a.x + a.width, bx2 = b.x + b.width, ay2 = a.y + a.height, by2 = b.y + b.height;
    int x2 = ax2 > bx2 ? ax2 : bx2, y2 = ay2 > by2 ? ay2 : by2;
    return (struct oriel_rect){(uint16_t)x1, (uint16_t)y1, (uint16_t)(x2 - x1), (uint16_t)(y2 - y1)};
}

static bool contains(struct oriel_rect outer, struct oriel_rect inner) {
    return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width &&
           inner.y + inner.height <= outer.y + outer.height;
}

/* Takes out the rectangle that `r` is best joined with: one that wastes little, or, when the region is full, the one
 * that grows least. False: none, `r` stands alone. */
static bool take_partner(struct oriel_region *region, struct oriel_rect r, struct oriel_rect *ret_partner) {
    unsigned best = 0;
    int64_t best_waste = INT64_MAX;
    for (unsigned i = 0; i < region->count; i++) {
        int64_t waste = area(around(region->rects[i], r)) - area(region->rects[i]) - area(r);
        if (waste < best_waste) {
            best_waste = waste;
            best = i;
        }
    }
    if (!region->count || (best_waste > JOIN_WASTE && region->count < ORIEL_FRAME_RECTS_MAX))
        return false;
    *ret_partner = region->rects[best];
    region->rects[best] = region->rects[--region->count];
    return true;
}

static void add_aligned(struct oriel_region *region, struct oriel_rect r) {
    for (unsigned i = 0; i < region->count; i++)
        if (contains(region->rects[i], r))
            return;
    /* Each round takes one rectangle out, so this ends. */
    struct oriel_rect partner;
    while (take_partner(region, r, &partner))
        r = around(partner, r);
    region->rects[region->count++] = r;
}

void oriel_region_add(struct oriel_region *region, unsigned picture_width, unsigned picture_height, int64_t x,
                      int64_t y, int64_t width, int64_t height) {
    int64_t x2 = x + width < picture_width ? x + width : picture_width;
    int64_t y2 = y + height < picture_height ? y + height : picture_height;
    x = x < 0 ? 0 : x;
    y = y < 0 ? 0 : y;
    if (width <= 0 || height <= 0 || x >= x2 || y >= y2)
        return;
    x &= ~INT64_C(1);
    y &= ~INT64_C(1);
    x2 = x2 & 1 && x2 < picture_width ? x2 + 1 : x2;
    y2 = y2 & 1 && y2 < picture_height ? y2 + 1 : y2;
    add_aligned(region, (struct oriel_rect){(uint16_t)x, (uint16_t)y, (uint16_t)(x2 - x), (uint16_t)(y2 - y)});
}

void oriel_region_join(struct oriel_region *region, const struct oriel_region *other) {
    for (unsigned i = 0; i < other->count; i++)
        add_aligned(region, other->rects[i]);
}

struct oriel_rect oriel_region_bounds(const struct oriel_region *region) {
    if (!region->count)
        return (struct oriel_rect){0};
    struct oriel_rect r = region->rects[0];
    for (unsigned i = 1; i < region->count; i++)
        r = around(r, region->rects[i]);
    return r;
}

uint64_t oriel_region_area(const struct oriel_region *region) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < region->count; i++)
        sum += (uint64_t)area(region->rects[i]);
    return sum;
}
