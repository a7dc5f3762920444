/* core/history: the last sessions out of the records. Pure. */
#include "core_rig.h"

#include "history.h"
#include "json.h"

static struct oriel_history *h;

static void add(const char *event, json_t *record) {
    assert_non_null(record);
    oriel_history_add(h, event, record, "2026-11-26T07:00:00.000Z");
    json_decref(record);
}

static void session(const char *id, const char *name) {
    add("request", json_pack("{s:s, s:s, s:s}", "request", id, "name", name, "reason", "why"));
    add("decision", json_pack("{s:s, s:b}", "request", id, "allow", 1));
    add("grant", json_pack("{s:s, s:s, s:s, s:s, s:[s, s], s:i}", "request", id, "session", id, "vendor", "fill-cap",
                           "agent", "anna", "scopes", "view", "voice", "seconds", 600));
}

static const char *said(guint index, const char *name) {
    return oriel_json_text(oriel_history_get(h, index), name);
}

static void test_one_after_the_other(void **state) {
    session("a", "Anna Weber");
    assert_string_equal(said(0, "ended"), "");
    assert_string_equal(said(0, "agent"), "Anna Weber");
    /* More scopes are asked for by a request of the session, which is no session of its own. */
    add("request", json_pack("{s:s, s:s, s:s}", "request", "m", "session", "a", "name", "Somebody"));
    add("scopes", json_pack("{s:s, s:s, s:[s]}", "session", "a", "removed", "voice", "scopes", "view"));
    add("end", json_pack("{s:s, s:s, s:s, s:f}", "session", "a", "by", "person", "reason", "stopped", "seconds", 93.7));
    assert_string_equal(said(0, "ended"), "stopped");
    assert_int_equal(oriel_json_integer(oriel_history_get(h, 0), "seconds", -1), 93);
    assert_int_equal(json_array_size(json_object_get(oriel_history_get(h, 0), "scopes")), 1);
    /* A no is no session; an end of another one changes nothing. */
    add("request", json_pack("{s:s, s:s, s:s}", "request", "b", "name", "Bert", "reason", "why"));
    add("end", json_pack("{s:s, s:s, s:s, s:f}", "session", "x", "by", "agent", "reason", "hung-up", "seconds", 1.0));
    assert_int_equal(oriel_history_length(h), 1);
    session("c", "Carla");
    oriel_history_abort(h); /* what orield was cut off in */
    assert_string_equal(said(0, "ended"), "aborted");
    assert_string_equal(said(1, "ended"), "stopped");
}

static void test_no_more_than_ten(void **state) {
    for (char c = 'a'; c < 'p'; c++)
        session((char[]){c, 0}, "Anna Weber");
    assert_int_equal(oriel_history_length(h), ORIEL_HISTORY_MAX);
    assert_string_equal(said(0, "session"), "o");
    assert_string_equal(said(9, "session"), "f");
    assert_null(oriel_history_get(h, 10));
}

static int set_up(void **state) {
    h = oriel_history_new();
    return 0;
}

static int tear_down(void **state) {
    oriel_history_free(h);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_after_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_more_than_ten, set_up, tear_down),
    };
    oriel_history_free(NULL);
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
