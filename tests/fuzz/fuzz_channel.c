/* ipc/channel: the first byte chooses the table and how many fds come along; the rest is the packet. What is accepted
 * has its fields inside of the packet, strings with their NUL; no fd is left behind. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core_capture.h"
#include "core_egress.h"
#include "core_media.h"
#include "core_signal.h"

static const struct oriel_ipc_table *const tables[] = {
    &oriel_core_to_signal,  &oriel_signal_to_core,  &oriel_core_to_media,  &oriel_media_to_core,
    &oriel_core_to_capture, &oriel_capture_to_core, &oriel_core_to_egress, &oriel_egress_to_core};

static void send_packet(int fd, const uint8_t *data, size_t size, unsigned fds) {
    int nothing[8];
    union {
        char bytes[CMSG_SPACE(sizeof nothing)];
        struct cmsghdr align;
    } control = {0};
    struct iovec iov = {(void *)(uintptr_t)data, size};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    for (unsigned i = 0; i < fds; i++)
        nothing[i] = STDIN_FILENO;
    if (fds) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fds * sizeof(int));
        memcpy(CMSG_DATA(c), nothing, fds * sizeof(int));
    }
    sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void check_message(const struct oriel_ipc_message *m) {
    const char *end = m->packet + sizeof m->packet;
    fuzz_check(m->type && m->fd_count == m->type->fds);
    for (size_t i = 0; m->type->fields[i]; i++) {
        char kind = m->type->fields[i];
        if (kind != 's' && kind != 'b')
            continue;
        fuzz_check(m->fields[i].bytes >= m->packet && m->fields[i].bytes + m->fields[i].length <= end);
        if (kind == 's')
            fuzz_check(strlen(m->fields[i].bytes) == m->fields[i].length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct oriel_ipc_message message;
    if (!size)
        return 0;
    int pair[2], lowest = fcntl(STDIN_FILENO, F_DUPFD, 0);
    close(lowest);
    fuzz_check(oriel_ipc_pair(pair) == 0);
    send_packet(pair[0], data + 1, size - 1, data[0] >> 5);
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    if (oriel_ipc_receive(pair[1], tables[data[0] % (sizeof tables / sizeof *tables)], &message) == 1)
        check_message(&message);
    oriel_ipc_message_clear(&message);
    close(pair[0]);
    close(pair[1]);
    int now = fcntl(STDIN_FILENO, F_DUPFD, 0);
    fuzz_check(now == lowest);
    close(now);
    return 0;
}
