/* pipelines/rate/record: what is written down of a session is what happened, so that it can happen again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "rate_link.h"
#include "rate_replay.h"

static GString *text;
static struct oriel_record *record;
static size_t longest;

static void on_line(void *user, const char *line) {
    longest = MAX(longest, strlen(line));
    g_string_append_printf(text, "%s\n", line);
}

static int start(void **state) {
    text = g_string_new(NULL);
    record = oriel_record_new(on_line, NULL);
    longest = 0;
    return 0;
}

static int stop(void **state) {
    g_string_free(text, TRUE);
    return 0;
}

static void test_each_word(void **state) {
    struct oriel_rate_packet k = {.class = ORIEL_BUDGET_VIDEO, .bytes = 1100, .sent = ORIEL_SECOND + 12 * TENTH};
    oriel_record_start(record, 1e6, 32e6, ORIEL_SECOND);
    for (uint16_t i = 65534; i != 2; i++)
        oriel_record_sent(record, i, &k, 0);
    k.probe = 3;
    k.sent += 5 * TENTH;
    oriel_record_sent(record, 2, &k, 1150);
    k = (struct oriel_rate_packet){.class = ORIEL_BUDGET_AUDIO, .bytes = 80, .sent = k.sent};
    oriel_record_sent(record, 9, &k, 1150);
    oriel_record_waits(record, true, k.sent);
    oriel_record_waits(record, true, k.sent + MS);
    const struct oriel_rate_heard heard[] = {{65534, false, 8 * ORIEL_SECOND},
                                             {65535, false, 8 * ORIEL_SECOND + MS},
                                             {0, true, 0},
                                             {2, false, 8 * ORIEL_SECOND}};
    oriel_record_heard(record, heard, 4, ORIEL_SECOND + 100 * MS);
    oriel_record_estimate(record, 1.2341e6);
    const struct oriel_budget_ack acks[] = {
        {1150, ORIEL_SECOND, 77 * MS, false}, {900, ORIEL_SECOND + MS, 78 * MS, false}, {10, ORIEL_SECOND, 0, true}};
    oriel_record_acked(record, acks, 3, 1150, ORIEL_SECOND + 100 * MS);
    oriel_record_estimate(record, 1.235e6);
    oriel_record_free(record);
    assert_string_equal(text->str, "=1000000,32000000 +12 #65534 v1100*4 +5 t1150 p3 v1100 #9 p0 a80 w1 +983 "
                                   "h65534:0,4,-,#2,-4 e1234\n"
                                   "k1150,1000,0;900,990,10;10,1000,-\n");
}

static void test_a_long_word_goes_on(void **state) {
    struct oriel_rate_heard heard[2000];
    for (uint16_t i = 0; i < 2000; i++)
        heard[i] = (struct oriel_rate_heard){i, i % 7 == 0, i * MS};
    oriel_record_start(record, 1e6, 32e6, ORIEL_SECOND);
    oriel_record_heard(record, heard, 2000, ORIEL_SECOND + MS);
    oriel_record_estimate(record, 1e6);
    oriel_record_free(record);
    assert_in_range(longest, 500, 960);
    struct replay r = {0};
    replay_all(&r, text->str);
    assert_int_equal(r.remote, 1999 * MS - MS); /* from the first that came on */
    replay_end(&r);
}

/* By the estimates of both. */
static unsigned looks, alike;
static void compare(struct replay *r, void *user) {
    struct oriel_rate_figures f;
    oriel_estimator_figures(r->estimator, &f, r->now);
    looks++;
    alike += fabs(f.target - r->recorded) < 0.1 * r->recorded;
}

static void test_what_was_written_down_happens_again(void **state) {
    struct rate_link *l = link_new(2e6, 30 * MS, 300 * MS, 0.01, 1e6);
    oriel_estimator_record(l->estimator, record, l->now);
    link_run(l, 6 * ORIEL_SECOND);
    l->rate = 0.6e6;
    link_run(l, 4 * ORIEL_SECOND);
    l->rate = 2e6;
    link_run(l, 4 * ORIEL_SECOND);
    assert_true(link_came(l, 4 * ORIEL_SECOND) > 1e6);
    link_free(l);
    oriel_record_free(record);
    looks = alike = 0;
    struct replay r = {.each = compare};
    replay_all(&r, text->str);
    print_message("%zu bytes of 14 s; %u of %u estimates alike\n", text->len, alike, looks);
    assert_true(r.now - r.began > 13.8 * ORIEL_SECOND && r.now - r.began < 14.2 * ORIEL_SECOND);
    assert_true(looks > 500 && alike > looks * 9 / 10);
    replay_end(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_word, start, stop),
        cmocka_unit_test_setup_teardown(test_a_long_word_goes_on, start, stop),
        cmocka_unit_test_setup_teardown(test_what_was_written_down_happens_again, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
