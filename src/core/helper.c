/* See helper.h. */
#include "helper.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "log.h"

enum { LAST_WORDS_MAX = 1024 };

struct oriel_helper {
    const struct oriel_helper_kind *kind;
    void *user;
    int fd, pidfd;
    bool discarded;
    guint fd_source;
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

static void process_ended(void *user, int status) {
    struct oriel_helper *h = user;
    /* What it said before it ended; no more than its socket held. */
    for (int i = 0; i < LAST_WORDS_MAX && h->fd >= 0 && receive_one(h); i++)
        ;
    close_channel(h);
    if (!h->discarded)
        h->kind->exited(h->user, status);
    close(h->pidfd);
    g_free(h->received);
    g_free(h);
}

struct oriel_helper *oriel_helper_start(const struct oriel_helper_kind *kind, struct oriel_launcher *launcher,
                                        void *user, GError **error) {
    return oriel_helper_start_with(kind, 0, launcher, user, error);
}

struct oriel_helper *oriel_helper_start_with(const struct oriel_helper_kind *kind, guint which,
                                             struct oriel_launcher *launcher, void *user, GError **error) {
    int pair[2];
    int number = oriel_ipc_pair(pair);
    if (number < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-number), "cannot start %s: %s", kind->program,
                    g_strerror(-number));
        return NULL;
    }
    struct oriel_helper *h = g_new0(struct oriel_helper, 1);
    h->pidfd = oriel_launcher_start(launcher, kind->process, which, pair[1], process_ended, h, error);
    close(pair[1]);
    if (h->pidfd < 0) {
        close(pair[0]);
        g_free(h);
        return NULL;
    }
    h->kind = kind;
    h->user = user;
    h->fd = pair[0];
    h->received = g_new0(struct oriel_ipc_message, 1);
    h->fd_source = g_unix_fd_add(h->fd, G_IO_IN | G_IO_HUP, channel_ready, h);
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
