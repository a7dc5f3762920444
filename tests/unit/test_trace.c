/* pipelines/trace: stages of each picture, medians and maxima of a second. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace.h"

#define US 1000

static void picture(struct oriel_trace *trace, uint64_t id, int64_t at, int capture, int convert, int encode,
                    int send) {
    oriel_trace_converted(trace, id, at, at + capture * US, at + (capture + convert) * US);
    oriel_trace_encoded(trace, id, at + (capture + convert + encode) * US);
    oriel_trace_sent(trace, id, at + (capture + convert + encode + send) * US);
}

static void test_median_and_most(void **state) {
    struct oriel_trace *trace = oriel_trace_new();
    struct oriel_trace_summary s;
    picture(trace, 1, 1000000, 100, 10, 3000, 50);
    picture(trace, 2, 9000000, 900, 30, 1000, 70);
    picture(trace, 3, 19000000, 200, 20, 2000, 60);
    oriel_trace_summarise(trace, &s);
    assert_int_equal(s.pictures, 3);
    assert_int_equal(s.stages[ORIEL_STAGE_CAPTURE].p50, 200);
    assert_int_equal(s.stages[ORIEL_STAGE_CAPTURE].max, 900);
    assert_int_equal(s.stages[ORIEL_STAGE_CONVERT].p50, 20);
    assert_int_equal(s.stages[ORIEL_STAGE_CONVERT].max, 30);
    assert_int_equal(s.stages[ORIEL_STAGE_ENCODE].p50, 2000);
    assert_int_equal(s.stages[ORIEL_STAGE_ENCODE].max, 3000);
    assert_int_equal(s.stages[ORIEL_STAGE_PACKETIZE].p50, 60);
    assert_int_equal(s.stages[ORIEL_STAGE_PACKETIZE].max, 70);
    oriel_trace_summarise(trace, &s); /* begins anew */
    assert_int_equal(s.pictures, 0);
    assert_int_equal(s.stages[ORIEL_STAGE_ENCODE].max, 0);
    oriel_trace_free(trace);
}

static void test_what_is_left_out_is_forgotten(void **state) {
    struct oriel_trace *trace = oriel_trace_new();
    struct oriel_trace_summary s;
    for (uint64_t id = 1; id < 100; id++)
        oriel_trace_converted(trace, id, 1000, 2000, 3000); /* never encoded */
    oriel_trace_encoded(trace, 5, 4000);
    oriel_trace_sent(trace, 5, 5000);
    oriel_trace_sent(trace, 99, 5000); /* was not encoded */
    oriel_trace_encoded(trace, 1234, 5000);
    oriel_trace_summarise(trace, &s);
    assert_int_equal(s.pictures, 0);
    picture(trace, 200, 1000000, 1, 1, 1, 1);
    oriel_trace_sent(trace, 200, 99000000); /* a packet of it is repeated */
    oriel_trace_summarise(trace, &s);
    assert_int_equal(s.pictures, 1);
    assert_int_equal(s.stages[ORIEL_STAGE_PACKETIZE].max, 1);
    oriel_trace_free(trace);
}

static void test_many_and_odd_times(void **state) {
    struct oriel_trace *trace = oriel_trace_new();
    struct oriel_trace_summary s;
    for (uint64_t id = 1; id <= 1000; id++)
        picture(trace, id, (int64_t)id * 1000000, 5, 5, 5, 5);
    oriel_trace_summarise(trace, &s);
    assert_int_equal(s.pictures, 1000);
    assert_int_equal(s.stages[ORIEL_STAGE_ENCODE].p50, 5);
    oriel_trace_converted(trace, 1, INT64_C(1) << 62, 0, 10); /* captured after it was taken: no negative times */
    oriel_trace_encoded(trace, 1, 5);
    oriel_trace_sent(trace, 1, 2);
    oriel_trace_summarise(trace, &s);
    assert_int_equal(s.pictures, 1);
    assert_int_equal(s.stages[ORIEL_STAGE_CAPTURE].max, 0);
    oriel_trace_free(trace);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median_and_most),
        cmocka_unit_test(test_what_is_left_out_is_forgotten),
        cmocka_unit_test(test_many_and_odd_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
