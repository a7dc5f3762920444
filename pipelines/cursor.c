/* See cursor.h. */
#include "cursor.h"

/* Sums of B, G, R and A over one or four cursor pixels. */
struct pixel_sum {
    int b, g, r, a;
};

static uint8_t clamp(int value) {
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* What of `below` shines through, plus the cursor's own part: (66R+129G+25B)/256 and its offset 16, both already
 * weighted by alpha because the pixels are premultiplied. */
static uint8_t blend_luma(uint8_t below, const uint8_t *p) {
    int own = (66 * p[2] + 129 * p[1] + 25 * p[0] + 128) / 256 + (16 * p[3] + 127) / 255;
    return clamp((below * (255 - p[3]) + 127) / 255 + own);
}

/* Of four pixels: the sums weigh 4 * 255. `b`, `g`, `r` are the weights of the colour, in 1/256. */
static uint8_t blend_chroma(uint8_t below, const struct pixel_sum *s, int b, int g, int r) {
    int own = (b * s->b + g * s->g + r * s->r) / (256 * 4) + (128 * s->a + 510) / 1020;
    return clamp((below * (1020 - s->a) + 510) / 1020 + own);
}

/* The cursor's visible part, in picture coordinates: [left, right) x [top, bottom). */
struct area {
    int64_t left, top, right, bottom;
};

static struct area visible(unsigned width, unsigned height, unsigned cursor_width, unsigned cursor_height, int32_t x,
                           int32_t y) {
    struct area a = {x, y, (int64_t)x + cursor_width, (int64_t)y + cursor_height};
    if (a.left < 0)
        a.left = 0;
    if (a.top < 0)
        a.top = 0;
    if (a.right > width)
        a.right = width;
    if (a.bottom > height)
        a.bottom = height;
    return a;
}

void oriel_cursor_blend(const struct oriel_i420 *picture, unsigned width, unsigned height, const uint8_t *pixels,
                        unsigned cursor_width, unsigned cursor_height, int32_t x, int32_t y) {
    struct area a = visible(width, height, cursor_width, cursor_height, x, y);
    if (a.left >= a.right || a.top >= a.bottom)
        return;
    for (int64_t row = a.top; row < a.bottom; row++) {
        uint8_t *line = picture->planes[0] + row * picture->strides[0];
        const uint8_t *from = pixels + ((row - y) * cursor_width + (a.left - x)) * 4;
        for (int64_t column = a.left; column < a.right; column++, from += 4)
            line[column] = blend_luma(line[column], from);
    }
    for (int64_t row = a.top / 2; row < (a.bottom + 1) / 2; row++) {
        uint8_t *u = picture->planes[1] + row * picture->strides[1];
        uint8_t *v = picture->planes[2] + row * picture->strides[2];
        for (int64_t column = a.left / 2; column < (a.right + 1) / 2; column++) {
            struct pixel_sum s = {0};
            for (int64_t i = 0; i < 4; i++) {
                int64_t px = column * 2 + i % 2, py = row * 2 + i / 2;
                if (px < a.left || px >= a.right || py < a.top || py >= a.bottom)
                    continue;
                const uint8_t *p = pixels + ((py - y) * cursor_width + (px - x)) * 4;
                s.b += p[0];
                s.g += p[1];
                s.r += p[2];
                s.a += p[3];
            }
            u[column] = blend_chroma(u[column], &s, 112, -74, -38);
            v[column] = blend_chroma(v[column], &s, -18, -94, 112);
        }
    }
}

void oriel_cursor_blend_pixels(uint8_t *out, size_t stride, const struct oriel_rect *part, const uint8_t *pixels,
                               unsigned cursor_width, unsigned cursor_height, int32_t x, int32_t y) {
    struct area a = visible(part->x + part->width, part->y + part->height, cursor_width, cursor_height, x, y);
    if (a.left < part->x)
        a.left = part->x;
    if (a.top < part->y)
        a.top = part->y;
    for (int64_t row = a.top; row < a.bottom; row++) {
        uint8_t *to = out + (size_t)(row - part->y) * stride + (a.left - part->x) * 4;
        const uint8_t *from = pixels + ((row - y) * cursor_width + (a.left - x)) * 4;
        for (int64_t column = a.left; column < a.right; column++, to += 4, from += 4)
            for (int i = 0; i < 3; i++)
                to[i] = clamp(from[i] + (to[i] * (255 - from[3]) + 127) / 255);
    }
}
