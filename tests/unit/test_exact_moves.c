/* pipelines/exact/moves: scrolling is found, and nothing else is taken for it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "moves.h"

enum { WIDTH = 320, HEIGHT = 240, STRIDE = WIDTH * 4 };

static uint8_t then[HEIGHT * STRIDE], now[HEIGHT * STRIDE];
static uint64_t old_lines[WIDTH], new_lines[WIDTH];
static struct oriel_moves_scratch scratch;
static int shift;
static unsigned first, run;

static int start(void **state) {
    srand(5);
    for (unsigned i = 0; i < sizeof then; i++)
        then[i] = (uint8_t)rand();
    memcpy(now, then, sizeof now);
    return 0;
}

static bool rows(void) {
    oriel_moves_hash_rows(then, WIDTH, HEIGHT, STRIDE, old_lines);
    oriel_moves_hash_rows(now, WIDTH, HEIGHT, STRIDE, new_lines);
    return oriel_moves_shift(&scratch, old_lines, new_lines, HEIGHT, &shift, &first, &run);
}

static bool columns(void) {
    memset(old_lines, 0, sizeof old_lines);
    memset(new_lines, 0, sizeof new_lines);
    oriel_moves_hash_columns(then, WIDTH, HEIGHT, STRIDE, old_lines);
    oriel_moves_hash_columns(now, WIDTH, HEIGHT, STRIDE, new_lines);
    return oriel_moves_shift(&scratch, old_lines, new_lines, WIDTH, &shift, &first, &run);
}

static void test_the_same_has_not_moved(void **state) {
    assert_false(rows());
    assert_false(columns());
}

static void test_up_under_a_header(void **state) {
    memmove(now + 32 * STRIDE, then + 36 * STRIDE, (HEIGHT - 36) * STRIDE);
    memset(now + (HEIGHT - 4) * STRIDE, 7, 4 * STRIDE);
    assert_true(rows());
    assert_int_equal(shift, 4);
    assert_int_equal(first, 32);
    assert_int_equal(run, HEIGHT - 36);
    assert_false(columns());
}

static void test_down(void **state) {
    memmove(now + 100 * STRIDE, then, 140 * STRIDE);
    assert_true(rows());
    assert_int_equal(shift, -100);
    assert_int_equal(first, 100);
    assert_int_equal(run, 140);
}

static void test_sideways(void **state) {
    for (int y = 0; y < HEIGHT; y++)
        memmove(now + y * STRIDE, then + y * STRIDE + 12, STRIDE - 12);
    assert_false(rows());
    assert_true(columns());
    assert_int_equal(shift, 3);
    assert_int_equal(first, 0);
    assert_in_range(run, WIDTH - 3, WIDTH - 2);
}

static void test_other_content_is_no_move(void **state) {
    for (unsigned i = 0; i < sizeof now; i++)
        now[i] = (uint8_t)rand();
    assert_false(rows());
    assert_false(columns());
    memset(now, 255, sizeof now); /* a blank page, and from one */
    assert_false(rows());
    memset(then, 255, sizeof then);
    memset(now, 254, sizeof now);
    assert_false(rows());
}

static void test_doing_it(void **state) {
    const struct oriel_move moves[] = {
        {{0, 36, WIDTH, HEIGHT - 36}, 0, 32}, {{0, 0, WIDTH, 140}, 0, 100}, {{3, 0, WIDTH - 3, HEIGHT}, 0, 0},
        {{0, 0, WIDTH - 3, HEIGHT}, 3, 0},    {{10, 10, 50, 40}, 30, 25},
    };
    for (unsigned i = 0; i < 5; i++) {
        const struct oriel_move *m = &moves[i];
        memcpy(now, then, sizeof now);
        oriel_moves_apply(m, now, STRIDE);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                bool in = x >= m->x && x < m->x + m->from.width && y >= m->y && y < m->y + m->from.height;
                int from_x = in ? x - m->x + m->from.x : x, from_y = in ? y - m->y + m->from.y : y;
                assert_memory_equal(now + y * STRIDE + x * 4, then + from_y * STRIDE + from_x * 4, 4);
            }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_same_has_not_moved, start),
        cmocka_unit_test_setup(test_up_under_a_header, start),
        cmocka_unit_test_setup(test_down, start),
        cmocka_unit_test_setup(test_sideways, start),
        cmocka_unit_test_setup(test_other_content_is_no_move, start),
        cmocka_unit_test_setup(test_doing_it, start),
    };
    return cmocka_run_group_tests_name("exact moves", tests, NULL, NULL);
}
