/* The parts of the demo panel that need no display: the simulation, the texts, the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "marks.h"
#include "options.h"
#include "sim.h"
#include "text.h"

static void test_same_seed_same_course(void **state) {
    static struct sim a, b, c;

    sim_init(&a, 7);
    sim_init(&b, 7);
    sim_init(&c, 8);
    for (int i = 0; i < 20000; i++) {
        sim_step(&a);
        sim_step(&b);
        sim_step(&c);
    }
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
}

static void test_values_stay_on_their_scales(void **state) {
    static struct sim sim;
    bool held = false;

    sim_init(&sim, 1);
    for (int i = 0; i < 72000; i++) { /* two hours */
        sim_step(&sim);
        held = held || sim.state == SIM_HELD;
        for (int c = 0; c < SIM_CHANNELS; c++)
            if (!(sim.value[c] >= sim_ranges[c].min && sim.value[c] <= sim_ranges[c].max))
                fail_msg("channel %d at step %d: %f", c, i, sim.value[c]);
        assert_in_range(sim.n_alarms, 1, SIM_ALARMS);
    }
    assert_true(held); /* the line jams now and then, and goes on by itself */
    assert_true(sim.good > 18240 + 120 * 100);
}

static void test_stop_and_start(void **state) {
    static struct sim sim;
    double travel;

    sim_init(&sim, 1);
    sim_stop(&sim);
    for (int i = 0; i < 100; i++)
        sim_step(&sim);
    travel = sim.travel;
    for (int i = 0; i < 100; i++)
        sim_step(&sim);
    assert_true(sim.travel == travel);
    sim_start(&sim);
    for (int i = 0; i < 100; i++)
        sim_step(&sim);
    assert_true(sim.travel > travel + 5);
}

/* Each bottle is empty before the filler, full behind it, and never gets emptier on its way. */
static void test_bottles_are_filled_once(void **state) {
    static struct sim sim;
    double last = 0;
    long bottle;

    sim_init(&sim, 1);
    bottle = (long)sim.travel + 1;
    assert_true(sim_fill(&sim, bottle) == 0);
    while (sim.travel < (double)bottle + SIM_CAP_AT) {
        double fill;

        sim_step(&sim);
        fill = sim_fill(&sim, bottle);
        assert_true(fill >= last && fill <= 1);
        last = fill;
        assert_true(sim_nozzle_depth(&sim) >= 0 && sim_nozzle_depth(&sim) <= 1);
        assert_true(sim_nozzle_position(&sim) >= SIM_FILL_AT && sim_nozzle_position(&sim) < SIM_CAP_AT);
    }
    assert_true(last == 1);
}

static void test_every_text_in_every_language(void **state) {
    char buffer[64];

    for (int l = 0; l < TEXT_LANGUAGES; l++) {
        text_set_language((enum text_language)l);
        assert_int_equal(text_find_language(text_language_code((enum text_language)l)), l);
        for (int id = T_NONE + 1; id < T_COUNT; id++)
            if (!*text((enum text_id)id))
                fail_msg("text %d is missing in %s", id, text_language_code((enum text_language)l));
        assert_non_null(strstr(text_with(buffer, sizeof buffer, T_SET_POINT, "4711"), "4711"));
    }
    text_set_language(TEXT_EN);
    assert_int_equal(text_find_language("it"), -1);
    assert_string_equal(text_with(buffer, 8, T_SET_POINT, "1234567890"), "SP 1234");
}

static struct marks marks;

static void draw(enum oriel_draw_kind kind, unsigned stroke, size_t n, int64_t now) {
    static struct oriel_draw_point points[ORIEL_DRAW_MAX];

    for (size_t i = 0; i < n; i++)
        points[i] = (struct oriel_draw_point){(unsigned short)stroke, (unsigned short)i};
    marks_take(&marks, &(struct oriel_draw){kind, stroke, points, n}, now);
}

static size_t points_of(unsigned stroke) {
    size_t n = 0;

    for (int i = 0; i < MARKS_LINES; i++)
        n += marks.lines[i].stroke == stroke ? marks.lines[i].n : 0;
    return n;
}

static void test_marks_come_and_go(void **state) {
    marks_clear(&marks);
    assert_int_equal(marks_expire(&marks, 1), 0);
    draw(ORIEL_DRAW_STROKE, 7, 3, 1000);
    draw(ORIEL_DRAW_STROKE, 8, 1, 2000);
    draw(ORIEL_DRAW_STROKE, 7, 2, 3000);
    assert_int_equal(points_of(7), 5); /* one line, in pieces */
    assert_int_equal(points_of(8), 1);
    draw(ORIEL_DRAW_MARK, 0, 1, 3000);
    draw(ORIEL_DRAW_POINT, 0, 1, 3000);
    assert_int_equal(marks_expire(&marks, 3500), 4000); /* the pointer first */
    assert_int_equal(marks_expire(&marks, 4000), 8000); /* the ring */
    assert_int_equal(marks_expire(&marks, 8000), 10000);
    assert_int_equal(marks_expire(&marks, 10000), 11000);
    assert_int_equal(points_of(8), 0);
    assert_int_equal(points_of(7), 5);
    assert_int_equal(marks_expire(&marks, 11000), 0);
    draw(ORIEL_DRAW_MARK, 0, 1, 12000);
    draw(ORIEL_DRAW_CLEAR, 0, 0, 12000);
    assert_int_equal(marks_expire(&marks, 12000), 0);
}

static void test_marks_are_bounded(void **state) {
    marks_clear(&marks);
    for (int i = 0; i < 100; i++) /* a line that never ends: its first parts go */
        draw(ORIEL_DRAW_STROKE, 1, ORIEL_DRAW_MAX, 1000 + i);
    assert_int_equal(points_of(1), 100 * ORIEL_DRAW_MAX + 12); /* each line begins where the one before it ends */
    for (unsigned i = 2; i < 2 + 2 * MARKS_LINES; i++)
        draw(ORIEL_DRAW_STROKE, i, 1, 2000 + (int)i);
    assert_int_equal(points_of(1), 0);
    assert_int_equal(points_of(2), 0);
    assert_int_equal(points_of(1 + 2 * MARKS_LINES), 1);
    for (int i = 0; i < 100; i++)
        draw(ORIEL_DRAW_MARK, 0, 1, 3000 + i);
    for (int i = 0; i < MARKS_RINGS; i++)
        assert_true(marks.rings[i].until > 8000 + 100 - MARKS_RINGS - 1);
}

static int parse(struct options *options, const char *a, const char *b) {
    char *argv[] = {(char *)"oriel-panel", (char *)a, (char *)b, NULL};
    extern int optind;

    optind = 0; /* glibc: start anew */
    return options_parse(options, b ? 3 : 2, argv);
}

static void test_options(void **state) {
    static const char *const wrong[][2] = {
        {"--wrong", NULL},        {"-x", NULL},       {"word", NULL},        {"--socket", NULL}, {"--socket", ""},
        {"--width", "639"},       {"--width", "12x"}, {"--height", "-5"},    {"--page", "home"}, {"--language", "xx"},
        {"--seed", "4294967296"}, {"--seed", ""},     {"--still=yes", NULL},
    };
    struct options o;
    int saved = dup(STDERR_FILENO);

    assert_non_null(freopen("/dev/null", "w", stderr));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (parse(&o, wrong[i][0], wrong[i][1]) != 2)
            fail_msg("taken: %s %s", wrong[i][0], wrong[i][1] ? wrong[i][1] : "");
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_int_equal(parse(&o, "--page", "recipe"), -1);
    assert_int_equal(o.page, PAGE_RECIPE);
    assert_int_equal(o.seed, 1);
    assert_null(o.socket);
    assert_int_equal(parse(&o, "--language", "fr"), -1);
    assert_int_equal(o.language, TEXT_FR);
    assert_int_equal(parse(&o, "--seed", "4294967295"), -1);
    assert_true(o.seed == 4294967295u);
    assert_int_equal(parse(&o, "--still", "--windowed"), -1);
    assert_true(o.still && o.windowed && !o.print_geometry);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_course),
        cmocka_unit_test(test_values_stay_on_their_scales),
        cmocka_unit_test(test_stop_and_start),
        cmocka_unit_test(test_bottles_are_filled_once),
        cmocka_unit_test(test_every_text_in_every_language),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_marks_come_and_go),
        cmocka_unit_test(test_marks_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
