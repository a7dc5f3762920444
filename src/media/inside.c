/* See inside.h. */
#include "inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* A keyframe and what comes behind it until egress has its turn. */
enum { ROOM = 512 * 1024 };

int oriel_inside_socket(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(ORIEL_INSIDE_PORT)};
    inet_pton(AF_INET, ORIEL_INSIDE_ADDRESS, &address.sin_addr);
    int room = ROOM;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) < 0) {
        int number = errno;
        close(fd);
        return -number;
    }
    return fd;
}
