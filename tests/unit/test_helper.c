/* core/helper: real processes (helper_child.c): what they inherit, what they say before they end, and how they end. */
#include "core_rig.h"

#include <fcntl.h>
#include <signal.h>

#include "helper.h"
#include "helper_messages.h"

#define CHILDREN BUILD_ROOT "/tests/unit"

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

static const char *const passed_on[] = {"ORIEL_TEST_CHILD", "ORIEL_TEST_UNSET", NULL};
static const struct oriel_helper_kind kind = {"helper_child", &helper_table, passed_on, on_message, on_exited};

static void start(const char *act) {
    g_autoptr(GError) error = NULL;
    g_setenv("ORIEL_TEST_CHILD", act, TRUE);
    helper = oriel_helper_start(&kind, CHILDREN, &said, &error);
    if (!helper)
        fail_msg("%s", error->message);
}

static void wait_for_exit(void) {
    assert_true(rig_until(exits > 0, 5));
    rig_settle();
    assert_int_equal(exits, 1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left */
}

static void test_what_it_inherits(void **state) {
    g_setenv("ORIEL_TEST_SECRET", "not for helpers", TRUE);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC), leaky = fcntl(null, F_DUPFD, 77); /* not close-on-exec */
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before); /* as orield does */
    signal(SIGPIPE, SIG_IGN);
    start("report");
    wait_for_exit();
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(leaky);
    close(null);
    assert_string_equal(said->str, "argc=1 argv0=helper_child\nfds= 0 1 2 3\nstdin=/dev/null\n"
                                   "env=ORIEL_TEST_CHILD=report\nblocked=0 pipe=default\n");
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
    assert_true(rig_until(said->len > 0, 5));
    gint64 from = g_get_monotonic_time();
    oriel_helper_kill(helper);
    oriel_helper_kill(helper);
    wait_for_exit();
    assert_true(g_get_monotonic_time() - from < G_USEC_PER_SEC);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void test_discarded(void **state) {
    start("wait");
    assert_true(rig_until(said->len > 0, 5));
    oriel_helper_discard(helper);
    siginfo_t info;
    assert_true(rig_until(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0, 5)); /* ended, and waited for */
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
    rig_until(oriel_helper_fd(helper) < 0, 5);
    assert_int_equal(exits, 0);
    oriel_helper_kill(helper);
    wait_for_exit();
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void test_hang_up(void **state) {
    start("hang-up");
    assert_true(rig_until(said->len > 0, 5));
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

static void test_a_talking_grandchild_does_not_hold_the_loop(void **state) {
    start("talker");
    wait_for_exit();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_not_there(void **state) {
    static const struct oriel_helper_kind missing = {"oriel-nothing", &helper_table, passed_on, on_message, on_exited},
                                          no_program = {"meson.build", &helper_table, passed_on, on_message, on_exited};
    int before = rig_open_fds();
    g_autoptr(GError) gone = NULL, plain = NULL;
    assert_null(oriel_helper_start(&missing, CHILDREN, NULL, &gone));
    assert_string_equal(gone->message, "cannot start " CHILDREN "/oriel-nothing: No such file or directory");
    assert_null(oriel_helper_start(&no_program, SOURCE_ROOT "/tests/unit", NULL, &plain));
    assert_string_equal(plain->message, "cannot start " SOURCE_ROOT "/tests/unit/meson.build: Permission denied");
    assert_int_equal(rig_open_fds(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Somebody's launcher may have left SIGCHLD ignored: then the kernel keeps no status, but the end is an end. */
static void test_children_that_nobody_may_wait_for(void **state) {
    signal(SIGCHLD, SIG_IGN);
    start("wait");
    rig_until(said->len > 0, 5);
    oriel_helper_kill(helper);
    rig_until(exits > 0, 5);
    signal(SIGCHLD, SIG_DFL);
    assert_int_equal(exits, 1);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 255);
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
        rig_until(!helper, 2);
    }
    g_string_free(said, TRUE);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_it_inherits),
        TEST(test_all_messages_then_the_exit),
        TEST(test_a_broken_protocol_is_its_end),
        TEST(test_killed),
        TEST(test_discarded),
        TEST(test_killed_while_it_speaks),
        TEST(test_one_that_hung_up_can_be_killed),
        TEST(test_hang_up),
        TEST(test_crash),
        TEST(test_files_that_nobody_takes),
        TEST(test_a_talking_grandchild_does_not_hold_the_loop),
        TEST(test_not_there),
        TEST(test_children_that_nobody_may_wait_for),
        TEST(test_fifty_in_a_row),
    };
    return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}
