/* core/session_live: the rules of consent while a session lives: scopes that shrink and grow, questions, heartbeat and
 * indicator. */
#include "session_rig.h"

static void test_rule_removing_a_scope_is_a_tap(void **state) {
    request_for("[\"view\", \"control\"]");
    decide(HASH, "[\"view\", \"control\"]");
    offer();
    ready();
    oriel_session_live(session);
    g_string_truncate(effects, 0);
    oriel_session_remove(session, "logs"); /* not there */
    expect("");
    fail_records_from = 1; /* taking away never waits for the log */
    oriel_session_remove(session, "control");
    expect("announce:live send:update#1 record:scopes");
    expect_scopes("view");
    oriel_session_remove(session, "view");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

/* The panel says that a camera is on before anybody sees by it, and where the agent's picture lies on its display. */
static void test_camera_and_place_are_on_the_panel(void **state) {
    reach(ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
    slow_disk = true;
    oriel_session_camera(session, "Nozzle");
    assert_string_equal(oriel_session_camera_name(session), "");
    expect("record:camera");
    answer_disk(true);
    expect("announce:live camera");
    assert_string_equal(oriel_session_camera_name(session), "Nozzle");
    oriel_session_camera(session, NULL);
    expect("record:camera announce:live");
    assert_string_equal(oriel_session_camera_name(session), "");
    oriel_session_camera(session, "Belt"); /* and off before that is on record */
    oriel_session_camera(session, NULL);
    answer_disk(true);
    expect("record:camera record:camera");
    slow_disk = false;
    oriel_session_place(session, 1280, 0, 1920, 1080);
    oriel_session_place(session, 1280, 0, 1920, 1080);
    expect("announce:live");
    assert_string_equal(oriel_session_placed(session), "1280,0 1920x1080");
    oriel_session_place(session, 70000, 0, 1920, 1080); /* no place of a display */
    expect("announce:live");
    assert_string_equal(oriel_session_placed(session), "");
}

static void test_rule_adding_a_scope_asks_again(void **state) {
    reach(ORIEL_SESSION_LIVE);
    memcpy(id, oriel_session_id(session), sizeof id);
    assert_true(oriel_session_is_more(session, anna_again, id));
    assert_false(oriel_session_is_more(session, bert, id));
    assert_false(oriel_session_is_more(session, anna, OTHER));
    ask_for_more("[\"view\"]");
    expect("no:not-allowed");
    ask_for_more("[\"view\", \"control\"]");
    expect("arm:2 record:request ask-more:control");
    assert_int_equal(question_timeout, 60);
    ask_for_more("[\"logs\"]"); /* and the first stays */
    expect("no:busy");
    decide(OTHER, "[\"control\"]"); /* nobody can have seen it: no */
    expect("withdraw:cancelled record:decision(provider-invalid) send:denial(provider-invalid) arm:2");
    expect_scopes("view");
    ask_for_more("[\"control\"]");
    oriel_session_shown(session, OTHER);
    expect("arm:2 record:request ask-more:control record:prompt send:progress(shown)");
    decide(OTHER, NULL);
    expect("record:decision(denied) send:denial(denied) arm:2");
    expect_scopes("view");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE); /* the session goes on as it was */
    ask_for_more("[\"control\", \"logs\"]");
    oriel_session_shown(session, OTHER);
    g_string_truncate(effects, 0);
    decide(OTHER, "[\"control\"]");
    expect("arm:2 record:decision(allow) send:progress(allowed) announce:live send:update#1 arm:2");
    expect_scopes("view+control");
    ask_for_more("[\"logs\"]");
    g_string_truncate(effects, 0);
    beats(59);
    expect("");
    beats(1);
    expect("withdraw:timeout record:decision(timeout) send:denial(timeout) arm:1 arm:1 arm:2");
}

static void test_more_ends_with_the_session(void **state) {
    reach(ORIEL_SESSION_LIVE);
    ask_for_more("[\"control\"]");
    g_string_truncate(effects, 0);
    stop_by_person();
    expect("kill withdraw:cancelled send:denial(cancelled) arm:0 announce:ended(person,stopped) "
           "send:end#1(person,stopped) record:end(person,stopped) changed:ending");
}

static void test_rule_asked_again_every_30_minutes(void **state) {
    reach_again();
    oriel_session_shown(session, question);
    expect("record:prompt");
    decide(question, "[\"view\"]");
    expect("arm:2 record:decision(allow) arm:2 record:resume thaw announce:live send:update#2");
    beats(1799);
    expect("");
    beats(1);
    assert_non_null(strstr(effects->str, "ask-again:view"));
    g_string_truncate(effects, 0);
    oriel_session_shown(session, question);
    decide(question, NULL);
    expect("record:prompt record:decision(denied) kill arm:0 announce:ended(person,stopped) "
           "send:end#4(person,stopped) record:end(person,stopped) changed:ending");
}

static void test_rule_no_answer_in_5_minutes_ends(void **state) {
    reach_again();
    oriel_session_shown(session, question);
    g_string_truncate(effects, 0);
    beats(299);
    expect("");
    assert_string_equal(oriel_session_paused(session), "again"); /* frozen all the time */
    beats(1);
    expect("record:decision(timeout) withdraw:timeout kill arm:0 announce:ended(device,not-renewed) "
           "send:end#2(device,not-renewed) record:end(device,not-renewed) changed:ending");
}

static void test_rule_heartbeat_lost_2_s_paused_10_s_ended(void **state) {
    reach(ORIEL_SESSION_LIVE);
    beats(3);
    second();
    expect("");
    second();
    expect("freeze record:pause announce:paused send:update#1 arm:8");
    assert_string_equal(oriel_session_paused(session), "provider");
    oriel_session_provider_alive(session, true);
    expect("record:resume thaw announce:live send:update#2 arm:2");
    for (int i = 0; i < 9; i++)
        second();
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
    second();
    expect("kill arm:0 announce:ended(device,provider-lost) send:end#4(device,provider-lost) "
           "record:end(device,provider-lost) changed:ending");
}

static void test_rule_an_indicator_that_is_not_visible_pauses(void **state) {
    reach(ORIEL_SESSION_LIVE);
    for (int i = 0; i < 2; i++) {
        second();
        oriel_session_provider_alive(session, false);
    }
    g_string_truncate(effects, 0);
    for (int i = 0; i < 30; i++) { /* it stays so, and it does not end: the person is there and can stop it */
        oriel_clock_advance(ORIEL_SECOND / 2);
        oriel_session_tick(session);
        oriel_session_provider_alive(session, false);
    }
    assert_string_equal(oriel_session_paused(session), "indicator");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    assert_null(strstr(effects->str, "thaw"));
    g_string_truncate(effects, 0);
    oriel_session_provider_alive(session, true);
    expect("record:resume thaw announce:live send:update#2 arm:2");
}

static void test_a_provider_that_comes_back(void **state) {
    reach(ORIEL_SESSION_LIVE);
    lose_provider();
    expect("freeze record:pause announce:paused send:update#1 arm:10");
    oriel_session_provider_connected(session);
    expect(""); /* a connection is no heartbeat */
    oriel_session_provider_alive(session, false);
    assert_string_equal(oriel_session_paused(session), "indicator"); /* nothing is seen before the indicator is */
    assert_null(strstr(effects->str, "thaw"));
    oriel_session_provider_alive(session, true);
    assert_string_equal(oriel_session_paused(session), "");
    tear_down(NULL);
    set_up(NULL);
    reach_again();
    lose_provider(); /* while it asks again: the next one asks anew */
    g_string_truncate(effects, 0);
    oriel_session_provider_connected(session);
    expect("ask-again:view");
    decide(question, "[\"view\"]"); /* which it has not shown */
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

static void test_no_picture_again_without_a_record(void **state) {
    reach_again();
    oriel_session_shown(session, question);
    fail_record = records + 2; /* the decision is recorded, that it goes on is not */
    decide(question, "[\"view\"]");
    assert_null(strstr(effects->str, "thaw"));
    assert_non_null(strstr(effects->str, "record:end(device,audit)"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rule_removing_a_scope_is_a_tap),
        TEST(test_camera_and_place_are_on_the_panel),
        TEST(test_rule_adding_a_scope_asks_again),
        TEST(test_more_ends_with_the_session),
        TEST(test_rule_asked_again_every_30_minutes),
        TEST(test_rule_no_answer_in_5_minutes_ends),
        TEST(test_rule_heartbeat_lost_2_s_paused_10_s_ended),
        TEST(test_rule_an_indicator_that_is_not_visible_pauses),
        TEST(test_a_provider_that_comes_back),
        TEST(test_no_picture_again_without_a_record),
    };
    return cmocka_run_group_tests_name("session_live", tests, NULL, NULL);
}
