/* What SCTP's timer thread is told of time, and how often it wakes up for it. */
#include "sctptimer.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

enum { STEPS = 90 };

#define STEP (10 * ORIEL_MILLISECOND)

struct slept {
    int64_t took; /* for all */
    int64_t
        earliest; /* of the time that it was told, beside the time that had passed; negative: it was told too much */
    long wakeups;
};

/* As usrsctp does it. */
static gpointer tick(gpointer user) {
    struct slept *s = user;
    struct rusage before, after;
    const struct timespec step = {.tv_nsec = STEP};
    getrusage(RUSAGE_THREAD, &before);
    int64_t from = oriel_monotonic();
    for (int i = 1; i <= STEPS; i++) {
        assert_int_equal(nanosleep(&step, NULL), 0);
        int64_t ahead = oriel_monotonic() - from - i * STEP;
        s->earliest = MIN(s->earliest, ahead);
    }
    s->took = oriel_monotonic() - from;
    getrusage(RUSAGE_THREAD, &after);
    s->wakeups = after.ru_nvcsw - before.ru_nvcsw;
    return NULL;
}

static struct slept run(const char *name) {
    struct slept s = {0};
    g_thread_join(g_thread_new(name, tick, &s));
    return s;
}

static void another_thread_sleeps_as_ever(void **state) {
    struct slept s = run("somebody");
    assert_true(s.took >= STEPS * STEP && s.earliest >= 0);
    assert_true(s.wakeups >= STEPS);
}

static void the_timer_wakes_seldom_and_is_not_told_of_time_that_has_not_passed(void **state) {
    struct slept s = run("SCTP timer");
    assert_true(s.wakeups <= STEPS / 4);
    assert_true(s.earliest >= 0);
    assert_true(s.took >= STEPS * STEP);
}

/* As on a loaded machine: whenever it sleeps, it wakes up 150 ms late. */
static gpointer tick_under_load(gpointer user) {
    double *told = user;
    const struct timespec step = {.tv_nsec = STEP}, late = {.tv_nsec = 15 * STEP};
    int64_t from = oriel_monotonic(), sum = 0;
    for (int64_t now = from; now - from < ORIEL_SECOND; now = oriel_monotonic()) {
        nanosleep(&step, NULL);
        sum += STEP;
        if (oriel_monotonic() - now > STEP)
            clock_nanosleep(CLOCK_MONOTONIC, 0, &late, NULL);
    }
    *told = (double)sum / (double)(oriel_monotonic() - from);
    return NULL;
}

static void what_it_was_held_up_for_is_made_up_for(void **state) {
    double told = 0;
    g_thread_join(g_thread_new("SCTP timer", tick_under_load, &told));
    assert_true(told > 0.6 && told < 1.01);
}

static void while_a_connection_comes_up_time_goes_three_times_as_fast(void **state) {
    oriel_sctp_timer_hurry(true);
    struct slept s = run("SCTP timer");
    oriel_sctp_timer_hurry(false);
    assert_true(s.took >= STEPS * STEP / 3 - ORIEL_SCTP_STEP);
    assert_true(s.earliest < 0);
}

static void before_it_is_asked_to_nothing_changes(void **state) {
    assert_true(run("SCTP timer").wakeups >= STEPS);
}

int main(void) {
    const struct CMUnitTest first[] = {cmocka_unit_test(before_it_is_asked_to_nothing_changes)};
    const struct CMUnitTest then[] = {
        cmocka_unit_test(another_thread_sleeps_as_ever),
        cmocka_unit_test(the_timer_wakes_seldom_and_is_not_told_of_time_that_has_not_passed),
        cmocka_unit_test(what_it_was_held_up_for_is_made_up_for),
        cmocka_unit_test(while_a_connection_comes_up_time_goes_three_times_as_fast),
    };
    int failed = cmocka_run_group_tests(first, NULL, NULL);
    oriel_sctp_timer_slow();
    return failed + cmocka_run_group_tests(then, NULL, NULL);
}
