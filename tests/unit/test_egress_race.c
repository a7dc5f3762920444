/* egress/race: which way begins when, and which is taken. No clock: time is a number. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "clock.h"
#include "race.h"

#define MS ORIEL_MILLISECOND
#define GIVEN (2000 * MS)
#define T0 (1000 * ORIEL_SECOND)

static struct oriel_race race;

/* Begins all that is due `ms` after the start; a bit each. */
static unsigned begin(int64_t ms) {
    unsigned begun = 0;
    for (int i; (i = oriel_race_start(&race, T0 + ms * MS)) >= 0; begun |= 1u << i)
        race.ways[i] = ORIEL_WAY_BEGUN;
    return begun;
}

static int winner(int64_t ms) {
    return oriel_race_winner(&race, T0 + ms * MS);
}

static void test_one_after_the_other(void **state) {
    oriel_race_begin(&race, 3, -1, GIVEN, T0);
    assert_int_equal(oriel_race_time(&race, T0), T0);
    assert_int_equal(begin(0), 1);
    assert_int_equal(oriel_race_time(&race, T0), T0 + 250 * MS);
    assert_int_equal(begin(249), 0);
    assert_int_equal(begin(250), 2);
    assert_int_equal(begin(500), 4);
    assert_int_equal(oriel_race_time(&race, T0), INT64_MAX);
    /* Many: all have begun within half of the time. */
    oriel_race_begin(&race, 8, -1, GIVEN, T0);
    begin(0);
    assert_int_equal(begin(1000), 0xfe);
}

static void test_a_failure_hurries_the_next(void **state) {
    oriel_race_begin(&race, 3, -1, GIVEN, T0);
    begin(0);
    race.ways[0] = ORIEL_WAY_FAILED;
    assert_int_equal(begin(10), 2);
    race.ways[1] = ORIEL_WAY_FAILED;
    assert_int_equal(begin(20), 4);
    assert_int_equal(winner(20), ORIEL_RACE_OPEN);
    race.ways[2] = ORIEL_WAY_FAILED;
    assert_int_equal(winner(21), ORIEL_RACE_LOST);
}

static void test_the_preferred_has_half_of_the_time(void **state) {
    oriel_race_begin(&race, 3, -1, GIVEN, T0);
    begin(500);
    race.ways[2] = ORIEL_WAY_WORKS;
    assert_int_equal(winner(520), ORIEL_RACE_OPEN);
    assert_int_equal(oriel_race_time(&race, T0 + 520 * MS), T0 + 1000 * MS);
    race.ways[1] = ORIEL_WAY_WORKS;
    assert_int_equal(winner(999), ORIEL_RACE_OPEN);
    assert_int_equal(winner(1000), 1);
    race.ways[0] = ORIEL_WAY_WORKS;
    assert_int_equal(winner(999), 0);
    /* Late, whatever works is taken; and before, when the others have failed. */
    oriel_race_begin(&race, 3, -1, GIVEN, T0);
    begin(500);
    assert_int_equal(winner(1500), ORIEL_RACE_OPEN);
    race.ways[2] = ORIEL_WAY_WORKS;
    assert_int_equal(winner(1501), 2);
    race.ways[0] = race.ways[1] = ORIEL_WAY_FAILED;
    assert_int_equal(winner(501), 2);
}

static void test_what_worked_last_time(void **state) {
    oriel_race_begin(&race, 3, 2, GIVEN, T0);
    assert_int_equal(begin(0), 1 | 4);
    assert_int_equal(begin(250), 2);
    race.ways[1] = ORIEL_WAY_WORKS; /* not the one: it waits for UDP as ever */
    assert_int_equal(winner(260), ORIEL_RACE_OPEN);
    race.ways[2] = ORIEL_WAY_WORKS;
    assert_int_equal(winner(260), 1); /* nothing is left to wait for; the better of the two */
    race.ways[1] = ORIEL_WAY_BEGUN;
    assert_int_equal(winner(49), ORIEL_RACE_OPEN);
    assert_int_equal(oriel_race_time(&race, T0 + 30 * MS), T0 + 50 * MS);
    assert_int_equal(winner(50), 2);
    race.ways[0] = ORIEL_WAY_WORKS;
    assert_int_equal(winner(30), 0);
}

static void test_one_alone(void **state) {
    oriel_race_begin(&race, 1, 0, GIVEN, T0);
    assert_int_equal(begin(0), 1);
    race.ways[0] = ORIEL_WAY_WORKS;
    assert_int_equal(winner(1), 0);
}

static void test_what_worked_last_time_is_tried_again_while_others_say_nothing(void **state) {
    oriel_race_begin(&race, 3, 1, GIVEN, T0);
    begin(500);
    oriel_race_note(&race, 1, false, T0 + 500 * MS); /* refused */
    assert_int_equal(begin(799), 0);
    assert_int_equal(oriel_race_time(&race, T0 + 500 * MS), T0 + 800 * MS);
    assert_int_equal(begin(800), 2);
    oriel_race_note(&race, 2, false, T0 + 810 * MS); /* another one is not */
    assert_int_equal(begin(2000), 0);
    oriel_race_note(&race, 1, false, T0 + 820 * MS);
    assert_int_equal(begin(1120), 2);
    oriel_race_note(&race, 1, true, T0 + 1130 * MS);
    assert_int_equal(winner(1130), 1);
    race.ways[1] = ORIEL_WAY_BEGUN;
    oriel_race_note(&race, 1, false, T0 + 1140 * MS);
    oriel_race_note(&race, 0, false, T0 + 1150 * MS); /* nobody is waited for */
    assert_int_equal(begin(9000), 0);
    assert_int_equal(winner(9000), ORIEL_RACE_LOST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_a_failure_hurries_the_next),
        cmocka_unit_test(test_the_preferred_has_half_of_the_time),
        cmocka_unit_test(test_what_worked_last_time),
        cmocka_unit_test(test_what_worked_last_time_is_tried_again_while_others_say_nothing),
        cmocka_unit_test(test_one_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
