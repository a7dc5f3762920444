/* pipelines/rate/arrival: groups of packets and what the way adds between them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arrival.h"

#define MS ORIEL_MILLISECOND

static struct oriel_arrival arrival;
static int64_t out, in;

static int start(void **state) {
    arrival = (struct oriel_arrival){0};
    return 0;
}

static bool add(int64_t sent_ms, int64_t arrived_ms) {
    return oriel_arrival_add(&arrival, &(struct oriel_rate_packet){.sent = sent_ms * MS, .arrived = arrived_ms * MS},
                             &out, &in);
}

static void test_groups(void **state) {
    assert_false(add(100, 50));
    assert_false(add(104, 55));
    assert_false(add(133, 84));
    assert_false(add(135, 92));
    assert_true(add(166, 130));
    assert_int_equal(out, 31 * MS);
    assert_int_equal(in, 37 * MS); /* the queue grew by 6 */
}

static void test_bursts_say_nothing(void **state) {
    add(100, 50);
    add(120, 100);
    /* Held back by the radio and given out at once: one group. */
    assert_false(add(140, 101));
    assert_false(add(160, 102));
    assert_true(add(200, 150));
    assert_int_equal(out, 60 * MS);
    assert_int_equal(in, 52 * MS);
}

static void test_what_is_out_of_order_or_mad(void **state) {
    add(100, 50);
    add(150, 100);
    assert_false(add(120, 101)); /* of an older group */
    assert_true(add(200, 150));
    assert_true(add(250, 20000)); /* the receiver's clock was set: */
    assert_false(add(300, 20050));
    assert_false(add(350, 20100)); /* all begins anew */
    assert_true(add(400, 20150));
    assert_int_equal(in, 50 * MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_groups, start),
        cmocka_unit_test_setup(test_bursts_say_nothing, start),
        cmocka_unit_test_setup(test_what_is_out_of_order_or_mad, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
