/* `oriel provision owner`, `vendor` and `trust`: who the two parties are, and what a device is told of a vendor. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "document.h"
#include "fields.h"
#include "log.h"
#include "provision.h"
#include "seal.h"

/* ---- what the files hold ---- */

static const struct oriel_field owner_fields[] = {
    {"id", ORIEL_ID}, {"name", ORIEL_TEXT, .min = 1, .max = 64}, {"key", ORIEL_KEY}, {NULL}};
static const struct oriel_field vendor_fields[] = {{"id", ORIEL_ID},
                                                   {"label", ORIEL_TEXT, .min = 1, .max = 64},
                                                   {"key", ORIEL_KEY},
                                                   {"presence", ORIEL_KEY},
                                                   {"epoch", ORIEL_INTEGER, .max = INT64_C(4294967295)},
                                                   {"turn", ORIEL_TURN_URIS, .optional = true},
                                                   {NULL}};
static const struct oriel_field revoked_fields[] = {{"epoch", ORIEL_INTEGER, .max = INT64_C(4294967295)},
                                                    {"keys", ORIEL_HASHES, .max = 256},
                                                    {"iat", ORIEL_INTEGER, .max = INT64_C(9007199254740991)},
                                                    {NULL}};

static json_t *read_object(const char *path, const struct oriel_field *fields, const char *what) {
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *object = oriel_file_json(path);
    if (object && !oriel_fields_check(object, fields, 0, error)) {
        oriel_error("%s is not %s: %s", path, what, error);
        json_decref(object);
        return NULL;
    }
    return object;
}

static char *in_directory(const char *path, const char *name) {
    return g_file_test(path, G_FILE_TEST_IS_DIR) ? g_build_filename(path, name, NULL) : g_strdup(path);
}

json_t *oriel_owner_read(const char *path) {
    g_autofree char *file = in_directory(path, "owner.json");
    return read_object(file, owner_fields, "an owner.json");
}

json_t *oriel_vendor_read(const char *path) {
    g_autofree char *file = in_directory(path, "vendor.json");
    return read_object(file, vendor_fields, "a vendor.json");
}

json_t *oriel_vendor_revoked(const char *directory) {
    g_autofree char *file = g_build_filename(directory, "revoked.json", NULL);
    return read_object(file, revoked_fields, "a vendor's revoked.json");
}

json_t *oriel_party_key(const char *directory, const char *name, const json_t *expected) {
    g_autofree char *file = g_build_filename(directory, name, NULL);
    json_t *key = oriel_file_key(file);
    char its[44], wanted[44];
    if (key && oriel_key_id(key, its) && oriel_key_id(expected, wanted) && strcmp(its, wanted) == 0)
        return key;
    if (key)
        oriel_error("%s is another key than the .json beside it says", file);
    json_decref(key);
    return NULL;
}

char *oriel_document_sign(int type, json_t *claims, const json_t *key) {
    char error[ORIEL_JSON_ERROR_SIZE];
    bool good = claims && oriel_document_check((enum oriel_document_type)type, claims, error);
    _cleanup_free_ char *text = good ? oriel_json_encode(claims) : NULL;
    char *jws = text ? oriel_jws_sign(key, oriel_document_typ((enum oriel_document_type)type), text, error) : NULL;
    if (!jws)
        oriel_error("%s cannot be made: %s", oriel_document_typ((enum oriel_document_type)type), error);
    json_decref(claims);
    return jws;
}

/* ---- owner ---- */

/* The CA's files: made, or taken over. */
static bool add_ca(struct oriel_files *files, const char *out, const char *name, const char *ca_file,
                   const char *ca_key_file) {
    if (!ca_file) {
        char *key_pem = NULL, *pem = oriel_ca_make(name, &key_pem);
        oriel_files_add(files, out, "ca.pem", 0644, pem);
        oriel_files_add(files, out, "ca.key", 0600, key_pem);
        return true;
    }
    struct oriel_ca ca;
    if (ca_key_file && !g_file_test(ca_key_file, G_FILE_TEST_EXISTS)) {
        oriel_error("%s is not there", ca_key_file);
        return false;
    }
    if (!oriel_ca_load(&ca, ca_file, ca_key_file))
        return false;
    oriel_files_add(files, out, "ca.pem", 0644, strdup(ca.pem));
    if (ca.key)
        oriel_files_add(files, out, "ca.key", 0600, oriel_ca_key_pem(&ca));
    oriel_ca_clear(&ca);
    return true;
}

int oriel_provision_owner(int argc, char **argv) {
    const char *out = NULL, *id = NULL, *name = NULL, *key_file = NULL, *ca = NULL, *ca_key = NULL;
    const struct oriel_option options[] = {{"--out", ORIEL_OPTION_REQUIRED, &out},
                                           {"--id", ORIEL_OPTION_REQUIRED, &id},
                                           {"--name", ORIEL_OPTION_REQUIRED, &name},
                                           {"--key", ORIEL_OPTION, &key_file},
                                           {"--ca", ORIEL_OPTION, &ca},
                                           {"--ca-key", ORIEL_OPTION, &ca_key},
                                           {NULL}};
    if (!oriel_options_parse(options, argc, argv) || !oriel_value_is_id("--id", id) ||
        !oriel_value_is_text("--name", name, false))
        return 2;
    if (ca_key && !ca) {
        oriel_error("--ca-key goes with --ca, the certificate that it belongs to");
        return 2;
    }
    json_t *key = oriel_key_own_or_new(key_file);
    if (!key)
        return 1;
    struct oriel_files *files = oriel_files_new(0700);
    oriel_files_add(files, out, "owner.key", 0600, oriel_key_pem(key));
    oriel_files_add(
        files, out, "owner.json", 0644,
        oriel_json_pretty(json_pack("{s:s, s:s, s:o}", "id", id, "name", name, "key", oriel_key_public(key))));
    json_decref(key);
    if (!add_ca(files, out, name, ca, ca_key)) {
        oriel_files_free(files);
        return 1;
    }
    return oriel_files_write(files) ? 0 : 1;
}

/* ---- vendor ---- */

int oriel_provision_vendor(int argc, char **argv) {
    const char *out = NULL, *id = NULL, *label = NULL, *key_file = NULL, *presence_file = NULL, *secret = NULL;
    GPtrArray *uris = NULL;
    json_t *turn = NULL;
    const struct oriel_option options[] = {
        {"--out", ORIEL_OPTION_REQUIRED, &out},           {"--id", ORIEL_OPTION_REQUIRED, &id},
        {"--label", ORIEL_OPTION_REQUIRED, &label},       {"--key", ORIEL_OPTION, &key_file},
        {"--presence-key", ORIEL_OPTION, &presence_file}, {"--turn", ORIEL_OPTION_LIST, &uris},
        {"--turn-secret", ORIEL_OPTION, &secret},         {NULL}};
    bool good = oriel_options_parse(options, argc, argv) && oriel_value_is_id("--id", id) &&
                oriel_value_is_text("--label", label, false) && oriel_value_turn("--turn", uris, &turn);
    g_autoptr(GPtrArray) owned = uris;
    if (good && secret && !turn) {
        oriel_error("--turn-secret goes with --turn, the servers that have it");
        good = false;
    }
    if (!good)
        return 2;
    json_t *key = oriel_key_own_or_new(key_file), *presence = key ? oriel_key_own_or_new(presence_file) : NULL;
    struct oriel_files *files = presence ? oriel_files_new(0700) : NULL;
    if (files) {
        oriel_files_add(files, out, "vendor.key", 0600, oriel_key_pem(key));
        oriel_files_add(files, out, "presence.key", 0600, oriel_key_pem(presence));
        oriel_files_add(files, out, "vendor.json", 0644,
                        oriel_json_pretty(json_pack("{s:s, s:s, s:o, s:o, s:i, s:O*}", "id", id, "label", label, "key",
                                                    oriel_key_public(key), "presence", oriel_key_public(presence),
                                                    "epoch", 0, "turn", turn)));
        if (turn)
            oriel_files_add(files, out, "turn.secret", 0600, oriel_turn_secret(secret));
        oriel_files_add(files, out, "revoked.json", 0600,
                        oriel_json_pretty(json_pack("{s:i, s:[], s:i}", "epoch", 0, "keys", "iat", 0)));
    }
    json_decref(key);
    json_decref(presence);
    json_decref(turn);
    return files && oriel_files_write(files) ? 0 : 1;
}

/* ---- trust ---- */

int oriel_provision_trust(int argc, char **argv) {
    const char *from = NULL, *scope_list = NULL, *number = NULL, *over_ask = NULL, *out = NULL;
    GPtrArray *uris = NULL;
    const struct oriel_option options[] = {{"--vendor", ORIEL_OPTION_REQUIRED, &from},
                                           {"--scopes", ORIEL_OPTION_REQUIRED, &scope_list},
                                           {"--seconds", ORIEL_OPTION_REQUIRED, &number},
                                           {"--over-ask", ORIEL_OPTION, &over_ask},
                                           {"--out", ORIEL_OPTION_REQUIRED, &out},
                                           {"--turn", ORIEL_OPTION_LIST, &uris},
                                           {NULL}};
    long seconds = 0;
    json_t *turn = NULL;
    bool good = oriel_options_parse(options, argc, argv) &&
                oriel_value_number("--seconds", number, 30, 28800, &seconds) && oriel_value_turn("--turn", uris, &turn);
    g_autoptr(GPtrArray) owned = uris;
    if (!good)
        return 2;
    if (over_ask && strcmp(over_ask, "clip") != 0 && strcmp(over_ask, "refuse") != 0) {
        oriel_error("--over-ask '%s': there are clip (grant what is allowed) and refuse", over_ask);
        good = false;
    }
    json_t *scopes = good ? oriel_value_scopes("--scopes", scope_list) : NULL;
    if (!scopes) {
        json_decref(turn);
        return 2;
    }
    json_t *vendor = oriel_vendor_read(from);
    json_t *trust =
        vendor ? json_pack("{s:O, s:O, s:[O], s:O, s:O, s:I, s:O, s:s, s:O*}", "id", json_object_get(vendor, "id"),
                           "label", json_object_get(vendor, "label"), "keys", json_object_get(vendor, "key"),
                           "presence", json_object_get(vendor, "presence"), "scopes", scopes, "seconds",
                           (json_int_t)seconds, "epoch", json_object_get(vendor, "epoch"), "over_ask",
                           over_ask ? over_ask : "clip", "turn", turn ? turn : json_object_get(vendor, "turn"))
               : NULL;
    json_decref(scopes);
    json_decref(turn);
    json_decref(vendor);
    char error[ORIEL_JSON_ERROR_SIZE];
    if (trust && !oriel_document_check(ORIEL_DOCUMENT_TRUST, trust, error)) {
        oriel_error("the trust file cannot be made: %s", error);
        json_decref(trust);
        trust = NULL;
    }
    return trust && oriel_file_put(out, 0644, oriel_json_pretty(trust)) ? 0 : 1;
}
