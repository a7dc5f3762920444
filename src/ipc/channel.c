/* See channel.h. */
#include "channel.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER_SIZE = 8 };

bool oriel_ipc_is_channel(int fd) {
    int domain = 0, type = 0;
    socklen_t size = sizeof(int);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

int oriel_ipc_pair(int fds[2]) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
        return -errno;
    for (int i = 0; i < 2; i++) {
        /* Room for two of the largest packets, so that one never fails for want of buffer alone. */
        int size = 2 * ORIEL_IPC_PACKET_MAX;
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    return 0;
}

static const struct oriel_ipc_type *find_type(const struct oriel_ipc_table *table, uint16_t id) {
    for (size_t i = 0; i < table->count; i++)
        if (table->types[i].id == id)
            return &table->types[i];
    return NULL;
}

static void put(char *out, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)(value >> (8 * i));
}

static uint64_t get(const char *in, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)(unsigned char)in[i] << (8 * i);
    return value;
}

struct writer {
    char packet[ORIEL_IPC_PACKET_MAX];
    size_t length;
    bool overflow;
};

static void write_number(struct writer *w, uint64_t value, size_t bytes) {
    if (w->overflow || sizeof w->packet - w->length < bytes) {
        w->overflow = true;
        return;
    }
    put(w->packet + w->length, value, bytes);
    w->length += bytes;
}

static void write_bytes(struct writer *w, const void *bytes, size_t length) {
    if (w->overflow || sizeof w->packet - w->length < length) {
        w->overflow = true;
        return;
    }
    if (length)
        memcpy(w->packet + w->length, bytes, length);
    w->length += length;
}

static int send_packet(int fd, struct writer *w, const int *fds, unsigned fd_count) {
    struct iovec iov = {.iov_base = w->packet, .iov_len = w->length};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * ORIEL_IPC_FDS_MAX)];
    } control = {0};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd_count) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
    }
    ssize_t n;
    do
        n = sendmsg(fd, &header, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET || errno == ENOTCONN ? -EPIPE : -errno;
    return 0;
}

int oriel_ipc_send(int fd, const struct oriel_ipc_table *table, unsigned id, ...) {
    const struct oriel_ipc_type *type = find_type(table, id);
    if (!type)
        return -EINVAL;
    struct writer w;
    w.length = 0;
    w.overflow = false;
    write_number(&w, id, 2);
    write_number(&w, 0, 2);
    write_number(&w, 0, 4);
    va_list args;
    va_start(args, id);
    for (const char *f = type->fields; *f; f++) {
        switch (*f) {
        case 'u':
            write_number(&w, va_arg(args, uint32_t), 4);
            break;
        case 't':
            write_number(&w, va_arg(args, uint64_t), 8);
            break;
        case 's': {
            const char *text = va_arg(args, const char *);
            write_number(&w, strlen(text), 4);
            write_bytes(&w, text, strlen(text) + 1);
            break;
        }
        case 'b': {
            const void *bytes = va_arg(args, const void *);
            size_t length = va_arg(args, size_t);
            write_number(&w, length, 4);
            write_bytes(&w, bytes, length);
            break;
        }
        }
    }
    int fds[ORIEL_IPC_FDS_MAX];
    for (unsigned i = 0; i < type->fds; i++)
        fds[i] = va_arg(args, int);
    va_end(args);
    if (w.overflow)
        return -EMSGSIZE;
    put(w.packet + 4, w.length - HEADER_SIZE, 4);
    return send_packet(fd, &w, fds, type->fds);
}

static bool parse_fields(struct oriel_ipc_message *m) {
    size_t at = HEADER_SIZE, i = 0;
    for (const char *f = m->type->fields; *f; f++, i++) {
        size_t number = *f == 't' ? 8 : 4;
        if (m->length - at < number)
            return false;
        m->fields[i].number = get(m->packet + at, number);
        at += number;
        if (*f != 's' && *f != 'b')
            continue;
        size_t length = (size_t)m->fields[i].number;
        size_t space = *f == 's' ? length + 1 : length;
        if (m->length - at < space)
            return false;
        const char *bytes = m->packet + at;
        if (*f == 's' && (bytes[length] != '\0' || memchr(bytes, '\0', length)))
            return false;
        m->fields[i].bytes = bytes;
        m->fields[i].length = length;
        at += space;
    }
    return at == m->length;
}

static void take_control(struct msghdr *header, struct oriel_ipc_message *m) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        unsigned n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (unsigned i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            if (m->fd_count < ORIEL_IPC_FDS_MAX)
                m->fds[m->fd_count++] = fd;
            else
                close(fd);
        }
    }
}

int oriel_ipc_receive(int fd, const struct oriel_ipc_table *table, struct oriel_ipc_message *m) {
    struct iovec iov = {.iov_base = m->packet, .iov_len = sizeof m->packet};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * ORIEL_IPC_FDS_MAX)];
    } control;
    struct msghdr header = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t n;
    do
        n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    /* ECONNRESET: the peer closed before it read all of ours. It is told once, before packets that are still there:
     * they are the peer's last words. */
    while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n < 0)
        return -errno;
    m->fd_count = 0;
    take_control(&header, m);
    if (n == 0)
        return 0;
    m->length = (size_t)n;
    m->type = m->length >= HEADER_SIZE ? find_type(table, (uint16_t)get(m->packet, 2)) : NULL;
    bool good = m->type && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && get(m->packet + 2, 2) == 0 &&
                get(m->packet + 4, 4) == m->length - HEADER_SIZE && m->type->fds == m->fd_count && parse_fields(m);
    if (!good) {
        oriel_ipc_message_clear(m);
        return -EPROTO;
    }
    return 1;
}

int oriel_ipc_take_fd(struct oriel_ipc_message *m, unsigned index) {
    if (index >= m->fd_count)
        return -1;
    int fd = m->fds[index];
    m->fds[index] = -1;
    return fd;
}

void oriel_ipc_message_clear(struct oriel_ipc_message *m) {
    for (unsigned i = 0; i < m->fd_count; i++)
        if (m->fds[i] >= 0)
            close(m->fds[i]);
    m->fd_count = 0;
}
