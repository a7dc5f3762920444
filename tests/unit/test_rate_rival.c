/* pipelines/rate/rival: when a queue is somebody else's, and what is taken of the way beside him. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "rival.h"

#define MS ORIEL_MILLISECOND

static struct oriel_rival rival;

static int start(void **state) {
    oriel_rival_start(&rival);
    return 0;
}

/* Heard each 60 ms, in that time, that packets waited so long. */
static void hear(int64_t from, int64_t to, int64_t waited, int64_t fallen) {
    for (int64_t t = from; t < to; t += 60 * MS)
        oriel_rival_heard(&rival, t, waited, fallen);
}

static void test_a_queue_that_stays_is_not_ours(void **state) {
    hear(1000 * MS, 1900 * MS, 80 * MS, 900 * MS);
    assert_false(rival.there);
    hear(1900 * MS, 2500 * MS, 80 * MS, 900 * MS);
    assert_true(rival.there);
    hear(2500 * MS, 3000 * MS, 30 * MS, 900 * MS); /* less, but not gone */
    assert_true(rival.there);
    hear(3000 * MS, 3060 * MS, 10 * MS, 900 * MS);
    assert_false(rival.there);
}

static void test_our_own_is_not_judged(void **state) {
    hear(1000 * MS, 5000 * MS, 200 * MS, 6000 * MS); /* all of it was sent before the rate fell */
    assert_false(rival.there);
    for (int64_t t = 1000 * MS; t < 9000 * MS; t += 1000 * MS) /* it drains each time */
        hear(t, t + 900 * MS, 80 * MS, t), hear(t + 900 * MS, t + 960 * MS, 5 * MS, t);
    assert_false(rival.there);
}

/* Who has not given way fills the queue himself; and a long one takes its time to drain. */
static void test_first_we_give_way(void **state) {
    hear(1000 * MS, 5000 * MS, 80 * MS, -1);
    assert_false(rival.there);
    hear(5000 * MS, 7500 * MS, 1000 * MS, 4900 * MS);
    assert_false(rival.there);
    hear(7500 * MS, 8600 * MS, 1000 * MS, 4900 * MS);
    assert_true(rival.there);
}

static void test_up_by_packets_down_by_loss(void **state) {
    int64_t trip = 200 * MS, now = 10 * ORIEL_SECOND;
    double rate = 1e6;
    for (int i = 0; i < 20; i++, now += 50 * MS)
        rate = oriel_rival_rate(&rival, rate, 50 * MS, trip, now);
    assert_in_range(rate, 1.2e6, 1.3e6); /* a packet more each round trip: 240 kbit/s in a second */
    for (int i = 0; i < 10; i++)
        oriel_rival_count(&rival, i == 3);
    assert_in_range(oriel_rival_rate(&rival, 1e6, 50 * MS, trip, now), 0.79e6, 0.81e6);
    for (int i = 0; i < 10; i++)
        oriel_rival_count(&rival, true); /* of the same trouble */
    assert_true(oriel_rival_rate(&rival, 1e6, 50 * MS, trip, now + 500 * MS) > 1e6);
}

static void test_who_comes_back_is_known(void **state) {
    hear(1000 * MS, 2500 * MS, 80 * MS, 900 * MS);
    assert_true(rival.there);
    assert_in_range(oriel_rival_rate(&rival, 2e6, 50 * MS, 200 * MS, 2500 * MS), 2e6, 2.02e6);
    hear(2500 * MS, 2560 * MS, 10 * MS, 900 * MS);
    assert_false(rival.there);
    hear(9000 * MS, 9240 * MS, 80 * MS, 8900 * MS); /* the rate fell again, since somebody waits */
    assert_false(rival.there);
    hear(9240 * MS, 9420 * MS, 80 * MS, 8900 * MS);
    assert_true(rival.there);
    assert_in_range(oriel_rival_rate(&rival, 3e5, 50 * MS, 200 * MS, 9400 * MS), 1.6e6, 1.64e6);
    assert_in_range(oriel_rival_rate(&rival, 3e5, 50 * MS, 200 * MS, 9450 * MS), 3e5, 3.2e5); /* once */
    hear(9420 * MS, 9480 * MS, 10 * MS, 8900 * MS);
    hear(60000 * MS, 60900 * MS, 80 * MS, 59900 * MS); /* somebody else, or nobody */
    assert_false(rival.there);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_queue_that_stays_is_not_ours, start),
        cmocka_unit_test_setup(test_our_own_is_not_judged, start),
        cmocka_unit_test_setup(test_first_we_give_way, start),
        cmocka_unit_test_setup(test_up_by_packets_down_by_loss, start),
        cmocka_unit_test_setup(test_who_comes_back_is_known, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
