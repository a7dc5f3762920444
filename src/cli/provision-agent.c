/* `oriel provision agent` and `revoke`: a vendor lets an agent in, and takes it back. PROTOCOL.md, Enrolment and
 * Revocation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "document.h"
#include "fields.h"
#include "log.h"
#include "provision.h"
#include "seal.h"

enum { CHECK_CODE = 8, KEYS_MAX = 256, PASSWORD_MAX = 128, OWNERS_MAX = 16 };

struct agent {
    const char *vendor, *tenant, *id, *name, *scope_list, *hours, *password, *request, *out;
    GPtrArray *owners;
    json_t *scopes;
    json_int_t iat, exp; /* of the credential, and of what goes with it */
};

/* The request's claims, signed by the key in it. It goes by copy and paste, so white space around it is no fault. */
static json_t *read_request(const char *path) {
    size_t length;
    char error[ORIEL_JSON_ERROR_SIZE], typ[64], kid[44];
    json_t *unverified = NULL, *claims = NULL;
    _cleanup_free_ char *text = oriel_file_text(path, &length);
    if (!text)
        return NULL;
    g_strstrip(text);
    length = strlen(text);
    if (oriel_jws_peek(text, length, typ, kid, &unverified, error) &&
        oriel_document_check(ORIEL_DOCUMENT_ENROLMENT, unverified, error))
        claims = oriel_jws_verify(text, length, json_object_get(unverified, "key"),
                                  oriel_document_typ(ORIEL_DOCUMENT_ENROLMENT), error);
    json_decref(unverified);
    if (!claims)
        oriel_error("%s is no enrolment request: %s", strcmp(path, "-") == 0 ? "stdin" : path, error);
    return claims;
}

static bool was_revoked(const json_t *revoked, const char *key_id) {
    size_t i;
    json_t *key;
    json_array_foreach(json_object_get(revoked, "keys"), i,
                       key) if (strcmp(json_string_value(key), key_id) == 0) return true;
    return false;
}

/* One of vendor.json and revoked.json may be behind when a revocation was cut off. */
static json_int_t epoch_of(const json_t *vendor, const json_t *revoked) {
    json_int_t a = oriel_json_integer(vendor, "epoch", 0), b = oriel_json_integer(revoked, "epoch", 0);
    return a > b ? a : b;
}

static char *credential(const struct agent *a, const json_t *vendor, const json_t *revoked, const json_t *key,
                        const json_t *agent_key) {
    return oriel_document_sign(ORIEL_DOCUMENT_AGENT_CREDENTIAL,
                               json_pack("{s:O, s:s, s:s, s:O, s:I, s:I, s:I, s:{s:O}}", "iss",
                                         json_object_get(vendor, "id"), "sub", a->id, "name", a->name, "scopes",
                                         a->scopes, "epoch", epoch_of(vendor, revoked), "iat", a->iat, "exp", a->exp,
                                         "cnf", "jwk", agent_key),
                               key);
}

/* The owners whose devices the agent's page is to believe. */
static json_t *read_owners(const GPtrArray *paths) {
    json_t *owners = json_array();
    for (guint i = 0; owners && i < paths->len; i++) {
        json_t *owner = oriel_owner_read(paths->pdata[i]);
        if (owner) {
            json_array_append_new(owners, owner);
        } else {
            json_decref(owners);
            owners = NULL;
        }
    }
    return owners;
}

/* NULL after saying why; "" when none is asked for. The caller frees. */
static char *read_password(const char *path) {
    size_t length;
    char *text = path ? oriel_file_text(path, &length) : strdup("");
    if (text)
        g_strstrip(text);
    if (text && path && (!*text || strlen(text) > PASSWORD_MAX || strpbrk(text, "\r\n"))) {
        oriel_error("%s is no password: one line of 1 to %d characters", path, PASSWORD_MAX);
        free(text);
        return NULL;
    }
    return text;
}

/* The answer that only the requesting browser can open. */
static char *answer(const struct agent *a, const json_t *vendor, const json_t *key, const json_t *request,
                    const char *token, const char *password) {
    json_t *presence = oriel_party_key(a->vendor, "presence.key", json_object_get(vendor, "presence"));
    json_t *owners = presence ? read_owners(a->owners) : NULL;
    json_t *turn = NULL;
    char *sealed = NULL, error[ORIEL_JSON_ERROR_SIZE];
    if (owners && oriel_turn_credentials(a->vendor, vendor, a->id, a->exp, &turn)) {
        _cleanup_free_ char *jws =
            oriel_document_sign(ORIEL_DOCUMENT_ENROLLED,
                                json_pack("{s:i, s:s, s:s, s:O, s:s, s:O, s:O, s:s, s:O, s:O*}", "v", 1, "typ",
                                          "enrolled", "tenant", a->tenant, "label", json_object_get(vendor, "label"),
                                          "credential", token, "vendor", json_object_get(vendor, "key"), "presence",
                                          presence, "password", password, "owners", owners, "turn", turn),
                                key);
        sealed = jws ? oriel_jwe_seal(json_object_get(request, "seal"), jws, error) : NULL;
        if (jws && !sealed)
            oriel_error("the answer cannot be sealed: %s", error);
    }
    json_decref(turn);
    json_decref(owners);
    json_decref(presence);
    return sealed;
}

/* Everything is read before; NULL after saying why. */
static char *enrol(const struct agent *a) {
    json_t *request = read_request(a->request);
    char key_id[44] = "";
    if (request && oriel_key_id(json_object_get(request, "key"), key_id))
        fprintf(stderr, "check code: %.*s\nkey id: %s\n", CHECK_CODE, key_id, key_id);
    json_t *vendor = request ? oriel_vendor_read(a->vendor) : NULL;
    json_t *revoked = vendor ? oriel_vendor_revoked(a->vendor) : NULL;
    json_t *key = revoked ? oriel_party_key(a->vendor, "vendor.key", json_object_get(vendor, "key")) : NULL;
    char *out = NULL;
    if (key && was_revoked(revoked, key_id)) {
        oriel_error("the key %s of this request was revoked; sign out in that browser, which makes a new one", key_id);
    } else if (key) {
        _cleanup_free_ char *token = credential(a, vendor, revoked, key, json_object_get(request, "key"));
        _cleanup_free_ char *password = token ? read_password(a->password) : NULL;
        out = password ? answer(a, vendor, key, request, token, password) : NULL;
    }
    json_decref(key);
    json_decref(revoked);
    json_decref(vendor);
    json_decref(request);
    return out;
}

int oriel_provision_agent(int argc, char **argv) {
    struct agent a = {0};
    const struct oriel_option options[] = {{"--vendor", ORIEL_OPTION_REQUIRED, &a.vendor},
                                           {"--owner", ORIEL_OPTION_LIST, &a.owners},
                                           {"--tenant", ORIEL_OPTION_REQUIRED, &a.tenant},
                                           {"--id", ORIEL_OPTION_REQUIRED, &a.id},
                                           {"--name", ORIEL_OPTION_REQUIRED, &a.name},
                                           {"--scopes", ORIEL_OPTION, &a.scope_list},
                                           {"--hours", ORIEL_OPTION, &a.hours},
                                           {"--password", ORIEL_OPTION, &a.password},
                                           {"--request", ORIEL_OPTION_REQUIRED, &a.request},
                                           {"--out", ORIEL_OPTION, &a.out},
                                           {NULL}};
    long hours = 8;
    g_autoptr(GPtrArray) owners = NULL;
    bool good = oriel_options_parse(options, argc, argv) && oriel_value_is_id("--tenant", a.tenant) &&
                oriel_value_is_id("--id", a.id) && oriel_value_is_text("--name", a.name, false) &&
                oriel_value_number("--hours", a.hours, 1, 24, &hours);
    owners = a.owners;
    if (good && (!a.owners || a.owners->len > OWNERS_MAX)) {
        oriel_error("--owner is wanted 1 to %d times: the owner.json of those whose devices the agent may see",
                    OWNERS_MAX);
        good = false;
    }
    a.scopes = good ? oriel_value_scopes("--scopes", a.scope_list ? a.scope_list : "view") : NULL;
    if (!a.scopes)
        return 2;
    a.iat = (json_int_t)time(NULL);
    a.exp = a.iat + (json_int_t)hours * 3600;
    const char *out = a.out ? a.out : "-";
    char *sealed = oriel_file_is_free(out) ? enrol(&a) : NULL;
    json_decref(a.scopes);
    return sealed && oriel_file_put(out, 0600, sealed) ? 0 : 1;
}

/* ---- revoke ---- */

static bool add_keys(json_t *revoked, const GPtrArray *keys) {
    json_t *list = json_object_get(revoked, "keys");
    for (guint i = 0; i < keys->len; i++) {
        if (!was_revoked(revoked, keys->pdata[i]))
            json_array_append_new(list, json_string(keys->pdata[i]));
    }
    if (json_array_size(list) <= KEYS_MAX)
        return true;
    oriel_error("the list has room for %d keys; raise the epoch instead, which voids all credentials: --epoch "
                "--forget-keys",
                KEYS_MAX);
    return false;
}

/* A device takes the newest only, so two within a second must differ. */
static void set_time(json_t *revoked) {
    json_int_t now = (json_int_t)time(NULL), last = oriel_json_integer(revoked, "iat", 0);
    json_object_set_new(revoked, "iat", json_integer(now > last ? now : last + 1));
}

/* The list first: what it says holds for `agent` even when the second file is not reached. */
static bool save(const char *directory, json_t *revoked, json_t *vendor) {
    g_autofree char *list = g_build_filename(directory, "revoked.json", NULL);
    g_autofree char *own = g_build_filename(directory, "vendor.json", NULL);
    _cleanup_free_ char *list_text = oriel_json_pretty(json_incref(revoked));
    _cleanup_free_ char *own_text = oriel_json_pretty(json_incref(vendor));
    return oriel_file_replace(list, list_text) && oriel_file_replace(own, own_text);
}

static char *take_back(const char *directory, bool epoch, bool forget, const GPtrArray *keys) {
    json_t *vendor = oriel_vendor_read(directory);
    json_t *revoked = vendor ? oriel_vendor_revoked(directory) : NULL;
    json_t *key = revoked ? oriel_party_key(directory, "vendor.key", json_object_get(vendor, "key")) : NULL;
    char *jws = NULL;
    bool good = key != NULL;
    if (good && forget)
        json_array_clear(json_object_get(revoked, "keys"));
    if (good && epoch) {
        json_int_t next = epoch_of(vendor, revoked) + 1;
        json_object_set_new(revoked, "epoch", json_integer(next));
        json_object_set_new(vendor, "epoch", json_integer(next));
    }
    if (good && keys)
        good = add_keys(revoked, keys);
    if (good) {
        set_time(revoked);
        jws = oriel_document_sign(ORIEL_DOCUMENT_REVOKED,
                                  json_pack("{s:O, s:O, s:O, s:O}", "iss", json_object_get(vendor, "id"), "iat",
                                            json_object_get(revoked, "iat"), "epoch", json_object_get(revoked, "epoch"),
                                            "keys", json_object_get(revoked, "keys")),
                                  key);
        if (jws && !save(directory, revoked, vendor)) {
            free(jws);
            jws = NULL;
        }
    }
    json_decref(key);
    json_decref(revoked);
    json_decref(vendor);
    return jws;
}

int oriel_provision_revoke(int argc, char **argv) {
    const char *vendor = NULL, *out = NULL;
    bool epoch = false, forget = false;
    GPtrArray *keys = NULL;
    const struct oriel_option options[] = {
        {"--vendor", ORIEL_OPTION_REQUIRED, &vendor},  {"--epoch", ORIEL_OPTION_FLAG, &epoch},
        {"--forget-keys", ORIEL_OPTION_FLAG, &forget}, {"--key", ORIEL_OPTION_LIST, &keys},
        {"--out", ORIEL_OPTION_REQUIRED, &out},        {NULL}};
    bool good = oriel_options_parse(options, argc, argv);
    g_autoptr(GPtrArray) owned = keys;
    if (good && epoch == (keys != NULL)) {
        oriel_error("say what is revoked: either --epoch (all agents, who enrol again) or --key KEYID (one browser)");
        good = false;
    }
    if (good && forget && !epoch) {
        oriel_error("--forget-keys goes with --epoch, which voids what the forgotten keys had");
        good = false;
    }
    for (guint i = 0; good && keys && i < keys->len; i++)
        if (!oriel_is_hash(keys->pdata[i])) {
            oriel_error("--key '%s' is no key id: 43 characters of base64url, as `agent` printed it",
                        (const char *)keys->pdata[i]);
            good = false;
        }
    if (!good)
        return 2;
    char *jws = oriel_file_is_free(out) ? take_back(vendor, epoch, forget, keys) : NULL;
    return jws && oriel_file_put(out, 0644, jws) ? 0 : 1;
}
