/* See document.h. */
#include "document.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fields.h"

#define TIME_TOP (INT64_C(1) << 53)
#define EPOCH_TOP INT64_C(4294967295)

enum { CREDENTIAL_SECONDS_MAX = 86400, AUTHORISATION_SECONDS_MAX = 366 * 86400 };

static const char *const over_asks[] = {"clip", "refuse", NULL};

static const struct oriel_field cnf_fields[] = {{"jwk", ORIEL_KEY}, {NULL}};
static const struct oriel_field agent_fields[] = {{"iss", ORIEL_ID},
                                                  {"sub", ORIEL_ID},
                                                  {"name", ORIEL_TEXT, .min = 1, .max = 64},
                                                  {"scopes", ORIEL_SCOPES},
                                                  {"epoch", ORIEL_INTEGER, .max = EPOCH_TOP},
                                                  {"iat", ORIEL_INTEGER, .max = TIME_TOP - 1},
                                                  {"exp", ORIEL_INTEGER, .max = TIME_TOP - 1},
                                                  {"cnf", ORIEL_OBJECT, .fields = cnf_fields},
                                                  {NULL}};
static const struct oriel_field device_fields[] = {{"iss", ORIEL_ID},
                                                   {"sub", ORIEL_ID},
                                                   {"tenant", ORIEL_ID},
                                                   {"name", ORIEL_TEXT, .max = 64},
                                                   {"model", ORIEL_TEXT, .max = 64},
                                                   {"iat", ORIEL_INTEGER, .max = TIME_TOP - 1},
                                                   {"cnf", ORIEL_OBJECT, .fields = cnf_fields},
                                                   {"enc", ORIEL_KEY},
                                                   {NULL}};
static const struct oriel_field revoked_fields[] = {{"iss", ORIEL_ID},
                                                    {"iat", ORIEL_INTEGER, .max = TIME_TOP - 1},
                                                    {"epoch", ORIEL_INTEGER, .max = EPOCH_TOP},
                                                    {"keys", ORIEL_HASHES, .max = 256},
                                                    {NULL}};
static const struct oriel_field trust_fields[] = {{"id", ORIEL_ID},
                                                  {"label", ORIEL_TEXT, .min = 1, .max = 64},
                                                  {"keys", ORIEL_KEYS, .max = 4},
                                                  {"presence", ORIEL_KEY},
                                                  {"scopes", ORIEL_SCOPES},
                                                  {"seconds", ORIEL_INTEGER, .min = 30, .max = 28800},
                                                  {"epoch", ORIEL_INTEGER, .max = EPOCH_TOP},
                                                  {"over_ask", ORIEL_WORD, .words = over_asks},
                                                  {"turn", ORIEL_TURN_URIS, .optional = true},
                                                  {NULL}};
static const char *const one[] = {"enrolment", NULL}, *const other[] = {"enrolled", NULL};
static const struct oriel_field enrolment_fields[] = {{"v", ORIEL_INTEGER, .min = 1, .max = 1},
                                                      {"typ", ORIEL_WORD, .words = one},
                                                      {"key", ORIEL_KEY},
                                                      {"seal", ORIEL_KEY},
                                                      {NULL}};
static const struct oriel_field owner_fields[] = {
    {"id", ORIEL_ID}, {"name", ORIEL_TEXT, .min = 1, .max = 64}, {"key", ORIEL_KEY}, {NULL}};
static const struct oriel_field turn_fields[] = {{"urls", ORIEL_TURN_URIS},
                                                 {"username", ORIEL_ASCII, .max = ORIEL_TURN_CREDENTIAL_MAX},
                                                 {"password", ORIEL_ASCII, .max = ORIEL_TURN_CREDENTIAL_MAX},
                                                 {NULL}};
static const struct oriel_field enrolled_fields[] = {{"v", ORIEL_INTEGER, .min = 1, .max = 1},
                                                     {"typ", ORIEL_WORD, .words = other},
                                                     {"tenant", ORIEL_ID},
                                                     {"label", ORIEL_TEXT, .min = 1, .max = 64},
                                                     {"credential", ORIEL_TOKEN},
                                                     {"vendor", ORIEL_KEY},
                                                     {"presence", ORIEL_PRIVATE_KEY},
                                                     {"password", ORIEL_TEXT, .max = 128},
                                                     {"owners", ORIEL_OBJECTS, .max = 16, .fields = owner_fields},
                                                     {"turn", ORIEL_OBJECT, .optional = true, .fields = turn_fields},
                                                     {NULL}};

static const struct oriel_field authorisation_fields[] = {{"iss", ORIEL_ID},
                                                          {"id", ORIEL_HASH},
                                                          {"tenant", ORIEL_ID},
                                                          {"device", ORIEL_ID},
                                                          {"vendor", ORIEL_ID},
                                                          {"scopes", ORIEL_SCOPES},
                                                          {"seconds", ORIEL_INTEGER, .min = 30, .max = 28800},
                                                          {"uses", ORIEL_INTEGER, .min = 1, .max = 1000},
                                                          {"iat", ORIEL_INTEGER, .max = TIME_TOP - 1},
                                                          {"nbf", ORIEL_INTEGER, .max = TIME_TOP - 1},
                                                          {"exp", ORIEL_INTEGER, .max = TIME_TOP - 1},
                                                          {NULL}};

static const struct {
    const char *typ;
    const struct oriel_field *fields;
} types[] = {
    [ORIEL_DOCUMENT_AGENT_CREDENTIAL] = {"oriel-agent+jwt", agent_fields},
    [ORIEL_DOCUMENT_DEVICE_CREDENTIAL] = {"oriel-device+jwt", device_fields},
    [ORIEL_DOCUMENT_REVOKED] = {"oriel-revoked+jwt", revoked_fields},
    [ORIEL_DOCUMENT_TRUST] = {NULL, trust_fields},
    [ORIEL_DOCUMENT_ENROLMENT] = {"oriel-enrolment+jws", enrolment_fields},
    [ORIEL_DOCUMENT_ENROLLED] = {"oriel-enrolled+jws", enrolled_fields},
    [ORIEL_DOCUMENT_AUTHORISATION] = {"oriel-authorisation+jws", authorisation_fields},
    [ORIEL_DOCUMENT_OWNER] = {NULL, owner_fields},
};

/* From one member to the other, 1 to `max` seconds. */
static bool lasts(const json_t *document, const char *from, const char *to, json_int_t max) {
    json_int_t seconds = oriel_json_integer(document, to, 0) - oriel_json_integer(document, from, 0);
    return seconds > 0 && seconds <= max;
}

bool oriel_document_check(enum oriel_document_type type, const json_t *document, char error[ORIEL_JSON_ERROR_SIZE]) {
    if (!oriel_fields_check(document, types[type].fields, 0, error))
        return false;
    if (type == ORIEL_DOCUMENT_AGENT_CREDENTIAL && !lasts(document, "iat", "exp", CREDENTIAL_SECONDS_MAX)) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "a credential must last at least a second and at most a day");
        return false;
    }
    if (type == ORIEL_DOCUMENT_AUTHORISATION && !lasts(document, "nbf", "exp", AUTHORISATION_SECONDS_MAX)) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "an authorisation must last at least a second and at most 366 days");
        return false;
    }
    return true;
}

const char *oriel_document_typ(enum oriel_document_type type) {
    return types[type].typ;
}
