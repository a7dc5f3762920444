/* liboriel: its connection to core, and what a core or an HMI may do wrong: packets that are none, a core that goes,
 * hangs or floods, callbacks that do anything. */
#include "liboriel_rig.h"

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

static bool peer_has_packet(void) {
    struct pollfd fd = {.fd = f.peer, .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

static void test_state_each_second(void **state) {
    double first = 0, last = 0;

    connect_whole();
    for (int i = 0; i < 3; i++) {
        SPIN_UNTIL(peer_has_packet());
        expect("{\"t\":\"state\",\"indicator\":false}");
        if (i > 0)
            assert_true(seconds() - last < 2.9); /* core gives up after 3 */
        last = seconds();
        first = i ? first : last;
    }
    assert_true(last - first > 1);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_arguments),
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
