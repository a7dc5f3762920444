/* egress/delay: median and most of a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delay.h"

static void expect(struct oriel_delay *d, uint32_t p50, uint32_t max) {
    uint32_t got_p50 = 1, got_max = 1;
    oriel_delay_take(d, &got_p50, &got_max);
    assert_int_equal(got_p50, p50);
    assert_int_equal(got_max, max);
}

static void test_median_and_most(void **state) {
    struct oriel_delay d = {0};
    expect(&d, 0, 0);
    for (int i = 5; i > 0; i--)
        oriel_delay_add(&d, i * 1000);
    expect(&d, 3, 5);
    expect(&d, 0, 0); /* each is told once */
    oriel_delay_add(&d, 999);
    oriel_delay_add(&d, -1000); /* clocks that were turned */
    expect(&d, 0, 0);
}

static void test_many_and_long(void **state) {
    struct oriel_delay d = {0};
    oriel_delay_add(&d, INT64_MAX);
    for (int i = 0; i < 1000; i++)
        oriel_delay_add(&d, 7000);
    expect(&d, 7, UINT32_MAX); /* the most is of all of them */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_median_and_most), cmocka_unit_test(test_many_and_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
