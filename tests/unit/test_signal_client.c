/* signal/client: one attempt after the other, at the worst moments. The broker is played by a thread that says of each
 * connection what becomes of it (MQTT 5, sections 3.2, 3.9, 3.14). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"

#define TAKEN_OVER "\xe0\2\x8e\0"

/* What the broker does with connections. */
enum manner {
    KEEPS,        /* accepts, and never lets go */
    TAKES_OVER,   /* accepts, and says in the same breath that another client has this id */
    SOON_TAKES,   /* the same, a moment later */
    ENDS,         /* accepts and closes */
    ENDS_UNHEARD, /* closes before the answer */
    REFUSES,      /* not authorised */
};

static atomic_int manner, accepted, open_now;
static int listener;
static struct oriel_signal_target target;
static struct oriel_inbox inbox;
static struct oriel_client client;

static void *serve(void *argument) {
    int fd = (int)(intptr_t)argument, how = manner;
    char bytes[2048];
    if (recv(fd, bytes, sizeof bytes, 0) > 0) {
        atomic_fetch_add(&accepted, 1);
        if (how == REFUSES)
            send(fd, "\x20\3\0\x87\0", 5, MSG_NOSIGNAL);
        else if (how != ENDS_UNHEARD)
            send(fd, how == TAKES_OVER ? "\x20\3\0\0\0" TAKEN_OVER : "\x20\3\0\0\0", how == TAKES_OVER ? 9 : 5,
                 MSG_NOSIGNAL);
        if (how == SOON_TAKES) {
            usleep(2000);
            send(fd, TAKEN_OVER, 4, MSG_NOSIGNAL);
        }
        while (how == KEEPS && recv(fd, bytes, sizeof bytes, 0) > 0)
            ;
    }
    close(fd);
    atomic_fetch_sub(&open_now, 1);
    return NULL;
}

static void *accept_all(void *unused) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        pthread_t thread;
        atomic_fetch_add(&open_now, 1);
        pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd);
        pthread_detach(thread);
    }
    return NULL;
}

/* The first of these events of the present attempt. */
static unsigned outcome(unsigned wanted) {
    int64_t deadline = oriel_monotonic() + 20 * ORIEL_SECOND;
    struct oriel_inbox_link link;
    do {
        struct pollfd p = {.fd = inbox.fd, .events = POLLIN};
        poll(&p, 1, 100);
        oriel_inbox_drain(&inbox, &link);
        if (link.events & wanted)
            return link.events;
    } while (oriel_monotonic() < deadline);
    return 0;
}

/* What is told in the next moments. */
static unsigned quiet(void) {
    struct oriel_inbox_link link;
    usleep(5000);
    oriel_inbox_drain(&inbox, &link);
    return link.events;
}

static void connect_as(enum manner how, bool five) {
    manner = how;
    assert_int_equal(oriel_client_connect(&client, five), MQTTASYNC_SUCCESS);
}

/* Paho swallows a connect on a handle that it holds for connected: each must have its outcome all the same, and must
 * leave nothing of the one before it, which the broker would take for a second device of this name. */
static void test_an_attempt_over_a_live_connection(void **state) {
    for (int i = 0; i < 2; i++) {
        connect_as(KEEPS, true);
        unsigned events = outcome(ORIEL_LINK_CONNECTED | ORIEL_LINK_FAILED | ORIEL_LINK_REFUSED);
        assert_int_equal(events, ORIEL_LINK_CONNECTED);
    }
    for (int i = 0; i < 200 && open_now > 1; i++)
        usleep(10000);
    assert_int_equal(open_now, 1);
}

/* Whatever happened to the last connection, and however late that is heard of, it is no event of this one. */
static void test_an_end_that_comes_late(void **state) {
    static const struct {
        enum manner how;
        unsigned first;
    } steps[] = {{TAKES_OVER, ORIEL_LINK_CONNECTED},
                 {REFUSES, ORIEL_LINK_REFUSED},
                 {SOON_TAKES, ORIEL_LINK_CONNECTED},
                 {ENDS_UNHEARD, ORIEL_LINK_FAILED},
                 {ENDS, ORIEL_LINK_CONNECTED}};
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        connect_as(steps[i].how, i / 2 % 2);
        unsigned events = outcome(~0u);
        assert_int_equal(events & ~(unsigned)ORIEL_LINK_LOST, steps[i].first);
        if (i % 3) /* the next at once, or when the end of this is under way */
            usleep(i * 537 % 4000);
    }
    connect_as(KEEPS, true);
    assert_int_equal(outcome(~0u), ORIEL_LINK_CONNECTED);
    assert_int_equal(quiet(), 0);
}

/* A device that comes to another network is not to wait for a timer. A busy machine may be slow, but not every time. */
static void test_another_connection_comes_soon(void **state) {
    int64_t best = INT64_MAX;
    for (int i = 0; i < 6; i++) {
        int64_t from = oriel_monotonic();
        connect_as(KEEPS, true);
        assert_int_equal(outcome(~0u), ORIEL_LINK_CONNECTED);
        if (i && oriel_monotonic() - from < best)
            best = oriel_monotonic() - from;
    }
    assert_true(best < ORIEL_SECOND); /* it was 1.1 s each time */
}

static int set_up(void **state) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    char url[64], error[ORIEL_SIGNAL_TEXT_SIZE];
    pthread_t thread;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&a, size) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&a, &size) || oriel_inbox_init(&inbox))
        return -1;
    snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", ntohs(a.sin_port));
    target.proxy = "";
    target.files = (struct oriel_signal_files){"", "", ""};
    client = (struct oriel_client){
        .target = &target, .inbox = &inbox, .device = "filler-1", .state_topic = "s", .will = "{}", .will_length = 2};
    return oriel_signal_parse_url(url, &target.address, error) && !pthread_create(&thread, NULL, accept_all, NULL) ? 0
                                                                                                                   : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_attempt_over_a_live_connection),
        cmocka_unit_test(test_an_end_that_comes_late),
        cmocka_unit_test(test_another_connection_comes_soon),
    };
    signal(SIGPIPE, SIG_IGN);
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    fflush(NULL);
    _exit(failed); /* Paho's threads still run */
}
