/* Parties for the tests of trust: vendors with keys and trust files, agents with credentials, all made by the code that
 * is tested elsewhere (signaling/seal). Every member of what they sign can be changed. For tests only; one thread. */
#ifndef TRUST_RIG_H
#define TRUST_RIG_H

#include "core_rig.h"

#include "clock.h"
#include "document.h"
#include "seal.h"
#include "trust.h"

struct rig_vendor {
    const char *id;
    json_t *key, *presence; /* private */
};

__attribute__((unused)) static void rig_write(const char *folder, const char *name, const char *text) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Takes `changes` (may be NULL): members that replace; null ones go. */
__attribute__((unused)) static json_t *rig_changed(json_t *object, json_t *changes) {
    const char *name;
    json_t *value;
    assert_non_null(object);
    json_object_foreach(changes, name, value) {
        if (json_is_null(value))
            json_object_del(object, name);
        else
            json_object_set(object, name, value);
    }
    json_decref(changes);
    return object;
}

__attribute__((unused)) static struct rig_vendor rig_vendor(const char *id) {
    return (struct rig_vendor){id, oriel_key_new(), oriel_key_new()};
}

__attribute__((unused)) static void rig_vendor_clear(struct rig_vendor *v) {
    json_decref(v->key);
    json_decref(v->presence);
}

/* A new reference. */
__attribute__((unused)) static json_t *rig_trust(const struct rig_vendor *v, json_t *changes) {
    return rig_changed(json_pack("{s:s, s:s, s:[o], s:o, s:[s, s], s:i, s:i, s:s}", "id", v->id, "label",
                                 "Fill & Cap GmbH", "keys", oriel_key_public(v->key), "presence",
                                 oriel_key_public(v->presence), "scopes", "view", "control", "seconds", 3600, "epoch",
                                 0, "over_ask", "clip"),
                       changes);
}

__attribute__((unused)) static void rig_write_trust(const char *folder, const struct rig_vendor *v, json_t *changes) {
    json_t *trust = rig_trust(v, changes);
    g_autofree char *text = oriel_json_encode(trust), *name = g_strdup_printf("%s.json", v->id);
    rig_write(folder, name, text);
    json_decref(trust);
}

/* Takes `claims`. The caller frees. */
__attribute__((unused)) static char *rig_sign(const json_t *key, const char *typ, json_t *claims) {
    char error[ORIEL_JSON_ERROR_SIZE];
    g_autofree char *text = oriel_json_encode(claims);
    json_decref(claims);
    char *jws = oriel_jws_sign(key, typ, text, error);
    assert_non_null(jws);
    return jws;
}

/* A credential of agent `sub` by `v` for `key`; the caller frees. */
__attribute__((unused)) static char *rig_credential(const struct rig_vendor *v, const char *sub, const json_t *key,
                                                    json_t *changes) {
    json_int_t now = (json_int_t)oriel_wall_seconds();
    json_t *claims = json_pack("{s:s, s:s, s:s, s:[s, s], s:i, s:I, s:I, s:{s:o}}", "iss", v->id, "sub", sub, "name",
                               " Anna  W ", "scopes", "view", "logs", "epoch", 0, "iat", now, "exp", now + 3600, "cnf",
                               "jwk", oriel_key_public(key));
    return rig_sign(v->key, "oriel-agent+jwt", rig_changed(claims, changes));
}

/* `keys` is taken. The caller frees. */
__attribute__((unused)) static char *rig_revocation(const struct rig_vendor *v, int64_t iat, int epoch, json_t *keys) {
    return rig_sign(
        v->key, "oriel-revoked+jwt",
        json_pack("{s:s, s:I, s:i, s:o}", "iss", v->id, "iat", (json_int_t)iat, "epoch", epoch, "keys", keys));
}

#endif
