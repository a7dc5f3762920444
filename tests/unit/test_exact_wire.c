/* pipelines/exact/wire and webp: bytes as signaling/PROTOCOL.md has them; images that decode to the same pixels. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>

#include "exact_pack.h"
#include "exact_runs.h"
#include "image.h"
#include "pack.h"
#include "runs.h"
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
        2,    1,    0x34, 0x12, 0, 5, 0xd0, 2, 2, 2, 4, 3, 2, 1,    /* head */
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
    static const uint8_t wanted[] = {2, 2, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0};
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
    static const uint8_t small[] = {2, 4, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 'i'};
    uint8_t wanted[4 + 2 * (2 + sizeof small)] = {2, 5, 3, 0};
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
    uint8_t ack[] = {2, 0x81, 2, 1, 3, 0, 0, 0, 8, 7, 0, 1, 1, 4, 0, 0, 0, 5, 0, 6, 0, 9, 1};
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
    const uint8_t miss[] = {2, 0x82, 2, 1, 3, 0, 0, 0, 0};
    assert_true(oriel_exact_read(miss, 8, &heard));
    assert_int_equal(heard.kind, ORIEL_EXACT_MISS);
    assert_false(oriel_exact_read(miss, 9, &heard));
    ack[0] = 1;
    assert_false(oriel_exact_read(ack, sizeof ack, &heard));
    uint8_t many[13 + 255 * 10] = {2, 0x81, [12] = ORIEL_EXACT_RANGES_MAX + 1};
    assert_false(oriel_exact_read(many, 13 + (ORIEL_EXACT_RANGES_MAX + 1) * 10, &heard));
}

/* Whatever code it has. */
static void expect_image(const uint8_t *image, size_t length, const uint8_t *pixels, int width, int height) {
    static uint32_t got[256 * 256];
    if (image[0])
        assert_non_null(WebPDecodeBGRAInto(image, length, (uint8_t *)got, sizeof got, width * 4));
    else
        assert_true(pack_decode(image, length, (unsigned)width, (unsigned)height, got));
    assert_memory_equal(got, pixels, (size_t)width * (size_t)height * 4);
}

/* All colours that a channel has, noise, a smooth surface, one colour, soft edges of several colours, and one pixel:
 * nothing is lost, and each goes by the code that suits it. */
static void test_images_are_lossless(void **state) {
    enum { SIDE = 256 };
    static uint8_t pixels[SIDE * SIDE * 4];
    static const uint8_t inks[4][3] = {{60, 30, 200}, {0, 160, 40}, {20, 20, 20}, {250, 90, 10}};
    const int sizes[][2] = {{SIDE, SIDE}, {1, 1}, {160, 56}, {1, 256}};
    srand(7);
    for (int kind = 0; kind < 5; kind++)
        for (unsigned s = 0; s < 4; s++) {
            int width = sizes[s][0], height = sizes[s][1];
            for (int i = 0; i < width * height * 4; i++) {
                int x = i / 4 % width, y = i / 4 / width, edge = (x * 7 + y * y / 9) % 64;
                int soft = edge < 4 ? edge * 60 + (x + y) % 13 : 255;
                pixels[i] = i % 4 == 3  ? 255
                            : kind == 0 ? (uint8_t)rand()
                            : kind == 1 ? (uint8_t)(i / 4)
                            : kind == 2 ? (uint8_t)(i % 4 == 2 ? 255 : 0)
                            : kind == 3 ? (uint8_t)(x * (i % 4 + 1) / 3 + y)
                                        : (uint8_t)(255 - (255 - inks[y / 64 % 4][i % 4]) * (255 - soft) / 255);
            }
            size_t length;
            uint8_t *image = oriel_image_encode(pixels, (size_t)width * 4, (unsigned)width, (unsigned)height, &length);
            assert_non_null(image);
            expect_image(image, length, pixels, width, height);
            if (s == 0 && kind < 4)
                assert_int_equal(!image[0], kind == 1 || kind == 2);
            free(image);
        }
}

enum { SIDE = 96 };

/* As a toolkit draws: much is as beside it or above. */
static void draw(uint32_t pixels[SIDE * SIDE], unsigned colours) {
    for (unsigned i = 0; i < SIDE * SIDE; i++)
        pixels[i] = rand() % 4                ? i ? pixels[i - 1] : 0xff000000
                    : rand() % 3 && i >= SIDE ? pixels[i - SIDE]
                                              : 0xff000000 | ((unsigned)rand() % colours * 0x3b1f57 & 0xffffff);
}

/* As a toolkit draws, and worse, in every shape; no byte too many is written. */
static void test_packed_images_are_lossless(void **state) {
    static uint32_t pixels[SIDE * SIDE], got[SIDE * SIDE];
    static uint8_t image[SIDE * SIDE * 5];
    srand(6);
    for (int round = 0; round < 200; round++) {
        unsigned width = 1 + (unsigned)rand() % SIDE, height = 1 + (unsigned)rand() % SIDE, colours = 1u << rand() % 20;
        draw(pixels, colours);
        size_t length = oriel_pack_encode((const uint8_t *)pixels, SIDE * 4, width, height, image, sizeof image);
        assert_true(length > 0);
        assert_true(pack_decode(image, length, width, height, got));
        for (unsigned y = 0; y < height; y++)
            assert_memory_equal(got + y * width, pixels + y * SIDE, width * 4u);
        memset(image, 0xee, sizeof image);
        size_t room = length - 1;
        assert_int_equal(oriel_pack_encode((const uint8_t *)pixels, SIDE * 4, width, height, image, room), 0);
        assert_int_equal(image[room], 0xee);
    }
}

/* What a toolkit draws, in every shape; and noise, which does not fit. */
static void test_small_images_are_lossless(void **state) {
    static uint32_t pixels[SIDE * SIDE], got[SIDE * SIDE];
    static uint8_t image[SIDE * SIDE * 5];
    srand(5);
    for (int round = 0; round < 400; round++) {
        unsigned width = 1 + (unsigned)rand() % SIDE, height = 1 + (unsigned)rand() % SIDE,
                 colours = 1 + (unsigned)rand() % 90;
        draw(pixels, colours);
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

/* A picture by a rule, which the console's exact.test.js has, too: so both sides mean the same bytes. */
static void test_a_packed_image_byte_for_byte(void **state) {
    enum { WIDTH = 32, HEIGHT = 20 };
    static uint32_t pixels[WIDTH * HEIGHT], got[WIDTH * HEIGHT];
    for (unsigned y = 0; y < HEIGHT; y++)
        for (unsigned x = 0; x < WIDTH; x++) {
            unsigned row = y % 5 == 4 ? y - 1 : y, kind = (x * 7 + row * row) % 16, soft = (x * 37 + row * 11) % 8 * 32;
            unsigned red = 255 - soft * (255 - 0xb4) / 256, green = 255 - soft * (255 - 0x55) / 256,
                     blue = 255 - soft * (255 - 0x10) / 256;
            pixels[y * WIDTH + x] = 0xff000000 | (kind < 10   ? 0xe9ebed
                                                  : kind < 12 ? row * 0x010f07
                                                              : red << 16 | green << 8 | blue);
        }
    static const uint8_t wanted[] = {
        0x00, 0xfd, 0x7f, 0xb8, 0x47, 0x4d, 0x8a, 0xa7, 0xc4, 0x01, 0x3f, 0xe1, 0x91, 0x73, 0xcb, 0xb1, 0x7c, 0x00,
        0x13, 0x0d, 0xa6, 0x45, 0x84, 0xad, 0xa3, 0xbe, 0x59, 0x4b, 0x2e, 0xe8, 0x7d, 0x39, 0x67, 0xd6, 0x24, 0xb4,
        0xb3, 0x6f, 0x63, 0x5f, 0xc4, 0x3f, 0x3a, 0xa8, 0x10, 0x3f, 0x9f, 0xa5, 0x8c, 0xa8, 0x96, 0x50, 0x29, 0x53,
        0x69, 0xe4, 0x58, 0xd8, 0xb0, 0xc0, 0xe0, 0xea, 0x07, 0xb6, 0x78, 0xbf, 0x26, 0x19, 0xf6, 0xac, 0x69, 0xf6,
        0xb7, 0x28, 0xa3, 0xb0, 0x87, 0x86, 0x7e, 0x46, 0xae, 0x50, 0xd5, 0xac, 0xbe, 0xbf, 0xd4, 0x5d, 0xd7, 0x71,
        0xbd, 0xe7, 0xf7, 0x93, 0x07, 0x68, 0x97, 0x0e, 0x00, 0xd4, 0x1c, 0x3a, 0x80, 0xff, 0xa0, 0x7f, 0x0d, 0x7e,
        0x3e, 0xa3, 0xcc, 0xf0, 0xd3, 0xd2, 0xd6, 0x6d, 0x43, 0xe8, 0x23, 0x2e, 0x1e, 0x53, 0xc4, 0x59, 0x58, 0x11,
        0x2c, 0xe8, 0xb1, 0x62, 0x78, 0x65, 0x74, 0x4a, 0xa0, 0x65, 0xd2, 0x63, 0x91, 0xd0, 0xfa, 0x35, 0x60, 0x80,
        0xbe, 0x7b, 0x9b, 0xe1, 0x93, 0x93, 0xc1, 0x0b, 0x34, 0x16, 0x0c, 0xb0, 0x9c, 0xba, 0xe7, 0x7e, 0x98, 0x04,
        0x1e, 0x19, 0xca, 0x7f, 0xc7, 0x8f, 0x82, 0x7e, 0x79, 0x6a, 0xd5, 0xd8, 0x0f, 0x35, 0x29, 0x5f, 0xba, 0x2d,
        0x61, 0x82, 0x7d, 0x4c, 0x61, 0x6d, 0xa4, 0x62, 0x7e, 0x17, 0x4d, 0x62, 0x8d, 0x6c, 0xad, 0x45, 0x75, 0xac,
        0x24, 0xa3, 0xa5, 0x43, 0x43, 0x19, 0x65, 0x59, 0x86, 0x56, 0xeb, 0x93, 0x67,
    };
    uint8_t image[2048];
    size_t length = oriel_pack_encode((const uint8_t *)pixels, WIDTH * 4, WIDTH, HEIGHT, image, sizeof image);
    assert_int_equal(length, sizeof wanted);
    assert_memory_equal(image, wanted, length);
    assert_true(pack_decode(image, length, WIDTH, HEIGHT, got));
    assert_memory_equal(got, pixels, sizeof got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_no_more_records_than_fit),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_the_page_is_read_strictly),
        cmocka_unit_test(test_images_are_lossless),
        cmocka_unit_test(test_packed_images_are_lossless),
        cmocka_unit_test(test_a_packed_image_byte_for_byte),
        cmocka_unit_test(test_small_images_are_lossless),
        cmocka_unit_test(test_bundles),
    };
    return cmocka_run_group_tests_name("exact wire", tests, NULL, NULL);
}
