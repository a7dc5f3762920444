/* signaling/seal against schema/vectors: what others signed and sealed with fixed keys, and what both sides refuse. The
 * console's tests read the same files (signaling/console/test/seal.test.js). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal.h"

#define VECTORS SCHEMA_DIR "/vectors"

static json_t *signing, *sealing;
static char error[ORIEL_JSON_ERROR_SIZE];

static json_t *load(const char *name) {
    char path[512];
    snprintf(path, sizeof path, VECTORS "/%s", name);
    json_error_t where;
    json_t *value = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (!value)
        fail_msg("%s:%d: %s", path, where.line, where.text);
    return value;
}

static int set_up(void **state) {
    json_t *keys = load("keys.json");
    signing = oriel_key_public(json_object_get(keys, "sign"));
    sealing = json_incref(json_object_get(keys, "seal"));
    char id[44];
    bool same = oriel_key_id(signing, id) && strcmp(id, oriel_json_text(keys, "sign_id")) == 0 &&
                oriel_key_id(sealing, id) && strcmp(id, oriel_json_text(keys, "seal_id")) == 0;
    json_decref(keys);
    return same ? 0 : -1;
}

static int tear_down(void **state) {
    json_decref(signing);
    json_decref(sealing);
    return 0;
}

static void open_and_verify(const char *name) {
    json_t *good = load(name);
    const char *jwe = oriel_json_text(good, "jwe");
    size_t length;
    char *jws = oriel_jwe_open(sealing, jwe, strlen(jwe), &length, error);
    if (!jws)
        fail_msg("%s: %s", name, error);
    assert_string_equal(jws, oriel_json_text(good, "jws"));
    json_t *claims = oriel_jws_verify(jws, length, signing, oriel_json_text(good, "typ"), error);
    if (!claims)
        fail_msg("%s: %s", name, error);
    char *text = oriel_json_encode(claims);
    assert_string_equal(text, oriel_json_text(good, "claims"));
    free(text);
    json_decref(claims);
    free(jws);
    json_decref(good);
}

static void test_good(void **state) {
    DIR *directory = opendir(VECTORS);
    assert_non_null(directory);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (strncmp(entry->d_name, "good-", 5) == 0) {
            open_and_verify(entry->d_name);
            count++;
        }
    closedir(directory);
    assert_true(count >= 4);
}

static void test_refused(void **state) {
    json_t *refused = load("refused.json"), *entry;
    const char *typ = oriel_json_text(refused, "typ");
    size_t i, length;
    json_array_foreach(json_object_get(refused, "jws"), i, entry) {
        const char *text = oriel_json_text(entry, "text");
        if (oriel_jws_verify(text, strlen(text), signing, typ, error))
            fail_msg("verified: %s", oriel_json_text(entry, "why"));
    }
    assert_true(i > 20);
    json_array_foreach(json_object_get(refused, "jwe"), i, entry) {
        const char *text = oriel_json_text(entry, "text");
        if (oriel_jwe_open(sealing, text, strlen(text), &length, error))
            fail_msg("opened: %s", oriel_json_text(entry, "why"));
    }
    assert_true(i > 15);
    json_decref(refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
