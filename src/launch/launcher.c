/* See launch.h: forks, starts, watches, reports. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core_launch.h"
#include "enter.h"
#include "launch.h"
#include "log.h"

enum {
    CHILDREN_MAX = 16,
    CALLERS_MAX = 8,
    CHANNEL_FD = 3,
    INFO_FD = 4,
    HIGH_FD = 16,
    INFO_TIMEOUT = 5000,
    PROBE_TIMEOUT = 10000,
    STOP_PATIENCE = 40
};

struct child {
    uint32_t number;
    pid_t pid; /* of bubblewrap, or of the program itself; 0: free */
    int pidfd;
    int program;  /* pidfd of the program inside */
    bool session; /* it goes with a stop: all but oriel-signal */
};

struct launcher {
    const struct oriel_launch_plan *plan;
    int core, stop;           /* stop: the listener, or -1 */
    int callers[CALLERS_MAX]; /* at it, who have not said anything yet, the oldest first */
    unsigned caller_count;
    bool sandbox;
    struct child children[CHILDREN_MAX];
    struct oriel_launch_command command;
};

static struct oriel_ipc_message message; /* large, and one thread uses it */

/* ---- starting ---- */

struct environment {
    char *words[20];
    unsigned count;
    char text[4 * PATH_MAX];
    size_t used;
};

static void set(struct environment *e, const char *name, const char *value) {
    size_t room = sizeof e->text - e->used;
    int n = value ? snprintf(e->text + e->used, room, "%s=%s", name, value) : -1;
    if (n < 0 || (size_t)n >= room || e->count + 1 >= sizeof e->words / sizeof *e->words)
        return;
    e->words[e->count++] = e->text + e->used;
    e->words[e->count] = NULL;
    e->used += (size_t)n + 1;
}

static void fill_environment(struct environment *e, const struct oriel_launch_plan *plan,
                             const struct oriel_launch_kind *kind) {
    char folder[PATH_MAX], registry[PATH_MAX + 16];
    *e = (struct environment){0};
    for (const char *const *name = kind->environment; *name; name++)
        set(e, *name, getenv(*name));
    set(e, "ORIEL_SECCOMP_LOG", plan->log ? "1" : NULL);
    if (!kind->plugins)
        return;
    if (oriel_launch_plugins(plan, kind, folder)) {
        snprintf(registry, sizeof registry, "%s/registry.bin", folder);
        set(e, "GST_PLUGIN_SYSTEM_PATH_1_0", folder);
        set(e, "GST_REGISTRY_1_0", registry);
    }
    set(e, "GST_REGISTRY_FORK", "no"); /* no scanner process */
    set(e, "ORC_CODE", "backup");      /* no code made at run time */
}

/* `fds` become 2 and 1, 3 and 4; -1: none. */
static int spawn(const struct oriel_launch_command *c, char **envp, int said, int channel, int info, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    if (channel >= 0)
        posix_spawn_file_actions_adddup2(&actions, channel, CHANNEL_FD);
    posix_spawn_file_actions_adddup2(&actions, info, INFO_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, INFO_FD + 1);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int result = c->overflow ? E2BIG : posix_spawn(pid, c->words[0], &actions, &attributes, c->words, envp);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return result;
}

/* Descriptors that spawn() can move to low numbers without treading on one another. */
static int move_up(int fd) {
    int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
    close(fd);
    return high;
}

static bool info_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    ends[0] = move_up(ends[0]);
    ends[1] = move_up(ends[1]);
    return ends[0] >= 0 && ends[1] >= 0;
}

/* Until `last` came, the other end is closed, `size` is full or `timeout` (ms) is over. */
static size_t read_until(int fd, char last, char *text, size_t size, int timeout) {
    size_t length = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (length + 1 < size && poll(&p, 1, timeout) > 0) {
        ssize_t n = read(fd, text + length, size - 1 - length);
        if (n <= 0)
            break;
        length += (size_t)n;
        if (memchr(text, last, length))
            break;
    }
    text[length] = '\0';
    return length;
}

/* The process inside, from what bubblewrap says of itself ({"child-pid": 12, …}); 0: it ended before. */
static pid_t inner_pid(int info) {
    char text[512];
    read_until(info, '}', text, sizeof text, INFO_TIMEOUT);
    const char *key = strstr(text, "\"child-pid\":");
    return key ? (pid_t)strtol(key + strlen("\"child-pid\":"), NULL, 10) : 0;
}

/* A descriptor of the program for core: of the one inside, as long as it is surely that one. */
static int program_pidfd(const struct launcher *l, const struct child *c, int info) {
    pid_t inner = l->sandbox ? inner_pid(info) : 0;
    int fd = inner > 0 ? pidfd_open(inner, 0) : -1;
    siginfo_t end = {0};
    bool waits = waitid(P_PID, (id_t)c->pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid == 0;
    if (fd >= 0 && waits)
        return fd;
    if (fd >= 0)
        close(fd);
    return fcntl(c->pidfd, F_DUPFD_CLOEXEC, HIGH_FD); /* bubblewrap takes it along (--die-with-parent) */
}

static struct child *free_child(struct launcher *l) {
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (!l->children[i].pid)
            return &l->children[i];
    return NULL;
}

/* NULL, or why not. */
static const char *start(struct launcher *l, const struct oriel_launch_kind *kind, unsigned which, struct child *c,
                         int channel, int *pidfd) {
    static char why[4400], program[4096];
    int info[2];
    snprintf(program, sizeof program, "%s/%s", l->plan->helpers, kind->program);
    if (l->plan->refusals[kind->process])
        return l->plan->refusals[kind->process];
    if (!l->sandbox && !l->plan->unprotected && kind->process != ORIEL_PROCESS_SIGNAL)
        return "there is no sandbox on this machine, and [sandbox] without-namespaces is 'refuse'";
    int number = access(program, X_OK) < 0 ? errno : !c ? EAGAIN : !info_pipe(info) ? errno : 0;
    if (!number) {
        static struct environment e;
        fill_environment(&e, l->plan, kind);
        oriel_launch_command(&l->command, l->plan, kind, which, l->sandbox, program);
        number = spawn(&l->command, e.words, STDERR_FILENO, channel, info[1], &c->pid);
        close(info[1]);
        if (number)
            c->pid = 0;
        else
            c->pidfd = pidfd_open(c->pid, 0);
        if (!number)
            *pidfd = program_pidfd(l, c, info[0]);
        close(info[0]);
    }
    snprintf(why, sizeof why, "cannot start %s: %s", program, strerror(number));
    return number ? why : NULL;
}

/* ---- core's channel ---- */

static void handle_start(struct launcher *l) {
    uint32_t number = (uint32_t)message.fields[0].number, kind = (uint32_t)message.fields[1].number;
    int channel = move_up(oriel_ipc_take_fd(&message, 0)), pidfd = -1;
    struct child *c = free_child(l);
    const char *why = kind < l->plan->kind_count && l->plan->kinds[kind].program
                          ? start(l, &l->plan->kinds[kind], (unsigned)message.fields[2].number, c, channel, &pidfd)
                          : "core asked for a kind of helper that does not exist";
    close(channel);
    if (why) {
        oriel_ipc_send(l->core, &oriel_launch_to_core, ORIEL_LAUNCH_FAILED, number, why);
        return;
    }
    c->number = number;
    c->program = fcntl(pidfd, F_DUPFD_CLOEXEC, HIGH_FD);
    c->session = l->plan->kinds[kind].process != ORIEL_PROCESS_SIGNAL;
    oriel_debug("started %s as %d", l->plan->kinds[kind].program, (int)c->pid);
    oriel_ipc_send(l->core, &oriel_launch_to_core, ORIEL_LAUNCH_STARTED, number, pidfd);
    close(pidfd);
}

/* bubblewrap ends as the program did: with its status, or 128 and its signal. */
static uint32_t program_status(int status, bool sandbox) {
    return sandbox && WIFEXITED(status) && WEXITSTATUS(status) > 128 ? (uint32_t)(WEXITSTATUS(status) - 128)
                                                                     : (uint32_t)status;
}

static void reap(struct launcher *l, struct child *c) {
    int status;
    if (waitpid(c->pid, &status, WNOHANG) != c->pid)
        return;
    oriel_ipc_send(l->core, &oriel_launch_to_core, ORIEL_LAUNCH_ENDED, c->number, program_status(status, l->sandbox));
    close(c->pidfd);
    if (c->program >= 0)
        close(c->program);
    c->pid = 0;
}

/* ---- the stop socket ---- */

/* Of `children`, those that still run after `timeout` ms. */
static unsigned wait_for_ends(struct child *const *children, unsigned count, int timeout) {
    struct timespec from, now;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (;;) {
        struct pollfd fds[CHILDREN_MAX];
        unsigned left = 0;
        for (unsigned i = 0; i < count; i++) {
            fds[left] = (struct pollfd){.fd = children[i]->pidfd, .events = POLLIN};
            if (poll(&fds[left], 1, 0) == 0)
                left++;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        int spent = (int)((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000);
        if (!left || spent >= timeout)
            return left;
        poll(fds, left, timeout - spent);
    }
}

/* Kills first; core, which may hang, reads of it later. Takes `fd`. */
static void stop_session(struct launcher *l, int fd, char by) {
    struct child *stopped[CHILDREN_MAX];
    unsigned count = 0;
    oriel_ipc_send(l->core, &oriel_launch_to_core, ORIEL_LAUNCH_STOPPED,
                   by == ORIEL_STOP_BY_PERSON ? "person" : "local");
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (l->children[i].pid && l->children[i].session) {
            struct child *c = stopped[count++] = &l->children[i];
            if (c->program < 0 || pidfd_send_signal(c->program, SIGKILL, NULL, 0) < 0)
                pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
        }
    unsigned left = wait_for_ends(stopped, count, STOP_PATIENCE);
    for (unsigned i = 0; left && i < count; i++)
        pidfd_send_signal(stopped[i]->pidfd, SIGKILL, NULL, 0); /* bubblewrap itself */
    oriel_launch_stop_answer(fd, count, left);
}

static void hear_callers(struct launcher *l) {
    unsigned silent = 0;
    for (unsigned i = 0; i < l->caller_count; i++) {
        char by;
        int said = oriel_launch_stop_hear(l->callers[i], &by);
        if (said > 0)
            stop_session(l, l->callers[i], by);
        else if (said < 0)
            close(l->callers[i]);
        else
            l->callers[silent++] = l->callers[i];
    }
    l->caller_count = silent;
}

static void take_caller(struct launcher *l) {
    int fd = oriel_launch_stop_accept(l->stop, &l->plan->stop);
    if (fd < 0)
        return;
    if (l->caller_count == CALLERS_MAX) {
        close(l->callers[0]);
        memmove(l->callers, l->callers + 1, --l->caller_count * sizeof *l->callers);
    }
    l->callers[l->caller_count++] = fd;
}

/* Ends with core: the helpers are then killed by the kernel, as children of ours. */
static void run(struct launcher *l) {
    for (;;) {
        struct pollfd fds[CHILDREN_MAX + CALLERS_MAX + 2];
        struct child *watched[CHILDREN_MAX];
        nfds_t count = 0, children = 0;
        fds[count++] = (struct pollfd){.fd = l->core, .events = POLLIN};
        fds[count++] = (struct pollfd){.fd = l->stop, .events = POLLIN}; /* -1 is left out */
        for (int i = 0; i < CHILDREN_MAX; i++)
            if (l->children[i].pid) {
                watched[children++] = &l->children[i];
                fds[count++] = (struct pollfd){.fd = l->children[i].pidfd, .events = POLLIN};
            }
        for (unsigned i = 0; i < l->caller_count; i++)
            fds[count++] = (struct pollfd){.fd = l->callers[i], .events = POLLIN};
        if (poll(fds, count, -1) < 0 && errno != EINTR)
            return;
        for (nfds_t i = 0; i < children; i++)
            if (fds[2 + i].revents)
                reap(l, watched[i]);
        if (fds[1].revents)
            take_caller(l);
        hear_callers(l);
        if (!fds[0].revents)
            continue;
        int result = oriel_ipc_receive(l->core, &oriel_core_to_launch, &message);
        if (result == 1) {
            handle_start(l);
            oriel_ipc_message_clear(&message);
        } else if (result != -EAGAIN) {
            return;
        }
    }
}

/* ---- life ---- */

bool oriel_launch_probe(const struct oriel_launch_plan *plan, const struct oriel_launch_kind *kind, bool sandbox,
                        char *why, size_t size) {
    static struct oriel_launch_command command;
    int said[2], info[2];
    pid_t pid;
    *why = '\0';
    if (!info_pipe(said) || !info_pipe(info)) {
        snprintf(why, size, "no pipe: %s", strerror(errno));
        return false;
    }
    oriel_launch_command(&command, plan, kind, 0, sandbox, NULL);
    char *envp[] = {NULL};
    int number = spawn(&command, envp, said[1], -1, info[1], &pid), status = -1;
    close(said[1]);
    close(info[1]);
    if (number) {
        snprintf(why, size, "%s: %s", command.words[0], strerror(number));
    } else {
        read_until(said[0], '\n', why, size, PROBE_TIMEOUT);
        why[strcspn(why, "\n")] = '\0';
        kill(pid, SIGKILL); /* it has ended, or it hangs */
        waitpid(pid, &status, 0);
    }
    close(said[0]);
    close(info[0]);
    return !number && WIFEXITED(status) && WEXITSTATUS(status) == ORIEL_ENTER_GOOD;
}

/* The first that has nothing of the machine's network: where that can be, the rest can. */
static const struct oriel_launch_kind *probed_kind(const struct oriel_launch_plan *plan) {
    for (size_t i = 0; i < plan->kind_count; i++)
        if (plan->kinds[i].program && !plan->kinds[i].network)
            return &plan->kinds[i];
    return &plan->kinds[0];
}

static void child_main(const struct oriel_launch_plan *plan, int core, pid_t parent) {
    static struct launcher l;
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    /* What reaches the whole group of a terminal is for core, which still has a word to say then. */
    setsid();
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    oriel_log_init("oriel-launcher");
    prctl(PR_SET_NAME, "oriel-launcher");
    prctl(PR_SET_DUMPABLE, 0);
    l.plan = plan;
    l.core = move_up(core);
    close_range(3, HIGH_FD - 1, 0);
    close_range((unsigned)l.core + 1, ~0U, 0);
    l.stop = plan->stop.path ? oriel_launch_stop_listen(&plan->stop) : -1;
    if (plan->stop.path && l.stop < 0)
        oriel_error("cannot listen on %s: %s; sessions can be stopped by orield only", plan->stop.path,
                    strerror(-l.stop));
    char why[300]; /* filled also when it stands: what was said is then no reason */
    l.sandbox = oriel_launch_probe(plan, probed_kind(plan), true, why, sizeof why);
    oriel_ipc_send(l.core, &oriel_launch_to_core, ORIEL_LAUNCH_READY, (uint32_t)l.sandbox, why);
    run(&l);
    _exit(0);
}

int oriel_launch_fork(const struct oriel_launch_plan *plan) {
    int pair[2];
    int result = oriel_ipc_pair(pair);
    if (result < 0)
        return result;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(pair[0]);
        child_main(plan, pair[1], parent);
    }
    close(pair[1]);
    if (pid > 0)
        return pair[0];
    result = -errno;
    close(pair[0]);
    return result;
}
