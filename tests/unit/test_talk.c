/* media/talk: chat in order and once, whatever the path does; what comes too fast is not taken; points as core reads
 * them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "clock.h"
#include "core_media.h"
#include "talk.h"

static GString *said; /* what went out, to whomever */
static struct oriel_talk *talk;
static gint64 now;

static void to_page(void *user, const char *text) {
    g_string_append_printf(said, "%s%s", said->len ? " " : "", text);
}

static void chat_to_core(void *user, guint32 id, const char *text) {
    g_string_append_printf(said, "%score:%u:%s", said->len ? " " : "", id, text);
}

static void draw_to_core(void *user, guint kind, guint32 stroke, const guint8 *points, gsize size) {
    g_string_append_printf(said, "%sdraw:%u:%u:", said->len ? " " : "", kind, stroke);
    for (gsize i = 0; i < size; i++)
        g_string_append_printf(said, "%02x", points[i]);
}

static const struct oriel_talk_out out = {to_page, chat_to_core, draw_to_core};

static void expect(const char *expected) {
    assert_string_equal(said->str, expected);
    g_string_truncate(said, 0);
}

static bool page(const char *text) {
    struct oriel_page_message m;
    char error[ORIEL_PAGE_ERROR_SIZE];
    assert_int_equal(oriel_page_read(text, strlen(text), &m, error), 0);
    return oriel_talk_page(talk, &m, now);
}

static int set_up(void **state) {
    said = g_string_new(NULL);
    talk = oriel_talk_new(&out, NULL);
    now = ORIEL_SECOND;
    return 0;
}

static int tear_down(void **state) {
    oriel_talk_free(talk);
    g_string_free(said, TRUE);
    return 0;
}

static void test_chat_of_the_agent(void **state) {
    oriel_talk_panel(talk, ORIEL_PANEL_CHAT);
    oriel_talk_open(talk);
    expect("{\"t\":\"panel\",\"chat\":true,\"draw\":false,\"face\":false}");
    assert_true(page("{\"t\":\"chat\",\"id\":1,\"text\":\"a\"}"));
    expect("core:1:a");
    assert_true(page("{\"t\":\"chat\",\"id\":1,\"text\":\"a\"}")); /* again, before it was heard */
    expect("");
    oriel_talk_heard(talk, 1);
    expect("{\"t\":\"heard\",\"id\":1}");
    assert_true(page("{\"t\":\"chat\",\"id\":1,\"text\":\"a\"}")); /* the word of it was lost */
    expect("{\"t\":\"heard\",\"id\":1}");
    assert_true(page("{\"t\":\"chat\",\"id\":3,\"text\":\"c\"}")); /* out of order: comes again */
    expect("");
    assert_true(page("{\"t\":\"chat\",\"id\":2,\"text\":\"b\"}"));
    expect("core:2:b");
    oriel_talk_heard(talk, 7); /* core knows no more than was said */
    expect("{\"t\":\"heard\",\"id\":2}");
    assert_false(page("{\"t\":\"chat\",\"id\":0,\"text\":\"a\"}"));
}

/* Who says the same again and again is not answered as often. */
static void test_an_old_line_that_is_said_all_the_time(void **state) {
    oriel_talk_open(talk);
    page("{\"t\":\"chat\",\"id\":1,\"text\":\"a\"}");
    oriel_talk_heard(talk, 1);
    g_string_truncate(said, 0);
    for (int i = 0; i < 1000; i++)
        assert_true(page("{\"t\":\"chat\",\"id\":1,\"text\":\"a\"}"));
    assert_in_range(said->len, 1, 20 * strlen("{\"t\":\"heard\",\"id\":1}"));
}

static void test_chat_of_the_person(void **state) {
    assert_true(oriel_talk_say(talk, "early"));
    expect("");
    oriel_talk_open(talk);
    expect(
        "{\"t\":\"panel\",\"chat\":false,\"draw\":false,\"face\":false} {\"t\":\"chat\",\"id\":1,\"text\":\"early\"}");
    assert_true(oriel_talk_say(talk, "b"));
    expect("{\"t\":\"chat\",\"id\":2,\"text\":\"b\"}");
    assert_true(page("{\"t\":\"heard\",\"id\":1}"));
    oriel_talk_closed(talk);
    assert_true(oriel_talk_say(talk, "c"));
    expect("");
    oriel_talk_open(talk); /* by the new path: what was not acknowledged, in order */
    expect("{\"t\":\"panel\",\"chat\":false,\"draw\":false,\"face\":false} {\"t\":\"chat\",\"id\":2,\"text\":\"b\"} "
           "{\"t\":\"chat\",\"id\":3,\"text\":\"c\"}");
    assert_true(page("{\"t\":\"heard\",\"id\":3}"));
    assert_false(page("{\"t\":\"heard\",\"id\":4}"));
    for (int i = 0; i < ORIEL_TALK_WAITING_MAX; i++)
        assert_true(oriel_talk_say(talk, "x"));
    assert_false(oriel_talk_say(talk, "x"));
}

static void test_too_fast(void **state) {
    for (int i = 1; i <= 20; i++) {
        g_autofree char *text = g_strdup_printf("{\"t\":\"chat\",\"id\":%d,\"text\":\"a\"}", i);
        assert_true(page(text));
    }
    expect("core:1:a core:2:a core:3:a core:4:a core:5:a core:6:a core:7:a core:8:a");
    now += ORIEL_SECOND;
    assert_true(page("{\"t\":\"chat\",\"id\":9,\"text\":\"a\"}"));
    expect("core:9:a");
    for (int i = 0; i < 1000; i++)
        assert_true(page("{\"t\":\"point\",\"at\":[1,2]}"));
    assert_int_equal(said->len, 40 * strlen("draw:1:0:01000200") + 39);
}

static void test_points(void **state) {
    assert_true(page("{\"t\":\"draw\",\"stroke\":5,\"points\":[1,2,65535,256]}"));
    expect("draw:3:5:01000200ffff0001");
    assert_true(page("{\"t\":\"mark\",\"at\":[3,4]}"));
    expect("draw:2:0:03000400");
    assert_true(page("{\"t\":\"clear\"}"));
    expect("draw:4:0:");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_chat_of_the_agent),
        TEST(test_an_old_line_that_is_said_all_the_time),
        TEST(test_chat_of_the_person),
        TEST(test_too_fast),
        TEST(test_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
