/* What the tests of liboriel share: an HMI with a handle, and a core that is made here: a real SEQPACKET socket, real
 * time, faults on purpose. For tests only; one thread. */
#ifndef ORIEL_TESTS_LIBORIEL_RIG_H
#define ORIEL_TESTS_LIBORIEL_RIG_H

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
        double end_ = seconds() + 20;                                                                                  \
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
__attribute__((unused)) static void expect_later(const char *packet) {
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
    double end = seconds() + 20;

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
