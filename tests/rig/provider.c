/* A bridge between lines and the consent socket, so that tests in any language can be the person at the panel.
 *
 * Written from src/hmi/PROVIDER.md alone and not with liboriel: a second, independent reader of that document.
 * Each line on stdin is sent as one packet, as it is, good or bad; `@hex 00ff…` sends any bytes. Each packet that
 * arrives is printed as one line. `@closed` is printed when the other side hangs up, `@error …` when something fails.
 * End of stdin closes the connection, as a provider that dies would. It sends nothing by itself. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PACKET_MAX = 128 * 1024 };

static int fail(const char *what) {
    printf("@error %s: %s\n", what, strerror(errno));
    return 1;
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static size_t unhex(char *text) {
    size_t length = 0;
    for (unsigned byte; sscanf(text + 2 * length, "%2x", &byte) == 1; length++)
        text[length] = (char)byte;
    return length;
}

static int send_line(int fd, char *line) {
    size_t length = strlen(line);
    if (strncmp(line, "@hex ", 5) == 0) {
        line += 5;
        length = unhex(line);
    }
    return send(fd, line, length, MSG_NOSIGNAL) < 0 ? fail("send") : 0;
}

/* Sends the whole lines in the buffer and keeps the rest; returns what is left or -1. */
static ssize_t send_lines(int fd, char *buffer, size_t used) {
    char *start = buffer;
    for (char *end; (end = memchr(start, '\n', used - (size_t)(start - buffer))); start = end + 1) {
        *end = 0;
        if (send_line(fd, start))
            return -1;
    }
    size_t left = used - (size_t)(start - buffer);
    memmove(buffer, start, left);
    return (ssize_t)left;
}

static int bridge(int fd) {
    static char input[2 * PACKET_MAX + 16], packet[PACKET_MAX + 1];
    size_t used = 0;
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            return fail("poll");
        if (fds[0].revents) {
            ssize_t length = recv(fd, packet, PACKET_MAX, 0);
            if (length <= 0) {
                puts("@closed");
                return 0;
            }
            packet[length] = 0;
            puts(packet);
        }
        if (fds[1].revents) {
            ssize_t length = read(STDIN_FILENO, input + used, sizeof input - 1 - used);
            if (length <= 0)
                return 0;
            ssize_t left = send_lines(fd, input, used + (size_t)length);
            if (left < 0)
                return 1;
            used = (size_t)left;
        }
    }
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 2) {
        fprintf(stderr, "usage: rig-provider SOCKET\n");
        return 2;
    }
    int fd = connect_to(argv[1]);
    if (fd < 0)
        return fail(argv[1]);
    puts("@connected");
    return bridge(fd);
}
