/* oriel-enter: the last step before a helper. bubblewrap starts it inside the sandbox (the launcher itself, where there
 * is none):
 *
 *     oriel-enter PROCESS DATA TASKS FILE alone|online|bare kill|log PROGRAM
 *
 * Policy: it looks whether the sandbox is what it should be and starts nothing if not; sets the limits; puts on the
 * launch filter; becomes the program. A filter that is put on before a program starts must let something be started, so
 * it lets one thing: execveat() of descriptor ORIEL_ENTER_FD, which closes as it happens, and above which by
 * RLIMIT_NOFILE none can ever be again. So not even a hostile program in the place of ours starts another one. PROGRAM
 * `-`: only looks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "enter.h"
#include "log.h"
#include "sandbox.h"

static bool refuse(const char *what) {
    oriel_error("the sandbox is not what it should be: %s; nothing is started in it", what);
    return false;
}

static bool no_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {0};
    if (syscall(SYS_capget, &header, data) < 0)
        return false;
    for (int i = 0; i < 2; i++)
        if (data[i].effective | data[i].permitted | data[i].inheritable)
            return false;
    return true;
}

static bool only_loopback(void) {
    struct if_nameindex *all = if_nameindex();
    bool only = all != NULL;
    for (struct if_nameindex *i = all; only && i->if_index; i++)
        only = strcmp(i->if_name, "lo") == 0;
    if_freenameindex(all);
    return only;
}

static bool check_sandbox(const char *network) {
    if (strcmp(network, "bare") == 0)
        return true;
    if (getpid() != 1)
        return refuse("no process numbers of its own");
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return refuse("privileges can be gained");
    if (!no_capabilities())
        return refuse("it has capabilities");
#ifndef ORIEL_SANITIZED
    if (access("/proc", F_OK) == 0)
        return refuse("it sees the machine's processes");
#endif
    if (access("/home", F_OK) == 0 || access("/etc/passwd", F_OK) == 0)
        return refuse("it sees the machine's files");
    if (strcmp(network, "alone") == 0 && !only_loopback())
        return refuse("it has a network");
    return true;
}

static bool limit(int resource, rlim_t value) {
    struct rlimit now, r = {value, value};
    if (getrlimit(resource, &now) == 0 && now.rlim_max < value)
        r.rlim_cur = r.rlim_max = now.rlim_max;
    return setrlimit(resource, &r) == 0;
}

/* Since Linux 5.14 a user namespace has a count of its own; before, and without one, a limit would be on all processes
 * of this user. */
static bool counts_tasks(bool bare) {
    struct utsname name;
    unsigned major = 0, minor = 0;
    return !bare && uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
           (major > 5 || (major == 5 && minor >= 14));
}

static bool set_limits(char **values, bool bare) {
    rlim_t data = strtoul(values[0], NULL, 10) << 20, tasks = strtoul(values[1], NULL, 10),
           file = strtoul(values[2], NULL, 10) << 20;
    struct stat log;
    bool to_file = fstat(STDERR_FILENO, &log) == 0 && S_ISREG(log.st_mode); /* then it must be able to grow */
    bool good = limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, ORIEL_ENTER_FDS_MAX) &&
                (!counts_tasks(bare) || limit(RLIMIT_NPROC, tasks)) && limit(RLIMIT_MEMLOCK, 0) &&
                limit(RLIMIT_MSGQUEUE, 0) && limit(RLIMIT_RTPRIO, 0) && (to_file || limit(RLIMIT_FSIZE, file));
#ifndef ORIEL_SANITIZED
    good = good && limit(RLIMIT_DATA, data);
#else
    (void)data;
#endif
    return good;
}

static bool put_on_filter(unsigned long process, bool log) {
#ifndef ORIEL_SANITIZED
    int result = oriel_sandbox_load(&oriel_filters[ORIEL_STAGE_LAUNCH][process], log);
    if (result < 0) {
        oriel_error("cannot filter system calls: %s", strerror(-result));
        return false;
    }
#endif
    return true;
}

/* To ORIEL_ENTER_FD; nothing else stays open above the control channel. */
static bool open_program(const char *path) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_max <= ORIEL_ENTER_FD) {
        oriel_error("no more than %lu files may be open (ulimit -H -n), %d are needed", (unsigned long)files.rlim_max,
                    ORIEL_ENTER_FD + 1);
        return false;
    }
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0 || dup3(fd, ORIEL_ENTER_FD, O_CLOEXEC) < 0) {
        oriel_error("cannot open %s: %s", path, strerror(errno));
        return false;
    }
    close_range(4, ORIEL_ENTER_FD - 1, 0);
    close_range(ORIEL_ENTER_FD + 1, ~0U, 0);
    return true;
}

int main(int argc, char **argv) {
    oriel_log_init("oriel-enter");
    unsigned long process = argc == 8 ? strtoul(argv[1], NULL, 10) : ORIEL_PROCESSES;
    if (process >= ORIEL_PROCESSES) {
        oriel_error("this program is started by orield");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bool look = strcmp(argv[7], "-") == 0;
    if (!check_sandbox(argv[5]) || (!look && !open_program(argv[7])))
        return ORIEL_ENTER_BAD;
    if (!set_limits(argv + 2, strcmp(argv[5], "bare") == 0)) {
        oriel_error("cannot set the limits of %s: %s", argv[7], strerror(errno));
        return ORIEL_ENTER_BAD;
    }
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    unsetenv("PWD"); /* bubblewrap's */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!put_on_filter(process, strcmp(argv[6], "log") == 0))
        return ORIEL_ENTER_BAD;
    if (look)
        _exit(ORIEL_ENTER_GOOD);
    char *base = strrchr(argv[7], '/');
    char *arguments[] = {base ? base + 1 : argv[7], NULL};
    syscall(SYS_execveat, ORIEL_ENTER_FD, "", arguments, environ, AT_EMPTY_PATH);
    oriel_error("cannot start %s: %s", argv[7], strerror(errno));
    return ORIEL_ENTER_BAD;
}
