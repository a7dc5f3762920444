/* Checks JSON objects against tables of fields: what message.c and document.c say of every member.
 * Policy: every required member is there, each is what its row says, and nothing is beside them. No state, thread-safe.
 */
#ifndef ORIEL_FIELDS_H
#define ORIEL_FIELDS_H

#include <stdbool.h>

#include "json.h"

enum oriel_field_kind {
    ORIEL_ID,
    ORIEL_HASH,
    ORIEL_FINGERPRINT,
    ORIEL_TEXT,
    ORIEL_ASCII, /* printable, without blanks */
    ORIEL_INTEGER,
    ORIEL_BOOLEAN,
    ORIEL_WORD,
    ORIEL_SCOPES,      /* a list of at least one, none twice */
    ORIEL_TEXTS,       /* a list of 1 to 8, each of at most max characters */
    ORIEL_HASHES,      /* a list, none twice */
    ORIEL_TURN_URIS,   /* a list of at least one, none twice */
    ORIEL_KEY,         /* a public P-256 JWK */
    ORIEL_PRIVATE_KEY, /* with its d */
    ORIEL_TOKEN,       /* looks like a compact JWS; whose and whether it holds is for seal.h */
    ORIEL_OBJECT,
    ORIEL_OBJECTS, /* a list of at least one */
    ORIEL_KEYS,    /* a list of at least one public key */
};

/* One member. A table ends with a row without a name. */
struct oriel_field {
    const char *name;
    enum oriel_field_kind kind;
    bool optional;
    json_int_t min, max;              /* TEXT and ASCII: characters; INTEGER: value; lists: max members */
    const char *const *words;         /* WORD, NULL-terminated */
    const struct oriel_field *fields; /* OBJECT and OBJECTS */
};

/* `others`: members beside the table's that the caller has looked at. False with a sentence in `error`. */
bool oriel_fields_check(const json_t *object, const struct oriel_field *fields, size_t others,
                        char error[ORIEL_JSON_ERROR_SIZE]);

/* What a person can grant, each by itself (PROTOCOL.md, Scopes). This is the one list of them, ends with a row without
 * a name; the schemas and the words of console and prompt are held against it by tests. */
struct oriel_scope {
    const char *name;
    bool built; /* this version can do it: what it can't is never put before a person */
};
extern const struct oriel_scope oriel_scopes[];

/* NULL: there is none of that name. */
const struct oriel_scope *oriel_scope_find(const char *name);
/* "view, camera, …", for a sentence that says which there are. */
enum { ORIEL_SCOPE_NAMES_SIZE = 128 };
void oriel_scope_names(char text[ORIEL_SCOPE_NAMES_SIZE]);
/* At least one, each known, none twice. */
bool oriel_scopes_are_good(const json_t *list);

bool oriel_is_id(const char *text);
/* 32 bytes as canonical base64url: 43 characters. */
bool oriel_is_hash(const char *text);
/* RFC 8122, SHA-256: 32 upper-case hex pairs joined by colons. */
bool oriel_is_fingerprint(const char *text);
/* RFC 7065: turn:host[:port][?transport=udp|tcp] or turns:host[:port][?transport=tcp]; the host a name in lower case,
 * an IPv4 address, or an IPv6 address in brackets; at most 255 characters. */
bool oriel_is_turn_uri(const char *text);
/* 1 to `max` printable ASCII characters, none of them a blank. */
bool oriel_is_ascii(const char *text, size_t max);

enum { ORIEL_TURN_URIS_MAX = 4, ORIEL_TURN_CREDENTIAL_MAX = 128 };

#endif
