/* pipelines/rate/estimator, pacer and budget together, on links of all kinds (rate_link.h). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "rate_link.h"

static struct rate_link *l;
static struct oriel_rate_figures figures;

static int stop(void **state) {
    link_free(l);
    return 0;
}

static double target(void) {
    oriel_estimator_figures(l->estimator, &figures, l->now);
    return figures.target;
}

static void test_a_good_link_is_found_at_once(void **state) {
    l = link_new(100e6, 1 * MS, 200 * MS, 0, 1e6);
    link_run(l, 700 * MS);
    assert_true(target() > 15e6);
    assert_int_equal(l->dropped, 0);
    assert_true(l->latest < 100 * MS);
}

/* What a session begins with on any link: no more than ten packets before anything is told, and the rate from them,
 * without padding, so that nothing stands in a queue or is dropped. */
static void test_the_first_picture_finds_the_rate(void **state) {
    const struct {
        double rate;
        int64_t delay;
    } links[] = {{180e3, 300 * MS}, {700e3, 120 * MS}, {100e3, 50 * MS}, {3e6, 40 * MS}};
    for (unsigned i = 0; i < sizeof links / sizeof *links; i++) {
        l = link_new(links[i].rate, links[i].delay, 1500 * MS, 0, 1e6);
        l->use = 0;
        for (unsigned k = 0; k < 8; k++)
            link_packet(l, true, ORIEL_BUDGET_VIDEO, PACKET_BYTES);
        link_run(l, 50 * MS);
        assert_true(oriel_budget_ready(l->budget, l->now) > l->now + 30 * MS); /* one is enough */
        target();
        assert_int_equal(figures.state, ORIEL_RATE_START);
        for (unsigned k = 0; k < 40; k++) /* whatever somebody pushes */
            link_packet(l, true, ORIEL_BUDGET_VIDEO, PACKET_BYTES);
        link_run(l, 50 * MS);
        assert_in_range(oriel_budget_in_flight(l->budget), 0, 10 * 1460);
        int64_t began = l->now;
        while (figures.state == ORIEL_RATE_START) {
            assert_int_equal(l->padding, 0);
            link_run(l, 5 * MS);
            target();
            assert_true(l->now - began < 2500 * MS);
        }
        if (figures.target < 0.8 * fmin(links[i].rate, 6e6) || figures.target > 1.02 * links[i].rate)
            fail_msg("link %u: a rate of %.0f kbit/s of %.0f", i, figures.target / 1e3, links[i].rate / 1e3);
        assert_int_equal(l->dropped, 0);
        if (i + 1 < sizeof links / sizeof *links)
            link_free(l);
    }
}

static void test_a_link_is_used_and_no_queue_stands(void **state) {
    const struct {
        double rate, loss;
        int64_t delay;
    } links[] = {
        {2e6, 0, 20 * MS}, {8e6, 0, 10 * MS}, {3e6, 0.05, 40 * MS}, {0.3e6, 0.02, 100 * MS}, {1e6, 0, 300 * MS}};
    for (unsigned i = 0; i < sizeof links / sizeof *links; i++) {
        l = link_new(links[i].rate, links[i].delay, 400 * MS, links[i].loss, 1e6);
        link_run(l, 6 * ORIEL_SECOND);
        link_run(l, 12 * ORIEL_SECOND);
        double use = link_came(l, 12 * ORIEL_SECOND) / links[i].rate / (1 - links[i].loss);
        if (use < 0.8 || use > 1.01 || l->latest - links[i].delay > 250 * MS)
            fail_msg("link %u: use %.3f, latest %.0f ms", i, use, (double)l->latest / MS);
        if (i + 1 < sizeof links / sizeof *links)
            link_free(l);
    }
}

/* A radio hands out packets late and together: that is no queue, and hides none. */
static void test_jitter_is_no_queue(void **state) {
    const struct {
        double rate, loss, use;
        int64_t delay, jitter, queue, most;
    } links[] = {{2e6, 0.005, 0.7, 50 * MS, 40 * MS, 200 * MS, 100 * MS},
                 {3e6, 0.05, 0.75, 12 * MS, 30 * MS, 200 * MS, 100 * MS},
                 {150e3, 0.01, 0.75, 120 * MS, 40 * MS, 1000 * MS, 400 * MS}};
    for (unsigned i = 0; i < sizeof links / sizeof *links; i++) {
        l = link_new(links[i].rate, links[i].delay, links[i].queue, links[i].loss, 1e6);
        l->jitter = links[i].jitter;
        l->picture = 200 * MS; /* a film, of few large pictures */
        l->picture_least = 4000;
        l->use = 1;
        link_run(l, 8 * ORIEL_SECOND);
        unsigned steps = 400, longer = 0;
        uint64_t came = 0;
        for (unsigned k = 0; k < steps; k++) {
            link_run(l, 50 * MS);
            came += l->came;
            longer += l->free_at - l->now > links[i].most;
        }
        double use = (double)came * 8 / 20 / links[i].rate / (1 - links[i].loss);
        if (use < links[i].use || longer > steps / 20)
            fail_msg("link %u: use %.2f, a long queue in %u steps of %u", i, use, longer, steps);
        if (i + 1 < sizeof links / sizeof *links)
            link_free(l);
    }
}

static void test_a_sharp_fall_and_back(void **state) {
    l = link_new(4e6, 20 * MS, 1000 * MS, 0, 1e6);
    link_run(l, 6 * ORIEL_SECOND);
    l->rate = 0.5e6;
    link_run(l, 400 * MS);
    assert_true(target() < 0.6e6);
    link_run(l, 2 * ORIEL_SECOND);
    link_run(l, 5 * ORIEL_SECOND);
    assert_true(l->latest < 200 * MS);
    assert_true(link_came(l, 5 * ORIEL_SECOND) > 0.8 * 0.5e6);
    l->rate = 4e6;
    link_run(l, 700 * MS);
    assert_true(target() > 0.7 * 4e6); /* its packets have come closer to each other */
    link_run(l, 2 * ORIEL_SECOND);
    assert_true(link_came(l, 2 * ORIEL_SECOND) > 0.7 * 4e6);
}

/* A cell's handover: nothing leaves for a while, then a third as quickly. That nothing left is no rate. */
static void test_a_hold_and_a_third_of_the_rate(void **state) {
    l = link_new(9e6, 40 * MS, 1000 * MS, 0, 1e6);
    link_run(l, 6 * ORIEL_SECOND);
    l->free_at = MAX(l->free_at, l->now) + 300 * MS;
    l->rate = 3e6;
    for (int i = 0; i < 100; i++) {
        link_run(l, 20 * MS);
        assert_true(target() > 1.5e6);
    }
    assert_true(target() < 3.2e6);
    link_run(l, 3 * ORIEL_SECOND);
    assert_true(link_came(l, 3 * ORIEL_SECOND) > 0.8 * 3e6);
    assert_true(l->latest < 200 * MS);
}

static void test_idle_is_held_and_costs_nothing(void **state) {
    l = link_new(10e6, 20 * MS, 400 * MS, 0, 1e6);
    link_run(l, 3 * ORIEL_SECOND);
    double before = target();
    l->use = 0.002;
    unsigned padding = l->padding;
    link_run(l, ORIEL_SECOND);
    l->loss = 0.3; /* of a few packets: that says nothing */
    link_run(l, 8 * ORIEL_SECOND);
    assert_true(target() > 0.9 * before);
    assert_in_range(l->padding, padding, padding + 60);
    assert_int_equal(figures.state, ORIEL_RATE_FREE);
}

/* A film takes little of a wide way, and the sender can't probe for quite the most that it may: once that is known,
 * nothing is sent but the film. */
static void test_a_film_on_a_wide_way(void **state) {
    static const double rates[] = {12e6, 23e6, 26e6, 29e6, 100e6};
    for (unsigned i = 0; i < 3 * sizeof rates / sizeof *rates; i++) {
        l = link_new(rates[i / 3], 1 * MS, 200 * MS, 0, 1e6);
        l->most = 1.3e6;
        l->padding_most = i % 3 + 2; /* 18, 26, 35 Mbit/s */
        link_run(l, 2 * ORIEL_SECOND);
        link_run(l, 5 * ORIEL_SECOND);
        double came = link_came(l, 5 * ORIEL_SECOND);
        if (came < 1.1e6 || came > 1.5e6)
            fail_msg("link %u: %.1f Mbit/s", i, came / 1e6);
        if (i + 1 < 3 * sizeof rates / sizeof *rates)
            link_free(l);
    }
}

static void test_a_cut(void **state) {
    l = link_new(2e6, 20 * MS, 400 * MS, 0, 1e6);
    link_run(l, 4 * ORIEL_SECOND);
    double before = target();
    l->loss = 1;
    link_run(l, 3 * ORIEL_SECOND);
    assert_true(target() > 0); /* the figures */
    assert_int_equal(figures.state, ORIEL_RATE_SILENT);
    assert_true(l->came < 40000);
    l->loss = 0;
    link_run(l, 2 * ORIEL_SECOND);
    link_run(l, ORIEL_SECOND);
    assert_int_not_equal(figures.state, ORIEL_RATE_START);
    assert_true(target() > 0.5 * before);
    assert_true(link_came(l, ORIEL_SECOND) > 0.5 * before);
}

static void test_without_feedback_all_stays(void **state) {
    l = link_new(100e6, 1 * MS, 400 * MS, 0, 4e6);
    l->told = INT64_MAX / 2; /* it never tells */
    for (int i = 0; i < 20; i++) {
        link_run(l, 100 * MS);
        l->count = 0;
    }
    assert_true(target() == 4e6);
    assert_int_equal(figures.state, ORIEL_RATE_START);
}

static void test_tiles_alone_feed_it(void **state) {
    l = link_new(2e6, 20 * MS, 400 * MS, 0, 1e6);
    l->use = 0;
    int64_t free_at = 0, again, sum = 0;
    struct {
        int64_t at;
        struct oriel_budget_ack ack;
    } away[4096];
    unsigned first = 0, last = 0;
    for (int64_t end = l->now + 10 * ORIEL_SECOND; l->now < end; l->now += MS) {
        while (oriel_budget_take(l->budget, ORIEL_BUDGET_TILES, 1150, l->now, &again)) {
            free_at = MAX(free_at, l->now) + (int64_t)(1150 * 8 / l->rate * ORIEL_SECOND);
            away[last % 4096].ack = (struct oriel_budget_ack){.bytes = 1150, .sent = l->now, .arrived = free_at + 77};
            away[last++ % 4096].at = free_at + 40 * MS;
        }
        oriel_budget_wait(l->budget, ORIEL_BUDGET_TILES, 100000);
        for (; first != last && away[first % 4096].at <= l->now; first++) {
            oriel_budget_acked(l->budget, &away[first % 4096].ack, 1, l->now);
            sum += l->now > 6 * ORIEL_SECOND ? 1150 * 8 : 0;
        }
        if (l->now % (25 * MS) == 0)
            oriel_estimator_tick(l->estimator, l->now);
    }
    assert_true(target() > 1.2e6 && target() < 2.5e6);
    assert_true(sum > 5e6); /* in 5 s */
    assert_true(free_at - l->now < 200 * MS);
}

/* Small changes, thirty times a second, to a page that is busy now and then: the rate stays. */
static void test_a_busy_page_is_no_queue(void **state) {
    l = link_new(100e6, 1 * MS, 200 * MS, 0, 1e6);
    l->use = 0;
    for (unsigned i = 0; i < 300; i++, l->now += 33 * MS) {
        int64_t late = i % 20 < 12 ? (int64_t)(i % 20) * 15 * MS : 0;
        struct oriel_budget_ack ack = {.bytes = 200, .sent = l->now - late - MS, .arrived = l->now + 77};
        oriel_budget_spend(l->budget, ORIEL_BUDGET_TILES, 200, l->now);
        oriel_budget_acked(l->budget, &ack, 1, l->now);
        oriel_estimator_tick(l->estimator, l->now);
    }
    assert_true(target() >= 1e6);
    assert_int_equal(oriel_budget_in_flight(l->budget), 0);
}

static void test_beside_tcp(void **state) {
    const struct {
        double rate;
        int64_t delay, queue;
    } links[] = {{4e6, 20 * MS, 200 * MS}, {10e6, 40 * MS, 150 * MS}, {2e6, 30 * MS, 300 * MS}};
    for (unsigned i = 0; i < sizeof links / sizeof *links; i++) {
        l = link_new(links[i].rate, links[i].delay, links[i].queue, 0, 1e6);
        link_run(l, 5 * ORIEL_SECOND);
        l->tcp_window = 2;
        link_run(l, 10 * ORIEL_SECOND);
        link_run(l, 20 * ORIEL_SECOND);
        double share = link_came(l, 20 * ORIEL_SECOND) / links[i].rate;
        double tcp = (double)l->tcp_came * 8 / 20 / links[i].rate;
        print_message("link %u: %.2f, TCP %.2f\n", i, share, tcp);
        if (share < 0.25 || tcp < 0.4)
            fail_msg("link %u: a share of %.2f, TCP %.2f", i, share, tcp);
        l->tcp_window = 0; /* and when it has gone no queue stays */
        link_run(l, 4 * ORIEL_SECOND);
        link_run(l, 4 * ORIEL_SECOND);
        assert_true(l->latest < l->delay + 150 * MS);
        assert_true(link_came(l, 4 * ORIEL_SECOND) > 0.6 * l->rate);
        if (i + 1 < sizeof links / sizeof *links)
            link_free(l);
    }
}

/* A film that takes less than its share does not starve, from soon after such a connection begins. */
static void test_a_film_beside_tcp(void **state) {
    l = link_new(4e6, 20 * MS, 200 * MS, 0, 1e6);
    l->most = 1e6;
    link_run(l, 5 * ORIEL_SECOND);
    l->tcp_window = 2;
    link_run(l, 5 * ORIEL_SECOND);
    double least = 1e9, sum = 0, tcp = 0;
    for (unsigned i = 0; i < 10; i++) {
        link_run(l, 2 * ORIEL_SECOND);
        double came = link_came(l, 2 * ORIEL_SECOND);
        least = fmin(least, came);
        sum += came / 10;
        tcp += (double)l->tcp_came * 8 / 2 / 10;
    }
    print_message("of 1 Mbit/s %.2f, at least %.2f, TCP %.2f\n", sum / 1e6, least / 1e6, tcp / 1e6);
    assert_true(least > 0.3e6 && sum > 0.6e6 && tcp > 2.4e6);
}

/* That is no queue, and nobody else's. */
static void test_a_way_that_becomes_longer(void **state) {
    l = link_new(4e6, 20 * MS, 1000 * MS, 0, 1e6);
    link_run(l, 6 * ORIEL_SECOND);
    l->delay += 100 * MS;
    link_run(l, 12 * ORIEL_SECOND);
    link_run(l, 8 * ORIEL_SECOND);
    print_message("use %.2f, latest %.0f ms\n", link_came(l, 8 * ORIEL_SECOND) / l->rate,
                  (double)(l->latest - l->delay) / MS);
    assert_true(link_came(l, 8 * ORIEL_SECOND) > 0.75 * l->rate);
    assert_true(l->latest - l->delay < 250 * MS);
}

static void test_a_new_path_begins_near_the_last(void **state) {
    assert_true(oriel_estimator_start(0) == 1e6);
    assert_true(oriel_estimator_start(4e6) == 3e6);
    assert_true(oriel_estimator_start(1e3) == 100e3);
    assert_true(oriel_estimator_start(1e9) == 8e6);
    l = link_new(0.4e6, 20 * MS, 400 * MS, 0, 1e6);
    link_run(l, 6 * ORIEL_SECOND);
    double before = target();
    oriel_estimator_renew(l->estimator, l->now);
    assert_true(fabs(target() - 0.75 * before) < 1);
    assert_int_equal(figures.state, ORIEL_RATE_START);
    oriel_estimator_renew(l->estimator, l->now); /* nobody answered in between */
    assert_true(fabs(target() - 0.75 * before) < 1);
}

static unsigned fates[4]; /* came, lost, untold, and how often that was all */

static void on_fate(void *user, const struct oriel_rate_packet *packet) {
    fates[!packet ? 3 : packet->untold ? 2 : packet->lost]++;
}

/* Each packet's fate is told: also when the feedback about it is lost, and when none comes any more. */
static void test_fates(void **state) {
    l = link_new(8e6, 20 * MS, 200 * MS, 0, 1e6);
    oriel_estimator_listen(l->estimator, NULL, on_fate, NULL);
    struct oriel_rate_packet packet = {.class = ORIEL_BUDGET_VIDEO, .bytes = 1000, .sent = l->now};
    for (uint16_t i = 65530; i != 4; i++)
        oriel_estimator_sent(l->estimator, i, &packet);
    const struct oriel_rate_heard heard[] = {
        {65530, false, 0}, {65531, true, 0}, {65532, false, MS}, {0, false, 2 * MS}, {1, false, 3 * MS}};
    oriel_estimator_heard(l->estimator, heard, sizeof heard / sizeof *heard, l->now + 50 * MS);
    assert_int_equal(fates[0], 4);
    assert_int_equal(fates[1], 1);
    assert_int_equal(fates[2], 3);
    assert_int_equal(fates[3], 1);
    const struct oriel_rate_heard late = {65531, false, 4 * MS};
    oriel_estimator_heard(l->estimator, &late, 1, l->now + 60 * MS);
    assert_int_equal(fates[0], 5);
    oriel_estimator_tick(l->estimator, l->now + 5 * ORIEL_SECOND);
    assert_int_equal(fates[1], 3);
    assert_int_equal(fates[3], 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_fates, stop),
        cmocka_unit_test_teardown(test_a_good_link_is_found_at_once, stop),
        cmocka_unit_test_teardown(test_the_first_picture_finds_the_rate, stop),
        cmocka_unit_test_teardown(test_a_link_is_used_and_no_queue_stands, stop),
        cmocka_unit_test_teardown(test_jitter_is_no_queue, stop),
        cmocka_unit_test_teardown(test_a_sharp_fall_and_back, stop),
        cmocka_unit_test_teardown(test_a_hold_and_a_third_of_the_rate, stop),
        cmocka_unit_test_teardown(test_idle_is_held_and_costs_nothing, stop),
        cmocka_unit_test_teardown(test_a_film_on_a_wide_way, stop),
        cmocka_unit_test_teardown(test_a_cut, stop),
        cmocka_unit_test_teardown(test_without_feedback_all_stays, stop),
        cmocka_unit_test_teardown(test_tiles_alone_feed_it, stop),
        cmocka_unit_test_teardown(test_beside_tcp, stop),
        cmocka_unit_test_teardown(test_a_film_beside_tcp, stop),
        cmocka_unit_test_teardown(test_a_way_that_becomes_longer, stop),
        cmocka_unit_test_teardown(test_a_new_path_begins_near_the_last, stop),
        cmocka_unit_test_teardown(test_a_busy_page_is_no_queue, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
