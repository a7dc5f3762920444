/* The owner's pre-authorisations: one of the two ways by which a request is granted though nobody is asked (the other
 * is keyswitch.h). A JWS by the owner's key (schema/documents/authorisation.json) names device, vendor, scopes, the
 * time in which it holds and how often it may be used; an agent brings it with its request.
 *
 * Policy: off unless configured. Only the key that signed this device's own credential counts as the owner's. It grants
 * nothing that the vendor's trust file, the agent's credential or the configuration do not allow as well. A use is
 * counted on the disk before anything is granted, so that no power cut gives one back; one that then comes to nothing
 * is spent. Times are wall time, which the device must be sure of: unless [unattended] clock=local, only while the
 * kernel calls it synchronised; and never when it lies before the last use. What can't be read or written: no. One
 * thread. */
#ifndef ORIEL_AUTHORISE_H
#define ORIEL_AUTHORISE_H

#include "config.h"
#include "identity.h"
#include "session.h"

#include <stdbool.h>

struct oriel_authorise;

/* NULL without `error`: not configured. NULL with it: the owner's key is none, or the counts can't be read. */
struct oriel_authorise *oriel_authorise_new(const struct oriel_config *config, const struct oriel_identity *identity,
                                            GError **error);
void oriel_authorise_free(struct oriel_authorise *authorise);

/* Holds `jws` against the checked request of a vendor, narrows its scopes and seconds to what both allow, counts one
 * use and says in the request by whom it is granted. False: `detail` (the caller frees) says why not, and the request
 * is as it was. `authorise` may be NULL. */
bool oriel_authorise_use(struct oriel_authorise *authorise, const char *jws, struct oriel_session_request *request,
                         char **detail);

#endif
