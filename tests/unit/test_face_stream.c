/* pipelines/facestream: what of the agent's camera may go to the decoder. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "clock.h"
#include "facestream.h"

static struct oriel_face_gate gate;
static int64_t now;

static gboolean key(unsigned width, unsigned height) {
    const uint8_t head[10] = {
        0x10, 0, 0, 0x9d, 0x01, 0x2a, (uint8_t)width, (uint8_t)(width >> 8), (uint8_t)height, (uint8_t)(height >> 8)};
    now += ORIEL_SECOND / 15;
    return oriel_face_may_decode(&gate, head, sizeof head, now);
}

static gboolean between(void) {
    const uint8_t head[3] = {0x11, 0, 0};
    now += ORIEL_SECOND / 15;
    return oriel_face_may_decode(&gate, head, sizeof head, now);
}

static int set_up(void **state) {
    gate = (struct oriel_face_gate){.shut = TRUE};
    now = ORIEL_SECOND;
    return 0;
}

static void test_sizes(void **state) {
    assert_false(between()); /* nothing before a keyframe */
    assert_true(key(320, 240));
    assert_true(between());
    assert_true(key(640, 480));
    assert_true(key(480, 640));
    assert_false(key(641, 480));
    assert_false(between());             /* what belongs to it neither */
    assert_true(key(320, 240 | 0x4000)); /* the two bits of a scale that nobody uses */
    assert_false(key(4096, 16));
    assert_false(key(8, 240));
    assert_false(key(0, 0));
    const uint8_t broken[10] = {0x10, 0, 0, 0x9d, 0x01, 0x2b}, cut[4] = {0x10, 0, 0, 0x9d};
    assert_false(oriel_face_may_decode(&gate, broken, sizeof broken, now += ORIEL_SECOND));
    assert_false(oriel_face_may_decode(&gate, cut, sizeof cut, now += ORIEL_SECOND));
    assert_false(oriel_face_may_decode(&gate, cut, 0, now += ORIEL_SECOND));
}

static void test_rate(void **state) {
    const uint8_t head[3] = {0x11, 0, 0};
    assert_true(key(320, 240));
    int taken = 0;
    for (int i = 0; i < 1000; i++) /* 1000 in a second */
        taken += oriel_face_may_decode(&gate, head, sizeof head, now += ORIEL_SECOND / 1000);
    assert_in_range(taken, 29, 32); /* then it waits for a keyframe */
    now += ORIEL_SECOND;
    assert_false(between());
    assert_true(key(320, 240));
    assert_true(between());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sizes, set_up),
        cmocka_unit_test_setup(test_rate, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
