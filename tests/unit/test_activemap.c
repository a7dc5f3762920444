/* pipelines/activemap: which blocks are encoded, and what becomes of those that are not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "activemap.h"

static struct oriel_activemap map;

static int start(void **state) {
    assert_true(oriel_activemap_resize(&map, 100, 50, 10)); /* 7 x 4 blocks */
    return 0;
}

static int end(void **state) {
    oriel_activemap_clear(&map);
    return 0;
}

/* Everything encoded by `quantizer`. */
static void settle(unsigned quantizer) {
    oriel_activemap_begin(&map);
    oriel_activemap_take_changed(&map);
    oriel_activemap_encoded(&map, quantizer, 0, 0);
}

static size_t active(void) {
    size_t n = 0;
    for (size_t i = 0; i < map.count; i++)
        n += map.active[i];
    return n;
}

static void test_starts_changed(void **state) {
    assert_int_equal(map.columns, 7);
    assert_int_equal(map.rows, 4);
    assert_int_equal(map.changed, 28);
    oriel_activemap_begin(&map);
    assert_int_equal(oriel_activemap_take_changed(&map), 28);
    assert_int_equal(active(), 28);
}

static void test_damage_marks_the_blocks_it_touches(void **state) {
    settle(12);
    assert_int_equal(map.changed, 0);
    oriel_activemap_damage(&map, &(struct oriel_rect){15, 16, 2, 1}, 20); /* across a column, within a row */
    assert_int_equal(map.changed, 2);
    oriel_activemap_damage(&map, &(struct oriel_rect){16, 16, 16, 16}, 30); /* the right one again */
    assert_int_equal(map.changed, 2);
    oriel_activemap_damage(&map, &(struct oriel_rect){99, 49, 1, 1}, 30);       /* the last, which the picture cuts */
    oriel_activemap_damage(&map, &(struct oriel_rect){4000, 4000, 96, 96}, 30); /* outside */
    oriel_activemap_begin(&map);
    assert_int_equal(oriel_activemap_take_changed(&map), 3);
    assert_int_equal(map.active[7] + map.active[8] + map.active[27], 3);
    assert_int_equal(map.segment[7], ORIEL_SEGMENT_CHANGE);
    assert_int_equal(map.segment[0], ORIEL_SEGMENT_REST);
}

static void test_what_was_not_encoded_is_carried(void **state) {
    settle(12);
    oriel_activemap_damage(&map, &(struct oriel_rect){0, 0, 1, 1}, 20);
    oriel_activemap_begin(&map);
    oriel_activemap_take_changed(&map); /* planned, but dropped */
    oriel_activemap_damage(&map, &(struct oriel_rect){32, 0, 1, 1}, 21);
    oriel_activemap_begin(&map);
    assert_int_equal(active(), 0);
    assert_int_equal(oriel_activemap_take_changed(&map), 2);
    oriel_activemap_encoded(&map, 30, 0, 0);
    assert_int_equal(map.changed, 0);
    assert_int_equal(map.quality[0], 30);
    assert_int_equal(map.quality[1], 12);
    assert_int_equal(map.quality[2], 30);
}

static void test_coarse_blocks_are_taken_in_turn(void **state) {
    settle(40);
    struct oriel_coarse all = oriel_activemap_coarse(&map, 12, 1000);
    assert_int_equal(all.count, 28);
    assert_int_equal(all.worst, 40);
    assert_int_equal(all.touched, 10);
    for (int pass = 0; pass < 3; pass++) {
        oriel_activemap_begin(&map);
        assert_int_equal(oriel_activemap_take_coarse(&map, 12, 1000, 10), pass == 2 ? 8 : 10);
        oriel_activemap_encoded(&map, 0, 12, 0);
    }
    assert_int_equal(oriel_activemap_coarse(&map, 12, 1000).count, 0);
    oriel_activemap_begin(&map);
    assert_int_equal(oriel_activemap_take_coarse(&map, 12, 1000, 10), 0);
}

static void test_what_moves_is_not_sharpened(void **state) {
    settle(40);
    oriel_activemap_damage(&map, &(struct oriel_rect){0, 0, 16, 16}, 500);
    settle(40);
    oriel_activemap_begin(&map);
    assert_int_equal(oriel_activemap_take_coarse(&map, 12, 499, 100), 27);
    assert_int_equal(map.active[0], 0);
    assert_int_equal(oriel_activemap_coarse(&map, 12, 499).count, 27);
}

static void test_the_loop_filter_spills_left_and_up(void **state) {
    settle(12);
    oriel_activemap_damage(&map, &(struct oriel_rect){16, 16, 16, 16}, 500); /* column 1, row 1 */
    oriel_activemap_begin(&map);
    oriel_activemap_take_changed(&map);
    oriel_activemap_encoded(&map, 50, 0, 50);
    assert_int_equal(map.quality[8], 50);
    assert_int_equal(map.quality[7], 50);
    assert_int_equal(map.quality[1], 50);
    assert_int_equal(map.quality[9], 12);
    assert_int_equal(map.quality[15], 12);
    assert_int_equal(map.touched[7], 500); /* they settle together */
    assert_int_equal(oriel_activemap_coarse(&map, 12, 1000).count, 3);
}

static void test_large_and_small(void **state) {
    oriel_activemap_clear(&map);
    assert_true(oriel_activemap_resize(&map, 16, 16, 0));
    assert_int_equal(map.count, 1);
    oriel_activemap_clear(&map);
    assert_true(oriel_activemap_resize(&map, 4096, 4096, 0));
    assert_int_equal(map.count, 65536);
    assert_int_equal(map.changed, 65536);
}

static void test_what_is_deferred_waits_until_it_is_owed(void **state) {
    settle(12);
    oriel_activemap_defer(&map, &(struct oriel_rect){0, 0, 32, 16}, 5000);
    oriel_activemap_damage(&map, &(struct oriel_rect){48, 0, 16, 16}, 100);
    oriel_activemap_defer(&map, &(struct oriel_rect){48, 0, 16, 16}, 5000); /* was to be shown, and still is */
    oriel_activemap_begin(&map);
    assert_int_equal(oriel_activemap_take_changed(&map), 1);
    oriel_activemap_encoded(&map, 12, 0, 0);
    assert_int_equal(oriel_activemap_coarse(&map, 20, 4999).count, 0); /* not settled */
    assert_int_equal(oriel_activemap_coarse(&map, 20, 5000).count, 2);
    oriel_activemap_owe(&map, &(struct oriel_rect){16, 0, 64, 16}, 200); /* the others have nothing to owe */
    oriel_activemap_begin(&map);
    assert_int_equal(oriel_activemap_take_changed(&map), 1);
    assert_int_equal(map.active[1], 1);
    oriel_activemap_encoded(&map, 12, 0, 0);
    oriel_activemap_begin(&map);
    assert_int_equal(oriel_activemap_take_coarse(&map, 20, 5000, 10), 1); /* settled, it is like a coarse one */
    oriel_activemap_encoded(&map, 0, 4, 0);
    assert_int_equal(oriel_activemap_coarse(&map, 20, 9000).count, 0);
}

static void test_painted_from_top_to_bottom(void **state) {
    size_t all = 0;
    for (int i = 0; i < 3; i++) {
        oriel_activemap_begin(&map);
        size_t taken = oriel_activemap_take_part(&map, 10);
        assert_int_equal(active(), taken);
        assert_true(map.active[all] && map.active[all + taken - 1]);
        oriel_activemap_encoded(&map, 40, 0, 0);
        all += taken;
    }
    assert_int_equal(all, 28);
    assert_int_equal(map.changed, 0);
    oriel_activemap_begin(&map);
    assert_int_equal(oriel_activemap_take_part(&map, 10), 0);
    oriel_activemap_damage_all(&map, 20); /* it goes on below, and round */
    oriel_activemap_take_part(&map, 3);
    assert_true(map.active[0] && map.active[2] && !map.active[3]);
}

/* What a part of a recovery leaves is as it was in the picture that it refers to. */
static void test_part_of_a_recovery(void **state) {
    oriel_activemap_begin(&map);
    oriel_activemap_take_changed(&map);
    oriel_activemap_encoded(&map, 40, 0, 0);
    oriel_activemap_kept_everywhere(&map);
    oriel_activemap_damage_all(&map, 10);
    oriel_activemap_begin(&map);
    oriel_activemap_take_part(&map, 20);
    oriel_activemap_encoded(&map, 30, 0, 0);
    oriel_activemap_kept(&map, ORIEL_SLOT_LAST, ORIEL_SLOT_ALTREF);
    assert_int_equal(map.changed, 8);
    assert_int_equal(oriel_activemap_since(&map, ORIEL_SLOT_ALTREF), 8);
    assert_int_equal(oriel_activemap_since(&map, ORIEL_SLOT_GOLDEN), 28);
    oriel_activemap_revert(&map, ORIEL_SLOT_GOLDEN);
    assert_int_equal(map.changed, 28);
    oriel_activemap_begin(&map);
    oriel_activemap_take_part(&map, 10); /* the last 8, and 2 from the top */
    oriel_activemap_encoded(&map, 30, 0, 0);
    oriel_activemap_kept(&map, ORIEL_SLOT_GOLDEN, ORIEL_SLOT_LAST);
    assert_int_equal(map.changed, 18);
    for (size_t i = 0; i < 28; i++) {
        assert_int_equal(map.since[ORIEL_SLOT_GOLDEN][i], i < 2 || i >= 20);
        assert_int_equal(map.since[ORIEL_SLOT_ALTREF][i], 1);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_starts_changed),
        TEST(test_what_is_deferred_waits_until_it_is_owed),
        TEST(test_damage_marks_the_blocks_it_touches),
        TEST(test_what_was_not_encoded_is_carried),
        TEST(test_coarse_blocks_are_taken_in_turn),
        TEST(test_what_moves_is_not_sharpened),
        TEST(test_the_loop_filter_spills_left_and_up),
        TEST(test_painted_from_top_to_bottom),
        TEST(test_part_of_a_recovery),
        TEST(test_large_and_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
