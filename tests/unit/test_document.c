/* signaling/document: each member of each document missing, beside itself and out of its range, by tables; and the same
 * documents held against signaling/schema/documents, so that C and schemas name the same members. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "fields.h"
#include "seal.h"

#define HASH "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
#define HASH2 "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"

static json_t *key, *private_key;
static char error[ORIEL_JSON_ERROR_SIZE];

static json_t *good(enum oriel_document_type type) {
    switch (type) {
    case ORIEL_DOCUMENT_AGENT_CREDENTIAL:
        return json_pack("{s:s, s:s, s:s, s:[s], s:i, s:i, s:i, s:{s:O}}", "iss", "fill-cap", "sub", "anna", "name",
                         "Anna", "scopes", "view", "epoch", 0, "iat", 1000, "exp", 1001, "cnf", "jwk", key);
    case ORIEL_DOCUMENT_DEVICE_CREDENTIAL:
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:{s:O}, s:O}", "iss", "plant", "sub", "filler-1", "tenant",
                         "demo", "name", "", "model", "", "iat", 0, "cnf", "jwk", key, "enc", key);
    case ORIEL_DOCUMENT_REVOKED:
        return json_pack("{s:s, s:i, s:i, s:[]}", "iss", "fill-cap", "iat", 0, "epoch", 0, "keys");
    case ORIEL_DOCUMENT_TRUST:
        return json_pack("{s:s, s:s, s:[O], s:O, s:[s], s:i, s:i, s:s, s:[s]}", "id", "fill-cap", "label", "L", "keys",
                         key, "presence", key, "scopes", "view", "seconds", 30, "epoch", 0, "over_ask", "clip", "turn",
                         "turn:a.example");
    case ORIEL_DOCUMENT_ENROLMENT:
        return json_pack("{s:i, s:s, s:O, s:O}", "v", 1, "typ", "enrolment", "key", key, "seal", key);
    case ORIEL_DOCUMENT_ENROLLED:
        return json_pack("{s:i, s:s, s:s, s:s, s:s, s:O, s:O, s:s, s:[{s:s, s:s, s:O}], s:{s:[s], s:s, s:s}}", "v", 1,
                         "typ", "enrolled", "tenant", "demo", "label", "L", "credential", "a.b.c", "vendor", key,
                         "presence", private_key, "password", "", "owners", "id", "plant", "name", "P", "key", key,
                         "turn", "urls", "turn:a.example", "username", "1:a", "password", "p");
    case ORIEL_DOCUMENT_AUTHORISATION:
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s], s:i, s:i, s:i, s:i, s:i}", "iss", "plant", "id",
                         "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "tenant", "demo", "device", "filler-1",
                         "vendor", "fill-cap", "scopes", "view", "seconds", 30, "uses", 1, "iat", 0, "nbf", 0, "exp",
                         1);
    case ORIEL_DOCUMENT_OWNER:
        return json_pack("{s:s, s:s, s:O}", "id", "plant", "name", "P", "key", key);
    }
    return NULL;
}

static const struct {
    enum oriel_document_type type;
    const char *schema;
} documents[] = {
    {ORIEL_DOCUMENT_AGENT_CREDENTIAL, "agent-credential"},
    {ORIEL_DOCUMENT_DEVICE_CREDENTIAL, "device-credential"},
    {ORIEL_DOCUMENT_REVOKED, "revoked"},
    {ORIEL_DOCUMENT_TRUST, "trust"},
    {ORIEL_DOCUMENT_ENROLMENT, "enrolment"},
    {ORIEL_DOCUMENT_ENROLLED, "enrolled"},
    {ORIEL_DOCUMENT_AUTHORISATION, "authorisation"},
    {ORIEL_DOCUMENT_OWNER, "owner"},
};
enum { DOCUMENTS = sizeof documents / sizeof *documents };

/* Takes `document`. */
static bool passes(enum oriel_document_type type, json_t *document) {
    error[0] = '\0';
    assert_non_null(document);
    bool is_good = oriel_document_check(type, document, error);
    assert_int_equal(is_good, error[0] == '\0');
    json_decref(document);
    return is_good;
}

/* The good document with `name` as `value` (taken). */
static bool passes_with(enum oriel_document_type type, const char *name, json_t *value) {
    json_t *document = good(type);
    assert_non_null(value);
    json_object_set_new(document, name, value);
    return passes(type, document);
}

/* The only member that may be missing. */
static bool is_optional(const char *name) {
    return strcmp(name, "turn") == 0;
}

static void test_members_missing_and_extra(void **state) {
    for (int i = 0; i < DOCUMENTS; i++) {
        json_t *whole = good(documents[i].type), *value;
        const char *name;
        assert_true(passes(documents[i].type, json_deep_copy(whole)));
        json_object_foreach(whole, name, value) {
            json_t *without = json_copy(whole);
            json_object_del(without, name);
            if (passes(documents[i].type, without) != is_optional(name))
                fail_msg("%s without '%s': %s", documents[i].schema, name, error);
            assert_true(is_optional(name) || strstr(error, name));
            /* no member takes a value of another kind */
            json_t *const odd[] = {json_null(),
                                   json_true(),
                                   json_real(1.0),
                                   json_integer(-1),
                                   json_object(),
                                   json_pack("[n]"),
                                   json_pack("[[]]"),
                                   json_pack("{s:{}}", "jwk"),
                                   json_pack("[s, s]", "view", "view"),
                                   json_pack("[s, s]", HASH, HASH)};
            for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
                if (passes_with(documents[i].type, name, odd[k]))
                    fail_msg("%s passes with odd '%s' %zu", documents[i].schema, name, k);
            }
        }
        json_object_set_new(whole, "extra", json_null());
        assert_false(passes(documents[i].type, whole));
    }
    assert_false(passes(ORIEL_DOCUMENT_TRUST, json_array()));
    assert_false(passes(ORIEL_DOCUMENT_TRUST, json_string("x")));
}

static void test_members_inside(void **state) {
    json_t *d = json_pack("{s:{s:O, s:i}}", "cnf", "jwk", key, "kid", 1);
    assert_false(passes_with(ORIEL_DOCUMENT_AGENT_CREDENTIAL, "cnf", json_incref(json_object_get(d, "cnf"))));
    json_decref(d);
    static const char *const keys[] = {"cnf", "enc", "presence", "vendor", "seal", "key"};
    for (int i = 0; i < DOCUMENTS; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            json_t *whole = good(documents[i].type);
            bool has = json_object_get(whole, keys[k]) != NULL;
            json_decref(whole);
            if (!has)
                continue;
            bool private_part = documents[i].type == ORIEL_DOCUMENT_ENROLLED && strcmp(keys[k], "presence") == 0;
            json_t *other = strcmp(keys[k], "cnf") == 0 ? json_pack("{s:O}", "jwk", private_key)
                                                        : json_incref(private_part ? key : private_key);
            if (passes_with(documents[i].type, keys[k], other)) /* a private key where a public one is due, and back */
                fail_msg("%s takes the wrong half of a key in '%s'", documents[i].schema, keys[k]);
        }
    assert_false(passes_with(ORIEL_DOCUMENT_ENROLLED, "owners", json_array()));
    assert_false(passes_with(ORIEL_DOCUMENT_ENROLLED, "owners",
                             json_pack("[{s:s, s:s, s:O, s:i}]", "id", "p", "name", "P", "key", key, "more", 1)));
    assert_false(passes_with(ORIEL_DOCUMENT_ENROLLED, "owners", json_pack("[{s:s, s:s}]", "id", "p", "name", "P")));
}

/* A list of `n`. */
static json_t *many(int n, json_t *(*item)(int)) {
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, item(i));
    return list;
}

static json_t *a_key(int i) {
    return json_incref(key);
}

static json_t *an_owner(int i) {
    return json_pack("{s:s, s:s, s:O}", "id", "p", "name", "P", "key", key);
}

static json_t *a_hash(int i) {
    char text[] = HASH;
    text[0] = (char)('A' + i / 16);
    text[1] = (char)('a' + i % 16);
    return json_string(text);
}

static void test_ranges(void **state) {
    static const struct {
        enum oriel_document_type type;
        const char *name;
        json_int_t min, max;
    } numbers[] = {{ORIEL_DOCUMENT_AGENT_CREDENTIAL, "epoch", 0, INT64_C(4294967295)},
                   {ORIEL_DOCUMENT_REVOKED, "epoch", 0, INT64_C(4294967295)},
                   {ORIEL_DOCUMENT_REVOKED, "iat", 0, INT64_C(9007199254740991)},
                   {ORIEL_DOCUMENT_DEVICE_CREDENTIAL, "iat", 0, INT64_C(9007199254740991)},
                   {ORIEL_DOCUMENT_TRUST, "epoch", 0, INT64_C(4294967295)},
                   {ORIEL_DOCUMENT_TRUST, "seconds", 30, 28800},
                   {ORIEL_DOCUMENT_ENROLMENT, "v", 1, 1},
                   {ORIEL_DOCUMENT_ENROLLED, "v", 1, 1}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *name = numbers[i].name;
        assert_true(passes_with(numbers[i].type, name, json_integer(numbers[i].min)));
        assert_true(passes_with(numbers[i].type, name, json_integer(numbers[i].max)));
        assert_false(passes_with(numbers[i].type, name, json_integer(numbers[i].min - 1)));
        assert_false(passes_with(numbers[i].type, name, json_integer(numbers[i].max + 1)));
    }
    static const struct {
        enum oriel_document_type type;
        const char *name;
        size_t min, max;
    } texts[] = {{ORIEL_DOCUMENT_AGENT_CREDENTIAL, "name", 1, 64},   {ORIEL_DOCUMENT_DEVICE_CREDENTIAL, "name", 0, 64},
                 {ORIEL_DOCUMENT_DEVICE_CREDENTIAL, "model", 0, 64}, {ORIEL_DOCUMENT_TRUST, "label", 1, 64},
                 {ORIEL_DOCUMENT_ENROLLED, "label", 1, 64},          {ORIEL_DOCUMENT_ENROLLED, "password", 0, 128}};
    char text[300];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t n = 0; n <= texts[i].max + 1; n++) {
            for (size_t k = 0; k < n; k++) /* characters count, not bytes */
                memcpy(text + 2 * k, "ä", 2);
            text[2 * n] = '\0';
            assert_int_equal(passes_with(texts[i].type, texts[i].name, json_string(text)),
                             n >= texts[i].min && n <= texts[i].max);
        }
}

static void test_lists(void **state) {
    for (int n = 0; n < 6; n++)
        assert_int_equal(passes_with(ORIEL_DOCUMENT_TRUST, "keys", many(n, a_key)), n >= 1 && n <= 4);
    for (int n = 0; n < 19; n++)
        assert_int_equal(passes_with(ORIEL_DOCUMENT_ENROLLED, "owners", many(n, an_owner)), n >= 1 && n <= 16);
    assert_true(passes_with(ORIEL_DOCUMENT_REVOKED, "keys", many(256, a_hash)));
    assert_false(passes_with(ORIEL_DOCUMENT_REVOKED, "keys", many(257, a_hash)));
    assert_false(passes_with(ORIEL_DOCUMENT_REVOKED, "keys", json_pack("[s, s, s]", HASH, HASH2, HASH)));
    assert_false(passes_with(ORIEL_DOCUMENT_REVOKED, "keys", json_pack("[s]", "short")));
    assert_true(passes_with(ORIEL_DOCUMENT_TRUST, "scopes", json_pack("[s, s, s]", "logs", "view", "control")));
    assert_false(passes_with(ORIEL_DOCUMENT_TRUST, "scopes", json_array()));
    assert_false(passes_with(ORIEL_DOCUMENT_TRUST, "scopes", json_pack("[s]", "VIEW")));
    assert_true(passes_with(ORIEL_DOCUMENT_TRUST, "over_ask", json_string("refuse")));
    assert_false(passes_with(ORIEL_DOCUMENT_TRUST, "over_ask", json_string("")));
    assert_false(passes_with(ORIEL_DOCUMENT_ENROLLED, "typ", json_string("enrolment")));
    static const char *const tokens[] = {"",     "a",       "a.b",    "a.b.",    ".b.c",
                                         "a..c", "a.b.c.d", "a.b.c=", "a.b.c\n", "a.b.ü"};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        assert_false(passes_with(ORIEL_DOCUMENT_ENROLLED, "credential", json_string(tokens[i])));
    char token[4098];
    memset(token, 'a', sizeof token);
    token[1] = token[3] = '.';
    token[4096] = '\0';
    assert_true(passes_with(ORIEL_DOCUMENT_ENROLLED, "credential", json_string(token)));
    token[4096] = 'a';
    token[4097] = '\0';
    assert_false(passes_with(ORIEL_DOCUMENT_ENROLLED, "credential", json_string(token)));
}

static void test_how_long_a_credential_lasts(void **state) {
    static const struct {
        json_int_t iat, exp;
        bool good;
    } times[] = {{0, 0, false},
                 {0, 1, true},
                 {0, 86400, true},
                 {0, 86401, false},
                 {1000, 999, false},
                 {INT64_C(9007199254740990), INT64_C(9007199254740991), true},
                 {INT64_C(9007199254740991), 0, false},
                 {0, INT64_C(9007199254740991), false},
                 {0, INT64_C(9007199254740992), false},
                 {INT64_MIN, INT64_MAX, false},
                 {INT64_MAX, INT64_MIN, false}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        json_t *d = good(ORIEL_DOCUMENT_AGENT_CREDENTIAL);
        json_object_set_new(d, "iat", json_integer(times[i].iat));
        json_object_set_new(d, "exp", json_integer(times[i].exp));
        assert_int_equal(passes(ORIEL_DOCUMENT_AGENT_CREDENTIAL, d), times[i].good);
    }
}

static json_t *load(const char *name) {
    char path[512];
    snprintf(path, sizeof path, SCHEMA_DIR "/documents/%s.json", name);
    json_t *schema = json_load_file(path, 0, NULL);
    assert_non_null(schema);
    return schema;
}

/* Both name the same members, all but `turn` required, and no others. */
static void test_the_schemas_say_the_same(void **state) {
    for (int i = 0; i < DOCUMENTS; i++) {
        json_t *schema = load(documents[i].schema), *whole = good(documents[i].type), *value;
        json_t *properties = json_object_get(schema, "properties");
        const char *name;
        assert_int_equal(json_object_size(properties), json_object_size(whole));
        assert_int_equal(json_array_size(json_object_get(schema, "required")),
                         json_object_size(whole) - (json_object_get(whole, "turn") != NULL));
        assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
        json_object_foreach(whole, name, value) if (!json_object_get(properties, name))
            fail_msg("%s.json has no '%s'", documents[i].schema, name);
        json_decref(whole);
        json_decref(schema);
    }
}

/* The same files are read by the console's tests: signaling/schema/examples/documents. */
static int each_example(const char *folder, char end, bool is_good) {
    char path[512], name[64];
    int count = 0;
    snprintf(path, sizeof path, SCHEMA_DIR "/examples/documents%s", folder);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *e; (e = readdir(directory));) {
        if (!strstr(e->d_name, ".json"))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(strchr(e->d_name, end) - e->d_name), e->d_name);
        snprintf(path, sizeof path, SCHEMA_DIR "/examples/documents%s/%s", folder, e->d_name);
        json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(document);
        int i = 0;
        while (i < DOCUMENTS && strcmp(documents[i].schema, name) != 0)
            i++;
        assert_int_not_equal(i, DOCUMENTS);
        if (passes(documents[i].type, document) != is_good)
            fail_msg("%s: %s", e->d_name, is_good ? error : "accepted");
        count++;
    }
    closedir(directory);
    return count;
}

static void test_examples(void **state) {
    assert_true(each_example("", '.', true) >= 6);
    assert_true(each_example("/invalid", '-', false) >= 46);
}

/* What the pattern of the schemas leaves to us. */
static void test_addresses_of_version_6(void **state) {
    static const char *const fine[] = {"turn:[::1]", "turns:[::ffff:192.0.2.7]:443",
                                       "turn:[1:2:3:4:5:6:7:8]?transport=tcp"};
    static const char *const bad[] = {
        "turn:[::::]", "turn:[1:2:3]", "turn:[::ffff:192.0.2.256]", "turn:[]",           "turn:[::1]x", "turn:[",
        "turn:[::1]:", "turn:[g::]",   "turn:[1:2:3:4:5:6:7:8:9]",  "turn:[2001:DB8::7]"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_true(oriel_is_turn_uri(fine[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(oriel_is_turn_uri(bad[i]));
}

static void test_types(void **state) {
    assert_null(oriel_document_typ(ORIEL_DOCUMENT_TRUST));
    assert_null(oriel_document_typ(ORIEL_DOCUMENT_OWNER));
    for (int i = 0; i < DOCUMENTS; i++)
        for (int k = 0; k < i; k++)
            if (oriel_document_typ(documents[i].type) && oriel_document_typ(documents[k].type))
                assert_string_not_equal(oriel_document_typ(documents[i].type), oriel_document_typ(documents[k].type));
}

static int set_up(void **state) {
    private_key = oriel_key_new();
    key = oriel_key_public(private_key);
    return key ? 0 : -1;
}

static int tear_down(void **state) {
    json_decref(key);
    json_decref(private_key);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_missing_and_extra),
        cmocka_unit_test(test_members_inside),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_how_long_a_credential_lasts),
        cmocka_unit_test(test_the_schemas_say_the_same),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_addresses_of_version_6),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests_name("document", tests, set_up, tear_down);
}
