/* pipelines/exact/classifier: which layer, which tile, when; on traces of damage. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "classifier.h"

static struct oriel_classifier c;
static int64_t now;

static int start(void **state) {
    now = 100 * ORIEL_SECOND;
    assert_true(oriel_classifier_start(&c, 1280, 720));
    return 0;
}

static int end(void **state) {
    oriel_classifier_clear(&c);
    return 0;
}

static void change(struct oriel_rect r) {
    oriel_classifier_changed(&c, &r, 1, 0, now);
}

/* How many tiles are due now; the last one in `tile`, all pixels in `area`. */
static unsigned take_all(struct oriel_rect *tile, unsigned *area) {
    unsigned count = 0;
    struct oriel_rect t;
    for (*area = 0; oriel_classifier_take(&c, now, &t); count++) {
        *area += (unsigned)t.width * t.height;
        *tile = t;
        assert_true(count < 1000);
    }
    return count;
}

static void assert_rect(const struct oriel_rect *r, int x, int y, int width, int height) {
    if (r->x != x || r->y != y || r->width != width || r->height != height)
        fail_msg("%u,%u %ux%u instead of %d,%d %dx%d", r->x, r->y, r->width, r->height, x, y, width, height);
}

static void test_nothing(void **state) {
    struct oriel_rect tile;
    assert_false(oriel_classifier_take(&c, now, &tile));
    assert_int_equal(oriel_classifier_due(&c), INT64_MAX);
    assert_false(oriel_classifier_moves(&c));
}

static void test_a_small_change_is_one_tight_tile_at_once(void **state) {
    struct oriel_rect tile;
    unsigned area;
    change((struct oriel_rect){100, 60, 160, 56});
    assert_int_equal(oriel_classifier_due(&c), now);
    /* The block of 256 pixels ends within it. */
    assert_int_equal(take_all(&tile, &area), 2);
    assert_int_equal(area, 160 * 56);
    assert_int_equal(oriel_classifier_due(&c), INT64_MAX);
}

static void test_a_page_reads_from_the_top(void **state) {
    struct oriel_rect tile;
    change((struct oriel_rect){0, 0, 1280, 720});
    const int places[][2] = {{0, 0}, {256, 0}, {512, 0}, {768, 0}, {1024, 0}, {0, 256}};
    for (unsigned i = 0; i < 6; i++) {
        assert_true(oriel_classifier_take(&c, now, &tile));
        assert_rect(&tile, places[i][0], places[i][1], 256, 256);
    }
    unsigned area;
    assert_int_equal(take_all(&tile, &area), 9);
    assert_rect(&tile, 1024, 512, 256, 208);
    assert_int_equal(area + 6 * 256 * 256, 1280 * 720);
}

static void test_the_newest_first(void **state) {
    struct oriel_rect tile;
    change((struct oriel_rect){0, 0, 1280, 720});
    now += 5 * ORIEL_MILLISECOND;
    change((struct oriel_rect){1000, 600, 20, 20});
    assert_true(oriel_classifier_take(&c, now, &tile));
    assert_true(tile.x <= 1000 && tile.y <= 600 && tile.x + tile.width >= 1020 && tile.y + tile.height >= 620);
}

/* Most of a block is all of it, so that a page is cut as it was before, whatever it replaces. */
static void test_most_of_a_block_is_the_block(void **state) {
    struct oriel_rect tile;
    change((struct oriel_rect){256, 300, 256, 150});
    assert_true(oriel_classifier_take(&c, now, &tile));
    assert_rect(&tile, 256, 256, 256, 256);
    change((struct oriel_rect){256, 300, 256, 100});
    assert_true(oriel_classifier_take(&c, now, &tile));
    assert_rect(&tile, 256, 300, 256, 100);
}

static void test_what_lies_apart_goes_apart(void **state) {
    struct oriel_rect tile, two[] = {{0, 0, 8, 8}, {240, 240, 8, 8}};
    unsigned area;
    oriel_classifier_changed(&c, two, 2, 0, now);
    assert_int_equal(take_all(&tile, &area), 2);
    assert_int_equal(area, 128);
}

/* A film of 640x480 at 30 a second: after some frames nothing of it is exact any more, until it stops. */
static void test_a_film_is_motion_until_it_rests(void **state) {
    const struct oriel_rect film = {320, 128, 640, 480};
    struct oriel_rect tile;
    unsigned area, tiles = 0;
    for (int i = 0; i < 90; i++, now += 33 * ORIEL_MILLISECOND) {
        change(film);
        unsigned taken = take_all(&tile, &area);
        tiles += taken > 0;
        assert_true(i < 5 || !taken);
    }
    assert_true(tiles < 5);
    assert_true(oriel_classifier_moves(&c));
    int64_t last = now - 33 * ORIEL_MILLISECOND;
    now = oriel_classifier_due(&c);
    assert_int_equal(now - last, ORIEL_SETTLE_TIME);
    assert_true(take_all(&tile, &area) > 0);
    assert_true(area >= 640 * 480 && area < 1280 * 720);
    assert_false(oriel_classifier_moves(&c));
}

/* Of a film that stops and starts again each 200 ms, less and less is cut. */
static void test_a_film_that_stutters_needs_more_patience(void **state) {
    const struct oriel_rect film = {320, 128, 640, 480};
    struct oriel_rect tile;
    unsigned area;
    int settled = 0, late = 0;
    for (int burst = 0; burst < 12; burst++) {
        for (int i = 0; i < 6; i++, now += 33 * ORIEL_MILLISECOND) {
            change(film);
            take_all(&tile, &area);
        }
        now += 150 * ORIEL_MILLISECOND;
        bool cut = take_all(&tile, &area) > 0;
        settled += cut;
        late += cut && burst >= 6;
    }
    assert_true(settled >= 1);
    assert_int_equal(late, 0);
}

/* A machine that is drawn ten times a second, on a fifth of the picture: when it stops it has settled as soon as the
 * next picture of it is late. */
static void test_what_moves_slowly_settles_soon_too(void **state) {
    const struct oriel_rect machine = {0, 300, 1280, 144};
    struct oriel_rect tile;
    unsigned area;
    for (int i = 0; i < 30; i++, now += 100 * ORIEL_MILLISECOND) {
        change(machine);
        assert_true(take_all(&tile, &area) == 0 || i < 4);
    }
    int64_t quiet = oriel_classifier_due(&c) - (now - 100 * ORIEL_MILLISECOND);
    assert_in_range(quiet, 101 * ORIEL_MILLISECOND, 135 * ORIEL_MILLISECOND);
}

/* Another page comes over it: exact at once, all of it. The machine on the next page is motion again. */
static void test_a_flip_ends_motion(void **state) {
    const struct oriel_rect page = {0, 0, 1280, 720}, machine = {0, 300, 1280, 144};
    struct oriel_rect tile;
    unsigned area;
    for (int flip = 0; flip < 3; flip++, now += 700 * ORIEL_MILLISECOND) {
        for (int i = 0; i < 20; i++, now += 100 * ORIEL_MILLISECOND) {
            change(machine);
            take_all(&tile, &area);
        }
        assert_true(oriel_classifier_moves_in(&c, &machine, 1));
        change(page);
        assert_false(oriel_classifier_moves(&c));
        assert_int_equal(take_all(&tile, &area), 15);
        now += 100 * ORIEL_MILLISECOND;
        change(machine);
        assert_true(oriel_classifier_moves_in(&c, &machine, 1));
    }
}

/* A film that stood still for a moment, as on a busy machine, goes on as one: no tile of it is tried, which would keep
 * back its next picture. After a while another picture in its place is another page. */
static void test_a_film_that_stood_still_is_no_flip(void **state) {
    const struct oriel_rect all[] = {{0, 0, 1280, 32}, {0, 160, 1280, 560}};
    struct oriel_rect tile;
    unsigned area;
    const int still[] = {260, 427, 800};
    for (unsigned burst = 0; burst < 3; burst++) {
        for (int i = 0; i < 60; i++, now += 33 * ORIEL_MILLISECOND) {
            oriel_classifier_changed(&c, all, 2, 0, now);
            take_all(&tile, &area);
        }
        now += (still[burst] - 33) * ORIEL_MILLISECOND;
        assert_true(take_all(&tile, &area) > 0);
        oriel_classifier_changed(&c, all, 2, 0, now);
        assert_true(oriel_classifier_moves_in(&c, &all[1], 1));
        assert_false(oriel_classifier_moves_in(&c, &all[0], 1));
        assert_int_not_equal(take_all(&tile, &area), 0); /* the first rows */
        assert_in_range(area, 1, 1280 * 64);
        now += 33 * ORIEL_MILLISECOND;
    }
    now += 1200 * ORIEL_MILLISECOND;
    take_all(&tile, &area);
    oriel_classifier_changed(&c, all, 2, 0, now);
    assert_false(oriel_classifier_moves(&c));
}

/* What changes beside a film, and is less than it, is no other page. */
static void test_a_film_goes_on_beside_a_change(void **state) {
    const struct oriel_rect film = {640, 128, 512, 384}, text = {0, 0, 512, 320};
    for (int i = 0; i < 60; i++, now += 33 * ORIEL_MILLISECOND) {
        struct oriel_rect both[] = {film, text}, tile;
        unsigned area;
        oriel_classifier_changed(&c, both, i % 15 == 14 ? 2 : 1, 0, now);
        take_all(&tile, &area);
        assert_true(i < 5 || oriel_classifier_moves_in(&c, &film, 1));
        assert_false(oriel_classifier_moves_in(&c, &text, 1));
    }
}

/* Gauges change all the time and are small: each change is exact, at once, also beside a film. */
static void test_gauges_are_exact_beside_a_film(void **state) {
    const struct oriel_rect gauge = {64, 64, 160, 56}, film = {640, 128, 512, 384};
    struct oriel_rect tile;
    for (int i = 0; i < 60; i++, now += 33 * ORIEL_MILLISECOND) {
        struct oriel_rect both[] = {gauge, film};
        oriel_classifier_changed(&c, both, 2, 0, now);
        bool gauge_came = false, film_came = false;
        while (oriel_classifier_take(&c, now, &tile)) {
            gauge_came = gauge_came || tile.x < 256;
            film_came = film_came || tile.x + tile.width > 640;
        }
        assert_true(gauge_came);
        assert_true(i < 5 || !film_came);
    }
}

/* A page that scrolls is motion until it is known to scroll; then only the strip that comes up changes, all the time.
 */
static void test_what_only_moves_is_no_motion(void **state) {
    const struct oriel_rect page = {0, 64, 1280, 656}, strip = {0, 716, 1280, 4};
    struct oriel_rect tile;
    unsigned area;
    for (int i = 0; i < 6; i++, now += 33 * ORIEL_MILLISECOND)
        change(page);
    assert_true(oriel_classifier_moves_in(&c, &strip, 1));
    for (int i = 0; i < 60; i++, now += 33 * ORIEL_MILLISECOND) {
        change(strip);
        take_all(&tile, &area);
        assert_true(i < 10 || !oriel_classifier_moves_in(&c, &strip, 1));
    }
    assert_false(oriel_classifier_moves(&c));
}

/* At 8 Mbit/s a page of 5 bits a pixel takes 0.58 s. */
static void test_what_changes_sooner_than_its_tiles_arrive_is_motion(void **state) {
    const struct oriel_rect page = {0, 0, 1280, 720};
    struct oriel_rect tile;
    unsigned area;
    change(page);
    assert_int_equal(take_all(&tile, &area), 15);
    oriel_classifier_cost(&c, &page, 1280 * 720 * 5 / 8);
    for (unsigned i = 0; i < 5; i++) {
        now += 500 * ORIEL_MILLISECOND;
        oriel_classifier_changed(&c, &page, 1, 8e6, now);
        assert_int_equal(take_all(&tile, &area), 0);
        assert_true(oriel_classifier_moves(&c));
    }
    assert_int_equal(oriel_classifier_due(&c), now + 625 * ORIEL_MILLISECOND); /* late by a quarter */
    now += 700 * ORIEL_MILLISECOND;
    assert_int_equal(take_all(&tile, &area), 15);
    assert_false(oriel_classifier_moves(&c));
    oriel_classifier_changed(&c, &page, 1, 8e6, now + ORIEL_SECOND); /* one flips pages, that have the time */
    now += ORIEL_SECOND;
    assert_int_equal(take_all(&tile, &area), 15);
    now += 500 * ORIEL_MILLISECOND;
    oriel_classifier_changed(&c, &page, 1, 80e6, now); /* the link is faster */
    assert_int_equal(take_all(&tile, &area), 15);
}

/* A film on a way that has room for a picture a second: each is there as soon as somebody looks. */
static void test_no_time_passes_while_nobody_looks(void **state) {
    const struct oriel_rect page = {0, 0, 1280, 720};
    struct oriel_rect tile;
    unsigned area;
    for (int i = 0; i < 10; i++, now += 33 * ORIEL_MILLISECOND) {
        change(page);
        take_all(&tile, &area);
    }
    for (int i = 0; i < 5; i++) {
        oriel_classifier_look(&c, false, now);
        assert_int_equal(oriel_classifier_due(&c), INT64_MAX);
        now += ORIEL_SECOND;
        assert_int_equal(take_all(&tile, &area), 0); /* it is not seen to have settled */
        oriel_classifier_look(&c, true, now);
        now += 5 * ORIEL_MILLISECOND;
        change(page);
        assert_int_equal(take_all(&tile, &area), 0);
        assert_true(oriel_classifier_moves(&c));
    }
    int64_t due = oriel_classifier_due(&c);
    assert_in_range(due - now, ORIEL_SETTLE_TIME, 4 * ORIEL_SETTLE_TIME);
    now = due;
    assert_int_equal(take_all(&tile, &area), 15);
    assert_true(oriel_classifier_complete(&c));
}

/* What scrolls is seldom looked at, too, where the page has nothing of it yet. But what moves is no film: it goes at
 * once. */
static void test_what_is_moved_settles_though_nobody_looks(void **state) {
    const struct oriel_rect page = {0, 0, 1280, 720};
    const struct oriel_move up = {{0, 96, 1280, 624}, 0, 32};
    struct oriel_rect tile;
    unsigned area;
    for (int i = 0; i < 10; i++, now += 33 * ORIEL_MILLISECOND)
        change(page);
    assert_true(oriel_classifier_moves(&c));
    oriel_classifier_look(&c, false, now);
    oriel_classifier_look(&c, true, now += ORIEL_SECOND);
    oriel_classifier_moved(&c, &up, now);
    oriel_classifier_look(&c, false, now);
    assert_true(oriel_classifier_moves_in(&c, &(struct oriel_rect){0, 0, 64, 64}, 1)); /* some of that is not moved */
    assert_false(oriel_classifier_moves_in(&c, &(struct oriel_rect){0, 64, 1280, 576}, 1));
    now += ORIEL_MILLISECOND;
    assert_int_equal(take_all(&tile, &area), 15);
}

/* What is due goes, whoever looks: nothing need be seen for that. */
static void test_what_was_due_before_nobody_looked(void **state) {
    struct oriel_rect tile;
    unsigned area;
    change((struct oriel_rect){0, 0, 64, 64});
    oriel_classifier_look(&c, false, now);
    oriel_classifier_look(&c, false, now + ORIEL_SECOND);
    now += 2 * ORIEL_SECOND;
    assert_false(oriel_classifier_complete(&c));
    assert_true(oriel_classifier_due(&c) <= now);
    assert_int_equal(take_all(&tile, &area), 1);
    oriel_classifier_look(&c, true, now);
    change((struct oriel_rect){0, 0, 64, 64});
    assert_int_equal(oriel_classifier_due(&c), now);
}

/* A clock of one change a second over the whole width, and typing: never motion. */
static void test_slow_changes_are_never_motion(void **state) {
    struct oriel_rect tile;
    unsigned area;
    for (int i = 0; i < 30; i++, now += ORIEL_SECOND) {
        change((struct oriel_rect){0, 0, 1280, 720});
        assert_int_equal(take_all(&tile, &area), 15);
    }
    for (int i = 0; i < 100; i++, now += 100 * ORIEL_MILLISECOND) {
        change((struct oriel_rect){(uint16_t)(100 + i * 8), 300, 8, 16});
        assert_true(take_all(&tile, &area) >= 1);
    }
    assert_false(oriel_classifier_moves(&c));
}

static void test_lacking_again(void **state) {
    struct oriel_rect tile, given_up = {256, 256, 256, 256}, part = {300, 300, 10, 10};
    unsigned area;
    assert_false(oriel_classifier_lacks_all(&c, &part));
    oriel_classifier_lacks(&c, &given_up);
    assert_true(oriel_classifier_lacks_all(&c, &given_up));
    assert_true(oriel_classifier_lacks_all(&c, &part));
    assert_false(oriel_classifier_lacks_all(&c, &(struct oriel_rect){250, 300, 10, 10}));
    assert_int_equal(take_all(&tile, &area), 1);
    assert_rect(&tile, 256, 256, 256, 256);
}

static void test_sizes_that_are_no_multiple(void **state) {
    struct oriel_rect tile;
    unsigned area;
    assert_true(oriel_classifier_start(&c, 1366, 769));
    change((struct oriel_rect){0, 0, 1366, 769});
    take_all(&tile, &area);
    assert_int_equal(area, 1366 * 769);
    assert_rect(&tile, 1280, 768, 86, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing, start, end),
        cmocka_unit_test_setup_teardown(test_a_small_change_is_one_tight_tile_at_once, start, end),
        cmocka_unit_test_setup_teardown(test_a_page_reads_from_the_top, start, end),
        cmocka_unit_test_setup_teardown(test_the_newest_first, start, end),
        cmocka_unit_test_setup_teardown(test_most_of_a_block_is_the_block, start, end),
        cmocka_unit_test_setup_teardown(test_what_lies_apart_goes_apart, start, end),
        cmocka_unit_test_setup_teardown(test_a_film_is_motion_until_it_rests, start, end),
        cmocka_unit_test_setup_teardown(test_a_film_that_stutters_needs_more_patience, start, end),
        cmocka_unit_test_setup_teardown(test_what_moves_slowly_settles_soon_too, start, end),
        cmocka_unit_test_setup_teardown(test_a_flip_ends_motion, start, end),
        cmocka_unit_test_setup_teardown(test_a_film_that_stood_still_is_no_flip, start, end),
        cmocka_unit_test_setup_teardown(test_a_film_goes_on_beside_a_change, start, end),
        cmocka_unit_test_setup_teardown(test_gauges_are_exact_beside_a_film, start, end),
        cmocka_unit_test_setup_teardown(test_what_only_moves_is_no_motion, start, end),
        cmocka_unit_test_setup_teardown(test_what_changes_sooner_than_its_tiles_arrive_is_motion, start, end),
        cmocka_unit_test_setup_teardown(test_no_time_passes_while_nobody_looks, start, end),
        cmocka_unit_test_setup_teardown(test_what_is_moved_settles_though_nobody_looks, start, end),
        cmocka_unit_test_setup_teardown(test_what_was_due_before_nobody_looked, start, end),
        cmocka_unit_test_setup_teardown(test_slow_changes_are_never_motion, start, end),
        cmocka_unit_test_setup_teardown(test_lacking_again, start, end),
        cmocka_unit_test_setup_teardown(test_sizes_that_are_no_multiple, start, end),
    };
    return cmocka_run_group_tests_name("exact classifier", tests, NULL, NULL);
}
