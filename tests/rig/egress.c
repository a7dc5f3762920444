/* What core and media are to oriel-egress: starts it with a channel as fd 3, gives it an inside socket, and prints what
 * it says, one JSON object a line; the first line is {"inside": PORT, "pid": PID}, the last {"exit": STATUS}.
 *
 *     rig-egress EGRESS SERVERS PROXY CA REMEMBERED FALLBACK INSIDE USERNAME PASSWORD
 *
 * INSIDE: what is given as the inside socket: "good" (UDP on 127.0.0.1), "tcp", "unbound", "any" (on
 * 0.0.0.0), "connected". On stdin, a line each: "renew", "hangup", "garbage" (a packet that is no message), "shut"
 * (media shuts its socket down). */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core_egress.h"

static void die(const char *what) {
    perror(what);
    exit(2);
}

/* One that the kernel chose, but given by its number, as media gives 3478. */
static in_port_t free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &length) < 0)
        die("a free port");
    close(fd);
    return at.sin_port;
}

static int open_inside(const char *kind, int *port) {
    int fd = socket(AF_INET, (strcmp(kind, "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = free_port()};
    socklen_t length = sizeof at;
    at.sin_addr.s_addr = htonl(strcmp(kind, "any") == 0 ? INADDR_ANY : INADDR_LOOPBACK);
    if (fd < 0 || (strcmp(kind, "unbound") != 0 && bind(fd, (struct sockaddr *)&at, sizeof at) < 0))
        die("inside socket");
    getsockname(fd, (struct sockaddr *)&at, &length);
    if (strcmp(kind, "connected") == 0 && connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        die("connect");
    *port = ntohs(at.sin_port);
    return fd;
}

static pid_t start(char *path, int channel) {
    posix_spawn_file_actions_t actions;
    pid_t pid;
    char *argv[] = {path, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, channel, 3);
    if (posix_spawn(&pid, path, &actions, NULL, argv, environ))
        die(path);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void print_string(const char *text) {
    putchar('"');
    for (; *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20)
            printf("\\u%04x", (unsigned)*text);
        else
            putchar(*text);
    putchar('"');
}

static void print_message(const struct oriel_ipc_message *m) {
    static const char *const names[][7] = {
        [ORIEL_EGRESS_PATH] = {"transport", "detail", "remember", "ms", "generation"},
        [ORIEL_EGRESS_LOST] = {"detail", "generation"},
        [ORIEL_EGRESS_STATS] = {"out", "in", "dropped_out", "dropped_in", "refused", "delay", "delay_max"},
        [ORIEL_EGRESS_FAILED] = {"detail"}};
    printf("{\"message\": \"%s\"", m->type->name);
    for (size_t i = 0; m->type->fields[i]; i++) {
        printf(", \"%s\": ", names[m->type->id][i]);
        if (m->type->fields[i] == 's')
            print_string(m->fields[i].bytes);
        else
            printf("%llu", (unsigned long long)m->fields[i].number);
    }
    puts("}");
}

static void obey(const char *line, int *channel, int inside) {
    if (strcmp(line, "renew\n") == 0)
        oriel_ipc_send(*channel, &oriel_core_to_egress, ORIEL_EGRESS_RENEW);
    else if (strcmp(line, "garbage\n") == 0)
        send(*channel, line, strlen(line), 0);
    else if (strcmp(line, "shut\n") == 0)
        shutdown(inside, SHUT_RDWR);
    else if (strcmp(line, "hangup\n") == 0)
        shutdown(*channel, SHUT_RDWR);
}

int main(int argc, char **argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc != 10)
        return 2;
    static struct oriel_ipc_message message;
    int pair[2], port;
    int inside = open_inside(argv[7], &port);
    if (oriel_ipc_pair(pair) < 0)
        die("socketpair");
    setlinebuf(stdout);
    setvbuf(stdin, NULL, _IONBF, 0);
    pid_t pid = start(argv[1], pair[1]);
    close(pair[1]);
    printf("{\"inside\": %d, \"pid\": %d}\n", port, (int)pid);
    oriel_ipc_send(pair[0], &oriel_core_to_egress, ORIEL_EGRESS_START, argv[2], argv[3], argv[4], argv[5], argv[8],
                   argv[9], (uint32_t)atoi(argv[6]), inside);
    struct pollfd fds[] = {{pair[0], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    for (int result = 1; result != 0;) {
        poll(fds, 2, -1);
        char line[64];
        if (fds[1].revents && (!fgets(line, sizeof line, stdin)))
            fds[1].fd = -1;
        else if (fds[1].revents)
            obey(line, &pair[0], inside);
        while ((result = oriel_ipc_receive(pair[0], &oriel_egress_to_core, &message)) == 1) {
            print_message(&message);
            oriel_ipc_message_clear(&message);
        }
    }
    int status;
    waitpid(pid, &status, 0);
    printf("{\"exit\": %d}\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return 0;
}
