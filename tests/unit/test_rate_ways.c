/* pipelines/rate/estimator on networks that sessions really had (the files in ways): what it was told there, it is
 * told again. SHOW_WAYS in the environment has it say what it makes of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "rate_replay.h"

enum { BANDS = 4, LOOKS = 4000 };

/* The median estimate from one time to another, s since the first packet, in kbit/s. */
struct band {
    double from, to, least, most;
};

struct looks {
    int64_t first; /* when the first packet left; 0: none has */
    unsigned count;
    double at[LOOKS], kbits[LOOKS];
};

static void look(struct replay *r, void *user) {
    struct looks *l = user;
    struct oriel_rate_figures f;
    if (!l->first && !r->sent)
        return;
    if (!l->first)
        l->first = r->now;
    oriel_estimator_figures(r->estimator, &f, r->now);
    assert_true(l->count < LOOKS);
    l->at[l->count] = (double)(r->now - l->first) / ORIEL_SECOND;
    l->kbits[l->count++] = f.target / 1e3;
    if (g_getenv("SHOW_WAYS") && l->count % 10 == 1)
        print_message("%6.2f s %6.0f kbit/s, then %6.0f; trip %3.0f, queue %3.0f ms, loss %4.1f %%, state %d\n",
                      l->at[l->count - 1], f.target / 1e3, r->recorded / 1e3, (double)f.trip / 1e6,
                      (double)f.queue / 1e6, f.loss * 100, (int)f.state);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check(const struct looks *l, const char *name, const struct band *b) {
    static double inside[LOOKS];
    size_t count = 0;
    for (unsigned i = 0; i < l->count; i++)
        if (l->at[i] >= b->from && l->at[i] < b->to)
            inside[count++] = l->kbits[i];
    assert_true(count > 10);
    qsort(inside, count, sizeof *inside, by_size);
    double median = inside[count / 2];
    print_message("%s, %.1f to %.1f s: %.0f kbit/s, from %.0f to %.0f\n", name, b->from, b->to, median, inside[0],
                  inside[count - 1]);
    if (median < b->least || median > b->most)
        fail_msg("%s: %.0f kbit/s from %.1f to %.1f s, not %.0f to %.0f", name, median, b->from, b->to, b->least,
                 b->most);
}

static void play(const char *name, const struct band *bands, size_t count) {
    static struct looks looks;
    g_autofree char *path = g_strdup_printf("%s/tests/unit/ways/%s.way", SOURCE_ROOT, name), *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    looks = (struct looks){0};
    struct replay r = {.each = look, .user = &looks};
    replay_all(&r, text);
    for (size_t i = 0; i < count; i++)
        check(&looks, name, &bands[i]);
    replay_end(&r);
}

#define PLAY(name, ...)                                                                                                \
    do {                                                                                                               \
        const struct band bands[] = {__VA_ARGS__};                                                                     \
        play(name, bands, sizeof bands / sizeof *bands);                                                               \
    } while (0)

static void test_a_rate_that_falls_and_is_back(void **state) {
    PLAY("dip-video", {1, 4.7, 3000, 4200}, {5.3, 14.5, 350, 700}, {16.3, 18.8, 2200, 4200});
}

static void test_a_handover(void **state) {
    PLAY("handover", {0.7, 5, 5500, 9500}, {6.2, 7.3, 2200, 3300});
}

static void test_bursts_of_loss(void **state) {
    PLAY("interference", {1, 3.8, 4000, 10000}, {4.2, 7, 6000, 11000});
}

static void test_a_satellite(void **state) {
    PLAY("satellite", {2, 7.7, 3000, 4200});
}

static void test_a_tcp_connection_beside_it(void **state) {
    PLAY("tcp", {2, 4, 250, 1000}, {6.5, 8, 1000, 2000}, {9, 10.4, 1700, 3000});
}

/* A link so slow that a packet is on it for longer than a queue may be: nobody else is there. */
static void test_a_crowded_cell(void **state) {
    PLAY("crowded", {4, 9.5, 100, 170});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rate_that_falls_and_is_back),
        cmocka_unit_test(test_a_handover),
        cmocka_unit_test(test_bursts_of_loss),
        cmocka_unit_test(test_a_satellite),
        cmocka_unit_test(test_a_tcp_connection_beside_it),
        cmocka_unit_test(test_a_crowded_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
