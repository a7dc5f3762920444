/* See io.h. */
#include "io.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static ssize_t disk_write(void *user, int fd, const void *bytes, size_t length, off_t at) {
    return pwrite(fd, bytes, length, at);
}

static int disk_sync(void *user, int fd) {
    return fsync(fd);
}

static int disk_truncate(void *user, int fd, off_t size) {
    return ftruncate(fd, size);
}

static int disk_allocate(void *user, int fd, off_t size) {
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size);
}

static int disk_rename(void *user, int directory, const char *from, const char *to, bool exchange) {
    return renameat2(directory, from, directory, to, exchange ? RENAME_EXCHANGE : 0);
}

static int disk_remove(void *user, int directory, const char *name) {
    return unlinkat(directory, name, 0);
}

const struct oriel_io oriel_io_disk = {disk_write, disk_sync, disk_truncate, disk_allocate, disk_rename, disk_remove};
