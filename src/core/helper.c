/* See helper.h. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

enum { CHANNEL_FD = 3, LAST_WORDS_MAX = 1024, UNKNOWN_STATUS = 255 };

struct oriel_helper {
    const struct oriel_helper_kind *kind;
    void *user;
    int fd, pidfd;
    bool discarded;
    guint fd_source, pid_source;
    struct oriel_ipc_message *received;
};

static void close_channel(struct oriel_helper *h) {
    if (h->fd_source)
        g_source_remove(h->fd_source);
    h->fd_source = 0;
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
}

/* False when there is nothing more to read now or ever. */
static bool receive_one(struct oriel_helper *h) {
    int result = oriel_ipc_receive(h->fd, h->kind->from, h->received);
    if (result == 1) {
        h->kind->message(h->user, h->received);
        oriel_ipc_message_clear(h->received);
        return h->fd >= 0;
    }
    if (result == -EAGAIN)
        return false;
    if (result < 0) {
        oriel_error("%s broke the protocol '%s'; it is ended", h->kind->program, h->kind->from->name);
        oriel_helper_kill(h);
    }
    close_channel(h);
    return false;
}

static gboolean channel_ready(int fd, GIOCondition condition, gpointer data) {
    struct oriel_helper *h = data;
    receive_one(h); /* one a turn: the loop stays fair */
    return h->fd_source != 0;
}

static gboolean process_ended(int fd, GIOCondition condition, gpointer data) {
    struct oriel_helper *h = data;
    siginfo_t info = {0};
    int waited = waitid(P_PIDFD, (id_t)h->pidfd, &info, WEXITED | WNOHANG);
    if (waited < 0 ? errno == EINTR : info.si_pid == 0)
        return G_SOURCE_CONTINUE;
    /* What it said before it ended. No more than its socket held: a child of its own may go on writing. */
    for (int i = 0; i < LAST_WORDS_MAX && h->fd >= 0 && receive_one(h); i++)
        ;
    close_channel(h);
    int status = waited < 0                   ? W_EXITCODE(UNKNOWN_STATUS, 0)
                 : info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0)
                                              : info.si_status & 0x7f;
    if (!h->discarded)
        h->kind->exited(h->user, status);
    close(h->pidfd);
    g_free(h->received);
    g_free(h);
    return G_SOURCE_REMOVE;
}

static char **environment(const char *const *names) {
    GPtrArray *e = g_ptr_array_new();
    for (; *names; names++)
        if (g_getenv(*names))
            g_ptr_array_add(e, g_strdup_printf("%s=%s", *names, g_getenv(*names)));
    g_ptr_array_add(e, NULL);
    return (char **)g_ptr_array_free(e, FALSE);
}

static int spawn(const struct oriel_helper_kind *kind, const char *path, int channel, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, channel, CHANNEL_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, CHANNEL_FD + 1);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    char *argv[] = {(char *)kind->program, NULL};
    g_auto(GStrv) envp = environment(kind->environment);
    int result = posix_spawn(pid, path, &actions, &attributes, argv, envp);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return result;
}

struct oriel_helper *oriel_helper_start(const struct oriel_helper_kind *kind, const char *directory, void *user,
                                        GError **error) {
    g_autofree char *path = g_build_filename(directory, kind->program, NULL);
    int pair[2];
    int number = -oriel_ipc_pair(pair);
    pid_t pid = -1;
    if (number == 0 && pair[1] == CHANNEL_FD) {
        /* dup2 onto itself would leave it close-on-exec. */
        int other = fcntl(pair[1], F_DUPFD_CLOEXEC, CHANNEL_FD + 1);
        close(pair[1]);
        pair[1] = other;
    }
    if (number == 0) {
        number = spawn(kind, path, pair[1], &pid);
        close(pair[1]);
        if (number)
            close(pair[0]);
    }
    int pidfd = number ? -1 : pidfd_open(pid, 0);
    if (!number && pidfd < 0) {
        number = errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(pair[0]);
    }
    if (number) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(number), "cannot start %s: %s", path, g_strerror(number));
        return NULL;
    }
    fcntl(pidfd, F_SETFD, FD_CLOEXEC);
    struct oriel_helper *h = g_new0(struct oriel_helper, 1);
    h->kind = kind;
    h->user = user;
    h->fd = pair[0];
    h->pidfd = pidfd;
    h->received = g_new0(struct oriel_ipc_message, 1);
    h->fd_source = g_unix_fd_add(h->fd, G_IO_IN | G_IO_HUP, channel_ready, h);
    h->pid_source = g_unix_fd_add(h->pidfd, G_IO_IN, process_ended, h);
    return h;
}

int oriel_helper_fd(const struct oriel_helper *h) {
    return h->fd;
}

void oriel_helper_kill(struct oriel_helper *h) {
    pidfd_send_signal(h->pidfd, SIGKILL, NULL, 0);
}

void oriel_helper_discard(struct oriel_helper *h) {
    h->discarded = true;
    close_channel(h);
    oriel_helper_kill(h);
}

void oriel_helper_hang_up(struct oriel_helper *h) {
    close_channel(h);
}
