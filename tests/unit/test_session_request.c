/* core/session_request: from a request to its grant, or its no: what was shown, what is decided and when, what is
 * granted without asking anybody. */
#include "session_rig.h"

/* ---- consent ---- */

static void test_shown(void **state) {
    oriel_session_shown(session, HASH); /* of nothing */
    expect("");
    reach(ORIEL_SESSION_ASKING);
    oriel_session_shown(session, OTHER);
    expect("");
    oriel_session_shown(session, HASH);
    oriel_session_shown(session, HASH);
    expect("record:prompt send:progress(shown)");
}

static void test_decisions_that_come_again_or_late(void **state) {
    reach(ORIEL_SESSION_STARTING);
    oriel_session_decide(session, HASH, view);
    oriel_session_decide(session, HASH, NULL);
    oriel_session_decide(session, OTHER, view);
    oriel_session_shown(session, HASH);
    expect("");
    stop_by_person();
    gone();
    reach(ORIEL_SESSION_ASKING);
    oriel_session_shown(session, HASH);
    late();
    g_string_truncate(effects, 0);
    oriel_session_decide(session, HASH, view);
    expect("");
    assert_false(oriel_session_state(session) != ORIEL_SESSION_IDLE);
    /* The same request again: what was shown before was another prompt. */
    reach(ORIEL_SESSION_ASKING);
    oriel_session_decide(session, HASH, view);
    expect("withdraw:cancelled record:decision(provider-invalid) discard send:denial(provider-invalid) arm:0 "
           "changed:idle");
}

static void test_no_provider(void **state) {
    fail_ask = true;
    request();
    expect("record:request ask record:decision(no-provider) send:denial(no-provider) arm:0 changed:idle");
}

static void test_prepare_fails(void **state) {
    fail_prepare = true;
    request();
    expect("record:request ask changed:asking arm:60 prepare withdraw:cancelled record:decision(media-failed) discard "
           "send:denial(media-failed) arm:0 changed:idle");
}

static void test_launch_fails(void **state) {
    fail_launch = true;
    request();
    oriel_session_shown(session, HASH);
    g_string_truncate(effects, 0);
    oriel_session_decide(session, HASH, view);
    expect("record:decision(allow) record:grant changed:starting announce:starting launch "
           "kill arm:0 announce:ended(device,media-failed) send:denial(media-failed) record:end(device,media-failed) "
           "changed:ending");
    gone();
    expect("arm:0 changed:idle");
}

/* ---- what is granted ---- */

static void test_rule_scopes_can_be_unticked_and_only_shrink(void **state) {
    request_for("[\"view\", \"control\", \"logs\"]");
    decide(HASH, "[\"logs\", \"view\"]");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_STARTING);
    expect_scopes("view+logs");
    stop_by_person();
    gone();
    request_for("[\"view\"]"); /* what nobody asked for can't be given */
    decide(HASH, "[\"view\", \"control\"]");
    expect("withdraw:cancelled record:decision(provider-invalid) discard send:denial(provider-invalid) arm:0 "
           "changed:idle");
    request_for("[\"view\", \"logs\"]"); /* without the picture there is no session */
    decide(HASH, "[\"logs\"]");
    expect("record:decision(denied) discard send:denial(denied) arm:0 changed:idle");
    assert_string_equal(outcome, "denied");
}

/* A finger that was on its way to something else (attack 13). */
static void test_rule_allow_counts_a_second_after_it_was_shown(void **state) {
    static const struct oriel_session_rules slow = {60, 1000, 1800, 300, 60};
    oriel_session_free(session);
    session = oriel_session_new(&ops, NULL, &slow);
    request_for("[\"view\"]");
    decide(HASH, "[\"view\"]");
    expect("record:early early:1000");
    oriel_clock_advance(999 * ORIEL_MILLISECOND);
    oriel_session_shown(session, HASH); /* saying it again changes nothing */
    decide(HASH, "[\"view\"]");         /* nor does hammering on it fill the log */
    expect("early:1");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ASKING);
    oriel_clock_advance(ORIEL_MILLISECOND);
    decide(HASH, "[\"view\"]");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_STARTING);
    offer();
    ready();
    oriel_session_live(session);
    g_string_truncate(effects, 0);
    ask_for_more("[\"camera\"]");
    oriel_session_shown(session, OTHER);
    g_string_truncate(effects, 0);
    decide(OTHER, "[\"camera\"]");
    expect("record:early early:1000");
    expect_scopes("view");
    decide(OTHER, NULL); /* a no counts at once */
    expect("record:decision(denied) send:denial(denied) arm:2");
    ask_for_more("[\"camera\"]");
    oriel_session_shown(session, OTHER);
    oriel_clock_advance(ORIEL_SECOND);
    decide(OTHER, "[\"camera\"]");
    expect_scopes("view+camera");
    stop_by_person();
    gone();
    request_for("[\"view\"]");
    decide(HASH, NULL);
    expect("record:decision(denied) discard send:denial(denied) arm:0 changed:idle");
}

/* ---- without a person ---- */

static void reach_unattended(const char *by) {
    granter = by;
    request();
    granter = NULL;
    g_autofree char *expected = g_strdup_printf("record:request prepare record:decision(%s) record:grant(%s) "
                                                "changed:starting announce:starting launch arm:15 "
                                                "send:progress(allowed)",
                                                by, by);
    expect(expected);
    offer();
    ready();
    oriel_session_live(session);
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
}

/* There is no indicator and nobody to ask again; but there is an end. */
static void test_unattended_it_lives_without_a_provider(void **state) {
    reach_unattended("owner");
    oriel_session_provider_lost(session, "it ended");
    oriel_session_provider_alive(session, false); /* a panel that came by */
    oriel_session_provider_lost(session, "it ended");
    for (guint i = 0; i < 599; i++)
        second();
    expect("arm:600 arm:600"); /* of the panel that went */
    assert_string_equal(oriel_session_paused(session), "");
    second();
    assert_non_null(strstr(effects->str, "record:end(device,expired)"));
}

static void test_unattended_who_turns_the_key_back_ends_it(void **state) {
    reach_unattended("switch");
    oriel_session_window_closed(session, "person", "the key was turned back");
    assert_non_null(strstr(effects->str, "record:end(person,stopped)"));
    gone();
    reach(ORIEL_SESSION_LIVE); /* what a person granted has nothing to do with it */
    oriel_session_window_closed(session, "person", "the key was turned back");
    expect("");
    stop_by_person();
    gone();
    g_string_truncate(effects, 0);
    reach_unattended("owner");
    oriel_session_window_closed(session, "person", "the key was turned back");
    expect("");
    stop_by_person(); /* Stop is Stop */
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

/* Nobody turned anything: the person is not named as who stopped it. */
static void test_unattended_a_broken_switch_ends_it_as_the_device(void **state) {
    reach_unattended("switch");
    oriel_session_window_closed(session, "device", "the key switch can't be read any more");
    assert_non_null(strstr(effects->str, "record:end(device,stopped)"));
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

static void test_unattended_nothing_a_provider_says_grants_it(void **state) {
    slow_disk = true;
    granter = "switch";
    request();
    granter = NULL;
    expect("record:request");
    oriel_session_shown(session, HASH);
    oriel_session_decide(session, HASH, view);
    oriel_session_decide(session, HASH, NULL);
    oriel_session_provider_invalid(session, "nonsense");
    oriel_session_provider_lost(session, "it ended");
    expect("");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ASKING);
    oriel_session_window_closed(session, "person", "the key was turned back");
    expect("record:decision(cancelled) send:denial(cancelled) arm:0 changed:idle");
    answer_disk(true);
    expect("");
    slow_disk = false;
}

/* What can't be recorded is not granted; the use is spent all the same. */
static void test_unattended_without_a_record(void **state) {
    for (guint n = 1; n <= 3; n++) {
        records = 0;
        fail_record = n;
        granter = "owner";
        request();
        granter = NULL;
        fail_record = 0;
        assert_false(launched);
        assert_string_equal(outcome, "audit");
        if (oriel_session_state(session) == ORIEL_SESSION_ENDING)
            gone();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
        assert_null(strstr(effects->str, "launch"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_shown),
        TEST(test_decisions_that_come_again_or_late),
        TEST(test_no_provider),
        TEST(test_prepare_fails),
        TEST(test_launch_fails),
        TEST(test_rule_scopes_can_be_unticked_and_only_shrink),
        TEST(test_rule_allow_counts_a_second_after_it_was_shown),
        TEST(test_unattended_it_lives_without_a_provider),
        TEST(test_unattended_who_turns_the_key_back_ends_it),
        TEST(test_unattended_a_broken_switch_ends_it_as_the_device),
        TEST(test_unattended_nothing_a_provider_says_grants_it),
        TEST(test_unattended_without_a_record),
    };
    return cmocka_run_group_tests_name("session_request", tests, NULL, NULL);
}
