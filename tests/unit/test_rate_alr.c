/* pipelines/rate/alr: whether there is less to send than may be sent. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "alr.h"

#define MS ORIEL_MILLISECOND

static struct oriel_alr alr;

/* A share of 1 Mbit/s for so many ms. */
static void send(int64_t *now, double share, int64_t ms) {
    for (; ms > 0; ms -= 10, *now += 10 * MS)
        oriel_alr_sent(&alr, (size_t)(1250 * share), 1e6, *now);
}

static void test_limited(void **state) {
    int64_t now = 0;
    oriel_alr_start(&alr, now);
    assert_true(alr.limited);
    send(&now, 0.3, 2000);
    assert_true(alr.limited);
    send(&now, 2, 100); /* a burst changes nothing */
    assert_true(alr.limited);
    send(&now, 1.2, 3000);
    assert_false(alr.limited);
    send(&now, 0, 100);
    assert_false(alr.limited);
    send(&now, 0, 1000);
    assert_true(alr.limited);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_limited)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
