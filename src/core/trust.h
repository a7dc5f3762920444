/* Who may ask: the vendors in the trust directory, one file each, <vendor>.json (schema/documents/trust.json), and what
 * they have taken back (revocations, signed by the vendor).
 *
 * Policy: files are read anew for each question, so that a change holds at once; a vendor without a file, or with one
 * that is not exactly of its schema, may not ask. Of revocations the newest ever seen counts, whether it came as a file
 * beside the trust file (<vendor>.revoked) or by the broker; it is kept in the state directory, so that neither a
 * restart nor a broker can bring an older one back; what is kept was verified when it came, and holds when the vendor's
 * keys have changed since. Newest is the one with the higher epoch, and of the same epoch the one with the higher
 * `iat`, which is a serial number here and no time: the device's clock may be wrong, and a vendor's may have been. Wall
 * time decides only whether a credential's `iat` and `exp` hold when the agent says hello. One thread. */
#ifndef ORIEL_TRUST_H
#define ORIEL_TRUST_H

#include "config.h"
#include "peer.h"

struct oriel_vendor {
    char *id, *label;
    json_t *keys;         /* that sign its credentials and revocations */
    json_t *presence;     /* that the state is sealed for */
    json_t *scopes;       /* maximum */
    json_t *turn;         /* list of URIs of the TURN servers that media may use for it, or NULL */
    guint seconds;        /* maximum */
    bool refuse_over_ask; /* else a request for too much is clipped */
    gint64 epoch;         /* older credentials are void */
    json_t *revoked;      /* list of key ids */
};

struct oriel_trust;

struct oriel_trust *oriel_trust_new(const struct oriel_config *config);
void oriel_trust_free(struct oriel_trust *trust);

/* `id` has the form of an id. NULL with `error` set: why this vendor may not ask. The caller frees. */
struct oriel_vendor *oriel_trust_find(struct oriel_trust *trust, const char *id, GError **error);
/* All that are good, at most 8, sorted by id; broken ones are logged. Of struct oriel_vendor. */
GPtrArray *oriel_trust_all(struct oriel_trust *trust);
void oriel_vendor_free(struct oriel_vendor *vendor);

/* The peer that an agent credential speaks for (its keys of the exchange still empty), or NULL: `revoked` and `error`
 * say why. The credential's signature, form, times, epoch and key are checked; that the sender holds the key is not. */
struct oriel_peer *oriel_trust_peer(struct oriel_trust *trust, const char *agent, const char *credential, bool *revoked,
                                    GError **error);
/* Whether a peer that was good still is: its vendor is trusted, its epoch and key stand. */
bool oriel_trust_holds(struct oriel_trust *trust, const struct oriel_peer *peer);
/* A revocation that came by the broker. False with `error`: not of this vendor, broken, or older than one that is
 * known. */
bool oriel_trust_revocation(struct oriel_trust *trust, const char *vendor, const char *bytes, size_t length,
                            GError **error);

#endif
