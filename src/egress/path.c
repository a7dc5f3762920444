/* See path.h. */
#include "path.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "proxy.h"

/* Again after 100 ms, then twice as long each time: RFC 8489 begins with 500, which would leave a fallback no time. */
#define ASK_AGAIN (100 * ORIEL_MILLISECOND)

enum {
    ASK_DOUBLINGS = 5,
    NOT_SENT_MAX = 8 * 1024,
    UNANSWERED_MS = 10000, /* bytes that TCP could not deliver for so long break the connection */
};

static void fail(struct oriel_path *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct oriel_path *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(p->error, sizeof p->error, format, args);
    va_end(args);
    p->reached = p->stream ? p->state : ORIEL_PATH_CONNECTING;
    p->state = ORIEL_PATH_FAILED;
}

static void fail_by(struct oriel_path *p, int number) {
    fail(p, "%s", number == EPIPE ? "it closed the connection" : strerror(number));
}

static void name_address(const struct sockaddr *address, char *out, size_t size) {
    char text[INET6_ADDRSTRLEN] = "";
    bool six = address->sa_family == AF_INET6;
    const struct sockaddr_in *a4 = (const void *)address;
    const struct sockaddr_in6 *a6 = (const void *)address;
    inet_ntop(address->sa_family, six ? (const void *)&a6->sin6_addr : &a4->sin_addr, text, sizeof text);
    snprintf(out, size, "%s%s%s:%u", six ? "[" : "", text, six ? "]" : "", ntohs(six ? a6->sin6_port : a4->sin_port));
}

static int open_socket(const struct sockaddr *address, bool udp) {
    int fd = socket(address->sa_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (!udp) {
        int on = 1, not_sent = NOT_SENT_MAX, unanswered = UNANSWERED_MS;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &not_sent, sizeof not_sent);
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof unanswered);
    }
    socklen_t length = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (connect(fd, address, length) < 0 && errno != EINPROGRESS) {
        int number = errno;
        close(fd);
        return -number;
    }
    return fd;
}

struct oriel_path *oriel_path_new(const struct oriel_server *server, const struct oriel_server *proxy,
                                  oriel_tls_context *context, const struct sockaddr *address, int64_t now) {
    struct oriel_path *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->server = server;
    p->proxy = proxy;
    p->context = context;
    name_address(address, p->at, sizeof p->at);
    oriel_path_new_question(p);
    p->fd = open_socket(address, server->transport == ORIEL_UDP);
    if (p->fd < 0) {
        int number = -p->fd;
        p->fd = -1;
        fail_by(p, number);
    } else if (server->transport == ORIEL_UDP) {
        p->state = ORIEL_PATH_PROVING;
        oriel_path_step(p, now);
    }
    return p;
}

void oriel_path_free(struct oriel_path *p) {
    if (!p)
        return;
    oriel_stream_free(p->stream);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}

int oriel_path_fd(const struct oriel_path *p) {
    return p->stream ? p->stream->fd : p->fd;
}

short oriel_path_events(const struct oriel_path *p) {
    switch (p->state) {
    case ORIEL_PATH_CONNECTING:
        return POLLOUT;
    case ORIEL_PATH_HANDSHAKING:
        return oriel_tls_wants_write(p->stream->tls) ? POLLOUT : POLLIN;
    case ORIEL_PATH_PROXYING:
        return POLLIN;
    case ORIEL_PATH_PROVING:
    case ORIEL_PATH_PROVEN:
        return p->stream ? oriel_stream_events(p->stream) : POLLIN;
    case ORIEL_PATH_FAILED:
        return 0;
    }
    return 0;
}

int64_t oriel_path_time(const struct oriel_path *p) {
    return p->state == ORIEL_PATH_PROVING ? p->next : INT64_MAX;
}

void oriel_path_new_question(struct oriel_path *p) {
    p->requests = 0;
    /* What this gives is no secret; it tells our answer from the ones to media. */
    if (getrandom(p->transaction, sizeof p->transaction, 0) != sizeof p->transaction)
        abort();
}

int oriel_path_ask(struct oriel_path *p, int64_t now) {
    uint8_t request[ORIEL_TURN_QUESTION];
    oriel_turn_question(request, p->transaction);
    p->next = now + (ASK_AGAIN << (p->requests < ASK_DOUBLINGS ? p->requests : ASK_DOUBLINGS));
    p->requests++;
    if (!p->stream)
        return send(p->fd, request, sizeof request, 0) < 0 && errno != EAGAIN ? -errno : 0;
    p->next = INT64_MAX; /* TCP repeats by itself */
    oriel_stream_queue(p->stream, ORIEL_FRAME_CONTROL, request, sizeof request, now);
    return oriel_stream_flush(p->stream, now);
}

static void connected(struct oriel_path *p) {
    int number = 0;
    socklen_t length = sizeof number;
    getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &number, &length);
    if (number) {
        fail_by(p, number);
        return;
    }
    /* Woken without an event, as by another's clock: not there yet. */
    struct sockaddr_storage peer;
    length = sizeof peer;
    if (getpeername(p->fd, (struct sockaddr *)&peer, &length) < 0)
        return;
    p->stream = oriel_stream_new(p->fd);
    p->fd = -1;
    if (!p->stream) {
        fail_by(p, ENOMEM);
        return;
    }
    p->state = ORIEL_PATH_PROXYING;
    char request[ORIEL_PROXY_REQUEST_SIZE];
    size_t size = p->proxy ? oriel_proxy_request(p->server, request) : 0;
    /* An empty socket takes that much at once. */
    if (size && send(p->stream->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        fail(p, "it did not take the request for a tunnel");
}

/* The reply lies in the deframer's buffer until it is whole. */
static bool proxied(struct oriel_path *p) {
    struct oriel_deframer *in = &p->stream->in;
    char error[ORIEL_EGRESS_TEXT_SIZE];
    int came, verdict;
    do {
        came = oriel_stream_read(p->stream);
        verdict = in->end ? oriel_proxy_reply((const char *)in->bytes, in->end, error) : 0;
    } while (came == 1 && verdict == 0);
    if (verdict < 0)
        fail(p, "%s", error);
    else if (verdict == 0 && came < 0)
        fail(p, "the proxy refused the connection: %s", came == -EPIPE ? "it closed it" : strerror(-came));
    if (verdict == 1)
        in->end = 0;
    return verdict == 1;
}

static bool shaken(struct oriel_path *p) {
    char error[ORIEL_EGRESS_TEXT_SIZE];
    int result = oriel_tls_handshake(p->stream->tls, error);
    if (result < 0)
        fail(p, "%s", error);
    return result == 1;
}

/* True: it is decided, one way or the other. */
static bool answered(struct oriel_path *p, const uint8_t *message, size_t length) {
    enum oriel_turn_answer answer = oriel_turn_answer(message, length, p->transaction);
    if (answer == ORIEL_TURN_SERVER) {
        oriel_turn_learn(&p->challenge, message, length);
        p->state = ORIEL_PATH_PROVEN;
    } else if (answer == ORIEL_TURN_OPEN) {
        fail(p, "it relays for anybody, without asking for credentials: such a server is not used");
    }
    return answer != ORIEL_TURN_NONE;
}

static void prove_datagram(struct oriel_path *p) {
    uint8_t bytes[ORIEL_FRAME_MAX + 1];
    ssize_t n;
    while ((n = recv(p->fd, bytes, sizeof bytes, 0)) >= 0) {
        size_t length;
        if (oriel_frame_check(bytes, (size_t)n, &length) == ORIEL_FRAME_CONTROL && answered(p, bytes, length))
            return;
    }
    if (errno != EAGAIN && errno != EINTR)
        fail_by(p, errno);
}

static void prove_stream(struct oriel_path *p) {
    const uint8_t *message;
    size_t length;
    int came, next;
    do {
        came = oriel_stream_read(p->stream);
        while ((next = oriel_deframer_next(&p->stream->in, &message, &length)) == 1)
            if (answered(p, message, length))
                return;
        if (next < 0 || came == -EPROTO || p->stream->in.passed) {
            fail(p, "what answers there is no TURN server");
            return;
        }
    } while (came == 1);
    if (came < 0)
        fail_by(p, -came);
}

static void prove(struct oriel_path *p, int64_t now) {
    int result = p->requests == 0 || now >= p->next ? oriel_path_ask(p, now)
                 : p->stream                        ? oriel_stream_flush(p->stream, now)
                                                    : 0;
    if (result < 0)
        fail_by(p, -result);
    else if (p->stream)
        prove_stream(p);
    else
        prove_datagram(p);
}

void oriel_path_step(struct oriel_path *p, int64_t now) {
    if (p->state == ORIEL_PATH_CONNECTING)
        connected(p);
    if (p->state == ORIEL_PATH_PROXYING && (!p->proxy || proxied(p))) {
        bool secure = p->server->transport == ORIEL_TLS;
        p->state = secure ? ORIEL_PATH_HANDSHAKING : ORIEL_PATH_PROVING;
        if (secure && !(p->stream->tls = oriel_tls_new(p->context, p->stream->fd, p->server)))
            fail_by(p, ENOMEM);
    }
    if (p->state == ORIEL_PATH_HANDSHAKING && shaken(p))
        p->state = ORIEL_PATH_PROVING;
    if (p->state == ORIEL_PATH_PROVING)
        prove(p, now);
}

void oriel_path_describe(const struct oriel_path *p, char out[ORIEL_EGRESS_TEXT_SIZE]) {
    int n = oriel_server_describe(p->server, out);
    if (!p->server->literal || p->proxy)
        snprintf(out + n, ORIEL_EGRESS_TEXT_SIZE - (size_t)n, " (%s%s)", p->proxy ? "through proxy " : "", p->at);
}
