/* What media may tell the agent of addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib.h>

#include "candidate.h"

#define RELAYED "candidate:3 1 UDP 41885439 203.0.113.7 49200 typ relay raddr 127.0.0.1 rport 5000"

static void test_relay_tells_relayed_addresses_only(void **state) {
    static const char *const refused[] = {
        "candidate:1 1 UDP 2015363327 192.168.1.20 40404 typ host",
        "candidate:2 1 UDP 1677722111 198.51.100.4 40404 typ srflx raddr 127.0.0.1 rport 9",
        "candidate:1 1 UDP 2015363327 192.168.1.20 40404 typ host typ relay",
        "candidate:1 1 UDP 2015363327 192.168.1.20 40404 host typ relay",
        "candidate:3 1 UDP 41885439 printer.local 49200 typ relay raddr 0.0.0.0 rport 0",
        "candidate:3 1 UDP 41885439 localhost 49200 typ relay",
        "candidate:3 1 TCP 41885439 203.0.113.7 49200 typ relay",
        "candidate:3 1 UDP 41885439 203.0.113.7 0 typ relay",
        "candidate:3 1 UDP 41885439 203.0.113.7 65536 typ relay",
        "candidate:3 1 UDP 41885439 203.0.113.7 49200 typ",
        "a=" RELAYED,
        " ",
        RELAYED "\r\na=candidate:1 1 UDP 1 192.168.1.20 9 typ host",
        RELAYED "\x7f",
        RELAYED "ä",
    };
    assert_true(oriel_candidate_may_leave(RELAYED, true, ""));
    assert_true(oriel_candidate_may_leave("candidate:3 1 udp 41885439 2001:db8::7 49200 typ relay", true, ""));
    assert_true(oriel_candidate_may_leave("", true, ""));
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
        if (oriel_candidate_may_leave(refused[i], true, ""))
            fail_msg("%s", refused[i]);
}

static void test_direct_tells_the_configured_addresses_only(void **state) {
    const char *host = "candidate:1 1 UDP 2015363327 192.168.1.20 40404 typ host";
    assert_true(oriel_candidate_may_leave(host, false, ""));
    assert_true(oriel_candidate_may_leave(host, false, "10.0.0.1;192.168.1.20"));
    assert_false(oriel_candidate_may_leave(host, false, "192.168.1.2;192.168.1.200"));
    assert_false(oriel_candidate_may_leave(RELAYED, false, ""));
    assert_true(oriel_candidate_may_leave("", false, "192.168.1.2"));
}

static void test_an_offer_has_no_candidates(void **state) {
    assert_true(oriel_offer_may_leave("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=end-of-candidates\r\n"));
    assert_false(oriel_offer_may_leave(
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=candidate:1 1 UDP 1 10.0.0.1 9 typ host\r\n"));
    assert_false(oriel_offer_may_leave("a=candidate:1 1 UDP 1 10.0.0.1 9 typ host"));
    assert_false(oriel_offer_may_leave("v=0\ra=candidate:1 1 UDP 1 10.0.0.1 9 typ host"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_tells_relayed_addresses_only),
        cmocka_unit_test(test_direct_tells_the_configured_addresses_only),
        cmocka_unit_test(test_an_offer_has_no_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
