/* See stream.h. */
#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define AGE_MAX (100 * ORIEL_MILLISECOND)

struct oriel_stream *oriel_stream_new(int fd) {
    struct oriel_stream *s = calloc(1, sizeof *s);
    if (!s) {
        close(fd);
        return NULL;
    }
    s->fd = fd;
    oriel_queue_init(&s->control, s->control_bytes, sizeof s->control_bytes, 0);
    oriel_queue_init(&s->media, s->media_bytes, sizeof s->media_bytes, AGE_MAX);
    return s;
}

void oriel_stream_free(struct oriel_stream *s) {
    if (!s)
        return;
    oriel_tls_free(s->tls);
    close(s->fd);
    free(s);
}

static ssize_t raw_read(struct oriel_stream *s, void *out, size_t size) {
    if (s->tls)
        return oriel_tls_read(s->tls, out, size);
    ssize_t n = recv(s->fd, out, size, 0);
    return n < 0 ? -errno : n;
}

static ssize_t raw_write(struct oriel_stream *s, const void *bytes, size_t size) {
    if (s->tls)
        return oriel_tls_write(s->tls, bytes, size);
    ssize_t n = send(s->fd, bytes, size, MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

int oriel_stream_read(struct oriel_stream *s) {
    size_t room;
    uint8_t *at = oriel_deframer_room(&s->in, &room);
    ssize_t n = raw_read(s, at, room);
    s->more = n > 0;
    if (n == -EAGAIN || n == -EINTR)
        return 0;
    if (n <= 0)
        return n ? (int)n : -EPIPE;
    oriel_deframer_add(&s->in, (size_t)n);
    return 1;
}

void oriel_stream_queue(struct oriel_stream *s, enum oriel_frame_kind kind, const uint8_t *message, size_t length,
                        int64_t now) {
    oriel_queue_push(kind == ORIEL_FRAME_CONTROL ? &s->control : &s->media, message, length, now);
}

static size_t pop_media(struct oriel_stream *s, size_t room, int64_t now) {
    size_t before = s->media.dropped;
    int64_t came = oriel_queue_time(&s->media);
    size_t n = oriel_queue_pop(&s->media, s->out + s->out_end, room, now);
    if (n && s->delay && s->media.dropped == before) /* else it was not the first that went */
        oriel_delay_add(s->delay, oriel_monotonic() - came);
    return n;
}

/* Moves whole messages into `out`, padded. */
static void fill(struct oriel_stream *s, int64_t now) {
    s->out_at = s->out_end = 0;
    while (sizeof s->out - s->out_end > 3) {
        size_t room = sizeof s->out - s->out_end - 3;
        size_t n = oriel_queue_pop(&s->control, s->out + s->out_end, room, now);
        if (n == 0 && !s->control.used)
            n = pop_media(s, room, now);
        if (n == 0)
            return;
        size_t padded = oriel_stun_padded(n);
        memset(s->out + s->out_end + n, 0, padded - n);
        s->out_end += padded;
        s->written += n;
    }
}

int oriel_stream_flush(struct oriel_stream *s, int64_t now) {
    for (;;) {
        if (s->out_at == s->out_end)
            fill(s, now);
        if (s->out_at == s->out_end)
            return 0;
        ssize_t n = raw_write(s, s->out + s->out_at, s->out_end - s->out_at);
        if (n == -EAGAIN || n == -EINTR)
            return 0;
        if (n <= 0)
            return n ? (int)n : -EPIPE;
        s->out_at += (size_t)n;
    }
}

short oriel_stream_events(const struct oriel_stream *s) {
    bool waits = s->out_at != s->out_end || s->control.used || s->media.used;
    return waits || (s->tls && oriel_tls_wants_write(s->tls)) ? POLLIN | POLLOUT : POLLIN;
}
