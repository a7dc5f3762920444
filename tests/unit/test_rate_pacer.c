/* pipelines/rate/pacer: whose turn it is, and what waits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pacer.h"

#define MS ORIEL_MILLISECOND

static struct oriel_budget *budget;
static struct oriel_estimator *estimator;
static struct oriel_pacer pacer;
static struct oriel_pacer_item item;
static int64_t again, now;
static unsigned dropped;

static void drop(void *unused) {
    dropped++;
}

static int start(void **state) {
    now = ORIEL_SECOND;
    budget = oriel_budget_new(1e6, now);
    estimator = oriel_estimator_new(budget, 1e6, 1e6, now); /* at most what it is: there is nothing to probe for */
    oriel_pacer_start(&pacer, budget, estimator, drop);
    dropped = 0;
    return 0;
}

static int stop(void **state) {
    oriel_pacer_clear(&pacer);
    oriel_estimator_free(estimator);
    oriel_budget_free(budget);
    return 0;
}

static void add(enum oriel_budget_class class, unsigned count, size_t bytes) {
    while (count--)
        oriel_pacer_add(&pacer, class, &pacer, bytes, now);
}

/* The first picture is one packet, and told of. */
static void begin(void) {
    const struct oriel_rate_packet packet = {.class = ORIEL_BUDGET_VIDEO, .bytes = 1000, .sent = now};
    const struct oriel_rate_heard heard = {.remote = now};
    add(ORIEL_BUDGET_VIDEO, 1, 1000);
    assert_int_equal(oriel_pacer_next(&pacer, now, &item, &again), ORIEL_PACER_SEND);
    assert_int_not_equal(item.probe, 0);
    assert_int_equal(oriel_pacer_next(&pacer, now, &item, &again), ORIEL_PACER_NOTHING); /* no padding yet */
    oriel_estimator_sent(estimator, 0, &packet);
    oriel_estimator_heard(estimator, &heard, 1, now + MS);
}

/* Nobody tells of the first picture: from then on there is no cap. */
static void settle(void) {
    const struct oriel_rate_packet packet = {.class = ORIEL_BUDGET_VIDEO, .bytes = 1000, .sent = now};
    oriel_estimator_sent(estimator, 0, &packet);
    now += 3 * ORIEL_SECOND;
    oriel_estimator_tick(estimator, now);
    for (int i = 0; i < 200; i++, now += 10 * MS) {
        if (oriel_pacer_next(&pacer, now, &item, &again) == ORIEL_PACER_PADDING)
            add(ORIEL_BUDGET_RETRANSMISSION, 1, 1000);
    }
}

static void test_voice_then_repeats_then_pictures(void **state) {
    settle();
    add(ORIEL_BUDGET_VIDEO, 2, 1000);
    add(ORIEL_BUDGET_RETRANSMISSION, 1, 1000);
    add(ORIEL_BUDGET_AUDIO, 2, 80);
    const enum oriel_budget_class order[] = {ORIEL_BUDGET_AUDIO, ORIEL_BUDGET_AUDIO, ORIEL_BUDGET_RETRANSMISSION,
                                             ORIEL_BUDGET_VIDEO, ORIEL_BUDGET_VIDEO};
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++) {
        assert_int_equal(oriel_pacer_next(&pacer, now, &item, &again), ORIEL_PACER_SEND);
        assert_int_equal(item.class, order[i]);
    }
    assert_int_equal(oriel_pacer_next(&pacer, now, &item, &again), ORIEL_PACER_NOTHING);
}

static void test_a_large_picture_leaves_at_the_rate_and_voice_passes_it(void **state) {
    settle();
    add(ORIEL_BUDGET_VIDEO, 50, 1000); /* 400 ms of the rate */
    while (oriel_pacer_next(&pacer, now, &item, &again) == ORIEL_PACER_SEND)
        ;
    int64_t takes;
    assert_in_range(oriel_budget_waiting(budget, &takes), 36000, 44000);
    assert_true(takes > 280 * MS);
    assert_true(oriel_budget_ready(budget, now) > now + 280 * MS); /* the next picture is not made before */
    add(ORIEL_BUDGET_AUDIO, 1, 80);
    assert_int_equal(oriel_pacer_next(&pacer, now, &item, &again), ORIEL_PACER_SEND);
    assert_int_equal(item.class, ORIEL_BUDGET_AUDIO);
    unsigned sent = 0;
    int64_t end = now + 200 * MS;
    for (;;) {
        enum oriel_pacer_next next = oriel_pacer_next(&pacer, now, &item, &again);
        assert_int_not_equal(next, ORIEL_PACER_NOTHING);
        sent += next == ORIEL_PACER_SEND;
        if (next == ORIEL_PACER_WAIT) {
            assert_true(again > now);
            now = again;
        }
        if (now > end)
            break;
    }
    assert_in_range(sent, 23, 27);
}

static void test_old_repeats_are_dropped(void **state) {
    settle();
    add(ORIEL_BUDGET_VIDEO, 30, 1000);
    while (oriel_pacer_next(&pacer, now, &item, &again) == ORIEL_PACER_SEND)
        ;
    add(ORIEL_BUDGET_RETRANSMISSION, 3, 1000);
    now += 2 * ORIEL_SECOND;
    assert_int_equal(oriel_pacer_next(&pacer, now, &item, &again), ORIEL_PACER_SEND);
    assert_int_equal(item.class, ORIEL_BUDGET_VIDEO);
    assert_int_equal(dropped, 3);
}

static void test_probes_ask_for_padding_and_keep_their_pace(void **state) {
    oriel_estimator_free(estimator);
    estimator = oriel_estimator_new(budget, 1e6, 10e6, now);
    pacer.estimator = estimator;
    begin();
    unsigned packets = 0;
    int64_t began = now;
    for (int i = 0; i < 1000; i++) {
        enum oriel_pacer_next next = oriel_pacer_next(&pacer, now, &item, &again);
        if (next == ORIEL_PACER_NOTHING)
            break;
        if (next == ORIEL_PACER_PADDING)
            add(ORIEL_BUDGET_RETRANSMISSION, 1, 1000);
        else if (next == ORIEL_PACER_WAIT)
            now = again;
        else {
            assert_int_not_equal(item.probe, 0);
            packets++;
        }
    }
    /* 15 ms of 6 Mbit/s. */
    assert_in_range(packets, 12, 13);
    assert_in_range(now - began, 13 * MS, 20 * MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_voice_then_repeats_then_pictures, start, stop),
        cmocka_unit_test_setup_teardown(test_a_large_picture_leaves_at_the_rate_and_voice_passes_it, start, stop),
        cmocka_unit_test_setup_teardown(test_old_repeats_are_dropped, start, stop),
        cmocka_unit_test_setup_teardown(test_probes_ask_for_padding_and_keep_their_pace, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
