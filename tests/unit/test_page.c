/* media/page: the messages of the data channel, byte for byte; whatever else a page sends is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "page.h"

static void test_ping(void **state) {
    char error[ORIEL_PAGE_ERROR_SIZE];
    const char *pings[] = {"{\"t\":\"ping\",\"id\":7}", "{ \"id\": 7, \"t\": \"ping\" }"};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(oriel_page_read_ping(pings[i], strlen(pings[i]), error), 7);
    const char *last = "{\"t\":\"ping\",\"id\":9007199254740991}";
    assert_true(oriel_page_read_ping(last, strlen(last), error) == INT64_C(9007199254740991));
}

static void test_refused(void **state) {
    const char *bad[] = {
        "",
        "ping",
        "[]",
        "{}",
        "{\"t\":\"ping\"}",
        "{\"t\":\"ping\",\"id\":-1}",
        "{\"t\":\"ping\",\"id\":1.5}",
        "{\"t\":\"ping\",\"id\":\"7\"}",
        "{\"t\":\"ping\",\"id\":9007199254740992}",
        "{\"t\":\"ping\",\"id\":18446744073709551616}",
        "{\"t\":\"ping\",\"id\":7,\"id\":8}",
        "{\"t\":\"ping\",\"id\":7,\"more\":1}",
        "{\"t\":\"pong\",\"id\":7}",
        "{\"t\":\"ping\",\"id\":7}x",
    };
    char error[ORIEL_PAGE_ERROR_SIZE];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        error[0] = '\0';
        if (oriel_page_read_ping(bad[i], strlen(bad[i]), error) != -EPROTO)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(error, "the page sent"));
    }
    static char large[ORIEL_PAGE_MESSAGE_MAX + 64];
    memset(large, ' ', sizeof large);
    memcpy(large, "{\"t\":\"ping\",\"id\":7}", 19);
    assert_int_equal(oriel_page_read_ping(large, ORIEL_PAGE_MESSAGE_MAX, error), 7);
    assert_int_equal(oriel_page_read_ping(large, ORIEL_PAGE_MESSAGE_MAX + 1, error), -EPROTO);
}

static void test_written(void **state) {
    char text[128];
    oriel_page_write_pong(7, 81234567, text);
    assert_string_equal(text, "{\"t\":\"pong\",\"id\":7,\"now\":81234567}");
    oriel_page_write_time(80000000, text);
    assert_string_equal(text, "{\"t\":\"time\",\"rtp\":0,\"at\":80000000}");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ping), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
