/* signal: URLs, topics, ids, the bounded inbox, the credentials' files. No network. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "credentials.h"
#include "inbox.h"

static void test_urls_that_are_good(void **state) {
    static const struct {
        const char *text, *url, *host;
        int port;
        bool tls, websocket;
    } cases[] = {
        {"mqtts://broker.example:8884", "mqtts://broker.example:8884", "broker.example", 8884, true, false},
        {"mqtts://broker.example", "mqtts://broker.example:8883", "broker.example", 8883, true, false},
        {"mqtts://192.0.2.1/", "mqtts://192.0.2.1:8883", "192.0.2.1", 8883, true, false},
        {"wss://broker.example/mqtt", "wss://broker.example:443/mqtt", "broker.example", 443, true, true},
        {"mqtt://localhost", "mqtt://localhost:1883", "localhost", 1883, false, false},
        {"mqtt://127.9.9.9:1", "mqtt://127.9.9.9:1", "127.9.9.9", 1, false, false},
        {"ws://[::1]:65535/a?b=c", "ws://[::1]:65535/a?b=c", "::1", 65535, false, true},
    };
    char error[ORIEL_SIGNAL_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct oriel_signal_address a;
        assert_true(oriel_signal_parse_url(cases[i].text, &a, error));
        assert_string_equal(a.url, cases[i].url);
        assert_string_equal(a.host, cases[i].host);
        assert_int_equal(a.port, cases[i].port);
        assert_int_equal(a.tls, cases[i].tls);
        assert_int_equal(a.websocket, cases[i].websocket);
    }
}

static void test_urls_that_are_refused(void **state) {
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "must begin with mqtts://"},
        {"http://broker", "must begin with mqtts://"},
        {"mqtts://", "no valid host"},
        {"mqtts://:8883", "no valid host"},
        {"mqtts://user:pw@host", "no"},
        {"mqtts://ho st", "no valid host"},
        {"mqtts://host:0", "not understood"},
        {"mqtts://host:65536", "not understood"},
        {"mqtts://host:88 83", "not understood"},
        {"mqtts://host:", "not understood"},
        {"mqtts://host:8883/path", "not understood"},
        {"wss://host/a b", "not understood"},
        {"mqtts://[::1]:8883", "host name"},
        {"mqtt://broker.example", "no TLS"},
        {"mqtt://127.0.0.1.example", "no TLS"},
        {"mqtt://localhost.example", "no TLS"},
        {"mqtt://192.0.2.1", "no TLS"},
        {"ws://[2001:db8::1]", "no TLS"},
    };
    char error[ORIEL_SIGNAL_TEXT_SIZE];
    struct oriel_signal_address a;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        error[0] = '\0';
        if (oriel_signal_parse_url(cases[i].text, &a, error) || !strstr(error, cases[i].says))
            fail_msg("'%s': '%s'", cases[i].text, error);
    }
    char *longest = malloc(1001);
    memset(longest, 'a', 1000);
    memcpy(longest, "wss://h/", 8);
    longest[1000] = '\0';
    assert_false(oriel_signal_parse_url(longest, &a, error));
    free(longest);
}

static void test_proxy(void **state) {
    char host[ORIEL_SIGNAL_HOST_SIZE];
    int port = 0;
    assert_true(oriel_signal_parse_proxy("proxy.example:3128", host, &port));
    assert_string_equal(host, "proxy.example");
    assert_int_equal(port, 3128);
    static const char *const bad[] = {"",        "proxy", "proxy:", "proxy:0", "http://proxy:3128", "u:p@proxy:3128",
                                      "proxy:1/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(oriel_signal_parse_proxy(bad[i], NULL, NULL));
}

static void test_topics(void **state) {
    static const char prefix[] = "oriel/v1/demo/d/filler-1/";
    char agent[ORIEL_SIGNAL_ID_SIZE] = "";
    static const char *const others[] = {
        "",
        "oriel/v1/demo/d/filler-1/",
        "oriel/v1/demo/d/filler-1/dn",
        "oriel/v1/demo/d/filler-1/dn/",
        "oriel/v1/demo/d/filler-1/dn/Anna",
        "oriel/v1/demo/d/filler-1/dn/-anna",
        "oriel/v1/demo/d/filler-1/dn/anna-",
        "oriel/v1/demo/d/filler-1/dn/anna/x",
        "oriel/v1/demo/d/filler-1/dn/\xc3\xa4nna",
        "oriel/v1/demo/d/filler-1/states",
        "oriel/v1/demo/d/filler-2/dn/anna",
        "oriel/v2/demo/d/filler-1/dn/anna",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(oriel_signal_parse_topic(prefix, others[i], strlen(others[i]), agent),
                         ORIEL_SIGNAL_TOPIC_OTHER);
    char vendor[ORIEL_SIGNAL_ID_SIZE];
    assert_true(oriel_signal_parse_revocation("oriel/v1/demo/v/", "oriel/v1/demo/v/fill-cap/revoked", 32, vendor));
    assert_string_equal(vendor, "fill-cap");
    assert_false(oriel_signal_parse_revocation("oriel/v1/demo/v/", "oriel/v1/demo/v//revoked", 24, vendor));
    assert_false(oriel_signal_parse_revocation("oriel/v1/demo/v/", "oriel/v1/demo/v/Fill/revoked", 28, vendor));
    assert_false(oriel_signal_parse_revocation("oriel/v1/demo/v/", "oriel/v1/demo/v/a/b/revoked", 27, vendor));
    assert_false(oriel_signal_parse_revocation("oriel/v1/demo/v/", "oriel/v1/other/v/fill-cap/revoked", 33, vendor));
    assert_int_equal(oriel_signal_parse_topic(prefix, "oriel/v1/demo/d/filler-1/dn/an\0na", 33, agent),
                     ORIEL_SIGNAL_TOPIC_OTHER);
    assert_string_equal(agent, "");
    assert_int_equal(oriel_signal_parse_topic(prefix, "oriel/v1/demo/d/filler-1/state", 30, agent),
                     ORIEL_SIGNAL_TOPIC_STATE);
    assert_int_equal(oriel_signal_parse_topic(prefix, "oriel/v1/demo/d/filler-1/dn/anna-2", 34, agent),
                     ORIEL_SIGNAL_TOPIC_DOWN);
    assert_string_equal(agent, "anna-2");
    char id[66];
    memset(id, 'a', sizeof id);
    assert_true(oriel_signal_id_valid(id, 64));
    assert_false(oriel_signal_id_valid(id, 65));
    assert_false(oriel_signal_id_valid(id, 0));
    assert_true(oriel_signal_id_valid("0", 1));
    assert_false(oriel_signal_id_valid("-", 1));
}

/* Paho frees what we give back, so it must come from Paho's own allocator, as in life. */
static void put(struct oriel_inbox *inbox, char of, size_t length) {
    MQTTAsync_message blank = MQTTAsync_message_initializer, *message = MQTTAsync_malloc(sizeof *message);
    char *topic = MQTTAsync_malloc(8);
    *message = blank;
    message->payload = MQTTAsync_malloc(length ? length : 1);
    memset(message->payload, 'x', length);
    message->payloadlen = (int)length;
    snprintf(topic, 8, "topi%c", of);
    oriel_inbox_put(inbox, topic, 0, message);
}

static unsigned empty(struct oriel_inbox *inbox) {
    struct oriel_inbox_message m;
    unsigned n = 0;
    while (oriel_inbox_take(inbox, &m)) {
        assert_int_equal(m.topic_length, 5);
        oriel_inbox_free(&m);
        n++;
    }
    return n;
}

static void test_inbox_is_bounded(void **state) {
    static struct oriel_inbox inbox;
    unsigned full, oversized;
    assert_int_equal(oriel_inbox_init(&inbox), 0);
    for (int round = 0; round < 3; round++) { /* the ring turns over */
        for (int i = 0; i < 100; i++)
            put(&inbox, (char)('a' + i % 7), 10);
        assert_int_equal(empty(&inbox), ORIEL_INBOX_MESSAGES);
        oriel_inbox_dropped(&inbox, &full, &oversized);
        assert_int_equal(full, 100 - ORIEL_INBOX_MESSAGES);
        assert_int_equal(oversized, 0);
    }
    for (int i = 0; i < 20; i++)
        put(&inbox, (char)('a' + i % 7), ORIEL_INBOX_PAYLOAD_MAX);
    put(&inbox, 'a', ORIEL_INBOX_PAYLOAD_MAX + 1);
    assert_int_equal(empty(&inbox), 7); /* 8 with their topics are more than 512 KiB */
    oriel_inbox_dropped(&inbox, &full, &oversized);
    assert_int_equal(full, 13);
    assert_int_equal(oversized, 1);
    assert_int_equal(inbox.bytes, 0);
    close(inbox.fd);
}

/* One that floods leaves half of the room to others. */
static void test_inbox_is_shared(void **state) {
    static struct oriel_inbox inbox;
    assert_int_equal(oriel_inbox_init(&inbox), 0);
    for (int i = 0; i < 1000; i++)
        put(&inbox, 'a', 10);
    put(&inbox, 'b', 10);
    assert_int_equal(empty(&inbox), ORIEL_INBOX_MESSAGES / 2 + 1);
    for (int i = 0; i < 1000; i++)
        put(&inbox, 'a', ORIEL_INBOX_PAYLOAD_MAX);
    for (int i = 0; i < 3; i++)
        put(&inbox, 'b', ORIEL_INBOX_PAYLOAD_MAX);
    assert_int_equal(empty(&inbox), 6);
    close(inbox.fd);
}

static void test_link_events_are_kept(void **state) {
    static struct oriel_inbox inbox;
    struct oriel_inbox_link link;
    assert_int_equal(oriel_inbox_init(&inbox), 0);
    unsigned before = oriel_inbox_begin(&inbox), now = oriel_inbox_begin(&inbox);
    assert_true(before && now && before != now);
    oriel_inbox_put_link(&inbox, before, ORIEL_LINK_LOST, 0, "late");
    oriel_inbox_put_link(&inbox, now, 0, 0, "session taken over");
    oriel_inbox_drain(&inbox, &link);
    assert_int_equal(link.events, 0);
    oriel_inbox_put_link(&inbox, now, ORIEL_LINK_CONNECTED, 0, NULL);
    oriel_inbox_put_link(&inbox, now, ORIEL_LINK_LOST, 0, NULL);
    oriel_inbox_drain(&inbox, &link);
    assert_int_equal(link.events, ORIEL_LINK_CONNECTED | ORIEL_LINK_LOST);
    assert_string_equal(link.text, "session taken over");
    oriel_inbox_drain(&inbox, &link);
    assert_int_equal(link.events, 0);
    assert_string_equal(link.text, "");
    close(inbox.fd);
}

static void test_files_are_explained(void **state) {
    char error[ORIEL_SIGNAL_TEXT_SIZE] = "", warning[ORIEL_SIGNAL_TEXT_SIZE];
    struct oriel_signal_files missing = {"/nonexistent/ca.crt", "", ""};
    assert_false(oriel_signal_check_files(&missing, error, warning));
    assert_string_equal(error, "cannot read CA file /nonexistent/ca.crt: No such file or directory");
    struct oriel_signal_files other = {"/dev/null", "", ""};
    assert_false(oriel_signal_check_files(&other, error, warning));
    assert_string_equal(error, "CA file /dev/null has no certificate in PEM form");
    struct oriel_signal_files half = {"", "/dev/null", ""};
    assert_false(oriel_signal_check_files(&half, error, warning));
    assert_non_null(strstr(error, "without its key"));
    struct oriel_signal_files none = {"", "", ""};
    assert_true(oriel_signal_check_files(&none, error, warning));
}

/* Paho's allocator works from the first handle on. */
static MQTTAsync handle;

static int set_up(void **state) {
    return MQTTAsync_create(&handle, "tcp://127.0.0.1", "test", MQTTCLIENT_PERSISTENCE_NONE, NULL);
}

static int tear_down(void **state) {
    MQTTAsync_destroy(&handle);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls_that_are_good),
        cmocka_unit_test(test_urls_that_are_refused),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_inbox_is_bounded),
        cmocka_unit_test(test_inbox_is_shared),
        cmocka_unit_test(test_link_events_are_kept),
        cmocka_unit_test(test_files_are_explained),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
