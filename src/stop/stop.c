/* See stop.h. */
#include "stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The process that listens, from the moment of listen(): no number of a process that may be another by now, as long as
 * the socket answers connect(). */
static int kill_listener(int fd) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.pid <= 1)
        return -ETIMEDOUT;
    int pidfd = pidfd_open(peer.pid, 0);
    int result = pidfd < 0 ? -errno : pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 ? -errno : 0;
    if (pidfd >= 0)
        close(pidfd);
    return result == -EPERM ? -ETIMEDOUT : result;
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int number = errno;
    close(fd);
    return -number;
}

int oriel_stop_probe(const char *path) {
    int fd = connect_to(path);
    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

int oriel_stop_session(const char *path, char by, struct oriel_stop_result *result) {
    unsigned char answer[2];
    *result = (struct oriel_stop_result){0};
    int fd = connect_to(path), code = 0;
    if (fd < 0)
        return fd;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    send(fd, &by, 1, MSG_NOSIGNAL);
    errno = 0;
    ssize_t n = poll(&p, 1, ORIEL_STOP_PATIENCE) > 0 ? recv(fd, answer, sizeof answer, 0) : -1;
    if (n == 2) {
        result->killed = answer[0];
        result->left = answer[1];
    } else if (n == 0 || (n < 0 && errno == ECONNRESET)) {
        code = -EACCES; /* it looked at us, and closed, with or without having read */
    } else {
        code = kill_listener(fd);
        result->hard = code == 0;
    }
    close(fd);
    return code;
}
