/* See runs.h. */
#include "runs.h"

#include <string.h>

/* The two upper bits of a token; the lower six are a number. Of a run it is the length - 1, of which what is over 62
 * follows in groups of seven bits. */
enum { ABOVE = 0x00, BEFORE = 0x40, LATELY = 0x80, NEW = 0xc0, LENGTH_MAX = 63, LENGTH_SIZE = 6 };

struct runs {
    const uint8_t *pixels;
    size_t stride;
    unsigned width;
    uint32_t lately[64];
    uint8_t *at, *end;
};

static uint32_t load(const uint8_t *at) {
    uint32_t pixel;
    memcpy(&pixel, at, sizeof pixel);
    return pixel & 0xffffff;
}

static unsigned place(uint32_t pixel) {
    return (pixel * 0x9e3779b1u) >> 26;
}

static void put_run(struct runs *r, unsigned kind, unsigned length) {
    unsigned number = length - 1;
    *r->at++ = (uint8_t)(kind | (number < LENGTH_MAX ? number : LENGTH_MAX));
    if (number < LENGTH_MAX)
        return;
    for (number -= LENGTH_MAX; number > 127; number >>= 7)
        *r->at++ = (uint8_t)(number | 128);
    *r->at++ = (uint8_t)number;
}

static void put_pixel(struct runs *r, uint32_t pixel) {
    unsigned where = place(pixel);
    if (r->lately[where] == pixel) {
        *r->at++ = (uint8_t)(LATELY | where);
        return;
    }
    r->lately[where] = pixel;
    *r->at++ = NEW;
    *r->at++ = (uint8_t)(pixel >> 16);
    *r->at++ = (uint8_t)(pixel >> 8);
    *r->at++ = (uint8_t)pixel;
}

/* One row, of whose pixels the first `x` are coded; `before` is the last of those. `above`: how many before them are
 * as those above, and wait. */
static unsigned row(struct runs *r, const uint8_t *now, const uint8_t *up, uint32_t *before, unsigned above) {
    for (unsigned x = 0; x < r->width;) {
        unsigned same = 0, last = 0;
        while (up && x + same < r->width && load(now + (x + same) * 4u) == load(up + (x + same) * 4u))
            same++;
        if (x + same == r->width)
            return above + same;
        while (x + last < r->width && load(now + (x + last) * 4u) == *before)
            last++;
        if ((size_t)(r->end - r->at) < 2 * LENGTH_SIZE)
            return UINT32_MAX;
        if (above && last > same + 1) {
            put_run(r, ABOVE, above);
            above = 0;
        }
        if (above || (same && same >= last)) {
            put_run(r, ABOVE, above + same);
            above = 0;
            x += same;
        } else if (last) {
            put_run(r, BEFORE, last);
            x += last;
        } else {
            put_pixel(r, load(now + x * 4u));
            x++;
        }
        if (x)
            *before = load(now + (x - 1) * 4u);
    }
    return above;
}

size_t oriel_runs_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, uint8_t *out,
                         size_t room) {
    struct runs r = {.pixels = pixels, .stride = stride, .width = width, .at = out, .end = out + room};
    uint32_t before = 0;
    unsigned above = 0;
    for (unsigned y = 0; y < height; y++) {
        const uint8_t *now = pixels + y * stride, *up = y ? now - stride : NULL;
        if (up && memcmp(now, up, width * 4u) == 0)
            above += width;
        else
            above = row(&r, now, up, &before, above);
        if (above == UINT32_MAX)
            return 0;
        before = load(now + (width - 1) * 4u);
    }
    if (above) {
        if (r.end - r.at < LENGTH_SIZE)
            return 0;
        put_run(&r, ABOVE, above);
    }
    return (size_t)(r.at - out);
}
