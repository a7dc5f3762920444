/* What comes from agents, opened and verified; what goes to them, signed and sealed (PROTOCOL.md, Signed then sealed).
 * Policy: which key opens a message says which exchange it belongs to, and only that exchange's agent may have signed
 * it. A hello brings its own credential. No agent has more opened than limit.h allows. What cannot be opened or
 * verified is dropped without an answer: an answer would tell an attacker something, and nobody could check it. One
 * thread. */
#ifndef ORIEL_MAIL_H
#define ORIEL_MAIL_H

#include "exchange.h"
#include "identity.h"
#include "limit.h"
#include "trust.h"

struct oriel_mail {
    struct oriel_peer *peer; /* owned; NULL: nobody can be answered */
    char hash[ORIEL_HASH_SIZE];
    json_t *message;              /* owned; NULL: `reason` and `detail` say why not */
    enum oriel_message_type type; /* of `message` */
    /* Of the denial that the peer should get: malformed, not-allowed, revoked; without a peer: too-many, or NULL. */
    const char *reason;
    char detail[ORIEL_JSON_ERROR_SIZE];
};

struct oriel_mailroom {
    const struct oriel_identity *identity;
    struct oriel_trust *trust;
    struct oriel_exchanges *exchanges;
    struct oriel_limit *limit;
    const char *device; /* id */
};

/* `session_peer`: the agent of the live session, whose exchange may be older than ten minutes; may be NULL. Clear `out`
 * afterwards. */
void oriel_mail_open(const struct oriel_mailroom *room, struct oriel_peer *session_peer, const char *agent,
                     const void *bytes, size_t length, struct oriel_mail *out);
void oriel_mail_clear(struct oriel_mail *mail);

/* The bytes for the peer, the caller frees; `hash` (may be NULL) becomes the message's. NULL after logging why.
 * `members` is stolen. */
char *oriel_mail_seal(const struct oriel_identity *identity, const struct oriel_peer *peer,
                      enum oriel_message_type type, json_t *members, char hash[ORIEL_HASH_SIZE]);
/* Signed only (`key` NULL), or sealed for `key` too: states. */
char *oriel_mail_state(const struct oriel_identity *identity, const json_t *key, json_t *members);

#endif
