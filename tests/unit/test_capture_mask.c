/* capture/mask: what is cut around masks covers everything else exactly once and not a pixel of them; what is painted
 * is the masks and nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mask.h"

enum { WIDTH = 160, HEIGHT = 121 };

static struct oriel_masks masks_of(const struct oriel_rect *rects, unsigned count) {
    struct oriel_masks masks = {0};
    uint8_t bytes[ORIEL_MASKS_MAX * ORIEL_RECT_SIZE];
    oriel_rects_write(rects, count, bytes);
    assert_int_equal(oriel_masks_set(&masks, bytes, count * ORIEL_RECT_SIZE), 0);
    return masks;
}

static bool covers(const struct oriel_masks *masks, unsigned x, unsigned y) {
    for (unsigned i = 0; i < masks->count; i++)
        if (x >= masks->rects[i].x && y >= masks->rects[i].y &&
            x < (unsigned)masks->rects[i].x + masks->rects[i].width &&
            y < (unsigned)masks->rects[i].y + masks->rects[i].height)
            return true;
    return false;
}

static void test_set(void **state) {
    struct oriel_masks masks = masks_of(&(struct oriel_rect){3, 5, 4, 6}, 1);
    assert_memory_equal(&masks.rects[0], (&(struct oriel_rect){2, 4, 6, 8}), 8); /* even, outwards */
    masks = masks_of(&(struct oriel_rect){4095, 4095, 1, 1}, 1);
    assert_memory_equal(&masks.rects[0], (&(struct oriel_rect){4094, 4094, 2, 2}), 8);
    static const struct oriel_rect bad[] = {{0, 0, 0, 1}, {0, 0, 1, 0}, {4096, 0, 1, 1}, {65535, 0, 65535, 1}};
    uint8_t bytes[(ORIEL_MASKS_MAX + 1) * ORIEL_RECT_SIZE] = {0};
    for (unsigned i = 0; i < 4; i++) {
        oriel_rects_write(&bad[i], 1, bytes);
        assert_int_equal(oriel_masks_set(&masks, bytes, 8), -EPROTO);
        assert_int_equal(masks.rects[0].x, 4094); /* as it was */
    }
    for (unsigned i = 0; i <= ORIEL_MASKS_MAX; i++)
        oriel_rects_write(&(struct oriel_rect){1, 1, 1, 1}, 1, bytes + i * 8);
    assert_int_equal(oriel_masks_set(&masks, bytes, sizeof bytes), -EPROTO);
    assert_int_equal(oriel_masks_set(&masks, bytes, 9), -EPROTO);
    assert_int_equal(oriel_masks_set(&masks, bytes, sizeof bytes - 8), 0);
    assert_int_equal(masks.count, ORIEL_MASKS_MAX);
    assert_int_equal(oriel_masks_set(&masks, bytes, 0), 0);
    assert_int_equal(masks.count, 0);
}

/* A picture that is a part of a display: an HMI's masks are of that, the integrator's of the picture. */
static void test_move(void **state) {
    const struct oriel_rect asked[] = {{10, 10, 20, 20}, {110, 60, 20, 20}, {95, 40, 10, 20}, {0, 0, 100, 50}};
    struct oriel_masks masks = masks_of(asked, 4), moved;
    oriel_masks_move(&masks, 1, 100, 50, &moved);
    assert_int_equal(moved.count, 3); /* one lies beside it */
    static const struct oriel_rect expected[] = {{10, 10, 20, 20}, {10, 10, 20, 20}, {0, 0, 6, 10}};
    assert_memory_equal(moved.rects, expected, sizeof expected);
    oriel_masks_move(&masks, 1, 99, 49, &moved); /* even, outwards */
    assert_memory_equal(&moved.rects[1], (&(struct oriel_rect){10, 10, 22, 22}), 8);
    oriel_masks_move(&moved, 0, 0, 0, &moved);
    assert_int_equal(moved.count, 4);
    assert_memory_equal(&moved.rects[1], (&(struct oriel_rect){10, 10, 22, 22}), 8);
}

static uint8_t seen[HEIGHT][WIDTH];

static int mark(void *user, struct oriel_rect r) {
    assert_true(r.width > 0 && r.height > 0);
    ++*(unsigned *)user;
    for (unsigned y = r.y; y < (unsigned)r.y + r.height; y++)
        for (unsigned x = r.x; x < (unsigned)r.x + r.width; x++)
            seen[y][x]++;
    return 0;
}

static void test_cut(void **state) {
    for (unsigned seed = 1; seed <= 200; seed++) {
        struct oriel_rect rects[ORIEL_MASKS_MAX];
        unsigned count = seed % (ORIEL_MASKS_MAX + 1), pieces = 0;
        srand(seed);
        for (unsigned i = 0; i < count; i++)
            rects[i] = (struct oriel_rect){(uint16_t)(rand() % WIDTH), (uint16_t)(rand() % HEIGHT),
                                           (uint16_t)(1 + rand() % 40), (uint16_t)(1 + rand() % 30)};
        struct oriel_masks masks = masks_of(rects, count);
        struct oriel_rect r = {(uint16_t)(rand() % 60), (uint16_t)(rand() % 60), (uint16_t)(1 + rand() % 100),
                               (uint16_t)(1 + rand() % 61)};
        memset(seen, 0, sizeof seen);
        assert_int_equal(oriel_masks_cut(&masks, r, mark, &pieces), 0);
        for (unsigned y = 0; y < HEIGHT; y++)
            for (unsigned x = 0; x < WIDTH; x++) {
                bool wanted = x >= r.x && y >= r.y && x < (unsigned)r.x + r.width && y < (unsigned)r.y + r.height &&
                              !covers(&masks, x, y);
                assert_int_equal(seen[y][x], wanted);
            }
    }
}

static int stop(void *user, struct oriel_rect r) {
    return ++*(int *)user == 2 ? -EAGAIN : 0;
}

static void test_cut_stops(void **state) {
    int calls = 0;
    struct oriel_masks masks = masks_of(&(struct oriel_rect){50, 50, 10, 10}, 1);
    assert_int_equal(oriel_masks_cut(&masks, (struct oriel_rect){0, 0, 100, 100}, stop, &calls), -EAGAIN);
    assert_int_equal(calls, 2);
}

static void test_paint(void **state) {
    static const uint32_t formats[] = {ORIEL_FORMAT_BGRX, ORIEL_FORMAT_RGB565};
    static const char *const greys[] = {"\x42\x41\x42\x00", "\x08\x42"};
    struct oriel_masks masks = masks_of((struct oriel_rect[]){{10, 10, 30, 20}, {150, 110, 100, 100}}, 2);
    for (unsigned f = 0; f < 2; f++) {
        struct oriel_ring *ring;
        struct oriel_region region = {.count = 2, .rects = {{0, 0, 20, HEIGHT}, {140, 100, 20, 21}}};
        assert_int_equal(oriel_ring_new(formats[f], WIDTH, HEIGHT, 1, &ring), 0);
        memset(ring->pixels, 0x5a, ring->size * ORIEL_RING_BUFFERS);
        oriel_masks_paint(&masks, ring, 1, &region);
        for (unsigned i = 0; i < ORIEL_RING_BUFFERS; i++)
            for (unsigned y = 0; y < HEIGHT; y++)
                for (unsigned x = 0; x < WIDTH; x++) {
                    bool wanted = i == 1 && covers(&masks, x, y) && (x < 20 || x >= 140);
                    assert_memory_equal(oriel_ring_at(ring, i, x, y), wanted ? greys[f] : "ZZZZ", ring->pixel);
                }
        oriel_ring_free(ring);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),       cmocka_unit_test(test_move),  cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_stops), cmocka_unit_test(test_paint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
