/* media/sdp: answers as browsers write them are taken; everything else is refused, with the reason that is true. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gst/gst.h>
#include <string.h>

#include "sdp.h"

#define FINGERPRINT "86:79:06:69:FB:61:A2:75:7F:B6:AB:59:A3:89:32:F3:22:56:8C:FC:0C:66:E9:DB:B8:3A:63:7C:41:01:19:D5"
#define OTHER "12:D5:B3:9A:A7:DF:52:E5:BF:37:2A:F9:93:EF:2B:7E:F8:D6:1D:EA:FA:33:C8:CB:AE:D7:07:F4:DD:21:94:BF"
#define EXTMAP_TWCC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define EXTMAP_DELAY "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

static const char offer[] = "v=0\r\n"
                            "o=- 8824341825943395550 0 IN IP4 0.0.0.0\r\n"
                            "s=-\r\n"
                            "t=0 0\r\n"
                            "a=ice-options:trickle\r\n"
                            "a=group:BUNDLE video application0\r\n"
                            "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"
                            "c=IN IP4 0.0.0.0\r\n"
                            "a=setup:actpass\r\n"
                            "a=ice-ufrag:PG4mI2rimGyjsz7R\r\n"
                            "a=ice-pwd:xpu2435f7pSR08dU2CoDXwVRcJpDsTEP\r\n"
                            "a=rtcp-mux\r\n"
                            "a=sendonly\r\n"
                            "a=rtpmap:96 VP8/90000\r\n"
                            "a=extmap:1 " EXTMAP_TWCC "\r\n"
                            "a=extmap:3 " EXTMAP_DELAY "\r\n"
                            "a=rtpmap:97 rtx/90000\r\n"
                            "a=fmtp:97 apt=96\r\n"
                            "a=mid:video\r\n"
                            "a=fingerprint:sha-256 " OTHER "\r\n"
                            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                            "c=IN IP4 0.0.0.0\r\n"
                            "a=setup:actpass\r\n"
                            "a=bundle-only\r\n"
                            "a=mid:application0\r\n"
                            "a=sctp-port:5000\r\n"
                            "a=fingerprint:sha-256 " OTHER "\r\n";

static const char chromium[] = "v=0\r\n"
                               "o=- 6459533763606663368 2 IN IP4 127.0.0.1\r\n"
                               "s=-\r\n"
                               "t=0 0\r\n"
                               "a=group:BUNDLE video application0\r\n"
                               "a=msid-semantic: WMS\r\n"
                               "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"
                               "c=IN IP4 0.0.0.0\r\n"
                               "a=rtcp:9 IN IP4 0.0.0.0\r\n"
                               "a=ice-ufrag:sbo5\r\n"
                               "a=ice-pwd:4BvNIDdQWEyo0aOn9iqyB2Uw\r\n"
                               "a=ice-options:trickle\r\n"
                               "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
                               "a=setup:active\r\n"
                               "a=mid:video\r\n"
                               "a=extmap:1 " EXTMAP_TWCC "\r\n"
                               "a=extmap:3 " EXTMAP_DELAY "\r\n"
                               "a=recvonly\r\n"
                               "a=rtcp-mux\r\n"
                               "a=rtpmap:96 VP8/90000\r\n"
                               "a=rtpmap:97 rtx/90000\r\n"
                               "a=fmtp:97 apt=96\r\n"
                               "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                               "c=IN IP4 0.0.0.0\r\n"
                               "a=ice-ufrag:sbo5\r\n"
                               "a=ice-pwd:4BvNIDdQWEyo0aOn9iqyB2Uw\r\n"
                               "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
                               "a=setup:active\r\n"
                               "a=mid:application0\r\n"
                               "a=sctp-port:5000\r\n";

/* The fingerprint at the session, a direction in the extmap. */
static const char firefox[] = "v=0\r\n"
                              "o=mozilla...THIS_IS_SDPARTA-99.0 6119314745903533736 0 IN IP4 0.0.0.0\r\n"
                              "s=-\r\n"
                              "t=0 0\r\n"
                              "a=sendrecv\r\n"
                              "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
                              "a=group:BUNDLE video application0\r\n"
                              "a=ice-options:trickle\r\n"
                              "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"
                              "c=IN IP4 0.0.0.0\r\n"
                              "a=recvonly\r\n"
                              "a=extmap:1 " EXTMAP_TWCC "\r\n"
                              "a=extmap:3/recvonly " EXTMAP_DELAY "\r\n"
                              "a=ice-pwd:4d4213e5f4dffa107927f7072c4d4294\r\n"
                              "a=ice-ufrag:10cbd019\r\n"
                              "a=mid:video\r\n"
                              "a=rtcp-mux\r\n"
                              "a=rtpmap:96 VP8/90000\r\n"
                              "a=setup:active\r\n"
                              "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                              "c=IN IP4 0.0.0.0\r\n"
                              "a=sendrecv\r\n"
                              "a=ice-pwd:4d4213e5f4dffa107927f7072c4d4294\r\n"
                              "a=ice-ufrag:10cbd019\r\n"
                              "a=mid:application0\r\n"
                              "a=setup:active\r\n"
                              "a=sctp-port:5000\r\n";

/* `text` with the first (or every) `from` replaced; the test breaks when there is none. */
static char *changed(const char *text, const char *from, const char *to, gboolean every) {
    assert_non_null(strstr(text, from));
    GString *s = g_string_new(text);
    g_string_replace(s, from, to, every ? 0 : 1);
    return g_string_free(s, FALSE);
}

static enum oriel_sdp_verdict check(const char *answer, char error[ORIEL_SDP_ERROR_SIZE]) {
    struct oriel_sdp_answer result = {0};
    error[0] = '\0';
    enum oriel_sdp_verdict verdict = oriel_sdp_check_answer(offer, answer, FINGERPRINT, 1, &result, error);
    if (verdict == ORIEL_SDP_GOOD)
        oriel_sdp_answer_clear(&result);
    else
        assert_true(!result.sdp && !result.candidates);
    return verdict;
}

static void test_browsers(void **state) {
    char error[ORIEL_SDP_ERROR_SIZE];
    const char *answers[] = {chromium, firefox};
    for (size_t i = 0; i < 2; i++)
        if (check(answers[i], error) != ORIEL_SDP_GOOD)
            fail_msg("answer %zu: %s", i, error);
    g_autofree char *plain = changed(chromium, "\r\n", "\n", TRUE);
    assert_int_equal(check(plain, error), ORIEL_SDP_GOOD);
}

static void test_candidates_are_taken_out(void **state) {
    char error[ORIEL_SDP_ERROR_SIZE];
    g_autofree char *answer =
        changed(chromium, "a=setup:active\r\n",
                "a=setup:active\r\n"
                "a=candidate:1 1 udp 2113937151 0a1b2c3d-0000-4000-8000-aabbccddeeff.local 50000 typ host\r\n"
                "a=candidate:2 1 udp 2113937151 192.0.2.7 50001 typ host generation 0\r\n"
                "a=candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active\r\n"
                "a=end-of-candidates\r\n",
                FALSE);
    struct oriel_sdp_answer result = {0};
    assert_int_equal(oriel_sdp_check_answer(offer, answer, FINGERPRINT, 1, &result, error), ORIEL_SDP_GOOD);
    assert_null(strstr(result.sdp, "candidate"));
    assert_non_null(strstr(result.sdp, "a=ice-ufrag:sbo5"));
    assert_int_equal(result.candidates->len, 1);
    assert_string_equal(result.candidates->pdata[0],
                        "candidate:2 1 udp 2113937151 192.0.2.7 50001 typ host generation 0");
    oriel_sdp_answer_clear(&result);
}

static const struct {
    const char *from, *to;
    gboolean every;
    enum oriel_sdp_verdict verdict;
    const char *why;
} refused[] = {
    /* the certificate */
    {"a=fingerprint:sha-256 " FINGERPRINT, "a=fingerprint:sha-256 " OTHER, TRUE, ORIEL_SDP_FINGERPRINT, "another"},
    {"a=fingerprint:sha-256 " FINGERPRINT, "a=fingerprint:sha-256 " OTHER, FALSE, ORIEL_SDP_FINGERPRINT, "another"},
    {"a=fingerprint:sha-256 " FINGERPRINT, "a=fingerprint:sha-256 " FINGERPRINT "\r\na=fingerprint:sha-256 " OTHER,
     FALSE, ORIEL_SDP_FINGERPRINT, "another"},
    {"t=0 0", "t=0 0\r\na=fingerprint:sha-256 " OTHER, FALSE, ORIEL_SDP_FINGERPRINT, "another"},
    {"a=fingerprint:sha-256 " FINGERPRINT "\r\n", "", TRUE, ORIEL_SDP_PROTOCOL, "has no fingerprint"},
    {"a=fingerprint:sha-256 " FINGERPRINT "\r\n", "", FALSE, ORIEL_SDP_PROTOCOL, "has no fingerprint"},
    {"a=fingerprint:sha-256", "a=fingerprint:sha-1", FALSE, ORIEL_SDP_PROTOCOL, "not sha-256"},
    {"a=fingerprint:sha-256", "a=fingerprint:md5", TRUE, ORIEL_SDP_PROTOCOL, "not sha-256"},
    {"a=fingerprint:sha-256 86:", "a=fingerprint:sha-256 ", TRUE, ORIEL_SDP_PROTOCOL, "hex pairs"},
    {"FB:61:A2", "fb:61:a2", TRUE, ORIEL_SDP_PROTOCOL, "hex pairs"},
    {"t=0 0", "t=0 0\r\na=fingerprint:sha-512 AA", FALSE, ORIEL_SDP_PROTOCOL, "not sha-256"},
    {"t=0 0", "t=0 0\r\na=fingerprint", FALSE, ORIEL_SDP_PROTOCOL, "not sha-256"},
    /* m-lines */
    {"m=application 9", "m=audio 9", FALSE, ORIEL_SDP_PROTOCOL, "is audio, application was offered"},
    {"m=video 9", "m=video 0", FALSE, ORIEL_SDP_PROTOCOL, "refused m-line 0"},
    {"m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/AVP", FALSE, ORIEL_SDP_PROTOCOL, "protocol RTP/AVP"},
    {"m=video 9 UDP/TLS/RTP/SAVPF 96 97", "m=video 9 UDP/TLS/RTP/SAVPF 96 98", FALSE, ORIEL_SDP_PROTOCOL, "format 98"},
    {"m=application 9 UDP", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=application 9 UDP", FALSE, ORIEL_SDP_PROTOCOL,
     "3 m-lines, 2 were offered"},
    {"a=mid:video", "a=mid:other", FALSE, ORIEL_SDP_PROTOCOL, "another mid"},
    {"a=mid:video\r\n", "", FALSE, ORIEL_SDP_PROTOCOL, "another mid"},
    {"a=recvonly", "a=sendrecv", FALSE, ORIEL_SDP_PROTOCOL, "must be recvonly"},
    {"a=recvonly", "a=inactive", FALSE, ORIEL_SDP_PROTOCOL, "must be recvonly"},
    {"a=recvonly", "a=recvonly\r\na=sendonly", FALSE, ORIEL_SDP_PROTOCOL, "more than one direction"},
    {"a=recvonly\r\n", "", FALSE, ORIEL_SDP_PROTOCOL, "no direction"},
    {"a=rtcp-mux\r\n", "", FALSE, ORIEL_SDP_PROTOCOL, "no rtcp-mux"},
    {"BUNDLE video application0", "BUNDLE video", FALSE, ORIEL_SDP_PROTOCOL, "bundle"},
    {"BUNDLE video application0", "BUNDLE video video", FALSE, ORIEL_SDP_PROTOCOL, "bundle"},
    {"a=group:BUNDLE video application0\r\n", "", FALSE, ORIEL_SDP_PROTOCOL, "bundle"},
    {"a=extmap:1 http", "a=extmap:4 http", FALSE, ORIEL_SDP_PROTOCOL, "header extension"},
    {"a=extmap:1 http", "a=extmap:1/sendonly http", FALSE, ORIEL_SDP_PROTOCOL, "header extension"},
    {"playout-delay", "video-timing", FALSE, ORIEL_SDP_PROTOCOL, "header extension"},
    /* transport */
    {"t=0 0", "t=0 0\r\na=ice-lite", FALSE, ORIEL_SDP_PROTOCOL, "ice-lite"},
    {"t=0 0", "t=0 0\r\na=candidate:1 1 udp 1 10.0.0.5 5 typ host", FALSE, ORIEL_SDP_PROTOCOL, "outside of an m-line"},
    {"a=recvonly", "a=recvonly\r\na=ice-lite", FALSE, ORIEL_SDP_PROTOCOL, "ice-lite"},
    {"a=setup:active", "a=setup:actpass", FALSE, ORIEL_SDP_PROTOCOL, "a=setup"},
    {"a=setup:active", "a=setup:holdconn", TRUE, ORIEL_SDP_PROTOCOL, "a=setup"},
    {"a=setup:active", "a=setup:active\r\na=setup:passive", FALSE, ORIEL_SDP_PROTOCOL, "more than once"},
    {"a=ice-ufrag:sbo5", "a=ice-ufrag:sb5", FALSE, ORIEL_SDP_PROTOCOL, "ICE user name"},
    {"a=ice-ufrag:sbo5", "a=ice-ufrag:sbo5 x", FALSE, ORIEL_SDP_PROTOCOL, "ICE user name"},
    {"a=ice-pwd:4BvNIDdQWEyo0aOn9iqyB2Uw", "a=ice-pwd:short", TRUE, ORIEL_SDP_PROTOCOL, "ICE user name"},
    {"a=ice-pwd:4BvNIDdQWEyo0aOn9iqyB2Uw\r\n", "", TRUE, ORIEL_SDP_PROTOCOL, "ICE user name"},
    /* no SDP */
    {"v=0", "v=1", FALSE, ORIEL_SDP_PROTOCOL, "does not start with v=0"},
    {"s=-", "hello", FALSE, ORIEL_SDP_PROTOCOL, "line 3"},
    {"s=-", "s=\x1b[2J", FALSE, ORIEL_SDP_PROTOCOL, "not printable"},
    {"s=-", "s=\xc3\xa9", FALSE, ORIEL_SDP_PROTOCOL, "not printable"},
    {"s=-\r\n", "s=-\r\n\r\n", FALSE, ORIEL_SDP_PROTOCOL, "line 4"},
    {"s=-\r\n", "s=-\r\r\n", FALSE, ORIEL_SDP_PROTOCOL, "carriage return"},
};

static void test_refused(void **state) {
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        char error[ORIEL_SDP_ERROR_SIZE];
        g_autofree char *answer = changed(chromium, refused[i].from, refused[i].to, refused[i].every);
        enum oriel_sdp_verdict verdict = check(answer, error);
        if (verdict != refused[i].verdict || !strstr(error, refused[i].why))
            fail_msg("\"%s\" for \"%s\": verdict %d, \"%s\"; expected %d, \"%s\"", refused[i].to, refused[i].from,
                     verdict, error, refused[i].verdict, refused[i].why);
    }
}

/* Screen, camera, voice and face, each with the direction that is given for it. */
static char *all_mlines(const char *const directions[4]) {
    static const char *const names[] = {"screen", "camera", "voice", "face"};
    GString *s = g_string_new("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
                              "a=group:BUNDLE screen camera voice face data\r\n");
    for (guint i = 0; i < 4; i++)
        g_string_append_printf(s,
                               "m=%s 9 UDP/TLS/RTP/SAVPF %u\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=%s\r\na=rtcp-mux\r\n"
                               "a=setup:active\r\na=ice-ufrag:sbo5\r\na=ice-pwd:4BvNIDdQWEyo0aOn9iqyB2Uw\r\n"
                               "a=rtpmap:%u %s\r\na=fingerprint:sha-256 " FINGERPRINT "\r\n",
                               i == 2 ? "audio" : "video", 96 + i, names[i], directions[i], 96 + i,
                               i == 2 ? "opus/48000/2" : "VP8/90000");
    g_string_append(s, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:data\r\n"
                       "a=setup:active\r\na=ice-ufrag:sbo5\r\na=ice-pwd:4BvNIDdQWEyo0aOn9iqyB2Uw\r\n"
                       "a=sctp-port:5000\r\na=fingerprint:sha-256 " FINGERPRINT "\r\n");
    return g_string_free(s, FALSE);
}

/* What webrtcbin is told of m-line `name`. */
static char *told(const char *sdp, const char *name) {
    g_autofree char *mid = g_strdup_printf("a=mid:%s\r\n", name);
    g_auto(GStrv) sections = g_strsplit(sdp, "\r\nm=", -1);
    for (char **section = sections; *section; section++) {
        const char *const directions[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
        const char *found = NULL;
        for (guint i = 0; strstr(*section, mid) && i < 4; i++) {
            g_autofree char *line = g_strdup_printf("\r\na=%s", directions[i]);
            if (strstr(*section, line)) {
                assert_null(found);
                found = directions[i];
            }
        }
        if (found)
            return g_strdup(found);
    }
    return NULL;
}

static void test_directions(void **state) {
    g_autofree char *all = all_mlines((const char *[]){"sendonly", "sendonly", "sendrecv", "recvonly"});
    static const struct {
        const char *answer[4], *why; /* NULL: taken */
    } cases[] = {
        {{"recvonly", "recvonly", "sendrecv", "sendonly"}, NULL},
        {{"recvonly", "inactive", "recvonly", "inactive"}, NULL},
        {{"recvonly", "recvonly", "sendonly", "inactive"}, NULL},
        {{"recvonly", "inactive", "inactive", "sendonly"}, NULL},
        {{"inactive", "recvonly", "sendrecv", "sendonly"}, "m-line 0 of the answer must be recvonly: it is the screen"},
        {{"recvonly", "sendrecv", "sendrecv", "sendonly"}, "m-line 1 of the answer must be recvonly or inactive"},
        {{"recvonly", "sendonly", "sendrecv", "sendonly"}, "m-line 1 of the answer must be recvonly or inactive"},
        {{"recvonly", "recvonly", "sendrecv", "sendrecv"}, "m-line 3 of the answer must be sendonly or inactive"},
        {{"recvonly", "recvonly", "sendrecv", "recvonly"}, "m-line 3 of the answer must be sendonly or inactive"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char error[ORIEL_SDP_ERROR_SIZE] = "";
        struct oriel_sdp_answer result = {0};
        g_autofree char *answer = all_mlines(cases[i].answer);
        enum oriel_sdp_verdict verdict = oriel_sdp_check_answer(all, answer, FINGERPRINT, 15, &result, error);
        if (verdict != (cases[i].why ? ORIEL_SDP_PROTOCOL : ORIEL_SDP_GOOD) ||
            (cases[i].why && !strstr(error, cases[i].why)))
            fail_msg("case %zu: \"%s\"", i, error);
        oriel_sdp_answer_clear(&result);
    }
}

static void test_what_nothing_is_behind_is_inactive(void **state) {
    static const char *const names[] = {"screen", "camera", "voice", "face"};
    const char *wanted[] = {"recvonly", "recvonly", "sendrecv", "sendonly"};
    g_autofree char *all = all_mlines((const char *[]){"sendonly", "sendonly", "sendrecv", "recvonly"});
    g_autofree char *answer = all_mlines(wanted);
    for (unsigned active = 0; active < 16; active++) {
        char error[ORIEL_SDP_ERROR_SIZE];
        struct oriel_sdp_answer result = {0};
        assert_int_equal(oriel_sdp_check_answer(all, answer, FINGERPRINT, active, &result, error), ORIEL_SDP_GOOD);
        for (guint i = 0; i < 4; i++) {
            g_autofree char *direction = told(result.sdp, names[i]);
            assert_string_equal(direction, active & 1u << i ? wanted[i] : "inactive");
        }
        assert_non_null(strstr(result.sdp, "a=sctp-port:5000"));
        oriel_sdp_answer_clear(&result);
    }
}

static void test_not_sdp_at_all(void **state) {
    char error[ORIEL_SDP_ERROR_SIZE];
    const char *bad[] = {
        "", "v=0", "v=0\r\n", "{\"type\":\"answer\"}", "v=0\r\nm=\r\n", "v=0\r\na=group\r\nm=video\r\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_int_equal(check(bad[i], error), ORIEL_SDP_PROTOCOL);
    g_autofree char *filler = g_strnfill(ORIEL_SDP_SIZE_MAX, 'x');
    g_autofree char *line = g_strdup_printf("s=%s", filler);
    g_autofree char *large = changed(chromium, "s=-", line, FALSE);
    assert_int_equal(check(large, error), ORIEL_SDP_PROTOCOL);
    assert_non_null(strstr(error, "bytes long"));
    /* Cut anywhere, it is either refused or still a whole answer; never a crash. */
    for (size_t n = 0; n < strlen(chromium); n++) {
        g_autofree char *cut = g_strndup(chromium, n);
        check(cut, error);
    }
    g_autofree char *half = g_strndup(chromium, strlen(chromium) / 2);
    assert_int_equal(check(half, error), ORIEL_SDP_PROTOCOL);
}

static void test_candidates(void **state) {
    const char *good[] = {
        "candidate:1 1 udp 2113937151 192.0.2.7 50001 typ host generation 0 ufrag sbo5 network-cost 999",
        "candidate:842163049 1 UDP 1677729535 2001:db8::1 1 typ srflx raddr 0.0.0.0 rport 0",
        "candidate:a+/ 2 udp 0 127.0.0.1 65535 typ relay",
    };
    const char *bad[] = {
        "",
        "candidate:",
        "a=candidate:1 1 udp 1 192.0.2.7 50001 typ host",
        "candidate:1 1 udp 1 host.local 50001 typ host",
        "candidate:1 1 udp 1 localhost 50001 typ host",
        "candidate:1 1 udp 1 192.0.2.7.example 50001 typ host",
        "candidate:1 1 udp 1 0x7f000001 50001 typ host",
        "candidate:1 1 udp 1 fe80::1%eth0 50001 typ host",
        "candidate:1 1 tcp 1 192.0.2.7 9 typ host tcptype active",
        "candidate:1 3 udp 1 192.0.2.7 50001 typ host",
        "candidate:1 1 udp 4294967296 192.0.2.7 50001 typ host",
        "candidate:1 1 udp -1 192.0.2.7 50001 typ host",
        "candidate:1 1 udp 1 192.0.2.7 0 typ host",
        "candidate:1 1 udp 1 192.0.2.7 65536 typ host",
        "candidate:1 1 udp 1 192.0.2.7 50001 typ",
        "candidate:1 1 udp 1 192.0.2.7 50001 typ other",
        "candidate:1 1 udp 1 192.0.2.7 50001 kind host",
        "candidate: 1 udp 1 192.0.2.7 50001 typ host",
        "candidate:1 1 udp 1 192.0.2.7 50001 typ host\r\na=x",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        if (!oriel_sdp_candidate_usable(good[i]))
            fail_msg("dropped: %s", good[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        if (oriel_sdp_candidate_usable(bad[i]))
            fail_msg("taken: %s", bad[i]);
    char address[64];
    assert_true(oriel_sdp_candidate_address(good[1], address));
    assert_string_equal(address, "2001:db8::1");
    g_autofree char *filler = g_strnfill(ORIEL_SDP_CANDIDATE_MAX, 'x');
    g_autofree char *longer = g_strconcat(good[2], " ", filler, NULL);
    assert_false(oriel_sdp_candidate_usable(longer));
}

static void test_own_fingerprint(void **state) {
    g_autofree char *own = oriel_sdp_fingerprint(offer);
    assert_string_equal(own, OTHER);
    g_autofree char *of_session = oriel_sdp_fingerprint(firefox);
    assert_string_equal(of_session, FINGERPRINT);
    assert_null(oriel_sdp_fingerprint(""));
    assert_null(oriel_sdp_fingerprint("v=0\r\n"));
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_browsers),
        cmocka_unit_test(test_candidates_are_taken_out),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_what_nothing_is_behind_is_inactive),
        cmocka_unit_test(test_not_sdp_at_all),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_own_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
