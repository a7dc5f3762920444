/* core/session and its parts: the record comes first. Each one that fails, a disk that is slow or does not answer, and
 * what a record may name. */
#include "session_rig.h"

/* ---- the record comes first ---- */

static void test_each_record_that_fails(void **state) {
    static const char *const expected[] = {
        "record:request send:denial(audit) arm:0 changed:idle",
        "record:prompt withdraw:cancelled discard send:denial(audit) arm:0 changed:idle",
        "record:decision(allow) record:grant withdraw:cancelled discard send:denial(audit) arm:0 changed:idle",
        "record:grant withdraw:cancelled discard send:denial(audit) arm:0 changed:idle",
        "record:media-start kill arm:0 announce:ended(device,audit) send:denial(audit) record:end(device,audit) "
        "changed:ending",
        "record:live kill arm:0 announce:ended(device,audit) send:end#1(device,audit) record:end(device,audit) "
        "changed:ending",
    };
    for (int forever = 0; forever < 2; forever++) /* the disk is full for a moment, or stays so */
        for (guint n = 1; n <= G_N_ELEMENTS(expected); n++) {
            *(forever ? &fail_records_from : &fail_record) = n;
            play_to_live();
            assert_true(g_str_has_suffix(effects->str, expected[n - 1]));
            assert_int_equal(launched, n > 4);
            assert_int_equal(strstr(effects->str, "send:grant") != NULL, n > 5);
            assert_int_equal(strstr(effects->str, "announce:live") != NULL, false);
            if (n > 4)
                gone();
            assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
            tear_down(NULL);
            set_up(NULL);
        }
}

static void test_a_no_needs_no_record(void **state) {
    void (*const no[])(void) = {deny, late, lose_provider, stop_by_person, cancel, decide_other};
    for (gsize i = 0; i < G_N_ELEMENTS(no); i++) {
        reach(ORIEL_SESSION_ASKING);
        fail_records_from = 1;
        no[i]();
        assert_non_null(strstr(effects->str, "send:denial("));
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
        tear_down(NULL);
        set_up(NULL);
    }
    reach(ORIEL_SESSION_LIVE);
    fail_records_from = 1;
    stop_by_person(); /* neither does a stop */
    expect("kill arm:0 announce:ended(person,stopped) send:end#1(person,stopped) record:end(person,stopped) "
           "changed:ending");
}

/* ---- addresses ---- */

static void test_addresses_are_recorded_only_where_it_is_configured(void **state) {
    static const struct oriel_session_rules with = {60, 0, 1800, 300, 60, true};
    for (int i = 0; i < 2; i++) {
        if (i) {
            oriel_session_free(session);
            session = oriel_session_new(&ops, NULL, &with);
        }
        reach(ORIEL_SESSION_CONNECTING);
        message_from(anna, ice(0, "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"));
        message_from(anna, ice(1, "candidate:2 1 udp 2122260223 192.0.2.7 50001 typ host"));
        message_from(anna, ice(2, "candidate:3 1 udp 41885695 2001:db8::7 50002 typ relay"));
        message_from(anna, ice(3, ""));
        oriel_session_live(session);
        g_autofree char *text = live_addresses ? joined(live_addresses) : g_strdup("none");
        assert_string_equal(text, i ? "192.0.2.7+2001:db8::7" : "none");
    }
    json_decref(live_addresses);
    live_addresses = NULL;
}

/* ---- while the disk is slow ---- */

static void test_a_slow_disk_holds_up_each_step(void **state) {
    slow_disk = true;
    request();
    expect("record:request");
    assert_string_equal(oriel_session_status(session), "asking"); /* for others, who are busy */
    answer_disk(true);
    expect("ask changed:asking arm:60 prepare");
    oriel_session_shown(session, HASH);
    oriel_session_decide(session, HASH, view); /* the person does not wait for the disk */
    expect("record:prompt record:decision(allow) record:grant");
    answer_disk(true);
    expect("send:progress(shown) changed:starting announce:starting launch arm:2 send:progress(allowed)");
    ready();
    offer();
    oriel_session_renew(session); /* the way out changes meanwhile */
    expect("record:media-start renew");
    answer_disk(true);
    expect(""); /* the offer of before is void */
    offer();
    expect("send:grant send:sdp#0 changed:connecting arm:2");
    oriel_session_live(session);
    oriel_session_live(session);
    g_string_truncate(effects, 0);
    answer_disk(true);
    expect("arm:2 changed:live announce:live");
}

static void test_a_stop_does_not_wait_for_a_slow_disk(void **state) {
    static const char *const expected[] = {
        "withdraw:cancelled record:decision(cancelled) send:denial(cancelled) arm:0 changed:idle",
        "withdraw:cancelled record:decision(cancelled) discard send:denial(cancelled) arm:0 changed:idle",
        "kill arm:0 announce:ended(person,stopped) send:denial(cancelled) record:end(person,stopped) changed:ending",
        "kill arm:0 announce:ended(person,stopped) send:denial(cancelled) record:end(person,stopped) changed:ending",
        "kill arm:0 announce:ended(person,stopped) send:end#1(person,stopped) record:end(person,stopped) "
        "changed:ending",
    };
    for (guint n = 0; n < G_N_ELEMENTS(expected); n++) {
        slow_disk = n == 0;
        request();
        slow_disk = n <= 1;
        if (n >= 1)
            oriel_session_shown(session, HASH);
        slow_disk = n <= 2;
        if (n >= 2)
            oriel_session_decide(session, HASH, view);
        slow_disk = true;
        if (n == 3)
            ready(), offer();
        if (n == 4) {
            slow_disk = false;
            ready(), offer();
            slow_disk = true;
            oriel_session_live(session);
        }
        assert_int_equal(waiting->len, 1);
        g_string_truncate(effects, 0);
        stop_by_person();
        expect(expected[n]);
        answer_disk(true); /* too late for anything */
        expect("");
        gone();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void test_what_comes_while_an_answer_is_written(void **state) {
    asked_scopes = "[\"view\", \"control\"]";
    json_array_append_new(view, json_string("control"));
    reach_again();
    asked_scopes = NULL;
    oriel_session_shown(session, question);
    slow_disk = true;
    decide(question, "[\"view\", \"control\"]");
    g_string_truncate(effects, 0);
    decide(question, "[\"view\"]"); /* once is enough */
    oriel_session_provider_connected(session);
    beats(400); /* the time for an answer is over, but there was one */
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    assert_null(strstr(effects->str, "thaw"));
    oriel_session_remove(session, "control");
    answer_disk(true);
    assert_null(strstr(effects->str, "thaw")); /* that it goes on is a record, too */
    answer_disk(true);
    assert_non_null(strstr(effects->str, "thaw"));
    g_autofree char *scopes = joined(oriel_session_request(session)->scopes);
    assert_string_equal(scopes, "view"); /* what was taken away meanwhile does not come back */
}

static void test_a_new_pause_while_the_end_of_one_is_written(void **state) {
    reach(ORIEL_SESSION_LIVE);
    lose_provider();
    slow_disk = true;
    oriel_session_provider_connected(session);
    oriel_session_provider_alive(session, true);
    lose_provider();
    g_string_truncate(effects, 0);
    answer_disk(true);
    assert_null(strstr(effects->str, "thaw"));
    assert_string_equal(oriel_session_paused(session), "provider");
    oriel_session_provider_alive(session, true);
    answer_disk(true);
    assert_non_null(strstr(effects->str, "thaw"));
}

static void test_a_disk_that_does_not_answer(void **state) {
    for (enum oriel_session_state s = ORIEL_SESSION_ASKING; s <= ORIEL_SESSION_LIVE; s++) {
        reach(s);
        oriel_session_unrecorded(session, "it does not answer");
        assert_non_null(strstr(effects->str, "(audit)") ? effects->str : strstr(effects->str, "(device,audit)"));
        gone();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
        tear_down(NULL);
        set_up(NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_each_record_that_fails),
        TEST(test_a_no_needs_no_record),
        TEST(test_addresses_are_recorded_only_where_it_is_configured),
        TEST(test_a_slow_disk_holds_up_each_step),
        TEST(test_a_stop_does_not_wait_for_a_slow_disk),
        TEST(test_what_comes_while_an_answer_is_written),
        TEST(test_a_new_pause_while_the_end_of_one_is_written),
        TEST(test_a_disk_that_does_not_answer),
    };
    return cmocka_run_group_tests_name("session_record", tests, NULL, NULL);
}
