/* Looks at every TCP and UDP port of an address from outside: rig-probe ADDRESS [FIRST LAST].
 *
 * Prints a line for each port that is not closed, `tcp open PORT`, `tcp silent PORT` or `udp silent PORT`, and at the
 * end `tcp closed N` and `udp closed N`. Closed is what said so itself: a reset, or an ICMP (ICMPv6) port unreachable;
 * so the other side must not limit their rate (topology.mjs sees to it). UDP has no `open`: who gets a datagram that
 * makes no sense to it says nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORTS = 65536, TOGETHER = 256, TCP_WAIT_MS = 1500, UDP_WAIT_MS = 400, UDP_ROUNDS = 5, UDP_BURST = 64 };

enum state { SILENT, CLOSED, OPEN };

static struct sockaddr_storage target;
static socklen_t target_size;

static long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool set_target(const char *text) {
    struct sockaddr_in *four = (struct sockaddr_in *)&target;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&target;
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        target.ss_family = AF_INET;
        target_size = sizeof *four;
        return true;
    }
    target.ss_family = AF_INET6;
    target_size = sizeof *six;
    return inet_pton(AF_INET6, text, &six->sin6_addr) == 1;
}

static const struct sockaddr *port_of_target(int port) {
    if (target.ss_family == AF_INET)
        ((struct sockaddr_in *)&target)->sin_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in6 *)&target)->sin6_port = htons((uint16_t)port);
    return (const struct sockaddr *)&target;
}

static void must(bool good, const char *what) {
    if (!good) {
        perror(what);
        exit(1);
    }
}

static enum state state_of(int number) {
    return number == 0 ? OPEN : number == ECONNREFUSED ? CLOSED : SILENT;
}

static void tcp_some(int first, int count, enum state *states) {
    struct pollfd fds[TOGETHER];
    int left = 0;
    for (int i = 0; i < count; i++) {
        int fd = socket(target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        must(fd >= 0, "socket");
        int result = connect(fd, port_of_target(first + i), target_size);
        bool waits = result < 0 && errno == EINPROGRESS;
        if (!waits)
            states[first + i] = state_of(result < 0 ? errno : 0);
        fds[i] = (struct pollfd){.fd = waits ? fd : -1, .events = POLLOUT};
        left += waits;
        if (!waits)
            close(fd);
    }
    for (long end = now_ms() + TCP_WAIT_MS; left && now_ms() < end;) {
        must(poll(fds, (nfds_t)count, 100) >= 0, "poll");
        for (int i = 0; i < count; i++) {
            int number = 0;
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &number, &(socklen_t){sizeof number});
            states[first + i] = state_of(number);
            close(fds[i].fd);
            fds[i].fd = -1;
            left--;
        }
    }
    for (int i = 0; i < count; i++)
        if (fds[i].fd >= 0)
            close(fds[i].fd);
}

/* Takes in what ICMP said; the address of the error's message is whom the datagram was for. */
static void udp_errors(int fd, enum state *states) {
    char data[64], control[512];
    for (;;) {
        struct sockaddr_in6 to = {0};
        struct iovec part = {data, sizeof data};
        struct msghdr message = {.msg_name = &to,
                                 .msg_namelen = sizeof to,
                                 .msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            return;
        /* The port is at the same place in both kinds of address. */
        states[ntohs(to.sin6_port)] = CLOSED;
    }
}

static void udp_all(int first, int last, enum state *states) {
    int fd = socket(target.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1, room = 8 << 20;
    must(fd >= 0, "socket");
    bool six = target.ss_family == AF_INET6;
    must(setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on) == 0,
         "RECVERR");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room,
               sizeof room); /* else a burst's answers may not fit: asked again */
    for (int round = 0; round < UDP_ROUNDS; round++) {
        int asked = 0;
        for (int port = first; port <= last; port++) {
            if (states[port] == CLOSED)
                continue;
            /* An error that waits is told by the next call; that call is then made again. */
            while (sendto(fd, "?", 1, 0, port_of_target(port), target_size) < 0) {
                must(errno == ECONNREFUSED || errno == ENOBUFS || errno == EAGAIN, "sendto");
                udp_errors(fd, states);
            }
            if (++asked % UDP_BURST == 0)
                udp_errors(fd, states);
        }
        for (long end = now_ms() + UDP_WAIT_MS; asked && now_ms() < end;) {
            poll(&(struct pollfd){.fd = fd}, 1, 20);
            udp_errors(fd, states);
        }
    }
    close(fd);
}

static void report(const char *protocol, int first, int last, const enum state *states) {
    int closed = 0;
    for (int port = first; port <= last; port++) {
        if (states[port] == CLOSED)
            closed++;
        else
            printf("%s %s %d\n", protocol, states[port] == OPEN ? "open" : "silent", port);
    }
    printf("%s closed %d\n", protocol, closed);
}

int main(int argc, char **argv) {
    static enum state tcp[PORTS], udp[PORTS];
    int first = argc > 2 ? atoi(argv[2]) : 1, last = argc > 3 ? atoi(argv[3]) : PORTS - 1;
    if (argc < 2 || !set_target(argv[1]) || first < 1 || last >= PORTS || first > last) {
        fputs("usage: rig-probe ADDRESS [FIRST LAST]\n", stderr);
        return 2;
    }
    for (int port = first; port <= last; port += TOGETHER)
        tcp_some(port, last - port + 1 < TOGETHER ? last - port + 1 : TOGETHER, tcp);
    udp_all(first, last, udp);
    report("tcp", first, last, tcp);
    report("udp", first, last, udp);
    return 0;
}
