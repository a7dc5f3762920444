/* pipelines/rate/trendline: a queue that grows, one that does not, and noise. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trendline.h"

#define MS ORIEL_MILLISECOND

static struct oriel_trendline line;
static int64_t now;
static unsigned noise;

static int start(void **state) {
    oriel_trendline_start(&line);
    now = 1000 * MS;
    noise = 1;
    return 0;
}

/* `count` groups 33 ms apart, each of which takes `more` microseconds longer, and up to `jitter` of noise. */
static unsigned groups(unsigned count, int64_t more, unsigned jitter) {
    unsigned overs = 0;
    int64_t before = 0;
    while (count--) {
        noise = noise * 1103515245 + 12345;
        int64_t off = jitter ? (int64_t)((noise >> 16) % (2 * jitter)) - jitter : 0,
                in = 33 * MS + (more + off - before) * 1000;
        before = off;
        now += in;
        overs += oriel_trendline_add(&line, 33 * MS, in, now) == ORIEL_RATE_OVERUSED;
    }
    return overs;
}

static void test_a_steady_way(void **state) {
    assert_int_equal(groups(500, 0, 0), 0);
    assert_int_equal(groups(500, 0, 4000), 0); /* 4 ms of jitter are no queue */
}

static void test_a_queue(void **state) {
    groups(60, 0, 0);
    assert_int_equal(line.use, ORIEL_RATE_NORMAL);
    assert_true(groups(20, 5000, 0) > 0); /* 5 ms more each time: 15 % too much */
    groups(30, -4000, 0);
    assert_int_equal(line.use, ORIEL_RATE_UNDERUSED);
    groups(100, 0, 0);
    assert_int_equal(line.use, ORIEL_RATE_NORMAL);
}

static void test_the_threshold_keeps_its_bounds(void **state) {
    groups(3000, 0, 0);
    assert_true(line.threshold >= 6 && line.threshold < 6.5);
    double before = line.threshold;
    groups(2, 500000, 0); /* a jump is no reason to become deaf */
    assert_true(line.threshold < before + 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_steady_way, start),
        cmocka_unit_test_setup(test_a_queue, start),
        cmocka_unit_test_setup(test_the_threshold_keeps_its_bounds, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
