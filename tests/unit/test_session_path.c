/* core/session_path: offers, answers and candidates of both sides, in order and again, too many and too late; and new
 * paths under the same grant. */
#include "session_rig.h"

/* ---- messages of the agent ---- */

static void test_out_of_order_and_again(void **state) {
    reach(ORIEL_SESSION_CONNECTING);
    message_from(anna, ice(2, "c2"));
    message_from(anna, ice(1, "c1"));
    message_from(anna, ice(2, "c2 again, other"));
    expect("");
    message_from(anna, sdp(0, "answer", "v=0"));
    expect("answer:v=0 candidate:0:c1 candidate:0:c2");
    message_from(anna, sdp(0, "answer", "v=0"));
    message_from(anna, ice(1, "c1"));
    message_from(anna, ice(2, "c2"));
    expect("");
    message_from(anna, ice(3, ""));
    expect("candidate:0:");
}

/* ---- a new path under the same grant ---- */

static void test_a_new_path(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    oriel_session_renew(session);
    oriel_session_local_candidate(session, 0, "candidate:of the old path");
    expect("record:lost announce:paused arm:2 renew");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE); /* until there is something to answer */
    offer();
    expect("send:sdp#1 changed:connecting arm:2");
    offer(); /* nobody asked for it */
    expect("");
    oriel_session_local_candidate(session, 0, "candidate:of the new path");
    expect("send:ice#2");
    /* What the agent said before it heard of the new path is of no use, but counts. */
    message_from(anna, ice(0, "candidate:0"));
    message_from(anna, sdp(1, "answer", "v=0"));
    expect("");
    said_path = 2;
    message_from(anna, sdp(2, "answer", "v=0"));
    expect("answer:v=0");
    oriel_session_live(session);
    expect("record:live arm:2 changed:live announce:live");
}

static void test_a_path_that_was_not_offered(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    said_path = 2;
    message_from(anna, sdp(0, "answer", "v=0"));
    assert_non_null(strstr(effects->str, "announce:ended(device,protocol)"));
}

static void test_a_new_path_has_the_certificate_of_the_grant(void **state) {
    play_to_live();
    oriel_session_renew(session);
    g_string_truncate(effects, 0);
    oriel_session_offer(session, renewal, FOREIGN_PRINT, "v=0 offer");
    assert_non_null(strstr(effects->str, "announce:ended(device,media-failed)"));
}

static void test_a_new_path_before_the_grant_left(void **state) {
    request();
    oriel_session_shown(session, HASH);
    oriel_session_decide(session, HASH, view);
    oriel_session_local_candidate(session, 0, "candidate:of the old path");
    offer();
    g_string_truncate(effects, 0);
    oriel_session_renew(session);
    expect("renew");
    ready();
    expect(""); /* the offer that there was belongs to the old path */
    offer();
    expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2");
}

/* Media has read only the first of the two when it says its offer. */
static void test_an_offer_of_the_renewal_before_the_last(void **state) {
    play_to_live();
    oriel_session_renew(session);
    oriel_session_renew(session);
    g_string_truncate(effects, 0);
    oriel_session_offer(session, renewal - 1, PRINT, "v=0 stale");
    oriel_session_local_candidate(session, 0, "candidate:of the stale one");
    oriel_session_live(session);
    expect("");
    offer();
    expect("send:sdp#1 changed:connecting arm:2");
    oriel_session_renew(session);
    expect("arm:2 renew");
    oriel_session_live(session); /* of the path before */
    expect("");
}

/* An egress that says again and again that it has found another way. */
static void test_renewals_that_media_does_not_answer(void **state) {
    play_to_live();
    for (int i = 1; i < 64; i++)
        oriel_session_renew(session);
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
    oriel_session_renew(session);
    assert_non_null(strstr(effects->str, "announce:ended(device,media-failed)"));
}

static void test_not_more_than_64_paths(void **state) {
    play_to_live();
    for (int i = 1; i < 64; i++) {
        oriel_session_renew(session);
        offer();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_CONNECTING);
    }
    g_string_truncate(effects, 0);
    oriel_session_renew(session);
    assert_non_null(strstr(effects->str, "announce:ended(device,media-failed)"));
}

static void test_early_ones_are_held_up_to_64(void **state) {
    reach(ORIEL_SESSION_CONNECTING);
    message_from(anna, ice(63, "c63"));
    message_from(anna, ice(64, "too early: dropped"));
    message_from(anna, ice(65535, "too early: dropped"));
    message_from(anna, sdp(0, "answer", "v=0"));
    expect("answer:v=0");
    for (int i = 1; i < 63; i++)
        message_from(anna, ice(i, "c"));
    assert_true(g_str_has_suffix(effects->str, "candidate:0:c candidate:0:c63"));
    g_string_truncate(effects, 0);
    message_from(anna, ice(64, ""));
    expect("candidate:0:");
}

static void test_an_end_does_not_wait(void **state) {
    reach(ORIEL_SESSION_LIVE);
    message_from(anna, ice(3, "what came before it is lost"));
    message_from(anna, end(500, "agent", "hung-up"));
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

static void test_not_more_than_64_candidates(void **state) {
    reach(ORIEL_SESSION_LIVE);
    for (int i = 0; i < 64; i++)
        message_from(anna, ice(i, "c"));
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
    message_from(anna, ice(64, "c"));
    expect("kill arm:0 announce:ended(device,protocol) send:end#1(device,protocol) record:end(device,protocol) "
           "changed:ending");
}

static void test_a_second_answer(void **state) {
    reach(ORIEL_SESSION_CONNECTING);
    message_from(anna, sdp(0, "answer", "v=0"));
    expect("answer:v=0");
    message_from(anna, sdp(1, "answer", "v=0"));
    expect("kill arm:0 announce:ended(device,protocol) send:end#1(device,protocol) record:end(device,protocol) "
           "changed:ending");
    message_from(anna, sdp(2, "answer", "v=0"));
    expect("");
}

static void test_messages_of_others_and_of_other_sessions(void **state) {
    reach(ORIEL_SESSION_LIVE);
    message_from(bert, sdp(0, "answer", "v=0"));
    message_from(bert, ice(0, "c"));
    message_from(anna_again, sdp(0, "answer", "v=0"));
    message_from(anna_again, ice(0, "c"));
    char mine[ORIEL_HASH_SIZE];
    memcpy(mine, id, sizeof mine);
    memcpy(id, OTHER, sizeof id);
    message_from(anna, sdp(0, "answer", "v=0"));
    message_from(anna, end(0, "agent", "hung-up"));
    expect("");
    memcpy(id, mine, sizeof id);
    message_from(anna, sdp(0, "answer", "v=0")); /* nothing of that took a number */
    expect("answer:v=0");
}

/* ---- messages of media ---- */

static void test_what_no_message_could_carry(void **state) {
    g_autofree char *long_sdp = g_strnfill(8193, 'a'), *controls = g_strnfill(4000, '\x01'),
                    *long_candidate = g_strnfill(513, 'c');
    const char *const offers[] = {long_sdp, controls, ""};
    for (gsize i = 0; i < G_N_ELEMENTS(offers); i++) {
        reach(ORIEL_SESSION_STARTING);
        oriel_session_offer(session, renewal, PRINT, offers[i]);
        expect("kill arm:0 announce:ended(device,media-failed) send:denial(media-failed) "
               "record:end(device,media-failed) changed:ending");
        gone();
    }
    reach(ORIEL_SESSION_STARTING);
    oriel_session_local_candidate(session, 0, long_candidate);
    offer();
    ready();
    oriel_session_local_candidate(session, 0, long_candidate);
    expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2");
}

static void test_media_that_floods_with_candidates(void **state) {
    reach(ORIEL_SESSION_STARTING);
    for (int i = 0; i < 40; i++)
        oriel_session_local_candidate(session, 0, "c");
    offer();
    ready();
    for (int i = 0; i < 70000; i++)
        oriel_session_local_candidate(session, 0, "c");
    assert_true(g_str_has_suffix(effects->str, "send:ice#64"));
    g_string_truncate(effects, 0);
    stop_by_person(); /* the end still has a number of its own */
    expect("kill arm:0 announce:ended(person,stopped) send:end#65(person,stopped) record:end(person,stopped) "
           "changed:ending");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_out_of_order_and_again),
        TEST(test_a_new_path),
        TEST(test_a_path_that_was_not_offered),
        TEST(test_a_new_path_has_the_certificate_of_the_grant),
        TEST(test_a_new_path_before_the_grant_left),
        TEST(test_an_offer_of_the_renewal_before_the_last),
        TEST(test_renewals_that_media_does_not_answer),
        TEST(test_not_more_than_64_paths),
        TEST(test_early_ones_are_held_up_to_64),
        TEST(test_an_end_does_not_wait),
        TEST(test_not_more_than_64_candidates),
        TEST(test_a_second_answer),
        TEST(test_messages_of_others_and_of_other_sessions),
        TEST(test_what_no_message_could_carry),
        TEST(test_media_that_floods_with_candidates),
    };
    return cmocka_run_group_tests_name("session_path", tests, NULL, NULL);
}
