/* pipelines/sharpen: what is encoded when, without an encoder: bits are made up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "clock.h"
#include "sharpen.h"

static struct oriel_sharpen s;
static int64_t now;
static const struct oriel_sharpen_settings usual = {
    .kbits = 2000, .burst = 600, .fps = 30, .target_quantizer = 4, .max_quantizer = 56};

static int start(void **state) {
    now = 100 * ORIEL_SECOND;
    memset(&s, 0, sizeof s);
    assert_true(oriel_sharpen_start(&s, 640, 480, &usual, now)); /* 40 x 30 blocks */
    return 0;
}

static int end(void **state) {
    oriel_sharpen_clear(&s);
    return 0;
}

/* Plans and does it, for `bits`. */
static struct oriel_plan step(double bits) {
    struct oriel_plan plan = oriel_sharpen_plan(&s, now);
    if (plan.kind != ORIEL_PLAN_NOTHING)
        oriel_sharpen_done(&s, &plan, bits, now);
    return plan;
}

/* Until nothing is left but beats. */
static void rest(void) {
    for (int i = 0; i < 200; i++) {
        now = oriel_sharpen_times(&s, now).again > now ? oriel_sharpen_times(&s, now).again : now;
        if (step(20000).kind == ORIEL_PLAN_BEAT)
            return;
    }
    fail_msg("it never comes to rest");
}

static void test_first_a_keyframe(void **state) {
    assert_true(oriel_sharpen_times(&s, now).again <= now);
    struct oriel_plan plan = step(100000);
    assert_int_equal(plan.kind, ORIEL_PLAN_PICTURE);
    assert_true(plan.key);
    assert_int_equal(plan.changed, 1200);
    assert_true(oriel_sharpen_times(&s, now).again > now);
    assert_int_equal(oriel_sharpen_plan(&s, now).kind, ORIEL_PLAN_NOTHING);
}

static void test_sharpens_and_stops(void **state) {
    struct oriel_plan first = step(5e5);
    assert_true(first.change_quantizer > usual.target_quantizer);
    int64_t began = now, last = 0;
    int steps = 0;
    unsigned quantizer = first.change_quantizer;
    while (oriel_activemap_coarse(&s.map, usual.target_quantizer, now).count) {
        int64_t again = oriel_sharpen_times(&s, now).again;
        assert_true(again > now);
        now = again;
        struct oriel_plan plan = step(100000);
        if (plan.kind != ORIEL_PLAN_PICTURE)
            continue;
        assert_false(plan.key);
        assert_int_equal(plan.changed, 0);
        assert_true(plan.sharpen_quantizer < quantizer || plan.sharpen_quantizer == usual.target_quantizer ||
                    plan.sharpened < 1200);
        assert_true(!last || now - last >= 99 * ORIEL_MILLISECOND);
        last = now;
        quantizer = plan.sharpen_quantizer;
        assert_in_range(++steps, 1, 50);
    }
    assert_true(steps > 0 && now - began < 3 * ORIEL_SECOND);
    for (int i = 0; i < 5; i++) {
        int64_t before = now;
        now = oriel_sharpen_times(&s, now).again;
        assert_in_range(now - before, 1300 * ORIEL_MILLISECOND, 1400 * ORIEL_MILLISECOND);
        assert_int_equal(step(800).kind, ORIEL_PLAN_BEAT);
    }
}

static void test_small_change_is_sharp_at_once(void **state) {
    step(5e5);
    rest();
    now += ORIEL_SECOND / 2;
    oriel_activemap_damage(&s.map, &(struct oriel_rect){100, 100, 64, 32}, now);
    assert_int_equal(oriel_sharpen_times(&s, now).not_before, now);
    struct oriel_plan plan = step(20000);
    assert_int_equal(plan.kind, ORIEL_PLAN_PICTURE);
    assert_int_equal(plan.change, ORIEL_BITS_PAGE);
    assert_int_equal(plan.change_quantizer, usual.target_quantizer);
    assert_false(plan.filter);
    assert_int_equal(oriel_activemap_coarse(&s.map, usual.target_quantizer, now).count, 0);
}

static void test_motion_is_coarser_and_what_rests_beside_it_is_sharpened(void **state) {
    step(5e5);
    unsigned sharpened = 0;
    for (int i = 0; i < 60; i++) {
        now += ORIEL_SECOND / 30;
        oriel_activemap_damage(&s.map, &(struct oriel_rect){0, 0, 160, 160}, now);
        struct oriel_plan plan = step(60000);
        if (plan.kind == ORIEL_PLAN_NOTHING)
            continue;
        assert_int_equal(plan.change, ORIEL_BITS_MOTION);
        assert_true(plan.change_quantizer >= 12);
        sharpened += (unsigned)plan.sharpened;
    }
    assert_true(sharpened >= 1000);
    for (unsigned row = 11; row < 30; row++)
        for (unsigned column = 11; column < 40; column++)
            assert_int_equal(s.map.quality[row * 40 + column], usual.target_quantizer);
}

/* A second of it on a link that takes one picture after the other: all of it changes, and costs as the model says, from
 * twice as far a third. The coarsest quantizer, how many pictures, and from how far the last one was seen. */
static unsigned move(unsigned kbits, double cost, unsigned *pictures, unsigned *afar) {
    struct oriel_sharpen_settings settings = usual;
    settings.kbits = kbits;
    oriel_sharpen_set(&s, &settings, now);
    unsigned quantizer = 0;
    int64_t free = 0, seen = now - ORIEL_SECOND / 30;
    *pictures = 0;
    for (int64_t end = now + 4 * ORIEL_SECOND; now < end; now += ORIEL_MILLISECOND) {
        bool screen = (now / ORIEL_MILLISECOND) % 33 == 0, half = end - now < 2 * ORIEL_SECOND;
        if (screen)
            oriel_activemap_damage_all(&s.map, now);
        int64_t ready = free > oriel_sharpen_times(&s, now).not_before ? free : oriel_sharpen_times(&s, now).not_before;
        if (!screen || now < ready)
            continue;
        s.welcome = ready > seen ? ready : seen;
        seen = now;
        struct oriel_plan plan = oriel_sharpen_plan(&s, now);
        if (plan.kind != ORIEL_PLAN_PICTURE)
            continue;
        assert_int_equal(plan.changed, 1200);
        double bits = (double)plan.changed * cost * exp(-0.035 * plan.change_quantizer) / pow(3, log2(plan.afar));
        *afar = plan.afar;
        oriel_sharpen_done(&s, &plan, bits, now);
        if (plan.afar > 1) /* whatever its quantizer: it is sharpened when it stops */
            assert_int_equal(s.map.quality[0], 56);
        free = now + (int64_t)(bits / (kbits * 1e3) * ORIEL_SECOND);
        *pictures += half;
        quantizer = half && plan.change_quantizer > quantizer ? plan.change_quantizer : quantizer;
    }
    *pictures /= 2;
    return quantizer;
}

static void test_motion_first_gets_coarser_then_slower(void **state) {
    const struct {
        unsigned kbits, coarsest[2], pictures[2];
    } links[] = {{8000, {12, 13}, {29, 31}},
                 {2000, {30, 44}, {28, 31}},
                 {1000, {44, 45}, {15, 29}},
                 {400, {44, 50}, {7, 12}},
                 {200, {50, 56}, {4, 10}}};
    step(5e5);
    rest();
    for (unsigned i = 0; i < sizeof links / sizeof *links; i++) {
        unsigned pictures, afar, quantizer = move(links[i].kbits, 200, &pictures, &afar);
        print_message("%u kbit/s: quantizer %u, %u a second\n", links[i].kbits, quantizer, pictures);
        assert_in_range(quantizer, links[i].coarsest[0], links[i].coarsest[1]);
        assert_in_range(pictures, links[i].pictures[0], links[i].pictures[1]);
        assert_int_equal(afar, 1);
    }
}

/* What is too large even so is never shown in parts, and not for long; and near again when there is room. */
static void test_a_film_is_seen_from_as_far_as_it_must(void **state) {
    const struct {
        unsigned kbits, afar, pictures[2];
    } links[] = {{1000, 1, {5, 10}}, {180, 2, {2, 5}}, {64, 4, {2, 5}},
                 {15, 8, {1, 3}},    {64, 4, {2, 5}},  {1000, 1, {5, 10}}};
    step(5e5);
    rest();
    for (unsigned i = 0; i < sizeof links / sizeof *links; i++) {
        unsigned pictures, afar;
        move(links[i].kbits, 900, &pictures, &afar);
        print_message("%u kbit/s: from %u times as far, %u a second\n", links[i].kbits, afar, pictures);
        assert_int_equal(afar, links[i].afar);
        assert_in_range(pictures, links[i].pictures[0], links[i].pictures[1]);
    }
    rest();
    assert_int_equal(oriel_activemap_coarse(&s.map, 4, now).count, 0);
}

/* One more picture of which that much is new. */
static struct oriel_plan next_of(uint16_t height) {
    now += 300 * ORIEL_MILLISECOND;
    oriel_activemap_damage(&s.map, &(struct oriel_rect){0, 0, 640, height}, now);
    return step(12000);
}

static void test_a_page_is_painted_unless_it_moves_on(void **state) {
    struct oriel_sharpen_settings slow = usual;
    slow.kbits = 64;
    oriel_sharpen_set(&s, &slow, now);
    assert_true(step(10000).rough);
    for (int i = 0; i < 3; i++)
        assert_true(next_of(32).part); /* what moves beside it */
    assert_true(next_of(480).part);    /* another page */
    assert_true(next_of(32).part);
    struct oriel_plan plan = next_of(480);
    assert_int_equal(plan.changed, 1200);
    assert_true(!plan.part && plan.afar > 1);
    assert_false(next_of(480).part);
    now += 4 * ORIEL_SECOND;
    assert_true(next_of(480).part); /* it has rested */
}

/* A source of just the frame rate whose pictures are asked for as soon as the pace allows; how late the last was. */
static int64_t late_after(int64_t first_late, int pictures, int64_t interval) {
    int64_t at = now += ORIEL_SECOND, late = 0;
    for (int i = 0; i < pictures; i++, at += interval) {
        int64_t ready = oriel_sharpen_times(&s, at).not_before;
        now = at + (i ? 0 : first_late);
        if (now < ready)
            now = ready;
        late = now - at;
        oriel_activemap_damage(&s.map, &(struct oriel_rect){0, 0, 64, 64}, now);
        step(1000);
    }
    return late;
}

/* Who was late once catches up with the next pictures; who is too quick is held back. */
static void test_pace(void **state) {
    step(5e5);
    rest();
    int64_t frame = ORIEL_SECOND / 30;
    assert_in_range(late_after(20 * ORIEL_MILLISECOND, 4, frame), 0, ORIEL_MILLISECOND);
    assert_in_range(late_after(0, 31, frame / 2), 30 * (frame * 15 / 16 - frame / 2) - frame, 30 * (frame - frame / 2));
}

static void test_debt_drops_before_encoding(void **state) {
    step(8e6); /* far too much */
    now += ORIEL_SECOND / 30;
    oriel_activemap_damage_all(&s.map, now);
    assert_int_equal(step(1).kind, ORIEL_PLAN_NOTHING);
    struct oriel_sharpen_times times = oriel_sharpen_times(&s, now);
    assert_true(times.not_before > now);
    assert_int_equal(times.again, times.not_before);
    assert_int_equal(s.map.changed, 1200); /* carried */
    now = times.not_before;
    assert_int_equal(step(100000).changed, 1200);
}

static void test_keyframe_on_demand(void **state) {
    step(5e5);
    rest();
    s.want_key = true;
    assert_true(oriel_sharpen_times(&s, now).again <= now);
    struct oriel_plan plan = step(100000);
    assert_true(plan.key);
    assert_int_equal(plan.changed, 1200);
    now += 33 * ORIEL_MILLISECOND;
    oriel_activemap_damage(&s.map, &(struct oriel_rect){0, 0, 16, 16}, now);
    assert_false(step(1000).key);
}

/* A recovery that is too dear waits, and is looked at again with the next picture; then it is a keyframe if that is no
 * dearer, a rough one on a slow way. */
static void test_recovery_waits_and_becomes_a_keyframe(void **state) {
    struct oriel_sharpen_settings slow = usual;
    slow.kbits = 200;
    oriel_sharpen_set(&s, &slow, now);
    s.covered = true; /* nothing is to be sharpened */
    while (step(20000).rough || s.painting)
        now = oriel_sharpen_times(&s, now).again;
    now += ORIEL_SECOND;
    for (int i = 0; i < 40; i++)
        oriel_bits_learn(&s.rate, ORIEL_BITS_RECOVER, 1, 0, 4000);
    s.from = ORIEL_SLOT_GOLDEN;
    s.hurry = false;
    assert_int_equal(oriel_sharpen_plan(&s, now).from, ORIEL_SLOT_LAST);
    assert_in_range(oriel_sharpen_times(&s, now).again - now, 30 * ORIEL_MILLISECOND, 34 * ORIEL_MILLISECOND);
    s.hurry = true;
    struct oriel_plan plan = step(20000);
    assert_true(plan.key && plan.rough);
    assert_int_equal(s.map.changed, 1200);
    assert_int_equal(s.from, ORIEL_SLOT_LAST);
}

/* What changed little since then is made good at once. */
static void test_small_recovery(void **state) {
    step(5e5);
    rest();
    memset(s.map.since[ORIEL_SLOT_GOLDEN], 0, s.map.count);
    now += ORIEL_SECOND;
    oriel_activemap_damage(&s.map, &(struct oriel_rect){100, 100, 64, 32}, now);
    size_t blocks = step(20000).changed;
    now += ORIEL_SECOND;
    s.from = ORIEL_SLOT_GOLDEN;
    struct oriel_plan plan = step(20000);
    assert_int_equal(plan.from, ORIEL_SLOT_GOLDEN);
    assert_int_equal(plan.change, ORIEL_BITS_RECOVER);
    assert_false(plan.key || plan.part);
    assert_int_equal(plan.changed, blocks);
}

static void test_a_plan_not_done_is_planned_again(void **state) {
    step(5e5);
    rest();
    now += ORIEL_SECOND / 2;
    oriel_activemap_damage(&s.map, &(struct oriel_rect){0, 0, 16, 16}, now);
    assert_int_equal(oriel_sharpen_plan(&s, now).changed, 1); /* dropped by the encoder */
    oriel_activemap_damage(&s.map, &(struct oriel_rect){64, 0, 16, 16}, now);
    assert_int_equal(oriel_sharpen_plan(&s, now).changed, 2);
}

/* By what motion came out like it is made coarser, one by one, and finer; not by a picture that had no room. */
static void test_motion_is_as_good_as_it_need_be(void **state) {
    step(5e5);
    s.covered = true;
    struct oriel_plan plan = {.change = ORIEL_BITS_MOTION, .change_quantizer = 28};
    assert_int_equal(s.covered_finest, 28);
    oriel_sharpen_judge(&s, &plan, 5);
    assert_int_equal(s.covered_finest, 29);
    for (int i = 0; i < 40; i++)
        oriel_sharpen_judge(&s, &plan, 5);
    assert_int_equal(s.covered_finest, 44); /* text is to be readable */
    plan.change_quantizer = 50;
    s.covered_finest = 40;
    oriel_sharpen_judge(&s, &plan, 5);
    assert_int_equal(s.covered_finest, 40);
    oriel_sharpen_judge(&s, &plan, 10);
    assert_int_equal(s.covered_finest, 40);
    oriel_sharpen_judge(&s, &plan, 20);
    assert_int_equal(s.covered_finest, 38);
    plan.change = ORIEL_BITS_PAGE;
    oriel_sharpen_judge(&s, &plan, 20);
    assert_int_equal(s.covered_finest, 38);
    plan.change = ORIEL_BITS_MOTION;
    for (int i = 0; i < 40; i++)
        oriel_sharpen_judge(&s, &plan, 20);
    assert_int_equal(s.covered_finest, 28);
}

/* A page that is painted is left to the tiles that show it, unless these turn out to cost more. */
static void test_painting_is_left_to_tiles(void **state) {
    struct oriel_sharpen_settings slow = usual;
    slow.kbits = 150;
    oriel_sharpen_set(&s, &slow, now);
    struct oriel_plan plan = step(24000);
    assert_true(plan.key && plan.rough);
    now += 200 * ORIEL_MILLISECOND;
    plan = step(30000);
    assert_true(plan.part && plan.changed);
    s.covered = true;
    oriel_sharpen_leave(&s, 0, now);
    now += ORIEL_SECOND;
    assert_int_equal(oriel_sharpen_plan(&s, now).kind, ORIEL_PLAN_NOTHING);
    assert_in_range(oriel_sharpen_times(&s, now).again - now, 0, 250 * ORIEL_MILLISECOND); /* nobody knows yet */
    oriel_sharpen_leave(&s, 200, now);
    now += ORIEL_SECOND;
    oriel_sharpen_leave(&s, 200, now);
    assert_int_equal(step(1000).kind, ORIEL_PLAN_BEAT);
    assert_true(oriel_sharpen_times(&s, now).again > now + ORIEL_SECOND);
    oriel_sharpen_leave(&s, 4000, now); /* a photograph */
    plan = step(30000);
    assert_int_equal(plan.kind, ORIEL_PLAN_PICTURE);
    assert_true(plan.changed && !plan.key);
    while (s.map.changed) {
        now += 250 * ORIEL_MILLISECOND;
        oriel_sharpen_leave(&s, 4000, now);
        assert_int_not_equal(step(30000).kind, ORIEL_PLAN_BEAT);
    }
}

static void test_lower_bitrate_is_coarser(void **state) {
    unsigned quantizers[2];
    for (int i = 0; i < 2; i++) {
        struct oriel_sharpen_settings settings = usual;
        settings.kbits = i ? 500 : 20000;
        oriel_sharpen_set(&s, &settings, now);
        s.want_key = true;
        struct oriel_plan plan = oriel_sharpen_plan(&s, now);
        quantizers[i] = plan.change_quantizer;
    }
    assert_true(quantizers[1] > quantizers[0] + 10);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_first_a_keyframe),
        TEST(test_sharpens_and_stops),
        TEST(test_small_change_is_sharp_at_once),
        TEST(test_motion_is_coarser_and_what_rests_beside_it_is_sharpened),
        TEST(test_motion_first_gets_coarser_then_slower),
        TEST(test_a_film_is_seen_from_as_far_as_it_must),
        TEST(test_a_page_is_painted_unless_it_moves_on),
        TEST(test_pace),
        TEST(test_debt_drops_before_encoding),
        TEST(test_keyframe_on_demand),
        TEST(test_recovery_waits_and_becomes_a_keyframe),
        TEST(test_small_recovery),
        TEST(test_a_plan_not_done_is_planned_again),
        TEST(test_motion_is_as_good_as_it_need_be),
        TEST(test_painting_is_left_to_tiles),
        TEST(test_lower_bitrate_is_coarser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
