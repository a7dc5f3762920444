/* build/tests/bench/bench-tiles [PICTURE.ppm…]: what a tile costs by each code that could carry it.
 *
 * Processor time of encoding and of decoding, and bytes, of a whole 720p picture in tiles of 256 as the exact layer
 * cuts it, and of a small change. `filtered`: as PNG does, for each row the best of none, left and up. Each is the
 * least time of some rounds, for the machine is seldom alone. Every code is decoded and compared: what loses a bit ends
 * the program. It is no test: nothing fails on a time. What was taken, and why, is in pipelines/exact/image.h. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <webp/decode.h>
#include <webp/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "../rig/picture.h"
#include "../unit/exact_pack.h"
#include "../unit/exact_runs.h"
#include "image.h"
#include "pack.h"
#include "runs.h"

enum { SIDE = 256, ROUNDS = 5, ROOM = SIDE * SIDE * 8 };

struct image {
    unsigned width, height;
    const uint32_t *pixels; /* 0xffRRGGBB, without padding */
};

/* The length of what is in `out`, or 0; and back. */
struct code {
    const char *name;
    int level;
    size_t (*encode)(const struct image *i, int level, uint8_t out[ROOM]);
    void (*decode)(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out);
};

static void need(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "bench-tiles: %s\n", what);
    exit(1);
}

static double cpu_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- the codes ---- */

/* Where the device does it: level 1. */
static size_t encode_webp(const struct image *i, int level, uint8_t out[ROOM]) {
    WebPConfig config;
    WebPPicture picture;
    WebPMemoryWriter writer;
    need(WebPConfigInit(&config) && WebPConfigLosslessPreset(&config, level) && WebPPictureInit(&picture), "libwebp");
    picture.use_argb = 1;
    picture.width = (int)i->width;
    picture.height = (int)i->height;
    WebPMemoryWriterInit(&writer);
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &writer;
    need(WebPPictureImportBGRX(&picture, (const uint8_t *)i->pixels, (int)i->width * 4) &&
             WebPEncode(&config, &picture) && writer.size <= ROOM,
         "WebP does not encode");
    size_t length = writer.size;
    memcpy(out, writer.mem, length);
    WebPPictureFree(&picture);
    WebPMemoryWriterClear(&writer);
    return length;
}

static size_t encode_oriel(const struct image *i, int level, uint8_t out[ROOM]) {
    size_t length = 0;
    uint8_t *bytes = oriel_image_encode((const uint8_t *)i->pixels, i->width * 4u, i->width, i->height, &length);
    need(bytes && length <= ROOM, "the exact layer does not encode");
    memcpy(out, bytes, length);
    free(bytes);
    return length;
}

static size_t encode_pack(const struct image *i, int level, uint8_t out[ROOM]) {
    return oriel_pack_encode((const uint8_t *)i->pixels, i->width * 4u, i->width, i->height, out, ROOM);
}

static void decode_pack(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out) {
    need(pack_decode(bytes, length, width, height, out), "what is packed does not decode");
}

static void decode_webp(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out) {
    need(WebPDecodeBGRAInto(bytes, length, (uint8_t *)out, (size_t)width * height * 4, (int)width * 4) != NULL,
         "WebP does not decode");
}

static void decode_oriel(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out) {
    (bytes[0] ? decode_webp : decode_pack)(bytes, length, width, height, out);
}

static size_t encode_runs(const struct image *i, int level, uint8_t out[ROOM]) {
    return oriel_runs_encode((const uint8_t *)i->pixels, i->width * 4u, i->width, i->height, out, ROOM);
}

static void decode_runs(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out) {
    need(runs_decode(bytes, length, width, height, out), "runs do not decode");
}

static uint8_t packed[SIDE * SIDE * 3], filtered[SIDE * (SIDE * 3 + 1)];

/* Three bytes a pixel. */
static size_t pack(const struct image *i) {
    for (size_t k = 0; k < (size_t)i->width * i->height; k++)
        memcpy(packed + k * 3, &i->pixels[k], 3);
    return (size_t)i->width * i->height * 3;
}

static void unpack(unsigned width, unsigned height, uint32_t *out) {
    for (size_t k = 0; k < (size_t)width * height; k++)
        out[k] = 0xff000000 | (uint32_t)packed[k * 3 + 2] << 16 | (uint32_t)packed[k * 3 + 1] << 8 | packed[k * 3];
}

static uint8_t predicted(const uint8_t *row, size_t x, size_t bytes, unsigned filter) {
    return filter == 1 && x >= 3 ? row[x - 3] : filter == 2 ? (row - bytes)[x] : 0;
}

static size_t filter_rows(unsigned width, unsigned height) {
    size_t bytes = (size_t)width * 3;
    for (unsigned y = 0; y < height; y++) {
        const uint8_t *row = packed + y * bytes;
        unsigned long best = 0, sums[3] = {0};
        for (unsigned f = 0; f < (y ? 3u : 2u); f++) {
            for (size_t x = 0; x < bytes; x++)
                sums[f] += (unsigned)abs((int8_t)(uint8_t)(row[x] - predicted(row, x, bytes, f)));
            best = sums[f] < sums[best] ? f : best;
        }
        uint8_t *to = filtered + y * (bytes + 1);
        *to++ = (uint8_t)best;
        for (size_t x = 0; x < bytes; x++)
            to[x] = (uint8_t)(row[x] - predicted(row, x, bytes, (unsigned)best));
    }
    return height * (bytes + 1);
}

static void unfilter_rows(unsigned width, unsigned height) {
    size_t bytes = (size_t)width * 3;
    for (unsigned y = 0; y < height; y++) {
        const uint8_t *from = filtered + y * (bytes + 1);
        uint8_t *row = packed + y * bytes;
        for (size_t x = 0; x < bytes; x++)
            row[x] = (uint8_t)(from[1 + x] + predicted(row, x, bytes, from[0]));
    }
}

static size_t encode_zstd(const struct image *i, int level, uint8_t out[ROOM]) {
    size_t length = ZSTD_compress(out, ROOM, packed, pack(i), level);
    return ZSTD_isError(length) ? 0 : length;
}

static void decode_zstd(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out) {
    need(!ZSTD_isError(ZSTD_decompress(packed, sizeof packed, bytes, length)), "zstd does not decode");
    unpack(width, height, out);
}

static size_t encode_zstd_filtered(const struct image *i, int level, uint8_t out[ROOM]) {
    pack(i);
    size_t length = ZSTD_compress(out, ROOM, filtered, filter_rows(i->width, i->height), level);
    return ZSTD_isError(length) ? 0 : length;
}

static void decode_zstd_filtered(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out) {
    need(!ZSTD_isError(ZSTD_decompress(filtered, sizeof filtered, bytes, length)), "zstd does not decode");
    unfilter_rows(width, height);
    unpack(width, height, out);
}

static size_t encode_deflate(const struct image *i, int level, uint8_t out[ROOM]) {
    uLongf length = ROOM;
    pack(i);
    return compress2(out, &length, filtered, filter_rows(i->width, i->height), level) == Z_OK ? length : 0;
}

static void decode_deflate(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out) {
    uLongf size = sizeof filtered;
    need(uncompress(filtered, &size, bytes, length) == Z_OK, "deflate does not decode");
    unfilter_rows(width, height);
    unpack(width, height, out);
}

static const struct code codes[] = {
    {"as the layer does", 0, encode_oriel, decode_oriel},
    {"pack", 0, encode_pack, decode_pack},
    {"runs", 0, encode_runs, decode_runs},
    {"WebP level 0", 0, encode_webp, decode_webp},
    {"WebP level 1", 1, encode_webp, decode_webp},
    {"WebP level 3", 3, encode_webp, decode_webp},
    {"zstd 1 as it is", 1, encode_zstd, decode_zstd},
    {"zstd 3 filtered", 3, encode_zstd_filtered, decode_zstd_filtered},
    {"deflate 6 filtered", 6, encode_deflate, decode_deflate},
};

/* ---- measuring ---- */

struct figures {
    double encode, decode; /* ms */
    size_t bytes;
};

static void tile(const struct code *c, const struct picture *p, int x, int y, int w, int h, struct figures *f) {
    static uint32_t pixels[SIDE * SIDE], back[SIDE * SIDE];
    static uint8_t out[ROOM];
    for (int row = 0; row < h; row++)
        for (int column = 0; column < w; column++)
            pixels[row * w + column] = p->pixels[(y + row) * p->width + x + column] | 0xff000000;
    const struct image i = {(unsigned)w, (unsigned)h, pixels};
    double from = cpu_time();
    size_t length = c->encode(&i, c->level, out);
    double middle = cpu_time();
    need(length > 0, "a tile is too large");
    c->decode(out, length, i.width, i.height, back);
    f->encode += middle - from;
    f->decode += cpu_time() - middle;
    f->bytes += length;
    need(memcmp(pixels, back, (size_t)w * (size_t)h * 4) == 0, "a code is not lossless");
}

static int least(int a, int b) {
    return a < b ? a : b;
}

static void measure(const char *title, const struct picture *p, int x, int y, int w, int h) {
    printf("%s, %dx%d\n", title, w, h);
    for (size_t n = 0; n < sizeof codes / sizeof *codes; n++) {
        struct figures best = {1e9, 1e9, 0};
        for (int round = 0; round < ROUNDS; round++) {
            struct figures f = {0};
            for (int top = y; top < y + h; top += SIDE)
                for (int left = x; left < x + w; left += SIDE)
                    tile(&codes[n], p, left, top, least(SIDE, x + w - left), least(SIDE, y + h - top), &f);
            best.encode = f.encode < best.encode ? f.encode : best.encode;
            best.decode = f.decode < best.decode ? f.decode : best.decode;
            best.bytes = f.bytes;
        }
        printf("  %-23s %8.2f ms  %8.2f ms back  %8zu bytes\n", codes[n].name, best.encode, best.decode, best.bytes);
    }
}

static struct picture read_ppm(const char *path) {
    struct picture p = {0};
    FILE *file = fopen(path, "rb");
    need(file && fscanf(file, "P6 %d %d 255", &p.width, &p.height) == 2 && p.width > 0 && p.width < 8192 &&
             p.height > 0 && p.height < 8192 && fgetc(file) != EOF,
         "that is no binary PPM of 8 bits, at most 8191 pixels wide and high");
    size_t area = (size_t)p.width * (size_t)p.height;
    p.pixels = malloc(area * 4);
    need(p.pixels != NULL, "no memory");
    for (size_t i = 0; i < area; i++) {
        uint8_t rgb[3];
        need(fread(rgb, 3, 1, file) == 1, "the PPM is cut off");
        p.pixels[i] = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
    }
    fclose(file);
    return p;
}

int main(int argc, char **argv) {
    struct picture p = {1280, 720, malloc((size_t)1280 * 720 * 4)};
    need(p.pixels != NULL, "no memory");
    setvbuf(stdout, NULL, _IOLBF, 0);
    picture_fill(&p, 0, 0, p.width, p.height, 0xffffff);
    picture_text(&p, 0, 1);
    measure("page of text", &p, 0, 0, p.width, p.height);
    measure("small change: text", &p, 320, 160, 160, 56);
    picture_draw(&p, 1);
    measure("drawn picture", &p, 0, 0, p.width, p.height);
    measure("small change: drawn", &p, 672, 160, 160, 56);
    picture_video(&p, 0, 1);
    measure("frame of a film", &p, 0, 0, p.width, p.height);
    free(p.pixels);
    for (int i = 1; i < argc; i++) {
        struct picture given = read_ppm(argv[i]);
        measure(argv[i], &given, 0, 0, given.width, given.height);
        if (given.width >= 480 && given.height >= 216)
            measure("a part of it", &given, 320, 160, 160, 56);
        free(given.pixels);
    }
    return 0;
}
