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

enum { STEPS = 60 };

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

static void before_it_is_asked_to_nothing_changes(void **state) {
    assert_true(run("SCTP timer").wakeups >= STEPS);
}

int main(void) {
    const struct CMUnitTest first[] = {cmocka_unit_test(before_it_is_asked_to_nothing_changes)};
    const struct CMUnitTest then[] = {
        cmocka_unit_test(another_thread_sleeps_as_ever),
        cmocka_unit_test(the_timer_wakes_seldom_and_is_not_told_of_time_that_has_not_passed),
    };
    int failed = cmocka_run_group_tests(first, NULL, NULL);
    oriel_sctp_timer_slow();
    return failed + cmocka_run_group_tests(then, NULL, NULL);
}
