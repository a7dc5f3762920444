/* See message.h. One table a message, one checker for all. The tables say what the schemas say; the tests hold them
 * together by running the same examples through both. */
#include "message.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const statuses[] = {"ready", "asking", "live", NULL};
static const char *const stages[] = {"shown", "allowed", NULL};
static const char *const pauses[] = {"", "again", "provider", "indicator", NULL};
static const char *const sdp_types[] = {"offer", "answer", NULL};
static const char *const parties[] = {"person", "local", "agent", "device", NULL};
static const char *const denials[] = {
    "denied",    "timeout",     "no-provider", "provider-lost", "provider-invalid", "busy",         "expired",
    "revoked",   "not-allowed", "malformed",   "audit",         "capture-failed",   "media-failed", "relay-failed",
    "cancelled", "backoff",     NULL};
/* The one list of them: name, whether media may say so, what a request is denied with when there is no grant to end. */
#define END_REASONS(X)                                                                                                 \
    X("stopped", false, NULL)                                                                                          \
    X("hung-up", false, NULL)                                                                                          \
    X("expired", false, NULL)                                                                                          \
    X("provider-lost", false, "provider-lost")                                                                         \
    X("media-failed", true, NULL)                                                                                      \
    X("relay-failed", false, "relay-failed")                                                                           \
    X("capture-failed", true, "capture-failed")                                                                        \
    X("peer-lost", true, NULL)                                                                                         \
    X("fingerprint", true, NULL)                                                                                       \
    X("revoked", false, "revoked")                                                                                     \
    X("protocol", true, NULL)                                                                                          \
    X("audit", false, "audit")                                                                                         \
    X("not-renewed", false, NULL)                                                                                      \
    X("shutdown", false, "cancelled")
#define NAME(name, helper, denial) name,
#define ROW(name, helper, denial) {name, helper, denial},

static const char *const ends[] = {END_REASONS(NAME) NULL};
static const struct oriel_end_reason end_reasons[] = {END_REASONS(ROW){NULL, false, NULL}};

const struct oriel_end_reason *oriel_end_reason_find(const char *name) {
    for (const struct oriel_end_reason *r = end_reasons; r->name; r++)
        if (strcmp(r->name, name) == 0)
            return r;
    return NULL;
}

#define UINT32_TOP INT64_C(4294967295)

static const struct oriel_field help_fields[] = {{"since", ORIEL_INTEGER, .max = UINT32_TOP},
                                                 {"note", ORIEL_TEXT, .max = ORIEL_CALL_NOTE_MAX},
                                                 {"page", ORIEL_TEXT, .optional = true, .max = 64},
                                                 {"alarms", ORIEL_TEXTS, .optional = true, .max = 80},
                                                 {"callback", ORIEL_TEXT, .optional = true, .min = 1, .max = 64},
                                                 {NULL}};

/* The members of a present device's state are optional here, since a will lacks them; check_state() decides. */
static const struct oriel_field state_fields[] = {{"device", ORIEL_ID},
                                                  {"boot", ORIEL_HASH},
                                                  {"online", ORIEL_BOOLEAN},
                                                  {"status", ORIEL_WORD, .optional = true, .words = statuses},
                                                  {"consent", ORIEL_BOOLEAN, .optional = true},
                                                  {"credential", ORIEL_TOKEN, .optional = true},
                                                  {"name", ORIEL_TEXT, .optional = true, .max = 64},
                                                  {"model", ORIEL_TEXT, .optional = true, .max = 64},
                                                  {"site", ORIEL_TEXT, .optional = true, .max = 64},
                                                  {"firmware", ORIEL_TEXT, .optional = true, .max = 64},
                                                  {"uptime", ORIEL_INTEGER, .optional = true, .max = UINT32_TOP},
                                                  {"scopes", ORIEL_SCOPES, .optional = true},
                                                  {"help", ORIEL_OBJECT, .optional = true, .fields = help_fields},
                                                  {NULL}};
static const struct oriel_field hello_fields[] = {
    {"device", ORIEL_ID}, {"nonce", ORIEL_HASH}, {"credential", ORIEL_TOKEN}, {"key", ORIEL_KEY}, {NULL}};
static const struct oriel_field challenge_fields[] = {{"hello", ORIEL_HASH},
                                                      {"nonce", ORIEL_HASH},
                                                      {"device", ORIEL_ID},
                                                      {"boot", ORIEL_HASH},
                                                      {"status", ORIEL_WORD, .words = statuses},
                                                      {"uptime", ORIEL_INTEGER, .max = UINT32_TOP},
                                                      {"key", ORIEL_KEY},
                                                      {NULL}};
static const char *const granters[] = {"person", "switch", "owner", NULL};
static const struct oriel_field turn_fields[] = {{"username", ORIEL_ASCII, .max = ORIEL_TURN_CREDENTIAL_MAX},
                                                 {"password", ORIEL_ASCII, .max = ORIEL_TURN_CREDENTIAL_MAX},
                                                 {NULL}};
static const struct oriel_field request_fields[] = {{"challenge", ORIEL_HASH},
                                                    {"device", ORIEL_ID},
                                                    {"nonce", ORIEL_HASH},
                                                    {"reason", ORIEL_TEXT, .min = 1, .max = 400},
                                                    {"scopes", ORIEL_SCOPES},
                                                    {"seconds", ORIEL_INTEGER, .min = 30, .max = 28800},
                                                    {"fingerprint", ORIEL_FINGERPRINT},
                                                    {"turn", ORIEL_OBJECT, .optional = true, .fields = turn_fields},
                                                    {"session", ORIEL_HASH, .optional = true},
                                                    {"authorisation", ORIEL_TOKEN, .optional = true},
                                                    {NULL}};
static const struct oriel_field progress_fields[] = {
    {"request", ORIEL_HASH}, {"stage", ORIEL_WORD, .words = stages}, {NULL}};
static const struct oriel_field cancel_fields[] = {{"request", ORIEL_HASH}, {NULL}};
static const struct oriel_field grant_fields[] = {{"request", ORIEL_HASH},
                                                  {"session", ORIEL_HASH},
                                                  {"scopes", ORIEL_SCOPES},
                                                  {"seconds", ORIEL_INTEGER, .min = 30, .max = 28800},
                                                  {"fingerprint", ORIEL_FINGERPRINT},
                                                  {"by", ORIEL_WORD, .optional = true, .words = granters},
                                                  {"outage", ORIEL_INTEGER, .optional = true, .min = 5, .max = 600},
                                                  {NULL}};
static const struct oriel_field rejoin_fields[] = {{"challenge", ORIEL_HASH},
                                                   {"device", ORIEL_ID},
                                                   {"nonce", ORIEL_HASH},
                                                   {"session", ORIEL_HASH},
                                                   {"fingerprint", ORIEL_FINGERPRINT},
                                                   {NULL}};
static const struct oriel_field rejoined_fields[] = {{"request", ORIEL_HASH},
                                                     {"session", ORIEL_HASH},
                                                     {"scopes", ORIEL_SCOPES},
                                                     {"seconds", ORIEL_INTEGER, .min = 1, .max = 28800},
                                                     {"fingerprint", ORIEL_FINGERPRINT},
                                                     {"by", ORIEL_WORD, .words = granters},
                                                     {"path", ORIEL_INTEGER, .min = 1, .max = ORIEL_PATHS_MAX},
                                                     {"paused", ORIEL_WORD, .words = pauses},
                                                     {"outage", ORIEL_INTEGER, .min = 5, .max = 600},
                                                     {NULL}};
static const struct oriel_field denial_fields[] = {{"request", ORIEL_HASH},
                                                   {"reason", ORIEL_WORD, .words = denials},
                                                   {"detail", ORIEL_TEXT, .optional = true, .max = ORIEL_DETAIL_MAX},
                                                   {"retry", ORIEL_INTEGER, .optional = true, .min = 1, .max = 900},
                                                   {NULL}};
static const struct oriel_field update_fields[] = {{"session", ORIEL_HASH},
                                                   {"seq", ORIEL_INTEGER, .max = 65535},
                                                   {"path", ORIEL_INTEGER, .min = 1, .max = ORIEL_PATHS_MAX},
                                                   {"scopes", ORIEL_SCOPES},
                                                   {"paused", ORIEL_WORD, .words = pauses},
                                                   {NULL}};
static const struct oriel_field sdp_fields[] = {{"session", ORIEL_HASH},
                                                {"seq", ORIEL_INTEGER, .max = 65535},
                                                {"path", ORIEL_INTEGER, .min = 1, .max = ORIEL_PATHS_MAX},
                                                {"type", ORIEL_WORD, .words = sdp_types},
                                                {"sdp", ORIEL_TEXT, .min = 1, .max = 8192},
                                                {NULL}};
static const struct oriel_field ice_fields[] = {{"session", ORIEL_HASH},
                                                {"seq", ORIEL_INTEGER, .max = 65535},
                                                {"path", ORIEL_INTEGER, .min = 1, .max = ORIEL_PATHS_MAX},
                                                {"candidate", ORIEL_TEXT, .max = 512},
                                                {"mline", ORIEL_INTEGER, .max = 15},
                                                {NULL}};
static const struct oriel_field renew_fields[] = {{"session", ORIEL_HASH},
                                                  {"seq", ORIEL_INTEGER, .max = 65535},
                                                  {"path", ORIEL_INTEGER, .min = 1, .max = ORIEL_PATHS_MAX},
                                                  {NULL}};
static const struct oriel_field away_fields[] = {{"session", ORIEL_HASH}, {"seq", ORIEL_INTEGER, .max = 65535}, {NULL}};
static const struct oriel_field end_fields[] = {{"session", ORIEL_HASH},
                                                {"seq", ORIEL_INTEGER, .max = 65535},
                                                {"by", ORIEL_WORD, .words = parties},
                                                {"reason", ORIEL_WORD, .words = ends},
                                                {"detail", ORIEL_TEXT, .optional = true, .max = ORIEL_DETAIL_MAX},
                                                {NULL}};

static const struct oriel_field done_fields[] = {
    {"since", ORIEL_INTEGER, .max = UINT32_TOP}, {"note", ORIEL_TEXT, .min = 1, .max = ORIEL_CALL_NOTE_MAX}, {NULL}};

static const struct {
    const char *name;
    const struct oriel_field *fields;
} types[] = {
    [ORIEL_MESSAGE_STATE] = {"state", state_fields},
    [ORIEL_MESSAGE_HELLO] = {"hello", hello_fields},
    [ORIEL_MESSAGE_CHALLENGE] = {"challenge", challenge_fields},
    [ORIEL_MESSAGE_REQUEST] = {"request", request_fields},
    [ORIEL_MESSAGE_PROGRESS] = {"progress", progress_fields},
    [ORIEL_MESSAGE_CANCEL] = {"cancel", cancel_fields},
    [ORIEL_MESSAGE_GRANT] = {"grant", grant_fields},
    [ORIEL_MESSAGE_DENIAL] = {"denial", denial_fields},
    [ORIEL_MESSAGE_SDP] = {"sdp", sdp_fields},
    [ORIEL_MESSAGE_ICE] = {"ice", ice_fields},
    [ORIEL_MESSAGE_END] = {"end", end_fields},
    [ORIEL_MESSAGE_UPDATE] = {"update", update_fields},
    [ORIEL_MESSAGE_DONE] = {"done", done_fields},
    [ORIEL_MESSAGE_RENEW] = {"renew", renew_fields},
    [ORIEL_MESSAGE_AWAY] = {"away", away_fields},
    [ORIEL_MESSAGE_REJOIN] = {"rejoin", rejoin_fields},
    [ORIEL_MESSAGE_REJOINED] = {"rejoined", rejoined_fields},
};

const char *oriel_message_name(enum oriel_message_type type) {
    return types[type].name;
}

bool oriel_message_help_is_good(const json_t *help) {
    char error[ORIEL_JSON_ERROR_SIZE];
    return json_is_object(help) && oriel_fields_check(help, help_fields, 0, error);
}

static bool check_state(const json_t *message, char *error) {
    bool whole = json_is_true(json_object_get(message, "online"));
    for (const struct oriel_field *f = state_fields; f->name; f++) {
        if (!f->optional || f->kind == ORIEL_OBJECT || f->kind == ORIEL_SCOPES)
            continue;
        if (whole != (json_object_get(message, f->name) != NULL)) {
            snprintf(error, ORIEL_JSON_ERROR_SIZE, "member '%s' is %s", f->name, whole ? "missing" : "not for a will");
            return false;
        }
    }
    return whole || json_object_size(message) == 5;
}

static bool check_message(const json_t *message, enum oriel_message_type *type, char *error) {
    if (oriel_json_integer(message, "v", 0) != 1) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "'v' is not 1");
        return false;
    }
    const char *typ = oriel_json_text(message, "typ");
    for (size_t i = 0; typ && i < sizeof types / sizeof *types; i++) {
        if (strcmp(typ, types[i].name) != 0)
            continue;
        *type = (enum oriel_message_type)i;
        return oriel_fields_check(message, types[i].fields, 2, error) &&
               (i != ORIEL_MESSAGE_STATE || check_state(message, error));
    }
    snprintf(error, ORIEL_JSON_ERROR_SIZE, "'typ' is no message of version 1");
    return false;
}

json_t *oriel_message_decode(const void *bytes, size_t length, enum oriel_message_type *type,
                             char error[ORIEL_JSON_ERROR_SIZE]) {
    json_t *message = oriel_json_decode(bytes, length, ORIEL_MESSAGE_MAX, error);
    if (message && !check_message(message, type, error)) {
        json_decref(message);
        message = NULL;
    }
    return message;
}

char *oriel_message_encode(enum oriel_message_type type, json_t *members, char error[ORIEL_JSON_ERROR_SIZE]) {
    json_t *message = json_pack("{s:i, s:s}", "v", 1, "typ", types[type].name);
    char *bytes = NULL;
    enum oriel_message_type checked;
    if (members && json_object_update(message, members) == 0 && check_message(message, &checked, error)) {
        bytes = oriel_json_encode(message);
        if (bytes && strlen(bytes) > ORIEL_MESSAGE_SEND_MAX) {
            snprintf(error, ORIEL_JSON_ERROR_SIZE, "message of %zu bytes, at most %d may be sent", strlen(bytes),
                     ORIEL_MESSAGE_SEND_MAX);
            free(bytes);
            bytes = NULL;
        }
    } else if (!members) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "members that are no JSON (text that is not UTF-8?)");
    }
    json_decref(message);
    json_decref(members);
    return bytes;
}

static void base64url(const unsigned char in[32], char out[ORIEL_HASH_SIZE]) {
    unsigned char padded[45];
    EVP_EncodeBlock(padded, in, 32);
    for (int i = 0; i < 43; i++)
        out[i] = padded[i] == '+' ? '-' : padded[i] == '/' ? '_' : (char)padded[i];
    out[43] = '\0';
}

void oriel_message_hash(const void *bytes, size_t length, char out[ORIEL_HASH_SIZE]) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(bytes, length, digest);
    base64url(digest, out);
}

void oriel_message_code(const char *hash, char out[ORIEL_CODE_SIZE]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint64_t bits = 0;
    for (int i = 0; i < 6 && oriel_is_hash(hash); i++) /* 36 bits */
        bits = bits << 6 | (uint64_t)(strchr(digits, hash[i]) - digits);
    snprintf(out, ORIEL_CODE_SIZE, "%06u", (unsigned)((bits >> 4) % 1000000));
}

void oriel_message_nonce(char out[ORIEL_HASH_SIZE]) {
    unsigned char bytes[32];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        abort();
    base64url(bytes, out);
}
