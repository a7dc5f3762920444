/* core/exchange: each hello gets an exchange of its own; it serves one request, for ten minutes, and few are kept. */
#include "exchange.h"

#include "core_rig.h"

#include "clock.h"
#include "seal.h"

#define CHALLENGE "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
#define OTHER "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

static struct oriel_exchanges *exchanges;

/* A reference of the caller's. */
static struct oriel_peer *begin(const char *agent) {
    struct oriel_peer *p = oriel_peer_new();
    p->agent = g_strdup(agent);
    assert_true(oriel_exchanges_begin(exchanges, p));
    memcpy(p->challenge, CHALLENGE, sizeof p->challenge); /* as mail says it once the challenge is signed */
    return p;
}

static void test_each_is_its_own(void **state) {
    struct oriel_peer *a = begin("anna"), *again = begin("anna");
    assert_true(oriel_key_is_good(a->own, true));
    assert_true(oriel_is_hash(a->nonce));
    assert_string_not_equal(a->nonce, again->nonce);
    assert_string_not_equal(a->own_id, again->own_id);
    assert_ptr_equal(oriel_exchanges_find(exchanges, a->own_id), a);
    assert_ptr_equal(oriel_exchanges_find(exchanges, again->own_id), again);
    assert_null(oriel_exchanges_find(exchanges, OTHER));
    assert_null(oriel_exchanges_find(exchanges, ""));
    assert_int_equal(a->references, 2);
    oriel_peer_unref(a);
    oriel_peer_unref(again);
}

static void test_one_request(void **state) {
    struct oriel_peer *a = begin("anna"), *b = begin("anna");
    assert_false(oriel_exchanges_take(a, OTHER, CHALLENGE));
    assert_false(oriel_exchanges_take(a, a->nonce, OTHER));
    assert_false(oriel_exchanges_take(a, b->nonce, CHALLENGE)); /* of another exchange of the same agent */
    assert_true(oriel_exchanges_take(a, a->nonce, CHALLENGE));  /* a wrong guess used nothing up */
    assert_false(oriel_exchanges_take(a, a->nonce, CHALLENGE));
    assert_true(oriel_exchanges_take(b, b->nonce, CHALLENGE));
    assert_ptr_equal(oriel_exchanges_find(exchanges, a->own_id), a); /* a cancel may still come */
    oriel_peer_unref(a);
    oriel_peer_unref(b);
}

/* Its challenge could not be signed: no hash can match. */
static void test_no_challenge(void **state) {
    struct oriel_peer *a = begin("anna");
    memset(a->challenge, 0, sizeof a->challenge);
    assert_false(oriel_exchanges_take(a, a->nonce, CHALLENGE));
    oriel_peer_unref(a);
}

static void test_ten_minutes_of_boot_time(void **state) {
    struct oriel_peer *a = begin("anna");
    oriel_clock_turn_wall(86400); /* of no account, either way */
    oriel_clock_turn_wall(-2 * 86400);
    oriel_clock_advance(599 * ORIEL_SECOND);
    assert_ptr_equal(oriel_exchanges_find(exchanges, a->own_id), a);
    oriel_clock_advance(ORIEL_SECOND);
    assert_false(oriel_exchanges_take(a, a->nonce, CHALLENGE));
    assert_null(oriel_exchanges_find(exchanges, a->own_id));
    assert_int_equal(a->references, 1); /* its key is gone with it */
    oriel_peer_unref(a);
    oriel_clock_turn_wall(86400);
}

static void test_eight_an_agent(void **state) {
    struct oriel_peer *bert = begin("bert"), *annas[10];
    for (int i = 0; i < 10; i++)
        annas[i] = begin("anna");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(oriel_exchanges_find(exchanges, annas[i]->own_id) != NULL, i >= 2);
        oriel_peer_unref(annas[i]);
    }
    assert_ptr_equal(oriel_exchanges_find(exchanges, bert->own_id), bert);
    oriel_peer_unref(bert);
}

static void test_256_in_all(void **state) {
    struct oriel_peer *all[258];
    for (int i = 0; i < 258; i++) {
        g_autofree char *agent = g_strdup_printf("agent-%d", i);
        all[i] = begin(agent);
    }
    for (int i = 0; i < 258; i++) {
        assert_int_equal(oriel_exchanges_find(exchanges, all[i]->own_id) != NULL, i >= 2);
        oriel_peer_unref(all[i]);
    }
    oriel_clock_advance(601 * ORIEL_SECOND);
    oriel_peer_unref(begin("anna")); /* the expired ones went */
}

static int set_up(void **state) {
    exchanges = oriel_exchanges_new();
    return 0;
}

static int tear_down(void **state) {
    oriel_exchanges_free(exchanges);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_each_is_its_own),          TEST(test_one_request),    TEST(test_no_challenge),
        TEST(test_ten_minutes_of_boot_time), TEST(test_eight_an_agent), TEST(test_256_in_all),
    };
    oriel_exchanges_free(NULL);
    oriel_peer_unref(NULL);
    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
