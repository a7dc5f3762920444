/* media/sdp: the first byte chooses between an answer to a fixed offer of ours and a candidate. What is accepted has
 * the announced fingerprint and no other, and no candidate in it. */
#include "fuzz.h"

#include <string.h>

#include "sdp.h"

#define PRINT "86:79:06:69:FB:61:A2:75:7F:B6:AB:59:A3:89:32:F3:22:56:8C:FC:0C:66:E9:DB:B8:3A:63:7C:41:01:19:D5"
#define OWN "12:D5:B3:9A:A7:DF:52:E5:BF:37:2A:F9:93:EF:2B:7E:F8:D6:1D:EA:FA:33:C8:CB:AE:D7:07:F4:DD:21:94:BF"

static const char offer[] = "v=0\r\no=- 8824341825943395550 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
                            "a=ice-options:trickle\r\na=group:BUNDLE video application0\r\n"
                            "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\n"
                            "a=ice-ufrag:PG4mI2rimGyjsz7R\r\na=ice-pwd:xpu2435f7pSR08dU2CoDXwVRcJpDsTEP\r\n"
                            "a=rtcp-mux\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n"
                            "a=extmap:1 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
                            "a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n"
                            "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=mid:video\r\n"
                            "a=fingerprint:sha-256 " OWN "\r\n"
                            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
                            "a=setup:actpass\r\na=bundle-only\r\na=mid:application0\r\na=sctp-port:5000\r\n"
                            "a=fingerprint:sha-256 " OWN "\r\n";

static void check_good(const struct oriel_sdp_answer *answer) {
    static const char print[] = "\na=fingerprint:", good[] = "\na=fingerprint:sha-256 " PRINT "\r\n";
    int prints = 0;
    for (const char *at = answer->sdp; (at = strstr(at, print)); at++, prints++)
        fuzz_check(strncmp(at, good, strlen(good)) == 0);
    fuzz_check(prints >= 1);
    fuzz_check(!strstr(answer->sdp, "\na=candidate:") && !strstr(answer->sdp, "\na=ice-lite\r"));
    for (guint i = 0; i < answer->candidates->len; i++)
        fuzz_check(oriel_sdp_candidate_usable(answer->candidates->pdata[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size)
        return 0;
    g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
    if (data[0] == 'c') {
        char address[64] = "";
        bool usable = oriel_sdp_candidate_usable(text), found = oriel_sdp_candidate_address(text, address);
        fuzz_check(!usable || (found && g_hostname_is_ip_address(address)));
        return 0;
    }
    struct oriel_sdp_answer answer = {0};
    char error[ORIEL_SDP_ERROR_SIZE] = "";
    if (oriel_sdp_check_answer(offer, text, PRINT, 1, &answer, error) == ORIEL_SDP_GOOD)
        check_good(&answer);
    else
        fuzz_check(error[0] && !answer.sdp);
    oriel_sdp_answer_clear(&answer);
    return 0;
}
