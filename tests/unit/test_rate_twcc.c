/* pipelines/rate/twcc: feedback about packets, once each, whatever wraps. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "twcc.h"

#define MS ORIEL_MILLISECOND

static struct oriel_twcc twcc;
static struct oriel_rate_packet packet;

static int start(void **state) {
    twcc = (struct oriel_twcc){0};
    return 0;
}

static void sent(uint16_t number, int64_t at) {
    oriel_twcc_sent(&twcc, number, &(struct oriel_rate_packet){.bytes = 1000, .sent = at});
}

static void test_each_once(void **state) {
    sent(7, 10);
    assert_true(oriel_twcc_heard(&twcc, 7, false, 5, &packet));
    assert_false(packet.lost);
    assert_int_equal(packet.bytes, 1000 + ORIEL_TWCC_OVERHEAD);
    assert_int_equal(packet.arrived, 5);
    assert_false(oriel_twcc_heard(&twcc, 7, false, 5, &packet));
    assert_false(oriel_twcc_heard(&twcc, 8, false, 5, &packet)); /* never sent */
}

static void test_late_is_not_lost(void **state) {
    sent(1, 0);
    assert_true(oriel_twcc_heard(&twcc, 1, true, 0, &packet));
    assert_true(packet.lost);
    assert_false(oriel_twcc_heard(&twcc, 1, true, 0, &packet));
    assert_true(oriel_twcc_heard(&twcc, 1, false, 9, &packet));
    assert_false(packet.lost);
}

static void test_numbers_wrap(void **state) {
    for (unsigned i = 0; i < 20; i++)
        sent((uint16_t)(65530 + i), i);
    for (unsigned i = 0; i < 20; i++) {
        assert_false(oriel_twcc_gone(&twcc, (uint16_t)(65530 + i), &packet));
        assert_true(oriel_twcc_heard(&twcc, (uint16_t)(65530 + i), false, i, &packet));
    }
    assert_int_equal(oriel_twcc_oldest(&twcc), 0);
}

static void test_the_receivers_clock_wraps(void **state) {
    const int64_t wrap = (INT64_C(1) << 24) * 64 * MS;
    sent(1, 0);
    sent(2, 0);
    sent(3, 0);
    assert_true(oriel_twcc_heard(&twcc, 1, false, wrap - 3 * MS, &packet));
    int64_t first = packet.arrived;
    assert_true(oriel_twcc_heard(&twcc, 2, false, 2 * MS, &packet));
    assert_int_equal(packet.arrived - first, 5 * MS);
    assert_true(oriel_twcc_heard(&twcc, 3, false, wrap - 1 * MS, &packet)); /* reordered */
    assert_int_equal(packet.arrived - first, 2 * MS);
}

static void test_feedback_that_was_lost(void **state) {
    for (uint16_t i = 0; i < 6; i++)
        sent(i, i + 1);
    assert_true(oriel_twcc_heard(&twcc, 0, false, 0, &packet));
    unsigned gone = 0;
    while (oriel_twcc_gone(&twcc, 4, &packet))
        assert_int_equal(packet.sent, ++gone + 1);
    assert_int_equal(gone, 3);
    assert_true(oriel_twcc_heard(&twcc, 2, false, 1, &packet)); /* it comes after all */
    assert_int_equal(oriel_twcc_oldest(&twcc), 5);
    assert_false(oriel_twcc_expired(&twcc, 5, &packet));
    assert_true(oriel_twcc_expired(&twcc, 6, &packet));
    assert_int_equal(packet.sent, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_once, start),
        cmocka_unit_test_setup(test_late_is_not_lost, start),
        cmocka_unit_test_setup(test_numbers_wrap, start),
        cmocka_unit_test_setup(test_the_receivers_clock_wraps, start),
        cmocka_unit_test_setup(test_feedback_that_was_lost, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
