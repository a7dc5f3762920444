/* core/control: one question, one answer, for root and orield's own user; others and idlers do no harm. */
#include "core_rig.h"

#include "control.h"

static char *folder, *path;
static struct oriel_control *control;
static bool active;
static int stops;

static json_t *status(void *user) {
    return json_pack("{s:s}", "status", "ready");
}

static json_t *no_status(void *user) {
    return NULL;
}

static bool stop(void *user) {
    stops++;
    bool was = active;
    active = false;
    return was;
}

static guint acknowledged_by;

static bool acknowledge(void *user, guint uid, GError **error) {
    if (acknowledged_by == G_MAXUINT)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "nothing is wrong");
    else
        acknowledged_by = uid;
    return acknowledged_by != G_MAXUINT;
}

static bool cosigned(void *user, const char *note, GError **error) {
    return g_str_equal(note, "a note") ||
           (g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "no answer to this log"), false);
}

static const struct oriel_control_ops ops = {status, stop, acknowledge, cosigned},
                                      broken_ops = {no_status, stop, acknowledge, cosigned};

static void answers(const char *packet, const char *expected) {
    int fd = rig_connect(path);
    rig_send(fd, packet);
    assert_receives(fd, expected);
    assert_receives(fd, "(end)");
    close(fd);
}

static void test_status_and_stop(void **state) {
    answers("{\"op\":\"status\"}", "{\"status\":\"ready\",\"ok\":true}");
    active = true;
    answers("{\"op\":\"stop\"}", "{\"ok\":true,\"stopped\":true}");
    answers("{\"op\":\"stop\"}", "{\"ok\":true,\"stopped\":false}");
    assert_int_equal(stops, 2);
}

static void test_garbage(void **state) {
    static const char *const unknown[] = {"{}", "{\"op\":\"grant\"}", "{\"op\":1}", "{\"op\":null}",
                                          "{\"op\":\"Stop\"}"};
    for (gsize i = 0; i < G_N_ELEMENTS(unknown); i++)
        answers(unknown[i],
                "{\"ok\":false,\"error\":\"unknown op; allowed: status, stop, acknowledge, cosigned, exported\"}");
    answers("[]", "{\"ok\":false,\"error\":\"not a JSON object\"}");
    answers("{\"op\":\"stop\",\"op\":\"stop\"}",
            "{\"ok\":false,\"error\":\"not JSON: duplicate object key near '\\\"op\\\"' at byte 17\"}");
    answers("{\"\\\xf0\x9d\x84\x9e",
            "{\"ok\":false,\"error\":\"not JSON: invalid escape near '\\\"\\\\?' at byte 4\"}");
    answers("\xff", "{\"ok\":false,\"error\":\"not JSON: unable to decode byte 0xff at byte 0\"}");
    g_autofree char *flood = g_strnfill(20000, '['), *deep = g_strnfill(8000, '[');
    answers(flood, "{\"ok\":false,\"error\":\"message of 20000 bytes, at most 8192 are allowed\"}");
    answers(deep, "{\"ok\":false,\"error\":\"JSON deeper than 8 levels\"}");
    assert_int_equal(stops, 0);
}

static void test_a_client_that_does_not_wait(void **state) {
    for (int i = 0; i < 50; i++) {
        int fd = rig_connect(path);
        if (i % 2)
            rig_send(fd, "{\"op\":\"status\"}");
        close(fd);
        rig_settle();
    }
    answers("{\"op\":\"status\"}", "{\"status\":\"ready\",\"ok\":true}");
}

static void test_two_questions(void **state) {
    int fd = rig_connect(path);
    rig_send(fd, "{\"op\":\"status\"}");
    rig_send(fd, "{\"op\":\"stop\"}");
    assert_receives(fd, "{\"status\":\"ready\",\"ok\":true}");
    assert_receives(fd, "(end)");
    assert_int_equal(stops, 0); /* the second one is not heard */
    close(fd);
}

static void test_idle_clients(void **state) {
    int idle[8];
    for (int i = 0; i < 8; i++) {
        idle[i] = rig_connect(path);
        rig_settle();
    }
    int ninth = rig_connect(path);
    assert_receives(ninth, "{\"ok\":false,\"error\":\"too many clients\"}");
    assert_receives(ninth, "(end)");
    close(ninth);
    rig_send(idle[3], "{\"op\":\"status\"}"); /* a place gets free */
    assert_receives(idle[3], "{\"status\":\"ready\",\"ok\":true}");
    answers("{\"op\":\"stop\"}", "{\"ok\":true,\"stopped\":false}");
    for (int i = 0; i < 8; i++) { /* the others had their two seconds */
        assert_receives(idle[i], "(end)");
        close(idle[i]);
    }
    answers("{\"op\":\"status\"}", "{\"status\":\"ready\",\"ok\":true}");
}

static void test_freed_with_clients(void **state) {
    int idle[3];
    for (int i = 0; i < 3; i++)
        idle[i] = rig_connect(path);
    rig_settle();
    oriel_control_free(g_steal_pointer(&control));
    for (int i = 0; i < 3; i++) {
        assert_receives(idle[i], "(end)");
        close(idle[i]);
    }
    assert_int_equal(access(path, F_OK), -1);
    oriel_control_free(NULL);
}

static void test_no_status_to_give(void **state) {
    oriel_control_free(control);
    control = oriel_control_new(path, &broken_ops, NULL, NULL);
    int fd = rig_connect(path);
    rig_send(fd, "{\"op\":\"status\"}");
    assert_receives(fd, "(end)");
    close(fd);
}

static void test_another_user(void **state) {
    if (getuid() != 0)
        skip(); /* another user is needed */
    struct stat st;
    stat(path, &st);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(rig_wait(rig_stranger(path, "{\"op\":\"stop\"}", "")), 3);
    chmod(path, 0666); /* even if the file would let it */
    assert_int_equal(rig_wait(rig_stranger(path, "{\"op\":\"stop\"}", "only root and orield's own user may")), 0);
    assert_int_equal(stops, 0);
}

static int set_up(void **state) {
    folder = rig_folder();
    path = g_build_filename(folder, "control.sock", NULL);
    control = oriel_control_new(path, &ops, NULL, NULL);
    active = false;
    stops = 0;
    return control ? 0 : -1;
}

static int tear_down(void **state) {
    oriel_control_free(control);
    control = NULL;
    g_clear_pointer(&path, g_free);
    rig_remove(folder);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void test_the_audit_log(void **state) {
    answers("{\"op\":\"acknowledge\"}", "{\"ok\":true}");
    assert_int_equal(acknowledged_by, getuid());
    acknowledged_by = G_MAXUINT;
    answers("{\"op\":\"acknowledge\"}", "{\"ok\":false,\"error\":\"nothing is wrong\"}");
    answers("{\"op\":\"cosigned\",\"note\":\"a note\"}", "{\"ok\":true}");
    answers("{\"op\":\"cosigned\",\"note\":\"another\"}", "{\"ok\":false,\"error\":\"no answer to this log\"}");
    answers("{\"op\":\"cosigned\",\"note\":1}",
            "{\"ok\":false,\"error\":\"unknown op; allowed: status, stop, acknowledge, cosigned, exported\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_status_and_stop),   TEST(test_garbage),      TEST(test_a_client_that_does_not_wait),
        TEST(test_two_questions),     TEST(test_idle_clients), TEST(test_freed_with_clients),
        TEST(test_no_status_to_give), TEST(test_another_user), TEST(test_the_audit_log),
    };
    rig_settle();
    int before = rig_open_fds(), result = cmocka_run_group_tests_name("control", tests, NULL, NULL);
    return result ? result : rig_open_fds() != before;
}
