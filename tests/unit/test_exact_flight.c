/* pipelines/exact/flight: tiles over a link that loses, delays and reorders, without a network. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "estimator.h"
#include "flight.h"

static struct oriel_flight f;
static int64_t now;
static struct oriel_budget *budget; /* NULL: none */
static struct oriel_estimator *estimator;

static int start(void **state) {
    now = 100 * ORIEL_SECOND;
    oriel_flight_start(&f, NULL);
    return 0;
}

static int end(void **state) {
    oriel_flight_clear(&f);
    assert_int_equal(f.in_flight, 0);
    if (budget) {
        assert_int_equal(oriel_budget_in_flight(budget), 0);
        oriel_estimator_free(estimator);
        oriel_budget_free(budget);
        budget = NULL;
    }
    return 0;
}

/* As a session begins. */
static int start_with_budget(void **state) {
    start(state);
    budget = oriel_budget_new(1e6, now);
    estimator = oriel_estimator_new(budget, 1e6, 32e6, now);
    oriel_flight_start(&f, budget);
    return 0;
}

static double target(void) {
    struct oriel_rate_figures figures;
    oriel_estimator_figures(estimator, &figures, now);
    return figures.target;
}

static void add(uint32_t tile, uint32_t rtp, size_t length) {
    const struct oriel_exact_tile_head head = {.tile = tile, .rtp = rtp, .rect = {0, 0, 64, 64}};
    assert_true(oriel_flight_add(&f, &head, calloc(1, length), length, now));
}

static struct oriel_tile *ack(uint32_t tile, unsigned first, unsigned count) {
    return oriel_flight_ack(&f, &(struct oriel_exact_range){tile, (uint16_t)first, (uint16_t)count}, now);
}

static void test_chunks_in_order_and_done_when_all_are_there(void **state) {
    const struct oriel_tile *tile;
    unsigned chunk;
    add(1, 90, 2 * ORIEL_EXACT_CHUNK_MAX + 1);
    assert_int_equal(f.tiles[0]->head.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(oriel_flight_next(&f, now, &tile, &chunk));
        assert_int_equal(tile->head.tile, 1);
        assert_int_equal(chunk, i);
    }
    assert_false(oriel_flight_next(&f, now, &tile, &chunk));
    assert_int_equal(f.in_flight, 3 * ORIEL_EXACT_CHUNK_HEAD + 2 * ORIEL_EXACT_CHUNK_MAX + 1);
    now += 10 * ORIEL_MILLISECOND;
    assert_null(ack(1, 2, 1));
    assert_null(ack(1, 2, 1)); /* twice is once */
    assert_null(ack(7, 0, 1)); /* never sent */
    struct oriel_tile *done = ack(1, 0, 65535);
    assert_non_null(done);
    oriel_tile_free(done);
    assert_int_equal(f.count, 0);
    assert_int_equal(f.in_flight, 0);
}

static void test_the_newest_picture_first(void **state) {
    const struct oriel_tile *tile;
    unsigned chunk;
    add(1, 0xfffffff0, 10);
    add(2, 16, 10); /* later, across the wrap */
    add(3, 16, 10);
    const uint32_t order[] = {2, 3, 1};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(oriel_flight_next(&f, now, &tile, &chunk));
        assert_int_equal(tile->head.tile, order[i]);
    }
}

static void test_what_is_lost_goes_again_and_waits_longer_each_time(void **state) {
    const struct oriel_tile *tile;
    unsigned chunk;
    add(1, 90, 10);
    assert_true(oriel_flight_next(&f, now, &tile, &chunk));
    int64_t waited = 0;
    for (int i = 0; i < 4; i++) {
        assert_false(oriel_flight_next(&f, now, &tile, &chunk));
        int64_t due = oriel_flight_due(&f, now);
        assert_true(due - now > waited);
        waited = due - now;
        now = due;
        assert_true(oriel_flight_next(&f, now, &tile, &chunk));
    }
}

static void test_the_end_of_an_interruption_is_not_waited_for(void **state) {
    const struct oriel_tile *tile;
    unsigned chunk;
    add(1, 90, 10);
    for (int i = 0; i < 3; i++, now = oriel_flight_due(&f, now))
        assert_true(oriel_flight_next(&f, now, &tile, &chunk));
    assert_true(oriel_flight_next(&f, now, &tile, &chunk));
    const int64_t sent = now;
    for (uint32_t number = 2; number < 4; number++) {
        now += 20 * ORIEL_MILLISECOND;
        add(number, 90 * number, 10);
        assert_true(oriel_flight_next(&f, now, &tile, &chunk));
        assert_int_equal(tile->head.tile, number);
    }
    now += 10 * ORIEL_MILLISECOND;
    assert_false(oriel_flight_overtaken(&f, sent));
    assert_false(oriel_flight_next(&f, now, &tile, &chunk));
    oriel_tile_free(ack(3, 0, 1));
    assert_true(oriel_flight_overtaken(&f, sent));
    assert_true(oriel_flight_due(&f, now) <= now);
    assert_true(oriel_flight_next(&f, now, &tile, &chunk));
    assert_int_equal(tile->head.tile, 1);
    assert_false(oriel_flight_next(&f, now, &tile, &chunk)); /* the second may only be late */
}

/* Nor for what was sent but once. */
static void test_all_that_was_sent_in_an_interruption_goes_again_at_its_end(void **state) {
    const struct oriel_tile *tile;
    unsigned chunk;
    for (uint32_t number = 1; number < 7; number++) {
        add(number, 90 * number, 10);
        assert_true(oriel_flight_next(&f, now, &tile, &chunk));
        assert_int_equal(tile->head.tile, number);
        now += (number == 1 ? 30 : 20) * ORIEL_MILLISECOND;
        if (number == 1)
            oriel_tile_free(ack(1, 0, 1));
    }
    now += 40 * ORIEL_MILLISECOND;
    while (oriel_flight_next(&f, now, &tile, &chunk))
        ;
    assert_true(oriel_flight_due(&f, now) > now); /* the third, which has gone once */
    oriel_tile_free(ack(6, 0, 1));
    unsigned again = 0;
    for (; oriel_flight_next(&f, now, &tile, &chunk); again++)
        assert_in_range(tile->head.tile, 3, 4); /* the second just did, the fifth may only be late */
    assert_int_equal(again, 2);
}

static void test_acks_of_what_was_not_sent_count_for_nothing(void **state) {
    add(1, 90, 5000);
    assert_null(ack(1, 0, 10));
    assert_int_equal(f.in_flight, 0);
    assert_int_equal(f.count, 1);
}

static void test_no_more_than_fits(void **state) {
    for (uint32_t i = 0; i < ORIEL_FLIGHT_TILES; i++)
        add(i, 90, 10);
    assert_false(oriel_flight_add(&f, &(struct oriel_exact_tile_head){0}, calloc(1, 10), 10, now));
    assert_false(oriel_flight_has_room(&f));
    oriel_flight_clear(&f);
    assert_false(oriel_flight_add(&f, &(struct oriel_exact_tile_head){0}, calloc(1, 1), 0, now));
}

/* A link of `kbits` with a queue without end, `delay` each way, that loses each `loss`th packet. */
struct packet {
    uint32_t tile;
    unsigned chunk;
    int64_t acked; /* when the acknowledgement is back; 0: lost */
};

/* By a page's clock that shows another time than ours. */
static void acknowledge(const struct packet *p, int64_t came) {
    struct oriel_budget_ack acks[ORIEL_FLIGHT_ACKS];
    oriel_flight_clock(&f, (uint32_t)((came + 5000 * ORIEL_SECOND) / (ORIEL_MILLISECOND / 10)));
    oriel_tile_free(ack(p->tile, p->chunk, 1));
    unsigned count = oriel_flight_tell(&f, acks);
    if (count)
        oriel_budget_acked(budget, acks, count, now);
}

/* Sends `pages` of 100 KB one after the other; how long it took, and the longest queue in ms. */
static double transfer(double kbits, int64_t delay, unsigned loss, unsigned pages, double *queue) {
    static struct packet packets[100000];
    unsigned sent = 0, back = 0, count = 0, next = 0;
    int64_t free_at = now, from = now;
    *queue = 0;
    while (next < pages || f.count) {
        if (next < pages && oriel_flight_has_room(&f)) {
            next++;
            add(next, next * 3000, 100 * 1024);
        }
        const struct oriel_tile *tile;
        unsigned chunk;
        while (oriel_flight_next(&f, now, &tile, &chunk)) {
            free_at = (free_at > now ? free_at : now) + (int64_t)(1200 * 8 / kbits * ORIEL_MILLISECOND);
            double waits = (double)(free_at - now) / ORIEL_MILLISECOND;
            *queue = waits > *queue ? waits : *queue;
            count++;
            packets[sent++] =
                (struct packet){tile->head.tile, chunk, loss && count % loss == 0 ? 0 : free_at + 2 * delay};
        }
        now += ORIEL_MILLISECOND;
        assert_true(now - from < 100 * ORIEL_SECOND);
        for (; back < sent && packets[back].acked <= now; back++)
            if (packets[back].acked)
                acknowledge(&packets[back], packets[back].acked - delay);
        if (budget && now % (25 * ORIEL_MILLISECOND) == 0)
            oriel_estimator_tick(estimator, now);
    }
    return (double)(now - from) / ORIEL_MILLISECOND;
}

static void test_a_free_link_is_filled_at_once(void **state) {
    double queue, took = transfer(1e6, 2 * ORIEL_MILLISECOND, 0, 1, &queue);
    assert_true(took < 40);
}

static void test_a_slow_link_is_used_and_not_flooded(void **state) {
    double queue, took = transfer(1000, 20 * ORIEL_MILLISECOND, 0, 3, &queue);
    double least = 3 * 100 * 1024 * 8 / 1000.0 * 1200 / 1150;
    print_message("300 KiB at 1 Mbit/s: %.0f ms, at least %.0f; longest queue %.0f ms\n", took, least, queue);
    assert_true(took < least * 1.3);
    assert_true(queue < 160);
}

static void test_loss_costs_time_but_nothing_else(void **state) {
    double queue, took = transfer(3000, 20 * ORIEL_MILLISECOND, 20, 2, &queue);
    print_message("200 KiB at 3 Mbit/s, 40 ms, 5 %% loss: %.0f ms\n", took);
    assert_true(took < 4000);
}

/* A page flip does not wait for the estimate: it makes it. */
static void test_a_free_link_teaches_the_budget(void **state) {
    double queue, took = transfer(1e6, 2 * ORIEL_MILLISECOND, 0, 3, &queue);
    print_message("300 KiB on a free link with a budget of 1 Mbit/s: %.0f ms; then %.1f Mbit/s\n", took,
                  target() / 1e6);
    assert_true(took < 120);
    assert_true(target() > 10e6);
}

static void test_a_slow_link_with_a_budget(void **state) {
    double queue, took = transfer(1000, 20 * ORIEL_MILLISECOND, 0, 1, &queue);
    print_message("100 KiB at 1 Mbit/s with a budget: %.0f ms; longest queue %.0f ms; then %.2f Mbit/s\n", took, queue,
                  target() / 1e6);
    assert_true(took < 1000 && queue <= 100);
    assert_true(target() > 0.6e6 && target() < 1.2e6);
}

/* One packet in a hundred is lost whatever is sent; the window would be halved each time. */
static void test_a_long_way_that_loses_is_used(void **state) {
    double queue, took = transfer(4000, 120 * ORIEL_MILLISECOND, 100, 10, &queue);
    print_message("1 MiB at 4 Mbit/s, 240 ms, 1 %% loss with a budget: %.0f ms; then %.2f Mbit/s, longest queue %.0f\n",
                  took, target() / 1e6, queue);
    assert_true(took < 3400 && queue < 250);
    assert_true(f.window >= target() / 8 * 0.24);
}

static void test_a_small_tile_does_not_stand_behind_a_page(void **state) {
    const struct oriel_tile *tile;
    unsigned chunk;
    add(1, 90, 100 * 1024);
    while (oriel_flight_next(&f, now, &tile, &chunk))
        ;
    assert_false(oriel_flight_has_room(&f));
    assert_true(oriel_flight_has_room_small(&f));
    for (uint32_t i = 2; oriel_flight_has_room_small(&f); i++) {
        const struct oriel_exact_tile_head head = {.tile = i, .rtp = 90 * i, .rect = {0, 0, 64, 64}};
        assert_true(oriel_flight_add_small(&f, &head, calloc(1, 1000), 1000, now));
        assert_true(f.in_flight < 2 * f.window + 2000); /* and is no flood */
    }
}

/* Pictures come first, and while they do tiles have what the target leaves. */
static void test_tiles_wait_for_pictures(void **state) {
    const struct oriel_tile *tile;
    unsigned chunk, count = 0;
    int64_t again;
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, 5000);
    add(1, 90, 50 * 1024);
    assert_false(oriel_flight_next(&f, now, &tile, &chunk));
    assert_true(oriel_flight_due(&f, now) > now);
    oriel_budget_wait(budget, ORIEL_BUDGET_VIDEO, 0);
    assert_true(oriel_budget_take(budget, ORIEL_BUDGET_VIDEO, 1000, now, &again));
    oriel_budget_left(budget, ORIEL_BUDGET_VIDEO, 1000);
    for (int64_t end = now + 60 * ORIEL_MILLISECOND; now < end; now += ORIEL_MILLISECOND)
        count += oriel_flight_next(&f, now, &tile, &chunk);
    assert_in_range(count, 4, 11); /* 60 ms of 1 Mbit/s, and the burst */
    assert_true(oriel_budget_waiting(budget, &again) > 20000);
    oriel_tile_free(oriel_flight_take(&f, 0));
    assert_int_equal(oriel_budget_waiting(budget, &again), 0);
}

static void add_small(uint32_t tile, uint32_t rtp) {
    const struct oriel_exact_tile_head head = {.tile = tile, .rtp = rtp, .rect = {0, 0, 64, 64}};
    assert_true(oriel_flight_add_small(&f, &head, calloc(1, 100), 100, now));
}

/* The page says of several by one message, when they follow each other. */
static void test_small_tiles_that_follow_each_other_are_waited_for(void **state) {
    const int64_t first = now;
    for (uint32_t i = 0; i < 10; i++, now += 30 * ORIEL_MILLISECOND)
        add_small(i, i);
    now = first;
    assert_int_equal(oriel_flight_due(&f, now), first + oriel_flight_patience(&f) + ORIEL_FLIGHT_ACK_LONGER);
    for (uint32_t i = 0; i < 9; i++)
        oriel_tile_free(ack(i, 0, 1));
    assert_int_equal(f.count, 1); /* nothing followed the last one */
    assert_int_equal(oriel_flight_due(&f, now), f.tiles[0]->chunks[0].sent + oriel_flight_patience(&f));
}

static void test_a_small_tile_whose_record_came_alone_goes_again_at_once(void **state) {
    const struct oriel_tile *tile;
    unsigned chunk;
    for (uint32_t i = 0; i < 3; i++)
        add_small(i, 0xffffffff + i);
    oriel_tile_free(ack(1, 0, 1));
    oriel_flight_passed(&f, 0);
    assert_true(oriel_flight_next(&f, now, &tile, &chunk));
    assert_int_equal(tile->head.tile, 0);
    assert_false(oriel_flight_next(&f, now, &tile, &chunk)); /* once, and not what came later */
    assert_true(oriel_flight_due(&f, now) > now);
}

/* Small tiles at 30 Hz over a way that takes half of them, whose rate is believed to be twice what it is: who waits
 * while they are behind keeps the way full, and its queue short. */
static void test_small_tiles_do_not_fill_the_queue_of_a_slow_way(void **state) {
    enum { SIZE = 1000, BYTES_PER_SECOND = 18750, MANY = 1024 };
    static int64_t due[MANY]; /* by tile */
    const int64_t began = now, end_at = now + 12 * ORIEL_SECOND;
    int64_t free_at = now, longest = 0, next = now, says = now;
    uint32_t sent = 0, acked = 0, acked_before = 0;
    for (; now < end_at; now += 5 * ORIEL_MILLISECOND) {
        oriel_budget_set(budget, 16 * BYTES_PER_SECOND, 0, now);
        if (now >= says) /* as the page does */
            for (says = now + 130 * ORIEL_MILLISECOND; acked < sent && due[acked] <= now; acked++)
                oriel_tile_free(oriel_flight_ack(
                    &f,
                    &(struct oriel_exact_range){acked, 0, 1, (uint16_t)((now - due[acked]) / (ORIEL_MILLISECOND / 10))},
                    now));
        struct oriel_budget_ack told[ORIEL_FLIGHT_ACKS];
        for (unsigned i = oriel_flight_tell(&f, told); i > 0; i--)
            oriel_budget_left(budget, ORIEL_BUDGET_TILES, told[i - 1].bytes);
        bool settled = now - began > 6 * ORIEL_SECOND;
        acked_before = settled ? acked_before : acked;
        if (now < next || oriel_flight_is_behind(&f, now) || !oriel_flight_has_room_small(&f) || sent == MANY)
            continue;
        next = now + 33 * ORIEL_MILLISECOND;
        const struct oriel_exact_tile_head head = {.tile = sent, .rtp = sent, .rect = {0, 0, 64, 64}};
        assert_true(oriel_flight_add_small(&f, &head, calloc(1, SIZE), SIZE, now));
        free_at = (free_at > now ? free_at : now) + (SIZE + 20) * ORIEL_SECOND / BYTES_PER_SECOND;
        due[sent++] = free_at + 250 * ORIEL_MILLISECOND;
        if (settled && free_at - now > longest)
            longest = free_at - now;
    }
    double used = (acked - acked_before) * (SIZE + 20.0) / BYTES_PER_SECOND / 6;
    print_message("small tiles over 150 kbit/s: queue %d ms, used %.0f %%\n", (int)(longest / ORIEL_MILLISECOND),
                  100 * used);
    assert_true(longest < 250 * ORIEL_MILLISECOND && used > 0.85);
    while (f.count)
        oriel_tile_free(oriel_flight_take(&f, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_chunks_in_order_and_done_when_all_are_there, start, end),
        cmocka_unit_test_setup_teardown(test_the_newest_picture_first, start, end),
        cmocka_unit_test_setup_teardown(test_what_is_lost_goes_again_and_waits_longer_each_time, start, end),
        cmocka_unit_test_setup_teardown(test_the_end_of_an_interruption_is_not_waited_for, start, end),
        cmocka_unit_test_setup_teardown(test_all_that_was_sent_in_an_interruption_goes_again_at_its_end, start, end),
        cmocka_unit_test_setup_teardown(test_acks_of_what_was_not_sent_count_for_nothing, start, end),
        cmocka_unit_test_setup_teardown(test_no_more_than_fits, start, end),
        cmocka_unit_test_setup_teardown(test_small_tiles_that_follow_each_other_are_waited_for, start, end),
        cmocka_unit_test_setup_teardown(test_a_small_tile_whose_record_came_alone_goes_again_at_once, start, end),
        cmocka_unit_test_setup_teardown(test_a_free_link_is_filled_at_once, start, end),
        cmocka_unit_test_setup_teardown(test_a_slow_link_is_used_and_not_flooded, start, end),
        cmocka_unit_test_setup_teardown(test_loss_costs_time_but_nothing_else, start, end),
        cmocka_unit_test_setup_teardown(test_a_free_link_teaches_the_budget, start_with_budget, end),
        cmocka_unit_test_setup_teardown(test_a_slow_link_with_a_budget, start_with_budget, end),
        cmocka_unit_test_setup_teardown(test_a_long_way_that_loses_is_used, start_with_budget, end),
        cmocka_unit_test_setup_teardown(test_a_small_tile_does_not_stand_behind_a_page, start_with_budget, end),
        cmocka_unit_test_setup_teardown(test_tiles_wait_for_pictures, start_with_budget, end),
        cmocka_unit_test_setup_teardown(test_small_tiles_do_not_fill_the_queue_of_a_slow_way, start_with_budget, end),
    };
    return cmocka_run_group_tests_name("exact flight", tests, NULL, NULL);
}
