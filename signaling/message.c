/* See message.h. One table a message, one checker for all. The tables say what the schemas say; the tests hold them
 * together by running the same examples through both. */
#include "message.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { ID, HASH, FINGERPRINT, TEXT, INTEGER, BOOLEAN, WORD, SCOPES, OBJECT };

struct field {
    const char *name;
    enum kind kind;
    bool optional;
    json_int_t min, max;        /* TEXT: characters; INTEGER: value */
    const char *const *words;   /* WORD and SCOPES, NULL-terminated */
    const struct field *fields; /* OBJECT */
};

static const char *const scopes[] = {"view", NULL};
static const char *const statuses[] = {"ready", "asking", "live", NULL};
static const char *const stages[] = {"shown", "allowed", NULL};
static const char *const sdp_types[] = {"offer", "answer", NULL};
static const char *const parties[] = {"person", "local", "agent", "device", NULL};
static const char *const denials[] = {
    "denied",      "timeout",   "no-provider", "provider-lost",  "provider-invalid", "busy",      "expired",
    "not-allowed", "malformed", "audit",       "capture-failed", "media-failed",     "cancelled", NULL};
static const char *const ends[] = {"stopped",      "hung-up",        "expired",   "provider-lost",
                                   "media-failed", "capture-failed", "peer-lost", "fingerprint",
                                   "protocol",     "audit",          "shutdown",  NULL};

#define UINT32_TOP INT64_C(4294967295)

static const struct field credential_fields[] = {{"iss", ID}, {"sub", ID}, {"name", TEXT, .min = 1, .max = 64}, {NULL}};
static const struct field help_fields[] = {{"since", INTEGER, .max = UINT32_TOP}, {"note", TEXT, .max = 120}, {NULL}};

/* The members of a present device's state are optional here, since a will lacks them; check_state() decides. */
static const struct field state_fields[] = {{"device", ID},
                                            {"boot", HASH},
                                            {"online", BOOLEAN},
                                            {"status", WORD, .optional = true, .words = statuses},
                                            {"consent", BOOLEAN, .optional = true},
                                            {"name", TEXT, .optional = true, .max = 64},
                                            {"model", TEXT, .optional = true, .max = 64},
                                            {"site", TEXT, .optional = true, .max = 64},
                                            {"firmware", TEXT, .optional = true, .max = 64},
                                            {"uptime", INTEGER, .optional = true, .max = UINT32_TOP},
                                            {"help", OBJECT, .optional = true, .fields = help_fields},
                                            {NULL}};
static const struct field hello_fields[] = {
    {"nonce", HASH}, {"credential", OBJECT, .fields = credential_fields}, {NULL}};
static const struct field challenge_fields[] = {{"hello", HASH},
                                                {"nonce", HASH},
                                                {"device", ID},
                                                {"boot", HASH},
                                                {"status", WORD, .words = statuses},
                                                {"uptime", INTEGER, .max = UINT32_TOP},
                                                {NULL}};
static const struct field request_fields[] = {{"device", ID},
                                              {"nonce", HASH},
                                              {"reason", TEXT, .min = 1, .max = 400},
                                              {"scopes", SCOPES, .words = scopes},
                                              {"seconds", INTEGER, .min = 30, .max = 28800},
                                              {"fingerprint", FINGERPRINT},
                                              {"credential", OBJECT, .fields = credential_fields},
                                              {NULL}};
static const struct field progress_fields[] = {{"request", HASH}, {"stage", WORD, .words = stages}, {NULL}};
static const struct field cancel_fields[] = {{"request", HASH}, {NULL}};
static const struct field grant_fields[] = {{"request", HASH},
                                            {"session", HASH},
                                            {"scopes", SCOPES, .words = scopes},
                                            {"seconds", INTEGER, .min = 30, .max = 28800},
                                            {"fingerprint", FINGERPRINT},
                                            {NULL}};
static const struct field denial_fields[] = {{"request", HASH},
                                             {"reason", WORD, .words = denials},
                                             {"detail", TEXT, .optional = true, .max = ORIEL_DETAIL_MAX},
                                             {NULL}};
static const struct field sdp_fields[] = {{"session", HASH},
                                          {"seq", INTEGER, .max = 65535},
                                          {"type", WORD, .words = sdp_types},
                                          {"sdp", TEXT, .min = 1, .max = 8192},
                                          {NULL}};
static const struct field ice_fields[] = {{"session", HASH},
                                          {"seq", INTEGER, .max = 65535},
                                          {"candidate", TEXT, .max = 512},
                                          {"mline", INTEGER, .max = 15},
                                          {NULL}};
static const struct field end_fields[] = {{"session", HASH},
                                          {"seq", INTEGER, .max = 65535},
                                          {"by", WORD, .words = parties},
                                          {"reason", WORD, .words = ends},
                                          {"detail", TEXT, .optional = true, .max = ORIEL_DETAIL_MAX},
                                          {NULL}};

static const struct {
    const char *name;
    const struct field *fields;
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
};

const char *oriel_message_name(enum oriel_message_type type) {
    return types[type].name;
}

bool oriel_is_id(const char *text) {
    size_t n = strlen(text);
    if (n < 1 || n > 64 || text[0] == '-' || text[n - 1] == '-')
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

bool oriel_is_hash(const char *text) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    /* 32 bytes leave two bits of the 43rd character over: canonical means that they are zero. */
    return strlen(text) == 43 && strspn(text, alphabet) == 43 && (strchr(alphabet, text[42]) - alphabet) % 4 == 0;
}

bool oriel_is_fingerprint(const char *text) {
    if (strlen(text) != 95)
        return false;
    for (int i = 0; i < 95; i++)
        if (i % 3 == 2 ? text[i] != ':' : !strchr("0123456789ABCDEF", text[i]))
            return false;
    return true;
}

/* Characters of valid UTF-8: bytes that do not continue another. */
static json_int_t characters(const char *text) {
    json_int_t n = 0;
    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

static bool is_word(const char *text, const char *const *words) {
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bool check_scopes(const json_t *value, const char *const *words) {
    size_t n = json_array_size(value);
    if (n < 1 || n > 8)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *scope = json_string_value(json_array_get(value, i));
        if (!scope || !is_word(scope, words))
            return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(scope, json_string_value(json_array_get(value, j))) == 0)
                return false;
    }
    return true;
}

static bool check_fields(const json_t *object, const struct field *fields, size_t others, char *error);

static bool check_value(const json_t *value, const struct field *f, char *error) {
    const char *text = json_string_value(value);
    switch (f->kind) {
    case ID:
        return text && oriel_is_id(text);
    case HASH:
        return text && oriel_is_hash(text);
    case FINGERPRINT:
        return text && oriel_is_fingerprint(text);
    case TEXT:
        return text && characters(text) >= f->min && characters(text) <= f->max;
    case INTEGER:
        return json_is_integer(value) && json_integer_value(value) >= f->min && json_integer_value(value) <= f->max;
    case BOOLEAN:
        return json_is_boolean(value);
    case WORD:
        return text && is_word(text, f->words);
    case SCOPES:
        return json_is_array(value) && check_scopes(value, f->words);
    case OBJECT:
        return json_is_object(value) && check_fields(value, f->fields, 0, error);
    }
    return false;
}

/* Every required field, each as its kind says, and no member beside them but `others` that the caller has looked at. */
static bool check_fields(const json_t *object, const struct field *fields, size_t others, char *error) {
    size_t found = 0;
    for (const struct field *f = fields; f->name; f++) {
        const json_t *value = json_object_get(object, f->name);
        if (!value && f->optional)
            continue;
        if (!value) {
            snprintf(error, ORIEL_JSON_ERROR_SIZE, "member '%s' is missing", f->name);
            return false;
        }
        found++;
        error[0] = '\0';
        if (!check_value(value, f, error)) {
            if (!error[0])
                snprintf(error, ORIEL_JSON_ERROR_SIZE, "member '%s' is not what the schema allows", f->name);
            return false;
        }
    }
    if (json_object_size(object) != found + others) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "a member that the schema does not name");
        return false;
    }
    return true;
}

static bool check_state(const json_t *message, char *error) {
    bool whole = json_is_true(json_object_get(message, "online"));
    for (const struct field *f = state_fields; f->name; f++) {
        if (!f->optional || f->kind == OBJECT)
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
        return check_fields(message, types[i].fields, 2, error) &&
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

void oriel_message_nonce(char out[ORIEL_HASH_SIZE]) {
    unsigned char bytes[32];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        abort();
    base64url(bytes, out);
}
