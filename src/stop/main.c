/* oriel-stop: ends the session of this device, whatever orield does at the moment; by hand, or by a hardware line.
 * Exit status: 0 nothing is seen any more · 1 could not stop · 2 wrong option. libc only; oriel-stop(1). */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "line.h"
#include "stop.h"

static const char usage[] =
    "usage: oriel-stop [--socket PATH] [--line CHIP:LINE[:low]]\n"
    "  --socket PATH  the stop socket (default " ORIEL_STOP_DEFAULT_SOCKET ")\n"
    "  --line …       go on running, and stop whenever this input becomes active: /dev/gpiochip0:17\n"
    "  --version      print the version\n";

struct options {
    const char *socket, *line;
};

static int parse(int argc, char **argv, struct options *o) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc) {
            o->socket = argv[++i];
        } else if (strcmp(argv[i], "--line") == 0 && i + 1 < argc) {
            o->line = argv[++i];
        } else if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "--help") == 0) {
            fputs(strcmp(argv[i], "--help") == 0 ? usage : "oriel-stop " ORIEL_VERSION "\n", stdout);
            return 0;
        } else {
            fprintf(stderr, "oriel-stop: '%s' does not belong here\n%s", argv[i], usage);
            return 2;
        }
    }
    return -1;
}

static int stop(const char *path, char by) {
    struct oriel_stop_result r;
    int code = oriel_stop_session(path, by, &r);
    if (code == 0 && r.hard)
        puts("stopped: the launcher did not answer and was killed; orield has to be started again");
    else if (code == 0)
        puts(r.killed ? "stopped" : "there was nothing to stop");
    else
        fprintf(stderr, "oriel-stop: %s: %s\n", path,
                code == -ENOENT || code == -ECONNREFUSED ? "no orield runs there, so nothing is seen"
                : code == -EACCES    ? "this user may not stop sessions; [consent] users in oriel.conf names who may"
                : code == -ETIMEDOUT ? "it does not answer, and only root and orield's user may kill it"
                                     : strerror(-code));
    fflush(stdout);
    return code == 0 || code == -ENOENT || code == -ECONNREFUSED ? 0 : 1;
}

static int watch(const struct options *o) {
    int fd = oriel_line_open(o->line, "oriel-stop");
    if (fd < 0) {
        fprintf(stderr, "oriel-stop: --line %s: %s\n", o->line,
                fd == -EINVAL ? "it is /dev/gpiochipN:LINE, with :low when the button pulls it to ground"
                              : strerror(-fd));
        return fd == -EINVAL ? 2 : 1;
    }
    int state = oriel_line_active(fd);
    for (;;) {
        if (state < 0 && state != -EAGAIN && state != -EINTR) {
            fprintf(stderr, "oriel-stop: --line %s: %s\n", o->line, strerror(-state));
            stop(o->socket, 'p'); /* a stop line that is broken is one that was pulled */
            return 1;
        }
        if (state == 1)
            stop(o->socket, 'p');
        struct pollfd p = {.fd = fd, .events = POLLIN};
        poll(&p, 1, -1);
        state = oriel_line_change(fd);
    }
}

int main(int argc, char **argv) {
    struct options o = {.socket = ORIEL_STOP_DEFAULT_SOCKET};
    int status = parse(argc, argv, &o);
    if (status >= 0)
        return status;
    return o.line ? watch(&o) : stop(o.socket, 's');
}
