/* The agent's page as the exact layer knows it, written after signaling/PROTOCOL.md without code of the layer or of the
 * console: it hears what comes in any order, and by a link that loses; acknowledges; applies records and tiles, and
 * knows of each pixel whether it lacks it. For tests only; one page, one thread but for on_send(). */
#ifndef ORIEL_TESTS_EXACT_PAGE_H
#define ORIEL_TESTS_EXACT_PAGE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>

#include "clock.h"
#include "exact_pack.h"
#include "exact_runs.h"
#include "exact.h"
#include "frames.h"

enum { WIDTH = 400, HEIGHT = 300, PIXELS = WIDTH * HEIGHT, QUEUE = 1 << 16, LOG = 4096, TILES = 1 << 16 };

struct message {
    uint8_t *bytes;
    size_t length;
};

struct page_record {
    bool known, frame;
    int64_t came;
    uint32_t rtp;
    unsigned moves, rects;
    uint8_t body[1200];
};

struct page_tile {
    uint8_t *image; /* chunks at their places; NULL: nothing has come, or it is done */
    unsigned left, got;
    size_t length;
    bool done, chunks[256];
};

static struct {
    GMutex lock; /* of the queue */
    struct message queue[QUEUE];
    size_t count;
    uint64_t bytes;
    unsigned loss; /* in percent */
    bool tileless; /* no tile comes */
    bool silent;   /* says nothing */
    int epoch;     /* -1: none */
    uint8_t state;
    uint32_t next, applied; /* the first record that is missing; that is not in the layer */
    struct page_record log[LOG];
    struct page_tile tiles[TILES];
    uint32_t layer[PIXELS]; /* 0: transparent */
    uint32_t shown[PIXELS]; /* frame and layer; 0: nothing yet */
    uint32_t lacks[PIXELS], stale[PIXELS];
    int32_t time; /* number of the record that is shown; -1: none */
    struct message slots[1024];
    int sizes[1024][2]; /* of the images in them */
    uint8_t names[1024][16];
    struct image {
        uint32_t rtp, *pixels; /* of the whole picture */
    } images[512];
    unsigned image_count, misses, references, parts, moves, known, small, packed, alone;
} page;

static struct oriel_exact *exact;

static void on_send(void *user, const void *bytes, size_t length) {
    g_mutex_lock(&page.lock);
    page.bytes += length;
    if ((unsigned)rand() % 100 >= page.loss && page.count < QUEUE)
        page.queue[page.count++] = (struct message){g_memdup2(bytes, length), length};
    g_mutex_unlock(&page.lock);
}

static void say(const uint8_t *bytes, size_t length) {
    if (!page.silent && (unsigned)rand() % 100 >= page.loss)
        assert_true(oriel_exact_heard(exact, bytes, length));
}

static void acknowledge(uint32_t tile, unsigned chunk, unsigned count) {
    uint8_t ack[23] = {2, 0x81, (uint8_t)page.epoch, (uint8_t)(page.epoch >> 8)};
    const uint32_t now = (uint32_t)(oriel_monotonic() / 100000);
    memcpy(ack + 4, &page.next, 4);
    memcpy(ack + 8, &now, 4);
    ack[12] = (uint8_t)count;
    memcpy(ack + 13, &tile, 4);
    memcpy(ack + 17, (uint16_t[]){(uint16_t)chunk, 1, 0}, 6);
    say(ack, 13 + 10 * count);
}

static void clear_page(int epoch) {
    for (unsigned i = 0; i < page.image_count; i++)
        free(page.images[i].pixels);
    for (unsigned i = 0; i < TILES; i++)
        free(page.tiles[i].image);
    memset(page.log, 0, sizeof page.log);
    memset(page.tiles, 0, sizeof page.tiles);
    memset(page.layer, 0, sizeof page.layer);
    memset(page.shown, 0, sizeof page.shown);
    memset(page.lacks, 0, sizeof page.lacks);
    memset(page.stale, 0, sizeof page.stale);
    page.time = -1;
    page.next = page.applied = page.image_count = 0;
    page.epoch = epoch;
}

static void hear_records(const uint8_t *m, size_t length) {
    size_t at = 14;
    int epoch = (int)GST_READ_UINT16_LE(m + 2);
    if (epoch > page.epoch)
        clear_page(epoch);
    if (epoch != page.epoch)
        return;
    assert_int_equal(GST_READ_UINT16_LE(m + 4), WIDTH);
    assert_int_equal(GST_READ_UINT16_LE(m + 6), HEIGHT);
    page.state = m[8];
    for (unsigned i = 0; i < m[9]; i++) {
        assert_true(GST_READ_UINT32_LE(m + 10) + i < LOG);
        struct page_record *r = &page.log[GST_READ_UINT32_LE(m + 10) + i];
        bool again = r->known;
        int64_t came = again ? r->came : oriel_monotonic();
        *r = (struct page_record){.known = true,
                                  .frame = m[at + 4] & 1,
                                  .came = came,
                                  .rtp = GST_READ_UINT32_LE(m + at),
                                  .moves = m[at + 5],
                                  .rects = m[at + 6]};
        size_t size = r->moves * 12u + r->rects * 8u;
        page.moves += again ? 0 : r->moves;
        memcpy(r->body, m + at + 7, size);
        at += 7 + size;
    }
    assert_int_equal(at, length);
    while (page.log[page.next].known)
        page.next++;
    acknowledge(0, 0, 0);
}

/* `size`: of the image; NULL: as the tile. */
static void finish(const uint8_t *m, uint8_t *image, size_t length, const int *size) {
    int width = size ? size[0] : (int)GST_READ_UINT16_LE(m + 16),
        height = size ? size[1] : (int)GST_READ_UINT16_LE(m + 18);
    bool packed = m[1] != 4 && !image[0];
    uint8_t *pixels = m[1] == 4 || packed ? malloc((size_t)width * (size_t)height * 4)
                                          : WebPDecodeBGRA(image, length, &width, &height);
    if (m[1] == 4 || packed)
        assert_true((packed ? pack_decode : runs_decode)(image, length, (unsigned)width, (unsigned)height,
                                                         (uint32_t *)(void *)pixels));
    page.packed += packed;
    unsigned x = GST_READ_UINT16_LE(m + 12), y = GST_READ_UINT16_LE(m + 14);
    assert_non_null(pixels);
    uint8_t *from = pixels;
    size_t stride = (size_t)width * 4;
    if (m[1] == 3) { /* a part of it */
        assert_true((int)(GST_READ_UINT16_LE(m + 20) + GST_READ_UINT16_LE(m + 16)) <= width &&
                    (int)(GST_READ_UINT16_LE(m + 22) + GST_READ_UINT16_LE(m + 18)) <= height);
        page.parts += width != (int)GST_READ_UINT16_LE(m + 16) || height != (int)GST_READ_UINT16_LE(m + 18);
        from += GST_READ_UINT16_LE(m + 22) * stride + GST_READ_UINT16_LE(m + 20) * 4;
        width = (int)GST_READ_UINT16_LE(m + 16);
        height = (int)GST_READ_UINT16_LE(m + 18);
    }
    assert_int_equal(width, GST_READ_UINT16_LE(m + 16));
    assert_int_equal(height, GST_READ_UINT16_LE(m + 18));
    assert_true((int)x + width <= WIDTH && (int)y + height <= HEIGHT && page.image_count < 512);
    struct image *i = &page.images[page.image_count++];
    *i = (struct image){GST_READ_UINT32_LE(m + 8), calloc(PIXELS, 4)};
    for (int row = 0; row < height; row++)
        memcpy(i->pixels + ((int)y + row) * WIDTH + x, from + (size_t)row * stride, (size_t)width * 4);
    WebPFree(pixels);
}

static void hear_small(const uint8_t *m, size_t length) {
    static uint8_t copy[1200];
    uint32_t number = GST_READ_UINT32_LE(m + 4);
    if ((int)GST_READ_UINT16_LE(m + 2) != page.epoch)
        return;
    assert_true(number < TILES);
    memcpy(copy, m, length);
    if (!page.tiles[number].done)
        finish(m, copy + 20, length - 20, NULL);
    page.tiles[number].done = true;
    page.small++;
    acknowledge(number, 0, 1);
}

static void hear_tile(const uint8_t *m, size_t length) {
    uint32_t number = GST_READ_UINT32_LE(m + 4);
    unsigned index = GST_READ_UINT16_LE(m + 20), count = GST_READ_UINT16_LE(m + 22), slot = GST_READ_UINT16_LE(m + 24);
    if ((int)GST_READ_UINT16_LE(m + 2) != page.epoch)
        return;
    assert_true(number < TILES && (m[1] == 3 || (count <= 256 && index < count)));
    struct page_tile *t = &page.tiles[number];
    if (m[1] == 3) {
        if (!page.slots[slot].bytes || memcmp(page.names[slot], m + 26, 16) != 0) {
            uint8_t miss[8] = {2, 0x82, m[2], m[3], m[4], m[5], m[6], m[7]};
            page.misses++;
            say(miss, sizeof miss);
            return;
        }
        if (!t->done)
            finish(m, page.slots[slot].bytes, page.slots[slot].length, page.sizes[slot]);
        page.references += !t->done;
        t->done = true;
        acknowledge(number, 0, 1);
        return;
    }
    if (!t->image && !t->done) {
        t->image = malloc(256 * 1108);
        t->left = count;
    }
    if (!t->done && !t->chunks[index]) {
        t->chunks[index] = true;
        memcpy(t->image + index * 1108, m + 42, length - 42);
        t->length += length - 42;
        if (--t->left == 0) {
            finish(m, t->image, t->length, NULL);
            t->done = true;
            if (slot != 0xffff) {
                free(page.slots[slot].bytes);
                page.slots[slot] = (struct message){g_memdup2(t->image, t->length), t->length};
                memcpy(page.names[slot], m + 26, 16);
                page.sizes[slot][0] = (int)GST_READ_UINT16_LE(m + 16);
                page.sizes[slot][1] = (int)GST_READ_UINT16_LE(m + 18);
            }
            free(t->image);
            t->image = NULL;
        }
    }
    acknowledge(number, index, 1);
}

static void hear(const uint8_t *m, size_t length) {
    assert_int_equal(m[0], 2);
    if (m[1] == 1)
        hear_records(m, length);
    else if (page.tileless)
        return;
    else if (m[1] == 4)
        hear_small(m, length);
    else
        hear_tile(m, length);
}

/* What has come until now, in any order. */
static void deliver(void) {
    for (;;) {
        g_mutex_lock(&page.lock);
        struct message m = {0};
        if (page.count) {
            size_t which = page.loss ? (size_t)rand() % page.count : 0;
            m = page.queue[which];
            memmove(&page.queue[which], &page.queue[which + 1], (--page.count - which) * sizeof m);
        }
        g_mutex_unlock(&page.lock);
        if (!m.bytes)
            return;
        assert_true(m.length >= 10 && m.length <= 1150);
        if (m.bytes[1] != 5)
            hear(m.bytes, m.length);
        for (size_t at = 4; m.bytes[1] == 5 && at < m.length; at += 2 + GST_READ_UINT16_LE(m.bytes + at)) {
            assert_true(at + 2 + GST_READ_UINT16_LE(m.bytes + at) <= m.length && m.bytes[at + 3] != 5);
            hear(m.bytes + at + 2, GST_READ_UINT16_LE(m.bytes + at));
        }
        g_free(m.bytes);
    }
}

static void fill_with(uint32_t *to, const uint8_t *rect, uint32_t value) {
    for (unsigned y = 0; y < GST_READ_UINT16_LE(rect + 6); y++)
        for (unsigned x = 0; x < GST_READ_UINT16_LE(rect + 4); x++)
            to[(GST_READ_UINT16_LE(rect + 2) + y) * WIDTH + GST_READ_UINT16_LE(rect) + x] = value;
}

static void move_pixels(uint32_t *to, const struct page_record *r) {
    static uint32_t old[PIXELS];
    const uint8_t *at = r->body;
    for (unsigned i = 0; i < r->moves; i++, at += 12) {
        memcpy(old, to, sizeof old);
        for (unsigned y = 0; y < GST_READ_UINT16_LE(at + 6); y++)
            memcpy(to + (GST_READ_UINT16_LE(at + 10) + y) * WIDTH + GST_READ_UINT16_LE(at + 8),
                   old + (GST_READ_UINT16_LE(at + 2) + y) * WIDTH + GST_READ_UINT16_LE(at),
                   GST_READ_UINT16_LE(at + 4) * 4u);
    }
}

static void apply(uint32_t *layer, const struct page_record *r, uint32_t value) {
    move_pixels(layer, r);
    for (unsigned i = 0; i < r->rects; i++)
        fill_with(layer, r->body + r->moves * 12u + i * 8u, value);
}

static uint32_t number_of(uint32_t rtp) {
    for (uint32_t n = 0; n < page.next; n++)
        if (page.log[n].rtp == rtp)
            return n;
    return UINT32_MAX;
}

/* The pixels of the record's rectangles that no tile has brought yet; `later`: a tile of a later record will do, which
 * is shown with that one. */
static unsigned mark_lacking(uint32_t number, bool later, uint32_t *lacking) {
    const struct page_record *r = &page.log[number];
    unsigned count = 0;
    for (unsigned i = 0; i < r->rects; i++)
        fill_with(lacking, r->body + r->moves * 12u + i * 8u, 1);
    for (unsigned i = 0; i < page.image_count; i++) {
        uint32_t from = number_of(page.images[i].rtp);
        for (unsigned k = 0; from != UINT32_MAX && (from == number || (later && from > number)) && k < PIXELS; k++)
            lacking[k] = lacking[k] && !page.images[i].pixels[k];
    }
    for (unsigned k = 0; k < PIXELS; k++)
        count += lacking[k];
    return count;
}

static void next_record(void) {
    static uint32_t lacking[PIXELS];
    const struct page_record *r = &page.log[page.applied];
    memset(lacking, 0, sizeof lacking);
    if (!r->frame)
        mark_lacking(page.applied, false, lacking);
    apply(page.layer, r, 0);
    apply(page.lacks, r, 0);
    move_pixels(page.shown, r);
    if (r->frame) {
        memset(page.stale, 0, sizeof page.stale);
        memset(page.lacks, 0, sizeof page.lacks);
    } else {
        const uint8_t *at = r->body;
        for (unsigned i = 0; i < r->moves; i++, at += 12)
            fill_with(page.stale, (uint8_t[]){at[8], at[9], at[10], at[11], at[4], at[5], at[6], at[7]}, 1);
        for (unsigned i = 0; i < r->rects; i++, at += 8)
            fill_with(page.stale, at, 1);
        for (unsigned k = 0; k < PIXELS; k++)
            page.lacks[k] |= lacking[k];
    }
    page.time = (int32_t)page.applied++;
}

static void draw_images(void) {
    unsigned kept = 0;
    for (unsigned i = 0; i < page.image_count; i++) {
        struct image image = page.images[i];
        uint32_t from = number_of(image.rtp);
        if (from >= page.applied) {
            page.images[kept++] = image;
            continue;
        }
        for (uint32_t n = from + 1; n < page.applied; n++)
            apply(image.pixels, &page.log[n], 0);
        for (unsigned k = 0; k < PIXELS; k++)
            if (image.pixels[k]) {
                page.layer[k] = page.shown[k] = image.pixels[k];
                page.lacks[k] = 0;
            }
        free(image.pixels);
    }
    page.image_count = kept;
}

/* What needs no frame, and is there, or is waited for no longer. */
static void go_on(void) {
    static uint32_t lacking[PIXELS];
    for (; page.applied < page.next && page.time >= 0 && !page.log[page.applied].frame; page.alone++) {
        memset(lacking, 0, sizeof lacking);
        if (oriel_monotonic() - page.log[page.applied].came < 30 * ORIEL_MILLISECOND &&
            mark_lacking(page.applied, true, lacking))
            break;
        next_record();
    }
    draw_images();
}

/* A frame is presented. False: its changes are not known. */
static bool present(uint32_t rtp, const uint32_t *video) {
    uint32_t number = number_of(rtp), last = number + 1;
    if (number == UINT32_MAX)
        return false;
    while (last > page.applied && !page.log[last - 1].frame)
        last--;
    while (page.applied < last)
        next_record();
    for (unsigned k = 0; k < PIXELS; k++)
        if (!page.stale[k])
            page.shown[k] = page.layer[k] ? page.layer[k] : video[k];
    page.time = page.applied ? (int32_t)page.applied - 1 : -1;
    return true;
}

#endif
