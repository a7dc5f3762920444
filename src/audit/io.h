/* What the writer of the log does to the disk, so that tests can let each step of it fail or be the last one. */
#ifndef ORIEL_IO_H
#define ORIEL_IO_H

#include <stdbool.h>
#include <sys/types.h>

/* As the system calls, -1 with errno. `user` is the setup's. */
struct oriel_io {
    ssize_t (*write)(void *user, int fd, const void *bytes, size_t length, off_t at);
    int (*sync)(void *user, int fd);
    int (*truncate)(void *user, int fd, off_t size);
    /* Blocks for the first `size` bytes, without a change of the file's size. */
    int (*allocate)(void *user, int fd, off_t size);
    /* `exchange`: both names are there, and each becomes the other's. */
    int (*rename)(void *user, int directory, const char *from, const char *to, bool exchange);
    int (*remove)(void *user, int directory, const char *name);
};

extern const struct oriel_io oriel_io_disk;

#endif
