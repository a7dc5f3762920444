/* See bridge.h. */
#include "bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"

enum { BATCH = 16, IDLE_EVENTS_MAX = 64, ROUNDS_MAX = 32, FAILURES_MIN = 3 };

#define UNHEARD_MAX (6 * ORIEL_SECOND)
#define DOUBT_MIN (700 * ORIEL_MILLISECOND)
#define DOUBT_MAX (3 * ORIEL_SECOND)
#define USUAL_SPAN (30 * ORIEL_SECOND)
#define USUAL_MAX ORIEL_SECOND /* more was an outage */
#define FAILING_MAX (500 * ORIEL_MILLISECOND)

/* What a call of recvmmsg(2) brings. A datagram that fills its buffer is too long. */
static struct batch {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_in senders[BATCH];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } times[BATCH];
    uint8_t bytes[BATCH][ORIEL_FRAME_MAX + 1];
} received;

/* What goes out with a call of sendmmsg(2): pointers to somebody's bytes. */
struct outgoing {
    unsigned count;
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
};

static int receive(int fd, bool with_sender) {
    for (unsigned i = 0; i < BATCH; i++) {
        received.parts[i] = (struct iovec){received.bytes[i], sizeof received.bytes[i]};
        received.messages[i].msg_hdr = (struct msghdr){.msg_iov = &received.parts[i], .msg_iovlen = 1};
        if (!with_sender)
            continue;
        received.messages[i].msg_hdr.msg_name = &received.senders[i];
        received.messages[i].msg_hdr.msg_namelen = sizeof received.senders[i];
        received.messages[i].msg_hdr.msg_control = &received.times[i];
        received.messages[i].msg_hdr.msg_controllen = sizeof received.times[i];
    }
    int n = recvmmsg(fd, received.messages, BATCH, MSG_DONTWAIT, NULL);
    return n < 0 ? -errno : n;
}

static void add(struct outgoing *o, const uint8_t *bytes, size_t length) {
    o->parts[o->count] = (struct iovec){(void *)(uintptr_t)bytes, length};
    o->messages[o->count].msg_hdr = (struct msghdr){.msg_iov = &o->parts[o->count], .msg_iovlen = 1};
    o->count++;
}

/* Sends all; what a datagram's error says is about an earlier one more often than not, so each is tried twice. Gives
 * back the bytes sent, counts in `dropped`, and keeps the last error that speaks of the path. */
static uint64_t send_all(int fd, struct outgoing *o, uint32_t *dropped, int *error) {
    uint64_t bytes = 0;
    bool again = false;
    for (unsigned at = 0; at < o->count;) {
        int n = sendmmsg(fd, o->messages + at, o->count - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        for (int i = 0; i < n; i++)
            bytes += o->parts[at++].iov_len;
        if (n > 0) {
            again = false;
            continue;
        }
        bool full = errno == EAGAIN || errno == ENOBUFS, long_ = errno == EMSGSIZE;
        if (!full && !long_)
            *error = errno;
        bool drop = full || long_ || again;
        again = !drop;
        at += drop;
        *dropped += drop;
    }
    o->count = 0;
    return bytes;
}

bool oriel_bridge_check(int fd, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    struct sockaddr_in at = {0}, peer;
    socklen_t length = sizeof at, peer_length = sizeof peer, number_length = sizeof(int);
    int type = 0, protocol = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &number_length) < 0 || type != SOCK_DGRAM ||
        getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &number_length) < 0 || protocol != IPPROTO_UDP)
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the inside socket is no UDP socket");
    else if (getsockname(fd, (struct sockaddr *)&at, &length) < 0 || at.sin_family != AF_INET ||
             at.sin_addr.s_addr != htonl(INADDR_LOOPBACK) || !at.sin_port)
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the inside socket is not bound to 127.0.0.1");
    else if (getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0)
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the inside socket is connected already");
    else
        return true;
    return false;
}

static void forget_media(struct oriel_bridge *r) {
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    connect(r->inside, &none, sizeof none);
    r->media_address = 0;
    for (int n, rounds = 0; rounds < 1024 && (n = receive(r->inside, false)) > 0; rounds++)
        r->counters.dropped_out += (uint32_t)n;
}

bool oriel_bridge_open(struct oriel_bridge *r, struct oriel_path *path, bool first, int64_t now,
                       char error[ORIEL_EGRESS_TEXT_SIZE]) {
    if (!first)
        forget_media(r);
    int on = 1;
    setsockopt(r->inside, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on); /* without it, delays are not known */
    r->path = path;
    if (path->stream) {
        path->stream->written = 0; /* our own question */
        path->stream->delay = &r->delay;
    }
    r->sent = now;
    r->unheard = r->failing = 0;
    r->failures = 0;
    r->fed = false;
    return first || oriel_bridge_check(r->inside, error);
}

struct oriel_counters oriel_bridge_counters(const struct oriel_bridge *r) {
    struct oriel_counters c = r->counters;
    const struct oriel_stream *s = r->path ? r->path->stream : NULL;
    if (s) {
        c.dropped_out += (uint32_t)(s->control.dropped + s->media.dropped);
        c.refused += s->in.passed;
        c.bytes_out += s->written;
    }
    return c;
}

/* By UDP; what went by a connection ends with it. */
static void release(const struct oriel_bridge *r) {
    uint8_t request[ORIEL_TURN_MESSAGE_MAX];
    if (!r->path || r->path->stream || !r->path->allocated)
        return;
    size_t size = oriel_turn_release(&r->path->challenge, &r->credentials, request);
    if (size && send(r->path->fd, request, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        oriel_debug("the allocation is not released: %s", strerror(errno));
}

void oriel_bridge_close(struct oriel_bridge *r) {
    release(r);
    r->counters = oriel_bridge_counters(r);
    oriel_path_free(r->path);
    r->path = NULL;
}

/* Whether it comes from media's transport; the first Allocate request says which one that is. */
static bool is_medias(struct oriel_bridge *r, const struct sockaddr_in *from, const uint8_t *bytes,
                      enum oriel_frame_kind kind) {
    if (r->media_address)
        return from->sin_addr.s_addr == r->media_address && from->sin_port == r->media_port;
    if (kind != ORIEL_FRAME_CONTROL || !oriel_frame_is_allocate(bytes) || ntohl(from->sin_addr.s_addr) >> 24 != 127)
        return false;
    r->media_address = from->sin_addr.s_addr;
    r->media_port = from->sin_port;
    connect(r->inside, (const struct sockaddr *)from, sizeof *from);
    return true;
}

/* Errors of a UDP socket tell that the server, or the way to it, is gone, but one alone tells nothing. */
static void note_error(struct oriel_bridge *r, int64_t now) {
    r->failures++;
    if (!r->failing)
        r->failing = now;
}

static void heard(struct oriel_bridge *r, enum oriel_frame_kind kind, int64_t now) {
    int64_t took = r->unheard ? now - r->unheard : 0;
    if (now - r->turned > USUAL_SPAN) {
        r->longest[1] = r->longest[0];
        r->longest[0] = 0;
        r->turned = now;
    }
    if (took > r->longest[0])
        r->longest[0] = took < USUAL_MAX ? took : USUAL_MAX;
    r->fed |= kind == ORIEL_FRAME_MEDIA;
    r->unheard = r->failing = 0;
    r->failures = 0;
}

int64_t oriel_bridge_usual(const struct oriel_bridge *r) {
    return r->longest[0] > r->longest[1] ? r->longest[0] : r->longest[1];
}

int64_t oriel_bridge_doubt(const struct oriel_bridge *r) {
    int64_t wait = oriel_bridge_usual(r) * 5 / 2;
    wait = wait < DOUBT_MIN ? DOUBT_MIN : wait < DOUBT_MAX ? wait : DOUBT_MAX;
    return r->path && r->unheard ? r->unheard + wait : INT64_MAX;
}

void oriel_bridge_believe(struct oriel_bridge *r) {
    r->unheard = 0;
}

/* When the kernel took message `i`, in monotonic time; `now` when it does not say: media could turn that off. */
static int64_t arrival(unsigned i, int64_t now, int64_t wall) {
    struct msghdr *m = &received.messages[i].msg_hdr;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        struct timespec t;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&t, CMSG_DATA(c), sizeof t);
        int64_t waited = wall - ((int64_t)t.tv_sec * ORIEL_SECOND + t.tv_nsec);
        return waited > 0 && waited < ORIEL_SECOND ? now - waited : now; /* the wall clock may have been turned */
    }
    return now;
}

static void note_delays(struct oriel_bridge *r, const int64_t *came, unsigned count) {
    int64_t now = oriel_monotonic();
    for (unsigned i = 0; i < count; i++)
        oriel_delay_add(&r->delay, now - came[i]);
}

/* Media's first question, to which the server has told us the answer. */
static bool answered(struct oriel_bridge *r, const uint8_t *message, size_t length) {
    uint8_t answer[ORIEL_TURN_MESSAGE_MAX];
    size_t size = oriel_turn_answer_media(&r->path->challenge, message, length, answer);
    if (size && send(r->inside, answer, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        r->counters.dropped_in++;
    return size != 0;
}

/* From media to the path. */
static void pass_out(struct oriel_bridge *r, int n, int64_t now) {
    struct outgoing o = {0};
    struct oriel_stream *stream = r->path->stream;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    int64_t monotonic = oriel_monotonic(), came[BATCH];
    for (int i = 0; i < n; i++) {
        size_t length;
        const uint8_t *bytes = received.bytes[i];
        int64_t at = arrival((unsigned)i, monotonic, (int64_t)wall.tv_sec * ORIEL_SECOND + wall.tv_nsec);
        enum oriel_frame_kind kind = oriel_frame_check(bytes, received.messages[i].msg_len, &length);
        if (kind == ORIEL_FRAME_BAD) {
            r->counters.refused++;
        } else if (!is_medias(r, &received.senders[i], bytes, kind)) {
            r->counters.dropped_out++;
        } else if (kind == ORIEL_FRAME_CONTROL && answered(r, bytes, length)) {
            continue;
        } else if (stream) {
            oriel_stream_queue(stream, kind, bytes, length, at);
            r->sent = now;
        } else {
            came[o.count] = at;
            add(&o, bytes, length);
        }
    }
    int error = 0;
    if (o.count) {
        unsigned count = o.count;
        r->sent = now;
        r->counters.bytes_out += send_all(r->path->fd, &o, &r->counters.dropped_out, &error);
        note_delays(r, came, count);
    }
    if (error)
        note_error(r, now);
    if (r->sent == now && !r->unheard)
        r->unheard = now;
}

bool oriel_bridge_inside(struct oriel_bridge *r, short events, int64_t now) {
    if (!events)
        return true;
    bool came = false;
    for (int n, rounds = 0; rounds < ROUNDS_MAX && (n = receive(r->inside, true)) > 0; rounds++) {
        came = true;
        pass_out(r, n, now);
        if (n < BATCH)
            break;
    }
    if (events & POLLERR) { /* what media did not take: a transport of its that is gone */
        int number;
        socklen_t length = sizeof number;
        getsockopt(r->inside, SOL_SOCKET, SO_ERROR, &number, &length);
    }
    /* Media can make its socket "ready" for ever, and would keep us busy for nothing. */
    r->idle_events = came ? 0 : r->idle_events + 1;
    return r->idle_events < IDLE_EVENTS_MAX;
}

/* To media; what it does not take is dropped. */
static void send_inside(struct oriel_bridge *r, struct outgoing *o) {
    int error = 0;
    unsigned count = o->count;
    if (!r->media_address) {
        r->counters.dropped_in += count;
        o->count = 0;
    } else if (count) {
        r->counters.bytes_in += send_all(r->inside, o, &r->counters.dropped_in, &error);
    }
}

/* Of the server's own words: whether they are to our question; what of the others is to be known. */
static bool is_ours(struct oriel_bridge *r, enum oriel_frame_kind kind, const uint8_t *message, size_t length) {
    if (kind != ORIEL_FRAME_CONTROL)
        return false;
    if (oriel_turn_answer(message, length, r->path->transaction) != ORIEL_TURN_NONE)
        return true;
    oriel_turn_learn(&r->path->challenge, message, length); /* a nonce grows old, and is replaced */
    r->path->allocated |= oriel_turn_allocated(message);
    return false;
}

static void datagrams_in(struct oriel_bridge *r, int64_t now) {
    struct outgoing o = {0};
    int n = 0;
    for (int rounds = 0; rounds < ROUNDS_MAX && (n = receive(r->path->fd, false)) > 0; rounds++) {
        for (int i = 0; i < n; i++) {
            size_t length;
            enum oriel_frame_kind kind = oriel_frame_check(received.bytes[i], received.messages[i].msg_len, &length);
            if (kind == ORIEL_FRAME_BAD)
                r->counters.refused++;
            else if (heard(r, kind, now), !is_ours(r, kind, received.bytes[i], length))
                add(&o, received.bytes[i], length);
        }
        send_inside(r, &o);
        if (n < BATCH)
            return;
    }
    if (n < 0 && n != -EAGAIN && n != -EINTR)
        note_error(r, now);
}

/* False when the stream is broken. */
static bool messages_in(struct oriel_bridge *r, int64_t now, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    struct oriel_stream *s = r->path->stream;
    struct outgoing o = {0};
    for (int rounds = 0, came = 1; rounds < ROUNDS_MAX && came == 1; rounds++) {
        const uint8_t *message;
        size_t length;
        int next;
        came = oriel_stream_read(s);
        while ((next = oriel_deframer_next(&s->in, &message, &length)) == 1) {
            enum oriel_frame_kind kind = oriel_frame_check(message, length, &length);
            heard(r, kind, now);
            if (is_ours(r, kind, message, length))
                continue;
            add(&o, message, length);
            if (o.count == BATCH)
                send_inside(r, &o);
        }
        send_inside(r, &o);
        if (next < 0 || came == -EPROTO)
            snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the server sent what is no TURN message");
        else if (came < 0)
            snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "%s",
                     came == -EPIPE ? "the server closed the connection" : strerror(-came));
        if (next < 0 || came < 0)
            return false;
    }
    return true;
}

bool oriel_bridge_outside(struct oriel_bridge *r, short events, int64_t now, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    struct oriel_stream *s = r->path->stream;
    int number = s ? oriel_stream_flush(s, now) : 0;
    if (number == 0 && s && (events || s->more) && !messages_in(r, now, error))
        return false;
    if (!s && events)
        datagrams_in(r, now);
    if (number == 0 && r->unheard && now - r->unheard >= UNHEARD_MAX) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "no answer for %d s", (int)(UNHEARD_MAX / ORIEL_SECOND));
        return false;
    }
    if (!s && number) {
        note_error(r, now);
        number = 0;
    }
    if (number) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "%s", strerror(-number));
        return false;
    }
    if (r->failures >= FAILURES_MIN && now - r->failing >= FAILING_MAX) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the server, or the way to it, is gone");
        return false;
    }
    return true;
}

int64_t oriel_bridge_time(const struct oriel_bridge *r) {
    if (r->path->stream && r->path->stream->more)
        return 0;
    return r->unheard ? r->unheard + UNHEARD_MAX : INT64_MAX;
}
