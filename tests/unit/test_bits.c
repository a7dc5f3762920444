/* pipelines/bits: the bucket, the budgets and the quantizers that keep them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "clock.h"
#include "bits.h"

static struct oriel_bits rate;

static int start(void **state) {
    oriel_bits_init(&rate, 4000, 500, 0); /* 2 Mbit at most */
    return 0;
}

static void test_bucket(void **state) {
    assert_true(fabs(rate.level - 2e6) < 1);
    oriel_bits_spend(&rate, 1e6);
    oriel_bits_advance(&rate, 100 * ORIEL_MILLISECOND);
    assert_true(fabs(rate.level - 1.4e6) < 1);
    oriel_bits_advance(&rate, 50 * ORIEL_MILLISECOND); /* time does not go back */
    assert_true(fabs(rate.level - 1.4e6) < 1);
    oriel_bits_advance(&rate, 10 * ORIEL_SECOND);
    assert_true(fabs(rate.level - 2e6) < 1);
}

static void test_debt_holds_pictures_back(void **state) {
    assert_int_equal(oriel_bits_ready(&rate, 5), 5);
    oriel_bits_spend(&rate, 2.4e6);
    int64_t ready = oriel_bits_ready(&rate, 0);
    assert_in_range(ready, 99 * ORIEL_MILLISECOND, 101 * ORIEL_MILLISECOND);
    oriel_bits_advance(&rate, ready);
    assert_int_equal(oriel_bits_ready(&rate, ready), ready);
    oriel_bits_spend(&rate, 1e12); /* whatever it was: at most a bucket of debt */
    assert_in_range(oriel_bits_ready(&rate, ready) - ready, 499 * ORIEL_MILLISECOND, 501 * ORIEL_MILLISECOND);
}

static void test_motion_keeps_the_rate(void **state) {
    double each = 4e6 / 30;
    assert_true(fabs(oriel_bits_budget(&rate, ORIEL_BITS_MOTION) - each) < each / 100);
    oriel_bits_spend(&rate, 1e6);
    assert_true(fabs(oriel_bits_budget(&rate, ORIEL_BITS_MOTION) - each) < each / 100);
    oriel_bits_spend(&rate, 1e6);
    assert_true(oriel_bits_budget(&rate, ORIEL_BITS_MOTION) < each);
    for (int i = 0; i < 50; i++)
        oriel_bits_moved(&rate, 0.05);
    assert_true(fabs(rate.interval - 0.05) < 1e-3);
}

static void test_sharpening_leaves_a_reserve(void **state) {
    assert_true(oriel_bits_budget(&rate, ORIEL_BITS_SHARPEN) > 0);
    oriel_bits_spend(&rate, 1.6e6);
    assert_true(oriel_bits_budget(&rate, ORIEL_BITS_SHARPEN) == 0);
    assert_true(oriel_bits_budget(&rate, ORIEL_BITS_PAGE) > 0);
}

static void test_quantizer_fits_the_budget(void **state) {
    for (int kind = 0; kind < ORIEL_BITS_KINDS; kind++)
        for (double bits = 1e3; bits < 1e7; bits *= 3) {
            unsigned q = oriel_bits_quantizer(&rate, kind, 3600, bits, 4, 56);
            assert_in_range(q, 4, 56);
            if (q < 56)
                assert_true(oriel_bits_cost(&rate, kind, 3600, q) <= bits);
            if (q > 4)
                assert_true(oriel_bits_cost(&rate, kind, 3600, q - 1) > bits);
        }
    assert_int_equal(oriel_bits_quantizer(&rate, ORIEL_BITS_PAGE, 1, 0, 4, 56), 56);
    assert_int_equal(oriel_bits_quantizer(&rate, ORIEL_BITS_PAGE, 0, 0, 4, 56), 4);
    assert_int_equal(oriel_bits_quantizer(&rate, ORIEL_BITS_PAGE, 1, -5, 4, 56), 56);
}

static void test_learns_each_kind_apart(void **state) {
    double page = oriel_bits_cost(&rate, ORIEL_BITS_PAGE, 100, 20);
    for (int i = 0; i < 20; i++)
        oriel_bits_learn(&rate, ORIEL_BITS_MOTION, 100, 20, 5000);
    assert_true(fabs(oriel_bits_cost(&rate, ORIEL_BITS_MOTION, 100, 20) - 5000) < 50);
    assert_true(oriel_bits_cost(&rate, ORIEL_BITS_PAGE, 100, 20) == page);
    oriel_bits_learn(&rate, ORIEL_BITS_MOTION, 100, 20, 50000);
    assert_true(oriel_bits_cost(&rate, ORIEL_BITS_MOTION, 100, 20) > 35000); /* dearer is believed at once */
    oriel_bits_learn(&rate, ORIEL_BITS_MOTION, 0, 20, 1);
    oriel_bits_learn(&rate, ORIEL_BITS_MOTION, 1, 63, 1e18); /* nothing makes it useless */
    assert_true(isfinite(rate.cost[ORIEL_BITS_MOTION]) && rate.cost[ORIEL_BITS_MOTION] <= 4000);
}

/* From one distance the others are known as well; but not those that have been seen, by one that has not. */
static void test_what_moves_gets_dearer_from_all_distances(void **state) {
    for (int i = 0; i < 20; i++)
        oriel_bits_learn(&rate, ORIEL_BITS_MOTION, 100, 20, 50000);
    double guess = oriel_bits_cost(&rate, ORIEL_BITS_MOTION_2, 100, 20);
    assert_true(guess > 10000 && guess < 25000);
    for (int i = 0; i < 20; i++)
        oriel_bits_learn(&rate, ORIEL_BITS_MOTION_2, 100, 20, guess / 2);
    double near = oriel_bits_cost(&rate, ORIEL_BITS_MOTION, 100, 20);
    assert_true(near < 50000);
    oriel_bits_learn(&rate, ORIEL_BITS_MOTION_2, 100, 20, guess);
    assert_true(oriel_bits_cost(&rate, ORIEL_BITS_MOTION, 100, 20) > 1.5 * near);
    double page = rate.cost[ORIEL_BITS_PAGE], recover = rate.cost[ORIEL_BITS_RECOVER];
    oriel_bits_learn(&rate, ORIEL_BITS_MOTION_8, 100, 20, 1);
    assert_true(rate.cost[ORIEL_BITS_PAGE] == page && rate.cost[ORIEL_BITS_RECOVER] == recover);
    for (int kind = ORIEL_BITS_MOTION; kind <= ORIEL_BITS_MOTION_8; kind++)
        assert_in_range(rate.cost[kind], 2, 4000);
}

static void test_a_new_bitrate(void **state) {
    oriel_bits_spend(&rate, 1e6); /* half full */
    oriel_bits_set(&rate, 1000, 500, 0);
    assert_true(fabs(rate.level - 0.25e6) < 1);
    oriel_bits_advance(&rate, 100 * ORIEL_MILLISECOND);
    assert_true(fabs(rate.level - 0.35e6) < 1);
    oriel_bits_spend(&rate, 0.45e6);
    assert_in_range(oriel_bits_ready(&rate, 0), 99 * ORIEL_MILLISECOND, 101 * ORIEL_MILLISECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bucket, start),
        cmocka_unit_test_setup(test_debt_holds_pictures_back, start),
        cmocka_unit_test_setup(test_motion_keeps_the_rate, start),
        cmocka_unit_test_setup(test_sharpening_leaves_a_reserve, start),
        cmocka_unit_test_setup(test_quantizer_fits_the_budget, start),
        cmocka_unit_test_setup(test_learns_each_kind_apart, start),
        cmocka_unit_test_setup(test_what_moves_gets_dearer_from_all_distances, start),
        cmocka_unit_test_setup(test_a_new_bitrate, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
