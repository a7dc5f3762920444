/* base/json: hostile bytes are refused with a sentence, good ones are read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "json.h"

static void refused(const char *bytes, size_t length, size_t max, const char *says) {
    char error[ORIEL_JSON_ERROR_SIZE] = "";
    assert_null(oriel_json_decode(bytes, length, max, error));
    if (!strstr(error, says))
        fail_msg("'%s' does not say '%s'", error, says);
}

static void test_refusals(void **state) {
    refused("", 0, 100, "not JSON");
    refused("[1]", 3, 100, "not a JSON object");
    refused("{}x", 3, 100, "not JSON");
    refused("{\"a\":1,\"a\":2}", 13, 100, "duplicate");
    refused("{\"a\":\"\\u0000\"}", 14, 100, "not JSON");
    refused("{\"a\":\"\xc0\xaf\"}", 10, 100, "not JSON");
    refused("{\"a\":18446744073709551616}", 26, 100, "not JSON");
    refused("{\"a\":1}", 7, 6, "at most 6");
    static char bomb[200000];
    memset(bomb, '[', sizeof bomb);
    refused(bomb, sizeof bomb, sizeof bomb, "deeper");
    refused("{\"a\":[[[[[[[[1]]]]]]]]}", 23, 100, "deeper");
}

static void test_reading(void **state) {
    char error[ORIEL_JSON_ERROR_SIZE];
    const char *text = "{\"s\":\"[[[[[[[[[[\\\"{\",\"n\":7,\"deep\":[[[[[[[1]]]]]]]}";
    json_t *value = oriel_json_decode(text, strlen(text), 100, error);
    assert_non_null(value);
    assert_string_equal(oriel_json_text(value, "s"), "[[[[[[[[[[\"{");
    assert_null(oriel_json_text(value, "n"));
    assert_int_equal(oriel_json_integer(value, "n", 0), 7);
    assert_int_equal(oriel_json_integer(value, "s", -1), -1);
    json_decref(value);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals), cmocka_unit_test(test_reading)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
