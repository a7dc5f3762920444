/* pipelines/exact/wire and webp: bytes as signaling/PROTOCOL.md has them; images that decode to the same pixels. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>

#include "exact_runs.h"
#include "runs.h"
#include "webp.h"
#include "wire.h"

static uint8_t message[ORIEL_EXACT_MESSAGE_MAX];

static void test_records(void **state) {
    const struct oriel_exact_record one = {
        .number = 0x01020304, .rtp = 0xfffffffe, .count = 1, .rects = {{1, 2, 3, 0x104}}};
    const struct oriel_exact_record moved = {
        .number = 0x01020305, .rtp = 7, .frame = true, .move_count = 1, .moves = {{{1, 2, 3, 4}, 5, 6}}};
    const struct oriel_exact_record *const list[] = {&one, &moved};
    size_t length;
    assert_int_equal(oriel_exact_write_records(0x1234, 1280, 720, ORIEL_EXACT_MOTION, list, 2, message, &length), 2);
    static const uint8_t wanted[] = {
        1,    1,    0x34, 0x12, 0, 5, 0xd0, 2, 2, 2, 4, 3, 2, 1,    /* head */
        0xfe, 0xff, 0xff, 0xff, 0, 0, 1,    1, 0, 2, 0, 3, 0, 4, 1, /* one */
        7,    0,    0,    0,    1, 1, 0,    1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0,
    };
    assert_int_equal(length, sizeof wanted);
    assert_memory_equal(message, wanted, sizeof wanted);
}

static void test_no_more_records_than_fit(void **state) {
    struct oriel_exact_record full = {.count = ORIEL_EXACT_RECTS_MAX};
    const struct oriel_exact_record *list[300];
    size_t length;
    for (int i = 0; i < 300; i++)
        list[i] = &full;
    assert_int_equal(oriel_exact_write_records(1, 1, 1, ORIEL_EXACT_EXACT, list, 300, message, &length), 4);
    assert_true(length <= sizeof message);
    full.count = 0;
    assert_int_equal(oriel_exact_write_records(1, 1, 1, ORIEL_EXACT_EXACT, list, 300, message, &length), 162);
    assert_true(length <= sizeof message);
}

static void test_tiles(void **state) {
    struct oriel_exact_tile_head head = {
        .tile = 9, .rtp = 8, .rect = {1, 2, 3, 4}, .index = 5, .count = 6, .from_x = 64, .from_y = 128, .slot = 7};
    memset(head.name, 0xab, sizeof head.name);
    static const uint8_t wanted[] = {1, 2, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0};
    uint8_t bytes[2000] = "image";
    assert_int_equal(oriel_exact_write_chunk(3, &head, bytes, 5, message), ORIEL_EXACT_CHUNK_HEAD + 5);
    assert_memory_equal(message, wanted, sizeof wanted);
    assert_memory_equal(message + ORIEL_EXACT_CHUNK_HEAD - 1, "\xabimage", 6);
    assert_int_equal(oriel_exact_write_chunk(3, &head, bytes, sizeof bytes, message), ORIEL_EXACT_MESSAGE_MAX);
    assert_int_equal(oriel_exact_write_reference(3, &head, message), ORIEL_EXACT_CHUNK_HEAD);
    assert_int_equal(message[1], 3);
    assert_memory_equal(message + 20, "\x40\0\x80\0\x07\0", 6);
}

static void test_bundles(void **state) {
    struct oriel_exact_bundle b;
    const struct oriel_exact_tile_head head = {.tile = 9, .rtp = 8, .rect = {1, 2, 3, 4}};
    static const uint8_t small[] = {1, 4, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 'i'};
    uint8_t wanted[4 + 2 * (2 + sizeof small)] = {1, 5, 3, 0};
    size_t length;
    assert_int_equal(oriel_exact_write_small(3, &head, (const uint8_t *)"i", 1, message), sizeof small);
    assert_memory_equal(message, small, sizeof small);
    oriel_exact_bundle_start(&b, 3);
    oriel_exact_bundle_add(&b, small, sizeof small);
    const uint8_t *one = oriel_exact_bundle_end(&b, &length);
    assert_int_equal(length, sizeof small); /* of one alone, that itself */
    assert_memory_equal(one, small, length);
    oriel_exact_bundle_add(&b, small, sizeof small);
    for (size_t at = 4; at < sizeof wanted; at += 2 + sizeof small) {
        wanted[at] = sizeof small;
        memcpy(wanted + at + 2, small, sizeof small);
    }
    const uint8_t *both = oriel_exact_bundle_end(&b, &length);
    assert_int_equal(length, sizeof wanted);
    assert_memory_equal(both, wanted, length);
    assert_int_equal(oriel_exact_bundle_room(&b), ORIEL_EXACT_MESSAGE_MAX - sizeof wanted - 2);
}

static void test_the_page_is_read_strictly(void **state) {
    struct oriel_exact_heard heard;
    uint8_t ack[] = {1, 0x81, 2, 1, 3, 0, 0, 0, 8, 7, 0, 1, 1, 4, 0, 0, 0, 5, 0, 6, 0, 9, 1};
    assert_true(oriel_exact_read(ack, sizeof ack, &heard));
    assert_int_equal(heard.kind, ORIEL_EXACT_ACK);
    assert_int_equal(heard.epoch, 0x102);
    assert_int_equal(heard.number, 3);
    assert_int_equal(heard.at, 0x01000708);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.ranges[0].ago, 0x109);
    assert_int_equal(heard.ranges[0].tile, 4);
    assert_int_equal(heard.ranges[0].first, 5);
    assert_int_equal(heard.ranges[0].count, 6);
    for (size_t length = 0; length < sizeof ack; length++)
        assert_false(oriel_exact_read(ack, length, &heard));
    const uint8_t miss[] = {1, 0x82, 2, 1, 3, 0, 0, 0, 0};
    assert_true(oriel_exact_read(miss, 8, &heard));
    assert_int_equal(heard.kind, ORIEL_EXACT_MISS);
    assert_false(oriel_exact_read(miss, 9, &heard));
    ack[0] = 2;
    assert_false(oriel_exact_read(ack, sizeof ack, &heard));
    uint8_t many[13 + 255 * 10] = {1, 0x81, [12] = ORIEL_EXACT_RANGES_MAX + 1};
    assert_false(oriel_exact_read(many, 13 + (ORIEL_EXACT_RANGES_MAX + 1) * 10, &heard));
}

/* All colours that a channel has, noise, and one pixel: nothing is lost. */
static void test_images_are_lossless(void **state) {
    enum { SIDE = 256 };
    static uint8_t pixels[SIDE * SIDE * 4];
    const int sizes[][2] = {{SIDE, SIDE}, {1, 1}, {160, 56}, {1, 256}};
    srand(7);
    for (int kind = 0; kind < 3; kind++)
        for (unsigned s = 0; s < 4; s++) {
            int width = sizes[s][0], height = sizes[s][1];
            for (int i = 0; i < width * height * 4; i++)
                pixels[i] = i % 4 == 3  ? 255
                            : kind == 0 ? (uint8_t)rand()
                            : kind == 1 ? (uint8_t)(i / 4)
                                        : (uint8_t)(i % 4 == 2 ? 255 : 0);
            size_t length;
            uint8_t *image = oriel_webp_encode(pixels, (size_t)width * 4, (unsigned)width, (unsigned)height, &length);
            assert_non_null(image);
            int got_width, got_height;
            uint8_t *got = WebPDecodeBGRA(image, length, &got_width, &got_height);
            assert_int_equal(got_width, width);
            assert_int_equal(got_height, height);
            assert_memory_equal(got, pixels, (size_t)width * (size_t)height * 4);
            WebPFree(got);
            free(image);
        }
}

/* What a toolkit draws, in every shape; and noise, which does not fit. */
static void test_small_images_are_lossless(void **state) {
    enum { SIDE = 96 };
    static uint32_t pixels[SIDE * SIDE], got[SIDE * SIDE];
    static uint8_t image[SIDE * SIDE * 5];
    srand(5);
    for (int round = 0; round < 400; round++) {
        unsigned width = 1 + (unsigned)rand() % SIDE, height = 1 + (unsigned)rand() % SIDE,
                 colours = 1 + (unsigned)rand() % 90;
        for (unsigned i = 0; i < SIDE * SIDE; i++)
            pixels[i] = rand() % 4                ? i ? pixels[i - 1] : 0xff000000
                        : rand() % 3 && i >= SIDE ? pixels[i - SIDE]
                                                  : 0xff000000 | ((unsigned)rand() % colours * 0x3b1f57 & 0xffffff);
        size_t length = oriel_runs_encode((const uint8_t *)pixels, SIDE * 4, width, height, image, sizeof image);
        assert_true(length > 0);
        assert_true(runs_decode(image, length, width, height, got));
        for (unsigned y = 0; y < height; y++)
            assert_memory_equal(got + y * width, pixels + y * SIDE, width * 4u);
        static uint8_t tight[SIDE * SIDE * 5];
        memset(tight, 0xee, sizeof tight);
        size_t room = length > 1 ? length - 1 : 0;
        assert_int_equal(oriel_runs_encode((const uint8_t *)pixels, SIDE * 4, width, height, tight, room), 0);
        assert_int_equal(tight[room], 0xee);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_no_more_records_than_fit),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_the_page_is_read_strictly),
        cmocka_unit_test(test_images_are_lossless),
        cmocka_unit_test(test_small_images_are_lossless),
        cmocka_unit_test(test_bundles),
    };
    return cmocka_run_group_tests_name("exact wire", tests, NULL, NULL);
}
