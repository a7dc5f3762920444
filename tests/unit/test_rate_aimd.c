/* pipelines/rate/aimd: up slowly, down at once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "aimd.h"

#define MS ORIEL_MILLISECOND

static struct oriel_aimd aimd;

static int start(void **state) {
    oriel_aimd_start(&aimd, 1e6, 50e3, 10e6);
    return 0;
}

static double update(enum oriel_rate_use use, double acked, int64_t ms) {
    return oriel_aimd_update(&aimd, use, acked, 50 * MS, false, ms * MS);
}

static void test_up_by_8_percent_a_second(void **state) {
    for (int64_t ms = 0; ms <= 1000; ms += 50)
        update(ORIEL_RATE_NORMAL, 2e6, ms);
    assert_in_range(aimd.rate, 1075000, 1085000);
    for (int64_t ms = 1000; ms <= 60000; ms += 50)
        update(ORIEL_RATE_NORMAL, 1e6, ms);
    assert_in_range(aimd.rate, 1500000, 1510000); /* not far beyond what arrives */
}

static void test_down_to_what_arrives_once_a_round_trip(void **state) {
    update(ORIEL_RATE_NORMAL, 1e6, 0);
    assert_in_range(update(ORIEL_RATE_OVERUSED, 800e3, 10), 674000, 676000);
    assert_in_range(update(ORIEL_RATE_OVERUSED, 400e3, 30), 674000, 676000);
    assert_in_range(update(ORIEL_RATE_OVERUSED, 400e3, 70), 334000, 336000);
    update(ORIEL_RATE_OVERUSED, 1, 200);
    assert_true(aimd.rate == 50e3);
}

static void test_near_the_capacity_in_small_steps(void **state) {
    update(ORIEL_RATE_NORMAL, 1e6, 0);
    update(ORIEL_RATE_OVERUSED, 1e6, 50); /* now it is known */
    double before = aimd.rate;
    for (int64_t ms = 100; ms <= 1100; ms += 50)
        update(ORIEL_RATE_NORMAL, before, ms);
    assert_true(aimd.rate > before + 4e3 && aimd.rate < before * 1.05);
    update(ORIEL_RATE_NORMAL, 2e6, 1150); /* far more arrives: it is not */
    assert_true(aimd.capacity == 0);
}

static void test_held_while_there_is_too_little_to_send(void **state) {
    for (int64_t ms = 0; ms <= 5000; ms += 50)
        oriel_aimd_update(&aimd, ORIEL_RATE_NORMAL, 2e6, 50 * MS, true, ms * MS);
    assert_true(aimd.rate == 1e6);
}

static void test_too_deep_a_fall_is_corrected(void **state) {
    update(ORIEL_RATE_NORMAL, 1e6, 0);
    update(ORIEL_RATE_OVERUSED, 200e3, 50);
    oriel_aimd_corrected(&aimd, 250e3, 60 * MS);
    assert_in_range(aimd.rate, 164000, 166000); /* as far off as such a thing may be */
    oriel_aimd_corrected(&aimd, 0, 60 * MS);
    oriel_aimd_corrected(&aimd, 800e3, 60 * MS);
    assert_in_range(aimd.rate, 674000, 676000);
}

static void test_probes_and_limits(void **state) {
    oriel_aimd_probed(&aimd, 3e6, 0);
    assert_true(aimd.rate == 3e6);
    oriel_aimd_probed(&aimd, 1e6, 0); /* no reason to go down */
    assert_true(aimd.rate == 3e6);
    oriel_aimd_probed(&aimd, 1e9, 0);
    assert_true(aimd.rate == 10e6);
    oriel_aimd_set(&aimd, 2e6, 0);
    assert_true(aimd.rate == 2e6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_up_by_8_percent_a_second, start),
        cmocka_unit_test_setup(test_down_to_what_arrives_once_a_round_trip, start),
        cmocka_unit_test_setup(test_near_the_capacity_in_small_steps, start),
        cmocka_unit_test_setup(test_held_while_there_is_too_little_to_send, start),
        cmocka_unit_test_setup(test_too_deep_a_fall_is_corrected, start),
        cmocka_unit_test_setup(test_probes_and_limits, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
