/* The JSON of liboriel: what it takes, what it refuses, what it writes; hostile input first of all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"

static struct oriel_packet json;

/* Reads from a heap copy of exactly that size, so that valgrind and the address sanitizer see a read past the end. */
static int read_bytes(const char *data, size_t size, const char **error) {
    char *copy = malloc(size ? size : 1);
    int r;

    assert_non_null(copy);
    memcpy(copy, data, size);
    r = oriel_packet_read(&json, copy, size, error);
    free(copy);
    return r;
}

static void accept_text(const char *text) {
    const char *error;

    if (read_bytes(text, strlen(text), &error))
        fail_msg("refused (%s): %s", error, text);
    assert_null(error);
}

static void refuse_bytes(const char *text, size_t size, const char *why) {
    const char *error;

    if (read_bytes(text, size, &error) != -EBADMSG)
        fail_msg("accepted: %s", text);
    if (strcmp(error, why))
        fail_msg("refused for \"%s\" in place of \"%s\": %s", error, why, text);
    assert_int_equal(json.n_members, 0);
}

static void refuse(const char *text, const char *why) {
    refuse_bytes(text, strlen(text), why);
}

static void test_values(void **state) {
    const struct oriel_packet_member *m;
    int64_t n;
    bool b;

    accept_text(" { \"s\" : \"x\", \"i\":-42,\"t\":true ,\"f\":false,\"n\":null,\"a\":[ \"view\" , \"hear\" ],\"e\":[],"
                "\"o\":{\"s\":\"inner\"},\"x\":1.5e-3,\"mixed\":[1,\"a\"]}\r\n\t ");
    assert_string_equal(oriel_packet_string(&json, "s"), "x");
    assert_true(oriel_packet_integer(&json, "i", -42, 0, &n));
    assert_int_equal(n, -42);
    assert_false(oriel_packet_integer(&json, "i", -41, 0, &n));
    assert_true(oriel_packet_boolean(&json, "t", &b));
    assert_true(b);
    assert_true(oriel_packet_boolean(&json, "f", &b));
    assert_false(b);
    assert_false(oriel_packet_boolean(&json, "n", &b));
    assert_int_equal(oriel_packet_find(&json, "n")->type, ORIEL_PACKET_OTHER);
    m = oriel_packet_find(&json, "a");
    assert_int_equal(m->type, ORIEL_PACKET_ARRAY);
    assert_int_equal(m->n_array, 2);
    assert_string_equal(m->array[0], "view");
    assert_string_equal(m->array[1], "hear");
    m = oriel_packet_find(&json, "e");
    assert_int_equal(m->type, ORIEL_PACKET_ARRAY);
    assert_int_equal(m->n_array, 0);
    assert_int_equal(oriel_packet_find(&json, "o")->type, ORIEL_PACKET_OTHER);
    assert_int_equal(oriel_packet_find(&json, "x")->type, ORIEL_PACKET_OTHER);
    assert_int_equal(oriel_packet_find(&json, "mixed")->type, ORIEL_PACKET_OTHER);
    assert_null(oriel_packet_find(&json, "absent"));
    assert_null(oriel_packet_string(&json, "i"));
    accept_text("{}");
    assert_int_equal(json.n_members, 0);
}

static void test_numbers(void **state) {
    int64_t n;

    accept_text("{\"a\":9223372036854775807,\"b\":-9223372036854775808,\"c\":9223372036854775808,"
                "\"d\":-9223372036854775809,\"e\":18446744073709551616,\"f\":-0,\"g\":0.0,\"h\":1E+2}");
    assert_true(oriel_packet_integer(&json, "a", INT64_MIN, INT64_MAX, &n));
    assert_true(n == INT64_MAX);
    assert_true(oriel_packet_integer(&json, "b", INT64_MIN, INT64_MAX, &n));
    assert_true(n == INT64_MIN);
    for (const char *name = "cdegh"; *name; name++)
        assert_int_equal(oriel_packet_find(&json, (char[]){*name, 0})->type, ORIEL_PACKET_OTHER);
    assert_true(oriel_packet_integer(&json, "f", 0, 0, &n));
    refuse("{\"a\":01}", "number with a leading zero");
    refuse("{\"a\":-}", "number without digits");
    refuse("{\"a\":1.}", "number without digits");
    refuse("{\"a\":1e}", "number without digits");
    refuse("{\"a\":+1}", "not a JSON value");
    refuse("{\"a\":.5}", "not a JSON value");
    refuse("{\"a\":NaN}", "not a JSON value");
    refuse("{\"a\":0x10}", "object without an end");
}

static void test_strings(void **state) {
    accept_text("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"b\":\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\",\"c\":\"é€😀\"}");
    assert_string_equal(oriel_packet_string(&json, "a"), "\"\\/\b\f\n\r\t");
    assert_string_equal(oriel_packet_string(&json, "b"), "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_string_equal(oriel_packet_string(&json, "c"), "é€😀");
    refuse("{\"a\":\"\\u0000\"}", "NUL in a string");
    refuse("{\"a\":\"\\ud83d\"}", "lone high surrogate");
    refuse("{\"a\":\"\\ud83dx\"}", "lone high surrogate");
    refuse("{\"a\":\"\\ud83d\\u0041\"}", "lone high surrogate");
    refuse("{\"a\":\"\\ude00\"}", "lone low surrogate");
    refuse("{\"a\":\"\\u12\"}", "\\u escape that is not four hex digits");
    refuse("{\"a\":\"\\u12", "short \\u escape");
    refuse("{\"a\":\"\\x41\"}", "unknown escape");
    refuse("{\"a\":\"\\", "string without an end");
    refuse("{\"a\":\"\n\"}", "control character in a string");
    refuse_bytes("{\"a\":\"\0\"}", 9, "control character in a string");
    refuse_bytes("{\"a\":\"\\\0\"}", 10, "unknown escape");
}

static void test_utf8(void **state) {
    static const char *const broken[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3(",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
    };
    char text[32];

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        snprintf(text, sizeof text, "{\"a\":\"%s\"}", broken[i]);
        refuse(text, "not UTF-8");
        snprintf(text, sizeof text, "{\"%s\":1}", broken[i]);
        refuse(text, "not UTF-8");
        assert_int_equal(oriel_utf8_length(broken[i]), -EILSEQ);
    }
    accept_text("{\"a\":\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xc2\x80\"}");
    assert_int_equal(oriel_utf8_length("aé€😀"), 4);
    assert_int_equal(oriel_utf8_length(""), 0);
}

static void test_structure(void **state) {
    refuse("", "empty");
    refuse("   ", "not an object");
    refuse("[]", "not an object");
    refuse("\"a\"", "not an object");
    refuse("\xef\xbb\xbf{}", "not an object");
    refuse("{} x", "something after the object");
    refuse("{}{}", "something after the object");
    refuse_bytes("{}", 3, "something after the object"); /* the NUL */
    refuse("{", "a string was expected");
    refuse("{\"a\"", "member without a colon");
    refuse("{\"a\":", "ends in the middle");
    refuse("{\"a\":1", "object without an end");
    refuse("{\"a\":1,}", "a string was expected");
    refuse("{\"a\":[1,]}", "not a JSON value");
    refuse("{\"a\":[1", "array without an end");
    refuse("{a:1}", "a string was expected");
    refuse("{\"a\":tru}", "not a JSON value");
    refuse("{\"a\":nul", "not a JSON value");
    refuse("{\"a\":1 /* no */}", "object without an end");
    refuse("{\"a\":1,\"b\":2,\"a\":3}", "a name twice");
    refuse("{\"a\":1,\"\\u0061\":3}", "a name twice");
}

static void test_depth(void **state) {
    char text[ORIEL_PACKET_SIZE];

    accept_text("{\"a\":[[[1]]]}");
    refuse("{\"a\":[[[[1]]]]}", "nested too deeply");
    accept_text("{\"a\":{\"a\":{\"a\":{}}}}");
    refuse("{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", "nested too deeply");
    memset(text, '[', sizeof text);
    memcpy(text, "{\"a\":", 5);
    refuse_bytes(text, sizeof text, "nested too deeply");
}

static void test_limits(void **state) {
    char text[ORIEL_PACKET_SIZE + 2];
    size_t n;

    /* A string that fills the packet to the last byte fits; one byte more is too big. */
    memset(text, 'x', sizeof text);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + ORIEL_PACKET_SIZE - 2, "\"}", 3);
    accept_text(text);
    assert_int_equal(strlen(oriel_packet_string(&json, "a")), ORIEL_PACKET_SIZE - 8);
    memset(text + ORIEL_PACKET_SIZE - 2, 'x', 4);
    memcpy(text + ORIEL_PACKET_SIZE - 1, "\"}", 3);
    refuse(text, "too big");

    n = 0;
    for (int i = 0; i < ORIEL_PACKET_MEMBERS; i++)
        n += (size_t)sprintf(text + n, "%c\"m%d\":%d", i ? ',' : '{', i, i);
    strcpy(text + n, "}");
    accept_text(text);
    strcpy(text + n, ",\"more\":1}");
    refuse(text, "too many members");

    /* More strings than kept: still valid, but no array that anybody would read. */
    n = (size_t)sprintf(text, "{\"a\":[");
    for (int i = 0; i <= ORIEL_PACKET_STRINGS; i++)
        n += (size_t)sprintf(text + n, "%s\"\"", i ? "," : "");
    strcpy(text + n, "],\"b\":[\"view\"]}");
    accept_text(text);
    assert_int_equal(oriel_packet_find(&json, "a")->type, ORIEL_PACKET_OTHER);
    assert_int_equal(oriel_packet_find(&json, "b")->n_array, 1);

    /* Many empty strings: each needs one byte for its end, never more than it had in the packet. */
    n = (size_t)sprintf(text, "{\"a\":[\"\"");
    while (n < ORIEL_PACKET_SIZE - 5)
        n += (size_t)sprintf(text + n, ",\"\"");
    n += (size_t)sprintf(text + n, "]}");
    assert_true(n <= ORIEL_PACKET_SIZE);
    accept_text(text);
    assert_true(json.used <= sizeof json.text);
}

/* Every prefix and every one-byte change of a real packet is either read or refused, but never more than that. */
static void test_mutations(void **state) {
    static const char packet[] =
        "{\"t\":\"ask\",\"request\":\"h\\u00e9\\ud83d\\ude00\",\"scopes\":[\"view\"],\"seconds\":-60.5e3,"
        "\"o\":{\"a\":[null,true]}}";
    char text[sizeof packet];
    const char *error;

    for (size_t n = 0; n < sizeof packet - 1; n++)
        assert_int_equal(read_bytes(packet, n, &error), -EBADMSG);
    for (size_t i = 0; i < sizeof packet - 1; i++) {
        for (int c = 0; c < 256; c++) {
            memcpy(text, packet, sizeof packet);
            text[i] = (char)c;
            if (read_bytes(text, sizeof packet - 1, &error) == 0)
                assert_null(error);
            else
                assert_non_null(error);
        }
    }
}

static void test_writer(void **state) {
    struct oriel_packet_writer w;
    char big[ORIEL_PACKET_SIZE];
    int64_t n;
    const char *error;

    oriel_packet_begin(&w);
    oriel_packet_put_string(&w, "t", "a \"quote\" \\ \n \x7f é😀");
    oriel_packet_put_integer(&w, "n", INT64_MIN);
    oriel_packet_put_boolean(&w, "yes", true);
    oriel_packet_put_boolean(&w, "no", false);
    assert_int_equal(oriel_packet_end(&w), 0);
    assert_int_equal(w.size, strlen("{\"t\":\"a \\\"quote\\\" \\\\ \\u000a \\u007f é😀\",\"n\":-9223372036854775808,"
                                    "\"yes\":true,\"no\":false}"));
    assert_int_equal(oriel_packet_read(&json, w.text, w.size, &error), 0);
    assert_string_equal(oriel_packet_string(&json, "t"), "a \"quote\" \\ \n \x7f é😀");
    assert_true(oriel_packet_integer(&json, "n", INT64_MIN, INT64_MAX, &n));

    oriel_packet_begin(&w);
    assert_int_equal(oriel_packet_end(&w), 0);
    assert_memory_equal(w.text, "{}", 2);

    oriel_packet_begin(&w);
    oriel_packet_put_string(&w, "t", "\xff");
    oriel_packet_put_boolean(&w, "b", true);
    assert_int_equal(oriel_packet_end(&w), -EILSEQ);

    memset(big, '"', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    oriel_packet_begin(&w);
    oriel_packet_put_string(&w, "t", big);
    assert_int_equal(oriel_packet_end(&w), -EMSGSIZE);
    assert_true(w.size <= sizeof w.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_numbers),   cmocka_unit_test(test_strings),
        cmocka_unit_test(test_utf8),   cmocka_unit_test(test_structure), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_mutations), cmocka_unit_test(test_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
