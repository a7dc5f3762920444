/* See scribe.h. */
#include "scribe.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"

struct oriel_scribe {
    GThread *thread;
    GAsyncQueue *given, *done;
    GQueue untold; /* in the order of giving; the main loop's */
    int fd;        /* eventfd: something is in `done` */
    guint source;
    guint64 known;  /* failures that were told */
    guint64 failed; /* the thread's */
};

static struct oriel_scribe_job quit; /* the last that is given */

static void put_down(struct oriel_scribe *s, struct oriel_scribe_job *job) {
    uint64_t one = 1;
    g_async_queue_push(s->done, job);
    while (write(s->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static gpointer run(gpointer data) {
    struct oriel_scribe *s = data;
    for (struct oriel_scribe_job *job; (job = g_async_queue_pop(s->given)) != &quit; put_down(s, job)) {
        if (!job->always && job->known < s->failed)
            g_set_error_literal(&job->error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                "audit: not written, because what came before it could not be");
        else if (!job->work(job, &job->error))
            s->failed++;
    }
    return NULL;
}

static void tell(struct oriel_scribe *s, struct oriel_scribe_job *job) {
    g_queue_remove(&s->untold, job); /* near the head */
    GError *error = g_steal_pointer(&job->error);
    if (error && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        s->known++;
    job->done(job, error);
    g_clear_error(&error);
}

static void tell_all(struct oriel_scribe *s) {
    for (struct oriel_scribe_job *job; (job = g_async_queue_try_pop(s->done));)
        tell(s, job);
}

static gboolean something_is_done(int fd, GIOCondition condition, gpointer data) {
    uint64_t count;
    if (read(fd, &count, sizeof count) == sizeof count)
        tell_all(data);
    return G_SOURCE_CONTINUE;
}

struct oriel_scribe *oriel_scribe_new(void) {
    struct oriel_scribe *s = g_new0(struct oriel_scribe, 1);
    s->given = g_async_queue_new();
    s->done = g_async_queue_new();
    g_queue_init(&s->untold);
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->source = g_unix_fd_add(s->fd, G_IO_IN, something_is_done, s);
    s->thread = g_thread_new("scribe", run, s);
    return s;
}

void oriel_scribe_free(struct oriel_scribe *s) {
    if (!s)
        return;
    g_async_queue_push(s->given, &quit);
    g_thread_join(s->thread);
    tell_all(s);
    g_source_remove(s->source);
    close(s->fd);
    g_async_queue_unref(s->given);
    g_async_queue_unref(s->done);
    g_free(s);
}

static void begin(struct oriel_scribe *s, struct oriel_scribe_job *job) {
    job->since = oriel_boottime();
    job->known = s->known;
    g_queue_push_tail(&s->untold, job);
}

void oriel_scribe_give(struct oriel_scribe *s, struct oriel_scribe_job *job) {
    begin(s, job);
    g_async_queue_push(s->given, job);
}

void oriel_scribe_refuse(struct oriel_scribe *s, struct oriel_scribe_job *job, const char *why) {
    begin(s, job);
    g_set_error_literal(&job->error, G_IO_ERROR, G_IO_ERROR_CANCELLED, why);
    put_down(s, job);
}

void oriel_scribe_wait(struct oriel_scribe *s) {
    while (s->untold.length)
        tell(s, g_async_queue_pop(s->done));
}

guint oriel_scribe_waits(const struct oriel_scribe *s, gint64 *longest) {
    const struct oriel_scribe_job *oldest = g_queue_peek_head((GQueue *)&s->untold);
    *longest = oldest ? oriel_boottime() - oldest->since : 0;
    return s->untold.length;
}
