/* From a request that an agent sent to what may be put before the person: the checks that need no person.
 * Policy: effective scopes = requested ∩ vendor's; none left, a foreign name or device, an unknown vendor: no.
 * Effective seconds = the least of request, vendor and device. Texts are cleaned. Pure but for reading the vendor's
 * file. */
#ifndef ORIEL_POLICY_H
#define ORIEL_POLICY_H

#include "config.h"
#include "session.h"

/* Fills `out` (zeroed by the caller) from the checked message; its hash is the caller's. False: `detail`
 * (ORIEL_DETAIL_MAX characters at most, the caller frees) says why it is not allowed. */
bool oriel_policy_check(const struct oriel_config *config, const char *agent, const json_t *message,
                        struct oriel_session_request *out, char **detail);

#endif
