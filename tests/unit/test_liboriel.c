/* liboriel: what the person decides and says, and what they are told: the question, scopes, masks, calls, chat. */
#include "liboriel_rig.h"

static void test_allowed_story(void **state) {
    connect_whole();
    send_core(ASK);
    SPIN_UNTIL(f.asks == 1);
    assert_int_equal(oriel_allow(f.oriel, "H1"), -EPERM); /* nobody has seen it yet */
    assert_int_equal(oriel_shown(f.oriel, "H2"), -ENOENT);
    assert_int_equal(oriel_shown(f.oriel, "H1"), 0);
    assert_int_equal(oriel_shown(f.oriel, "H1"), -EALREADY);
    assert_int_equal(oriel_allow(f.oriel, "H2"), -ENOENT);
    assert_int_equal(oriel_allow(f.oriel, NULL), -ENOENT);
    SPIN_UNTIL(f.lives == 1);
    assert_int_equal(oriel_allow(f.oriel, "H1"), 0);
    assert_int_equal(oriel_deny(f.oriel, "H1"), -ENOENT); /* one answer */
    expect_later("{\"t\":\"shown\",\"request\":\"H1\"}");
    expect_later("{\"t\":\"decision\",\"request\":\"H1\",\"allow\":true,\"scopes\":[\"view\"]}");

    send_core(SESSION("starting"));
    SPIN_UNTIL(f.sessions == 1);
    assert_int_equal(f.state, ORIEL_SESSION_STARTING);
    assert_string_equal(f.last, "Anna/F by  ");
    oriel_set_indicator(f.oriel, true);
    oriel_set_indicator(f.oriel, true);
    expect("{\"t\":\"state\",\"indicator\":true}");
    expect_silence();
    send_core(SESSION("live"));
    SPIN_UNTIL(f.state == ORIEL_SESSION_LIVE);
    assert_int_equal(oriel_stop(f.oriel, "S2"), -ENOENT);
    assert_int_equal(oriel_stop(f.oriel, "S1"), 0);
    expect("{\"t\":\"stop\",\"session\":\"S1\"}");
    send_core(ENDED);
    SPIN_UNTIL(f.state == ORIEL_SESSION_ENDED);
    assert_string_equal(f.last, "/ by agent hung-up");
    assert_int_equal(oriel_stop(f.oriel, "S1"), -ENOENT);
    send_core(ENDED); /* late: no news */
    send_core("{\"t\":\"withdraw\",\"request\":\"H1\",\"why\":\"timeout\"}");
    spin(0.05);
    assert_int_equal(f.sessions, 3);
    assert_int_equal(f.withdrawals, 0);
    assert_int_equal(f.closed, 0);
}

static int chats, drawings;
static struct oriel_draw drawn;
static struct oriel_draw_point drawn_points[ORIEL_DRAW_MAX];

static void on_chat(struct oriel *oriel, const char *text, void *user) {
    chats++;
    snprintf(f.last, sizeof f.last, "%s", text);
    act();
}

static void on_draw(struct oriel *oriel, const struct oriel_draw *draw, void *user) {
    drawings++;
    drawn = *draw;
    memcpy(drawn_points, draw->points, draw->n_points * sizeof *draw->points);
}

#define CHAT(session, text) "{\"t\":\"chat\",\"session\":\"" session "\",\"text\":\"" text "\"}"
#define DRAW(kind, stroke, points)                                                                                     \
    "{\"t\":\"draw\",\"session\":\"S1\",\"kind\":\"" kind "\",\"stroke\":" stroke ",\"points\":\"" points "\"}"

static void connect_talking(void) {
    const struct oriel_callbacks talking = {.size = sizeof talking,
                                            .online = on_online,
                                            .closed = on_closed,
                                            .session = on_session,
                                            .chat = on_chat,
                                            .draw = on_draw};

    chats = drawings = 0;
    assert_int_equal(oriel_new(f.path, "Test HMI", &talking, &f, &f.oriel), 0);
    while (f.peer < 0) {
        struct pollfd fd = {.fd = f.listener, .events = POLLIN};

        spin(0.02);
        if (poll(&fd, 1, 0) > 0)
            f.peer = accept(f.listener, NULL, NULL);
    }
    expect("{\"t\":\"hello\",\"v\":1,\"name\":\"Test HMI\",\"can\":[\"chat\",\"draw\"]}");
    expect("{\"t\":\"state\",\"indicator\":false}");
    send_core(WELCOME);
    SPIN_UNTIL(f.online == 1);
}

static void test_chat_and_drawing(void **state) {
    char longest[ORIEL_CHAT_MAX + 2];

    connect_talking();
    assert_int_equal(oriel_chat(f.oriel, "S1", "nobody is there"), -ENOENT);
    send_core(SESSION("live"));
    send_core(CHAT("S0", "of a session that is over"));
    send_core(CHAT("S1", "Is the guard closed?"));
    SPIN_UNTIL(chats == 1);
    assert_string_equal(f.last, "Is the guard closed?");
    send_core(DRAW("stroke", "7", "1,2 65535,0"));
    SPIN_UNTIL(drawings == 1);
    assert_int_equal(drawn.kind, ORIEL_DRAW_STROKE);
    assert_int_equal(drawn.stroke, 7);
    assert_int_equal(drawn.n_points, 2);
    assert_int_equal(drawn_points[1].x, 65535);
    send_core(DRAW("clear", "0", ""));
    SPIN_UNTIL(drawings == 2);
    assert_int_equal(drawn.kind, ORIEL_DRAW_CLEAR);
    send_core(DRAW("of-later", "0", "1,2"));
    memset(longest, 'x', sizeof longest);
    longest[ORIEL_CHAT_MAX + 1] = '\0';
    assert_int_equal(oriel_chat(f.oriel, "S1", ""), -EINVAL);
    assert_int_equal(oriel_chat(f.oriel, "S1", NULL), -EINVAL);
    assert_int_equal(oriel_chat(f.oriel, "S1", "\xff"), -EILSEQ);
    assert_int_equal(oriel_chat(f.oriel, "S1", longest), -EMSGSIZE);
    assert_int_equal(oriel_chat(f.oriel, "S2", "Yes"), -ENOENT);
    assert_int_equal(oriel_chat(f.oriel, "S1", "Yes"), 0);
    expect(CHAT("S1", "Yes"));
    for (int i = 0; i < 7; i++)
        assert_int_equal(oriel_chat(f.oriel, "S1", "x"), 0);
    assert_int_equal(oriel_chat(f.oriel, "S1", "x"), -EAGAIN);
    spin(1.1);
    assert_int_equal(oriel_chat(f.oriel, "S1", "x"), 0);
    assert_int_equal(f.closed, 0);
    assert_int_equal(drawings, 2);
    f.in_callback = DO_FREE;
    send_core(CHAT("S1", "bye"));
    SPIN_UNTIL(!f.oriel);
}

static void test_drawings_that_are_none(void **state) {
    static const char *const bad[] = {
        DRAW("stroke", "7", "1"),
        DRAW("stroke", "7", "1,2,3"),
        DRAW("stroke", "7", "65536,1"),
        DRAW("stroke", "7", "-1,1"),
        DRAW("stroke", "-7", "1,1"),
        DRAW("stroke", "7", ""),
        DRAW("clear", "0", "1,1"),
        DRAW("point", "0", "1,1 x"),
        CHAT("", "a"),
        "{\"t\":\"chat\",\"session\":\"S1\"}",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        connect_talking();
        send_core(SESSION("live"));
        send_core(bad[i]);
        SPIN_UNTIL(f.closed == 1);
        assert_non_null(strstr(f.why, "protocol: "));
        assert_int_equal(drawings + chats, 0);
        oriel_free(f.oriel);
        close(f.peer);
        f.peer = -1;
        f.online = f.closed = 0;
        f.oriel = NULL;
    }
}

/* Attack 13: a tap that was meant for something else, or a program that answers in the person's place. */
static void test_attack_13_instant_tap(void **state) {
    double shown;

    connect_whole();
    send_core(ASK);
    SPIN_UNTIL(f.asks == 1);
    shown = seconds();
    assert_int_equal(oriel_shown(f.oriel, "H1"), 0);
    expect("{\"t\":\"shown\",\"request\":\"H1\"}");
    while (seconds() - shown < 0.9) {
        assert_int_equal(oriel_allow(f.oriel, "H1"), -EAGAIN);
        assert_int_equal(f.lives, 0);
        spin(0.05);
    }
    SPIN_UNTIL(f.lives == 1);
    assert_true(seconds() - shown >= 1);
    assert_string_equal(f.last, "live H1");
    assert_int_equal(oriel_allow(f.oriel, "H1"), 0);
    /* The second question has a second of its own, and Deny acts at once. */
    send_core(ASK);
    SPIN_UNTIL(f.asks == 2);
    assert_int_equal(oriel_shown(f.oriel, "H1"), 0);
    assert_int_equal(oriel_allow(f.oriel, "H1"), -EAGAIN);
    assert_int_equal(oriel_deny(f.oriel, "H1"), 0);
    spin(1.1);
    assert_int_equal(f.lives, 1); /* answered: nothing is to be enabled any more */
}

/* Core counts from when it read `shown`: what it finds too soon is said again, as the person said it. */
static void test_allow_that_core_finds_early(void **state) {
    static const char ask[] =
        "{\"t\":\"ask\",\"request\":\"H1\",\"agent\":\"Anna Weber\",\"company\":\"Fill & Cap GmbH\",\"reason\":\"Jam\","
        "\"scopes\":[\"view\"],\"seconds\":600,\"timeout\":60,\"allow_after\":300}";
    static const char early[] = "{\"t\":\"early\",\"request\":\"H1\",\"ms\":200}";
    static const char decision[] = "{\"t\":\"decision\",\"request\":\"H1\",\"allow\":true,\"scopes\":[\"view\"]}";
    double from;

    connect_whole();
    send_core(ask);
    SPIN_UNTIL(f.asks == 1);
    from = seconds();
    assert_int_equal(oriel_shown(f.oriel, "H1"), 0);
    send_core(early); /* nothing was allowed yet: nothing is said */
    SPIN_UNTIL(f.lives == 1);
    assert_true(seconds() - from >= 0.3);
    assert_int_equal(oriel_allow(f.oriel, "H1"), 0);
    expect_later("{\"t\":\"shown\",\"request\":\"H1\"}");
    expect_later(decision);
    from = seconds();
    send_core(early);
    SPIN_UNTIL(seconds() - from >= 0.19);
    SPIN_UNTIL(recv(f.peer, (char[1]){0}, 1, MSG_PEEK | MSG_DONTWAIT) == 1);
    expect_later(decision);
    assert_int_equal(oriel_allow(f.oriel, "H1"), -ENOENT);
    send_core(early);
    send_core("{\"t\":\"withdraw\",\"request\":\"H1\",\"why\":\"timeout\"}");
    spin(0.3);
    for (char data[64]; recv(f.peer, data, sizeof data - 1, MSG_DONTWAIT) > 0;) /* its reports, and no decision */
        assert_memory_equal(data, "{\"t\":\"state\"", 12);
}

static void test_handle_freed_when_allow_begins_to_act(void **state) {
    connect_whole();
    send_core(ASK);
    SPIN_UNTIL(f.asks == 1);
    assert_int_equal(oriel_shown(f.oriel, "H1"), 0);
    f.in_callback = DO_FREE;
    SPIN_UNTIL(!f.oriel);
    assert_int_equal(f.lives, 1);
}

static void on_any_ask(struct oriel *oriel, const struct oriel_ask *ask, void *user) {
    f.asks++;
    snprintf(f.last, sizeof f.last, "%d %s %zu", ask->kind, ask->code, ask->n_scopes);
}

static void on_any_session(struct oriel *oriel, const struct oriel_session *session, void *user) {
    f.sessions++;
    f.state = session->state;
    snprintf(f.last, sizeof f.last, "%s", session->why);
}

static void test_scopes_one_by_one(void **state) {
    static const char *const ticked[] = {"logs", "view"}, *const other[] = {"view", "everything"};
    const struct oriel_callbacks any = {
        .size = sizeof any, .online = on_online, .ask = on_any_ask, .session = on_any_session};

    assert_int_equal(oriel_new(f.path, "Test HMI", &any, &f, &f.oriel), 0);
    accept_hello();
    expect("{\"t\":\"state\",\"indicator\":false}");
    send_core(WELCOME);
    SPIN_UNTIL(f.online == 1);
    send_core(
        "{\"t\":\"ask\",\"request\":\"H1\",\"kind\":\"again\",\"code\":\"048213\",\"agent\":\"A\",\"company\":\"F\","
        "\"reason\":\"J\",\"scopes\":[\"view\",\"control\",\"logs\"],\"seconds\":600,\"timeout\":60}");
    SPIN_UNTIL(f.asks == 1);
    assert_string_equal(f.last, "2 048213 3");
    assert_int_equal(oriel_shown(f.oriel, "H1"), 0);
    expect("{\"t\":\"shown\",\"request\":\"H1\"}");
    assert_int_equal(oriel_allow_scopes(f.oriel, "H1", NULL, 0), -EINVAL);
    assert_int_equal(oriel_allow_scopes(f.oriel, "H1", other, 2), -EINVAL);
    spin(1.01);
    assert_int_equal(oriel_allow_scopes(f.oriel, "H1", ticked, 2), 0);
    expect_later("{\"t\":\"decision\",\"request\":\"H1\",\"allow\":true,\"scopes\":[\"logs\",\"view\"]}");
    assert_int_equal(oriel_remove(f.oriel, "S1", "logs"), -ENOENT);
    send_core("{\"t\":\"session\",\"state\":\"paused\",\"session\":\"S1\",\"agent\":\"A\",\"company\":\"F\",\"scopes\":"
              "[\"view\"],"
              "\"seconds\":600,\"left\":10,\"why\":\"indicator\"}");
    SPIN_UNTIL(f.sessions == 1);
    assert_int_equal(f.state, ORIEL_SESSION_PAUSED);
    assert_string_equal(f.last, "indicator");
    assert_int_equal(oriel_remove(f.oriel, "S1", "logs"), 0);
    expect_later("{\"t\":\"remove\",\"session\":\"S1\",\"scope\":\"logs\"}");
}

static void test_masks(void **state) {
    static const struct oriel_mask masks[] = {{600, 300, 200, 180}, {0, 0, 4096, 1}}, bad[] = {{1, 1, 4096, 1}};

    make_oriel();
    assert_int_equal(oriel_set_masks(f.oriel, masks, 2), 0); /* before there is a connection: told with it */
    accept_hello();
    expect("{\"t\":\"state\",\"indicator\":false}");
    expect("{\"t\":\"masks\",\"masks\":\"600,300,200x180;0,0,4096x1\"}");
    send_core(WELCOME);
    SPIN_UNTIL(f.online == 1);
    assert_int_equal(oriel_set_masks(f.oriel, bad, 1), -EINVAL);
    assert_int_equal(oriel_set_masks(f.oriel, masks, 17), -EINVAL);
    assert_int_equal(oriel_set_masks(f.oriel, NULL, 0), 0);
    expect("{\"t\":\"masks\",\"masks\":\"\"}");
}

static int maskeds;

static void on_masked(struct oriel *oriel, void *user) {
    maskeds++;
    act();
}

/* What is hidden may be drawn when the masks that were set last are in force, not those before. */
static void test_masks_in_force(void **state) {
    static const struct oriel_mask masks[] = {{1, 2, 3, 4}};
    const struct oriel_callbacks any = {.size = sizeof any, .online = on_online, .masked = on_masked};

    maskeds = 0;
    assert_int_equal(oriel_new(f.path, "Test HMI", &any, &f, &f.oriel), 0);
    accept_hello();
    expect("{\"t\":\"state\",\"indicator\":false}");
    send_core(WELCOME);
    SPIN_UNTIL(f.online == 1);
    send_core("{\"t\":\"masked\"}"); /* of nothing */
    spin(0.05);
    assert_int_equal(oriel_set_masks(f.oriel, masks, 1), 0);
    assert_int_equal(oriel_set_masks(f.oriel, NULL, 0), 0);
    spin(0.05);
    send_core("{\"t\":\"masked\"}");
    spin(0.05);
    assert_int_equal(maskeds, 0);
    send_core("{\"t\":\"masked\"}");
    SPIN_UNTIL(maskeds == 1);
    assert_int_equal(oriel_set_masks(f.oriel, masks, 1), 0);
    f.in_callback = DO_FREE;
    send_core("{\"t\":\"masked\"}");
    SPIN_UNTIL(!f.oriel);
}

static void test_call_with_what_the_machine_knows(void **state) {
    static const char *const alarms[] = {"AE-310 Capper jammed", "BE-330 \"full\""}, *const bad[] = {NULL};
    struct oriel_call call = {
        .size = sizeof call, .note = "Jam", .page = "Alarms", .alarms = alarms, .n_alarms = 2, .callback = "221"};

    connect_whole();
    assert_int_equal(oriel_call_with(f.oriel, &call), 0);
    expect("{\"t\":\"call\",\"note\":\"Jam\",\"page\":\"Alarms\",\"alarms\":[\"AE-310 Capper jammed\",\"BE-330 "
           "\\\"full\\\"\"],"
           "\"callback\":\"221\"}");
    call.n_alarms = 9;
    assert_int_equal(oriel_call_with(f.oriel, &call), -EINVAL);
    call.n_alarms = 1;
    call.alarms = bad;
    assert_int_equal(oriel_call_with(f.oriel, &call), -EINVAL);
    call = (struct oriel_call){.size = sizeof call,
                               .page = "12345678901234567890123456789012345678901234567890123456789012345"};
    assert_int_equal(oriel_call_with(f.oriel, &call), -EMSGSIZE);
    call = (struct oriel_call){.size = sizeof call, .callback = "\xff"};
    assert_int_equal(oriel_call_with(f.oriel, &call), -EILSEQ);
    assert_int_equal(oriel_call_with(f.oriel, &(struct oriel_call){0}), -EINVAL);
    expect_silence();
}

static void test_denied_withdrawn_call(void **state) {
    char note[ORIEL_NOTE_MAX * 2 + 3] = "";

    connect_whole();
    send_core(ASK);
    SPIN_UNTIL(f.asks == 1);
    assert_int_equal(oriel_deny(f.oriel, "H1"), 0); /* also unseen */
    expect("{\"t\":\"decision\",\"request\":\"H1\",\"allow\":false}");
    send_core(ASK);
    SPIN_UNTIL(f.asks == 2);
    send_core("{\"t\":\"withdraw\",\"request\":\"H1\",\"why\":\"timeout\"}");
    SPIN_UNTIL(f.withdrawals == 1);
    assert_string_equal(f.last, "H1 timeout");
    assert_int_equal(oriel_shown(f.oriel, "H1"), -ENOENT);

    assert_int_equal(oriel_call(f.oriel, "Jam \"again\" at the capper"), 0);
    expect("{\"t\":\"call\",\"note\":\"Jam \\\"again\\\" at the capper\"}");
    assert_int_equal(oriel_call(f.oriel, NULL), 0);
    expect("{\"t\":\"call\",\"note\":\"\"}");
    for (int i = 0; i < ORIEL_NOTE_MAX; i++)
        strcat(note, "é");
    assert_int_equal(oriel_call(f.oriel, note), 0);
    strcat(note, "x");
    assert_int_equal(oriel_call(f.oriel, note), -EMSGSIZE);
    assert_int_equal(oriel_call(f.oriel, "\xc3"), -EILSEQ);
    send_core("{\"t\":\"call\",\"call\":true}");
    SPIN_UNTIL(f.calls == 1);
    assert_string_equal(f.last, "call 1");
    assert_int_equal(oriel_uncall(f.oriel), 0);
    send_core("{\"t\":\"online\",\"online\":false}");
    SPIN_UNTIL(f.online == 2);
    assert_string_equal(f.last, "online 0 call 1");
    send_core("{\"t\":\"tomorrow\",\"x\":[[1,2]]}"); /* unknown kinds are ignored */
    spin(0.05);
    assert_int_equal(f.closed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_allowed_story),
        TEST(test_chat_and_drawing),
        TEST(test_drawings_that_are_none),
        TEST(test_attack_13_instant_tap),
        TEST(test_allow_that_core_finds_early),
        TEST(test_handle_freed_when_allow_begins_to_act),
        TEST(test_scopes_one_by_one),
        TEST(test_masks),
        TEST(test_masks_in_force),
        TEST(test_call_with_what_the_machine_knows),
        TEST(test_denied_withdrawn_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
