/* The pictures that the painter shows. Integers and one hash only, so that they are the same on every machine. */
#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t mix(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ x >> 16;
}

void picture_fill(struct picture *p, int x, int y, int w, int h, uint32_t colour) {
    int right = x + w < p->width ? x + w : p->width, bottom = y + h < p->height ? y + h : p->height;
    for (int row = y < 0 ? 0 : y; row < bottom; row++)
        for (int column = x < 0 ? 0 : x; column < right; column++)
            p->pixels[row * p->width + column] = colour;
}

/* A letter-like glyph of strokes one or two pixels wide in a cell of 9×16. */
static void glyph(struct picture *p, int x, int y, uint32_t which, uint32_t colour) {
    uint32_t bits = mix(which);
    if (bits & 1)
        picture_fill(p, x + 1, y + 3, 1, 9, colour);
    if (bits & 2)
        picture_fill(p, x + 6, y + 3, 1, 9, colour);
    if (bits & 4)
        picture_fill(p, x + 1, y + 3, 6, 1, colour);
    if (bits & 8)
        picture_fill(p, x + 1, y + 7, 6, 1, colour);
    if (bits & 16)
        picture_fill(p, x + 1, y + 11, 6, 1, colour);
    if (bits & 32)
        for (int i = 0; i < 5; i++)
            picture_fill(p, x + 1 + i, y + 6 + i, 1, 1, colour);
    if (!(bits & 63))
        picture_fill(p, x + 3, y + 3, 2, 9, colour);
}

static void text_line(struct picture *p, int x, int y, int w, uint32_t seed, uint32_t colour) {
    uint32_t state = mix(seed);
    for (int column = 0; (column + 1) * 9 <= w; column++) {
        state = mix(state + 1);
        if (state % 6)
            glyph(p, x + column * 9, y, state >> 8, colour);
    }
}

static void gauges(struct picture *p, int x, int y, int w, int h, unsigned seed) {
    static const uint32_t colours[] = {0x1f6feb, 0x2da44e, 0xbf8700, 0xcf222e, 0x8250df, 0x0a7f8c};
    for (int i = 0; i < 6; i++) {
        int top = y + i * h / 6, length = (int)(mix(seed + (unsigned)i) % (unsigned)w);
        picture_fill(p, x, top + 8, w, h / 6 - 16, 0xd8dee4);
        picture_fill(p, x, top + 8, length, h / 6 - 16, colours[i]);
    }
}

static void gradient(struct picture *p, int x, int y, int w, int h) {
    for (int row = 0; row < h; row++)
        for (int column = 0; column < w; column++) {
            uint32_t r = (uint32_t)(column * 255 / w), g = (uint32_t)(row * 255 / h), b = 255 - r;
            picture_fill(p, x + column, y + row, 1, 1, r << 16 | g << 8 | b);
        }
}

void picture_draw(struct picture *p, unsigned seed) {
    int w = p->width, h = p->height;
    picture_fill(p, 0, 0, w, h, 0xf3f5f7);
    picture_fill(p, 0, 0, w, 48, 0x24405c);
    text_line(p, 16, 16, w / 2, seed * 7919, 0xffffff);
    picture_fill(p, w / 2 + 16, 64, w / 2 - 32, h - 80, 0xffffff);
    for (int y = 72; y + 20 <= h - 16; y += 20)
        text_line(p, w / 2 + 28, y, w / 2 - 56, seed * 104729 + (unsigned)y, y / 20 % 5 ? 0x1b1f24 : 0x0550ae);
    gauges(p, 16, 72, w / 2 - 48, h / 2 - 80, seed);
    gradient(p, 16, h / 2 + 8, w / 4 - 24, h / 2 - 40);
    for (int y = h / 2 + 8; y + 16 <= h - 32; y += 16)
        text_line(p, w / 4 + 8, y, w / 4 - 24, seed * 15485863 + (unsigned)y, 0x57606a);
}

void picture_text(struct picture *p, int y0, unsigned seed) {
    picture_fill(p, 0, y0, p->width, p->height - y0, 0xffffff);
    for (int y = y0 + 4; y + 20 <= p->height; y += 20)
        text_line(p, 12, y, p->width - 24, mix(seed * 6151 + (unsigned)y), y / 20 % 7 ? 0x1b1f24 : 0x0550ae);
}

/* Colours of up to `colours` and grain of up to `grains`, together at most 256. */
static void plasma(struct picture *p, int y0, unsigned frame, int colours, uint32_t grains) {
    uint32_t noise = mix(frame);
    for (int y = y0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            noise = noise * 1664525U + 1013904223U;
            int grain = (int)((noise >> 16) * grains >> 16);
            int a = (x + (int)frame * 5) & 511, b = (y * 2 + (int)frame * 3) & 511, c = (x + y + (int)frame * 7) & 511;
            int red = (a < 256 ? a : 511 - a) * colours / 256 + grain;
            int green = (b < 256 ? b : 511 - b) * colours / 256 + grain;
            int blue = (c < 256 ? c : 511 - c) * colours / 256 + grain;
            p->pixels[y * p->width + x] = (uint32_t)(red << 16 | green << 8 | blue);
        }
}

void picture_video(struct picture *p, int y0, unsigned frame) {
    plasma(p, y0, frame, 240, 8);
}

void picture_noise(struct picture *p, int y0, unsigned frame) {
    plasma(p, y0, frame, 128, 128);
}

void picture_scroll(struct picture *p, int y0, int n, unsigned frame) {
    size_t row = (size_t)p->width * sizeof *p->pixels;
    memmove(p->pixels + (size_t)y0 * (size_t)p->width, p->pixels + (size_t)(y0 + n) * (size_t)p->width,
            (size_t)(p->height - y0 - n) * row);
    picture_fill(p, 0, p->height - n, p->width, n, 0xffffff);
    /* Lines are 20 rows apart: draw the newest one again at its place, so that it grows in from below. */
    int passed = (int)(frame * (unsigned)n), line = passed / 20;
    int top = p->height - (passed - line * 20) - n;
    picture_fill(p, 0, top, p->width, p->height - top, 0xffffff);
    text_line(p, 12, top, p->width - 24, (uint32_t)line * 2654435761U, 0x1b1f24);
}

void picture_move(struct picture *p, unsigned seed, unsigned frame, int changed[4]) {
    int range_x = p->width - 136, range_y = p->height - 96;
    int x = (int)(frame * 4) % range_x, y = (int)(frame * 2) % range_y;
    int before_x = frame ? (int)((frame - 1) * 4) % range_x : x,
        before_y = frame ? (int)((frame - 1) * 2) % range_y : y;
    static uint32_t *ground;
    static int ground_size;
    if (frame == 0 || ground_size != p->width * p->height) {
        free(ground);
        ground_size = p->width * p->height;
        ground = malloc((size_t)ground_size * sizeof *ground);
        if (!ground)
            abort();
        struct picture still = {p->width, p->height, ground};
        picture_draw(&still, seed);
        memcpy(p->pixels, ground, (size_t)ground_size * sizeof *ground);
    }
    for (int row = before_y; row < before_y + 80; row++)
        memcpy(p->pixels + row * p->width + before_x, ground + row * p->width + before_x, 120 * sizeof *ground);
    picture_fill(p, x, y, 120, 80, 0xd1242f);
    text_line(p, x + 10, y + 32, 100, frame, 0xffffff);
    /* A wrap-around makes two places of one: then everything changed. */
    if (x < before_x || y < before_y) {
        changed[0] = changed[1] = 0;
        changed[2] = p->width;
        changed[3] = p->height;
        return;
    }
    changed[0] = before_x;
    changed[1] = before_y;
    changed[2] = x + 120 - before_x;
    changed[3] = y + 80 - before_y;
}

void picture_barcode(struct picture *p, uint64_t value) {
    unsigned sum = 0;
    for (int i = 0; i < 5; i++)
        sum = sum * 31 + (unsigned)(value >> i * 8 & 255);
    uint64_t code = (value & 0xffffffffffULL) << 8 | (sum & 255);
    int cell = p->width / 48;
    picture_fill(p, 0, 0, p->width, PICTURE_BARCODE_ROWS, 0);
    for (int i = 0; i < 48; i++)
        if (code >> (47 - i) & 1)
            picture_fill(p, i * cell, 0, cell, PICTURE_BARCODE_ROWS, 0xffffff);
}

int picture_write(const struct picture *p, const char *path) {
    FILE *file = fopen(path, "wb");
    if (!file)
        return -1;
    fprintf(file, "P6\n%d %d\n255\n", p->width, p->height);
    for (int i = 0; i < p->width * p->height; i++) {
        uint32_t pixel = p->pixels[i];
        unsigned char rgb[3] = {pixel >> 16 & 255, pixel >> 8 & 255, pixel & 255};
        fwrite(rgb, 1, 3, file);
    }
    int failed = ferror(file);
    return fclose(file) || failed ? -1 : 0;
}
