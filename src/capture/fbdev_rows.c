/* The fbdev backend's shadow: what changed since the last look, by comparing.
 *
 * Policy: framebuffers on small machines are mapped write-combined, where a read costs as much as ten from the cache.
 * So each row is read once: compared where it lies while nothing differs; after a row that did, its neighbours are
 * copied in one go first, as they differ, too, most likely, and then comparing, taking over and sending work on our
 * copy. Only the first row of a change is read twice, the first time up to where it differs. Of a row that differs, the
 * spans that do are found in steps and then narrowed to the pixel; neighbours are joined by region.c. */
#include "fbdev.h"

#include <stdlib.h>
#include <string.h>

enum {
    STEP = 128, /* bytes compared at once */
    GAP = 2,    /* steps that are equal end a span */
};

bool oriel_fb_shadow_new(struct oriel_fb_shadow *shadow, const struct oriel_fb_geometry *geometry) {
    *shadow = (struct oriel_fb_shadow){
        .width = geometry->width, .height = geometry->height, .pixel = oriel_fb_pixel(geometry->layout)};
    size_t row = (size_t)shadow->width * shadow->pixel;
    shadow->pixels = calloc(shadow->height, row);
    shadow->row = malloc(row);
    if (shadow->pixels && shadow->row)
        return true;
    oriel_fb_shadow_free(shadow);
    return false;
}

void oriel_fb_shadow_free(struct oriel_fb_shadow *shadow) {
    free(shadow->pixels);
    free(shadow->row);
    *shadow = (struct oriel_fb_shadow){0};
}

static bool differs(const uint8_t *a, const uint8_t *b, size_t from, size_t to) {
    return memcmp(a + from, b + from, to - from) != 0;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The next span of bytes from `from` on in which the rows differ; false: none. */
static bool next_span(const uint8_t *a, const uint8_t *b, size_t length, size_t from, size_t *ret_start,
                      size_t *ret_end) {
    size_t at = from;
    while (at < length && !differs(a, b, at, smaller(at + STEP, length)))
        at += STEP;
    if (at >= length)
        return false;
    while (a[at] == b[at])
        at++;
    *ret_start = *ret_end = at;
    for (unsigned equal = 0; at < length && equal < GAP; at += STEP) {
        size_t to = smaller(at + STEP, length);
        equal = differs(a, b, at, to) ? 0 : equal + 1;
        if (!equal)
            *ret_end = to;
    }
    while (a[*ret_end - 1] == b[*ret_end - 1])
        --*ret_end;
    return true;
}

static void add_spans(const struct oriel_fb_shadow *shadow, const uint8_t *before, unsigned y,
                      struct oriel_region *region) {
    size_t length = (size_t)shadow->width * shadow->pixel, start = 0, end = 0;
    while (next_span(shadow->row, before, length, end, &start, &end)) {
        size_t x = start / shadow->pixel, x2 = (end + shadow->pixel - 1) / shadow->pixel;
        oriel_region_add(region, shadow->width, shadow->height, (int64_t)x, y, (int64_t)(x2 - x), 1);
    }
}

bool oriel_fb_shadow_update(struct oriel_fb_shadow *shadow, const uint8_t *picture, size_t line, unsigned first,
                            unsigned step, struct oriel_region *region) {
    size_t length = (size_t)shadow->width * shadow->pixel;
    bool changed = false, likely = false;
    for (unsigned y = first; y < shadow->height; y += step) {
        uint8_t *before = shadow->pixels + y * length;
        const uint8_t *now = picture + y * line;
        if (!likely && memcmp(now, before, length) == 0)
            continue;
        memcpy(shadow->row, now, length);
        likely = memcmp(shadow->row, before, length) != 0;
        if (!likely)
            continue;
        add_spans(shadow, before, y, region);
        memcpy(before, shadow->row, length);
        changed = true;
    }
    return changed;
}

static void swap_bgrx(uint8_t *to, const uint8_t *from, unsigned count) {
    for (unsigned i = 0; i < count; i++, to += 4, from += 4) {
        to[0] = from[2];
        to[1] = from[1];
        to[2] = from[0];
        to[3] = from[3];
    }
}

static void swap_rgb565(uint8_t *to, const uint8_t *from, unsigned count) {
    for (unsigned i = 0; i < count; i++, to += 2, from += 2) {
        unsigned pixel = from[0] | (unsigned)from[1] << 8;
        pixel = pixel << 11 | (pixel & 0x07e0) | (pixel >> 11 & 0x1f);
        to[0] = (uint8_t)pixel;
        to[1] = (uint8_t)(pixel >> 8);
    }
}

void oriel_fb_shadow_copy(const struct oriel_fb_shadow *shadow, enum oriel_fb_layout layout,
                          const struct oriel_ring *ring, unsigned index, struct oriel_rect r) {
    size_t line = (size_t)shadow->width * shadow->pixel;
    const uint8_t *from = shadow->pixels + r.y * line + (size_t)r.x * shadow->pixel;
    for (unsigned y = r.y; y < (unsigned)r.y + r.height; y++, from += line) {
        uint8_t *to = oriel_ring_at(ring, index, r.x, y);
        if (layout == ORIEL_FB_RGBX)
            swap_bgrx(to, from, r.width);
        else if (layout == ORIEL_FB_BGR565)
            swap_rgb565(to, from, r.width);
        else
            memcpy(to, from, (size_t)r.width * shadow->pixel);
    }
}
