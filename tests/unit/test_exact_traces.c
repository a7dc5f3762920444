/* pipelines/exact/classifier on what really changed on screens: the traces in tests/unit/damage, which rig-damage wrote
 * (README.txt there). Which layer showed it, when, and how long the page lacked something. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier.h"
#include "wire.h"

enum { LAYERS_MAX = 64 };

/* What became of a trace. Times in ms of the trace. */
struct played {
    struct {
        int since;
        bool motion; /* something was video */
    } layers[LAYERS_MAX];
    unsigned count;
    unsigned pictures, at_once;            /* all; of which the page lacked nothing as soon as they were there */
    int first, last, whole;                /* picture; since when the page lacks nothing */
    int longest;                           /* that the page lacked something, without a break */
    unsigned width, height, cut_in_motion; /* pictures in motion, for which a tile was cut nevertheless */
};

static struct oriel_classifier c;
static int64_t lacked; /* since when the page lacks something; 0: nothing */

static int64_t time_of(int ms) {
    return (100 * INT64_C(1000) + ms) * ORIEL_MILLISECOND;
}

static int ms_of(int64_t time) {
    return (int)(time / ORIEL_MILLISECOND - 100 * INT64_C(1000));
}

/* As exact.c does on its thread. How many tiles. */
static unsigned take(struct played *p, int64_t now) {
    struct oriel_rect tile;
    unsigned count = 0;
    while (oriel_classifier_take(&c, now, &tile)) {
        assert_true(tile.x + tile.width <= (int)p->width && tile.y + tile.height <= (int)p->height);
        assert_true(++count < 1000);
    }
    if (oriel_classifier_due(&c) == INT64_MAX && lacked) {
        int took = ms_of(now) - ms_of(lacked);
        p->longest = took > p->longest ? took : p->longest;
        p->whole = ms_of(now);
        lacked = 0;
    }
    return count;
}

static void note(struct played *p, int ms) {
    bool motion = oriel_classifier_moves(&c);
    if (p->count && p->layers[p->count - 1].motion == motion)
        return;
    assert_true(p->count < LAYERS_MAX);
    p->layers[p->count].since = ms;
    p->layers[p->count++].motion = motion;
}

/* Time passes without a picture. */
static void pass(struct played *p, int64_t until) {
    for (int64_t due; (due = oriel_classifier_due(&c)) < until;) {
        take(p, due);
        note(p, ms_of(due));
    }
}

static struct oriel_rect read_rect(char **at) {
    unsigned r[4];
    int length = 0;
    assert_int_equal(sscanf(*at, " %u,%u,%u,%u%n", &r[0], &r[1], &r[2], &r[3], &length), 4);
    *at += length;
    return (struct oriel_rect){(uint16_t)r[0], (uint16_t)r[1], (uint16_t)r[2], (uint16_t)r[3]};
}

static void picture(struct played *p, char *line) {
    struct oriel_rect rects[ORIEL_EXACT_RECTS_MAX];
    char *at = line;
    int ms = (int)strtol(line, &at, 10), length;
    size_t count = 0;
    pass(p, time_of(ms));
    while (strncmp(at, " > ", 3) == 0) {
        at += 3;
        struct oriel_move move = {.from = read_rect(&at)};
        assert_int_equal(sscanf(at, " %hu,%hu%n", &move.x, &move.y, &length), 2);
        at += length;
        oriel_classifier_moved(&c, &move, time_of(ms));
    }
    for (; *at == ' '; count++) {
        assert_true(count < ORIEL_EXACT_RECTS_MAX);
        rects[count] = read_rect(&at);
    }
    assert_true(*at == '\n');
    p->first = p->pictures++ ? p->first : ms;
    p->last = ms;
    if (count)
        oriel_classifier_changed(&c, rects, count, 0, time_of(ms));
    if (!lacked && oriel_classifier_due(&c) != INT64_MAX)
        lacked = time_of(ms);
    bool motion = oriel_classifier_moves_in(&c, rects, count);
    unsigned tiles = take(p, time_of(ms));
    p->cut_in_motion += motion && tiles;
    p->at_once += !lacked;
    note(p, ms);
}

static struct played play(const char *name) {
    static char path[4096], line[4096];
    struct played p = {0};
    snprintf(path, sizeof path, SOURCE_ROOT "/tests/unit/damage/%s.txt", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "size %u %u\n", &p.width, &p.height), 2);
    assert_true(oriel_classifier_start(&c, p.width, p.height));
    lacked = 0;
    while (fgets(line, sizeof line, file))
        picture(&p, line);
    fclose(file);
    pass(&p, INT64_MAX);
    oriel_classifier_clear(&c);
    print_message("%s: %u pictures from %d to %d ms, %u exact at once, exact at last at %d; longest without %d ms;",
                  name, p.pictures, p.first, p.last, p.at_once, p.whole, p.longest);
    for (unsigned i = 0; i < p.count; i++)
        print_message(" %d %s", p.layers[i].since, p.layers[i].motion ? "motion" : "exact");
    print_message("\n");
    return p;
}

/* What shows the picture at that time. */
static bool is_motion(const struct played *p, int ms) {
    bool motion = false;
    for (unsigned i = 0; i < p->count && p->layers[i].since <= ms; i++)
        motion = p->layers[i].motion;
    return motion;
}

static void expect_exact_throughout(const struct played *p, unsigned pictures) {
    assert_int_equal(p->pictures, pictures);
    assert_int_equal(p->at_once, pictures);
    assert_int_equal(p->count, 1);
    assert_false(p->layers[0].motion);
}

/* Somebody types, and a command fills the terminal. */
static void test_a_terminal_is_exact(void **state) {
    struct played p = play("terminal");
    expect_exact_throughout(&p, 18);
}

/* A pager, twelve lines a second: what moves is moved, and what comes up is small. */
static void test_text_that_scrolls_is_exact(void **state) {
    struct played p = play("scroll");
    expect_exact_throughout(&p, 61);
}

/* From picture 2 on 1280x720 at 30 Hz, for 3.4 s: motion soon, throughout (but that the machine, being busy, once gave
 * no picture for longer than it takes to settle), and exact soon after. */
static void test_a_film_is_motion(void **state) {
    struct played p = play("film");
    assert_false(is_motion(&p, 1000));
    for (int ms = 1200; ms < p.last; ms++)
        assert_true(is_motion(&p, ms) || (ms >= 3718 && ms < 3750));
    assert_true(p.cut_in_motion <= 1);
    assert_false(is_motion(&p, p.last + 200));
    assert_true(p.whole > p.last && p.whole <= p.last + 200);
}

/* The demo panel: of its overview (until 2.2 s, and from 12.5 s on) a machine that runs at 10 Hz on a fifth of the
 * screen is motion, but that the machine, being busy, once was late; the flip away from it is exact at once, and so are
 * the other pages, when they have come and while they are read. */
static void test_a_panel_in_use(void **state) {
    struct played p = play("panel");
    assert_int_equal(p.pictures, 77);
    assert_true(is_motion(&p, 1000) && is_motion(&p, 2000) && is_motion(&p, 13000) && is_motion(&p, 15900));
    for (int ms = 2238; ms < 12500; ms++)
        assert_false(is_motion(&p, ms));
    assert_true(p.at_once >= 20);
    assert_true(p.whole > p.last && p.whole <= p.last + 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_terminal_is_exact),
        cmocka_unit_test(test_text_that_scrolls_is_exact),
        cmocka_unit_test(test_a_film_is_motion),
        cmocka_unit_test(test_a_panel_in_use),
    };
    return cmocka_run_group_tests_name("exact traces", tests, NULL, NULL);
}
