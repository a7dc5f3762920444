/* cli/audit-receipt: anything for a receipt, whose signatures nobody else can make, and anything that the device or the
 * owner could sign. What is believed is a grant to that request by a device of that owner.
 *
 * The first byte says what the rest is: f the receipt · o the owner's file · q the request · and, to be signed, as
 * JSON: d the device's credential, g the grant, e the end. All else is good. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "document.h"
#include "message.h"
#include "seal.h"

#define SESSION "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
#define REQUEST "the request, as it was signed and sent"

static json_t *owner_key, *device_key;
static char *owner_text, *credential, *grant, *end; /* the last three as JWS */
static char error[ORIEL_CLI_RECEIPT_ERROR_SIZE];

static char *dump(json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

/* NULL: it can't be signed. */
static char *sign(const json_t *key, const char *typ, const char *claims) {
    char why[ORIEL_JSON_ERROR_SIZE];
    return oriel_jws_sign(key, typ, claims, why);
}

static char *sign_credential(const char *claims) {
    return sign(owner_key, oriel_document_typ(ORIEL_DOCUMENT_DEVICE_CREDENTIAL), claims);
}

static char *sign_grant(const char *claims) {
    return sign(device_key, "oriel-grant+jws", claims);
}

static char *sign_end(const char *claims) {
    return sign(device_key, "oriel-end+jws", claims);
}

static char *signed_json(char *(*how)(const char *), json_t *claims) {
    char *text = json_dumps(claims, JSON_COMPACT), *jws = how(text);
    fuzz_check(jws != NULL);
    json_decref(claims);
    free(text);
    return jws;
}

static void begin(void) {
    char hash[ORIEL_HASH_SIZE];
    owner_key = oriel_key_new();
    device_key = oriel_key_new();
    fuzz_check(owner_key && device_key);
    oriel_message_hash(REQUEST, strlen(REQUEST), hash);
    owner_text = dump(json_pack("{s:s, s:o}", "id", "plant", "key", oriel_key_public(owner_key)));
    json_t *device = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "iss", "plant", "sub", "filler-1", "tenant", "demo",
                               "name", "Filler 1", "model", "BF-200", "iat", 1);
    json_object_set_new(device, "cnf", json_pack("{s:o}", "jwk", oriel_key_public(device_key)));
    json_object_set_new(device, "enc", oriel_key_public(device_key));
    credential = signed_json(sign_credential, device);
    grant = signed_json(
        sign_grant,
        json_pack("{s:i, s:s, s:s, s:s, s:[s], s:i, s:s}", "v", 1, "typ", "grant", "request", hash, "session", SESSION,
                  "scopes", "view", "seconds", 600, "fingerprint",
                  "00:07:0E:15:1C:23:2A:31:38:3F:46:4D:54:5B:62:69:70:77:7E:85:8C:93:9A:A1:A8:AF:B6:BD:C4:CB:"
                  "D2:D9"));
    end = signed_json(sign_end, json_pack("{s:i, s:s, s:s, s:i, s:s, s:s}", "v", 1, "typ", "end", "session", SESSION,
                                          "seq", 3, "by", "person", "reason", "stopped"));
}

/* NULL: there can be none of these. */
static char *receipt_of(const char *c, const char *request, const char *g, const char *e) {
    json_t *receipt = c && g && e ? json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "v", 1, "typ", "receipt", "credential",
                                              c, "request", request, "grant", g, "end", e)
                                  : NULL; /* NULL, too, when it is no UTF-8 */
    return receipt ? dump(receipt) : NULL;
}

/* Whether it is believed; then all of it fits together. */
static bool check(const char *text, size_t size, const char *owner, size_t owner_size) {
    *error = '\0';
    json_t *all = oriel_cli_receipt_check(text, size, owner, owner_size, error);
    const json_t *g = json_object_get(all, "grant"), *e = json_object_get(all, "end");
    fuzz_check((all == NULL) == (*error != '\0'));
    if (all) {
        const char *session = oriel_json_text(g, "session");
        fuzz_check(session && json_is_object(json_object_get(all, "device")));
        fuzz_check(!e || strcmp(oriel_json_text(e, "session"), session) == 0);
    }
    json_decref(all);
    return all != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char *good;
    if (!good) {
        begin();
        good = receipt_of(credential, REQUEST, grant, end);
        fuzz_check(check(good, strlen(good), owner_text, strlen(owner_text)));
    }
    if (size == 0)
        return 0;
    char *text = strndup((const char *)data + 1, size - 1), *jws = NULL, *receipt = NULL;
    switch (data[0]) {
    case 'f':
        fuzz_check(!check((const char *)data + 1, size - 1, owner_text, strlen(owner_text)));
        break;
    case 'o': /* nobody else's key verifies it */
        fuzz_check(!check(good, strlen(good), (const char *)data + 1, size - 1));
        break;
    case 'q':
        receipt = receipt_of(credential, text, grant, end);
        fuzz_check(!receipt ||
                   check(receipt, strlen(receipt), owner_text, strlen(owner_text)) == !strcmp(text, REQUEST));
        break;
    case 'd':
        receipt = receipt_of(jws = sign_credential(text), REQUEST, grant, end);
        break;
    case 'g':
        receipt = receipt_of(credential, REQUEST, jws = sign_grant(text), end);
        break;
    case 'e':
        receipt = receipt_of(credential, REQUEST, grant, jws = sign_end(text));
        break;
    }
    if (receipt)
        check(receipt, strlen(receipt), owner_text, strlen(owner_text));
    free(receipt);
    free(jws);
    free(text);
    return 0;
}
