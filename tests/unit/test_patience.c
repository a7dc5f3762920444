/* How long the page may be silent, and what is done then. */
#include "patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Ticks each second until something is to be done, or for `most` seconds: when, in seconds from `*now`, which moves on.
 */
static int ticks(struct oriel_patience *p, int64_t *now, int most, enum oriel_patience_verdict *verdict) {
    *verdict = ORIEL_PATIENCE_WAIT;
    for (int i = 1; i <= most; i++) {
        *now += ORIEL_PATIENCE_TICK;
        assert_int_equal(oriel_patience_missed(p, *now), 0);
        *verdict = oriel_patience_verdict(p, *now);
        if (*verdict != ORIEL_PATIENCE_WAIT)
            return i;
    }
    return most;
}

static void nobody_is_waited_for_before_there_are_pictures(void **state) {
    struct oriel_patience p = {.relay = true};
    enum oriel_patience_verdict verdict;
    int64_t now = 5 * ORIEL_SECOND;
    assert_int_equal(ticks(&p, &now, 60, &verdict), 60);
    assert_int_equal(verdict, ORIEL_PATIENCE_WAIT);
}

static void a_page_that_was_heard_has_ten_seconds(void **state) {
    struct oriel_patience p = {0};
    enum oriel_patience_verdict verdict;
    int64_t now = 5 * ORIEL_SECOND;
    oriel_patience_listen(&p, now);
    oriel_patience_heard(&p, now);
    assert_int_equal(ticks(&p, &now, 60, &verdict), 11);
    assert_int_equal(verdict, ORIEL_PATIENCE_OVER);
}

static void by_a_relay_another_path_is_tried_first(void **state) {
    struct oriel_patience p = {.relay = true};
    enum oriel_patience_verdict verdict;
    int64_t now = 5 * ORIEL_SECOND;
    for (int i = 0; i < 5; i++) { /* as often as the page comes back */
        oriel_patience_listen(&p, now);
        oriel_patience_heard(&p, now);
        assert_int_equal(ticks(&p, &now, 60, &verdict), 5);
        assert_int_equal(verdict, ORIEL_PATIENCE_RENEW);
        oriel_patience_renewed(&p);
    }
    oriel_patience_listen(&p, now);
    oriel_patience_heard(&p, now);
    assert_int_equal(ticks(&p, &now, 60, &verdict), 5);
    assert_int_equal(ticks(&p, &now, 60, &verdict), 6); /* asked once; no other came */
    assert_int_equal(verdict, ORIEL_PATIENCE_OVER);
}

static void who_was_never_heard_gets_two_new_connections(void **state) {
    for (int relay = 0; relay < 2; relay++) {
        struct oriel_patience p = {.relay = relay};
        enum oriel_patience_verdict verdict;
        int64_t now = 5 * ORIEL_SECOND;
        for (int i = 0; i < 2; i++) {
            oriel_patience_listen(&p, now);
            assert_int_equal(ticks(&p, &now, 60, &verdict), 5);
            assert_int_equal(verdict, ORIEL_PATIENCE_RENEW);
            oriel_patience_renewed(&p);
            assert_int_equal(ticks(&p, &now, 15, &verdict), 15); /* while it comes up */
            assert_int_equal(verdict, ORIEL_PATIENCE_WAIT);
        }
        oriel_patience_listen(&p, now);
        assert_int_equal(ticks(&p, &now, 60, &verdict), 11);
        assert_int_equal(verdict, ORIEL_PATIENCE_OVER);
    }
}

/* Ticks in which something comes up to number `busy`: the one in which another path is asked for; 0: none of nine. */
static int asked_at(struct oriel_patience *p, int64_t now, int busy) {
    for (int i = 1; i <= 9; i++) {
        now += ORIEL_PATIENCE_TICK;
        assert_int_equal(oriel_patience_missed(p, now), 0);
        oriel_patience_arrivals(p, (unsigned)(i < busy ? i : busy));
        if (oriel_patience_verdict(p, now) == ORIEL_PATIENCE_RENEW)
            return i;
    }
    return 0;
}

static void direct_a_browser_of_which_nothing_comes_gets_another_path_sooner(void **state) {
    static const struct {
        bool relay;
        int busy, asked;
    } cases[] = {{false, 1, 3}, {false, 4, 6}, {false, 9, 0} /* it lives, its page is busy */, {true, 1, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct oriel_patience p = {.relay = cases[i].relay};
        int64_t now = 5 * ORIEL_SECOND;
        oriel_patience_listen(&p, now);
        oriel_patience_heard(&p, now);
        assert_int_equal(asked_at(&p, now, cases[i].busy), cases[i].asked);
        p.ticked = 0;
        oriel_patience_renewed(&p); /* what came by the old one says nothing of the new one */
        assert_int_equal(asked_at(&p, now + 20 * ORIEL_SECOND, 0), 0);
    }
}

static void a_machine_that_is_late_each_time_hears_in_the_end(void **state) {
    struct oriel_patience p = {0};
    int64_t now = 5 * ORIEL_SECOND;
    oriel_patience_listen(&p, now);
    oriel_patience_heard(&p, now);
    for (int i = 0; i < 3; i++) { /* nothing was read before the tick */
        now += 3 * ORIEL_PATIENCE_TICK;
        oriel_patience_missed(&p, now);
        oriel_patience_arrivals(&p, 0);
        assert_int_equal(oriel_patience_verdict(&p, now), ORIEL_PATIENCE_WAIT);
    }
}

static void the_time_in_which_we_did_not_run_is_nobodys_silence(void **state) {
    struct oriel_patience p = {0};
    enum oriel_patience_verdict verdict;
    int64_t now = 5 * ORIEL_SECOND;
    oriel_patience_listen(&p, now);
    oriel_patience_heard(&p, now);
    ticks(&p, &now, 3, &verdict);
    now += 31 * ORIEL_SECOND; /* a tick was due after the first */
    assert_int_equal(oriel_patience_missed(&p, now), 30 * ORIEL_SECOND);
    assert_int_equal(oriel_patience_verdict(&p, now), ORIEL_PATIENCE_WAIT);
    assert_int_equal(ticks(&p, &now, 60, &verdict), 7); /* 3 and 1 s were silence */
    assert_int_equal(verdict, ORIEL_PATIENCE_OVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_waited_for_before_there_are_pictures),
        cmocka_unit_test(a_page_that_was_heard_has_ten_seconds),
        cmocka_unit_test(by_a_relay_another_path_is_tried_first),
        cmocka_unit_test(who_was_never_heard_gets_two_new_connections),
        cmocka_unit_test(direct_a_browser_of_which_nothing_comes_gets_another_path_sooner),
        cmocka_unit_test(a_machine_that_is_late_each_time_hears_in_the_end),
        cmocka_unit_test(the_time_in_which_we_did_not_run_is_nobodys_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
