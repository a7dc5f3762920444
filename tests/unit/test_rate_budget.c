/* pipelines/rate/budget: who may send, in which order, and how much may be on its way. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "budget.h"

enum { PACKET = 1200, BURST = 20000 }; /* of 4 Mbit/s: 40 ms */

static struct oriel_budget *budget;
static int64_t again;

static int start(void **state) {
    budget = oriel_budget_new(4e6, 0);
    return 0;
}

static int stop(void **state) {
    oriel_budget_free(budget);
    return 0;
}

static unsigned take_all(enum oriel_budget_class class, int64_t now) {
    unsigned count = 0;
    while (oriel_budget_take(budget, class, PACKET, now, &again))
        count++;
    return count;
}

static void test_a_burst_at_once_and_then_the_rate(void **state) {
    assert_int_equal(take_all(ORIEL_BUDGET_TILES, 0), BURST / PACKET);
    assert_true(again > 0 && again < 3 * ORIEL_MILLISECOND);
    assert_true(oriel_budget_take(budget, ORIEL_BUDGET_TILES, PACKET, again, &again));
    unsigned count = 0;
    for (int64_t now = 0; now < ORIEL_SECOND; now += ORIEL_MILLISECOND)
        count += take_all(ORIEL_BUDGET_TILES, now);
    assert_in_range(count, 500000 / PACKET - 4, 500000 / PACKET + 1);
    assert_int_equal(oriel_budget_sent(budget, ORIEL_BUDGET_TILES), oriel_budget_in_flight(budget));
    assert_int_equal(oriel_budget_rtp_in_flight(budget), 0);
}

static void test_pictures_borrow_what_tiles_may_not(void **state) {
    take_all(ORIEL_BUDGET_TILES, 0);
    assert_in_range(take_all(ORIEL_BUDGET_VIDEO, 0), BURST / PACKET, BURST / PACKET + 2);
    assert_false(oriel_budget_take(budget, ORIEL_BUDGET_RETRANSMISSION, PACKET, 0, &again));
    /* Tiles wait until the debt is paid. */
    assert_false(oriel_budget_take(budget, ORIEL_BUDGET_TILES, PACKET, 30 * ORIEL_MILLISECOND, &again));
    assert_in_range(again, 40 * ORIEL_MILLISECOND, 46 * ORIEL_MILLISECOND);
}

static void test_voice_is_never_refused_and_counts(void **state) {
    take_all(ORIEL_BUDGET_VIDEO, 0);
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, 50000);
    oriel_budget_set(budget, 50e3, 1, 0);
    for (int i = 0; i < 100; i++)
        assert_true(oriel_budget_take(budget, ORIEL_BUDGET_AUDIO, 80, 0, &again));
    assert_int_equal(oriel_budget_sent(budget, ORIEL_BUDGET_AUDIO), 8000);
}

static void test_a_class_waits_for_those_above(void **state) {
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, 1000);
    assert_false(oriel_budget_take(budget, ORIEL_BUDGET_TILES, PACKET, 0, &again));
    assert_true(again > 0);
    assert_true(oriel_budget_take(budget, ORIEL_BUDGET_VIDEO, PACKET, 0, &again));
    assert_true(oriel_budget_take(budget, ORIEL_BUDGET_RETRANSMISSION, PACKET, 0, &again));
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, 0);
    assert_true(oriel_budget_take(budget, ORIEL_BUDGET_TILES, PACKET, 0, &again));
}

static void test_no_more_on_its_way_than_the_cap(void **state) {
    oriel_budget_set(budget, 4e6, 5 * PACKET, 0);
    assert_int_equal(take_all(ORIEL_BUDGET_VIDEO, 0), 5);
    oriel_budget_left(budget, ORIEL_BUDGET_VIDEO, 2 * PACKET);
    assert_int_equal(take_all(ORIEL_BUDGET_TILES, 0), 2);
    struct oriel_budget_ack acks[] = {{.bytes = PACKET, .sent = 0, .arrived = 7}, {.bytes = PACKET, .lost = true}};
    oriel_budget_acked(budget, acks, 2, 1);
    assert_int_equal(oriel_budget_in_flight(budget), 3 * PACKET);
    oriel_budget_renew(budget, 1);
    assert_int_equal(oriel_budget_in_flight(budget), 0);
    assert_true(take_all(ORIEL_BUDGET_VIDEO, 1) > 5);
}

static size_t heard_count;
static int64_t heard_arrival;

static void heard(void *user, const struct oriel_budget_ack *acks, size_t count, int64_t now) {
    assert_ptr_equal(user, &heard_count);
    heard_count += count;
    heard_arrival = acks[0].arrived;
    (void)oriel_budget_target(budget); /* no lock is held */
}

static void test_acknowledgements_reach_the_estimator(void **state) {
    oriel_budget_listen(budget, heard, &heard_count);
    struct oriel_budget_ack ack = {.bytes = 100, .sent = 5, .arrived = 99};
    oriel_budget_acked(budget, &ack, 1, 10);
    assert_int_equal(heard_count, 1);
    assert_int_equal(heard_arrival, 99);
}

static void test_when_a_picture_could_leave(void **state) {
    assert_int_equal(oriel_budget_ready(budget, 5), 5);
    oriel_budget_wait(budget, ORIEL_BUDGET_TILES, 1000000); /* they wait for pictures, not the other way round */
    assert_int_equal(oriel_budget_ready(budget, 5), 5);
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, BURST + 50000);
    assert_in_range(oriel_budget_ready(budget, 0), 99 * ORIEL_MILLISECOND, 101 * ORIEL_MILLISECOND);
    oriel_budget_set(budget, 8e6, 0, 0); /* a new target holds at once */
    assert_in_range(oriel_budget_ready(budget, 0), 49 * ORIEL_MILLISECOND, 51 * ORIEL_MILLISECOND);
    int64_t takes;
    assert_int_equal(oriel_budget_waiting(budget, &takes), 1000000 + BURST + 50000);
    assert_in_range(takes, 1069 * ORIEL_MILLISECOND, 1071 * ORIEL_MILLISECOND);
}

static void test_tiles_borrow_where_nobody_else_is(void **state) {
    int64_t now = ORIEL_SECOND;
    take_all(ORIEL_BUDGET_TILES, now);
    assert_false(oriel_budget_take(budget, ORIEL_BUDGET_TILES, PACKET, now, &again));
    for (unsigned i = 0; i < 1000; i++)
        assert_true(oriel_budget_borrow(budget, PACKET, now));
    assert_true(oriel_budget_in_flight(budget) >= 1000 * PACKET);
    assert_true(oriel_budget_take(budget, ORIEL_BUDGET_VIDEO, PACKET, now, &again)); /* which owes nothing for it */
    now += ORIEL_BUDGET_QUIET - 1;
    assert_false(oriel_budget_borrow(budget, PACKET, now));
    now++;
    assert_true(oriel_budget_borrow(budget, PACKET, now));
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, 1);
    assert_false(oriel_budget_borrow(budget, PACKET, now));
    oriel_budget_set(budget, 4e6, 10 * PACKET, now); /* a page that is busy tells of none */
    assert_int_equal(take_all(ORIEL_BUDGET_VIDEO, now), 4);
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, 0);
    oriel_budget_lend(budget, false);
    assert_false(oriel_budget_borrow(budget, PACKET, now));
}

/* Before anything is known of the way. */
static void test_one_picture_is_enough(void **state) {
    oriel_budget_hold(budget, true);
    assert_int_equal(oriel_budget_ready(budget, 5), 5);
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, 100);
    assert_true(oriel_budget_ready(budget, 5) > 5 + 30 * ORIEL_MILLISECOND);
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, 0);
    assert_true(oriel_budget_take(budget, ORIEL_BUDGET_VIDEO, 100, 5, &again));
    assert_true(oriel_budget_ready(budget, 5) > 5 + 30 * ORIEL_MILLISECOND);
    oriel_budget_left(budget, ORIEL_BUDGET_VIDEO, 100);
    assert_int_equal(oriel_budget_ready(budget, 5), 5);
    assert_true(oriel_budget_take(budget, ORIEL_BUDGET_VIDEO, 100, 5, &again));
    oriel_budget_hold(budget, false);
    assert_int_equal(oriel_budget_ready(budget, 5), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_burst_at_once_and_then_the_rate, start, stop),
        cmocka_unit_test_setup_teardown(test_pictures_borrow_what_tiles_may_not, start, stop),
        cmocka_unit_test_setup_teardown(test_voice_is_never_refused_and_counts, start, stop),
        cmocka_unit_test_setup_teardown(test_a_class_waits_for_those_above, start, stop),
        cmocka_unit_test_setup_teardown(test_no_more_on_its_way_than_the_cap, start, stop),
        cmocka_unit_test_setup_teardown(test_acknowledgements_reach_the_estimator, start, stop),
        cmocka_unit_test_setup_teardown(test_tiles_borrow_where_nobody_else_is, start, stop),
        cmocka_unit_test_setup_teardown(test_when_a_picture_could_leave, start, stop),
        cmocka_unit_test_setup_teardown(test_one_picture_is_enough, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
