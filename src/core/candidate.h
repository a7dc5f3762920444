/* What media may tell the agent of addresses.
 *
 * Policy: media is not trusted, and what it says goes to the agent's browser, which then sends there. With path=relay
 * that is addresses of a TURN server ("typ relay"), with path=direct those of the device ("typ host"), of the
 * configured ones if there are any; each an IP literal with a port, by UDP (RFC 8839 section 5.1). An offer has no
 * candidates: they come one by one and are all looked at. Pure functions. */
#ifndef ORIEL_CANDIDATE_H
#define ORIEL_CANDIDATE_H

#include <stdbool.h>

/* `addresses`: joined by ';', "" for any. "", the end of candidates, may leave. */
bool oriel_candidate_may_leave(const char *candidate, bool relay, const char *addresses);
bool oriel_offer_may_leave(const char *sdp);

#endif
