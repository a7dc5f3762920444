/* What the tests of core share: a folder that goes away, the main loop turned until something is so, clients of the
 * unix sockets, and another user. Real files, real sockets, real processes. For tests only; one thread. */
#ifndef CORE_RIG_H
#define CORE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <dirent.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RIG_NOBODY = 65534 };

__attribute__((unused)) static char *rig_folder(void) {
    char *folder = g_dir_make_tmp("oriel-XXXXXX", NULL);
    assert_non_null(folder);
    chmod(folder, 0755); /* another user has to reach the sockets in it */
    return folder;
}

/* Removes `folder` with the files in it, and frees the name. */
__attribute__((unused)) static void rig_remove(char *folder) {
    GDir *d = g_dir_open(folder, 0, NULL);
    for (const char *name; d && (name = g_dir_read_name(d));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            rig_remove(g_steal_pointer(&path));
        else
            g_unlink(path);
    }
    if (d)
        g_dir_close(d);
    g_rmdir(folder);
    g_free(folder);
}

__attribute__((unused)) static int rig_open_fds(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

/* Turns the main loop until `condition` holds, for `seconds` at most; whether it does. */
#define rig_until(condition, seconds)                                                                                  \
    ({                                                                                                                 \
        gint64 rig_end = g_get_monotonic_time() + (gint64)((seconds)*G_USEC_PER_SEC);                                  \
        guint rig_wake = g_timeout_add(10, rig_tick, NULL);                                                            \
        bool rig_holds;                                                                                                \
        while (!(rig_holds = (condition)) && g_get_monotonic_time() < rig_end)                                         \
            g_main_context_iteration(NULL, TRUE);                                                                      \
        g_source_remove(rig_wake);                                                                                     \
        rig_holds;                                                                                                     \
    })

__attribute__((unused)) static gboolean rig_tick(gpointer data) {
    return G_SOURCE_CONTINUE;
}

/* All that is to be done now. */
__attribute__((unused)) static void rig_settle(void) {
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

__attribute__((unused)) static int rig_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The next packet, turning the main loop meanwhile; "(end)" when the other side closed, "(silence)" after 4 s. The
 * caller frees. */
__attribute__((unused)) static char *rig_receive(int fd) {
    char packet[16384];
    ssize_t n = -1;
    bool came = rig_until((n = recv(fd, packet, sizeof packet - 1, MSG_DONTWAIT)) >= 0 || errno != EAGAIN, 20);
    if (!came)
        return g_strdup("(silence)");
    if (n <= 0)
        return g_strdup("(end)");
    packet[n] = '\0';
    return g_strdup(packet);
}

#define assert_receives(fd, expected)                                                                                  \
    do {                                                                                                               \
        g_autofree char *rig_packet = rig_receive(fd);                                                                 \
        assert_string_equal(rig_packet, expected);                                                                     \
    } while (0)

__attribute__((unused)) static void rig_send(int fd, const char *packet) {
    assert_int_equal(send(fd, packet, strlen(packet), MSG_NOSIGNAL), strlen(packet));
}

/* A process of user `nobody` that connects, sends `packet` and ends with 0 when the answer holds `expected`. */
__attribute__((unused)) static pid_t rig_stranger(const char *path, const char *packet, const char *expected) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    alarm(5);
    if (setresuid(RIG_NOBODY, RIG_NOBODY, RIG_NOBODY) < 0)
        _exit(2);
    int fd = rig_connect(path);
    if (fd < 0)
        _exit(errno == EACCES ? 3 : 4);
    char answer[1024] = "";
    send(fd, packet, strlen(packet), MSG_NOSIGNAL);
    bool good = recv(fd, answer, sizeof answer - 1, 0) > 0 && strstr(answer, expected);
    _exit(good && recv(fd, answer, sizeof answer, 0) <= 0 ? 0 : 5);
}

__attribute__((unused)) static int rig_wait(pid_t pid) {
    int status = 0;
    assert_true(rig_until(waitpid(pid, &status, WNOHANG) == pid, 20));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#endif
