/* See trust.h. */
#include "trust.h"

#include <gio/gio.h>
#include <string.h>

#include "clock.h"
#include "document.h"
#include "file.h"
#include "log.h"
#include "seal.h"
#include "text.h"

enum { FILE_MAX = 64 * 1024, VENDORS_MAX = 8, EARLY_SECONDS = 300 };

struct oriel_trust {
    const struct oriel_config *config;
    GHashTable *revocations; /* vendor id -> json_t claims: the newest seen by this process */
};

struct oriel_trust *oriel_trust_new(const struct oriel_config *config) {
    struct oriel_trust *t = g_new0(struct oriel_trust, 1);
    t->config = config;
    t->revocations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
    return t;
}

void oriel_trust_free(struct oriel_trust *t) {
    if (t)
        g_hash_table_unref(t->revocations);
    g_free(t);
}

void oriel_vendor_free(struct oriel_vendor *v) {
    if (!v)
        return;
    g_free(v->id);
    g_free(v->label);
    json_decref(v->keys);
    json_decref(v->presence);
    json_decref(v->scopes);
    json_decref(v->turn);
    json_decref(v->revoked);
    g_free(v);
}

/* ---- signatures by a vendor ---- */

/* The claims of a document that one of the vendor's keys signed. */
static json_t *verify(const struct oriel_vendor *v, const char *jws, size_t length, enum oriel_document_type type,
                      char error[ORIEL_JSON_ERROR_SIZE]) {
    char typ[64], kid[ORIEL_HASH_SIZE], id[ORIEL_HASH_SIZE];
    if (!oriel_jws_peek(jws, length, typ, kid, NULL, error))
        return NULL;
    for (size_t i = 0; i < json_array_size(v->keys); i++) {
        const json_t *key = json_array_get(v->keys, i);
        if (!oriel_key_id(key, id) || strcmp(id, kid) != 0)
            continue;
        json_t *claims = oriel_jws_verify(jws, length, key, oriel_document_typ(type), error);
        if (claims && oriel_document_check(type, claims, error) && strcmp(oriel_json_text(claims, "iss"), v->id) == 0)
            return claims;
        if (claims)
            g_strlcpy(error, "not a document of this vendor", ORIEL_JSON_ERROR_SIZE);
        json_decref(claims);
        return NULL;
    }
    g_strlcpy(error, "signed by no key of this vendor", ORIEL_JSON_ERROR_SIZE);
    return NULL;
}

/* ---- revocations ---- */

/* What a revocation claims to be, whoever signed it. */
static json_t *claimed(const struct oriel_vendor *v, const char *jws, char error[ORIEL_JSON_ERROR_SIZE]) {
    char typ[64], kid[ORIEL_HASH_SIZE];
    json_t *claims = NULL;
    if (oriel_jws_peek(jws, strlen(jws), typ, kid, &claims, error) &&
        oriel_document_check(ORIEL_DOCUMENT_REVOKED, claims, error)) {
        if (strcmp(typ, oriel_document_typ(ORIEL_DOCUMENT_REVOKED)) == 0 &&
            strcmp(oriel_json_text(claims, "iss"), v->id) == 0)
            return claims;
        g_strlcpy(error, "not a revocation of this vendor", ORIEL_JSON_ERROR_SIZE);
    }
    json_decref(claims);
    return NULL;
}

/* Anything is newer than nothing. The epoch goes first: a vendor that once wrote too high an `iat`, or whose stolen key
 * did, is not stuck with that list. */
static bool is_newer(const json_t *revocation, const json_t *known) {
    if (!known)
        return true;
    gint64 epoch = oriel_json_integer(revocation, "epoch", 0), old = oriel_json_integer(known, "epoch", 0);
    return epoch != old ? epoch > old : oriel_json_integer(revocation, "iat", 0) > oriel_json_integer(known, "iat", 0);
}

static const json_t *known_of(struct oriel_trust *t, const char *vendor) {
    return g_hash_table_lookup(t->revocations, vendor);
}

static void remember(struct oriel_trust *t, const char *vendor, json_t *claims) {
    g_hash_table_insert(t->revocations, g_strdup(vendor), json_incref(claims));
}

/* It holds even if it can't be kept: what is known must not be forgotten before the next restart, at least. */
static void keep(struct oriel_trust *t, const char *vendor, const char *jws, size_t length) {
    g_autofree char *path = g_strdup_printf("%s/%s.revoked", t->config->trust_state, vendor);
    g_autoptr(GError) error = NULL;
    g_mkdir_with_parents(t->config->trust_state, 0700);
    if (!g_file_set_contents_full(path, jws, (gssize)length,
                                  G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error))
        oriel_error("a revocation of vendor '%s' holds but cannot be kept: %s", vendor, error->message);
}

/* Sets `text` to the list in this directory. False: it is there and cannot be read. */
static bool read_list(const char *directory, const char *vendor, char **path, char **text) {
    gsize length;
    g_autoptr(GError) error = NULL;
    *path = g_strdup_printf("%s/%s.revoked", directory, vendor);
    *text = oriel_file_read(*path, false, &length, &error);
    if (*text)
        g_strchomp(*text);
    else if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        oriel_error("%s", error->message);
    return *text || g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* What we have kept was verified when it came. By now the vendor may have other keys, which must neither undo it nor be
 * barred by it. */
static bool take_kept(struct oriel_trust *t, const struct oriel_vendor *v) {
    g_autofree char *path = NULL, *text = NULL;
    char why[ORIEL_JSON_ERROR_SIZE];
    if (!read_list(t->config->trust_state, v->id, &path, &text))
        return false;
    json_t *claims = text ? claimed(v, text, why) : NULL;
    if (text && !claims)
        oriel_error("%s: %s", path, why);
    if (claims && is_newer(claims, known_of(t, v->id)))
        remember(t, v->id, claims);
    bool good = !text || claims;
    json_decref(claims);
    return good;
}

/* One that the owner put beside the trust file. What can't be verified any more changes nothing as long as it says
 * nothing that is not known. */
static bool take_file(struct oriel_trust *t, const struct oriel_vendor *v) {
    g_autofree char *path = NULL, *text = NULL;
    char why[ORIEL_JSON_ERROR_SIZE], unread[ORIEL_JSON_ERROR_SIZE];
    if (!read_list(t->config->trust_directory, v->id, &path, &text))
        return false;
    if (!text)
        return true;
    json_t *claims = verify(v, text, strlen(text), ORIEL_DOCUMENT_REVOKED, why);
    bool good = claims != NULL;
    if (good && is_newer(claims, known_of(t, v->id))) {
        remember(t, v->id, claims);
        keep(t, v->id, text, strlen(text));
    } else if (!good) {
        claims = claimed(v, text, unread);
        good = claims && known_of(t, v->id) && !is_newer(claims, known_of(t, v->id));
        if (!good)
            oriel_error("%s: %s", path, why);
    }
    json_decref(claims);
    return good;
}

static bool apply_revocations(struct oriel_trust *t, struct oriel_vendor *v) {
    if (!take_kept(t, v) || !take_file(t, v))
        return false; /* who may have been revoked is not known: nobody may ask */
    const json_t *revocation = known_of(t, v->id);
    if (revocation) {
        v->epoch = MAX(v->epoch, oriel_json_integer(revocation, "epoch", 0));
        v->revoked = json_incref(json_object_get(revocation, "keys"));
    }
    return true;
}

bool oriel_trust_revocation(struct oriel_trust *t, const char *vendor, const char *bytes, size_t length,
                            GError **error) {
    struct oriel_vendor *v = oriel_trust_find(t, vendor, error);
    char why[ORIEL_JSON_ERROR_SIZE];
    if (!v)
        return false;
    json_t *claims = verify(v, bytes, length, ORIEL_DOCUMENT_REVOKED, why);
    bool newer = claims && is_newer(claims, known_of(t, vendor));
    if (newer) {
        remember(t, vendor, claims);
        keep(t, vendor, bytes, length);
    } else {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s", claims ? "not newer than what is known" : why);
    }
    json_decref(claims);
    oriel_vendor_free(v);
    return newer;
}

/* ---- vendors ---- */

static struct oriel_vendor *parse(const char *id, const char *text, gsize length, char why[ORIEL_JSON_ERROR_SIZE]) {
    json_t *file = oriel_json_decode(text, length, FILE_MAX, why);
    struct oriel_vendor *v = NULL;
    if (file && oriel_document_check(ORIEL_DOCUMENT_TRUST, file, why)) {
        g_autofree char *label = oriel_text_clean(oriel_json_text(file, "label"), 64);
        if (strcmp(oriel_json_text(file, "id"), id) != 0) {
            g_strlcpy(why, "its id is not the file's name", ORIEL_JSON_ERROR_SIZE);
        } else if (!*label) {
            g_strlcpy(why, "its label has no visible character", ORIEL_JSON_ERROR_SIZE);
        } else {
            v = g_new0(struct oriel_vendor, 1);
            v->id = g_strdup(id);
            v->label = g_steal_pointer(&label);
            v->keys = json_incref(json_object_get(file, "keys"));
            v->presence = json_incref(json_object_get(file, "presence"));
            v->scopes = json_incref(json_object_get(file, "scopes"));
            v->turn = json_incref(json_object_get(file, "turn"));
            v->seconds = (guint)oriel_json_integer(file, "seconds", 0);
            v->epoch = oriel_json_integer(file, "epoch", 0);
            v->refuse_over_ask = strcmp(oriel_json_text(file, "over_ask"), "refuse") == 0;
        }
    }
    json_decref(file);
    return v;
}

struct oriel_vendor *oriel_trust_find(struct oriel_trust *t, const char *id, GError **error) {
    g_autofree char *path = g_strdup_printf("%s/%s.json", t->config->trust_directory, id);
    g_autofree char *text = NULL;
    gsize length;
    char why[ORIEL_JSON_ERROR_SIZE];
    g_autoptr(GError) unread = NULL;
    if (!(text = oriel_file_read(path, false, &length, &unread))) {
        if (g_error_matches(unread, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "vendor '%s' is not known to this device", id);
        } else {
            oriel_error("%s", unread->message); /* with its path, which is no business of the agent's */
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the trust file of vendor '%s' cannot be read", id);
        }
        return NULL;
    }
    struct oriel_vendor *v = parse(id, text, length, why);
    if (!v) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the trust file of vendor '%s' is broken: %s", id, why);
    } else if (!apply_revocations(t, v)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the revocations of vendor '%s' cannot be read", id);
        g_clear_pointer(&v, oriel_vendor_free);
    }
    return v;
}

static int by_name(gconstpointer a, gconstpointer b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *oriel_trust_all(struct oriel_trust *t) {
    GPtrArray *vendors = g_ptr_array_new_with_free_func((GDestroyNotify)oriel_vendor_free);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    GDir *directory = g_dir_open(t->config->trust_directory, 0, &error);
    if (!directory)
        oriel_warning("nobody may ask: %s", error->message);
    for (const char *name; directory && (name = g_dir_read_name(directory));)
        if (g_str_has_suffix(name, ".json"))
            g_ptr_array_add(names, g_strndup(name, strlen(name) - 5));
    if (directory)
        g_dir_close(directory);
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len && vendors->len < VENDORS_MAX; i++) {
        g_autoptr(GError) broken = NULL;
        struct oriel_vendor *v = oriel_is_id(names->pdata[i]) ? oriel_trust_find(t, names->pdata[i], &broken) : NULL;
        if (v)
            g_ptr_array_add(vendors, v);
        else
            oriel_warning("%s/%s.json: %s", t->config->trust_directory, (char *)names->pdata[i],
                          broken ? broken->message : "its name is no vendor id");
    }
    return vendors;
}

/* ---- agents ---- */

static bool is_revoked(const struct oriel_vendor *v, const char *key_id, gint64 epoch) {
    for (size_t i = 0; i < json_array_size(v->revoked); i++)
        if (strcmp(json_string_value(json_array_get(v->revoked, i)), key_id) == 0)
            return true;
    return epoch < v->epoch;
}

/* NULL, or what is wrong with the times of a credential by the device's wall clock. */
static const char *wrong_times(const json_t *claims) {
    gint64 now = oriel_wall_seconds();
    if (now >= oriel_json_integer(claims, "exp", 0))
        return "the credential has expired by the device's clock";
    return now + EARLY_SECONDS < oriel_json_integer(claims, "iat", 0)
               ? "the credential is from the future by the device's clock"
               : NULL;
}

static struct oriel_peer *peer_of(const json_t *claims) {
    struct oriel_peer *p = oriel_peer_new();
    p->agent = g_strdup(oriel_json_text(claims, "sub"));
    p->vendor = g_strdup(oriel_json_text(claims, "iss"));
    p->name = g_strdup(oriel_json_text(claims, "name"));
    p->scopes = json_incref(json_object_get(claims, "scopes"));
    p->epoch = oriel_json_integer(claims, "epoch", 0);
    p->until = oriel_boottime() + (oriel_json_integer(claims, "exp", 0) - oriel_wall_seconds()) * ORIEL_SECOND;
    p->key = json_incref(json_object_get(json_object_get(claims, "cnf"), "jwk"));
    oriel_key_id(p->key, p->key_id);
    return p;
}

struct oriel_peer *oriel_trust_peer(struct oriel_trust *t, const char *agent, const char *credential, bool *revoked,
                                    GError **error) {
    char typ[64], kid[ORIEL_HASH_SIZE], why[ORIEL_JSON_ERROR_SIZE];
    json_t *claims = NULL;
    *revoked = false;
    bool readable = oriel_jws_peek(credential, strlen(credential), typ, kid, &claims, why) &&
                    oriel_document_check(ORIEL_DOCUMENT_AGENT_CREDENTIAL, claims, why);
    struct oriel_vendor *v = readable ? oriel_trust_find(t, oriel_json_text(claims, "iss"), error) : NULL;
    json_decref(claims);
    if (!readable)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the credential cannot be read: %s", why);
    claims = v ? verify(v, credential, strlen(credential), ORIEL_DOCUMENT_AGENT_CREDENTIAL, why) : NULL;
    struct oriel_peer *peer = claims ? peer_of(claims) : NULL;
    const char *wrong = !v                                ? NULL /* said already */
                        : !claims                         ? why
                        : strcmp(peer->agent, agent) != 0 ? "the credential names another agent than the topic"
                                                          : wrong_times(claims);
    if (peer && !wrong && is_revoked(v, peer->key_id, peer->epoch)) {
        *revoked = true;
        wrong = "the vendor has taken this credential back";
    }
    if (wrong) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "%s", wrong);
        g_clear_pointer(&peer, oriel_peer_unref);
    }
    json_decref(claims);
    oriel_vendor_free(v);
    return peer;
}

bool oriel_trust_holds(struct oriel_trust *t, const struct oriel_peer *peer) {
    struct oriel_vendor *v = oriel_trust_find(t, peer->vendor, NULL);
    bool holds = v && !is_revoked(v, peer->key_id, peer->epoch);
    oriel_vendor_free(v);
    return holds;
}
