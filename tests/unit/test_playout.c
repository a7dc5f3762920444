/* pipelines/playout: one stream without a gap, as late as the network makes it and no later. Time is a number here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "playout.h"

enum { BLOCK = ORIEL_SOUND_SAMPLES };

#define MS ORIEL_MILLISECOND
#define START (1000 * ORIEL_SECOND)

/* Block number `i` of the agent's has only its number in it, loud enough to be no pause. */
static int16_t mark(int i) {
    return (int16_t)(10000 + i);
}

struct call {
    struct oriel_playout *playout;
    int put, taken;
    int64_t late; /* of blocks: how long after their time they come */
    int pause_from, pause_to;
    int heard[6000], heard_count;
    int silent;
};

static void put_due(struct call *c, int64_t now) {
    for (; START + c->put * 10 * MS + (c->late && c->put % 7 == 0 ? c->late : 0) <= now; c->put++) {
        if (c->put >= c->pause_from && c->put < c->pause_to)
            continue;
        struct oriel_sound sound = {.at = START + c->put * 10 * MS};
        for (int i = 0; i < BLOCK; i++)
            sound.samples[i] = mark(c->put);
        oriel_playout_put(c->playout, &sound, now);
    }
}

/* Plays until `blocks` were taken in all, one in `pace`. */
static void play(struct call *c, int blocks, int64_t pace) {
    static int64_t now;
    if (!c->taken)
        now = START + 3 * MS;
    for (; c->taken < blocks; c->taken++, now += pace) {
        int16_t out[BLOCK];
        put_due(c, now);
        oriel_playout_take(c->playout, now, out);
        if (out[BLOCK / 2] == 0)
            c->silent++;
        else
            c->heard[c->heard_count++] = out[BLOCK / 2] - 10000;
    }
}

static struct call begin(void) {
    return (struct call){.playout = oriel_playout_new()};
}

static int missing(const struct call *c, int from) {
    int count = 0;
    for (int i = from; i + 1 < c->heard_count; i++)
        count += c->heard[i + 1] != c->heard[i] + 1;
    return count;
}

static void test_it_waits_no_longer_than_it_must(void **state) {
    struct call c = begin();
    c.pause_from = 900; /* it catches up while nobody talks */
    c.pause_to = 950;
    play(&c, 3000, 10 * MS);
    assert_in_range(oriel_playout_delay(c.playout), 10, 20);
    assert_in_range(c.taken - c.heard[c.heard_count - 1], 1, 3);
    assert_int_equal(missing(&c, 0), 1);
    oriel_playout_free(c.playout);
}

static void test_jitter_makes_it_wait(void **state) {
    struct call c = begin();
    c.late = 60 * MS;
    play(&c, 600, 10 * MS);
    int from = c.heard_count;
    play(&c, 3000, 10 * MS);
    assert_in_range(oriel_playout_delay(c.playout), 65, 90);
    assert_in_range(missing(&c, from), 0, 1);
    oriel_playout_free(c.playout);
}

static void test_a_pause_is_silence(void **state) {
    struct call c = begin();
    c.pause_from = 1000;
    c.pause_to = 1200;
    play(&c, 900, 10 * MS);
    int from = c.heard_count, silent = c.silent;
    play(&c, 1600, 10 * MS);
    assert_in_range(c.silent - silent, 195, 205);
    assert_int_equal(missing(&c, from), 1);
    oriel_playout_free(c.playout);
}

/* A speaker that is faster or slower than the agent's microphone. */
static void test_clocks_may_differ(void **state) {
    for (int i = -1; i <= 1; i += 2) {
        struct call c = begin();
        play(&c, 6000, 10 * MS + i * 5000); /* 500 parts in a million */
        int delay = c.taken + (i > 0 ? 3 : -3) - c.heard[c.heard_count - 1];
        assert_in_range(delay, 0, 8);
        assert_in_range(missing(&c, 1000) + c.silent, 0, 12);
        oriel_playout_free(c.playout);
    }
}

/* Times that a peer could make up: never a read or write outside. */
static void test_wild_times(void **state) {
    struct oriel_playout *p = oriel_playout_new();
    struct oriel_sound sound = {0};
    int16_t out[BLOCK];
    const int64_t times[] = {0, 1, START, -START, INT64_MAX, INT64_MIN, START + 5 * ORIEL_SECOND, START - ORIEL_SECOND};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
            sound.at = times[k];
            oriel_playout_put(p, &sound, START);
            oriel_playout_take(p, START, out);
            sound.at = times[i];
            oriel_playout_put(p, &sound, START);
            oriel_playout_take(p, START, out);
        }
    oriel_playout_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_waits_no_longer_than_it_must),
        cmocka_unit_test(test_jitter_makes_it_wait),
        cmocka_unit_test(test_a_pause_is_silence),
        cmocka_unit_test(test_clocks_may_differ),
        cmocka_unit_test(test_wild_times),
    };
    return cmocka_run_group_tests_name("playout", tests, NULL, NULL);
}
