/* core/helper: real processes (helper_child.c): what they inherit, what they say before they end, and how they end. */
#include "core_rig.h"

#include <fcntl.h>
#include <signal.h>

#include "helper.h"
#include "helper_messages.h"
#include "launch.h"

enum { CHILD, MISSING, NO_PROGRAM, REFUSED, KINDS }; /* what this test's launcher can start */

static struct oriel_launcher *launcher;
static char *folder;                /* helpers' */
static struct oriel_helper *helper; /* NULL when it has ended */
static GString *said;
static guint numbers, files, exits;
static bool in_order, kill_at_text;
static int status;

static void on_message(void *user, struct oriel_ipc_message *m) {
    assert_ptr_equal(user, &said);
    assert_int_equal(exits, 0); /* messages before the exit */
    switch (m->type->id) {
    case HELPER_TEXT:
        g_string_append_printf(said, "%s\n", m->fields[0].bytes);
        if (kill_at_text)
            oriel_helper_kill(helper);
        break;
    case HELPER_NUMBER:
        in_order = in_order && m->fields[0].number == numbers;
        numbers++;
        break;
    case HELPER_FILE:
        files++; /* not taken: it must be closed for us */
        break;
    }
}

static void on_exited(void *user, int how) {
    exits++;
    status = how;
    helper = NULL;
}

static const char *const passed_on[] = {"ORIEL_TEST_SET", "ORIEL_TEST_UNSET", NULL};
static const struct oriel_launch_kind kinds[KINDS] = {
    [CHILD] = {ORIEL_PROCESS_MEDIA, "helper_child", passed_on, false, false, 64, 8, 0, "gst"},
    [MISSING] = {ORIEL_PROCESS_MEDIA, "oriel-nothing", passed_on, false, false, 64, 8, 0, "gst"},
    [NO_PROGRAM] = {ORIEL_PROCESS_MEDIA, "meson.build", passed_on, false, false, 64, 8, 0, "gst"},
    [REFUSED] = {ORIEL_PROCESS_CAPTURE, "helper_child", passed_on, false, false, 64, 8, 0, "gst"},
};
static const struct oriel_helper_kind kind = {(enum oriel_process)CHILD, "helper_child", &helper_table, on_message,
                                              on_exited};

static void start(const char *act) {
    g_autoptr(GError) error = NULL;
    helper = oriel_helper_start(&kind, launcher, &said, &error);
    if (!helper)
        fail_msg("%s", error->message);
    assert_int_equal(oriel_ipc_send(oriel_helper_fd(helper), &helper_table, HELPER_TEXT, act), 0);
}

static void wait_for_exit(void) {
    assert_true(rig_until(exits > 0, 20));
    rig_settle();
    assert_int_equal(exits, 1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* the launcher lives, no zombie is left */
}

static void test_what_it_is_given(void **state) {
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC), leaky = fcntl(null, F_DUPFD, 500); /* not close-on-exec */
    start("report");
    wait_for_exit();
    close(leaky);
    close(null);
    assert_string_equal(
        said->str,
        "argc=1 argv0=helper_child pid=1\nfds= 0 1 2 3\nstdin=/dev/null\n"
        "env=ORIEL_TEST_SET=1\nenv=GST_REGISTRY_FORK=no\nenv=ORC_CODE=backup\nblocked=0 pipe=default term=default\n");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_all_messages_then_the_exit(void **state) {
    start("count");
    g_usleep(100000); /* it has long ended when the loop looks at it */
    wait_for_exit();
    assert_int_equal(numbers, 100);
    assert_true(in_order);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void test_a_broken_protocol_is_its_end(void **state) {
    start("garbage");
    wait_for_exit();
    assert_string_equal(said->str, "before\n");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    exits = 0;
    start("unknown");
    wait_for_exit();
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void test_killed(void **state) {
    start("wait");
    assert_true(rig_until(said->len > 0, 20));
    gint64 from = g_get_monotonic_time();
    oriel_helper_kill(helper);
    oriel_helper_kill(helper);
    wait_for_exit();
    assert_true(g_get_monotonic_time() - from < 15 * G_USEC_PER_SEC);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void test_discarded(void **state) {
    int before = rig_open_fds();
    start("wait");
    assert_true(rig_until(said->len > 0, 20));
    oriel_helper_discard(helper);
    helper = NULL;
    assert_true(rig_until(rig_open_fds() == before, 20)); /* ended, and waited for */
    assert_int_equal(exits, 0);
    assert_string_equal(said->str, "here\n");
}

static void test_killed_while_it_speaks(void **state) {
    kill_at_text = true;
    start("wait");
    wait_for_exit();
    assert_string_equal(said->str, "here\n");
}

static void test_one_that_hung_up_can_be_killed(void **state) {
    start("stubborn");
    rig_until(oriel_helper_fd(helper) < 0, 20);
    assert_int_equal(exits, 0);
    oriel_helper_kill(helper);
    wait_for_exit();
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void test_hang_up(void **state) {
    start("hang-up");
    assert_true(rig_until(said->len > 0, 20));
    oriel_helper_hang_up(helper);
    assert_int_equal(oriel_helper_fd(helper), -1);
    wait_for_exit();
    assert_int_equal(WEXITSTATUS(status), 5);
}

static void test_crash(void **state) {
    start("abort");
    wait_for_exit();
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0); /* a sanitizer exits instead */
}

static void test_files_that_nobody_takes(void **state) {
    int before = rig_open_fds();
    start("files");
    wait_for_exit();
    assert_int_equal(files, 20);
    assert_int_equal(rig_open_fds(), before);
}

static void test_it_starts_no_other(void **state) {
#ifdef ORIEL_SANITIZED
    skip(); /* built with sanitizers: no filters */
#endif
    start("fork");
    wait_for_exit();
    assert_int_equal(WEXITSTATUS(status), ENOSYS);
    exits = 0;
    start("exec");
    wait_for_exit();
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
    exits = 0;
    start("exec-by-fd");
    wait_for_exit();
    assert_int_equal(WEXITSTATUS(status), ENOSYS);
    exits = 0;
    start("exec-by-the-fd"); /* the one that the filter knows: there can be none of that number */
    wait_for_exit();
    assert_int_equal(WEXITSTATUS(status), EBADF);
}

static void test_its_limits(void **state) {
#ifdef ORIEL_SANITIZED
    skip(); /* built with sanitizers: no limit of memory */
#endif
    start("memory"); /* says how many MiB it got */
    wait_for_exit();
    assert_in_range(WEXITSTATUS(status), 40, 64);
    exits = 0;
    start("files-of-its-own");
    wait_for_exit();
    assert_int_equal(WEXITSTATUS(status), EMFILE);
}

static void test_not_there(void **state) {
    static const struct oriel_helper_kind missing = {(enum oriel_process)MISSING, "", &helper_table, on_message,
                                                     on_exited},
                                          no_program = {(enum oriel_process)NO_PROGRAM, "", &helper_table, on_message,
                                                        on_exited},
                                          refused = {(enum oriel_process)REFUSED, "", &helper_table, on_message,
                                                     on_exited},
                                          unknown = {(enum oriel_process)77, "", &helper_table, on_message, on_exited};
    int before = rig_open_fds();
    g_autoptr(GError) gone = NULL, plain = NULL, no = NULL, none = NULL;
    g_autofree char *gone_text = g_strdup_printf("cannot start %s/oriel-nothing: No such file or directory", folder);
    g_autofree char *plain_text = g_strdup_printf("cannot start %s/meson.build: Permission denied", folder);
    assert_null(oriel_helper_start(&missing, launcher, NULL, &gone));
    assert_string_equal(gone->message, gone_text);
    assert_null(oriel_helper_start(&no_program, launcher, NULL, &plain));
    assert_string_equal(plain->message, plain_text);
    assert_null(oriel_helper_start(&refused, launcher, NULL, &no));
    assert_string_equal(no->message, "not as it is configured");
    assert_null(oriel_helper_start(&unknown, launcher, NULL, &none));
    assert_string_equal(none->message, "core asked for a kind of helper that does not exist");
    assert_int_equal(rig_open_fds(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
}

static void test_fifty_in_a_row(void **state) {
    int before = rig_open_fds();
    for (int i = 0; i < 50; i++) {
        exits = 0;
        start(i % 2 ? "count" : "wait");
        if (i % 2 == 0)
            oriel_helper_kill(helper);
        wait_for_exit();
    }
    assert_int_equal(rig_open_fds(), before);
}

static int set_up(void **state) {
    said = g_string_new(NULL);
    numbers = files = exits = 0;
    in_order = true;
    kill_at_text = false;
    return 0;
}

static int tear_down(void **state) {
    if (helper) {
        oriel_helper_kill(helper);
        rig_until(!helper, 20);
    }
    g_string_free(said, TRUE);
    return 0;
}

static void lost(void *user) {
    fail_msg("the launcher is gone");
}

static void link_to(const char *from, const char *name) {
    g_autofree char *to = g_build_filename(folder, name, NULL);
    assert_int_equal(symlink(from, to), 0);
}

static int start_launcher(void **state) {
    folder = rig_folder();
    link_to(BUILD_ROOT "/oriel-enter", "oriel-enter");
    link_to(BUILD_ROOT "/tests/unit/helper_child", "helper_child");
    link_to(SOURCE_ROOT "/tests/unit/meson.build", "meson.build");
    g_setenv("ORIEL_TEST_SECRET", "not for helpers", TRUE);
    g_setenv("ORIEL_TEST_SET", "1", TRUE);
    g_unsetenv("ORIEL_TEST_UNSET");
    struct oriel_launch_plan plan = {.helpers = folder, .kinds = kinds, .kind_count = KINDS};
    plan.refusals[ORIEL_PROCESS_CAPTURE] = "not as it is configured";
    int fd = oriel_launch_fork(&plan);
    launcher = fd < 0 ? NULL : oriel_launcher_new(fd, lost, NULL, NULL);
    return launcher && !oriel_launcher_why_bare(launcher) ? 0 : -1;
}

static int end_launcher(void **state) {
    oriel_launcher_free(launcher);
    waitpid(-1, NULL, 0);
    rig_remove(folder);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_it_is_given),
        TEST(test_all_messages_then_the_exit),
        TEST(test_a_broken_protocol_is_its_end),
        TEST(test_killed),
        TEST(test_discarded),
        TEST(test_killed_while_it_speaks),
        TEST(test_one_that_hung_up_can_be_killed),
        TEST(test_hang_up),
        TEST(test_crash),
        TEST(test_files_that_nobody_takes),
        TEST(test_it_starts_no_other),
        TEST(test_its_limits),
        TEST(test_not_there),
        TEST(test_fifty_in_a_row),
    };
    return cmocka_run_group_tests_name("helper", tests, start_launcher, end_launcher);
}
