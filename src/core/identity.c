/* See identity.h. */
#include "identity.h"

#include <gio/gio.h>
#include <string.h>

#include "document.h"
#include "file.h"
#include "seal.h"

#define REFUSE(error, ...) g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, __VA_ARGS__)

static json_t *load_key(const char *path, char *id, GError **error) {
    g_autofree char *pem = NULL;
    gsize length;
    char why[ORIEL_JSON_ERROR_SIZE];
    if (!(pem = oriel_file_read(path, true, &length, error)))
        return NULL;
    json_t *key = oriel_key_from_pem(pem, length, why);
    explicit_bzero(pem, length);
    if (!key || !json_object_get(key, "d")) {
        REFUSE(error, "%s: %s", path, key ? "a public key; the private one is needed" : why);
        json_decref(key);
        return NULL;
    }
    oriel_key_id(key, id);
    return key;
}

static bool same_key(const json_t *public_part, const json_t *private_part) {
    char a[ORIEL_HASH_SIZE], b[ORIEL_HASH_SIZE];
    return oriel_key_id(public_part, a) && oriel_key_id(private_part, b) && strcmp(a, b) == 0;
}

static const char *what_is_wrong(const json_t *claims, const struct oriel_config *config,
                                 const struct oriel_identity *i) {
    if (strcmp(oriel_json_text(claims, "sub"), config->device_id) != 0)
        return "it is another device's than [device] id";
    if (strcmp(oriel_json_text(claims, "tenant"), config->tenant) != 0)
        return "it is for another tenant than [device] tenant";
    if (!same_key(json_object_get(json_object_get(claims, "cnf"), "jwk"), i->key))
        return "it is not for the key of [device] key";
    return same_key(json_object_get(claims, "enc"), i->seal) ? NULL : "it is not for the key of [device] seal-key";
}

static bool load_credential(struct oriel_identity *i, const struct oriel_config *config, GError **error) {
    gsize length;
    char typ[64], kid[ORIEL_HASH_SIZE], why[ORIEL_JSON_ERROR_SIZE];
    json_t *claims = NULL;
    if (!(i->credential = oriel_file_read(config->credential, false, &length, error)))
        return false;
    g_strchomp(i->credential);
    const char *wrong = why;
    if (oriel_jws_peek(i->credential, strlen(i->credential), typ, kid, &claims, why) &&
        oriel_document_check(ORIEL_DOCUMENT_DEVICE_CREDENTIAL, claims, why))
        wrong = strcmp(typ, oriel_document_typ(ORIEL_DOCUMENT_DEVICE_CREDENTIAL)) == 0
                    ? what_is_wrong(claims, config, i)
                    : "not a device credential";
    if (wrong) {
        REFUSE(error, "%s: %s; make a new one with oriel provision device", config->credential, wrong);
    } else {
        i->owner = g_strdup(oriel_json_text(claims, "iss"));
        i->name = g_strdup(*oriel_json_text(claims, "name") ? oriel_json_text(claims, "name") : config->device_id);
        i->model = g_strdup(oriel_json_text(claims, "model"));
    }
    json_decref(claims);
    return !wrong;
}

struct oriel_identity *oriel_identity_load(const struct oriel_config *config, GError **error) {
    struct oriel_identity *i = g_new0(struct oriel_identity, 1);
    char id[ORIEL_HASH_SIZE];
    i->key = load_key(config->device_key, id, error);
    i->seal = i->key ? load_key(config->device_seal_key, i->seal_id, error) : NULL;
    if (i->seal && load_credential(i, config, error))
        return i;
    oriel_identity_free(i);
    return NULL;
}

void oriel_identity_free(struct oriel_identity *i) {
    if (!i)
        return;
    json_decref(i->key);
    json_decref(i->seal);
    g_free(i->credential);
    g_free(i->owner);
    g_free(i->name);
    g_free(i->model);
    g_free(i);
}
