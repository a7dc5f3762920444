/* pipelines/rate/probe: when to probe, and what a probe has found. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "probe.h"

#define MS ORIEL_MILLISECOND

static struct oriel_probe probe;
static int64_t now;

static int start(void **state) {
    now = ORIEL_SECOND;
    oriel_probe_start(&probe, 1e6, 30e6, now);
    return 0;
}

/* Sends the next probe, by a way of that rate; what came of it. */
static double run(double way, unsigned lost) {
    double rate, found = 0;
    uint16_t id = oriel_probe_current(&probe, now, &rate);
    if (!id)
        return -1;
    struct oriel_rate_packet packets[200];
    unsigned count = 0;
    int64_t free_at = 0;
    while (count < 200 && oriel_probe_current(&probe, now, &rate) == id) {
        int64_t due = oriel_probe_due(&probe, id);
        now = due > now ? due : now;
        free_at = (free_at > now ? free_at : now) + (int64_t)(1000 * 8 / way * ORIEL_SECOND);
        packets[count++] = (struct oriel_rate_packet){.bytes = 1000, .probe = id, .sent = now, .arrived = free_at};
        oriel_probe_sent(&probe, id, 1000, now);
    }
    for (unsigned i = 0; i < count; i++) {
        packets[i].lost = i < lost;
        oriel_probe_heard(&probe, &packets[i]);
    }
    found = oriel_probe_result(&probe, now);
    now += 50 * MS;
    return found;
}

static void test_up_to_what_the_way_takes(void **state) {
    assert_in_range(run(100e6, 0), 5800000, 6200000);
    assert_in_range(run(100e6, 0), 11000000, 13000000); /* twice as much, because that went */
    assert_in_range(run(15e6, 0), 13500000, 15000000);
    assert_true(run(15e6, 0) == -1); /* 0.7 of 24 was not found: no more */
}

/* A way that takes most of the most that there may be: it is tried once. */
static void test_not_for_ever(void **state) {
    unsigned probes = 0;
    while (run(25e6, 0) >= 0 && probes < 100)
        probes++;
    assert_int_equal(probes, 4); /* 6, 12, 24, 30 Mbit/s */
    start(state);
    oriel_probe_start(&probe, 8e6, 30e6, now);
    assert_true(run(25e6, 0) > 20e6);
    assert_true(run(25e6, 0) == -1);
}

static void test_a_slow_way(void **state) {
    assert_in_range(run(400e3, 0), 300000, 400000);
}

/* The first picture is all that there is: it is a result if it is five packets. */
static void test_a_short_one(void **state) {
    for (unsigned packets = 4; packets <= 5; packets++) {
        start(state);
        double rate, found = 0;
        uint16_t id = oriel_probe_current(&probe, now, &rate);
        struct oriel_rate_packet k = {.bytes = 1000, .probe = id};
        for (unsigned i = 0; i < packets; i++) {
            now = oriel_probe_due(&probe, id) > now ? oriel_probe_due(&probe, id) : now;
            oriel_probe_sent(&probe, id, 1000, now);
            oriel_probe_end(&probe);
        }
        for (unsigned i = 0; i < packets; i++) {
            k.sent = ORIEL_SECOND + i * 1333333;
            k.arrived = i * 20 * MS; /* 400 kbit/s */
            oriel_probe_heard(&probe, &k);
        }
        found = oriel_probe_result(&probe, now);
        assert_in_range(found, packets < 5 ? 0 : 350000, packets < 5 ? 0 : 400000);
        assert_int_equal(oriel_probe_current(&probe, now, &rate) == id, packets < 5);
    }
}

static void test_lost_probes_say_nothing(void **state) {
    assert_true(run(100e6, 3) == 0);
}

/* Told of in two messages: what most say is waited for, and it is a result once. */
static void test_one_result(void **state) {
    double rate;
    uint16_t id = oriel_probe_current(&probe, now, &rate);
    struct oriel_rate_packet k = {.bytes = 3000, .probe = id};
    for (unsigned i = 0; i < 5; i++)
        oriel_probe_sent(&probe, id, 3000, now);
    for (unsigned i = 0; i < 5; i++) {
        k.sent = now + i * 4 * MS;
        k.arrived = (i < 4 ? i * 4 : 32) * MS; /* the last one comes late */
        oriel_probe_heard(&probe, &k);
        assert_true((oriel_probe_result(&probe, now) > 0) == (i == 4));
    }
    assert_true(oriel_probe_result(&probe, now) == 0);
}

static void test_idle_costs_nothing(void **state) {
    run(400e3, 0);
    run(400e3, 0);
    for (int i = 0; i < 100; i++, now += ORIEL_SECOND)
        oriel_probe_consider(&probe, 1e6, false, true, now);
    double rate;
    assert_int_equal(oriel_probe_current(&probe, now, &rate), 0);
    oriel_probe_consider(&probe, 1e6, true, false, now); /* not into a queue */
    assert_int_equal(oriel_probe_current(&probe, now, &rate), 0);
    oriel_probe_consider(&probe, 1e6, true, true, now);
    assert_int_not_equal(oriel_probe_current(&probe, now, &rate), 0);
    assert_true(rate == 2e6);
}

static void test_back_after_a_fall(void **state) {
    run(100e6, 0);
    run(100e6, 0);
    oriel_probe_fell(&probe, 4e6, 1e6, now);
    double rate;
    oriel_probe_consider(&probe, 1e6, false, true, now + 100 * MS); /* the queue has only just gone */
    assert_int_equal(oriel_probe_current(&probe, now + 100 * MS, &rate), 0);
    oriel_probe_consider(&probe, 1e6, false, true, now + 400 * MS);
    assert_int_not_equal(oriel_probe_current(&probe, now + 400 * MS, &rate), 0);
    assert_in_range(rate, 3399999, 3400001);
}

static void test_invited(void **state) {
    while (run(3e6, 0) >= 0)
        ;
    oriel_probe_fell(&probe, 3e6, 0.4e6, now);
    oriel_probe_invite(&probe, 0.4e6, 20e6, now); /* too early */
    assert_true(run(3e6, 0) < 0);
    now += 30 * ORIEL_SECOND;
    oriel_probe_invite(&probe, 0.4e6, 20e6, now);
    assert_in_range(run(100e6, 0), 2400000, 2700000); /* what was before */
    while (run(3e6, 0) >= 0)
        ;
    now += ORIEL_SECOND;
    oriel_probe_invite(&probe, 0.4e6, 1.2e6, now);
    assert_in_range(run(100e6, 0), 1100000, 1300000); /* no more than it is said to take */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_up_to_what_the_way_takes, start),
        cmocka_unit_test_setup(test_not_for_ever, start),
        cmocka_unit_test_setup(test_a_slow_way, start),
        cmocka_unit_test_setup(test_a_short_one, start),
        cmocka_unit_test_setup(test_lost_probes_say_nothing, start),
        cmocka_unit_test_setup(test_one_result, start),
        cmocka_unit_test_setup(test_idle_costs_nothing, start),
        cmocka_unit_test_setup(test_back_after_a_fall, start),
        cmocka_unit_test_setup(test_invited, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
