/* pipelines/rate/way: what packets told of by one clock show of a queue. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "way.h"

#define MS ORIEL_MILLISECOND

static struct oriel_way way;
static int64_t now;

static int start(void **state) {
    now = ORIEL_SECOND;
    oriel_way_start(&way, now);
    return 0;
}

/* Three packets of one message, that have waited so long; whether a queue has stood for long. */
static bool hear(int64_t waited, bool rival) {
    struct oriel_acked_packet acked;
    oriel_way_begin(&way);
    for (int i = 0; i < 3; i++, now += 20 * MS) {
        const struct oriel_rate_packet k = {.bytes = 1000, .sent = now, .arrived = 77 + now + waited + i * 5 * MS};
        oriel_way_received(&way, &k, 1e9, false, now, &acked);
        assert_int_equal(acked.sent, now);
        assert_int_equal(acked.left - acked.sent, way.queue);
    }
    return oriel_way_end(&way, rival, now);
}

static void test_what_has_waited(void **state) {
    hear(30 * MS, false);
    assert_int_equal(way.queue, 10 * MS);
    assert_int_equal(way.standing, 0);
    hear(110 * MS, false);
    assert_int_equal(way.queue, 90 * MS);
    assert_int_equal(way.standing, 80 * MS);
    assert_int_equal(way.newest, now - 20 * MS);
}

static void test_what_stands_for_long(void **state) {
    hear(0, false);
    int64_t began = now;
    while (!hear(80 * MS, false))
        assert_true(now - began < 4 * ORIEL_SECOND);
    assert_true(now - began > 3 * ORIEL_SECOND);
    assert_int_equal(way.least, way.most);
    oriel_way_lengthen(&way, now);
    hear(80 * MS, false);
    assert_int_equal(way.standing, 0);
}

static void test_what_drains_or_is_a_rivals_does_not_stand(void **state) {
    hear(0, false);
    for (int i = 0; i < 100; i++)
        assert_false(hear(i % 20 ? 80 * MS : 10 * MS, false));
    for (int i = 0; i < 100; i++)
        assert_false(hear(80 * MS, true));
}

/* A large packet that follows small ones is on the wire of a slow link for longer. */
static void test_each_size_has_a_delay_of_its_own(void **state) {
    const struct {
        uint32_t bytes;
        int64_t took, queue;
        double rate;
    } packets[] = {
        {100, 10 * MS, 0, 160e3},        {1200, 66 * MS, 0, 160e3}, {100, 10 * MS, 0, 160e3},
        {1200, 116 * MS, 50 * MS, 16e3}, {1200, 66 * MS, 0, 16e3},  {100, 60 * MS, 50 * MS, 16e3},
        {1200, 66 * MS, 0, 160e6},
    };
    for (unsigned i = 0; i < sizeof packets / sizeof *packets; i++, now += 100 * MS) {
        struct oriel_acked_packet acked;
        const struct oriel_rate_packet k = {.bytes = packets[i].bytes, .sent = now, .arrived = now + packets[i].took};
        oriel_way_received(&way, &k, packets[i].rate, false, now, &acked);
        if (llabs(way.queue - packets[i].queue) > 5 * MS && packets[i].rate < 1e6)
            fail_msg("packet %u has waited for %d ms", i, (int)(way.queue / MS));
    }
    assert_in_range(way.queue, 55 * MS, 56 * MS); /* no more than it would take by the rate */
}

static void test_jitter_does_not_last(void **state) {
    hear(0, false);
    hear(40 * MS, false);
    assert_int_equal(oriel_way_lasting(&way), 0);
    hear(45 * MS, false);
    assert_int_equal(oriel_way_lasting(&way), 40 * MS);
}

static int64_t queue_of(uint32_t bytes, int64_t took) {
    struct oriel_acked_packet acked;
    const struct oriel_rate_packet k = {.bytes = bytes, .sent = now, .arrived = now + took};
    oriel_way_received(&way, &k, 4e6, false, now, &acked);
    return way.queue;
}

/* From 4 Mbit/s to 100 kbit/s: there a large packet alone takes longer than what is called a queue. */
static void test_a_way_that_has_become_slow(void **state) {
    queue_of(100, 10 * MS);
    queue_of(1200, 12 * MS);
    assert_int_equal(queue_of(1200, 14 * MS), 2 * MS); /* they left together, and came 2 ms apart */
    now += ORIEL_SECOND;
    assert_true(queue_of(1200, 106 * MS) > 90 * MS);
    oriel_way_slowed(&way, now += ORIEL_SECOND);
    queue_of(1200, 106 * MS);
    assert_int_equal(queue_of(1200, 202 * MS), 96 * MS);
    now += 100 * MS;
    assert_int_equal(queue_of(1200, 106 * MS), 0);
    assert_int_equal(queue_of(100, 60 * MS), 50 * MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_has_waited, start),
        cmocka_unit_test_setup(test_what_stands_for_long, start),
        cmocka_unit_test_setup(test_each_size_has_a_delay_of_its_own, start),
        cmocka_unit_test_setup(test_a_way_that_has_become_slow, start),
        cmocka_unit_test_setup(test_jitter_does_not_last, start),
        cmocka_unit_test_setup(test_what_drains_or_is_a_rivals_does_not_stand, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
