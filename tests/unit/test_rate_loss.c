/* pipelines/rate/loss: loss of the way's own, and loss of too much. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "loss.h"

#define MS ORIEL_MILLISECOND

#include <math.h>
#include <stdlib.h>

static struct oriel_loss loss;
static int64_t now;
static unsigned chance;

static int start(void **state) {
    oriel_loss_start(&loss);
    now = ORIEL_SECOND;
    chance = 1;
    return 0;
}

/* Seconds of packets at `rate`, of which a share gets lost, at random; beyond `room` bit/s everything does. */
static void run(double seconds, double rate, double share, double room) {
    double interval = 1000 * 8 / rate;
    for (double past = 0; past < seconds; past += interval, now += (int64_t)(interval * ORIEL_SECOND)) {
        chance = chance * 1103515245 + 12345;
        double dice = (chance >> 16 & 0x7fff) / 32768.0, all = share + (rate > room ? 1 - room / rate : 0);
        oriel_loss_add(&loss, &(struct oriel_rate_packet){.bytes = 1000, .sent = now, .lost = dice < all});
    }
}

static void test_random_loss_does_not_slow_down(void **state) {
    for (int i = 0; i < 20; i++) {
        run(0.3, 2e6, 0.03, 1e9);
        oriel_loss_update(&loss, 2e6, 2e6, false, now);
    }
    assert_true(loss.rate > 1.9e6);
    assert_in_range(oriel_loss_average(&loss) * 1000, 15, 45);
}

static void test_what_is_too_much_does(void **state) {
    for (int i = 0; i < 20; i++) {
        run(0.3, 2e6, 0, 1e6);
        oriel_loss_update(&loss, 2e6, 1e6, false, now);
    }
    assert_true(loss.rate < 1.1e6);
    /* And up again in steps, when nothing gets lost any more. */
    double before = loss.rate;
    run(0.3, before, 0, 1e9);
    oriel_loss_update(&loss, 4e6, before, false, now);
    assert_true(loss.rate <= before * 1.3 + 1);
    for (int i = 0; i < 60; i++) {
        run(0.3, loss.rate, 0, 1e9);
        oriel_loss_update(&loss, 4e6, loss.rate, false, now);
    }
    assert_true(loss.rate > 3.5e6);
}

static void test_a_few_packets_are_no_rate(void **state) {
    for (int i = 0; i < 5; i++, now += ORIEL_SECOND)
        oriel_loss_add(&loss, &(struct oriel_rate_packet){.bytes = 200, .sent = now, .lost = i % 2});
    assert_true(oriel_loss_average(&loss) == 0);
    assert_true(oriel_loss_update(&loss, 2e6, 2e6, true, now) == 2e6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_random_loss_does_not_slow_down, start),
        cmocka_unit_test_setup(test_what_is_too_much_does, start),
        cmocka_unit_test_setup(test_a_few_packets_are_no_rate, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
