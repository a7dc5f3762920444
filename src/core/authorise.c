/* See authorise.h. The counts are a file of {"latest": wall time of the last use, "used": {id: {"n", "exp"}}}. */
#include "authorise.h"

#include <gio/gio.h>
#include <string.h>

#include "clock.h"
#include "document.h"
#include "file.h"
#include "list.h"
#include "log.h"
#include "seal.h"

enum {
    SECONDS_MIN = 30,
    BACK_MAX = 60,             /* seconds by which a clock may be corrected */
    FORGET_AFTER = 30 * 86400, /* seconds after its end that the count of one is kept */
    KEPT_MAX = 256,
    FILE_MAX = 64 * 1024
};

struct oriel_authorise {
    const struct oriel_config *config;
    char *owner;   /* id */
    json_t *key;   /* public */
    json_t *count; /* what is on the disk, or more: what could not be written is spent all the same */
};

#define REFUSE(error, ...) g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, __VA_ARGS__)

/* The key of owner.json, if it signed the credential of this device. */
static json_t *load_owner(const struct oriel_config *config, const struct oriel_identity *identity, GError **error) {
    const char *path = config->unattended_owner;
    char why[ORIEL_JSON_ERROR_SIZE];
    gsize length;
    g_autofree char *text = oriel_file_read(path, false, &length, error);
    if (!text)
        return NULL;
    json_t *owner = oriel_json_decode(text, length, FILE_MAX, why), *key = NULL;
    if (owner && oriel_document_check(ORIEL_DOCUMENT_OWNER, owner, why)) {
        const char *typ = oriel_document_typ(ORIEL_DOCUMENT_DEVICE_CREDENTIAL);
        json_t *claims = oriel_jws_verify(identity->credential, strlen(identity->credential),
                                          json_object_get(owner, "key"), typ, why);
        if (claims)
            key = json_incref(json_object_get(owner, "key"));
        else
            g_strlcpy(why, "it is not the owner who signed this device's credential", sizeof why);
        json_decref(claims);
    }
    json_decref(owner);
    if (!key)
        REFUSE(error, "%s: %s", path, why);
    return key;
}

static bool is_count(const json_t *count) {
    const char *id;
    json_t *of;
    if (!json_is_integer(json_object_get(count, "latest")) || !json_is_object(json_object_get(count, "used")))
        return false;
    json_object_foreach(json_object_get(count, "used"), id, of) if (oriel_json_integer(of, "n", 0) < 1 ||
                                                                    oriel_json_integer(of, "exp", 0) < 1) return false;
    return true;
}

static json_t *load_count(const char *path, GError **error) {
    char why[ORIEL_JSON_ERROR_SIZE] = "it is no count of uses";
    gsize length;
    g_autoptr(GError) unread = NULL;
    g_autofree char *text = oriel_file_read(path, false, &length, &unread);
    if (!text && g_error_matches(unread, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return json_pack("{s:i, s:{}}", "latest", 0, "used");
    json_t *count = text ? oriel_json_decode(text, length, FILE_MAX, why) : NULL;
    if (count && is_count(count))
        return count;
    json_decref(count);
    if (text)
        REFUSE(error, "%s: %s; what was used is not known, so no authorisation holds", path, why);
    else
        g_propagate_error(error, g_steal_pointer(&unread));
    return NULL;
}

struct oriel_authorise *oriel_authorise_new(const struct oriel_config *config, const struct oriel_identity *identity,
                                            GError **error) {
    if (strcmp(config->unattended_authorisations, "yes") != 0)
        return NULL;
    struct oriel_authorise *a = g_new0(struct oriel_authorise, 1);
    a->config = config;
    a->owner = g_strdup(identity->owner);
    a->key = load_owner(config, identity, error);
    a->count = a->key ? load_count(config->unattended_uses, error) : NULL;
    if (a->count)
        return a;
    oriel_authorise_free(a);
    return NULL;
}

void oriel_authorise_free(struct oriel_authorise *a) {
    if (!a)
        return;
    json_decref(a->key);
    json_decref(a->count);
    g_free(a->owner);
    g_free(a);
}

/* ---- counting ---- */

static guint used(const struct oriel_authorise *a, const char *id) {
    return (guint)oriel_json_integer(json_object_get(json_object_get(a->count, "used"), id), "n", 0);
}

/* What ended long ago can't come back: neither its time, nor the clock. */
static void forget_old(json_t *list, gint64 now) {
    const char *id;
    json_t *of;
    void *next;
    json_object_foreach_safe(list, next, id, of) if (oriel_json_integer(of, "exp", 0) + FORGET_AFTER < now)
        json_object_del(list, id);
}

static bool count_one(struct oriel_authorise *a, const json_t *claims, gint64 now) {
    const char *id = oriel_json_text(claims, "id"), *path = a->config->unattended_uses;
    json_t *list = json_object_get(a->count, "used");
    forget_old(list, now);
    if (!json_object_get(list, id) && json_object_size(list) >= KEPT_MAX)
        return false;
    json_object_set_new(a->count, "latest", json_integer(MAX(now, oriel_json_integer(a->count, "latest", 0))));
    json_object_set_new(list, id,
                        json_pack("{s:i, s:O}", "n", (int)used(a, id) + 1, "exp", json_object_get(claims, "exp")));
    g_autofree char *text = oriel_json_encode(a->count), *directory = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;
    g_mkdir_with_parents(directory, 0700);
    if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                 &error))
        return true;
    oriel_error("a use of the owner's authorisation cannot be counted: %s", error->message);
    return false;
}

/* ---- checking ---- */

static const char *wrong_time(const struct oriel_authorise *a, const json_t *claims, gint64 now) {
    if (strcmp(a->config->unattended_clock, "local") != 0 && strcmp(oriel_wall_source(), "ntp") != 0)
        return "this device's clock is not synchronised at present, so it can't tell whether the authorisation holds";
    if (now + BACK_MAX < oriel_json_integer(a->count, "latest", 0))
        return "this device's clock lies before the last use of an authorisation, so it is wrong";
    if (now < oriel_json_integer(claims, "nbf", 0))
        return "the authorisation does not hold yet";
    return now + SECONDS_MIN > oriel_json_integer(claims, "exp", 0) ? "the authorisation has ended" : NULL;
}

static const char *wrong_claims(const struct oriel_authorise *a, const json_t *claims, const char *vendor) {
    if (strcmp(oriel_json_text(claims, "iss"), a->owner) != 0)
        return "the authorisation is of another owner";
    if (strcmp(oriel_json_text(claims, "tenant"), a->config->tenant) != 0 ||
        strcmp(oriel_json_text(claims, "device"), a->config->device_id) != 0)
        return "the authorisation is for another device";
    if (strcmp(oriel_json_text(claims, "vendor"), vendor) != 0)
        return "the authorisation is for another vendor";
    return used(a, oriel_json_text(claims, "id")) >= oriel_json_integer(claims, "uses", 0)
               ? "the authorisation is used up"
               : NULL;
}

bool oriel_authorise_use(struct oriel_authorise *a, const char *jws, struct oriel_session_request *request,
                         char **detail) {
    char why[ORIEL_JSON_ERROR_SIZE];
    if (!a) {
        *detail =
            g_strdup("this device takes no authorisations of its owner: ask without one, so that the person decides");
        return false;
    }
    gint64 now = oriel_wall_seconds();
    json_t *claims = oriel_jws_verify(jws, strlen(jws), a->key, oriel_document_typ(ORIEL_DOCUMENT_AUTHORISATION), why);
    const char *wrong = !claims || !oriel_document_check(ORIEL_DOCUMENT_AUTHORISATION, claims, why)
                            ? "the authorisation is not one that this device's owner has signed"
                            : NULL;
    wrong = wrong ? wrong : wrong_claims(a, claims, request->vendor);
    wrong = wrong ? wrong : wrong_time(a, claims, now);
    json_t *scopes = wrong ? NULL : oriel_list_both(request->scopes, json_object_get(claims, "scopes"));
    if (scopes && !oriel_list_has(scopes, "view"))
        wrong = "the authorisation allows nothing of what is asked for";
    if (!wrong && !count_one(a, claims, now))
        wrong = "this device can't count the use of an authorisation, so it grants none";
    if (wrong) {
        *detail = g_strdup(wrong);
        json_decref(scopes);
    } else {
        gint64 left = oriel_json_integer(claims, "exp", 0) - now;
        request->seconds = (guint)MIN((gint64)request->seconds, MIN(left, oriel_json_integer(claims, "seconds", 0)));
        json_decref(request->scopes);
        request->scopes = scopes;
        request->by = "owner";
        request->authorisation = g_strdup(oriel_json_text(claims, "id"));
        request->use = used(a, request->authorisation);
    }
    json_decref(claims);
    return !wrong;
}
