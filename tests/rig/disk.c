/* A disk that is slow, or during whose work the machine stops, for LD_PRELOAD: what a program does with files below
 * RIG_DISK (a directory). RIG_DISK_ORDERS is a file that is read before each step; it may say
 *   delay MS           fsync takes that long
 *   fail ERRNO         each step fails with this error
 *   kill N             the program is killed before the N-th step from its start on
 * Steps are write, fsync, truncate, allocate, rename and unlink; each is a line in RIG_DISK_STEPS, if that is there.
 * Programs that orield starts have an environment of their own, without all this. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static char directory[512], orders[512], steps_file[512];
static int steps;

__attribute__((constructor)) static void begin(void) {
    snprintf(directory, sizeof directory, "%s", getenv("RIG_DISK"));
    snprintf(orders, sizeof orders, "%s", getenv("RIG_DISK_ORDERS"));
    snprintf(steps_file, sizeof steps_file, "%s", getenv("RIG_DISK_STEPS"));
}

static int is_meant(int fd) {
    char link[64], path[1024];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return 0;
    path[n] = '\0';
    return strncmp(path, directory, strlen(directory)) == 0;
}

static long order(const char *what) {
    char text[64] = "";
    int fd = open(orders, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
        text[0] = '\0';
    if (fd >= 0)
        close(fd);
    size_t length = strlen(what);
    return strncmp(text, what, length) == 0 ? strtol(text + length, NULL, 10) : 0;
}

/* Whether the step fails. */
static int step(int fd, const char *name) {
    if (!is_meant(fd))
        return 0;
    steps++;
    if (steps == order("kill "))
        raise(SIGKILL);
    int out = open(steps_file, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (out >= 0) {
        dprintf(out, "%s\n", name);
        close(out);
    }
    long ms = strcmp(name, "fsync") == 0 ? order("delay ") : 0;
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    errno = (int)order("fail ");
    return errno != 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    return step(fd, "write") ? -1 : NEXT(pwrite64)(fd, bytes, length, at);
}

int fsync(int fd) {
    return step(fd, "fsync") ? -1 : NEXT(fsync)(fd);
}

int ftruncate64(int fd, off64_t size) {
    return step(fd, "truncate") ? -1 : NEXT(ftruncate64)(fd, size);
}

int fallocate64(int fd, int mode, off64_t at, off64_t size) {
    return step(fd, "allocate") ? -1 : NEXT(fallocate64)(fd, mode, at, size);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
    return step(from_fd, "rename") ? -1 : NEXT(renameat2)(from_fd, from, to_fd, to, flags);
}

int unlinkat(int fd, const char *name, int flags) {
    return step(fd, "unlink") ? -1 : NEXT(unlinkat)(fd, name, flags);
}
