/* media/page: the messages of the data channel, byte for byte; whatever else a page sends is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_media.h"
#include "page.h"

static struct oriel_page_message message;
static char error[ORIEL_PAGE_ERROR_SIZE];

static int read_text(const char *text) {
    error[0] = '\0';
    return oriel_page_read(text, strlen(text), &message, error);
}

static void test_ping(void **state) {
    const char *pings[] = {"{\"t\":\"ping\",\"id\":7}", "{ \"id\": 7, \"t\": \"ping\" }"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(read_text(pings[i]), 0);
        assert_int_equal(message.kind, ORIEL_PAGE_PING);
        assert_int_equal(message.id, 7);
    }
    assert_int_equal(read_text("{\"t\":\"ping\",\"id\":9007199254740991}"), 0);
    assert_true(message.id == INT64_C(9007199254740991));
}

static void test_chat_and_drawing(void **state) {
    assert_int_equal(read_text("{\"t\":\"chat\",\"id\":1,\"text\":\"Gr\\u00fc\u00df\"}"), 0);
    assert_int_equal(message.kind, ORIEL_PAGE_CHAT);
    assert_string_equal(message.text, "Gr\u00fc\u00df");
    assert_int_equal(read_text("{\"t\":\"heard\",\"id\":3}"), 0);
    assert_int_equal(message.kind, ORIEL_PAGE_HEARD);
    assert_int_equal(read_text("{\"t\":\"point\",\"at\":[0,65535]}"), 0);
    assert_int_equal(message.kind, ORIEL_PAGE_POINT);
    assert_int_equal(message.count, 1);
    assert_int_equal(message.points[1], 65535);
    assert_int_equal(read_text("{\"t\":\"mark\",\"at\":[7,8]}"), 0);
    assert_int_equal(message.kind, ORIEL_PAGE_MARK);
    assert_int_equal(read_text("{\"t\":\"draw\",\"stroke\":4294967295,\"points\":[1,2,3,4]}"), 0);
    assert_int_equal(message.kind, ORIEL_PAGE_DRAW);
    assert_int_equal(message.count, 2);
    assert_int_equal(message.points[3], 4);
    assert_int_equal(read_text("{\"t\":\"clear\"}"), 0);
    assert_int_equal(message.kind, ORIEL_PAGE_CLEAR);
}

/* The longest line and the longest stroke are taken, one more of anything is not. */
static void test_limits(void **state) {
    char text[8192];
    for (int more = 0; more <= 1; more++) {
        int n = snprintf(text, sizeof text, "{\"t\":\"chat\",\"id\":1,\"text\":\"");
        for (int i = 0; i < ORIEL_PAGE_TEXT_MAX + more; i++)
            n += snprintf(text + n, sizeof text - (size_t)n, "\U0001f600");
        snprintf(text + n, sizeof text - (size_t)n, "\"}");
        assert_int_equal(read_text(text), more ? -EPROTO : 0);
        n = snprintf(text, sizeof text, "{\"t\":\"draw\",\"stroke\":0,\"points\":[1,2");
        for (int i = 1; i < ORIEL_PAGE_POINTS_MAX + more; i++)
            n += snprintf(text + n, sizeof text - (size_t)n, ",65535,65535");
        snprintf(text + n, sizeof text - (size_t)n, "]}");
        assert_int_equal(read_text(text), more ? -EPROTO : 0);
    }
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
        "{\"t\":\"chat\",\"id\":1}",
        "{\"t\":\"chat\",\"id\":1,\"text\":\"\"}",
        "{\"t\":\"chat\",\"id\":1,\"text\":5}",
        "{\"t\":\"chat\",\"id\":1,\"text\":\"a\\u0000b\"}",
        "{\"t\":\"chat\",\"id\":-1,\"text\":\"a\"}",
        "{\"t\":\"chat\",\"id\":1,\"text\":\"a\",\"from\":\"person\"}",
        "{\"t\":\"heard\"}",
        "{\"t\":\"point\",\"at\":[1]}",
        "{\"t\":\"point\",\"at\":[1,2,3,4]}",
        "{\"t\":\"point\",\"at\":[-1,2]}",
        "{\"t\":\"point\",\"at\":[1,65536]}",
        "{\"t\":\"point\",\"at\":[1,2.5]}",
        "{\"t\":\"point\",\"at\":{\"x\":1,\"y\":2}}",
        "{\"t\":\"mark\",\"at\":[[1,2]]}",
        "{\"t\":\"draw\",\"stroke\":0,\"points\":[]}",
        "{\"t\":\"draw\",\"stroke\":0,\"points\":[1,2,3]}",
        "{\"t\":\"draw\",\"stroke\":4294967296,\"points\":[1,2]}",
        "{\"t\":\"draw\",\"points\":[1,2]}",
        "{\"t\":\"clear\",\"all\":true}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_text(bad[i]) != -EPROTO)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(error, "the page sent"));
    }
    static char large[ORIEL_PAGE_MESSAGE_MAX + 64];
    memset(large, ' ', sizeof large);
    memcpy(large, "{\"t\":\"ping\",\"id\":7}", 19);
    assert_int_equal(oriel_page_read(large, ORIEL_PAGE_MESSAGE_MAX, &message, error), 0);
    assert_int_equal(oriel_page_read(large, ORIEL_PAGE_MESSAGE_MAX + 1, &message, error), -EPROTO);
}

static void test_written(void **state) {
    char text[128];
    oriel_page_write_pong(7, 81234567, text);
    assert_string_equal(text, "{\"t\":\"pong\",\"id\":7,\"now\":81234567}");
    oriel_page_write_time(80000000, text);
    assert_string_equal(text, "{\"t\":\"time\",\"rtp\":0,\"at\":80000000}");
    oriel_page_write_heard(3, text);
    assert_string_equal(text, "{\"t\":\"heard\",\"id\":3}");
    oriel_page_write_panel(ORIEL_PANEL_DRAW, text);
    assert_string_equal(text, "{\"t\":\"panel\",\"chat\":false,\"draw\":true,\"face\":false}");
    char way[ORIEL_PAGE_WAY_SIZE];
    struct oriel_rate_figures rate = {
        .estimate = 420e3, .queue = 35999999, .waiting = -1, .loss = 0.012, .state = ORIEL_RATE_FULL};
    oriel_page_write_way(&rate, &(struct oriel_references_counts){7, 1}, way);
    assert_string_equal(way, "{\"t\":\"way\",\"state\":\"full\",\"kbits\":420,\"queue\":36,\"waiting\":0,\"loss\":12,"
                             "\"recoveries\":7,\"keyframes\":1}");
    char *chat = oriel_page_write_chat(2, "a \"b\"");
    assert_string_equal(chat, "{\"t\":\"chat\",\"id\":2,\"text\":\"a \\\"b\\\"\"}");
    free(chat);
}

static void test_masks(void **state) {
    struct oriel_rect masks[ORIEL_MASKS_MAX];
    char text[ORIEL_PAGE_MASKS_SIZE];
    oriel_page_write_masks(NULL, 0, text);
    assert_string_equal(text, "{\"t\":\"masks\",\"masks\":[]}");
    masks[0] = (struct oriel_rect){600, 300, 200, 180};
    masks[1] = (struct oriel_rect){0, 0, 4096, 1};
    oriel_page_write_masks(masks, 2, text);
    assert_string_equal(text, "{\"t\":\"masks\",\"masks\":[[600,300,200,180],[0,0,4096,1]]}");
    for (unsigned i = 0; i < ORIEL_MASKS_MAX; i++)
        masks[i] = (struct oriel_rect){4095, 4095, 4096, 4096};
    oriel_page_write_masks(masks, ORIEL_MASKS_MAX, text); /* the largest fits, and into the page's limit */
    assert_true(strlen(text) < ORIEL_PAGE_MESSAGE_MAX && !strcmp(text + strlen(text) - 4, "6]]}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ping),    cmocka_unit_test(test_chat_and_drawing),
                                       cmocka_unit_test(test_limits),  cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_written), cmocka_unit_test(test_masks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
