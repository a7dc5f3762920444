/* Decodes the packed images of tiles, written after signaling/PROTOCOL.md (Exact layer). */
#ifndef EXACT_PACK_H
#define EXACT_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct unpack {
    const uint8_t *at, *end;
    uint32_t code, range;
    /* row 2, followed 256, left 64, above 64, known 4, which 32*256, on line 1, line 16, green 256, off 512, fresh 768
     */
    struct {
        uint16_t zero;
        uint8_t seen;
    } chances[10135];
    uint32_t followed[4096], colours[256];
    uint8_t sure[4096];
    unsigned count, line_count;
    int lines[16][6]; /* red, green, blue from, and to */
};

enum {
    UNPACK_ROW = 0,
    UNPACK_FOLLOWED = 2,
    UNPACK_LEFT = UNPACK_FOLLOWED + 256,
    UNPACK_ABOVE = UNPACK_LEFT + 64,
    UNPACK_KNOWN = UNPACK_ABOVE + 64,
    UNPACK_WHICH = UNPACK_KNOWN + 4,
    UNPACK_ON_LINE = UNPACK_WHICH + 32 * 256,
    UNPACK_LINE = UNPACK_ON_LINE + 1,
    UNPACK_GREEN = UNPACK_LINE + 16,
    UNPACK_OFF = UNPACK_GREEN + 256,
    UNPACK_FRESH = UNPACK_OFF + 512,
};

static inline void unpack_fill(struct unpack *u) {
    for (; u->range < 1u << 24; u->range <<= 8)
        u->code = u->code << 8 | (u->at < u->end ? *u->at++ : 0);
}

static inline unsigned unpack_bit(struct unpack *u, unsigned chance, unsigned slowest) {
    uint16_t *zero = &u->chances[chance].zero;
    uint8_t *seen = &u->chances[chance].seen;
    uint32_t bound = (u->range >> 12) * (*zero >> 4);
    bool one = u->code >= bound;
    *seen = *seen < slowest ? *seen + 1 : *seen;
    if (one) {
        u->code -= bound;
        u->range -= bound;
        *zero = (uint16_t)(*zero - ((*zero - 31) >> *seen));
    } else {
        u->range = bound;
        *zero = (uint16_t)(*zero + ((65520 - *zero) >> *seen));
    }
    unpack_fill(u);
    return one;
}

static inline unsigned unpack_bits(struct unpack *u, unsigned tree, unsigned bits, unsigned slowest) {
    unsigned node = 1;
    for (unsigned i = 0; i < bits; i++)
        node = node * 2 + unpack_bit(u, tree + node, slowest);
    return node - (1u << bits);
}

static inline int unpack_folded(struct unpack *u, unsigned tree) {
    unsigned number = unpack_bits(u, tree, 8, 4);
    return number & 1 ? -(int)(number + 1) / 2 : (int)number / 2;
}

static inline int unpack_between(const int line[6], int i, int green) {
    int a = (line[i + 3] - line[i]) * (green - line[1]), b = line[4] - line[1];
    if (!b)
        return 0;
    if (b < 0) {
        a = -a;
        b = -b;
    }
    return line[i] + (a < 0 ? -((b - 2 * a) / (2 * b)) : (2 * a + b) / (2 * b));
}

static inline void unpack_front(struct unpack *u, unsigned from, const int line[6]) {
    for (unsigned i = from; i > 0; i--)
        for (int k = 0; k < 6; k++)
            u->lines[i][k] = u->lines[i - 1][k];
    for (int k = 0; k < 6; k++)
        u->lines[0][k] = line[k];
}

static inline uint32_t unpack_on_line(struct unpack *u) {
    unsigned which = unpack_bits(u, UNPACK_LINE, 4, 4);
    int line[6], green = (int)unpack_bits(u, UNPACK_GREEN, 4, 6);
    for (int i = 0; i < 6; i++)
        line[i] = u->lines[which][i];
    for (int i = 0; i < 4; i++) {
        u->range >>= 1;
        bool one = u->code >= u->range;
        u->code -= one ? u->range : 0;
        green = green * 2 + one;
        unpack_fill(u);
    }
    int red = (unpack_between(line, 0, green) + unpack_folded(u, UNPACK_OFF)) & 255;
    int blue = (unpack_between(line, 2, green) + unpack_folded(u, UNPACK_OFF + 256)) & 255;
    int length = line[4] - line[1], here = green - line[1];
    if (abs(here) > abs(length) && (here > 0) == (length > 0)) {
        line[3] = red;
        line[4] = green;
        line[5] = blue;
    }
    unpack_front(u, which, line);
    return (uint32_t)(red << 16 | green << 8 | blue);
}

static inline uint32_t unpack_fresh(struct unpack *u, uint32_t left, uint32_t ground) {
    unsigned green = unpack_bits(u, UNPACK_FRESH, 8, 4), by = green - (left >> 8 & 255);
    unsigned red = (unpack_bits(u, UNPACK_FRESH + 256, 8, 4) + (left >> 16) + by) & 255;
    unsigned blue = (unpack_bits(u, UNPACK_FRESH + 512, 8, 4) + (left & 255) + by) & 255;
    const int line[6] = {ground >> 16, ground >> 8 & 255, ground & 255, (int)red, (int)green, (int)blue};
    u->line_count += u->line_count < 16;
    unpack_front(u, u->line_count - 1, line);
    return red << 16 | green << 8 | blue;
}

static inline uint32_t unpack_pixel(struct unpack *u, uint32_t w, uint32_t n, uint32_t nw, uint32_t ne, uint32_t ww,
                                    uint32_t nn) {
    const uint32_t mix = 0x9e3779b1u;
    uint32_t at = ((((nn * mix + ww) * mix + ne) * mix + nw) * mix + n) * mix + w;
    at = (at ^ at >> 15) * mix >> 20;
    unsigned sure = u->sure[at];
    uint32_t likely = sure ? u->followed[at] : w, pixel = likely;
    unsigned like = (w == n) + 2 * (n == ne) + 4 * (w == nw) + 8 * (ww == w) + 16 * (n == nn) + 32 * (likely == w);
    if (!unpack_bit(u, UNPACK_FOLLOWED + sure * 64 + like, 4)) {
        u->sure[at] = sure < 3 ? (uint8_t)(sure + 1) : 3;
        u->followed[at] = pixel;
        return pixel;
    }
    if (likely != w && !unpack_bit(u, UNPACK_LEFT + like, 4))
        pixel = w;
    else if (n != w && n != likely && !unpack_bit(u, UNPACK_ABOVE + like, 4))
        pixel = n;
    else if (!unpack_bit(u, UNPACK_KNOWN + (w == n) + 2 * (sure > 0), 4))
        pixel = u->colours[unpack_bits(u, UNPACK_WHICH + (w * mix >> 27) * 256, 8, 4)];
    else {
        pixel = unpack_bit(u, UNPACK_ON_LINE, 4) ? unpack_fresh(u, w,
                                                                ww == w   ? w
                                                                : nn == n ? n
                                                                          : ne)
                                                 : unpack_on_line(u);
        if (u->count < 256)
            u->colours[u->count++] = pixel;
    }
    u->sure[at] = 1;
    u->followed[at] = pixel;
    return pixel;
}

/* `out`: width*height pixels 0xffRRGGBB. False: it is no such image. */
static inline bool pack_decode(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out) {
    struct unpack *u = calloc(1, sizeof *u);
    bool good = u && length && bytes[0] == 0, again = false;
    for (unsigned i = 0; good && i < sizeof u->chances / sizeof *u->chances; i++)
        u->chances[i].zero = 1 << 15;
    if (good) {
        u->at = bytes + 1;
        u->end = bytes + length;
        u->range = 1;
        unpack_fill(u); /* three bytes, and one more */
        u->code = u->code << 8 | (u->at < u->end ? *u->at++ : 0);
        u->range = UINT32_MAX;
    }
    for (unsigned y = 0; good && y < height; y++) {
        uint32_t *now = out + (size_t)y * width, *up = y ? now - width : NULL, *up_up = y > 1 ? up - width : NULL;
        again = y && !unpack_bit(u, UNPACK_ROW + again, 4);
        for (unsigned x = 0; x < width; x++) {
            uint32_t w = x ? now[x - 1] & 0xffffff : up ? up[0] & 0xffffff : 0, n = up ? up[x] & 0xffffff : w;
            if (again)
                now[x] = up[x];
            else
                now[x] = 0xff000000 | unpack_pixel(u, w, n, up && x ? up[x - 1] & 0xffffff : n,
                                                   up && x + 1 < width ? up[x + 1] & 0xffffff : n,
                                                   x > 1 ? now[x - 2] & 0xffffff : w, up_up ? up_up[x] & 0xffffff : n);
        }
    }
    free(u);
    return good;
}

#endif
