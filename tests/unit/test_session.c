/* core/session: the machine as a whole: its story from request to end, every event in every state, its deadlines, and
 * nothing of one session in the next. */
#include "session_rig.h"

/* ---- the story ---- */

static void test_the_whole_story_in_order(void **state) {
    assert_string_equal(oriel_session_status(session), "ready");
    assert_null(oriel_session_request(session));
    request();
    expect("record:request ask changed:asking arm:60 prepare");
    assert_string_equal(oriel_session_status(session), "asking");
    assert_string_equal(oriel_session_request(session)->name, "Anna Weber");
    assert_string_equal(oriel_session_id(session), "");
    oriel_session_shown(session, HASH);
    expect("record:prompt send:progress(shown)");
    oriel_session_decide(session, HASH, view);
    expect("record:decision(allow) record:grant changed:starting announce:starting launch arm:2 "
           "send:progress(allowed)");
    assert_string_equal(oriel_session_status(session), "live");
    assert_int_equal(oriel_session_left(session), 600);
    oriel_session_local_candidate(session, 0, "candidate:early");
    offer();
    expect("");
    ready();
    expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2 send:ice#1");
    memcpy(id, oriel_session_id(session), sizeof id);
    oriel_session_local_candidate(session, 0, "");
    expect("send:ice#2");
    message_from(anna, sdp(0, "answer", "v=0"));
    message_from(anna, ice(1, "candidate:1"));
    expect("answer:v=0 candidate:0:candidate:1");
    beats(10);
    oriel_session_live(session);
    expect("record:live arm:2 changed:live announce:live");
    assert_int_equal(oriel_session_left(session), 590);
    message_from(anna, end(2, "agent", "hung-up"));
    expect(
        "kill arm:0 announce:ended(agent,hung-up) send:end#3(agent,hung-up) record:end(agent,hung-up) changed:ending");
    assert_string_equal(oriel_session_status(session), "live");
    assert_int_equal(oriel_session_left(session), 0);
    oriel_session_helpers_gone(session);
    expect("arm:0 changed:idle");
    assert_null(oriel_session_request(session));
    assert_string_equal(oriel_session_id(session), "");
}

static void test_capture_ready_before_the_offer(void **state) {
    reach(ORIEL_SESSION_STARTING);
    ready();
    expect("");
    offer();
    expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2");
    ready(); /* once more: nothing */
    offer();
    expect("");
}

/* ---- every event in every state ---- */

static void stop_by_shell(void) {
    oriel_session_stop(session, "local", "stopped");
}

static void shut_down(void) {
    oriel_session_stop(session, "device", "shutdown");
}

static void invalid_provider(void) { /* as device.c tells it */
    oriel_session_provider_invalid(session, "garbage");
    oriel_session_provider_lost(session, "garbage");
}

static void allow_unshown(void) {
    oriel_session_decide(session, HASH, view);
}

static void deny_other(void) {
    oriel_session_decide(session, OTHER, NULL);
}

static void cancel_by_other(void) {
    oriel_session_cancel(session, bert, HASH);
}

static void cancel_by_another_exchange(void) {
    oriel_session_cancel(session, anna_again, HASH);
}

static void cancel_other(void) {
    oriel_session_cancel(session, anna, OTHER);
}

static void fail_capture(void) {
    oriel_session_failed(session, "capture-failed", "no display");
}

static void fail_media(void) {
    oriel_session_failed(session, "media-failed", "it ended");
}

static void forged(void) {
    oriel_session_failed(session, "fingerprint", "another certificate");
}

static void peer_lost(void) {
    oriel_session_failed(session, "peer-lost", NULL);
}

static void very_late(void) {
    oriel_clock_advance(601 * ORIEL_SECOND);
    oriel_session_tick(session);
}

static void early_tick(void) {
    oriel_session_tick(session);
    g_string_truncate(effects, 0); /* it arms the timer again */
}

static void hang_up(void) {
    message_from(anna, end(0, "agent", "hung-up"));
}

static void hang_up_by_another_exchange(void) {
    message_from(anna_again, end(0, "agent", "hung-up"));
}

static void taken_back(void) {
    oriel_session_revoked(session);
}

static void hang_up_by_other(void) {
    message_from(bert, end(0, "agent", "hung-up"));
}

static void end_by_person(void) { /* said by the agent */
    message_from(anna, end(0, "person", "stopped"));
}

static void offer_by_agent(void) {
    message_from(anna, sdp(0, "offer", "v=0"));
}

/* What must follow: "withdrawal,denial" in ASKING, a denial in STARTING, an end by somebody with a grant; NULL:
 * nothing. */
static const struct {
    const char *name;
    void (*happens)(void);
    const char *asking, *starting, *by, *reason; /* of CONNECTING and LIVE */
} events[] = {
    {"stop_by_person", stop_by_person, "cancelled,cancelled", "cancelled", "person", "stopped"},
    {"stop_by_shell", stop_by_shell, "cancelled,cancelled", "cancelled", "local", "stopped"},
    {"shut_down", shut_down, "shutdown,cancelled", "cancelled", "device", "shutdown"},
    {"lose_provider", lose_provider, "cancelled,provider-lost", NULL, NULL, NULL}, /* a session is frozen by it */
    {"invalid_provider", invalid_provider, "cancelled,provider-invalid", NULL, NULL, NULL},
    {"deny", deny, ",denied", NULL, NULL, NULL},
    {"allow_unshown", allow_unshown, "cancelled,provider-invalid", NULL, NULL, NULL},
    {"decide_other", decide_other, "cancelled,provider-invalid", NULL, NULL, NULL},
    {"deny_other", deny_other, "cancelled,provider-invalid", NULL, NULL, NULL},
    {"cancel", cancel, "cancelled,cancelled", "cancelled", "agent", "hung-up"},
    {"cancel_by_other", cancel_by_other, NULL, NULL, NULL, NULL},
    {"cancel_by_another_exchange", cancel_by_another_exchange, NULL, NULL, NULL, NULL},
    {"cancel_other", cancel_other, NULL, NULL, NULL, NULL},
    {"fail_capture", fail_capture, NULL, "capture-failed", "device", "capture-failed"},
    {"fail_media", fail_media, NULL, "media-failed", "device", "media-failed"},
    {"forged", forged, NULL, "media-failed", "device", "fingerprint"},
    {"peer_lost", peer_lost, NULL, "media-failed", "device", "peer-lost"},
    {"very_late", very_late, "timeout,timeout", "capture-failed", "device", "expired"},
    {"early_tick", early_tick, NULL, NULL, NULL, NULL},
    {"gone", gone, NULL, NULL, NULL, NULL}, /* helpers_gone ends ENDING only: see below */
    {"hang_up", hang_up, NULL, NULL, "agent", "hung-up"},
    {"hang_up_by_other", hang_up_by_other, NULL, NULL, NULL, NULL},
    {"hang_up_by_another_exchange", hang_up_by_another_exchange, NULL, NULL, NULL, NULL},
    {"revoke", taken_back, "cancelled,revoked", "revoked", "device", "revoked"},
    {"end_by_person", end_by_person, NULL, NULL, "device", "protocol"},
    {"offer_by_agent", offer_by_agent, NULL, NULL, "device", "protocol"},
};

/* The effects that event `i` must have in state `s`, in their order. */
static char *expected_effects(gsize i, enum oriel_session_state s) {
    if (s == ORIEL_SESSION_ASKING && events[i].asking) {
        g_auto(GStrv) parts = g_strsplit(events[i].asking, ",", 2);
        return g_strdup_printf("%s%s%srecord:decision(%s) discard send:denial(%s) arm:0 changed:idle",
                               *parts[0] ? "withdraw:" : "", parts[0], *parts[0] ? " " : "", parts[1], parts[1]);
    }
    /* Before the grant left there is no `end` for the agent, but there is one for the panel and the log. */
    if (s == ORIEL_SESSION_STARTING && events[i].starting) {
        const char *by = events[i].happens == very_late ? "device" : events[i].by;
        const char *reason = events[i].happens == very_late ? "capture-failed" : events[i].reason;
        return g_strdup_printf("kill arm:0 announce:ended(%s,%s) send:denial(%s) record:end(%s,%s) changed:ending", by,
                               reason, events[i].starting, by, reason);
    }
    if ((s == ORIEL_SESSION_CONNECTING || s == ORIEL_SESSION_LIVE) && events[i].by)
        return g_strdup_printf("kill arm:0 announce:ended(%s,%s) send:end#1(%s,%s) record:end(%s,%s) changed:ending",
                               events[i].by, events[i].reason, events[i].by, events[i].reason, events[i].by,
                               events[i].reason);
    if (events[i].happens == lose_provider || events[i].happens == invalid_provider)
        return g_strdup(s == ORIEL_SESSION_STARTING ? "freeze record:pause announce:paused arm:10"
                        : s == ORIEL_SESSION_CONNECTING || s == ORIEL_SESSION_LIVE
                            ? "freeze record:pause announce:paused send:update#1 arm:10"
                            : "");
    return g_strdup(s == ORIEL_SESSION_ENDING && events[i].happens == gone ? "arm:0 changed:idle" : "");
}

static void test_every_event_in_every_state(void **state) {
    for (gsize i = 0; i < G_N_ELEMENTS(events); i++)
        for (enum oriel_session_state s = ORIEL_SESSION_IDLE; s <= ORIEL_SESSION_ENDING; s++) {
            memcpy(id, OTHER, sizeof id); /* messages in states that have no id yet */
            reach(s);
            events[i].happens();
            if (events[i].happens == very_late && (s == ORIEL_SESSION_IDLE || s == ORIEL_SESSION_ENDING))
                g_string_truncate(effects, 0); /* a stray timer: only armed anew */
            g_autofree char *expected = expected_effects(i, s);
            if (strcmp(effects->str, expected) != 0)
                fail_msg("%s in state %s: '%s' instead of '%s'", events[i].name, states[s], effects->str, expected);
            enum oriel_session_state then = s == ORIEL_SESSION_ASKING && *expected ? ORIEL_SESSION_IDLE
                                            : s == ORIEL_SESSION_ENDING && events[i].happens == gone
                                                ? ORIEL_SESSION_IDLE
                                            : strstr(expected, "freeze") ? s
                                            : *expected                  ? ORIEL_SESSION_ENDING
                                                                         : s;
            assert_int_equal(oriel_session_state(session), then);
            tear_down(NULL);
            set_up(NULL);
        }
}

static void test_deadlines(void **state) {
    reach(ORIEL_SESSION_STARTING);
    ready();
    oriel_clock_advance(16 * ORIEL_SECOND);
    oriel_session_tick(session); /* the picture is there, media is not */
    expect("kill arm:0 announce:ended(device,media-failed) send:denial(media-failed) record:end(device,media-failed) "
           "changed:ending");
    gone();
    reach(ORIEL_SESSION_CONNECTING);
    late();
    expect("kill arm:0 announce:ended(device,peer-lost) send:end#1(device,peer-lost) record:end(device,peer-lost) "
           "changed:ending");
    gone();
    reach(ORIEL_SESSION_LIVE);
    beats(599);
    expect("");
    beats(1);
    expect("kill arm:0 announce:ended(device,expired) send:end#1(device,expired) record:end(device,expired) "
           "changed:ending");
}

/* ---- one after the other ---- */

static void say_everything(void) {
    oriel_session_capture_ready(session, "test", 1, 1);
    oriel_session_offer(session, renewal, PRINT, "late offer");
    oriel_session_local_candidate(session, 0, "late");
    oriel_session_live(session);
    oriel_session_stats(session, json_pack("{s:i}", "bytes", 7));
    oriel_session_failed(session, "media-failed", "late");
    message_from(anna, sdp(0, "answer", "late"));
    message_from(anna, ice(1, "late"));
}

static void test_nothing_of_a_dead_session_reaches_the_next(void **state) {
    const enum oriel_session_state quiet[] = {ORIEL_SESSION_ENDING, ORIEL_SESSION_IDLE, ORIEL_SESSION_ASKING};
    for (gsize i = 0; i < G_N_ELEMENTS(quiet); i++) {
        reach(ORIEL_SESSION_LIVE);
        message_from(anna, sdp(0, "answer", "v=0"));
        for (int k = 1; k <= 64; k++) { /* as many of both as one session may have */
            message_from(anna, ice(k, "c"));
            oriel_session_local_candidate(session, 0, "c");
        }
        message_from(anna, ice(69, "early")); /* held, and never to be seen again */
        oriel_session_stats(session, json_pack("{s:i}", "bytes", 1000));
        stop_by_person();
        if (quiet[i] != ORIEL_SESSION_ENDING)
            gone();
        if (quiet[i] == ORIEL_SESSION_ASKING)
            request();
        g_string_truncate(effects, 0);
        say_everything();
        expect("");
        if (quiet[i] == ORIEL_SESSION_ENDING)
            gone();
        if (quiet[i] != ORIEL_SESSION_ASKING)
            request();
        oriel_session_shown(session, HASH);
        oriel_session_decide(session, HASH, view);
        assert_string_not_equal(oriel_session_id(session), id);
        memcpy(id, oriel_session_id(session), sizeof id);
        g_string_truncate(effects, 0);
        offer(); /* capture is not ready, whatever the last one said */
        expect("");
        assert_null(oriel_session_figures(session));
        ready();
        expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2");
        message_from(anna, sdp(0, "answer", "v=0"));
        expect("answer:v=0");
        for (int k = 1; k <= 64; k++) {
            message_from(anna, ice(k, "c"));
            oriel_session_local_candidate(session, 0, "c");
        }
        assert_true(g_str_has_suffix(effects->str, "candidate:0:c send:ice#64"));
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_CONNECTING);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void test_figures_reach_the_record(void **state) {
    reach(ORIEL_SESSION_LIVE);
    oriel_session_stats(session, json_pack("{s:i}", "bytes", 1));
    oriel_session_stats(session, json_pack("{s:i}", "bytes", 12345));
    assert_int_equal(oriel_json_integer(oriel_session_figures(session), "bytes", 0), 12345);
    stop_by_person();
    assert_int_equal(end_bytes, 12345);
    gone();
    assert_null(oriel_session_figures(session));
}

static void test_words_of_helpers_are_cut(void **state) {
    g_autofree char *flood = g_strnfill(60000, 'x');
    reach(ORIEL_SESSION_LIVE);
    oriel_session_failed(session, "media-failed", flood); /* the schema is checked in send_message() */
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
    gone();
    reach(ORIEL_SESSION_STARTING);
    oriel_session_failed(session, "capture-failed", "\xff\xfe\x1b[2J no display");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

static void test_two_hundred_sessions(void **state) {
    for (int i = 0; i < 200; i++) {
        reach(ORIEL_SESSION_LIVE);
        message_from(anna, ice(3, "early"));
        oriel_session_stats(session, json_object());
        stop_by_person();
        gone();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_whole_story_in_order),
        TEST(test_capture_ready_before_the_offer),
        TEST(test_every_event_in_every_state),
        TEST(test_deadlines),
        TEST(test_nothing_of_a_dead_session_reaches_the_next),
        TEST(test_figures_reach_the_record),
        TEST(test_words_of_helpers_are_cut),
        TEST(test_two_hundred_sessions),
    };
    oriel_session_free(NULL);
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
