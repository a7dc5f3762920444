/* See launcher.h. */
#include "launcher.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core_launch.h"
#include "launch.h"
#include "log.h"
#include "plan.h"

enum { PATIENCE = 20000 }; /* ms: for an answer; a start takes 5 */

struct running {
    void (*ended)(void *user, int status);
    void *user;
    int status;
    struct oriel_launcher *launcher;
    guint number, idle;
};

struct oriel_launcher {
    int fd;
    guint source, last;
    char *why_bare;
    void (*lost)(void *user);
    void *user;
    GHashTable *running; /* number: struct running */
    struct oriel_ipc_message *received;
    void (*stopped)(void *user, const char *by);
    void *stopped_user;
    char stop[8]; /* by whom; told from the loop */
    guint stop_idle;
};

int oriel_launcher_fork(const struct oriel_config *config, GError **error) {
    g_autofree char *sockets = g_path_get_dirname(config->stop_socket);
    g_mkdir_with_parents(sockets, 0755);
    struct oriel_plan *plan = oriel_plan_new(config);
    int fd = oriel_launch_fork(oriel_plan_launch(plan));
    oriel_plan_free(plan);
    if (fd < 0)
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-fd), "cannot fork the launcher: %s", g_strerror(-fd));
    return fd < 0 ? -1 : fd;
}

static gboolean tell_end(gpointer data) {
    struct running *r = data;
    void (*ended)(void *, int) = r->ended;
    void *user = r->user;
    int status = r->status;
    r->idle = 0;
    g_hash_table_remove(r->launcher->running, GUINT_TO_POINTER(r->number));
    ended(user, status);
    return G_SOURCE_REMOVE;
}

/* From the loop, also when it was read while core waited for something else. */
static void note_end(struct oriel_launcher *l, guint number, int status) {
    struct running *r = g_hash_table_lookup(l->running, GUINT_TO_POINTER(number));
    if (!r || r->idle)
        return;
    r->status = status;
    r->idle = g_idle_add_full(G_PRIORITY_DEFAULT, tell_end, r, NULL);
}

static gboolean tell_stop(gpointer data) {
    struct oriel_launcher *l = data;
    l->stop_idle = 0;
    if (l->stopped)
        l->stopped(l->stopped_user, l->stop);
    return G_SOURCE_REMOVE;
}

/* Before the ends that follow it: with a higher priority than tell_end. */
static void note_stop(struct oriel_launcher *l, const char *by) {
    g_strlcpy(l->stop, strcmp(by, "person") == 0 ? "person" : "local", sizeof l->stop);
    if (!l->stop_idle)
        l->stop_idle = g_idle_add_full(G_PRIORITY_HIGH, tell_stop, l, NULL);
}

void oriel_launcher_on_stop(struct oriel_launcher *l, void (*stopped)(void *user, const char *by), void *user) {
    l->stopped = stopped;
    l->stopped_user = user;
}

/* Waits for `type` with that number. 0, or -errno. Ends of others are noted meanwhile. */
static int wait_for(struct oriel_launcher *l, guint number) {
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    gint64 end = g_get_monotonic_time() + PATIENCE * 1000;
    for (;;) {
        int left = (int)((end - g_get_monotonic_time()) / 1000);
        if (left <= 0 || (poll(&p, 1, left) < 0 && errno != EINTR))
            return -ETIMEDOUT;
        int result = oriel_ipc_receive(l->fd, &oriel_launch_to_core, l->received);
        if (result == -EAGAIN)
            continue;
        if (result <= 0)
            return result ? result : -EPIPE;
        if (l->received->type->id == ORIEL_LAUNCH_ENDED)
            note_end(l, (guint)l->received->fields[0].number, (int)l->received->fields[1].number);
        else if (l->received->type->id == ORIEL_LAUNCH_STOPPED)
            note_stop(l, l->received->fields[0].bytes);
        else if (l->received->type->id == ORIEL_LAUNCH_READY ? number == 0 : l->received->fields[0].number == number)
            return 0;
        oriel_ipc_message_clear(l->received);
    }
}

static gboolean channel_ready(int fd, GIOCondition condition, gpointer data) {
    struct oriel_launcher *l = data;
    int result = oriel_ipc_receive(fd, &oriel_launch_to_core, l->received);
    if (result == -EAGAIN)
        return G_SOURCE_CONTINUE;
    if (result == 1) {
        if (l->received->type->id == ORIEL_LAUNCH_ENDED)
            note_end(l, (guint)l->received->fields[0].number, (int)l->received->fields[1].number);
        else if (l->received->type->id == ORIEL_LAUNCH_STOPPED)
            note_stop(l, l->received->fields[0].bytes);
        oriel_ipc_message_clear(l->received);
        return G_SOURCE_CONTINUE;
    }
    l->source = 0;
    l->lost(l->user);
    return G_SOURCE_REMOVE;
}

static void free_running(gpointer data) {
    struct running *r = data;
    g_clear_handle_id(&r->idle, g_source_remove);
    g_free(r);
}

struct oriel_launcher *oriel_launcher_new(int fd, void (*lost)(void *user), void *user, GError **error) {
    struct oriel_launcher *l = g_new0(struct oriel_launcher, 1);
    l->fd = fd;
    l->lost = lost;
    l->user = user;
    l->running = g_hash_table_new_full(NULL, NULL, NULL, free_running);
    l->received = g_new0(struct oriel_ipc_message, 1);
    int result = wait_for(l, 0);
    if (result < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-result), "the launcher did not come up: %s",
                    g_strerror(-result));
        oriel_launcher_free(l);
        return NULL;
    }
    if (!l->received->fields[0].number)
        l->why_bare = g_utf8_make_valid(l->received->fields[1].bytes, -1);
    l->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, channel_ready, l);
    return l;
}

void oriel_launcher_free(struct oriel_launcher *l) {
    if (!l)
        return;
    g_clear_handle_id(&l->source, g_source_remove);
    g_clear_handle_id(&l->stop_idle, g_source_remove);
    g_hash_table_unref(l->running);
    close(l->fd);
    g_free(l->received);
    g_free(l->why_bare);
    g_free(l);
}

const char *oriel_launcher_why_bare(const struct oriel_launcher *l) {
    return l->why_bare;
}

int oriel_launcher_start(struct oriel_launcher *l, enum oriel_process kind, guint which, int control,
                         void (*ended)(void *user, int status), void *user, GError **error) {
    guint number = ++l->last;
    int result =
        oriel_ipc_send(l->fd, &oriel_core_to_launch, ORIEL_LAUNCH_START, number, (uint32_t)kind, which, control);
    if (result == 0)
        result = wait_for(l, number);
    if (result < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-result), "the launcher does not answer: %s",
                    g_strerror(-result));
        return -1;
    }
    int pidfd = oriel_ipc_take_fd(l->received, 0);
    if (l->received->type->id == ORIEL_LAUNCH_FAILED)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", l->received->fields[1].bytes);
    oriel_ipc_message_clear(l->received);
    if (pidfd < 0)
        return -1;
    struct running *r = g_new0(struct running, 1);
    *r = (struct running){.ended = ended, .user = user, .launcher = l, .number = number};
    g_hash_table_insert(l->running, GUINT_TO_POINTER(number), r);
    return pidfd;
}
