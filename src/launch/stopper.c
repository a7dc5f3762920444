/* See stopper.h. */
#include "stopper.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

enum { BACKLOG = 8 };

int oriel_launch_stop_listen(const struct oriel_launch_stop *stop) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(stop->path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, stop->path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    /* One that is alive keeps its place: another orield with this configuration, which core will say. */
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        close(fd);
        return -EADDRINUSE;
    }
    struct stat st;
    if (lstat(stop->path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(stop->path);
    mode_t old = umask(0777); /* nobody connects before the permissions are right */
    int result = bind(fd, (struct sockaddr *)&address, sizeof address);
    int number = errno;
    umask(old);
    if (result == 0 && (chmod(stop->path, stop->user_count ? 0666 : 0600) < 0 || listen(fd, BACKLOG) < 0)) {
        number = errno;
        result = -1;
    }
    if (result == 0)
        return fd;
    close(fd);
    return -number;
}

static bool may_stop(const struct oriel_launch_stop *stop, uid_t uid) {
    for (size_t i = 0; i < stop->user_count; i++)
        if (stop->users[i] == uid)
            return true;
    return uid == 0 || uid == getuid();
}

int oriel_launch_stop_accept(int listener, const struct oriel_launch_stop *stop) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && may_stop(stop, peer.uid))
        return fd;
    oriel_warning("user %ld may not stop sessions; [consent] users names who may", (long)peer.uid);
    close(fd);
    return -1;
}

int oriel_launch_stop_hear(int fd, char *by) {
    ssize_t n = recv(fd, by, 1, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n != 1)
        return -1;
    if (*by != ORIEL_STOP_BY_PERSON)
        *by = ORIEL_STOP_BY_SHELL;
    return 1;
}

void oriel_launch_stop_answer(int fd, unsigned killed, unsigned left) {
    uint8_t answer[2] = {(uint8_t)killed, (uint8_t)left};
    send(fd, answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}
