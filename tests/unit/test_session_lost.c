/* core/session_lost: a session without a connection: found again, given up, left by its page, and joined again by it.
 */
#include "session_rig.h"

static void live_and_lost(void) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    oriel_session_lost(session, "the agent's page has been silent for 4 s");
    expect("record:lost announce:paused arm:2 reroute");
    assert_string_equal(oriel_session_paused(session), "connection");
}

static json_t *of_page(const char *typ, int seq) {
    json_t *m = json_pack("{s:i, s:s, s:s, s:i}", "v", 1, "typ", typ, "session", id, "seq", seq);
    if (strcmp(typ, "renew") == 0)
        json_object_set_new(m, "path", json_integer(said_path));
    return m;
}

static void say_of_page(const char *typ, enum oriel_message_type type, int seq) {
    json_t *m = of_page(typ, seq);
    oriel_session_message(session, anna, type, m);
    json_decref(m);
}

static void test_lost_and_found(void **state) {
    live_and_lost();
    oriel_session_lost(session, "media again"); /* nothing more is tried than that, for a moment */
    expect("arm:2");
    oriel_session_renew(session); /* egress has found another way */
    expect("arm:2 renew");
    offer();
    expect("send:sdp#1 changed:connecting arm:2");
    beats(20);
    oriel_session_live(session);
    expect("record:live arm:2 changed:live announce:live");
    assert_string_equal(oriel_session_paused(session), "");
    beats(100); /* the limit was that of the outage */
    expect("");
}

static void test_lost_for_too_long(void **state) {
    live_and_lost();
    oriel_session_renew(session);
    offer();
    g_string_truncate(effects, 0);
    beats(59);
    expect("");
    beats(1);
    expect("kill arm:0 announce:ended(device,peer-lost) send:end#2(device,peer-lost) record:end(device,peer-lost) "
           "changed:ending");
}

static void test_lost_before_the_first_picture(void **state) {
    reach(ORIEL_SESSION_CONNECTING);
    oriel_session_lost(session, "no network path works");
    expect("kill arm:0 announce:ended(device,peer-lost) send:end#1(device,peer-lost) record:end(device,peer-lost) "
           "changed:ending");
}

static void test_stopped_while_lost(void **state) {
    live_and_lost();
    stop_by_person();
    expect("kill arm:0 announce:ended(person,stopped) send:end#1(person,stopped) record:end(person,stopped) "
           "changed:ending");
}

static void test_without_egress_media_renews_by_itself(void **state) {
    has_egress = false;
    play_to_live();
    g_string_truncate(effects, 0);
    oriel_session_lost(session, "silent");
    expect("record:lost announce:paused arm:2 reroute arm:2 renew");
}

static void test_the_page_asks_for_another_path(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    say_of_page("renew", ORIEL_MESSAGE_RENEW, 0);
    expect("record:lost announce:paused arm:2 reroute");
    say_of_page("renew", ORIEL_MESSAGE_RENEW, 1); /* sooner than that is of use */
    expect("arm:2");
    oriel_session_renew(session);
    offer();
    g_string_truncate(effects, 0);
    beats(5);
    say_of_page("renew", ORIEL_MESSAGE_RENEW, 2); /* of the path before: the answer is on its way */
    expect("");
}

static void test_the_page_is_left(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    say_of_page("away", ORIEL_MESSAGE_AWAY, 65535); /* whatever is missing before it */
    expect("record:lost announce:paused arm:2");
    oriel_session_lost(session, "it closed the connection"); /* nobody is there to offer anything */
    expect("arm:2");
    beats(9);
    expect("");
    beats(1);
    expect("kill arm:0 announce:ended(device,peer-lost) send:end#1(device,peer-lost) record:end(device,peer-lost) "
           "changed:ending");
}

/* The last path came up when nobody was there any more: the limit is that of a page that was left. */
static void test_the_page_is_left_while_a_path_comes_up(void **state) {
    live_and_lost();
    oriel_session_renew(session);
    offer();
    slow_disk = true;
    oriel_session_live(session);
    guint64 ticket = g_array_index(waiting, guint64, waiting->len - 1);
    g_string_truncate(effects, 0);
    say_of_page("away", ORIEL_MESSAGE_AWAY, 65535);
    expect("arm:2");
    oriel_session_recorded(session, ticket, true);
    expect("");
    oriel_session_lost(session, "it closed the connection");
    expect("arm:2");
    beats(10);
    assert_non_null(strstr(effects->str, "end(device,peer-lost)"));
}

static void test_a_page_joins_its_session_again(void **state) {
    live_and_lost();
    g_autofree char *session_id = g_strdup(id);
    whom = anna_again; /* hears of it by the new exchange, with numbers of its own */
    assert_null(oriel_session_rejoin(session, anna_again, session_id, OTHER, FOREIGN_PRINT));
    expect("record:rejoin arm:2 send:rejoined joined:FF reroute");
    oriel_session_renew(session);
    offer();
    expect("arm:2 renew send:sdp#0 changed:connecting arm:2");
    message_from(anna, end(0, "agent", "hung-up")); /* the old exchange is dead */
    expect("");
    said_path = 2;
    message_from(anna_again, sdp(0, "answer", "v=0"));
    expect("answer:v=0");
    oriel_session_live(session);
    expect("record:live arm:2 changed:live announce:live");
    assert_true(oriel_session_is_joined_by(session, OTHER));
    assert_string_equal(oriel_session_request(session)->fingerprint, FOREIGN_PRINT);
}

static void test_who_joins(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "busy"); /* it is connected */
    oriel_session_lost(session, "silent");
    assert_string_equal(oriel_session_rejoin(session, bert, id, OTHER, PRINT), "expired");
    assert_string_equal(oriel_session_rejoin(session, anna_again, HASH, OTHER, PRINT), "expired");
    stop_by_person();
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "expired");
    gone();
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "expired");
}

/* A name is nobody: of the same agent and vendor, by the key that was granted, and only while the grant holds. */
static void test_who_is_not_the_agent_of_the_session(void **state) {
    struct oriel_peer *enrolled_anew = peer("anna"), *of_another_vendor = peer("anna");
    live_and_lost();
    g_strlcpy(enrolled_anew->key_id, "another key", sizeof enrolled_anew->key_id);
    g_free(of_another_vendor->vendor);
    of_another_vendor->vendor = g_strdup("another-vendor");
    assert_string_equal(oriel_session_rejoin(session, enrolled_anew, id, OTHER, PRINT), "expired");
    assert_string_equal(oriel_session_rejoin(session, of_another_vendor, id, OTHER, PRINT), "expired");
    expect("");
    oriel_peer_unref(enrolled_anew);
    oriel_peer_unref(of_another_vendor);
}

static void test_who_joins_too_late(void **state) {
    live_and_lost(); /* the outage's limit */
    beats(60);
    assert_non_null(strstr(effects->str, "end(device,peer-lost)"));
    g_string_truncate(effects, 0);
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "expired");
    expect("");
}

/* What was granted does not last longer by being joined, again and again. */
static void test_who_joins_after_the_time_that_was_granted(void **state) {
    live_and_lost();
    for (guint i = 1; i <= 11; i++) {
        char hash[sizeof OTHER];
        memcpy(hash, OTHER, sizeof hash);
        hash[0] = (char)('a' + i);
        beats(50);
        whom = anna_again;
        assert_null(oriel_session_rejoin(session, anna_again, id, hash, PRINT));
        assert_true(oriel_session_left(session) <= 600 - 50 * i);
        g_string_truncate(effects, 0);
    }
    beats(50);
    assert_non_null(strstr(effects->str, "end(device,expired)"));
    g_string_truncate(effects, 0);
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "expired");
    expect("");
}

/* The yes to the page waits for the record; the person does not. */
static void test_stopped_while_somebody_joins(void **state) {
    live_and_lost();
    slow_disk = true;
    assert_null(oriel_session_rejoin(session, anna_again, id, OTHER, FOREIGN_PRINT));
    guint64 ticket = g_array_index(waiting, guint64, waiting->len - 1);
    stop_by_person();
    g_string_truncate(effects, 0);
    oriel_session_recorded(session, ticket, true);
    expect("");
}

/* While the log is slow, the connection is there again: it is taken from nobody. */
static void test_found_while_somebody_joins(void **state) {
    live_and_lost();
    oriel_session_renew(session);
    offer();
    slow_disk = true;
    assert_null(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT));
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, HASH, PRINT), "busy");
    oriel_session_live(session);
    g_string_truncate(effects, 0);
    guint64 first = g_array_index(waiting, guint64, 0), second = g_array_index(waiting, guint64, 1);
    oriel_session_recorded(session, second, true);
    g_string_truncate(effects, 0);
    whom = anna_again;
    oriel_session_recorded(session, first, true);
    expect("send:denial(busy)");
    whom = anna;
    assert_false(oriel_session_is_joined_by(session, OTHER));
    message_from(anna, end(0, "agent", "hung-up"));
    assert_non_null(strstr(effects->str, "announce:ended(agent,hung-up)"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_lost_and_found),
        TEST(test_lost_for_too_long),
        TEST(test_lost_before_the_first_picture),
        TEST(test_stopped_while_lost),
        TEST(test_without_egress_media_renews_by_itself),
        TEST(test_the_page_asks_for_another_path),
        TEST(test_the_page_is_left),
        TEST(test_the_page_is_left_while_a_path_comes_up),
        TEST(test_a_page_joins_its_session_again),
        TEST(test_who_joins),
        TEST(test_who_is_not_the_agent_of_the_session),
        TEST(test_who_joins_too_late),
        TEST(test_who_joins_after_the_time_that_was_granted),
        TEST(test_stopped_while_somebody_joins),
        TEST(test_found_while_somebody_joins),
    };
    return cmocka_run_group_tests_name("session_lost", tests, NULL, NULL);
}
