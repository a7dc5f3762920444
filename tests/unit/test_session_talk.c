/* core/session_talk: chat and drawing, while somebody is there and while nobody is. */
#include "session_rig.h"

static void test_chat(void **state) {
    reach(ORIEL_SESSION_STARTING);
    oriel_session_chat(session, 1, "before anything");
    oriel_session_say(session, "before anything");
    expect("");
    stop_by_person();
    gone();
    reach(ORIEL_SESSION_LIVE);
    panel_there = true;
    oriel_session_chat(session, 1, " Is the\n guard \u202eclosed?\u200b");
    expect("tell:Is the guard closed? heard:1");
    oriel_session_chat(session, 2, "\u200b\u202e"); /* nothing of it can be seen */
    expect("heard:2");
    oriel_session_say(session, "Yes\x1b[2J it is");
    expect("say:Yes[2J it is");
    oriel_session_say(session, " \u200b ");
    expect("");
    panel_there = false;
    oriel_session_provider_lost(session, "it ended");
    g_string_truncate(effects, 0);
    oriel_session_chat(session, 3, "a");
    oriel_session_chat(session, 4, "\u200b");
    oriel_session_chat(session, 5, "b");
    expect("");
    panel_there = true;
    oriel_session_provider_connected(session);
    expect("tell:a heard:3 heard:4 tell:b heard:5");
    stop_by_person();
    assert_int_equal(end_chat, 4);
    gone();
    reach(ORIEL_SESSION_LIVE);
    panel_there = false;
    for (guint i = 1; i <= 100; i++) /* a page that knows no measure */
        oriel_session_chat(session, i, "x");
    stop_by_person();
    gone();
    assert_int_equal(end_chat, 0);
    reach(ORIEL_SESSION_LIVE);
    panel_there = true;
    oriel_session_provider_connected(session); /* what waited died with its session */
    expect("");
}

static void test_drawing(void **state) {
    static const uint8_t points[] = {1, 0, 2, 0, 0xff, 0xff, 0, 1};
    uint8_t many[33 * 4] = {0};
    reach(ORIEL_SESSION_LIVE);
    panel_there = true;
    assert_true(oriel_session_draw(session, 3, 7, points, 8));
    assert_true(oriel_session_draw(session, 1, 0, points, 4));
    assert_true(oriel_session_draw(session, 2, 0, points, 4));
    assert_true(oriel_session_draw(session, 4, 0, points, 0));
    expect("draw:stroke(1,2 65535,256) draw:point(1,2) draw:mark(1,2) draw:clear()");
    assert_false(oriel_session_draw(session, 0, 0, points, 4));
    assert_false(oriel_session_draw(session, 5, 0, points, 4));
    assert_false(oriel_session_draw(session, 1, 0, points, 8));
    assert_false(oriel_session_draw(session, 1, 0, points, 0));
    assert_false(oriel_session_draw(session, 3, 0, points, 7));
    assert_false(oriel_session_draw(session, 3, 0, points, 0));
    assert_false(oriel_session_draw(session, 4, 0, points, 4));
    assert_false(oriel_session_draw(session, 3, 0, many, sizeof many));
    oriel_session_provider_lost(session, "it ended"); /* the picture stands still */
    g_string_truncate(effects, 0);
    assert_true(oriel_session_draw(session, 1, 0, points, 4));
    expect("");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_chat),
        TEST(test_drawing),
    };
    return cmocka_run_group_tests_name("session_talk", tests, NULL, NULL);
}
