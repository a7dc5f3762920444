/* The messages of PROTOCOL.md: bytes to checked JSON and back.
 *
 * Policy: whatever passes oriel_message_decode() has exactly the members of its schema (schema/<typ>.json), each of the
 * schema's type and range, so callers read members without further checks. Own messages are held to the same tables.
 * The claims only: signing and sealing is seal.h's. No state, thread-safe. */
#ifndef ORIEL_MESSAGE_H
#define ORIEL_MESSAGE_H

#include <stdbool.h>

#include "fields.h"
#include "json.h"

enum oriel_message_type {
    ORIEL_MESSAGE_STATE,
    ORIEL_MESSAGE_HELLO,
    ORIEL_MESSAGE_CHALLENGE,
    ORIEL_MESSAGE_REQUEST,
    ORIEL_MESSAGE_PROGRESS,
    ORIEL_MESSAGE_CANCEL,
    ORIEL_MESSAGE_GRANT,
    ORIEL_MESSAGE_DENIAL,
    ORIEL_MESSAGE_SDP,
    ORIEL_MESSAGE_ICE,
    ORIEL_MESSAGE_END,
    ORIEL_MESSAGE_UPDATE,
    ORIEL_MESSAGE_DONE,
    ORIEL_MESSAGE_RENEW,
    ORIEL_MESSAGE_AWAY,
    ORIEL_MESSAGE_REJOIN,
    ORIEL_MESSAGE_REJOINED,
};

enum {
    ORIEL_MESSAGE_MAX = 64 * 1024,  /* bytes that a receiver looks at */
    ORIEL_MESSAGE_SEND_MAX = 10240, /* bytes of the claims of a message that is sent */
    ORIEL_HASH_SIZE = 44,           /* 32 bytes as base64url, with NUL */
    ORIEL_CALL_NOTE_MAX = 120,      /* characters of what is noted of a call */
    ORIEL_DETAIL_MAX = 200,         /* characters of a `detail` member */
    ORIEL_PATHS_MAX = 64,           /* connections of one session, one after the other */
};

/* A new reference to the checked object and its type, or NULL with a sentence in `error`. */
json_t *oriel_message_decode(const void *bytes, size_t length, enum oriel_message_type *type,
                             char error[ORIEL_JSON_ERROR_SIZE]);

/* The bytes of `members` (stolen) as a message of `type`: adds `v` and `typ`. The caller frees. NULL when the members
 * break the schema or the size, with a sentence in `error`: a fault of ours. */
char *oriel_message_encode(enum oriel_message_type type, json_t *members, char error[ORIEL_JSON_ERROR_SIZE]);

const char *oriel_message_name(enum oriel_message_type type);

/* SHA-256 of bytes, as the `hash` and `nonce` members carry it. */
void oriel_message_hash(const void *bytes, size_t length, char out[ORIEL_HASH_SIZE]);
/* Six digits of a hash, to compare by voice: its first 32 bits as a big-endian number, modulo 1,000,000. "000000" of
 * what is no hash. */
enum { ORIEL_CODE_SIZE = 7 };
/* Whether this is a `help` that a state may have. */
bool oriel_message_help_is_good(const json_t *help);

/* Why a session is over (PROTOCOL.md, Why an end). */
struct oriel_end_reason {
    const char *name;
    bool media;         /* oriel-media may say so; another word of it is taken for media-failed */
    const char *denial; /* while there is no grant to end: what the request is denied with; NULL: media-failed when the
                         * device ends it, else cancelled */
};
/* NULL: there is none of that name. */
const struct oriel_end_reason *oriel_end_reason_find(const char *name);

void oriel_message_code(const char *hash, char out[ORIEL_CODE_SIZE]);
/* 32 fresh random bytes in the same form. Aborts when the system has no randomness: nothing may go on then. */
void oriel_message_nonce(char out[ORIEL_HASH_SIZE]);

#endif
