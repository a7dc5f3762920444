/* liboriel against a core that is made here: a real SEQPACKET socket, real time, faults on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "oriel.h"

#define WELCOME                                                                                                        \
    "{\"t\":\"welcome\",\"v\":1,\"device\":\"filler-1\",\"name\":\"Filler 1\",\"online\":true,\"call\":false}"
#define ASK                                                                                                            \
    "{\"t\":\"ask\",\"request\":\"H1\",\"agent\":\"Anna Weber\",\"company\":\"Fill & Cap GmbH\",\"reason\":\"Jam\","   \
    "\"scopes\":[\"view\"],\"seconds\":600,\"timeout\":60,\"later\":{\"x\":[1]}}"
#define SESSION(state)                                                                                                 \
    "{\"t\":\"session\",\"state\":\"" state "\",\"session\":\"S1\",\"agent\":\"Anna\",\"company\":\"F\","              \
    "\"scopes\":[\"view\"],\"seconds\":600,\"left\":599}"
#define ENDED "{\"t\":\"session\",\"state\":\"ended\",\"session\":\"S1\",\"by\":\"agent\",\"reason\":\"hung-up\"}"

struct fixture {
    char directory[64], path[96];
    int listener, peer;
    struct oriel *oriel;
    int online, closed, asks, withdrawals, sessions, calls, lives;
    char why[256], last[256], request[128], session[128];
    enum oriel_session_state state;
    enum { DO_NOTHING, DO_FREE, DO_DENY, DO_NEST } in_callback;
};

static struct fixture f;

static double seconds(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What a callback does to the handle besides noting that it came. */
static void act(void) {
    if (f.in_callback == DO_FREE) {
        oriel_free(f.oriel);
        f.oriel = NULL;
    } else if (f.in_callback == DO_DENY) {
        assert_int_equal(oriel_deny(f.oriel, f.request), 0);
    } else if (f.in_callback == DO_NEST) {
        assert_int_equal(oriel_dispatch(f.oriel), 0);
    }
}

static void on_online(struct oriel *oriel, const struct oriel_device *device, void *user) {
    assert_ptr_equal(user, &f);
    assert_string_equal(device->id, "filler-1");
    assert_string_equal(device->name, "Filler 1");
    f.online++;
    snprintf(f.last, sizeof f.last, "online %d call %d", device->online, device->call);
}

static void on_closed(struct oriel *oriel, const char *why, void *user) {
    f.closed++;
    snprintf(f.why, sizeof f.why, "%s", why);
    act();
}

static void on_ask(struct oriel *oriel, const struct oriel_ask *ask, void *user) {
    f.asks++;
    assert_string_equal(ask->agent, "Anna Weber");
    assert_string_equal(ask->company, "Fill & Cap GmbH");
    assert_string_equal(ask->reason, "Jam");
    assert_int_equal(ask->n_scopes, 1);
    assert_string_equal(ask->scopes[0], "view");
    assert_int_equal(ask->seconds, 600);
    assert_int_equal(ask->timeout, 60);
    snprintf(f.request, sizeof f.request, "%s", ask->request);
    act();
}

static void on_withdraw(struct oriel *oriel, const char *request, const char *why, void *user) {
    f.withdrawals++;
    snprintf(f.last, sizeof f.last, "%s %s", request, why);
    act();
}

static void on_session(struct oriel *oriel, const struct oriel_session *session, void *user) {
    f.sessions++;
    f.state = session->state;
    snprintf(f.session, sizeof f.session, "%s", session->session);
    snprintf(f.last, sizeof f.last, "%s/%s by %s %s", session->agent, session->company, session->by, session->reason);
    act();
}

static void on_call(struct oriel *oriel, bool call, void *user) {
    f.calls++;
    snprintf(f.last, sizeof f.last, "call %d", call);
}

static void on_live(struct oriel *oriel, const char *request, void *user) {
    f.lives++;
    snprintf(f.last, sizeof f.last, "live %s", request);
    act();
}

static const struct oriel_callbacks callbacks = {
    .size = sizeof callbacks,
    .online = on_online,
    .closed = on_closed,
    .ask = on_ask,
    .withdraw = on_withdraw,
    .session = on_session,
    .call = on_call,
    .live = on_live,
};

static void listen_here(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s", f.path);
    f.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(f.listener >= 0);
    assert_int_equal(bind(f.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(f.listener, 4), 0);
}

static void stop_listening(void) {
    close(f.listener);
    unlink(f.path);
    f.listener = -1;
}

/* Lets the library work as an HMI's loop does: dispatch only when the descriptor is readable. */
static void spin(double time) {
    double end = seconds() + time;

    while (f.oriel && seconds() < end) {
        struct pollfd fd = {.fd = oriel_fd(f.oriel), .events = POLLIN};

        if (poll(&fd, 1, (int)((end - seconds()) * 1000) + 1) > 0)
            assert_int_equal(oriel_dispatch(f.oriel), 0);
    }
}

#define SPIN_UNTIL(condition)                                                                                          \
    do {                                                                                                               \
        double end_ = seconds() + 5;                                                                                   \
        while (!(condition)) {                                                                                         \
            assert_true(seconds() < end_);                                                                             \
            spin(0.01);                                                                                                \
        }                                                                                                              \
    } while (0)

static void send_core(const char *packet) {
    assert_int_equal(send(f.peer, packet, strlen(packet), MSG_NOSIGNAL), strlen(packet));
}

static void expect(const char *packet) {
    char data[8193];
    struct pollfd fd = {.fd = f.peer, .events = POLLIN};
    ssize_t n;

    assert_int_equal(poll(&fd, 1, 3000), 1);
    n = recv(f.peer, data, sizeof data - 1, 0);
    assert_true(n >= 0);
    data[n] = '\0';
    assert_string_equal(data, packet);
}

/* The same, past the reports of each second. */
static void expect_later(const char *packet) {
    static const char state[] = "{\"t\":\"state\"";
    char data[sizeof state];

    while (recv(f.peer, data, sizeof data - 1, MSG_PEEK) == sizeof data - 1 && !memcmp(data, state, sizeof data - 1))
        recv(f.peer, data, sizeof data, 0);
    expect(packet);
}

static void expect_silence(void) {
    struct pollfd fd = {.fd = f.peer, .events = POLLIN};

    assert_int_equal(poll(&fd, 1, 0), 0);
}

static void accept_hello(void) {
    struct pollfd fd = {.fd = f.listener, .events = POLLIN};
    double end = seconds() + 5;

    while (poll(&fd, 1, 0) == 0) {
        assert_true(seconds() < end);
        spin(0.02);
    }
    f.peer = accept(f.listener, NULL, NULL);
    assert_true(f.peer >= 0);
    expect("{\"t\":\"hello\",\"v\":1,\"name\":\"Test HMI\"}");
}

static void make_oriel(void) {
    assert_int_equal(oriel_new(f.path, "Test HMI", &callbacks, &f, &f.oriel), 0);
}

static void connect_whole(void) {
    make_oriel();
    accept_hello();
    expect("{\"t\":\"state\",\"indicator\":false}");
    send_core(WELCOME);
    SPIN_UNTIL(f.online == 1);
    assert_true(oriel_connected(f.oriel));
    assert_string_equal(f.last, "online 1 call 0");
}

static int setup(void **state) {
    memset(&f, 0, sizeof f);
    f.peer = -1;
    snprintf(f.directory, sizeof f.directory, "/tmp/oriel-test-XXXXXX");
    if (!mkdtemp(f.directory))
        return -1;
    snprintf(f.path, sizeof f.path, "%s/consent.sock", f.directory);
    listen_here();
    return 0;
}

static int teardown(void **state) {
    oriel_free(f.oriel);
    if (f.peer >= 0)
        close(f.peer);
    if (f.listener >= 0)
        stop_listening();
    return rmdir(f.directory);
}

static void test_arguments(void **state) {
    struct oriel *oriel = NULL;
    char longest[300];
    struct oriel_callbacks without = {0};

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(oriel_new(longest, "n", &callbacks, NULL, &oriel), -ENAMETOOLONG);
    assert_int_equal(oriel_new("", "n", &callbacks, NULL, &oriel), -EINVAL);
    assert_int_equal(oriel_new(f.path, "", &callbacks, NULL, &oriel), -EINVAL);
    assert_int_equal(oriel_new(f.path, NULL, &callbacks, NULL, &oriel), -EINVAL);
    assert_int_equal(oriel_new(f.path, "n", NULL, NULL, &oriel), -EINVAL);
    assert_int_equal(oriel_new(f.path, "n", &without, NULL, &oriel), -EINVAL);
    longest[65] = '\0';
    assert_int_equal(oriel_new(f.path, longest, &callbacks, NULL, &oriel), -EMSGSIZE);
    assert_int_equal(oriel_new(f.path, "\xff", &callbacks, NULL, &oriel), -EILSEQ);
    assert_null(oriel);
    oriel_free(NULL);

    make_oriel();
    assert_false(oriel_connected(f.oriel));
    assert_int_equal(oriel_call(f.oriel, "x"), -ENOTCONN);
    assert_int_equal(oriel_uncall(f.oriel), -ENOTCONN);
    assert_int_equal(oriel_allow(f.oriel, "H1"), -ENOENT);
    assert_int_equal(oriel_stop(f.oriel, "S1"), -ENOENT);
}

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

static bool peer_has_packet(void) {
    struct pollfd fd = {.fd = f.peer, .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

static void test_state_each_second(void **state) {
    double last = 0;

    connect_whole();
    for (int i = 0; i < 3; i++) {
        SPIN_UNTIL(peer_has_packet());
        expect("{\"t\":\"state\",\"indicator\":false}");
        if (i > 0)
            assert_true(seconds() - last > 0.5 && seconds() - last < 2); /* core gives up after 3 */
        last = seconds();
    }
    /* A loop that stood still sends one report when it goes on, not all that it missed. */
    usleep(2100 * 1000);
    spin(0.05);
    expect("{\"t\":\"state\",\"indicator\":false}");
    expect_silence();
}

/* Each ends the connection, tells why, and the library comes back. */
static void test_bad_packets(void **state) {
    static const struct {
        const char *packet, *why;
    } bad[] = {
        {"garbage", "protocol: not an object"},
        {"\xff\xfe", "protocol: not an object"},
        {"{\"t\":\"ask\"", "protocol: object without an end"},
        {"{\"x\":1}", "protocol: a packet without \"t\""},
        {"{\"t\":1}", "protocol: a packet without \"t\""},
        {"{\"t\":\"ask\"}", "protocol: ask: a member is missing or of the wrong type"},
        {"{\"t\":\"ask\",\"request\":\"\",\"agent\":\"a\",\"company\":\"c\",\"reason\":\"r\",\"scopes\":[\"view\"],"
         "\"seconds\":1,\"timeout\":1}",
         "protocol: ask: a member is missing or of the wrong type"},
        {"{\"t\":\"ask\",\"request\":\"H\",\"agent\":\"a\",\"company\":\"c\",\"reason\":\"r\",\"scopes\":[],"
         "\"seconds\":1,\"timeout\":1}",
         "protocol: ask: a member is missing or of the wrong type"},
        {"{\"t\":\"ask\",\"request\":\"H\",\"agent\":\"a\",\"company\":\"c\",\"reason\":\"r\",\"scopes\":[\"view\"],"
         "\"seconds\":-1,\"timeout\":1}",
         "protocol: ask: a member is missing or of the wrong type"},
        {"{\"t\":\"session\",\"state\":\"odd\",\"session\":\"S1\"}",
         "protocol: session: a session in an unknown state"},
        {"{\"t\":\"call\",\"call\":1}", "protocol: call: a member is missing or of the wrong type"},
        {"{\"t\":\"online\"}", "protocol: online: a member is missing or of the wrong type"},
        {"{\"t\":\"withdraw\",\"request\":\"H\"}", "protocol: withdraw: a member is missing or of the wrong type"},
        {WELCOME, "protocol: welcome: welcome twice"},
        {"{\"t\":\"refused\",\"why\":\"go away\"}", "refused: go away"},
        {"{\"t\":\"refused\"}", "refused: no reason given"},
    };

    make_oriel();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char data[16];

        accept_hello();
        expect("{\"t\":\"state\",\"indicator\":false}");
        send_core(WELCOME);
        SPIN_UNTIL(oriel_connected(f.oriel));
        send_core(bad[i].packet);
        SPIN_UNTIL(f.closed == (int)i + 1);
        assert_string_equal(f.why, bad[i].why);
        assert_false(oriel_connected(f.oriel));
        assert_int_equal(recv(f.peer, data, sizeof data, 0), 0);
        close(f.peer);
    }
    assert_int_equal(f.asks + f.sessions + f.calls + f.withdrawals, 0);
    f.peer = -1;
}

static void test_size_limits(void **state) {
    char packet[8194];

    connect_whole();
    memset(packet, ' ', sizeof packet);
    memcpy(packet, ASK, strlen(ASK));
    assert_int_equal(send(f.peer, packet, 8192, 0), 8192);
    SPIN_UNTIL(f.asks == 1);
    assert_int_equal(send(f.peer, packet, 8193, 0), 8193);
    SPIN_UNTIL(f.closed == 1);
    assert_string_equal(f.why, "protocol: a packet of more than 8 KiB");
    assert_string_equal(f.last, "H1 disconnected"); /* the prompt was taken away */
    assert_int_equal(f.withdrawals, 1);
}

static void test_order(void **state) {
    make_oriel();
    accept_hello();
    send_core(ASK); /* before welcome */
    SPIN_UNTIL(f.closed == 1);
    assert_string_equal(f.why, "protocol: ask: speaks before its welcome");
    assert_int_equal(f.asks, 0);
    close(f.peer);
    accept_hello();
    send_core("{\"t\":\"welcome\",\"v\":2,\"device\":\"d\",\"name\":\"n\",\"online\":true,\"call\":false}");
    SPIN_UNTIL(f.closed == 2);
    assert_non_null(strstr(f.why, "another version"));
    close(f.peer);
    accept_hello();
    send_core(WELCOME);
    send_core(ASK);
    send_core(ASK);
    SPIN_UNTIL(f.closed == 3);
    assert_string_equal(f.why, "protocol: ask: asks while another request is open");
    assert_int_equal(f.asks, 1);
    assert_int_equal(f.withdrawals, 1);
}

static void test_lost_in_session(void **state) {
    connect_whole();
    send_core(SESSION("live"));
    SPIN_UNTIL(f.sessions == 1);
    close(f.peer);
    SPIN_UNTIL(f.closed == 1);
    assert_string_equal(f.why, "Oriel closed the connection");
    assert_int_equal(f.sessions, 2);
    assert_int_equal(f.state, ORIEL_SESSION_ENDED);
    assert_string_equal(f.session, "S1");
    assert_string_equal(f.last, "/ by device disconnected");
    /* It comes back by itself and is told of a session that still lives. */
    accept_hello();
    send_core(WELCOME);
    send_core(SESSION("live"));
    SPIN_UNTIL(f.sessions == 3);
    assert_int_equal(f.state, ORIEL_SESSION_LIVE);
}

static void test_refused_and_closed_at_once(void **state) {
    const char *refused = "{\"t\":\"refused\",\"why\":\"another provider is connected\"}";

    make_oriel();
    oriel_dispatch(f.oriel);
    f.peer = accept(f.listener, NULL, NULL);
    send_core(refused);
    close(f.peer); /* with hello unread: the library's socket has an error and a packet */
    f.peer = -1;
    SPIN_UNTIL(f.closed == 1);
    assert_string_equal(f.why, "refused: another provider is connected");
}

static void test_absent_and_restarted(void **state) {
    double start;

    stop_listening();
    make_oriel();
    spin(0.5);
    assert_int_equal(f.closed, 1); /* once, not for each attempt */
    assert_non_null(strstr(f.why, "No such file or directory"));
    assert_non_null(strstr(f.why, f.path));
    spin(1.0);
    assert_int_equal(f.closed, 1);
    listen_here();
    start = seconds();
    accept_hello();
    assert_true(seconds() - start < 2.8);
    send_core(WELCOME);
    SPIN_UNTIL(f.online == 1);
    /* After a welcome the first attempts are quick again. */
    close(f.peer);
    start = seconds();
    SPIN_UNTIL(f.closed == 2);
    accept_hello();
    assert_true(seconds() - start < 0.9);
}

static void test_no_welcome(void **state) {
    double start = seconds();

    make_oriel();
    accept_hello();
    SPIN_UNTIL(f.closed == 1);
    assert_string_equal(f.why, "Oriel does not answer");
    assert_true(seconds() - start > 2.5);
    assert_true(seconds() - start < 4.5);
}

/* Core stops reading: the library never waits, and takes the full socket for the end. */
static void test_core_that_hangs(void **state) {
    double start = seconds();
    int r = 0;

    connect_whole();
    for (int i = 0; i < 100000 && r == 0; i++)
        r = oriel_call(f.oriel, "x");
    assert_int_equal(r, -EPIPE);
    assert_true(seconds() - start < 2);
    assert_false(oriel_connected(f.oriel));
    assert_int_equal(f.closed, 0); /* no callback out of a call of ours … */
    SPIN_UNTIL(f.closed == 1);     /* … but out of the next dispatch */
    assert_string_equal(f.why, "Oriel does not read what it is told");
}

/* A flood must leave the HMI's loop its turn: one dispatch handles a bounded number of packets. */
static void test_flood(void **state) {
    int sent = 0;

    connect_whole();
    while (sent < 200 && send(f.peer, "{\"t\":\"call\",\"call\":true}", 24, MSG_DONTWAIT | MSG_NOSIGNAL) == 24)
        sent++;
    assert_true(sent > 40);
    oriel_dispatch(f.oriel);
    assert_int_equal(f.calls, 32);
    SPIN_UNTIL(f.calls == sent);
    assert_int_equal(f.closed, 0);
}

static void test_free_in_callbacks(void **state) {
    static const char *const first[] = {ASK, SESSION("live"), "{\"t\":\"refused\",\"why\":\"x\"}"};

    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        char data[64];

        f.online = 0;
        connect_whole();
        f.in_callback = DO_FREE;
        send_core(first[i]);
        send_core(ASK); /* must reach nobody any more */
        SPIN_UNTIL(!f.oriel);
        f.in_callback = DO_NOTHING;
        assert_true(recv(f.peer, data, sizeof data, 0) <= 0);
        close(f.peer);
    }
    assert_int_equal(f.asks, 1);
    /* The callbacks that a lost connection makes: the handle goes in the first of them. */
    f.online = 0;
    connect_whole();
    send_core(ASK);
    send_core(SESSION("live"));
    SPIN_UNTIL(f.asks == 2 && f.sessions == 2);
    f.in_callback = DO_FREE;
    close(f.peer);
    SPIN_UNTIL(!f.oriel);
    assert_int_equal(f.withdrawals, 1);
    assert_int_equal(f.sessions, 2);
    f.peer = -1;
}

static void test_other_functions_in_callbacks(void **state) {
    connect_whole();
    f.in_callback = DO_DENY;
    send_core(ASK);
    SPIN_UNTIL(f.asks == 1);
    expect("{\"t\":\"decision\",\"request\":\"H1\",\"allow\":false}");
    f.in_callback = DO_NEST;
    send_core(ASK);
    send_core(SESSION("live")); /* handled inside the callback of the ask */
    send_core("{\"t\":\"call\",\"call\":true}");
    SPIN_UNTIL(f.calls == 1);
    assert_int_equal(f.asks, 2);
    assert_int_equal(f.sessions, 1);
    assert_int_equal(f.closed, 0);
}

static void test_callbacks_may_be_absent(void **state) {
    struct oriel_callbacks older = {.size = sizeof(size_t)}; /* as if built against a header without any of them */

    older.closed = on_closed;
    assert_int_equal(oriel_new(f.path, "Test HMI", &older, NULL, &f.oriel), 0);
    accept_hello();
    send_core(WELCOME);
    send_core(ASK);
    send_core(SESSION("live"));
    SPIN_UNTIL(oriel_connected(f.oriel));
    close(f.peer);
    f.peer = -1;
    SPIN_UNTIL(!oriel_connected(f.oriel));
    assert_int_equal(f.closed, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_arguments),
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
        TEST(test_state_each_second),
        TEST(test_bad_packets),
        TEST(test_size_limits),
        TEST(test_order),
        TEST(test_lost_in_session),
        TEST(test_refused_and_closed_at_once),
        TEST(test_absent_and_restarted),
        TEST(test_no_welcome),
        TEST(test_core_that_hangs),
        TEST(test_flood),
        TEST(test_free_in_callbacks),
        TEST(test_other_functions_in_callbacks),
        TEST(test_callbacks_may_be_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
