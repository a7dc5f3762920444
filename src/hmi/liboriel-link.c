/* liboriel-link.c: the connection to core.
 *
 * One epoll descriptor holds the socket and one timer, so that the HMI polls a single descriptor. Nothing here waits: a
 * unix socket connects at once or fails, a full socket means that core hangs and counts as closed.
 * After an end it tries again in 0.1 s, doubling up to 2 s; a welcome resets that.
 */
#include "liboriel.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define STATE_EVERY (1000 * MS)
#define WELCOME_WITHIN (3000 * MS)
#define BACKOFF_MIN 100
#define BACKOFF_MAX 2000

uint64_t oriel_link_now(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
}

int oriel_link_watch(struct oriel *o, int fd) {
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(o->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void oriel_link_settled(struct oriel *o) {
    o->backoff = BACKOFF_MIN;
}

int oriel_link_open(struct oriel *o) {
    o->socket = o->timer = -1;
    oriel_link_settled(o);
    o->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (o->epoll < 0)
        return -errno;
    o->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (o->timer < 0)
        return -errno;
    return oriel_link_watch(o, o->timer);
}

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void oriel_link_close(struct oriel *o) {
    close_fd(&o->socket);
    close_fd(&o->timer);
    close_fd(&o->epoll);
    o->link = LINK_DOWN;
}

void oriel_link_arm(struct oriel *o) {
    struct itimerspec when = {0};
    uint64_t due = o->retry_at;

    if (o->link == LINK_UP)
        due = o->state_at;
    else if (o->link == LINK_HELLO)
        due = o->state_at < o->welcome_by ? o->state_at : o->welcome_by;
    if (o->live_at && o->live_at < due)
        due = o->live_at;
    if (o->resend_at && o->resend_at < due)
        due = o->resend_at;
    if (o->broken || due == 0)
        due = 1; /* long past: at once; a value of 0 would switch the timer off */
    when.it_value.tv_sec = (time_t)(due / (1000 * MS));
    when.it_value.tv_nsec = (long)(due % (1000 * MS));
    timerfd_settime(o->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

void oriel_link_break(struct oriel *o, const char *why) {
    close_fd(&o->socket);
    oriel_push_end(o);
    oriel_face_end(o);
    o->live_at = o->resend_at = 0;
    o->n_allowed = 0;
    o->masks_open = 0;
    o->link = LINK_DOWN;
    o->broken = true;
    snprintf(o->why, sizeof o->why, "%s", why);
    o->retry_at = oriel_link_now() + o->backoff * MS;
    o->backoff = o->backoff * 2 < BACKOFF_MAX ? o->backoff * 2 : BACKOFF_MAX;
    oriel_link_arm(o);
}

static void break_errno(struct oriel *o, const char *what, int error) {
    char why[200];

    snprintf(why, sizeof why, "%s %.108s: %s", what, o->path, strerror(error));
    oriel_link_break(o, why);
}

int oriel_link_send(struct oriel *o, struct oriel_packet_writer *packet) {
    int r = oriel_packet_end(packet);

    if (r < 0)
        return r;
    if (o->link == LINK_DOWN)
        return -ENOTCONN;
    if (send(o->socket, packet->text, packet->size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)packet->size)
        return 0;
    if (errno == EAGAIN)
        oriel_link_break(o, "Oriel does not read what it is told");
    else if (errno != EPIPE && errno != ECONNRESET) /* then the last packets, which may say why, are still to be read */
        break_errno(o, "cannot send to", errno);
    return -EPIPE;
}

int oriel_link_send_state(struct oriel *o) {
    struct oriel_packet_writer packet;

    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "state");
    oriel_packet_put_boolean(&packet, "indicator", o->indicator);
    return oriel_link_send(o, &packet);
}

int oriel_link_send_masks(struct oriel *o) {
    struct oriel_packet_writer packet;
    char list[ORIEL_MASKS_MAX * 24 + 1] = "";
    size_t used = 0;

    for (size_t i = 0; i < o->n_masks; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%u,%u,%ux%u", i ? ";" : "", o->masks[i].x,
                                 o->masks[i].y, o->masks[i].width, o->masks[i].height);
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "masks");
    oriel_packet_put_string(&packet, "masks", list);
    o->masks_open++;
    return oriel_link_send(o, &packet);
}

int oriel_link_send_allow(struct oriel *o) {
    struct oriel_packet_writer packet;

    o->resend_at = 0;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "decision");
    oriel_packet_put_string(&packet, "request", o->request);
    oriel_packet_put_boolean(&packet, "allow", true);
    oriel_packet_put_strings(&packet, "scopes", o->allowed, o->n_allowed);
    return oriel_link_send(o, &packet);
}

void oriel_link_stop(struct oriel *o) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = *o->stop ? socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;

    if (fd < 0)
        return;
    memcpy(address.sun_path, o->stop, sizeof address.sun_path);
    /* Nobody waits for the answer: what is sent is there, also after the close. */
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        (void)!send(fd, "p", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static void send_hello(struct oriel *o) {
    struct oriel_packet_writer packet;
    const char *can[3];
    size_t n = 0;

    if (o->callbacks.chat)
        can[n++] = "chat";
    if (o->callbacks.draw)
        can[n++] = "draw";
    if (o->callbacks.face)
        can[n++] = "face";
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "hello");
    oriel_packet_put_integer(&packet, "v", 1);
    oriel_packet_put_string(&packet, "name", o->name);
    if (n)
        oriel_packet_put_strings(&packet, "can", can, n);
    if (oriel_link_send(o, &packet) == 0 && oriel_link_send_state(o) == 0 && o->masks_given)
        oriel_link_send_masks(o);
}

static void connect_now(struct oriel *o, uint64_t time) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int r;

    memcpy(address.sun_path, o->path, sizeof address.sun_path);
    o->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (o->socket < 0) {
        break_errno(o, "cannot make a socket for", errno);
        return;
    }
    if (connect(o->socket, (struct sockaddr *)&address, sizeof address) < 0) {
        break_errno(o, "cannot connect to", errno);
        return;
    }
    r = oriel_link_watch(o, o->socket);
    if (r < 0) {
        break_errno(o, "cannot poll", -r);
        return;
    }
    o->link = LINK_HELLO;
    o->welcome_by = time + WELCOME_WITHIN;
    o->state_at = time + STATE_EVERY;
    send_hello(o);
}

void oriel_link_tick(struct oriel *o) {
    uint64_t expirations, time = oriel_link_now();

    /* Only to make the timer unreadable; how often it fired says nothing. */
    if (read(o->timer, &expirations, sizeof expirations) < 0)
        expirations = 0;
    if (o->link == LINK_DOWN) {
        if (!o->broken && time >= o->retry_at)
            connect_now(o, time);
    } else if (o->link == LINK_HELLO && time >= o->welcome_by) {
        oriel_link_break(o, "Oriel does not answer");
    } else if (time >= o->state_at) {
        o->state_at = time + STATE_EVERY; /* a loop that was late sends one, not all that it missed */
        oriel_link_send_state(o);
    }
    if (o->resend_at && o->link == LINK_UP && time >= o->resend_at)
        oriel_link_send_allow(o);
}

ssize_t oriel_link_receive_from(int socket, void *packet, size_t size, int *ret_fd, bool *ret_whole) {
    struct iovec iov = {.iov_base = packet, .iov_len = size};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr header = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(socket, &header, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&header) : NULL;

    *ret_fd = -1;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(c), sizeof *ret_fd);
    *ret_whole = n >= 0 && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
    return n;
}

uint32_t oriel_wire_get(const uint8_t *bytes) {
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return le32toh(value);
}

void oriel_wire_put(uint8_t *to, uint64_t value, unsigned bytes) {
    value = htole64(value);
    memcpy(to, &value, bytes);
}

int oriel_link_receive(struct oriel *o, char *data, int *ret_fd) {
    bool whole; /* a packet that is too long is told by its length */
    ssize_t n;

    *ret_fd = -1;
    if (o->socket < 0)
        return 0;
    n = oriel_link_receive_from(o->socket, data, ORIEL_PACKET_SIZE, ret_fd, &whole);
    if (n < 0 && errno == ECONNRESET) /* comes once, before packets that are still there */
        n = oriel_link_receive_from(o->socket, data, ORIEL_PACKET_SIZE, ret_fd, &whole);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            break_errno(o, "cannot read from", errno);
        return 0;
    }
    if (n == 0) {
        oriel_link_break(o, "Oriel closed the connection");
        return 0;
    }
    if (n > ORIEL_PACKET_SIZE) {
        close_fd(ret_fd);
        oriel_link_break(o, "protocol: a packet of more than 8 KiB");
        return 0;
    }
    return (int)n;
}
