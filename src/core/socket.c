/* See socket.h. */
#include "socket.h"

#include <errno.h>
#include <gio/gio.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool somebody_listens(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Whatever else goes wrong (not allowed, backlog full), only a refusal says that nobody is there. */
    bool listens =
        fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno != ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return listens;
}

int oriel_socket_listen(const char *path, int type, mode_t mode, GError **error) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!*path || strlen(path) >= sizeof address.sun_path) { /* an empty one would be a socket without permissions */
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "socket path '%s' is empty or over %zu bytes", path,
                    sizeof address.sun_path - 1);
        return -1;
    }
    strcpy(address.sun_path, path);
    g_autofree char *directory = g_path_get_dirname(path);
    g_mkdir_with_parents(directory, 0755);
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        if (somebody_listens(&address)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                        "%s is in use; another orield runs with this configuration", path);
            return -1;
        }
        unlink(path);
    }
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(0777); /* nobody connects before the permissions are right */
    int bound = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof address);
    int number = errno;
    umask(old);
    if (bound == 0 && (chmod(path, mode) < 0 || listen(fd, 8) < 0)) {
        number = errno;
        bound = -1;
    }
    if (bound < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(number), "cannot listen on %s: %s", path,
                    g_strerror(number));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

uid_t oriel_socket_peer(int fd) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.uid : (uid_t)-1;
}

bool oriel_socket_has_lines(int fd) {
    int type;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

bool oriel_socket_send(int fd, void *json) {
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (!text)
        return false;
    size_t length = strlen(text);
    if (oriel_socket_has_lines(fd))
        text[length++] = '\n'; /* in the place of the NUL; what is sent in part only is not read by the peer in time */
    bool sent = send(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
    free(text);
    return sent;
}

bool oriel_socket_send_fd(int fd, void *json, int passed) {
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (!text)
        return false;
    struct iovec iov = {.iov_base = text, .iov_len = strlen(text)};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof passed)];
    } control = {0};
    struct msghdr header = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof passed);
    memcpy(CMSG_DATA(c), &passed, sizeof passed);
    bool sent = sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
    free(text);
    return sent;
}

/* Packets left unread at a close are a connection reset for the peer, in front of our last words (unix(7)). */
void oriel_socket_close(int fd) {
    char packet[1];
    shutdown(fd, SHUT_RD); /* no more can come, so this ends */
    while (recv(fd, packet, sizeof packet, MSG_DONTWAIT) > 0)
        ;
    close(fd);
}
