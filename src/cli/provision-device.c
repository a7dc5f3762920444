/* `oriel provision device` and `install`: all files of a device as one bundle, and the bundle onto the device.
 *
 * A bundle is one JSON object {"v":1, "typ":"bundle", "device":"<id>", "files":[{"name","mode","text"}, …]}; names are
 * relative to etc/oriel. It holds private keys: mode 0600, and to be removed once it is installed. In oriel.conf, paths
 * start with @ROOT@, which the installation fills in. Installing takes known names only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "config.h"
#include "document.h"
#include "fields.h"
#include "log.h"
#include "note.h"
#include "provision.h"
#include "seal.h"

#define ROOT "@ROOT@"

enum { DEVICE_DAYS = 3650, VENDORS_MAX = 8 };

struct device {
    const char *owner, *id, *tenant, *name, *model, *site, *firmware, *broker, *scopes, *key, *seal_key, *broker_ca,
        *certificate, *certificate_key, *turn_ca, *days, *out;
    GPtrArray *trust;
    json_t *files;
    json_t *collector; /* its keys, or NULL */
};

/* Takes `text`; false when it is NULL. */
static bool add(struct device *d, const char *name, const char *mode, char *text) {
    if (text)
        json_array_append_new(d->files, json_pack("{s:s, s:s, s:s}", "name", name, "mode", mode, "text", text));
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
    return text != NULL;
}

/* Where the owner keeps what verifies this device's audit log. */
static char *vkey_file(const struct device *d) {
    return g_strdup_printf("%s/audit/%s.%s.vkey", d->owner, d->tenant, d->id);
}

/* The owner's word on who this device is, and the keys that it speaks of. */
static bool add_identity(struct device *d) {
    json_t *owner = oriel_owner_read(d->owner);
    json_t *owner_key = owner ? oriel_party_key(d->owner, "owner.key", json_object_get(owner, "key")) : NULL;
    json_t *key = owner_key ? oriel_key_own_or_new(d->key) : NULL;
    json_t *seal_key = key ? oriel_key_own_or_new(d->seal_key) : NULL;
    bool good = seal_key && !json_equal(key, seal_key);
    if (seal_key && !good)
        oriel_error("--key and --seal-key must be two keys");
    if (good) {
        json_t *claims =
            json_pack("{s:O, s:s, s:s, s:s, s:s, s:I, s:{s:o}, s:o}", "iss", json_object_get(owner, "id"), "sub", d->id,
                      "tenant", d->tenant, "name", d->name, "model", d->model, "iat", (json_int_t)time(NULL), "cnf",
                      "jwk", oriel_key_public(key), "enc", oriel_key_public(seal_key));
        json_t *known = json_pack("{s:O, s:O, s:O}", "id", json_object_get(owner, "id"), "name",
                                  json_object_get(owner, "name"), "key", json_object_get(owner, "key"));
        good = add(d, "owner.json", "0644", oriel_json_pretty(known)) &&
               add(d, "device.jwt", "0644", oriel_document_sign(ORIEL_DOCUMENT_DEVICE_CREDENTIAL, claims, owner_key)) &&
               add(d, "device.key", "0600", oriel_key_pem(key)) && add(d, "seal.key", "0600", oriel_key_pem(seal_key));
    }
    json_decref(owner);
    json_decref(owner_key);
    json_decref(key);
    json_decref(seal_key);
    return good;
}

/* The key that signs the log's head, and its public part for the owner: the newest is the last line. */
static bool add_audit_key(struct device *d, char **vkeys) {
    char error[ORIEL_NOTE_ERROR_SIZE], vkey[ORIEL_NOTE_VKEY_SIZE];
    g_autofree char *origin = g_strdup_printf("oriel/%s/%s", d->tenant, d->id), *name = vkey_file(d), *before = NULL;
    struct oriel_note_key key;
    char *pem = oriel_note_key_make();
    if (!pem || !oriel_note_key_private(&key, origin, ORIEL_NOTE_ED25519, pem, strlen(pem), error)) {
        oriel_error("no key for the audit log: %s", pem ? error : "no randomness");
        free(pem);
        return false;
    }
    oriel_note_key_text(&key, vkey);
    oriel_note_key_clear(&key);
    g_file_get_contents(name, &before, NULL, NULL);
    *vkeys = g_strdup_printf("%s%s\n", before ? before : "", vkey);
    return add(d, "audit.key", "0600", pem);
}

static bool add_broker(struct device *d, long days) {
    struct oriel_ca ca;
    g_autofree char *owners = g_build_filename(d->owner, "ca.pem", NULL);
    if (!oriel_ca_of_owner(&ca, d->owner))
        return false;
    const struct oriel_leaf leaf = {.common_name = d->id, .organization = d->tenant, .days = days};
    char *key_pem = NULL, *pem = d->certificate
                                     ? oriel_certificate_own(d->certificate, d->certificate_key, d->id, &key_pem)
                                     : oriel_certificate_make(&ca, &leaf, &key_pem);
    oriel_ca_clear(&ca);
    bool good = add(d, "broker.pem", "0644", pem);
    good = add(d, "broker.key", "0600", key_pem) && good;
    if (!good || !oriel_ca_load(&ca, d->broker_ca ? d->broker_ca : owners, NULL))
        return false;
    add(d, "broker-ca.pem", "0644", strdup(ca.pem));
    oriel_ca_clear(&ca);
    return true;
}

/* Who signs the certificates of TURN servers with TLS, when that is none of those that the device's system knows. */
static bool add_turn_ca(struct device *d) {
    struct oriel_ca ca;
    if (!d->turn_ca)
        return true;
    if (!oriel_ca_load(&ca, d->turn_ca, NULL))
        return false;
    add(d, "turn-ca.pem", "0644", strdup(ca.pem));
    oriel_ca_clear(&ca);
    return true;
}

static bool add_collector(struct device *d) {
    return oriel_collector_keys(d->owner, d->tenant, &d->collector) &&
           (!d->collector ||
            add(d, "collector.jwk", "0644", oriel_json_pretty(json_incref(json_object_get(d->collector, "seal")))));
}

static bool has_file(const struct device *d, const char *name) {
    size_t i;
    json_t *file;
    json_array_foreach(d->files, i,
                       file) if (strcmp(json_string_value(json_object_get(file, "name")), name) == 0) return true;
    return false;
}

static bool add_trust(struct device *d) {
    if (d->trust->len > VENDORS_MAX) {
        oriel_error("a device trusts at most %d vendors", VENDORS_MAX);
        return false;
    }
    for (guint i = 0; i < d->trust->len; i++) {
        const char *path = d->trust->pdata[i];
        char error[ORIEL_JSON_ERROR_SIZE];
        json_t *trust = oriel_file_json(path);
        bool good = trust && oriel_document_check(ORIEL_DOCUMENT_TRUST, trust, error);
        if (trust && !good)
            oriel_error("%s is no trust file: %s", path, error);
        g_autofree char *name =
            good ? g_strdup_printf("trust.d/%s.json", json_string_value(json_object_get(trust, "id"))) : NULL;
        if (good && has_file(d, name)) {
            oriel_error("%s: that vendor has a trust file here already", path);
            good = false;
        }
        if (good && !json_object_get(trust, "turn"))
            oriel_warning("%s names no TURN server: this device will refuse that vendor unless [media] path=direct is "
                          "set (man 5 oriel.conf)",
                          path);
        good = good && add(d, name, "0644", oriel_json_pretty(json_incref(trust)));
        json_decref(trust);
        if (!good)
            return false;
    }
    return true;
}

/* The keys that the person who provisions chooses; orield's own reader says what is wrong with them. */
static char *chosen(const struct device *d) {
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "[device]\nid=%s\ntenant=%s\n", d->id, d->tenant);
    if (*d->site)
        g_string_append_printf(text, "site=%s\n", d->site);
    if (*d->firmware)
        g_string_append_printf(text, "firmware=%s\n", d->firmware);
    g_string_append_printf(text, "[broker]\nurl=%s\n", d->broker);
    return g_string_free(text, FALSE);
}

static bool is_good_configuration(const struct device *d) {
    g_autofree char *text = chosen(d);
    g_autoptr(GError) error = NULL;
    struct oriel_config *config = oriel_config_parse("oriel.conf", text, &error);
    if (!config)
        oriel_error("%s", error->message);
    bool one_line = !strpbrk(d->broker, "\r\n");
    if (config && !one_line)
        oriel_error("--broker must be one line");
    oriel_config_free(config);
    return config && one_line;
}

static char *configuration(const struct device *d, json_t *scopes) {
    GString *text = g_string_new("# Written by oriel provision; man 5 oriel.conf has all keys.\n");
    g_autofree char *base = chosen(d);
    char *broker = strstr(base, "[broker]\n");
    *broker = '\0';
    g_string_append_printf(text,
                           "%skey=" ROOT "/etc/oriel/device.key\nseal-key=" ROOT "/etc/oriel/seal.key\n"
                           "credential=" ROOT "/etc/oriel/device.jwt\n\n[broker]\nurl=%s\n"
                           "ca=" ROOT "/etc/oriel/broker-ca.pem\ncertificate=" ROOT "/etc/oriel/broker.pem\n"
                           "key=" ROOT "/etc/oriel/broker.key\n\n[trust]\ndirectory=" ROOT "/etc/oriel/trust.d\n"
                           "state=" ROOT "/var/lib/oriel/revoked\n\n[consent]\nsocket=" ROOT
                           "/run/oriel/consent.sock\n\n[control]\nsocket=" ROOT "/run/oriel/control.sock\n\n",
                           base, d->broker);
    if (scopes) {
        size_t i;
        json_t *scope;
        g_string_append(text, "[session]\nscopes=");
        json_array_foreach(scopes, i, scope)
            g_string_append_printf(text, "%s%s", i ? ";" : "", json_string_value(scope));
        g_string_append(text, "\n\n");
    }
    if (d->turn_ca)
        g_string_append(text, "[relay]\nca=" ROOT "/etc/oriel/turn-ca.pem\n\n");
    g_string_append(text, "[unattended]\nowner=" ROOT "/etc/oriel/owner.json\nuses=" ROOT
                          "/var/lib/oriel/authorised.json\n\n");
    g_string_append(text, "[audit]\ndirectory=" ROOT "/var/lib/oriel/audit\nkey=" ROOT "/etc/oriel/audit.key\n");
    if (d->collector)
        g_string_append_printf(text, "collector=%s\ncollector-key=" ROOT "/etc/oriel/collector.jwk\n",
                               oriel_json_text(d->collector, "cosigner"));
    return g_string_free(text, FALSE);
}

static bool parse_device(struct device *d, int argc, char **argv, long *days) {
    const struct oriel_option options[] = {{"--owner", ORIEL_OPTION_REQUIRED, &d->owner},
                                           {"--id", ORIEL_OPTION_REQUIRED, &d->id},
                                           {"--tenant", ORIEL_OPTION_REQUIRED, &d->tenant},
                                           {"--name", ORIEL_OPTION_REQUIRED, &d->name},
                                           {"--model", ORIEL_OPTION, &d->model},
                                           {"--site", ORIEL_OPTION, &d->site},
                                           {"--firmware", ORIEL_OPTION, &d->firmware},
                                           {"--broker", ORIEL_OPTION_REQUIRED, &d->broker},
                                           {"--trust", ORIEL_OPTION_LIST, &d->trust},
                                           {"--scopes", ORIEL_OPTION, &d->scopes},
                                           {"--key", ORIEL_OPTION, &d->key},
                                           {"--seal-key", ORIEL_OPTION, &d->seal_key},
                                           {"--broker-ca", ORIEL_OPTION, &d->broker_ca},
                                           {"--certificate", ORIEL_OPTION, &d->certificate},
                                           {"--certificate-key", ORIEL_OPTION, &d->certificate_key},
                                           {"--turn-ca", ORIEL_OPTION, &d->turn_ca},
                                           {"--days", ORIEL_OPTION, &d->days},
                                           {"--out", ORIEL_OPTION_REQUIRED, &d->out},
                                           {NULL}};
    if (!oriel_options_parse(options, argc, argv) || !oriel_value_is_id("--id", d->id) ||
        !oriel_value_is_id("--tenant", d->tenant) || !oriel_value_is_text("--name", d->name, false) ||
        !oriel_value_is_text("--model", d->model, true) || !oriel_value_is_text("--site", d->site, true) ||
        !oriel_value_is_text("--firmware", d->firmware, true) || !oriel_value_number("--days", d->days, 1, 36500, days))
        return false;
    if (g_str_has_prefix(d->id, "admin-")) {
        oriel_error("--id '%s': ids that start with admin- are those of vendors' administrators at the broker", d->id);
        return false;
    }
    if (!d->trust) {
        oriel_error("--trust is missing: a device that trusts no vendor can be supported by nobody");
        return false;
    }
    if (!d->certificate != !d->certificate_key) {
        oriel_error("--certificate and --certificate-key go together");
        return false;
    }
    const char **texts[] = {&d->model, &d->site, &d->firmware};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = *texts[i] ? *texts[i] : "";
    return is_good_configuration(d);
}

static bool put_vkeys(const struct device *d, const char *vkeys) {
    g_autofree char *name = vkey_file(d), *directory = g_path_get_dirname(name);
    g_autoptr(GError) error = NULL;
    if (g_mkdir_with_parents(directory, 0700) == 0 && g_file_set_contents(name, vkeys, -1, &error))
        return true;
    oriel_error("cannot write %s: %s", name, error ? error->message : g_strerror(errno));
    return false;
}

int oriel_provision_device(int argc, char **argv) {
    struct device d = {.files = json_array()};
    long days = DEVICE_DAYS;
    int status = parse_device(&d, argc, argv, &days) ? 1 : 2;
    json_t *scopes = status == 1 && d.scopes ? oriel_value_scopes("--scopes", d.scopes) : NULL;
    if (status == 1 && d.scopes && !scopes)
        status = 2;
    g_autofree char *vkeys = NULL;
    if (status == 1 && oriel_file_is_free(d.out) && add_identity(&d) && add_audit_key(&d, &vkeys) &&
        add_broker(&d, days) && add_turn_ca(&d) && add_trust(&d) && add_collector(&d) &&
        add(&d, "oriel.conf", "0644", configuration(&d, scopes))) {
        char *bundle = oriel_json_pretty(
            json_pack("{s:i, s:s, s:s, s:O}", "v", 1, "typ", "bundle", "device", d.id, "files", d.files));
        status = put_vkeys(&d, vkeys) && oriel_file_put(d.out, 0600, bundle) ? 0 : 1;
    }
    json_decref(scopes);
    json_decref(d.collector);
    json_decref(d.files);
    if (d.trust)
        g_ptr_array_unref(d.trust);
    return status;
}

/* ---- install ---- */

static bool is_known_name(const char *name) {
    static const char *const names[] = {"device.key",    "seal.key",      "audit.key",  "device.jwt",
                                        "broker-ca.pem", "broker.pem",    "broker.key", "turn-ca.pem",
                                        "oriel.conf",    "collector.jwk", "owner.json", NULL};
    if (g_strv_contains(names, name))
        return true;
    g_autofree char *vendor = g_str_has_prefix(name, "trust.d/") && g_str_has_suffix(name, ".json")
                                  ? g_strndup(name + 8, strlen(name) - 8 - 5)
                                  : NULL;
    return vendor && oriel_is_id(vendor);
}

static char *fill_in_root(const char *text, const char *root) {
    g_auto(GStrv) parts = g_strsplit(text, "=" ROOT "/", -1);
    g_autofree char *with = g_strdup_printf("=%s/", root);
    return g_strjoinv(with, parts);
}

/* False after saying what is wrong with it. */
static bool add_installed(struct oriel_files *files, const json_t *file, const char *directory, const char *root) {
    const char *name = oriel_json_text(file, "name"), *mode = oriel_json_text(file, "mode"),
               *text = oriel_json_text(file, "text");
    if (json_object_size(file) != 3 || !name || !mode || !text || !is_known_name(name) ||
        (strcmp(mode, "0600") != 0 && strcmp(mode, "0644") != 0) ||
        (g_str_has_suffix(name, ".key") && strcmp(mode, "0600") != 0)) {
        oriel_error("the bundle has a file that does not belong there: '%s'", name ? name : "");
        return false;
    }
    oriel_files_add(files, directory, name, strcmp(mode, "0600") == 0 ? 0600 : 0644,
                    strcmp(name, "oriel.conf") == 0 ? fill_in_root(text, root) : strdup(text));
    return true;
}

static struct oriel_files *unpack(const json_t *bundle, const char *path, const char *directory, const char *root) {
    const char *typ = oriel_json_text(bundle, "typ");
    const json_t *list = json_object_get(bundle, "files");
    if (!typ || strcmp(typ, "bundle") != 0 || oriel_json_integer(bundle, "v", 0) != 1 || !json_array_size(list)) {
        oriel_error("%s is no device bundle of this version", path);
        return NULL;
    }
    struct oriel_files *files = oriel_files_new(0755);
    size_t i;
    json_t *file;
    json_array_foreach(list, i, file) {
        if (!add_installed(files, file, directory, root)) {
            oriel_files_free(files);
            return NULL;
        }
    }
    return files;
}

int oriel_provision_install(int argc, char **argv) {
    const char *path = NULL, *root = NULL;
    bool image = false;
    const struct oriel_option options[] = {{"BUNDLE", ORIEL_OPERAND, &path},
                                           {"--root", ORIEL_OPTION, &root},
                                           {"--image", ORIEL_OPTION_FLAG, &image},
                                           {NULL}};
    if (!oriel_options_parse(options, argc, argv))
        return 2;
    if (image && !root) {
        oriel_error("--image goes with --root, the directory of the image");
        return 2;
    }
    g_autofree char *top = g_canonicalize_filename(root ? root : "/", NULL);
    for (const char *c = top; *c; c++)
        if ((unsigned char)*c < ' ' || *c == '\x7f') {
            oriel_error("--root has a control character in it, which oriel.conf cannot hold");
            return 2;
        }
    g_autofree char *directory = g_build_filename(top, "etc/oriel", NULL);
    json_t *bundle = oriel_file_json(path);
    const char *prefix = image || strcmp(top, "/") == 0 ? "" : top;
    struct oriel_files *files = bundle ? unpack(bundle, path, directory, prefix) : NULL;
    json_decref(bundle);
    return files && oriel_files_write(files) ? 0 : 1;
}
