/* core/limit: an agent that floods uses up its own, many do not use up the device, the live session goes on. */
#include "core_rig.h"

#include "clock.h"
#include "limit.h"

static struct oriel_limit *limit;

/* How many of 10,000 in a row are let through. */
static guint flood(const char *agent, bool hello, bool live) {
    guint n = 0;
    for (int i = 0; i < 10000; i++)
        n += oriel_limit_take(limit, agent, hello, live);
    return n;
}

static void test_an_agent(void **state) {
    assert_int_equal(flood("anna", true, false), 64);
    assert_false(oriel_limit_take(limit, "anna", false, false));
    oriel_clock_advance(ORIEL_SECOND + ORIEL_SECOND / 50);
    assert_int_equal(flood("anna", true, false), 4);
    oriel_clock_advance(100000 * ORIEL_SECOND); /* it holds no more than that */
    assert_int_equal(flood("anna", false, false), 256);
}

static void test_another_agent_is_not_concerned(void **state) {
    flood("boris", true, false);
    for (int i = 0; i < 40; i++)
        assert_true(oriel_limit_take(limit, "anna", i == 0, false));
}

static void test_many_agents(void **state) {
    guint n = 0;
    for (int i = 0; i < 1000; i++) {
        g_autofree char *id = g_strdup_printf("agent-%d", i);
        for (int k = 0; k < 10; k++)
            n += oriel_limit_take(limit, id, true, false);
    }
    assert_in_range(n, 128, 130);
    assert_false(oriel_limit_take(limit, "anna", true, false));
    assert_true(oriel_limit_take(limit, "anna", false, true)); /* in the live session */
    oriel_clock_advance(ORIEL_SECOND);
    assert_true(oriel_limit_take(limit, "anna", true, false));
}

/* A flood by ever new names does not make anybody forget who flooded. */
static void test_room_for_new_ones(void **state) {
    flood("boris", false, true);
    for (int i = 0; i < 200; i++) {
        g_autofree char *id = g_strdup_printf("agent-%d", i);
        oriel_limit_take(limit, id, false, true);
    }
    assert_true(flood("boris", false, true) < 5);
}

static int set_up(void **state) {
    limit = oriel_limit_new();
    return 0;
}

static int tear_down(void **state) {
    oriel_limit_free(limit);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_an_agent),
        TEST(test_another_agent_is_not_concerned),
        TEST(test_many_agents),
        TEST(test_room_for_new_ones),
    };
    oriel_limit_free(NULL);
    return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
