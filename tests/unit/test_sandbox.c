/* launch, sandbox: a hostile program (tests/rig/hostile.c) in the place of each helper, started as the real one is,
 * tries what none may: once as it was started, held by the sandbox and the launch filter alone, and once after the
 * lock. Real bubblewrap, real kernel. */
#include "core_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>

#include "channel.h"
#include "launch.h"
#include "launcher.h"

enum { LAUNCHED, LOCKED };

static struct oriel_launcher *launcher;
static char *folder, *secret;
static char port[8], own_pid[16];
static int host_socket, abstract_listener;
static int ended_status;
static bool has_ended;

#define ABSTRACT "oriel-test-sandbox"

struct outcome {
    bool answered;
    int number; /* the errno it got, 0: it succeeded */
    int status; /* how it ended */
};

static void on_end(void *user, int status) {
    has_ended = true;
    ended_status = status;
}

static struct outcome attempt(enum oriel_process process, int stage, const char *name, const char *argument) {
    struct outcome o = {0};
    int pair[2];
    assert_int_equal(oriel_ipc_pair(pair), 0);
    g_autoptr(GError) error = NULL;
    has_ended = false;
    int pidfd = oriel_launcher_start(launcher, process, 0, pair[1], on_end, NULL, &error);
    if (pidfd < 0)
        fail_msg("%s", error->message);
    close(pair[1]);
    g_autofree char *order =
        g_strdup_printf("%s %d %s %s", stage == LOCKED ? "locked" : "launched", (int)process, name, argument);
    assert_int_equal(send(pair[0], order, strlen(order) + 1, MSG_NOSIGNAL), strlen(order) + 1);
    assert_true(rig_until(has_ended, 10));
    char text[16] = "";
    if (recv(pair[0], text, sizeof text - 1, MSG_DONTWAIT) > 0) {
        o.answered = true;
        o.number = atoi(text);
    }
    o.status = ended_status;
    close(pair[0]);
    close(pidfd);
    return o;
}

static const char *const names[] = {"core", "signal", "capture", "media", "egress", "camera", "voice"};

/* It must not get it: an error, or its death by the filter. */
static void refused(enum oriel_process process, int stage, const char *name, const char *argument, bool deadly) {
    struct outcome o = attempt(process, stage, name, argument);
    bool killed = WIFSIGNALED(o.status) && WTERMSIG(o.status) == SIGSYS;
    if (o.answered ? o.number == 0 || deadly : !killed)
        fail_msg("%s of %s (%s): %s, errno %d (%s), status %d", name, names[process],
                 stage == LOCKED ? "locked" : "launched", o.answered ? "answered" : "silent", o.number,
                 g_strerror(o.number), o.status);
}

static void all_refuse(const char *name, const char *argument, bool deadly) {
    for (int stage = LAUNCHED; stage <= LOCKED; stage++)
        for (int p = ORIEL_PROCESS_SIGNAL; p < ORIEL_PROCESSES; p++)
            refused((enum oriel_process)p, stage, name, argument, deadly);
}

/* Those that have no network. */
static void alone_refuse(const char *name, const char *argument) {
    for (int stage = LAUNCHED; stage <= LOCKED; stage++) {
        refused(ORIEL_PROCESS_CAPTURE, stage, name, argument, false);
        refused(ORIEL_PROCESS_MEDIA, stage, name, argument, false);
        refused(ORIEL_PROCESS_CAMERA, stage, name, argument, false);
        refused(ORIEL_PROCESS_VOICE, stage, name, argument, false);
    }
}

static void test_it_can_answer_at_all(void **state) {
    struct outcome o = attempt(ORIEL_PROCESS_MEDIA, LAUNCHED, "open", "/etc/ld.so.cache");
    assert_true(o.answered);
    assert_int_equal(o.number, 0);
    o = attempt(ORIEL_PROCESS_EGRESS, LOCKED, "connect-host", port);
    assert_true(o.answered);
    assert_int_equal(o.number, 0); /* egress has the machine's network */
}

static void test_attack_21_network(void **state) {
    alone_refuse("connect-lan", "80");
    alone_refuse("datagram-lan", "53");
    alone_refuse("connect-host", port);
    alone_refuse("abstract-socket", ABSTRACT);
    alone_refuse("interfaces", "");
    all_refuse("raw-socket", "", false);
    all_refuse("packet-socket", "", false);
    all_refuse("vsock", "", false);
    all_refuse("netfilter", "", false);
    all_refuse("listen", "", false);
}

static void test_attack_21_programs(void **state) {
    all_refuse("exec", "", true);
    all_refuse("fork", "", false);
    all_refuse("vfork", "", false);
    all_refuse("clone-namespace", "", false);
    all_refuse("clone3-namespace", "", false);
    all_refuse("outlive", "", false);
}

static void test_attack_21_other_processes(void **state) {
    all_refuse("trace", own_pid, true);
    all_refuse("trace-me", "", true);
    all_refuse("read-memory", own_pid, true);
    all_refuse("kill", own_pid, false);
    all_refuse("kill-all", "", false);
    all_refuse("pidfd", "", true);
}

static void test_attack_21_files(void **state) {
    g_autofree char *parent = g_strdup_printf("/proc/%s/mem", own_pid);
    const char *const paths[] = {secret,     "/etc/passwd", "/etc/shadow",   "/etc/oriel/oriel.conf",
                                 "/home",    "/root",       "/proc/1/mem",   parent,
                                 "/proc",    "/sys",        "/run",          "/dev/mem",
                                 "/dev/tty", "/var",        "/tmp/.X11-unix"};
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) /* a lock adds nothing to what is seen */
        for (int p = ORIEL_PROCESS_SIGNAL; p < ORIEL_PROCESSES; p++)
            refused((enum oriel_process)p, LAUNCHED, "open", paths[i], false);
    const char *const places[] = {secret, "/new", "/tmp/new", "/dev/new", "/dev/shm/new", "/usr/lib/new", "/etc/new"};
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        all_refuse("write", places[i], false);
    all_refuse("mkdir", "", false);
    all_refuse("unlink", secret, false);
    all_refuse("mknod", "", false);
    assert_int_equal(access(secret, F_OK), 0);
}

static void test_attack_21_kernel(void **state) {
    const char *const deadly[] = {"mount", "fsopen", "umount", "unshare",     "setns", "io-uring", "bpf",
                                  "perf",  "keyctl", "module", "userfaultfd", "kexec", "setuid"};
    for (size_t i = 0; i < G_N_ELEMENTS(deadly); i++)
        all_refuse(deadly[i], "", true);
    all_refuse("tiocsti", "", false);
}

static void test_attack_21_limits(void **state) {
    all_refuse("memory-hog", "", false);
    all_refuse("shared-memory", "", false);
    all_refuse("raise-limit", "", false);
    if (geteuid() != 0)
        all_refuse("thread-bomb", "", false);
}

/* The kernel does not count the processes of root: the same tests once more as somebody else, in a process of their
 * own. */
static void test_as_an_ordinary_user(void **state) {
    if (geteuid() != 0)
        return;
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *user = g_strdup_printf("--reuid=%d", RIG_NOBODY),
                    *group = g_strdup_printf("--regid=%d", RIG_NOBODY);
    const char *argv[] = {"setpriv", user, group, "--clear-groups", self, NULL};
    int status = -1;
    g_autofree char *out = NULL;
    g_setenv("ORIEL_TEST_ORDINARY", "1", TRUE);
    assert_true(g_spawn_sync("/", (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status, NULL));
    g_unsetenv("ORIEL_TEST_ORDINARY");
    if (status != 0)
        fail_msg("%s", out);
}

static void lost(void *user) {
    fail_msg("the launcher is gone");
}

static void link_to(const char *from, const char *name) {
    g_autofree char *to = g_build_filename(folder, name, NULL);
    assert_int_equal(symlink(from, to), 0);
}

static void listen_for_them(void) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof in;
    host_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(host_socket, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(host_socket, 128), 0);
    getsockname(host_socket, (struct sockaddr *)&in, &size);
    g_snprintf(port, sizeof port, "%d", ntohs(in.sin_port));
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    memcpy(un.sun_path + 1, ABSTRACT, strlen(ABSTRACT));
    abstract_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(abstract_listener, (struct sockaddr *)&un,
         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(ABSTRACT)));
    listen(abstract_listener, 128);
}

static int start_launcher(void **state) {
    folder = rig_folder();
    secret = g_build_filename(folder, "device.key", NULL);
    g_file_set_contents(secret, "secret", -1, NULL);
    link_to(BUILD_ROOT "/oriel-enter", "oriel-enter");
    for (int p = ORIEL_PROCESS_SIGNAL; p < ORIEL_PROCESSES; p++)
        link_to(BUILD_ROOT "/tests/rig/rig-hostile", oriel_launch_kinds[p].program);
    g_snprintf(own_pid, sizeof own_pid, "%d", (int)getpid());
    listen_for_them();
    struct oriel_launch_plan plan = {.helpers = folder, .kinds = oriel_launch_kinds, .kind_count = ORIEL_PROCESSES};
    int fd = oriel_launch_fork(&plan);
    launcher = fd < 0 ? NULL : oriel_launcher_new(fd, lost, NULL, NULL);
    return launcher && !oriel_launcher_why_bare(launcher) ? 0 : -1;
}

static int end_launcher(void **state) {
    oriel_launcher_free(launcher);
    waitpid(-1, NULL, 0);
    close(host_socket);
    close(abstract_listener);
    g_free(secret);
    rig_remove(folder);
    return 0;
}

/* What depends on who one is. */
static int as_ordinary_user(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_can_answer_at_all),
        cmocka_unit_test(test_attack_21_network),
        cmocka_unit_test(test_attack_21_limits),
    };
    return cmocka_run_group_tests_name("sandbox", tests, start_launcher, end_launcher);
}

int main(void) {
#ifdef ORIEL_SANITIZED
    return 0; /* there are no filters then (src/launch/SANDBOX.md) */
#endif
    if (getenv("ORIEL_TEST_ORDINARY"))
        return as_ordinary_user();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_can_answer_at_all), cmocka_unit_test(test_attack_21_network),
        cmocka_unit_test(test_attack_21_programs),   cmocka_unit_test(test_attack_21_other_processes),
        cmocka_unit_test(test_attack_21_files),      cmocka_unit_test(test_attack_21_kernel),
        cmocka_unit_test(test_attack_21_limits),     cmocka_unit_test(test_as_an_ordinary_user),
    };
    return cmocka_run_group_tests_name("sandbox", tests, start_launcher, end_launcher);
}
