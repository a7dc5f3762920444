/* `oriel audit verify --receipt FILE --owner FILE`: what an agent's page keeps of a session (PROTOCOL.md, The receipt),
 * checked by somebody who trusts the owner only: that the device is the owner's, and that it has signed, to this
 * agent's own request, this grant and this end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "cleanup.h"
#include "document.h"
#include "json.h"
#include "log.h"
#include "message.h"
#include "seal.h"

/* Says in `error` what is wrong. */
static json_t *refuse(const char *what, const char *why, char error[ORIEL_CLI_RECEIPT_ERROR_SIZE]) {
    snprintf(error, ORIEL_CLI_RECEIPT_ERROR_SIZE, "%s%s%s", what, *why ? ": " : "", why);
    return NULL;
}

/* The claims of one message of the receipt, as the schema has them; NULL after saying why not. */
static json_t *message(const json_t *receipt, enum oriel_message_type type, const json_t *key, char *error) {
    char why[ORIEL_JSON_ERROR_SIZE] = "", typ[64], what[80];
    const char *name = oriel_message_name(type), *jws = oriel_json_text(receipt, name);
    enum oriel_message_type found;
    snprintf(typ, sizeof typ, "oriel-%s+jws", name);
    snprintf(what, sizeof what, "its '%s' is not what the device signed", name);
    json_t *claims = jws ? oriel_jws_verify(jws, strlen(jws), key, typ, why) : NULL;
    _cleanup_free_ char *text = claims ? oriel_json_encode(claims) : NULL;
    json_decref(claims);
    json_t *m = text ? oriel_message_decode(text, strlen(text), &found, why) : NULL;
    if (m && found == type)
        return m;
    json_decref(m);
    return refuse(what, jws ? why : "it is missing", error);
}

/* The device's credential, signed by the owner. */
static json_t *credential(const json_t *receipt, const json_t *owner, char *error) {
    char why[ORIEL_JSON_ERROR_SIZE] = "";
    const char *jws = oriel_json_text(receipt, "credential");
    json_t *claims = jws ? oriel_jws_verify(jws, strlen(jws), json_object_get(owner, "key"),
                                            oriel_document_typ(ORIEL_DOCUMENT_DEVICE_CREDENTIAL), why)
                         : NULL;
    if (claims && oriel_document_check(ORIEL_DOCUMENT_DEVICE_CREDENTIAL, claims, why))
        return claims;
    json_decref(claims);
    return refuse("the device is not this owner's", why, error);
}

static bool is_same(const json_t *a, const char *name, const char *expected) {
    const char *text = oriel_json_text(a, name);
    return text && expected && strcmp(text, expected) == 0;
}

/* The grant to the request that is in the receipt. */
static json_t *grant_of(const json_t *receipt, const json_t *key, char *error) {
    char hash[ORIEL_HASH_SIZE] = "";
    const char *request = oriel_json_text(receipt, "request");
    json_t *grant = message(receipt, ORIEL_MESSAGE_GRANT, key, error);
    if (!grant)
        return NULL;
    if (request)
        oriel_message_hash(request, strlen(request), hash);
    if (is_same(grant, "request", hash))
        return grant;
    json_decref(grant);
    return refuse("the grant is for another request than the one in the receipt", "", error);
}

/* The end of that session. */
static json_t *end_of(const json_t *receipt, const json_t *grant, const json_t *key, char *error) {
    json_t *end = message(receipt, ORIEL_MESSAGE_END, key, error);
    if (!end || is_same(end, "session", oriel_json_text(grant, "session")))
        return end;
    json_decref(end);
    return refuse("the end is another session's", "", error);
}

json_t *oriel_cli_receipt_check(const char *text, size_t length, const char *owner_text, size_t owner_length,
                                char error[ORIEL_CLI_RECEIPT_ERROR_SIZE]) {
    char why[ORIEL_JSON_ERROR_SIZE] = "this is no receipt";
    json_t *receipt = oriel_json_decode(text, length, ORIEL_CLI_RECEIPT_MAX, why),
           *owner = receipt ? oriel_json_decode(owner_text, owner_length, ORIEL_CLI_RECEIPT_MAX, why) : NULL;
    json_t *device = NULL, *grant = NULL, *end = NULL, *ended = json_object_get(receipt, "end");
    if (!owner || !is_same(receipt, "typ", "receipt"))
        refuse(why, "", error);
    else
        device = credential(receipt, owner, error);
    ended = json_is_null(ended) ? NULL : ended; /* the page says so before it has one */
    const json_t *key = json_object_get(json_object_get(device, "cnf"), "jwk");
    grant = device ? grant_of(receipt, key, error) : NULL;
    end = grant && ended ? end_of(receipt, grant, key, error) : NULL;
    json_t *all =
        grant && (end || !ended) ? json_pack("{s:O, s:O, s:O*}", "device", device, "grant", grant, "end", end) : NULL;
    json_decref(receipt);
    json_decref(owner);
    json_decref(device);
    json_decref(grant);
    json_decref(end);
    return all;
}

static void print(const json_t *device, const json_t *grant, const json_t *end) {
    size_t i;
    const json_t *scope;
    printf("%s (%s) granted session %s:", oriel_json_text(device, "sub"), oriel_json_text(device, "name"),
           oriel_json_text(grant, "session"));
    json_array_foreach(json_object_get(grant, "scopes"), i, scope)
        printf("%s %s", i ? "," : "", json_string_value(scope));
    printf(" for %lld s\n", oriel_json_integer(grant, "seconds", 0));
    if (end)
        printf("it ended by %s: %s\n", oriel_json_text(end, "by"), oriel_json_text(end, "reason"));
    else
        puts("of its end there is no word of the device here");
}

int oriel_cli_audit_receipt(const struct oriel_cli_audit *a) {
    size_t length, owner_length;
    char error[ORIEL_CLI_RECEIPT_ERROR_SIZE];
    _cleanup_free_ char *text = oriel_cli_read(a->receipt, ORIEL_CLI_RECEIPT_MAX, &length),
                        *owner = text ? oriel_cli_read(a->owner, ORIEL_CLI_RECEIPT_MAX, &owner_length) : NULL;
    json_t *all = owner ? oriel_cli_receipt_check(text, length, owner, owner_length, error) : NULL;
    if (all)
        print(json_object_get(all, "device"), json_object_get(all, "grant"), json_object_get(all, "end"));
    else if (owner)
        oriel_error("%s: %s", a->receipt, error);
    json_decref(all);
    return all ? 0 : 1;
}
