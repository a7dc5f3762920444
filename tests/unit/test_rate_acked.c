/* pipelines/rate/acked: how much arrives, in the mean and of what has waited. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "acked.h"

#define MS ORIEL_MILLISECOND

static struct oriel_acked acked;

static int start(void **state) {
    oriel_acked_start(&acked);
    return 0;
}

/* 1000 bytes each `every` ms. */
static int64_t add(int64_t from, unsigned count, int64_t every, bool limited, bool busy) {
    while (count--)
        oriel_acked_add(&acked, 1000, from += every * MS, limited, busy);
    return from;
}

static void test_rate(void **state) {
    assert_true(oriel_acked_rate(&acked) == 0);
    int64_t now = add(0, 200, 8, false, false); /* 1 Mbit/s */
    assert_in_range(oriel_acked_rate(&acked), 950000, 1050000);
    add(now, 300, 4, false, false);
    assert_in_range(oriel_acked_rate(&acked), 1800000, 2100000);
}

static void test_a_rest_is_no_rate(void **state) {
    int64_t now = add(0, 200, 8, false, false);
    add(now + 5 * ORIEL_SECOND, 1, 8, false, false);
    assert_in_range(oriel_acked_rate(&acked), 950000, 1050000);
}

static void test_what_waited_tells_at_once(void **state) {
    int64_t now = add(0, 300, 2, false, false); /* 4 Mbit/s, no queue */
    assert_true(oriel_acked_busy(&acked) == 0);
    add(now, 6, 16, false, true); /* 0.5 Mbit/s, and all have waited */
    assert_in_range(oriel_acked_busy(&acked), 490000, 510000);
    assert_true(oriel_acked_rate(&acked) > 3000000); /* the mean does not know yet */
    add(now + 200 * MS, 1, 16, false, false);
    assert_true(oriel_acked_busy(&acked) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rate, start),
        cmocka_unit_test_setup(test_a_rest_is_no_rate, start),
        cmocka_unit_test_setup(test_what_waited_tells_at_once, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
