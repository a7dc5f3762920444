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

static void one(int64_t sent, int64_t left, uint64_t beside) {
    oriel_acked_add(&acked, &(struct oriel_acked_packet){sent, left, beside, 1000}, false);
}

/* 1000 bytes each `every` ms; `waited` ms before that. */
static int64_t add(int64_t from, unsigned count, int64_t every, int64_t waited) {
    for (; count--; from += every * MS)
        one(from + (every - waited) * MS, from + every * MS, 0);
    return from;
}

static void test_rate(void **state) {
    assert_true(oriel_acked_rate(&acked) == 0);
    int64_t now = add(0, 200, 8, 0); /* 1 Mbit/s */
    assert_in_range(oriel_acked_rate(&acked), 950000, 1050000);
    add(now, 300, 4, 0);
    assert_in_range(oriel_acked_rate(&acked), 1800000, 2100000);
}

static void test_a_rest_is_no_rate(void **state) {
    int64_t now = add(0, 200, 8, 0);
    add(now + 5 * ORIEL_SECOND, 1, 8, 0);
    assert_in_range(oriel_acked_rate(&acked), 950000, 1050000);
}

static void test_what_waited_tells_at_once(void **state) {
    int64_t now = add(0, 300, 2, 0); /* 4 Mbit/s, no queue */
    assert_true(oriel_acked_busy(&acked) == 0);
    now = add(now, 6, 16, 40); /* 0.5 Mbit/s, and all have waited */
    assert_in_range(oriel_acked_busy(&acked), 490000, 510000);
    assert_true(oriel_acked_rate(&acked) > 3000000); /* the mean does not know yet */
    now = add(now, 40, 4, 60);                       /* 2 Mbit/s: the newest count */
    assert_in_range(oriel_acked_busy(&acked), 1950000, 2050000);
    add(now + 200 * MS, 1, 16, 0);
    assert_true(oriel_acked_busy(&acked) == 0);
}

static void test_what_waited_behind_nothing_of_ours_tells_nothing(void **state) {
    int64_t now = 0;
    for (int i = 0; i < 20; i++, now += 100 * MS) /* one at a time, each behind somebody else's */
        one(now, now + 80 * MS, 0);
    assert_true(oriel_acked_busy(&acked) == 0);
}

/* A cell's handover: what stood in the queue meanwhile waited for it, and not for what was before it. */
static void test_a_hold_is_no_rate(void **state) {
    int64_t now = add(0, 100, 4, 20); /* 2 Mbit/s */
    now += 300 * MS;
    for (int i = 1; i <= 20; i++, now += 3 * MS) { /* 2.7 Mbit/s */
        one(now - 150 * MS, now, 0);
        double busy = oriel_acked_busy(&acked);
        assert_true(busy == 0 || (busy > 1900000 && busy < 2800000));
    }
    assert_in_range(oriel_acked_busy(&acked), 2600000, 2700000);
}

/* A way that takes a packet each 150 ms is one. */
static void test_a_very_slow_way_is_no_hold(void **state) {
    add(0, 6, 150, 400);
    assert_int_equal(oriel_acked_busy(&acked), 0); /* two of them, which are too few */
    oriel_acked_start(&acked);
    add(0, 12, 75, 300);
    assert_in_range(oriel_acked_busy(&acked), 105000, 108000);
}

static void test_what_else_was_sent_counts(void **state) {
    for (int i = 0; i < 20; i++) /* three times as much beside */
        one(0, (100 + 10 * i) * MS, (uint64_t)i * 3000);
    assert_in_range(oriel_acked_busy(&acked), 3190000, 3210000);
}

static void test_in_the_order_in_which_they_left(void **state) {
    for (int i = 0; i < 20; i++) /* each second one is told of later */
        one(0, (100 + 10 * (i < 10 ? 2 * i : 2 * (i - 10) + 1)) * MS, 0);
    assert_in_range(oriel_acked_busy(&acked), 790000, 810000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rate, start),
        cmocka_unit_test_setup(test_a_rest_is_no_rate, start),
        cmocka_unit_test_setup(test_what_waited_tells_at_once, start),
        cmocka_unit_test_setup(test_what_waited_behind_nothing_of_ours_tells_nothing, start),
        cmocka_unit_test_setup(test_a_hold_is_no_rate, start),
        cmocka_unit_test_setup(test_a_very_slow_way_is_no_hold, start),
        cmocka_unit_test_setup(test_what_else_was_sent_counts, start),
        cmocka_unit_test_setup(test_in_the_order_in_which_they_left, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
