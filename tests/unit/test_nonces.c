/* core/nonces: a nonce serves one request of one agent, for ten minutes, and nobody can fill the memory with them. */
#include "core_rig.h"

#include "clock.h"
#include "nonces.h"

static void test_once_and_for_its_agent(void **state) {
    struct oriel_nonces *n = oriel_nonces_new();
    char a[ORIEL_HASH_SIZE], b[ORIEL_HASH_SIZE];
    oriel_nonces_issue(n, "anna", a);
    oriel_nonces_issue(n, "anna", b);
    assert_true(oriel_is_hash(a));
    assert_string_not_equal(a, b);
    assert_false(oriel_nonces_take(n, "bert", a));
    assert_false(oriel_nonces_take(n, "anna", ""));
    assert_true(oriel_nonces_take(n, "anna", a));
    assert_false(oriel_nonces_take(n, "anna", a));
    assert_true(oriel_nonces_take(n, "anna", b));
    oriel_nonces_free(n);
}

static void test_ten_minutes(void **state) {
    struct oriel_nonces *n = oriel_nonces_new();
    char fresh[ORIEL_HASH_SIZE], old[ORIEL_HASH_SIZE];
    oriel_nonces_issue(n, "anna", old);
    oriel_nonces_issue(n, "anna", fresh);
    oriel_clock_advance(595 * ORIEL_SECOND);
    assert_true(oriel_nonces_take(n, "anna", fresh));
    oriel_clock_advance(6 * ORIEL_SECOND);
    assert_false(oriel_nonces_take(n, "anna", old));
    oriel_nonces_free(n);
}

static void test_eight_an_agent_and_the_oldest_goes(void **state) {
    struct oriel_nonces *n = oriel_nonces_new();
    char of_bert[ORIEL_HASH_SIZE], of_anna[9][ORIEL_HASH_SIZE];
    oriel_nonces_issue(n, "bert", of_bert);
    for (int i = 0; i < 9; i++)
        oriel_nonces_issue(n, "anna", of_anna[i]);
    assert_false(oriel_nonces_take(n, "anna", of_anna[0]));
    for (int i = 1; i < 9; i++)
        assert_true(oriel_nonces_take(n, "anna", of_anna[i]));
    assert_true(oriel_nonces_take(n, "bert", of_bert));
    oriel_nonces_free(n);
}

static void test_256_in_all(void **state) {
    struct oriel_nonces *n = oriel_nonces_new();
    char values[257][ORIEL_HASH_SIZE];
    for (int i = 0; i < 257; i++) {
        g_autofree char *agent = g_strdup_printf("agent-%d", i);
        oriel_nonces_issue(n, agent, values[i]);
    }
    assert_false(oriel_nonces_take(n, "agent-0", values[0]));
    assert_true(oriel_nonces_take(n, "agent-1", values[1]));
    assert_true(oriel_nonces_take(n, "agent-256", values[256]));
    oriel_nonces_free(n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once_and_for_its_agent),
        cmocka_unit_test(test_ten_minutes),
        cmocka_unit_test(test_eight_an_agent_and_the_oldest_goes),
        cmocka_unit_test(test_256_in_all),
    };
    return cmocka_run_group_tests_name("nonces", tests, NULL, NULL);
}
