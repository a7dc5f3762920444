/* `oriel provision collector`: what the owner's collector of audit logs needs (`oriel audit collect --collector`), and,
 * in the owner's directory, collector.json: the public keys that devices provisioned from then on are given. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "cleanup.h"
#include "config.h"
#include "log.h"
#include "note.h"
#include "provision.h"
#include "seal.h"

enum { COLLECTOR_DAYS = 3650 };

struct collector {
    const char *owner, *tenant, *broker, *broker_ca, *days, *out;
};

static bool parse(struct collector *c, int argc, char **argv, long *days) {
    const struct oriel_option options[] = {{"--owner", ORIEL_OPTION_REQUIRED, &c->owner},
                                           {"--tenant", ORIEL_OPTION_REQUIRED, &c->tenant},
                                           {"--broker", ORIEL_OPTION_REQUIRED, &c->broker},
                                           {"--broker-ca", ORIEL_OPTION, &c->broker_ca},
                                           {"--days", ORIEL_OPTION, &c->days},
                                           {"--out", ORIEL_OPTION_REQUIRED, &c->out},
                                           {NULL}};
    return oriel_options_parse(options, argc, argv) && oriel_value_is_id("--tenant", c->tenant) &&
           oriel_value_is_line("--broker", c->broker) && oriel_value_number("--days", c->days, 1, 36500, days);
}

/* The vkey of a fresh key for cosigning; its PEM into `pem`. */
static bool make_cosigner(const struct collector *c, char **pem, char vkey[ORIEL_NOTE_VKEY_SIZE]) {
    char error[ORIEL_NOTE_ERROR_SIZE];
    struct oriel_note_key key;
    g_autofree char *name = g_strdup_printf("oriel/%s/collector", c->tenant);
    *pem = oriel_note_key_make();
    if (!*pem || !oriel_note_key_private(&key, name, ORIEL_NOTE_COSIGNATURE, *pem, strlen(*pem), error)) {
        oriel_error("no key for the collector: %s", *pem ? error : "no randomness");
        return false;
    }
    oriel_note_key_text(&key, vkey);
    oriel_note_key_clear(&key);
    return true;
}

static bool add_broker(const struct collector *c, struct oriel_files *files, long days) {
    struct oriel_ca ca;
    g_autofree char *own = g_build_filename(c->owner, "ca.pem", NULL);
    if (!oriel_ca_of_owner(&ca, c->owner))
        return false;
    const struct oriel_leaf leaf = {.common_name = ORIEL_CLI_COLLECTOR, .organization = c->tenant, .days = days};
    char *key_pem = NULL, *pem = oriel_certificate_make(&ca, &leaf, &key_pem);
    oriel_ca_clear(&ca);
    oriel_files_add(files, c->out, "broker.pem", 0644, pem);
    oriel_files_add(files, c->out, "broker.key", 0600, key_pem);
    if (!pem || !oriel_ca_load(&ca, c->broker_ca ? c->broker_ca : own, NULL))
        return false;
    oriel_files_add(files, c->out, "broker-ca.pem", 0644, strdup(ca.pem));
    oriel_ca_clear(&ca);
    return true;
}

static bool add_all(const struct collector *c, struct oriel_files *files, long days) {
    char vkey[ORIEL_NOTE_VKEY_SIZE], *pem = NULL;
    if (!make_cosigner(c, &pem, vkey)) {
        free(pem);
        return false;
    }
    oriel_files_add(files, c->out, "cosign.key", 0600, pem);
    json_t *seal = oriel_key_new();
    oriel_files_add(files, c->out, "seal.key", 0600, seal ? oriel_key_pem(seal) : NULL);
    oriel_files_add(files, c->out, "collector.json", 0644,
                    oriel_json_pretty(json_pack("{s:i, s:s, s:s, s:s}", "v", 1, "typ", "collector", "tenant", c->tenant,
                                                "broker", c->broker)));
    if (seal)
        oriel_files_add(
            files, c->owner, "collector.json", 0644,
            oriel_json_pretty(json_pack("{s:i, s:s, s:s, s:s, s:o}", "v", 1, "typ", "collector-keys", "tenant",
                                        c->tenant, "cosigner", vkey, "seal", oriel_key_public(seal))));
    json_decref(seal);
    return seal && add_broker(c, files, days);
}

int oriel_provision_collector(int argc, char **argv) {
    struct collector c = {0};
    long days = COLLECTOR_DAYS;
    if (!parse(&c, argc, argv, &days))
        return 2;
    json_t *owner = oriel_owner_read(c.owner);
    if (!owner)
        return 1;
    json_decref(owner);
    struct oriel_files *files = oriel_files_new(0700);
    if (add_all(&c, files, days))
        return oriel_files_write(files) ? 0 : 1;
    oriel_files_free(files);
    return 1;
}

bool oriel_collector_keys(const char *owner, const char *tenant, json_t **out) {
    g_autofree char *path = g_build_filename(owner, "collector.json", NULL);
    *out = NULL;
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return true;
    json_t *keys = oriel_file_json(path);
    const char *typ = oriel_json_text(keys, "typ"), *of = oriel_json_text(keys, "tenant");
    if (keys && (!typ || strcmp(typ, "collector-keys") != 0 || !of || !oriel_json_text(keys, "cosigner") ||
                 !oriel_key_is_good(json_object_get(keys, "seal"), false))) {
        oriel_error("%s is not as 'oriel provision collector' makes it", path);
        json_decref(keys);
        return false;
    }
    if (keys && strcmp(of, tenant) == 0)
        *out = keys;
    else
        json_decref(keys); /* another tenant's */
    return keys != NULL;
}
