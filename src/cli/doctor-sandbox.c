/* What the kernel and this system give for the sandbox of the helpers: really tried, as the user who asks. */
#include <errno.h>
#include <glib.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor.h"
#include "enter.h"
#include "plan.h"

static void check_bubblewrap(struct oriel_doctor *d) {
    const char *argv[] = {BWRAP, "--version", NULL};
    g_autofree char *version = NULL;
    if (g_spawn_sync("/", (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &version, NULL, NULL, NULL))
        oriel_doctor_report(d, "bubblewrap", ORIEL_GOOD, NULL, "%s", g_strchomp(version));
    else
        oriel_doctor_report(d, "bubblewrap", ORIEL_BAD, "install the package bubblewrap", "there is no %s", BWRAP);
}

static void check_filters(struct oriel_doctor *d) {
    const unsigned actions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ERRNO, SECCOMP_RET_LOG};
    bool all = true;
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
        all = all && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]) == 0;
    /* Without a program it can only fail; how tells whether the flag is known. */
    bool threads =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, NULL) < 0 && errno == EFAULT;
    oriel_doctor_report(d, "system-call filters", all && threads ? ORIEL_GOOD : ORIEL_BAD,
                        all && threads ? NULL : "use a kernel of 4.14 or newer with CONFIG_SECCOMP_FILTER",
                        "killing a process: %s; for all threads at once: %s", all ? "yes" : "no",
                        threads ? "yes" : "no");
}

/* Where one was turned off: the switches that distributions have. */
static char *namespaces_remedy(void) {
    static const struct {
        const char *file, *bad, *remedy;
    } switches[] = {
        {"/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"},
        {"/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=1024"},
        {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
         "give " BWRAP " an AppArmor profile with 'userns,', or sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++) {
        g_autofree char *value = NULL;
        if (g_file_get_contents(switches[i].file, &value, NULL, NULL) &&
            strcmp(g_strchomp(value), switches[i].bad) == 0)
            return g_strdup(switches[i].remedy);
    }
    return g_strdup(
        "use a kernel with CONFIG_USER_NS, CONFIG_PID_NS and CONFIG_NET_NS; in a container, let it make user "
        "namespaces. To go without: [sandbox] without-namespaces=run-unprotected in oriel.conf, which is audited");
}

static void check_kinds(struct oriel_doctor *d) {
    struct oriel_plan *plan = oriel_plan_new(d->config);
    const struct oriel_launch_plan *launch = oriel_plan_launch(plan);
    bool refuse = !launch->unprotected;
    for (size_t i = 0; i < launch->kind_count; i++) {
        const struct oriel_launch_kind *kind = &launch->kinds[i];
        char why[300];
        if (!kind->program)
            continue;
        g_autofree char *check = g_strdup_printf("sandbox of %s", kind->program);
        bool alone = !kind->network && !launch->network[kind->process];
        if (oriel_launch_probe(launch, kind, true, why, sizeof why)) {
            oriel_doctor_report(d, check, ORIEL_GOOD, NULL,
                                "user, pid, ipc, uts and mount namespaces, %s; %u and %u system calls",
                                alone ? "a network with loopback only" : "the machine's network",
                                oriel_filters[ORIEL_STAGE_LAUNCH][kind->process].calls,
                                oriel_filters[ORIEL_STAGE_LOCK][kind->process].calls);
            continue;
        }
        g_autofree char *remedy = namespaces_remedy();
        oriel_doctor_report(d, check, refuse ? ORIEL_BAD : ORIEL_WEAK, remedy, "%s (%s)",
                            *why ? why : "it does not stand",
                            refuse ? "sessions are refused" : "helpers run without one, as configured");
    }
    if (launch->refusals[ORIEL_PROCESS_CAPTURE])
        oriel_doctor_report(d, "capture", ORIEL_BAD, "set [capture] display in oriel.conf", "%s",
                            launch->refusals[ORIEL_PROCESS_CAPTURE]);
    char folder[PATH_MAX];
    if (oriel_launch_plugins(launch, &oriel_launch_kinds[ORIEL_PROCESS_MEDIA], folder))
        oriel_doctor_report(d, "GStreamer plugins", ORIEL_GOOD, NULL, "only those that are used, from %s", folder);
    else
        oriel_doctor_report(
            d, "GStreamer plugins", ORIEL_WEAK, "run oriel-plugindir, beside the helpers",
            "no private directory beside the helpers: all of the system's are looked through at each start");
    for (size_t i = 0; i < launch->kind_count; i++) {
        g_autofree char *program =
            launch->kinds[i].program ? g_build_filename(launch->helpers, launch->kinds[i].program, NULL) : NULL;
        if (program && access(program, X_OK) < 0)
            oriel_doctor_report(d, launch->kinds[i].program, ORIEL_BAD,
                                "install it, or set [run] helpers in oriel.conf", "%s: %s", program, g_strerror(errno));
    }
    oriel_plan_free(plan);
}

static void check_limits(struct oriel_doctor *d) {
    struct rlimit files = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    bool enough = files.rlim_max > ORIEL_ENTER_FD;
    oriel_doctor_report(d, "open files", enough ? ORIEL_GOOD : ORIEL_BAD,
                        enough ? NULL : "LimitNOFILE= in the unit, or ulimit -H -n, to 4096",
                        "at most %lu, %d are needed", (unsigned long)files.rlim_max, ORIEL_ENTER_FD + 1);
    if (geteuid() == 0)
        oriel_doctor_report(d, "user", ORIEL_WEAK, "run orield, and this, as a user of its own",
                            "root: the kernel does not limit the number of root's processes and threads");
    else
        oriel_doctor_report(d, "user", ORIEL_GOOD, NULL, "not root: the number of a helper's threads is limited");
}

static void check_cgroup(struct oriel_doctor *d) {
    static const char remedy[] = "MemoryMax= and TasksMax= in the unit of orield";
    g_autofree char *all = NULL, *memory = NULL, *tasks = NULL;
    g_file_get_contents("/proc/self/cgroup", &all, NULL, NULL);
    const char *own = all ? strstr(all, "0::/") : NULL;
    g_autofree char *path = own ? g_strndup(own + 3, strcspn(own + 3, "\n")) : NULL;
    g_autofree char *memory_file = g_strdup_printf("/sys/fs/cgroup%s/memory.max", path ? path : "");
    g_autofree char *tasks_file = g_strdup_printf("/sys/fs/cgroup%s/pids.max", path ? path : "");
    g_file_get_contents(memory_file, &memory, NULL, NULL);
    g_file_get_contents(tasks_file, &tasks, NULL, NULL);
    bool limited = memory && tasks && strncmp(memory, "max", 3) != 0 && strncmp(tasks, "max", 3) != 0;
    oriel_doctor_report(d, "cgroup of this shell", limited ? ORIEL_GOOD : ORIEL_WEAK, limited ? NULL : remedy,
                        "memory %s, tasks %s; each helper has limits of its own besides",
                        memory ? g_strchomp(memory) : "without a limit", tasks ? g_strchomp(tasks) : "without a limit");
}

void oriel_doctor_sandbox(struct oriel_doctor *d) {
    check_bubblewrap(d);
    check_filters(d);
    check_limits(d);
    check_cgroup(d);
    if (d->config)
        check_kinds(d);
}
