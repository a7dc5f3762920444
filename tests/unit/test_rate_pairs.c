/* pipelines/rate/pairs: how quickly packets came that left together. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pairs.h"

#define MS ORIEL_MILLISECOND

static struct oriel_pairs pairs;

static int start(void **state) {
    pairs = (struct oriel_pairs){0};
    return 0;
}

static void add(unsigned count, int64_t sent, int64_t arrived) {
    for (unsigned i = 0; i < count; i++) {
        const struct oriel_rate_packet k = {.bytes = 1000, .sent = ORIEL_SECOND + i * sent, .arrived = 1 + i * arrived};
        oriel_pairs_add(&pairs, &k);
    }
}

static void test_the_rate_of_pairs(void **state) {
    add(4, MS, 2 * MS);
    assert_in_range(oriel_pairs_heard(&pairs, 9e6, ORIEL_SECOND), 3999000, 4001000);
    assert_true(oriel_pairs_heard(&pairs, 9e6, 2 * ORIEL_SECOND) == 0); /* they are told of once */
    add(4, MS, 0);
    assert_true(oriel_pairs_heard(&pairs, 9e6, 2 * ORIEL_SECOND) == 9e6);
}

static void test_few_are_waited_for(void **state) {
    add(3, MS, 2 * MS);
    assert_true(oriel_pairs_heard(&pairs, 9e6, ORIEL_SECOND) == 0);
    add(2, MS, 2 * MS);
    assert_true(oriel_pairs_heard(&pairs, 9e6, ORIEL_SECOND + 60 * MS) > 0);
    add(3, MS, 2 * MS);
    assert_true(oriel_pairs_heard(&pairs, 9e6, 2 * ORIEL_SECOND) == 0);
    assert_true(oriel_pairs_heard(&pairs, 9e6, 3 * ORIEL_SECOND) == 0); /* too late for more */
    add(2, MS, 2 * MS);
    assert_true(oriel_pairs_heard(&pairs, 9e6, 3 * ORIEL_SECOND) == 0);
    pairs = (struct oriel_pairs){0};
    add(20, 3 * MS, 3 * MS); /* not together */
    assert_true(oriel_pairs_heard(&pairs, 9e6, 4 * ORIEL_SECOND) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_rate_of_pairs, start),
        cmocka_unit_test_setup(test_few_are_waited_for, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
