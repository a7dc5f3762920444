/* From a request that an agent sent to what may be put before the person: the checks that need no person.
 * Policy: effective scopes = requested ∩ credential ∩ vendor ∩ device (what its configuration allows and this version
 * can do); none left, another device, a vendor that is not trusted any more: no; so is a request for more than that
 * where the vendor's file says `refuse`. Effective seconds = the least of request, vendor, device and what the
 * credential lasts yet: a session ends no later than what it was granted on. Where media goes through TURN (`[media]
 * path=relay`), the vendor's file must name servers and the request must have credentials for them. Texts are cleaned.
 * Pure but for reading the vendor's file. */
#ifndef ORIEL_POLICY_H
#define ORIEL_POLICY_H

#include "config.h"
#include "session.h"
#include "trust.h"

/* Fills `out` (zeroed by the caller) from the verified message of `peer`; its hash is the caller's. False: `detail`
 * (ORIEL_DETAIL_MAX characters at most, the caller frees) says why it is not allowed. */
bool oriel_policy_check(const struct oriel_config *config, struct oriel_trust *trust, struct oriel_peer *peer,
                        const json_t *message, struct oriel_session_request *out, char **detail);

/* What a vendor's agents can ask for here at most: a new reference. */
json_t *oriel_policy_offered(const struct oriel_config *config, const struct oriel_vendor *vendor);

#endif
