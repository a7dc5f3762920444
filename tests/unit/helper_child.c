/* A helper for test_helper.c: does what the environment variable ORIEL_TEST_CHILD says, on fd 3, and ends by itself
 * after 20 s at the latest. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_messages.h"

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    oriel_ipc_send(3, &helper_table, HELPER_TEXT, text);
}

/* What it was given: arguments, fds, environment, signals. */
static void report(int argc, char **argv) {
    say("argc=%d argv0=%s", argc, argv[0]);
    char fds[128] = "";
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            snprintf(fds + strlen(fds), sizeof fds - strlen(fds), " %d", fd);
    say("fds=%s", fds);
    char input[64] = "";
    if (readlink("/proc/self/fd/0", input, sizeof input - 1) < 0)
        input[0] = '\0';
    say("stdin=%s", input);
    for (char **e = environ; *e; e++)
        say("env=%s", *e);
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    struct sigaction action;
    sigaction(SIGPIPE, NULL, &action);
    say("blocked=%d pipe=%s", sigismember(&blocked, SIGTERM), action.sa_handler == SIG_DFL ? "default" : "ignored");
}

static void wait_for_hang_up(void) {
    struct pollfd p = {.fd = 3, .events = POLLIN};
    char packet[64];
    while (poll(&p, 1, -1) > 0 && recv(3, packet, sizeof packet, 0) > 0)
        ;
}

/* A child of the helper goes on talking when the helper is gone, for as long as anybody reads. */
static void leave_a_talker(void) {
    if (fork() > 0)
        return;
    alarm(20);
    signal(SIGPIPE, SIG_IGN);
    struct pollfd p = {.fd = 3, .events = POLLOUT};
    while (oriel_ipc_send(3, &helper_table, HELPER_NUMBER, 7u) != -EPIPE)
        poll(&p, 1, 100);
    _exit(0);
}

int main(int argc, char **argv) {
    const char *act = getenv("ORIEL_TEST_CHILD");
    alarm(20);
    if (!act)
        return 99;
    if (strcmp(act, "report") == 0) {
        report(argc, argv);
    } else if (strcmp(act, "count") == 0) {
        for (uint32_t i = 0; i < 100; i++)
            oriel_ipc_send(3, &helper_table, HELPER_NUMBER, i);
        return 7;
    } else if (strcmp(act, "garbage") == 0) {
        say("before");
        if (send(3, "garbage", 7, 0) == 7)
            pause();
    } else if (strcmp(act, "unknown") == 0) {
        if (send(3, "\x09\0\0\0\0\0\0\0", 8, 0) == 8)
            pause();
    } else if (strcmp(act, "files") == 0) {
        for (int i = 0; i < 20; i++)
            oriel_ipc_send(3, &helper_table, HELPER_FILE, 0);
    } else if (strcmp(act, "wait") == 0) {
        say("here");
        pause();
    } else if (strcmp(act, "stubborn") == 0) {
        signal(SIGTERM, SIG_IGN);
        close(3);
        pause();
    } else if (strcmp(act, "hang-up") == 0) {
        say("here");
        wait_for_hang_up();
        return 5;
    } else if (strcmp(act, "abort") == 0) {
        raise(SIGSEGV);
    } else if (strcmp(act, "talker") == 0) {
        leave_a_talker();
        usleep(50000);
    }
    return 0;
}
