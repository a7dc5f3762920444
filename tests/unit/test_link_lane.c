/* tests/rig/link/lane.c, by a clock of the test's own: what is emulated is what was asked for, to the ns where it is
 * exact. */
#include "../rig/link/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#define MS INT64_C(1000000)

static int64_t taken_at[20000];
static uint32_t order[20000];
static int taken;

/* Runs the lane to its end or `until`, each packet taken at the moment when it is due. */
static void run(struct lane *lane, int64_t until) {
    for (int64_t next; (next = lane_next(lane)) <= until && next != LANE_NEVER;)
        for (struct lane_packet *p; (p = lane_take(lane, next)); free(p)) {
            memcpy(&order[taken], p->bytes, sizeof order[0]);
            taken_at[taken++] = next;
        }
}

static void push(struct lane *lane, uint32_t number, size_t size, int64_t now) {
    uint8_t bytes[1500] = {0};
    memcpy(bytes, &number, sizeof number);
    run(lane, now);
    lane_push(lane, bytes, size, now);
}

static struct lane *fresh(struct lane_settings settings) {
    struct lane *lane = lane_new(1);
    lane_set(lane, &settings, 0);
    taken = 0;
    return lane;
}

static void test_without_settings_it_is_a_cable(void **state) {
    struct lane *lane = fresh((struct lane_settings){0});
    push(lane, 7, 100, 5);
    struct lane_packet *p = lane_take(lane, 5);
    assert_non_null(p);
    assert_int_equal(p->size, 100);
    free(p);
    assert_null(lane_take(lane, 5));
    assert_int_equal(lane_next(lane), LANE_NEVER);
    lane_free(lane);
}

static void test_delay_and_rate_are_exact(void **state) {
    struct lane *lane = fresh((struct lane_settings){.rate = 1e6, .delay = 20 * MS});
    for (uint32_t i = 0; i < 100; i++)
        push(lane, i, 1250, 0); /* 10 ms each */
    run(lane, LANE_NEVER);
    assert_int_equal(taken, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(taken_at[i], (i + 1) * 10 * MS + 20 * MS);
    assert_int_equal(lane_waited(lane, 2000 * MS), 99 * 10 * MS);
    assert_int_equal(lane_waited(lane, 2000 * MS), 0);
    lane_free(lane);
}

static void test_who_looks_late_gets_no_lower_rate(void **state) {
    struct lane *lane = fresh((struct lane_settings){.rate = 1e6});
    for (uint32_t i = 0; i < 100; i++)
        push(lane, i, 1250, 0);
    int count = 0;
    for (int64_t now = 0; now <= 1000 * MS; now += 70 * MS) /* 100 ms at the end are missing */
        for (struct lane_packet *p; (p = lane_take(lane, now)); free(p))
            count++;
    assert_int_equal(count, 98);
    lane_free(lane);
}

static void test_a_change_of_rate_holds_for_what_is_half_sent(void **state) {
    struct lane *lane = fresh((struct lane_settings){.rate = 1e6});
    push(lane, 0, 1250, 0);
    push(lane, 1, 1250, 0);
    lane_set(lane, &(struct lane_settings){.rate = 1e5}, 5 * MS);
    run(lane, LANE_NEVER);
    assert_int_equal(taken_at[0], 55 * MS);
    assert_int_equal(taken_at[1], 155 * MS);
    lane_free(lane);
}

static void test_the_queue_drops_its_tail_by_time_and_by_bytes(void **state) {
    struct lane_settings by_time = {.rate = 1e6, .queue_time = 50 * MS}, by_bytes = {.rate = 1e6, .queue_bytes = 6250};
    for (int i = 0; i < 2; i++) {
        struct lane *lane = fresh(i ? by_bytes : by_time);
        for (uint32_t k = 0; k < 20; k++)
            push(lane, k, 1250, 0);
        run(lane, LANE_NEVER);
        assert_int_equal(taken, 6); /* one on the wire, five waiting */
        assert_int_equal(order[5], 5);
        assert_int_equal(lane_counters(lane)->dropped, 14);
        assert_int_equal(lane_waited(lane, 60 * MS), 50 * MS);
        lane_free(lane);
    }
}

static void test_hold_keeps_and_cut_loses(void **state) {
    struct lane *lane = fresh((struct lane_settings){.rate = 1e6, .delay = 30 * MS});
    push(lane, 0, 1250, 0);
    lane_set(lane, &(struct lane_settings){.rate = 1e6, .delay = 30 * MS, .hold = true}, 4 * MS);
    push(lane, 1, 1250, 100 * MS);
    assert_int_equal(taken, 0);
    assert_int_equal(lane_waited(lane, 150 * MS), 150 * MS); /* under way, but it waits with the others */
    lane_set(lane, &(struct lane_settings){.rate = 1e6, .delay = 30 * MS}, 200 * MS);
    run(lane, 240 * MS);
    assert_int_equal(taken, 1);
    assert_int_equal(taken_at[0], 236 * MS); /* 6 ms were left of it */
    lane_set(lane, &(struct lane_settings){.rate = 1e6, .delay = 30 * MS, .cut = true}, 241 * MS);
    push(lane, 2, 1250, 250 * MS);
    lane_set(lane, &(struct lane_settings){.rate = 1e6, .delay = 30 * MS}, 300 * MS);
    push(lane, 3, 1250, 300 * MS);
    run(lane, LANE_NEVER);
    assert_int_equal(taken, 2);
    assert_int_equal(order[1], 3);
    assert_int_equal(taken_at[1], 340 * MS);
    assert_int_equal(lane_counters(lane)->cut, 2);
    lane_free(lane);
}

static void test_random_loss_is_what_was_asked_for_and_single(void **state) {
    struct lane *lane = fresh((struct lane_settings){.loss = 0.05});
    for (uint32_t i = 0; i < 20000; i++)
        push(lane, i, 100, i * MS);
    run(lane, LANE_NEVER);
    double lost = (double)lane_counters(lane)->lost / 20000;
    assert_true(fabs(lost - 0.05) < 0.006); /* four deviations */
    assert_int_equal(lane_counters(lane)->lost + (uint64_t)taken, 20000);
    lane_free(lane);
}

static void test_bursts_have_their_length_and_their_share(void **state) {
    /* 2 % of the time bad, five packets long. */
    struct lane *lane = fresh((struct lane_settings){.bad = 0.02, .length = 5, .harm = 1});
    for (uint32_t i = 0; i < 20000; i++)
        push(lane, i, 100, i * MS);
    run(lane, LANE_NEVER);
    int bursts = 0, lost = 0;
    for (int i = 1; i < taken; i++)
        if (order[i] != order[i - 1] + 1) {
            bursts++;
            lost += (int)(order[i] - order[i - 1] - 1);
        }
    assert_true(fabs(lost / 20000.0 - 0.02) < 0.01);
    assert_true(fabs((double)lost / bursts - 5) < 1.5);
    lane_free(lane);
}

static void test_jitter_keeps_the_order_within_its_bounds(void **state) {
    struct lane *lane = fresh((struct lane_settings){.delay = 40 * MS, .jitter = 30 * MS});
    for (uint32_t i = 0; i < 5000; i++)
        push(lane, i, 100, i * 2 * MS);
    run(lane, LANE_NEVER);
    int64_t least = LANE_NEVER, most = 0;
    for (int i = 0; i < taken; i++) {
        int64_t delay = taken_at[i] - i * 2 * MS;
        assert_int_equal(order[i], i);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_true(least >= 40 * MS && least < 42 * MS);
    assert_true(most <= 70 * MS && most > 68 * MS);
    lane_free(lane);
}

static void test_what_is_reordered_comes_late_and_alone(void **state) {
    struct lane *lane = fresh((struct lane_settings){.delay = 10 * MS, .reorder = 0.1, .late = 7 * MS});
    for (uint32_t i = 0; i < 10000; i++)
        push(lane, i, 100, i * 2 * MS);
    run(lane, LANE_NEVER);
    int late = 0;
    for (int i = 0; i < taken; i++) {
        int64_t delay = taken_at[i] - (int64_t)order[i] * 2 * MS;
        assert_true(delay == 10 * MS || delay == 17 * MS);
        late += delay == 17 * MS;
    }
    assert_int_equal(taken, 10000);
    assert_int_equal(late, lane_counters(lane)->reordered);
    assert_true(late > 850 && late < 1150);
    lane_free(lane);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_settings_it_is_a_cable),
        cmocka_unit_test(test_delay_and_rate_are_exact),
        cmocka_unit_test(test_who_looks_late_gets_no_lower_rate),
        cmocka_unit_test(test_a_change_of_rate_holds_for_what_is_half_sent),
        cmocka_unit_test(test_the_queue_drops_its_tail_by_time_and_by_bytes),
        cmocka_unit_test(test_hold_keeps_and_cut_loses),
        cmocka_unit_test(test_random_loss_is_what_was_asked_for_and_single),
        cmocka_unit_test(test_bursts_have_their_length_and_their_share),
        cmocka_unit_test(test_jitter_keeps_the_order_within_its_bounds),
        cmocka_unit_test(test_what_is_reordered_comes_late_and_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
