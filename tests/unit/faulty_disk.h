/* A disk under the log's writer that fails, or loses its power, at the step that a test names. What was written and not
 * synced may be lost, kept, or kept in part when the power goes, as with a real disk; so may the changes of names. For
 * tests only. */
#ifndef FAULTY_DISK_H
#define FAULTY_DISK_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"

enum faulty_loss { FAULTY_LOST, FAULTY_KEPT, FAULTY_TORN, FAULTY_ZEROS, FAULTY_FILES_ONLY, FAULTY_LOSSES };

struct faulty_change {
    int fd; /* of a file, or of the directory for names */
    ino_t inode;
    off_t at, size_before;
    size_t length, before_length;
    char *before, *bytes; /* what stood there; what was written */
    char from[64], to[64];
    enum { FAULTY_WRITE, FAULTY_TRUNCATE, FAULTY_RENAME, FAULTY_EXCHANGE, FAULTY_REMOVE } kind;
};

struct faulty_disk {
    int steps, at; /* steps so far; the one that goes wrong, from 1, 0: none */
    int error;     /* it fails with this, 0: the power goes */
    bool stays;    /* and so do all after it */
    bool dead;
    struct faulty_change changes[512];
    size_t count;
};

/* 0: goes on; else errno. */
__attribute__((unused)) static int faulty_step(struct faulty_disk *d) {
    d->steps++;
    if (d->dead)
        return EIO;
    if (!d->at || d->steps < d->at || (d->steps > d->at && !d->stays))
        return 0;
    d->dead = d->error == 0;
    return d->error ? d->error : EIO;
}

__attribute__((unused)) static struct faulty_change *faulty_note(struct faulty_disk *d, int fd) {
    struct faulty_change *c = &d->changes[d->count++];
    struct stat st;
    fstat(fd, &st);
    *c = (struct faulty_change){.fd = dup(fd), .inode = st.st_ino, .size_before = st.st_size};
    return c;
}

__attribute__((unused)) static void faulty_forget(struct faulty_disk *d, size_t i) {
    close(d->changes[i].fd);
    free(d->changes[i].before);
    free(d->changes[i].bytes);
    memmove(&d->changes[i], &d->changes[i + 1], (--d->count - i) * sizeof *d->changes);
}

__attribute__((unused)) static void faulty_save(struct faulty_change *c, int fd, off_t at, size_t length) {
    c->at = at;
    c->before = malloc(length + 1);
    ssize_t n = pread(fd, c->before, length, at);
    c->before_length = n > 0 ? (size_t)n : 0;
}

__attribute__((unused)) static ssize_t faulty_write(void *user, int fd, const void *bytes, size_t length, off_t at) {
    struct faulty_disk *d = user;
    int error = faulty_step(d);
    if (error == 0 || d->dead) { /* of the step at which the power goes, a part may be there */
        if (error && d->steps != d->at) {
            errno = error;
            return -1;
        }
        struct faulty_change *c = faulty_note(d, fd);
        faulty_save(c, fd, at, length);
        c->kind = FAULTY_WRITE;
        c->length = length;
        c->bytes = memcpy(malloc(length), bytes, length);
        ssize_t n = pwrite(fd, bytes, length, at);
        if (!error)
            return n;
    } else if (error == ENOSPC && length > 1) { /* as much as there is room for */
        d->at = d->steps + 1;
        return pwrite(fd, bytes, length / 2, at);
    }
    errno = error;
    return -1;
}

__attribute__((unused)) static int faulty_sync(void *user, int fd) {
    struct faulty_disk *d = user;
    int error = faulty_step(d);
    struct stat st;
    fstat(fd, &st);
    for (size_t i = 0; !error && i < d->count;)
        if (d->changes[i].inode == st.st_ino)
            faulty_forget(d, i);
        else
            i++;
    errno = error;
    return error ? -1 : 0;
}

__attribute__((unused)) static int faulty_truncate(void *user, int fd, off_t size) {
    struct faulty_disk *d = user;
    int error = faulty_step(d);
    if (error) {
        errno = error;
        return -1;
    }
    struct faulty_change *c = faulty_note(d, fd);
    c->kind = FAULTY_TRUNCATE;
    if (c->size_before > size)
        faulty_save(c, fd, size, (size_t)(c->size_before - size));
    return ftruncate(fd, size);
}

__attribute__((unused)) static int faulty_allocate(void *user, int fd, off_t size) {
    int error = faulty_step(user);
    errno = error;
    return error ? -1 : fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size);
}

__attribute__((unused)) static int faulty_rename(void *user, int directory, const char *from, const char *to,
                                                 bool exchange) {
    struct faulty_disk *d = user;
    int error = faulty_step(d);
    if (!error && oriel_io_disk.rename(NULL, directory, from, to, exchange) < 0)
        return -1;
    if (!error) {
        struct faulty_change *c = faulty_note(d, directory);
        c->kind = exchange ? FAULTY_EXCHANGE : FAULTY_RENAME;
        snprintf(c->from, sizeof c->from, "%s", from);
        snprintf(c->to, sizeof c->to, "%s", to);
    }
    errno = error;
    return error ? -1 : 0;
}

__attribute__((unused)) static int faulty_remove(void *user, int directory, const char *name) {
    struct faulty_disk *d = user;
    int error = faulty_step(d);
    if (!error) {
        struct faulty_change *c = faulty_note(d, directory);
        c->kind = FAULTY_REMOVE;
        snprintf(c->from, sizeof c->from, "%s", name);
        snprintf(c->to, sizeof c->to, "saved-%s", name);
        return renameat(directory, name, directory, c->to);
    }
    errno = error;
    return -1;
}

static const struct oriel_io faulty_io __attribute__((unused)) = {faulty_write,    faulty_sync,   faulty_truncate,
                                                                  faulty_allocate, faulty_rename, faulty_remove};

__attribute__((unused)) static void faulty_undo(struct faulty_change *c) {
    static const char zeros[8192];
    switch (c->kind) {
    case FAULTY_WRITE:
    case FAULTY_TRUNCATE:
        if (ftruncate(c->fd, c->size_before) < 0 || pwrite(c->fd, c->before, c->before_length, c->at) < 0)
            abort();
        (void)zeros;
        break;
    case FAULTY_EXCHANGE:
        oriel_io_disk.rename(NULL, c->fd, c->from, c->to, true);
        break;
    case FAULTY_RENAME:
    case FAULTY_REMOVE:
        renameat(c->fd, c->to, c->fd, c->from);
        break;
    }
}

/* The power is off: what was not synced meets its fate. */
__attribute__((unused)) static void faulty_cut(struct faulty_disk *d, enum faulty_loss loss) {
    static const char zeros[8192];
    while (d->count) {
        struct faulty_change *c = &d->changes[d->count - 1];
        bool name = c->kind >= FAULTY_RENAME;
        if (loss == FAULTY_LOST || (loss == FAULTY_FILES_ONLY && !name)) {
            faulty_undo(c);
        } else if ((loss == FAULTY_TORN || loss == FAULTY_ZEROS) && c->kind == FAULTY_WRITE) {
            faulty_undo(c);
            size_t part = c->length / 2;
            if ((part && pwrite(c->fd, c->bytes, part, c->at) < 0) ||
                (loss == FAULTY_ZEROS && pwrite(c->fd, zeros, c->length - part, c->at + (off_t)part) < 0))
                abort();
        }
        if (c->kind == FAULTY_REMOVE)
            unlinkat(c->fd, c->to, 0);
        faulty_forget(d, d->count - 1);
    }
}

__attribute__((unused)) static void faulty_free(struct faulty_disk *d) {
    faulty_cut(d, FAULTY_KEPT);
}

#endif
