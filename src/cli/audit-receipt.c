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

enum { RECEIPT_MAX = 128 * 1024 };

static json_t *refuse(const char *file, const char *what, const char *why) {
    oriel_error("%s: %s%s%s", file, what, *why ? ": " : "", why);
    return NULL;
}

/* The claims of one message of the receipt, as the schema has them; NULL after saying why not. */
static json_t *message(const char *file, const json_t *receipt, enum oriel_message_type type, const json_t *key) {
    char error[ORIEL_JSON_ERROR_SIZE] = "", typ[64], what[80];
    const char *name = oriel_message_name(type), *jws = oriel_json_text(receipt, name);
    enum oriel_message_type found;
    snprintf(typ, sizeof typ, "oriel-%s+jws", name);
    snprintf(what, sizeof what, "its '%s' is not what the device signed", name);
    json_t *claims = jws ? oriel_jws_verify(jws, strlen(jws), key, typ, error) : NULL;
    _cleanup_free_ char *text = claims ? oriel_json_encode(claims) : NULL;
    json_decref(claims);
    json_t *m = text ? oriel_message_decode(text, strlen(text), &found, error) : NULL;
    if (m && found == type)
        return m;
    json_decref(m);
    return refuse(file, what, jws ? error : "it is missing");
}

/* The device's credential, signed by the owner. */
static json_t *credential(const char *file, const json_t *receipt, const json_t *owner) {
    char error[ORIEL_JSON_ERROR_SIZE] = "";
    const char *jws = oriel_json_text(receipt, "credential");
    json_t *claims = jws ? oriel_jws_verify(jws, strlen(jws), json_object_get(owner, "key"),
                                            oriel_document_typ(ORIEL_DOCUMENT_DEVICE_CREDENTIAL), error)
                         : NULL;
    if (claims && oriel_document_check(ORIEL_DOCUMENT_DEVICE_CREDENTIAL, claims, error))
        return claims;
    json_decref(claims);
    return refuse(file, "the device is not this owner's", error);
}

static bool is_same(const json_t *a, const char *name, const char *expected) {
    const char *text = oriel_json_text(a, name);
    return text && strcmp(text, expected) == 0;
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
    char error[ORIEL_JSON_ERROR_SIZE] = "this is no receipt", hash[ORIEL_HASH_SIZE] = "";
    _cleanup_free_ char *text = oriel_cli_read(a->receipt, RECEIPT_MAX, &length),
                        *owner_text = text ? oriel_cli_read(a->owner, RECEIPT_MAX, &owner_length) : NULL;
    json_t *receipt = owner_text ? oriel_json_decode(text, length, RECEIPT_MAX, error) : NULL,
           *owner = receipt ? oriel_json_decode(owner_text, owner_length, RECEIPT_MAX, error) : NULL;
    json_t *device = NULL, *grant = NULL, *end = NULL;
    if (owner_text && (!owner || !is_same(receipt, "typ", "receipt")))
        refuse(a->receipt, error, "");
    else if (owner)
        device = credential(a->receipt, receipt, owner);
    const json_t *key = json_object_get(json_object_get(device, "cnf"), "jwk");
    grant = device ? message(a->receipt, receipt, ORIEL_MESSAGE_GRANT, key) : NULL;
    const char *request = oriel_json_text(receipt, "request");
    bool ended = json_is_string(json_object_get(receipt, "end")), good = grant != NULL;
    if (good && request)
        oriel_message_hash(request, strlen(request), hash);
    if (good && !is_same(grant, "request", hash))
        good = refuse(a->receipt, "the grant is for another request than the one in the receipt", "") != NULL;
    end = good && ended ? message(a->receipt, receipt, ORIEL_MESSAGE_END, key) : NULL;
    good = good && (!ended || end);
    if (good && end && !is_same(end, "session", oriel_json_text(grant, "session")))
        good = refuse(a->receipt, "the end is another session's", "") != NULL;
    if (good)
        print(device, grant, end);
    json_decref(receipt);
    json_decref(owner);
    json_decref(device);
    json_decref(grant);
    json_decref(end);
    return good ? 0 : 1;
}
