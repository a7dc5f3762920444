/* See network.h. */
#include "network.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int oriel_network_watch(void) {
    static const int groups[] = {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
    const struct nlmsghdr nothing = {.nlmsg_len = sizeof nothing, .nlmsg_type = NLMSG_NOOP};
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    int failed = 0;
    for (unsigned i = 0; i < sizeof groups / sizeof *groups; i++)
        failed |= setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof groups[i]);
    if (failed || sendto(fd, &nothing, sizeof nothing, 0, (const struct sockaddr *)&kernel, sizeof kernel) < 0) {
        int number = errno;
        close(fd);
        return -number;
    }
    return fd;
}

void oriel_network_clear(int watch) {
    char bytes[8192];
    /* ENOBUFS says that some are missing, and is taken by being read. */
    while (recv(watch, bytes, sizeof bytes, MSG_DONTWAIT) >= 0 || errno == ENOBUFS || errno == EINTR)
        ;
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b) {
    const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
    const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;
    if (a->ss_family == AF_INET)
        return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
    return memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}

bool oriel_network_moved(int socket_) {
    struct sockaddr_storage own, peer, now;
    socklen_t own_size = sizeof own, peer_size = sizeof peer, now_size = sizeof now;
    if (getsockname(socket_, (struct sockaddr *)&own, &own_size) < 0 ||
        getpeername(socket_, (struct sockaddr *)&peer, &peer_size) < 0 ||
        (peer.ss_family != AF_INET && peer.ss_family != AF_INET6))
        return false;
    int probe = socket(peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* connecting it sends nothing */
    bool moved = probe >= 0 && connect(probe, (struct sockaddr *)&peer, peer_size) == 0 &&
                 getsockname(probe, (struct sockaddr *)&now, &now_size) == 0 && !same_address(&own, &now);
    if (probe >= 0)
        close(probe);
    return moved;
}
