/* A helper for test_helper.c: does what the first message on fd 3 says, and ends by itself
 * after 20 s at the latest. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
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
    say("argc=%d argv0=%s pid=%d", argc, argv[0], (int)getpid());
    char fds[128] = "";
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            snprintf(fds + strlen(fds), sizeof fds - strlen(fds), " %d", fd);
    say("fds=%s", fds);
    struct stat input;
    bool null = fstat(0, &input) == 0 && S_ISCHR(input.st_mode) && input.st_rdev == makedev(1, 3);
    say("stdin=%s", null ? "/dev/null" : "something");
    for (char **e = environ; *e; e++)
        say("env=%s", *e);
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    struct sigaction pipe, term;
    sigaction(SIGPIPE, NULL, &pipe);
    sigaction(SIGTERM, NULL, &term);
    say("blocked=%d pipe=%s term=%s", sigismember(&blocked, SIGTERM),
        pipe.sa_handler == SIG_DFL ? "default" : "ignored", term.sa_handler == SIG_DFL ? "default" : "ignored");
}

static void wait_for_hang_up(void) {
    struct pollfd p = {.fd = 3, .events = POLLIN};
    char packet[64];
    while (poll(&p, 1, -1) > 0 && recv(3, packet, sizeof packet, 0) > 0)
        ;
}

/* How many MiB of memory it is given. */
static int take_memory(void) {
    enum { MIB = 1024 * 1024 };
    int n = 0;
    for (char *p;
         n < 200 && (p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED;
         n++)
        memset(p, 1, MIB);
    return n;
}

static int start_by(int fd) {
    char *const none[] = {NULL};
    syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
    return errno;
}

static int take_files(void) {
    while (dup(3) >= 0)
        ;
    return errno;
}

static const char *first_message(void) {
    static struct oriel_ipc_message m;
    struct pollfd p = {.fd = 3, .events = POLLIN};
    while (poll(&p, 1, -1) > 0 && oriel_ipc_receive(3, &helper_table, &m) != 1)
        ;
    return m.fields[0].bytes;
}

int main(int argc, char **argv) {
    alarm(20);
    const char *act = first_message();
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
        abort();
    } else if (strcmp(act, "fork") == 0) {
        return fork() < 0 ? errno : 0;
    } else if (strcmp(act, "exec") == 0) {
        char *const none[] = {NULL};
        execve("/lib64/ld-linux-x86-64.so.2", none, none);
        return errno;
    } else if (strcmp(act, "exec-by-fd") == 0) {
        return start_by(open("/etc/ld.so.cache", O_RDONLY));
    } else if (strcmp(act, "exec-by-the-fd") == 0) {
        return start_by(1000);
    } else if (strcmp(act, "memory") == 0) {
        return take_memory();
    } else if (strcmp(act, "files-of-its-own") == 0) {
        return take_files();
    }
    return 0;
}
