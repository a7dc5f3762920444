/* See watch.h. */
#include "watch.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "log.h"

/* A link is created whole; who may read a file decides whether it counts. */
enum { EVENTS = IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE };
enum { QUIET_MS = 200 };

struct oriel_watch {
    void (*changed)(void *user);
    void *user;
    int fd;
    guint source, timer;
};

static gboolean tell(gpointer data) {
    struct oriel_watch *w = data;
    w->timer = 0;
    w->changed(w->user);
    return G_SOURCE_REMOVE;
}

static gboolean events_wait(int fd, GIOCondition condition, gpointer data) {
    struct oriel_watch *w = data;
    char events[4096] __attribute__((aligned(8)));
    while (read(fd, events, sizeof events) > 0)
        ; /* which file does not matter */
    if (!w->timer)
        w->timer = g_timeout_add(QUIET_MS, tell, w);
    return G_SOURCE_CONTINUE;
}

struct oriel_watch *oriel_watch_new(const char *directory, void (*changed)(void *user), void *user) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0 || inotify_add_watch(fd, directory, EVENTS) < 0) {
        oriel_warning("%s cannot be watched for changes: %s", directory, g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct oriel_watch *w = g_new0(struct oriel_watch, 1);
    w->changed = changed;
    w->user = user;
    w->fd = fd;
    w->source = g_unix_fd_add(fd, G_IO_IN, events_wait, w);
    return w;
}

void oriel_watch_free(struct oriel_watch *w) {
    if (!w)
        return;
    g_clear_handle_id(&w->source, g_source_remove);
    g_clear_handle_id(&w->timer, g_source_remove);
    close(w->fd);
    g_free(w);
}
