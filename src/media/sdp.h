/* What of the agent's SDP may reach webrtcbin.
 *
 * Policy: the answer answers this offer and nothing else: the same m-lines with formats and extensions out of the
 * offer, bundled, each in a direction that answers the offered one, one certificate by one SHA-256 fingerprint, the
 * announced one; no ice-lite. Its candidates are taken out, so that each passes the same check as one that comes by
 * itself. A candidate must be UDP to an IP literal (RFC 8839): names are never looked up. Pure functions of their
 * arguments: no I/O, no state. Thread-safe. */
#ifndef ORIEL_SDP_H
#define ORIEL_SDP_H

#include <glib.h>
#include <stdbool.h>

enum { ORIEL_SDP_SIZE_MAX = 16 * 1024, ORIEL_SDP_CANDIDATE_MAX = 512, ORIEL_SDP_ERROR_SIZE = 200 };

enum oriel_sdp_verdict { ORIEL_SDP_GOOD, ORIEL_SDP_PROTOCOL, ORIEL_SDP_FINGERPRINT };

struct oriel_sdp_answer {
    char *sdp;             /* for webrtcbin, without candidates */
    GPtrArray *candidates; /* of char *, the usable ones */
    bool dependencies;     /* the browser reads the dependency descriptor of the screen's packets */
};

/* Judges `answer` to `offer` (ours). `fingerprint` is the announced one. `active` has a bit for each m-line of audio or
 * video behind which something is: the others become inactive in what webrtcbin is told, whatever the answer says. On
 * ORIEL_SDP_GOOD fills `ret_answer` (clear it afterwards), otherwise `error` with a sentence. */
enum oriel_sdp_verdict oriel_sdp_check_answer(const char *offer, const char *answer, const char *fingerprint,
                                              unsigned active, struct oriel_sdp_answer *ret_answer,
                                              char error[ORIEL_SDP_ERROR_SIZE]);
void oriel_sdp_answer_clear(struct oriel_sdp_answer *answer);

/* Whether `candidate` ("candidate:…") may be used: well-formed, UDP, an IP literal, a port. */
bool oriel_sdp_candidate_usable(const char *candidate);

/* The candidate's address as it is written, into `out`. False if there is none. */
bool oriel_sdp_candidate_address(const char *candidate, char out[64]);

/* The one fingerprint value of an SDP of our own; NULL if there is none. The caller frees. */
char *oriel_sdp_fingerprint(const char *sdp);

#endif
