/* pipelines/rate/shortest: the least of lately. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "clock.h"
#include "shortest.h"

static void test_the_least_is_forgotten_after_10_to_20_s(void **state) {
    struct oriel_shortest s;
    oriel_shortest_start(&s, 0);
    assert_int_equal(oriel_shortest_get(&s, 7), 7);
    oriel_shortest_add(&s, 30, 0);
    oriel_shortest_add(&s, 20, ORIEL_SECOND);
    int64_t forgotten = 0;
    for (int64_t t = 2 * ORIEL_SECOND; t < 40 * ORIEL_SECOND && !forgotten; t += ORIEL_SECOND) {
        oriel_shortest_add(&s, 50, t);
        forgotten = oriel_shortest_get(&s, 7) == 50 ? t : 0;
    }
    assert_in_range(forgotten, 11 * ORIEL_SECOND, 25 * ORIEL_SECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_least_is_forgotten_after_10_to_20_s)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
