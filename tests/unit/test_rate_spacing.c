/* pipelines/rate/spacing: the rate of packets by how far apart they came. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "clock.h"
#include "spacing.h"

#define MS ORIEL_MILLISECOND

/* Packets of 1000 bytes, that many ms apart; the rate in kbit/s. */
static double rate(const int *ms, unsigned count) {
    struct oriel_spacing s = {0};
    for (unsigned i = 0; i < count; i++)
        oriel_spacing_add(&s, 1000, ms[i] * MS);
    return oriel_spacing_rate(&s) / 1e3;
}

#define RATE(...) rate((const int[]){__VA_ARGS__}, sizeof(int[]){__VA_ARGS__} / sizeof(int))

static void test_all_over_all(void **state) {
    assert_true(RATE(8) == 1000);
    assert_true(RATE(4, 12) == 1000);
    assert_true(RATE(2, 5, 10, 15) == 1000); /* none like the other */
}

static void test_jitter_is_left_out(void **state) {
    assert_in_range(RATE(8, 8, 0, 8), 999, 1001);                  /* some came together */
    assert_in_range(RATE(8, 8, 40, 8, 8), 999, 1001);              /* or late */
    assert_in_range(RATE(8, 0, 8, 0, 8, 8, 1), 999, 1001);         /* most: no more than these say */
    assert_in_range(RATE(8, 8, 20, 20, 8, 20, 8, 8, 8), 600, 700); /* others pass between: their share is theirs */
}

static void test_nothing(void **state) {
    assert_true(oriel_spacing_rate(&(struct oriel_spacing){0}) == 0);
    assert_true(RATE(0, 0, 0, 0) == 0);
    int many[200];
    for (unsigned i = 0; i < 200; i++)
        many[i] = 8;
    assert_in_range(rate(many, 200), 999, 1001);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_over_all),
        cmocka_unit_test(test_jitter_is_left_out),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
