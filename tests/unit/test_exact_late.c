/* pipelines/exact/late: when what moves is left to the video, and for how long. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "clock.h"
#include "late.h"

#define MS ORIEL_MILLISECOND
#define TRIP (600 * MS)

static struct oriel_late late;
static int64_t now;

static int start(void **state) {
    late = (struct oriel_late){0};
    now = 100 * ORIEL_SECOND;
    return 0;
}

/* For how many seconds it is late after one that was. */
static int64_t length(void) {
    int64_t began = now;
    assert_true(oriel_late(&late, TRIP + 800 * MS, TRIP, now));
    while (oriel_late(&late, TRIP, TRIP, now))
        now += 100 * MS;
    return (now - began) / ORIEL_SECOND;
}

static void test_in_time(void **state) {
    for (int64_t waits = 0; waits < TRIP + 700 * MS; waits += 50 * MS)
        assert_false(oriel_late(&late, waits, TRIP, now));
}

/* A page that does nothing for two seconds, or a way that is cut for as long. */
static void test_a_short_way(void **state) {
    for (int64_t waits = 0; waits < 2 * ORIEL_SECOND; waits += 50 * MS) {
        assert_false(oriel_late(&late, waits, 0, now)); /* not known */
        assert_false(oriel_late(&late, waits, 2 * MS, now));
        assert_false(oriel_late(&late, waits, 100 * MS, now));
    }
}

static void test_once(void **state) {
    assert_int_equal(length(), 5);
    now += 6 * ORIEL_SECOND;
    assert_int_equal(length(), 5);
}

static void test_again_and_again(void **state) {
    const int64_t lengths[] = {5, 10, 20, 40, 40};
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++, now += ORIEL_SECOND)
        assert_int_equal(length(), lengths[i]);
    now += 41 * ORIEL_SECOND;
    assert_int_equal(length(), 5);
}

/* It lasts while it goes on, and no longer. */
static void test_while_it_goes_on(void **state) {
    for (unsigned i = 0; i < 100; i++, now += 100 * MS)
        assert_true(oriel_late(&late, TRIP + 800 * MS, TRIP, now));
    assert_int_equal(length(), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_in_time, start),
        cmocka_unit_test_setup(test_a_short_way, start),
        cmocka_unit_test_setup(test_once, start),
        cmocka_unit_test_setup(test_again_and_again, start),
        cmocka_unit_test_setup(test_while_it_goes_on, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
