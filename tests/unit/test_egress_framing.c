/* egress/framing: datagrams that are STUN or ChannelData and those that are not; the same out of a stream, however it
 * is cut. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "framing.h"

#define COOKIE "\x21\x12\xa4\x42"
#define ID "abcdefghijkl"

static enum oriel_frame_kind check(const char *bytes, size_t size, size_t *length) {
    return oriel_frame_check((const uint8_t *)bytes, size, length);
}

static void test_datagrams_that_are_messages(void **state) {
    static const struct {
        const char *bytes;
        size_t size, length;
        enum oriel_frame_kind kind;
    } cases[] = {
        {"\x00\x01\x00\x00" COOKIE ID, 20, 20, ORIEL_FRAME_CONTROL},        /* Binding */
        {"\x00\x03\x00\x04" COOKIE ID "wxyz", 24, 24, ORIEL_FRAME_CONTROL}, /* Allocate */
        {"\x3f\xff\x00\x00" COOKIE ID, 20, 20, ORIEL_FRAME_CONTROL},        /* whatever it may be */
        {"\x00\x16\x00\x04" COOKIE ID "wxyz", 24, 24, ORIEL_FRAME_MEDIA},   /* Send */
        {"\x00\x17\x00\x04" COOKIE ID "wxyz", 24, 24, ORIEL_FRAME_MEDIA},   /* Data */
        {"\x40\x00\x00\x00", 4, 4, ORIEL_FRAME_MEDIA},                      /* ChannelData of nothing */
        {"\x4f\xff\x00\x01z", 5, 5, ORIEL_FRAME_MEDIA},                     /* without padding */
        {"\x40\x00\x00\x01z\0\0\0", 8, 5, ORIEL_FRAME_MEDIA},               /* with it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = 0;
        assert_int_equal(check(cases[i].bytes, cases[i].size, &length), cases[i].kind);
        assert_int_equal(length, cases[i].length);
    }
    assert_true(oriel_frame_is_allocate((const uint8_t *)"\x00\x03\x00\x00" COOKIE ID));
    assert_false(oriel_frame_is_allocate((const uint8_t *)"\x01\x03\x00\x00" COOKIE ID));
    assert_false(oriel_frame_is_allocate((const uint8_t *)"\x40\x03\x00\x00"));
}

static void test_datagrams_that_are_none(void **state) {
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"", 0},
        {"\x00", 1},
        {"\x40\x00\x00", 3},
        {"\x00\x01\x00\x00" COOKIE "abcdefghijk", 19},                /* short header */
        {"\x00\x01\x00\x00" COOKIE ID "x", 21},                       /* more than it says */
        {"\x00\x01\x00\x04" COOKIE ID, 20},                           /* less */
        {"\x00\x01\x00\x02" COOKIE ID "xx", 22},                      /* not of fours */
        {"\x00\x01\x00\x00\x21\x12\xa4\x43" ID, 20},                  /* another cookie: RFC 3489 */
        {"\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01", 12},     /* RTP */
        {"\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 13}, /* DTLS */
        {"\x50\x00\x00\x00", 4},                                      /* no channel (RFC 8656) */
        {"\x7f\xff\x00\x00", 4},
        {"\x40\x00\x00\x02z", 5},
        {"\x40\x00\x00\x01z\0\0\0\0", 9},
        {"\x40\x00\x00\x01z\0", 6}, /* half a padding */
        {"\x40\x00\x00\x04wxyz\0\0\0\0", 12},
    };
    size_t length;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (check(cases[i].bytes, cases[i].size, &length) != ORIEL_FRAME_BAD)
            fail_msg("case %zu is taken for a message", i);
    uint8_t long_one[ORIEL_FRAME_MAX + 4] = {0x40, 0, (ORIEL_FRAME_MAX - 4) >> 8, (ORIEL_FRAME_MAX - 4) & 255};
    assert_int_equal(oriel_frame_check(long_one, ORIEL_FRAME_MAX, &length), ORIEL_FRAME_MEDIA);
    long_one[2] = ORIEL_FRAME_MAX >> 8;
    long_one[3] = ORIEL_FRAME_MAX & 255;
    assert_int_equal(oriel_frame_check(long_one, sizeof long_one, &length), ORIEL_FRAME_BAD);
}

/* Puts `bytes` in, `step` at a time, and writes what comes out one after the other, each after a byte of its length.
 * Gives back how many came, or -1. */
static int deframe(const uint8_t *bytes, size_t size, size_t step, uint8_t *out, unsigned *passed) {
    static struct oriel_deframer d;
    memset(&d, 0, sizeof d);
    int count = 0;
    for (size_t at = 0; at < size;) {
        size_t room, n;
        uint8_t *to = oriel_deframer_room(&d, &room);
        assert_true(room >= ORIEL_DEFRAMER_SIZE - ORIEL_FRAME_MAX - 3);
        n = size - at < step ? size - at : step;
        n = n < room ? n : room;
        memcpy(to, bytes + at, n);
        oriel_deframer_add(&d, n);
        at += n;
        const uint8_t *message;
        size_t length;
        for (int next; (next = oriel_deframer_next(&d, &message, &length));) {
            if (next < 0)
                return -1;
            *out++ = (uint8_t)length;
            memcpy(out, message, length < 64 ? length : 64);
            out += length < 64 ? length : 64;
            count++;
        }
    }
    *passed = d.passed;
    return count;
}

static void test_streams_however_cut(void **state) {
    static const char stream[] = "\x40\x01\x00\x01z\0\0\0"
                                 "\x00\x01\x00\x00" COOKIE ID "\x40\x02\x00\x00"
                                 "\x40\x03\x00\x04wxyz"
                                 "\x00\x03\x00\x04" COOKIE ID "1234";
    static const char expected[] = "\x05\x40\x01\x00\x01z"
                                   "\x14\x00\x01\x00\x00" COOKIE ID "\x04\x40\x02\x00\x00"
                                   "\x08\x40\x03\x00\x04wxyz"
                                   "\x18\x00\x03\x00\x04" COOKIE ID "1234";
    uint8_t out[256];
    unsigned passed;
    for (size_t step = 1; step < sizeof stream; step++) {
        assert_int_equal(deframe((const uint8_t *)stream, sizeof stream - 1, step, out, &passed), 5);
        assert_memory_equal(out, expected, sizeof expected - 1);
        assert_int_equal(passed, 0);
    }
}

static void put_channel(uint8_t *at, size_t length) {
    at[0] = 0x40;
    at[1] = 0x01;
    at[2] = (uint8_t)(length >> 8);
    at[3] = (uint8_t)length;
}

static void test_long_messages_are_passed_over(void **state) {
    enum { SMALL = 8, SIZE = 4 + 65536 + SMALL + 20 + 65532 + SMALL };
    uint8_t *stream = calloc(1, SIZE), *at = stream, out[64];
    put_channel(at, 65535); /* and a byte of padding */
    at += 4 + 65536;
    put_channel(at, 4);
    at += SMALL;
    memcpy(at, "\x00\x17\xff\xfc" COOKIE ID, 20);
    at += 20 + 65532;
    put_channel(at, 4);
    static const size_t steps[] = {1, 3, 1000, 4096, SIZE};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        unsigned passed;
        assert_int_equal(deframe(stream, SIZE, steps[i], out, &passed), 2);
        assert_memory_equal(out, "\x08\x40\x01\x00\x04\0\0\0\0\x08\x40\x01\x00\x04", 14);
        assert_int_equal(passed, 2);
    }
    free(stream);
    /* The longest that is kept. */
    uint8_t longest[ORIEL_FRAME_MAX];
    memset(longest, 0, sizeof longest);
    put_channel(longest, sizeof longest - 4);
    unsigned passed;
    uint8_t much[256];
    assert_int_equal(deframe(longest, sizeof longest, 7, much, &passed), 1);
    assert_int_equal(passed, 0);
}

static void test_broken_streams(void **state) {
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"\x80", 1},
        {"\x50\x00\x00\x00", 4},
        {"\x40\x01\x00\x00\xff", 5},
        {"\x00\x01\x00\x01" COOKIE ID, 20},
        {"\x00\x01\x00\x00\x21\x12\xa4\x43" ID, 20},
        {"\x40\x01\x00\x04wxyz\x80\x03\x01", 11},
    };
    uint8_t out[64];
    unsigned passed;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t step = 1; step <= cases[i].size; step++)
            assert_int_equal(deframe((const uint8_t *)cases[i].bytes, cases[i].size, step, out, &passed), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_datagrams_that_are_messages),
        cmocka_unit_test(test_datagrams_that_are_none),
        cmocka_unit_test(test_streams_however_cut),
        cmocka_unit_test(test_long_messages_are_passed_over),
        cmocka_unit_test(test_broken_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
