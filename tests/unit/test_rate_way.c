/* pipelines/rate/way: what packets told of by one clock show of a queue. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

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
        oriel_way_received(&way, &k, false, now, &acked);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_has_waited, start),
        cmocka_unit_test_setup(test_what_stands_for_long, start),
        cmocka_unit_test_setup(test_what_drains_or_is_a_rivals_does_not_stand, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
