/* pipelines/rate/train: the rate that a burst of tiles speaks for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "train.h"

#define MS ORIEL_MILLISECOND

/* So many of 1000 bytes, sent and arrived that far apart; the n-th has waited (0: none). */
static double ride(unsigned count, int64_t sent, int64_t arrived, unsigned waited) {
    struct oriel_train train = {0};
    double rate = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct oriel_rate_packet k = {.bytes = 1000, .sent = 1 + i * sent, .arrived = 1 + i * arrived};
        rate = oriel_train_ride(&train, &k, i + 1 == waited);
    }
    return rate;
}

static void test_what_is_slower(void **state) {
    assert_in_range(ride(20, MS, 2 * MS, 0), 3999000, 4001000);
    assert_in_range(ride(20, 4 * MS, 2 * MS, 0), 1999000, 2001000);
}

static void test_what_says_nothing(void **state) {
    assert_true(ride(9, 10 * MS, 10 * MS, 0) == 0);    /* too few */
    assert_true(ride(20, MS, MS, 0) == 0);             /* too soon over */
    assert_true(ride(20, 110 * MS, 110 * MS, 0) == 0); /* none behind the other */
    assert_true(ride(20, 4 * MS, 4 * MS, 15) == 0);    /* with a queue */
    assert_true(ride(30, 4 * MS, 4 * MS, 15) > 1.9e6); /* since then enough without */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_slower), cmocka_unit_test(test_what_says_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
