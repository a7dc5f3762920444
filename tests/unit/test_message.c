/* signaling/message: every example of signaling/schema is accepted or refused as it should be, and what we write we can
 * read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

#define HASH "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

static size_t read_file(const char *directory, const char *name, char *out, size_t size) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(out, 1, size, f);
    fclose(f);
    return n;
}

static int each_example(const char *directory, bool good) {
    static char bytes[ORIEL_MESSAGE_MAX + 1];
    int count = 0;
    DIR *d = opendir(directory);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        if (n < 5 || strcmp(e->d_name + n - 5, ".json") != 0)
            continue;
        enum oriel_message_type type;
        char error[ORIEL_JSON_ERROR_SIZE] = "";
        json_t *m = oriel_message_decode(bytes, read_file(directory, e->d_name, bytes, sizeof bytes), &type, error);
        if (good != (m != NULL))
            fail_msg("%s: %s", e->d_name, m ? "accepted" : error);
        if (good)
            assert_memory_equal(e->d_name, oriel_message_name(type), strlen(oriel_message_name(type)));
        else
            assert_true(error[0] != '\0');
        json_decref(m);
        count++;
    }
    closedir(d);
    return count;
}

static void test_good_examples(void **state) {
    assert_true(each_example(SCHEMA_DIR "/examples", true) >= 17);
}

static void test_bad_examples(void **state) {
    assert_true(each_example(SCHEMA_DIR "/examples/invalid", false) >= 29);
}

static void test_too_large(void **state) {
    static char bytes[ORIEL_MESSAGE_MAX + 1];
    memset(bytes, ' ', sizeof bytes);
    enum oriel_message_type type;
    char error[ORIEL_JSON_ERROR_SIZE];
    assert_null(oriel_message_decode(bytes, sizeof bytes, &type, error));
    assert_non_null(strstr(error, "at most 65536"));
}

static void test_encode(void **state) {
    char error[ORIEL_JSON_ERROR_SIZE];
    char *bytes = oriel_message_encode(ORIEL_MESSAGE_CANCEL, json_pack("{s:s}", "request", HASH), error);
    assert_string_equal(bytes, "{\"v\":1,\"typ\":\"cancel\",\"request\":\"" HASH "\"}");
    enum oriel_message_type type;
    json_t *m = oriel_message_decode(bytes, strlen(bytes), &type, error);
    assert_non_null(m);
    assert_int_equal(type, ORIEL_MESSAGE_CANCEL);
    json_decref(m);
    free(bytes);
    assert_null(oriel_message_encode(ORIEL_MESSAGE_CANCEL, json_pack("{s:s}", "request", "short"), error));
    assert_null(oriel_message_encode(ORIEL_MESSAGE_CANCEL, json_pack("{s:s}", "request", "\xff"), error));
}

static void test_hash_and_nonce(void **state) {
    char a[ORIEL_HASH_SIZE], b[ORIEL_HASH_SIZE];
    oriel_message_hash("", 0, a);
    assert_string_equal(a, HASH); /* FIPS 180-4: SHA-256 of nothing */
    oriel_message_nonce(a);
    oriel_message_nonce(b);
    assert_true(oriel_is_hash(a) && oriel_is_hash(b));
    assert_string_not_equal(a, b);
}

static void test_ids(void **state) {
    char long_id[66];
    memset(long_id, 'a', 65);
    long_id[65] = '\0';
    assert_false(oriel_is_id(long_id));
    assert_true(oriel_is_id(long_id + 1));
    const char *bad[] = {"", "-a", "a-", "A", "a_b", "a/b", "a+", "#", "ä"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(oriel_is_id(bad[i]));
    assert_true(oriel_is_id("a") && oriel_is_id("filler-1"));
}

/* And the reasons of an end; what a request is denied with in its place is a denial. */
static void test_end_reasons(void **state) {
    json_t *schema = json_load_file(SCHEMA_DIR "/end.json", 0, NULL), *list = NULL;
    json_t *denial = json_load_file(SCHEMA_DIR "/denial.json", 0, NULL), *denials = NULL, *word;
    assert_int_equal(json_unpack(schema, "{s:{s:{s:o}}}", "properties", "reason", "enum", &list), 0);
    assert_int_equal(json_unpack(denial, "{s:{s:{s:o}}}", "properties", "reason", "enum", &denials), 0);
    size_t i, k;
    json_array_foreach(list, i, word) {
        const struct oriel_end_reason *r = oriel_end_reason_find(json_string_value(word));
        assert_non_null(r);
        bool is_denial = !r->denial;
        json_t *other;
        json_array_foreach(denials, k, other) is_denial = is_denial || strcmp(json_string_value(other), r->denial) == 0;
        assert_true(is_denial);
    }
    assert_int_equal(json_array_size(list), 14);
    assert_null(oriel_end_reason_find("boredom"));
    json_decref(schema);
    json_decref(denial);
}

/* The schemas list the scopes as fields.c does. */
static void test_scopes(void **state) {
    static const char *const schemas[] = {"request", "grant",           "state",
                                          "update",  "documents/trust", "documents/agent-credential"};
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        char path[512];
        snprintf(path, sizeof path, SCHEMA_DIR "/%s.json", schemas[i]);
        json_t *schema = json_load_file(path, 0, NULL), *list = NULL;
        assert_int_equal(json_unpack(schema, "{s:{s:{s:{s:o}}}}", "properties", "scopes", "items", "enum", &list), 0);
        size_t n = 0;
        for (; oriel_scopes[n].name; n++)
            assert_string_equal(json_string_value(json_array_get(list, n)), oriel_scopes[n].name);
        assert_int_equal(json_array_size(list), n);
        json_decref(schema);
    }
    assert_ptr_equal(oriel_scope_find("view"), oriel_scopes);
    assert_null(oriel_scope_find("everything"));
    char names[ORIEL_SCOPE_NAMES_SIZE];
    oriel_scope_names(names);
    assert_string_equal(names, "view, camera, voice, face, control, logs");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_examples), cmocka_unit_test(test_bad_examples),   cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_encode),        cmocka_unit_test(test_hash_and_nonce), cmocka_unit_test(test_ids),
        cmocka_unit_test(test_scopes),        cmocka_unit_test(test_end_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
