/* egress/uri, egress/proxy: what a TURN server and a proxy may be called, and what a proxy may answer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proxy.h"
#include "uri.h"

static void test_servers_that_are_good(void **state) {
    static const struct {
        const char *text, *host, *uri;
        enum oriel_transport transport;
        int port;
        bool literal;
    } cases[] = {
        {"turn:turn.example", "turn.example", "turn:turn.example:3478?transport=udp", ORIEL_UDP, 3478, false},
        {"TURN:turn.example:80?TRANSPORT=UDP", "turn.example", "turn:turn.example:80?transport=udp", ORIEL_UDP, 80,
         false},
        {"turn:turn.example?transport=tcp", "turn.example", "turn:turn.example:3478?transport=tcp", ORIEL_TCP, 3478,
         false},
        {"turns:turn.example", "turn.example", "turns:turn.example:5349?transport=tcp", ORIEL_TLS, 5349, false},
        {"turns:a-b.c_d.x1:443?transport=tcp", "a-b.c_d.x1", "turns:a-b.c_d.x1:443?transport=tcp", ORIEL_TLS, 443,
         false},
        {"turn:192.0.2.1:65535", "192.0.2.1", "turn:192.0.2.1:65535?transport=udp", ORIEL_UDP, 65535, true},
        {"turns:[2001:db8::1]:443", "2001:db8::1", "turns:[2001:db8::1]:443?transport=tcp", ORIEL_TLS, 443, true},
        {"turn:[::1]", "::1", "turn:[::1]:3478?transport=udp", ORIEL_UDP, 3478, true},
        {"turn:localhost", "localhost", "turn:localhost:3478?transport=udp", ORIEL_UDP, 3478, false},
    };
    struct oriel_server servers[ORIEL_SERVERS_MAX];
    char error[ORIEL_EGRESS_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(oriel_parse_servers(cases[i].text, servers, error), 1);
        assert_string_equal(servers[0].host, cases[i].host);
        assert_string_equal(servers[0].uri, cases[i].uri);
        assert_int_equal(servers[0].transport, cases[i].transport);
        assert_int_equal(servers[0].port, cases[i].port);
        assert_int_equal(servers[0].literal, cases[i].literal);
        /* Its own spelling is taken for the same. */
        char uri[ORIEL_URI_SIZE];
        strcpy(uri, servers[0].uri);
        assert_int_equal(oriel_parse_servers(uri, servers, error), 1);
        assert_string_equal(servers[0].uri, uri);
    }
}

static void test_servers_that_are_refused(void **state) {
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "nothing is in the list"},
        {",turn:a", "an empty entry"},
        {"turn:a,", "an empty entry"},
        {"stun:a", "must begin with turn: or turns:"},
        {"a:3478", "must begin with turn: or turns:"},
        {" turn:a", "must begin with"},
        {"turn:", "no valid host"},
        {"turn://a", "no valid host"},
        {"turn:a b", "no valid host"},
        {"turn:user@a", "no valid host"},
        {"turn:-a", "no valid host"},
        {"turn:a-.b", "no valid host"},
        {"turn:a..b", "no valid host"},
        {"turn:a.", "no valid host"},
        {"turn:127.1", "no valid host"},
        {"turn:0x7f.1", "no valid host"},
        {"turn:2130706433", "no valid host"},
        {"turn:1.2.3.4.5", "no valid host"},
        {"turn:2001:db8::1", "no valid host"},
        {"turn:[2001:db8::1", "no valid host"},
        {"turn:[fe80::1%eth0]", "no valid host"},
        {"turn:[192.0.2.1]", "no valid host"},
        {"turn:a:", "no valid host and port"},
        {"turn:a:0", "no valid host and port"},
        {"turn:a:65536", "no valid host and port"},
        {"turn:a:99999999999999999999", "no valid host and port"},
        {"turn:a:-1", "no valid host and port"},
        {"turn:a:80/", "not understood at '/'"},
        {"turn:a?transport=sctp", "not understood at '?transport=sctp'"},
        {"turn:a?transport=udp&x", "not understood"},
        {"turns:a?transport=udp", "DTLS, which is not supported"},
        {"turn:a,turn:b,turn:c,turn:d,turn:e,turn:f,turn:g,turn:h,turn:i", "more than 8"},
    };
    struct oriel_server servers[ORIEL_SERVERS_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char error[ORIEL_EGRESS_TEXT_SIZE] = "";
        assert_int_equal(oriel_parse_servers(cases[i].text, servers, error), 0);
        if (!strstr(error, cases[i].says))
            fail_msg("'%s': '%s' does not say '%s'", cases[i].text, error, cases[i].says);
    }
    char text[400] = "turn:", error[ORIEL_EGRESS_TEXT_SIZE];
    memset(text + 5, 'a', sizeof text - 6);
    text[sizeof text - 1] = '\0';
    assert_int_equal(oriel_parse_servers(text, servers, error), 0);
    text[5 + 64] = '\0'; /* a label of 64 */
    assert_int_equal(oriel_parse_servers(text, servers, error), 0);
    text[5 + 63] = '\0';
    assert_int_equal(oriel_parse_servers(text, servers, error), 1);
}

static void test_lists(void **state) {
    struct oriel_server servers[ORIEL_SERVERS_MAX];
    char error[ORIEL_EGRESS_TEXT_SIZE];
    assert_int_equal(oriel_parse_servers("turn:a,turns:[::1]:443,turn:b?transport=tcp", servers, error), 3);
    assert_string_equal(servers[1].host, "::1");
    assert_int_equal(servers[2].transport, ORIEL_TCP);
    assert_int_equal(oriel_parse_servers("turn:a,turn:b,turn:c,turn:d,turn:e,turn:f,turn:g,turn:h", servers, error), 8);
}

static void test_proxies(void **state) {
    static const char *const bad[] = {
        "",        "proxy",       "proxy:", ":8080", "http://proxy:8080", "me:secret@proxy:8080", "proxy:8080/",
        "proxy:0", "proxy:8080?x"};
    struct oriel_server proxy;
    char error[ORIEL_EGRESS_TEXT_SIZE];
    assert_true(oriel_parse_proxy("proxy.plant:3128", &proxy, error));
    assert_string_equal(proxy.host, "proxy.plant");
    assert_int_equal(proxy.port, 3128);
    assert_true(oriel_parse_proxy("[2001:db8::2]:8080", &proxy, error));
    assert_true(proxy.literal);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(oriel_parse_proxy(bad[i], &proxy, error));
        assert_non_null(strstr(error, "write host:port"));
    }
}

static void test_connect_request(void **state) {
    struct oriel_server server = {.port = 443, .host = "turn.example"};
    char out[ORIEL_PROXY_REQUEST_SIZE];
    static const char expected[] = "CONNECT turn.example:443 HTTP/1.1\r\nHost: turn.example:443\r\n\r\n";
    assert_int_equal(oriel_proxy_request(&server, out), sizeof expected - 1);
    assert_memory_equal(out, expected, sizeof expected - 1);
    strcpy(server.host, "2001:db8::1");
    oriel_proxy_request(&server, out);
    assert_int_equal(strncmp(out, "CONNECT [2001:db8::1]:443 HTTP/1.1\r\n", 35), 0);
    memset(server.host, 'a', sizeof server.host - 1); /* the longest fits */
    size_t n = oriel_proxy_request(&server, out);
    assert_int_equal(strncmp(out + n - 4, "\r\n\r\n", 4), 0);
}

static int reply(const char *text, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    return oriel_proxy_reply(text, strlen(text), error);
}

static void test_proxy_says_yes(void **state) {
    static const char *const good[] = {"HTTP/1.1 200 Connection established\r\n\r\n",
                                       "HTTP/1.0 200 OK\r\nVia: x\r\nA:\tb\r\n\r\n", "HTTP/1.1 200\r\n\r\n",
                                       "HTTP/1.1 204 \r\n\r\n", "HTTP/1.1 200 \xc3\xbc\r\n\r\n"};
    char error[ORIEL_EGRESS_TEXT_SIZE];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        size_t n = strlen(good[i]);
        assert_int_equal(oriel_proxy_reply(good[i], n, error), 1);
        for (size_t part = 1; part < n; part++) /* in crumbs: never yes, never no before the end */
            assert_int_equal(oriel_proxy_reply(good[i], part, error), 0);
    }
}

static void test_proxy_says_no(void **state) {
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"HTTP/1.1 403 Forbidden\r\n\r\nbody", "refused the connection: 403 Forbidden"},
        {"HTTP/1.1 407 Auth\r\n\r\n", "wants a login, which is not supported"},
        {"HTTP/1.1 302 Found\r\nLocation: x\r\n\r\n", "302 Found"},
        {"HTTP/1.1 502\r\n\r\n", "502"},
        {"HTTP/1.1 200 OK\r\n\r\nx", "more than a reply"},
        {"HTTP/1.1 100 Continue\r\n\r\n", "does not speak HTTP/1.1"},
        {"HTTP/1.1 0200 OK\r\n\r\n", "does not speak"},
        {"HTTP/1.1 20 OK\r\n\r\n", "does not speak"},
        {"HTTP/1.1 200OK\r\n\r\n", "does not speak"},
        {"HTTP/1.1  200 OK\r\n\r\n", "does not speak"},
        {"HTTP/2 200\r\n\r\n", "does not speak"},
        {"SSH-2.0-x\r\n", "does not speak"},
        {"X", "does not speak"},
        {"HTTP/1.1 200 OK\n\n", "does not speak"},
        {"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", "does not speak"},
        {"HTTP/1.1 200 O\x01K\r\n\r\n", "does not speak"},
        {"\r\n\r\n", "does not speak"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char error[ORIEL_EGRESS_TEXT_SIZE] = "";
        assert_int_equal(reply(cases[i].text, error), -1);
        if (!strstr(error, cases[i].says))
            fail_msg("'%s': '%s' does not say '%s'", cases[i].text, error, cases[i].says);
    }
    char error[ORIEL_EGRESS_TEXT_SIZE], nul[] = "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n";
    assert_int_equal(oriel_proxy_reply(nul, sizeof nul - 1, error), -1);
    assert_int_equal(reply("HTTP/1.1 403 \x80\xff evil\r\n\r\n", error), -1);
    assert_non_null(strstr(error, "403 ?? evil"));
}

static void test_proxy_says_too_much(void **state) {
    char text[ORIEL_PROXY_REPLY_MAX + 1], error[ORIEL_EGRESS_TEXT_SIZE];
    int n = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nA: ");
    memset(text + n, 'x', sizeof text - (size_t)n);
    assert_int_equal(oriel_proxy_reply(text, ORIEL_PROXY_REPLY_MAX - 1, error), 0);
    assert_int_equal(oriel_proxy_reply(text, ORIEL_PROXY_REPLY_MAX, error), -1);
    assert_non_null(strstr(error, "longer than 4096"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_that_are_good),
        cmocka_unit_test(test_servers_that_are_refused),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_connect_request),
        cmocka_unit_test(test_proxy_says_yes),
        cmocka_unit_test(test_proxy_says_no),
        cmocka_unit_test(test_proxy_says_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
