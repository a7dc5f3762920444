/* core/backoff: three prompts that came to nothing, and the vendor waits (attack 11: prompt flood). */
#include "core_rig.h"

#include "backoff.h"
#include "clock.h"

static struct oriel_backoff *b;

static int set_up(void **state) {
    b = oriel_backoff_new();
    return 0;
}

static int tear_down(void **state) {
    oriel_backoff_free(b);
    return 0;
}

static void test_rule_three_denials_back_off_15_minutes(void **state) {
    oriel_backoff_note(b, "a", "denied");
    oriel_backoff_note(b, "a", "timeout");
    oriel_backoff_note(b, "c", "denied");
    assert_int_equal(oriel_backoff_left(b, "a"), 0);
    oriel_backoff_note(b, "a", "cancelled");
    assert_int_equal(oriel_backoff_left(b, "a"), 900);
    assert_int_equal(oriel_backoff_left(b, "c"), 0); /* another vendor's affair */
    oriel_clock_advance(899 * ORIEL_SECOND + ORIEL_SECOND / 2);
    assert_int_equal(oriel_backoff_left(b, "a"), 1);
    oriel_clock_advance(ORIEL_SECOND / 2);
    assert_int_equal(oriel_backoff_left(b, "a"), 0);
    oriel_backoff_note(b, "a", "denied"); /* counted from the beginning */
    oriel_backoff_note(b, "a", "denied");
    assert_int_equal(oriel_backoff_left(b, "a"), 0);
    oriel_backoff_note(b, "a", "denied");
    assert_int_equal(oriel_backoff_left(b, "a"), 900);
}

static void test_only_in_a_row_and_within_15_minutes(void **state) {
    for (int i = 0; i < 10; i++) {
        oriel_backoff_note(b, "a", "denied");
        oriel_clock_advance(460 * ORIEL_SECOND);
        assert_int_equal(oriel_backoff_left(b, "a"), 0);
    }
    oriel_clock_advance(901 * ORIEL_SECOND);
    oriel_backoff_note(b, "a", "denied");
    oriel_backoff_note(b, "a", "denied");
    oriel_backoff_note(b, "a", NULL); /* a yes */
    oriel_backoff_note(b, "a", "denied");
    oriel_backoff_note(b, "a", "denied");
    assert_int_equal(oriel_backoff_left(b, "a"), 0);
}

static void test_what_the_person_did_not_do_does_not_count(void **state) {
    static const char *const others[] = {"provider-lost", "provider-invalid", "no-provider", "audit", "media-failed"};
    for (int i = 0; i < 3; i++)
        for (gsize j = 0; j < G_N_ELEMENTS(others); j++)
            oriel_backoff_note(b, "a", others[j]);
    assert_int_equal(oriel_backoff_left(b, "a"), 0);
}

static void test_the_person_calls(void **state) {
    for (int i = 0; i < 3; i++)
        oriel_backoff_note(b, "a", "denied");
    oriel_backoff_forget(b);
    assert_int_equal(oriel_backoff_left(b, "a"), 0);
}

static void test_not_more_than_32_vendors(void **state) {
    for (int i = 0; i < 3; i++)
        oriel_backoff_note(b, "a", "denied");
    for (int i = 0; i < 31; i++) {
        g_autofree char *id = g_strdup_printf("v%d", i);
        oriel_clock_advance(1);
        oriel_backoff_note(b, id, "denied");
    }
    assert_int_not_equal(oriel_backoff_left(b, "a"), 0);
    oriel_backoff_note(b, "one-more", "denied");
    assert_int_equal(oriel_backoff_left(b, "a"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rule_three_denials_back_off_15_minutes),
        TEST(test_only_in_a_row_and_within_15_minutes),
        TEST(test_what_the_person_did_not_do_does_not_count),
        TEST(test_the_person_calls),
        TEST(test_not_more_than_32_vendors),
    };
    oriel_backoff_free(NULL);
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
