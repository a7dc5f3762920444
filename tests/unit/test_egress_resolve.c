/* egress/resolve: literals at once, names by a thread, and names that are forgotten before they are found. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolve.h"

static struct oriel_resolver resolver;
static struct oriel_addresses found;
static char error[ORIEL_EGRESS_TEXT_SIZE];

static struct oriel_server server(const char *uri) {
    struct oriel_server servers[ORIEL_SERVERS_MAX];
    assert_int_equal(oriel_parse_servers(uri, servers, error), 1);
    return servers[0];
}

/* What find() gives in the end. */
static int await(const struct oriel_server *s) {
    int result;
    while ((result = oriel_resolver_find(&resolver, s, &found, error)) == 0) {
        struct pollfd p = {.fd = resolver.fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 20000), 1);
        oriel_resolver_clear(&resolver);
    }
    return result;
}

static void test_literals(void **state) {
    struct oriel_server four = server("turn:192.0.2.7:443"), six = server("turn:[2001:db8::7]:80");
    assert_int_equal(oriel_resolver_find(&resolver, &four, &found, error), 1);
    const struct sockaddr_in *a4 = (const void *)&found.list[0];
    assert_int_equal(found.count, 1);
    assert_int_equal(a4->sin_family, AF_INET);
    assert_int_equal(ntohl(a4->sin_addr.s_addr), 0xc0000207);
    assert_int_equal(ntohs(a4->sin_port), 443);
    assert_int_equal(oriel_resolver_find(&resolver, &six, &found, error), 1);
    const struct sockaddr_in6 *a6 = (const void *)&found.list[0];
    assert_int_equal(a6->sin6_family, AF_INET6);
    assert_int_equal(a6->sin6_addr.s6_addr[15], 7);
    assert_int_equal(ntohs(a6->sin6_port), 80);
    assert_int_equal(resolver.count, 0); /* nobody was asked */
}

static void test_a_name(void **state) {
    struct oriel_server s = server("turn:localhost:99"), other = server("turns:localhost");
    assert_int_equal(await(&s), 1);
    assert_true(found.count >= 1 && found.count <= ORIEL_ADDRESSES_MAX);
    for (size_t i = 0; i < found.count; i++) /* the port lies in the same place in both */
        assert_int_equal(ntohs(((const struct sockaddr_in *)&found.list[i])->sin_port), 99);
    assert_int_equal(oriel_resolver_find(&resolver, &other, &found, error), 1); /* the same name is asked for once */
    assert_int_equal(ntohs(((const struct sockaddr_in *)&found.list[0])->sin_port), 5349);
    assert_int_equal(resolver.count, 1);
    oriel_resolver_forget(&resolver);
}

static void test_a_name_of_nobody(void **state) {
    struct oriel_server s = server("turn:no.such.host.invalid");
    assert_int_equal(await(&s), -1);
    assert_non_null(strstr(error, "its name can't be looked up"));
    oriel_resolver_forget(&resolver);
}

static void test_forgotten_while_asked(void **state) {
    struct oriel_server s = server("turn:localhost");
    for (int i = 0; i < 50; i++) {
        oriel_resolver_find(&resolver, &s, &found, error);
        oriel_resolver_forget(&resolver);
    }
    assert_int_equal(await(&s), 1);
    oriel_resolver_forget(&resolver);
}

static void test_no_more_than_there_is_room_for(void **state) {
    for (int i = 0; i < ORIEL_NAMES_MAX; i++) {
        struct oriel_server s = server("turn:x.invalid");
        s.host[0] = (char)('a' + i);
        assert_int_not_equal(oriel_resolver_find(&resolver, &s, &found, error), 1);
    }
    struct oriel_server s = server("turn:localhost");
    assert_int_equal(oriel_resolver_find(&resolver, &s, &found, error), -1);
    oriel_resolver_forget(&resolver);
}

static int set_up(void **state) {
    setenv("RES_OPTIONS", "timeout:1 attempts:1", 1); /* where nobody answers, that is soon known */
    return oriel_resolver_init(&resolver) ? 0 : -1;
}

static int tear_down(void **state) {
    return close(resolver.fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_a_name),
        cmocka_unit_test(test_a_name_of_nobody),
        cmocka_unit_test(test_forgotten_while_asked),
        cmocka_unit_test(test_no_more_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
