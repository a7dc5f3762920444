/* See writer.h. */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"

enum { AHEAD = 8 * 1024, HEAD_SIZE = 4096 };

#define NEXT ORIEL_LOG_CHECKPOINT ".next"
#define CLOCK_STEP (2 * ORIEL_SECOND)

struct oriel_log {
    const struct oriel_io *io;
    void *io_user;
    const struct oriel_note_key *key;
    char *path;
    int directory, fd, head;
    off_t size, allocated, segment_max; /* of the current segment: whole records; room; when it is closed */
    uint64_t segment;
    struct timespec written;
    struct oriel_tree tree;
    char prev[ORIEL_RECORD_PREV_SIZE];
    struct oriel_log_report found;
    char tampered[ORIEL_LOG_ERROR_SIZE];
    bool has_head, can_allocate, can_exchange, clock_known;
    int64_t clock; /* wall time less boot time at the last record */
};

static bool fail(const struct oriel_log *l, char error[ORIEL_LOG_ERROR_SIZE], int number, const char *what,
                 const char *file) {
    snprintf(error, ORIEL_LOG_ERROR_SIZE, "audit: %s %s/%s: %s", what, l->path, file, strerror(number));
    errno = number;
    return false;
}

static bool look(struct oriel_log *l) {
    struct stat st;
    if (fstat(l->fd, &st) < 0)
        return false;
    l->written = st.st_mtim;
    return true;
}

static bool write_all(struct oriel_log *l, int fd, const char *bytes, size_t length, off_t at) {
    for (size_t done = 0; done < length;) {
        ssize_t n = l->io->write(l->io_user, fd, bytes + done, length - done, at + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : EIO;
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

/* ---- the head ---- */

static int open_head(struct oriel_log *l) {
    int fd = openat(l->directory, NEXT, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && l->can_allocate)
        l->io->allocate(l->io_user, fd, HEAD_SIZE);
    return fd;
}

/* `visible`: the new head has its name, whatever is said otherwise. */
static bool write_head(struct oriel_log *l, const struct oriel_tree *tree, bool *visible,
                       char error[ORIEL_LOG_ERROR_SIZE]) {
    size_t length = 0;
    *visible = false;
    _cleanup_free_ char *note = oriel_checkpoint_sign(l->key, tree, &length);
    _cleanup_close_ int fd = note ? open_head(l) : -1;
    if (!note)
        return fail(l, error, ENOMEM, "cannot sign", ORIEL_LOG_CHECKPOINT);
    if (fd < 0 || !write_all(l, fd, note, length, 0) || l->io->truncate(l->io_user, fd, (off_t)length) < 0 ||
        l->io->sync(l->io_user, fd) < 0)
        return fail(l, error, errno, "cannot write", NEXT);
    bool exchange = l->has_head && l->can_exchange;
    int result = l->io->rename(l->io_user, l->directory, NEXT, ORIEL_LOG_CHECKPOINT, exchange);
    if (result < 0 && exchange && (errno == EINVAL || errno == ENOSYS)) {
        l->can_exchange = false; /* not a thing of this file system */
        result = l->io->rename(l->io_user, l->directory, NEXT, ORIEL_LOG_CHECKPOINT, false);
    }
    if (result < 0)
        return fail(l, error, errno, "cannot replace", ORIEL_LOG_CHECKPOINT);
    *visible = l->has_head = true;
    return l->io->sync(l->io_user, l->directory) == 0 ||
           fail(l, error, errno, "cannot sync the directory of", ORIEL_LOG_CHECKPOINT);
}

/* ---- the segment ---- */

static int open_current(const struct oriel_log *l, int more) {
    return openat(l->directory, ORIEL_LOG_CURRENT, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | more, 0600);
}

static bool lock(struct oriel_log *l, int fd, char error[ORIEL_LOG_ERROR_SIZE]) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    snprintf(error, ORIEL_LOG_ERROR_SIZE,
             "audit: %s/" ORIEL_LOG_CURRENT " is in use; another orield runs with this configuration", l->path);
    errno = EBUSY;
    return false;
}

/* Closes the current segment under `name`, and begins the next one. */
static bool begin_segment(struct oriel_log *l, const char *name, uint64_t first, char error[ORIEL_LOG_ERROR_SIZE]) {
    if (l->io->rename(l->io_user, l->directory, ORIEL_LOG_CURRENT, name, false) < 0 && errno != ENOENT)
        return fail(l, error, errno, "cannot close", ORIEL_LOG_CURRENT);
    int fd = open_current(l, O_CREAT | O_EXCL);
    if (fd < 0 || !lock(l, fd, error)) {
        int number = errno;
        if (fd >= 0)
            close(fd);
        l->io->rename(l->io_user, l->directory, name, ORIEL_LOG_CURRENT, false);
        return fail(l, error, number, "cannot begin", ORIEL_LOG_CURRENT);
    }
    close(l->fd);
    l->fd = fd;
    l->size = l->allocated = 0;
    l->segment = first;
    return look(l) && l->io->sync(l->io_user, l->directory) == 0 ? true : fail(l, error, errno, "cannot sync", l->path);
}

static bool close_when_full(struct oriel_log *l, char error[ORIEL_LOG_ERROR_SIZE]) {
    char name[ORIEL_LOG_NAME_SIZE];
    if (l->size < l->segment_max)
        return true;
    snprintf(name, sizeof name, "audit-%012" PRIu64 ".jsonl", l->segment);
    l->io->truncate(l->io_user, l->fd, l->size); /* gives back what was kept */
    return begin_segment(l, name, l->tree.size + 1, error);
}

/* The file that is held open may have been removed, replaced or written to: then the record would be read by nobody, or
 * stand behind what nobody knows. */
static bool is_untouched(struct oriel_log *l, char error[ORIEL_LOG_ERROR_SIZE]) {
    struct stat held, named;
    if (fstat(l->fd, &held) < 0 || fstatat(l->directory, ORIEL_LOG_CURRENT, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        held.st_ino != named.st_ino || held.st_dev != named.st_dev || held.st_nlink == 0)
        return fail(l, error, ESTALE, "somebody removed or replaced", ORIEL_LOG_CURRENT);
    if (held.st_size != l->size)
        return fail(l, error, ESTALE, "there is more or less than was written in", ORIEL_LOG_CURRENT);
    if (held.st_mtim.tv_sec != l->written.tv_sec || held.st_mtim.tv_nsec != l->written.tv_nsec)
        return fail(l, error, ESTALE, "somebody else wrote to", ORIEL_LOG_CURRENT);
    if (faccessat(l->directory, ORIEL_LOG_CHECKPOINT, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && l->has_head)
        return fail(l, error, ESTALE, "somebody removed", ORIEL_LOG_CHECKPOINT);
    return true;
}

static bool make_room(struct oriel_log *l, size_t length, char error[ORIEL_LOG_ERROR_SIZE]) {
    off_t needed = l->size + (off_t)length + ORIEL_LOG_RESERVE;
    if (!l->can_allocate || needed <= l->allocated)
        return true;
    if (l->io->allocate(l->io_user, l->fd, needed + AHEAD) == 0) {
        l->allocated = needed + AHEAD;
    } else if (l->io->allocate(l->io_user, l->fd, needed) == 0) {
        l->allocated = needed;
    } else if (errno == EOPNOTSUPP || errno == ENOSYS) {
        l->can_allocate = false;
    } else {
        return fail(l, error, errno, "cannot keep room in", ORIEL_LOG_CURRENT);
    }
    return true;
}

static void take_back(struct oriel_log *l) {
    int number = errno;
    if (l->io->truncate(l->io_user, l->fd, l->size) == 0)
        l->io->sync(l->io_user, l->fd);
    l->allocated = 0; /* what was kept behind the end is gone with it */
    look(l);
    errno = number;
}

/* A line and the head that speaks of it. `line` has room for the line's end. `visible`: it is there, whatever is said
 * otherwise. */
static bool put(struct oriel_log *l, char *line, size_t length, bool *visible, char error[ORIEL_LOG_ERROR_SIZE]) {
    struct oriel_tree tree = l->tree;
    struct oriel_tree_hash leaf;
    *visible = false;
    oriel_tree_leaf(line, length, &leaf);
    oriel_tree_add(&tree, &leaf);
    line[length] = '\n';
    if (!write_all(l, l->fd, line, length + 1, l->size) || l->io->sync(l->io_user, l->fd) < 0)
        return fail(l, error, errno, "cannot write", ORIEL_LOG_CURRENT);
    bool good = write_head(l, &tree, visible, error);
    if (!*visible)
        return false;
    l->tree = tree;
    oriel_record_prev(&leaf, l->prev);
    l->size += (off_t)length + 1;
    look(l);
    return good;
}

static bool commit(struct oriel_log *l, char *line, size_t length, char error[ORIEL_LOG_ERROR_SIZE]) {
    bool visible, good = put(l, line, length, &visible, error);
    if (!visible)
        take_back(l);
    return good;
}

static char *compose(struct oriel_log *l, const char *event, json_t *members, const struct oriel_record_time *at,
                     size_t *length, char error[ORIEL_LOG_ERROR_SIZE]) {
    char why[ORIEL_SCHEMA_ERROR_SIZE] = "";
    char *line = oriel_record_compose(l->tree.size + 1, l->prev, event, members, at, length, why);
    if (!line) {
        snprintf(error, ORIEL_LOG_ERROR_SIZE, "audit: a record of '%s' is not written: %s", event, why);
        errno = EINVAL;
    }
    return line;
}

static bool append(struct oriel_log *l, const char *event, json_t *members, bool last,
                   const struct oriel_record_time *at, char error[ORIEL_LOG_ERROR_SIZE]) {
    size_t length;
    _cleanup_free_ char *line = compose(l, event, members, at, &length, error);
    if (!line)
        return false;
    return is_untouched(l, error) && (last || make_room(l, length + 1, error)) && commit(l, line, length, error);
}

/* Somebody turned the wall clock: what is recorded from here on is by another one. */
static bool note_clock(struct oriel_log *l, bool last, const struct oriel_record_time *at,
                       char error[ORIEL_LOG_ERROR_SIZE]) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    int64_t now = (int64_t)t.tv_sec * ORIEL_SECOND + t.tv_nsec - oriel_boottime(), step = now - l->clock;
    bool stepped = l->clock_known && (step > CLOCK_STEP || step < -CLOCK_STEP);
    l->clock_known = true;
    l->clock = now;
    return !stepped ||
           append(l, "clock", json_pack("{s:f}", "step", (double)(step / ORIEL_MILLISECOND) / 1000.0), last, at, error);
}

bool oriel_log_append(struct oriel_log *l, const char *event, json_t *members, bool last,
                      const struct oriel_record_time *at, char error[ORIEL_LOG_ERROR_SIZE]) {
    if (l->tampered[0]) {
        snprintf(error, ORIEL_LOG_ERROR_SIZE, "%s", l->tampered);
        errno = EBADMSG;
    } else if (close_when_full(l, error) && note_clock(l, last, at, error)) {
        return append(l, event, members, last, at, error);
    }
    json_decref(members);
    return false;
}

bool oriel_log_is_writable(struct oriel_log *l, char error[ORIEL_LOG_ERROR_SIZE]) {
    if (l->tampered[0]) {
        snprintf(error, ORIEL_LOG_ERROR_SIZE, "%s", l->tampered);
        return false;
    }
    /* A touch of the file's time: says what a read-only or dead disk says. */
    if (!is_untouched(l, error) || !make_room(l, ORIEL_RECORD_MAX, error))
        return false;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, l->written};
    return futimens(l->fd, times) == 0 || fail(l, error, errno, "cannot write", ORIEL_LOG_CURRENT);
}

/* ---- opening ---- */

static void say_tampered(struct oriel_log *l) {
    const struct oriel_log_report *r = &l->found;
    snprintf(l->tampered, sizeof l->tampered,
             "audit: %s/%s, byte %" PRIu64 ": %s; no session until an administrator has looked at it and says 'oriel "
             "audit acknowledge' on this device",
             l->path, r->file, r->offset, r->what);
}

/* Printable, as much as a record has room for, without the line's end. */
static void clean(char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            text[i] = '?';
    while (length > 0 && text[length - 1] == '?')
        length--;
    text[length] = '\0';
}

/* A record that has no checkpoint had no effect: one that says what it was takes its place. That is written over it, so
 * that there is something to recover until it is done, however often that is broken off; and first the line is made
 * one without an end, so that the two never look like two records. */
static bool recover(struct oriel_log *l, char error[ORIEL_LOG_ERROR_SIZE]) {
    char text[1025], last = '\0';
    size_t beyond = (size_t)l->found.beyond, length;
    bool visible;
    ssize_t n = pread(l->fd, text, beyond < sizeof text - 1 ? beyond : sizeof text - 1, l->size);
    if (n < 0 || pread(l->fd, &last, 1, l->size + (off_t)beyond - 1) < 0)
        return fail(l, error, errno, "cannot read", ORIEL_LOG_CURRENT);
    clean(text, (size_t)n);
    _cleanup_free_ char *line = compose(
        l, "recovered", json_pack("{s:I, s:s}", "cut_bytes", (json_int_t)beyond, "cut", text), NULL, &length, error);
    if (!line)
        return false;
    size_t kept = beyond - (last == '\n');
    if (kept > length)
        kept = length;
    if (kept < beyond &&
        (l->io->truncate(l->io_user, l->fd, l->size + (off_t)kept) < 0 || l->io->sync(l->io_user, l->fd) < 0))
        return fail(l, error, errno, "cannot cut the torn last line of", ORIEL_LOG_CURRENT);
    return put(l, line, length, &visible, error);
}

static bool take_over(struct oriel_log *l, bool was_there, char error[ORIEL_LOG_ERROR_SIZE]) {
    struct oriel_log_report *r = &l->found;
    bool visible;
    if (was_there && !r->has_checkpoint && (r->state == ORIEL_LOG_NEW || r->state == ORIEL_LOG_TORN)) {
        r->state = ORIEL_LOG_TAMPER;
        r->segment = 1;
        snprintf(r->file, sizeof r->file, "%s", ORIEL_LOG_CHECKPOINT);
        snprintf(r->what, sizeof r->what, "the log was removed: there was one before");
    }
    l->has_head = r->has_checkpoint;
    l->segment = r->segment;
    if (r->state == ORIEL_LOG_UNREADABLE)
        return fail(l, error, EIO, r->what, r->file);
    if (r->state == ORIEL_LOG_TAMPER) {
        say_tampered(l);
        return true;
    }
    l->tree = r->tree;
    memcpy(l->prev, r->prev, sizeof l->prev);
    l->size = (off_t)r->committed;
    if (!l->has_head && (!write_head(l, &l->tree, &visible, error) || !visible))
        return false;
    int head = open_head(l); /* the second of the two that are exchanged, while there is room */
    if (head >= 0)
        close(head);
    return r->state != ORIEL_LOG_TORN || recover(l, error);
}

struct oriel_log *oriel_log_open(const struct oriel_log_setup *setup, char error[ORIEL_LOG_ERROR_SIZE]) {
    struct oriel_log *l = calloc(1, sizeof *l);
    if (!l) {
        snprintf(error, ORIEL_LOG_ERROR_SIZE, "audit: no memory");
        return NULL;
    }
    l->io = setup->io ? setup->io : &oriel_io_disk;
    l->io_user = setup->io_user;
    l->key = setup->key;
    l->segment_max = setup->segment ? setup->segment : ORIEL_LOG_SEGMENT;
    l->can_allocate = l->can_exchange = true;
    l->path = strdup(setup->directory);
    l->directory = open(setup->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    l->fd = l->directory >= 0 ? open_current(l, O_CREAT) : -1;
    struct stat st;
    bool good = l->fd >= 0 || fail(l, error, errno, "cannot open", l->directory >= 0 ? ORIEL_LOG_CURRENT : "");
    if (good && (fstat(l->fd, &st) < 0 || !S_ISREG(st.st_mode)))
        good = fail(l, error, EINVAL, "cannot open", ORIEL_LOG_CURRENT);
    good = good && lock(l, l->fd, error);
    if (good) {
        oriel_log_read(l->directory, l->key, 1, setup->visitor, &l->found);
        good = look(l) && take_over(l, setup->was_there, error);
    }
    if (good)
        return l;
    oriel_log_close(l);
    return NULL;
}

void oriel_log_close(struct oriel_log *l) {
    if (!l)
        return;
    int number = errno;
    if (l->fd >= 0)
        close(l->fd);
    if (l->directory >= 0)
        close(l->directory);
    free(l->path);
    free(l);
    errno = number;
}

const char *oriel_log_tampered(const struct oriel_log *l) {
    return l->tampered[0] ? l->tampered : NULL;
}

const struct oriel_tree *oriel_log_tree(const struct oriel_log *l) {
    return &l->tree;
}

int oriel_log_directory(const struct oriel_log *l) {
    return l->directory;
}

/* ---- acknowledging, dropping ---- */

static bool put_aside(struct oriel_log *l, const char *name, char error[ORIEL_LOG_ERROR_SIZE]) {
    char time[25], aside[ORIEL_LOG_NAME_SIZE + 40];
    oriel_wall_time(time);
    snprintf(aside, sizeof aside, "damaged-%.4s%.2s%.2sT%.2s%.2s%.2s%.3s-%s", time, time + 5, time + 8, time + 11,
             time + 14, time + 17, time + 20, name);
    return l->io->rename(l->io_user, l->directory, name, aside, false) == 0 || errno == ENOENT ||
           fail(l, error, errno, "cannot put aside", name);
}

/* The damaged files from the first bad segment on; without a head to go on from, all of them. */
static bool put_damaged_aside(struct oriel_log *l, bool all, char error[ORIEL_LOG_ERROR_SIZE]) {
    _cleanup_free_ struct oriel_log_segment *segments = NULL;
    size_t count;
    if (!oriel_log_segments(l->directory, &segments, &count))
        return fail(l, error, errno, "cannot read", ".");
    for (size_t i = 0; i < count; i++)
        if ((all || segments[i].first >= l->found.segment) && !put_aside(l, segments[i].name, error))
            return false;
    return put_aside(l, ORIEL_LOG_CURRENT, error) && (!all || put_aside(l, ORIEL_LOG_CHECKPOINT, error));
}

bool oriel_log_acknowledge(struct oriel_log *l, unsigned uid, char error[ORIEL_LOG_ERROR_SIZE]) {
    const struct oriel_checkpoint *head = &l->found.checkpoint;
    bool all = !l->found.has_checkpoint || !head->has_peaks;
    char found[ORIEL_LOG_WHAT_SIZE + ORIEL_LOG_NAME_SIZE + 40], peaks[4 * ((sizeof l->tree.peaks + 2) / 3) + 1];
    if (!l->tampered[0]) {
        snprintf(error, ORIEL_LOG_ERROR_SIZE, "audit: nothing is wrong with the log that could be acknowledged");
        errno = EINVAL;
        return false;
    }
    if (!put_damaged_aside(l, all, error))
        return false;
    l->tree = all ? (struct oriel_tree){0} : head->tree;
    l->has_head = !all;
    struct oriel_tree_hash root;
    oriel_tree_root(&l->tree, &root);
    oriel_record_prev(&root, l->prev);
    if (!begin_segment(l, "damaged-" ORIEL_LOG_CURRENT, l->tree.size + 1, error))
        return false;
    oriel_base64_encode(l->tree.peaks[0].bytes, oriel_tree_peak_count(l->tree.size) * ORIEL_TREE_HASH, peaks);
    snprintf(found, sizeof found, "%s, byte %" PRIu64 ": %s", l->found.file, l->found.offset, l->found.what);
    if (!append(l, "acknowledged",
                json_pack("{s:s, s:I, s:I, s:s}", "found", found, "uid", (json_int_t)uid, "size",
                          (json_int_t)l->tree.size, "peaks", peaks),
                true, NULL, error))
        return false;
    l->tampered[0] = '\0';
    return true;
}

struct hashes {
    struct oriel_tree_hash *leaves;
    uint64_t from, to, bytes;
};

static void keep_leaf(void *user, uint64_t index, const struct oriel_tree_hash *leaf) {
    struct hashes *h = user;
    if (index >= h->from && index < h->to)
        h->leaves[index - h->from] = *leaf;
}

/* Leaf hashes take the place of a closed segment. */
static bool drop_segment(struct oriel_log *l, const struct oriel_log_segment *segment, uint64_t after,
                         char error[ORIEL_LOG_ERROR_SIZE]) {
    char name[ORIEL_LOG_NAME_SIZE];
    struct hashes h = {.from = segment->first - 1, .to = after - 1};
    size_t size = (size_t)(h.to - h.from) * ORIEL_TREE_HASH;
    struct oriel_log_report report;
    h.leaves = calloc(1, size);
    const struct oriel_log_visitor visitor = {.leaf = keep_leaf, .user = &h};
    _cleanup_free_ struct oriel_tree_hash *leaves = h.leaves;
    if (!leaves || oriel_log_read(l->directory, l->key, 1, &visitor, &report) != ORIEL_LOG_GOOD) {
        snprintf(error, ORIEL_LOG_ERROR_SIZE, "audit: %s is not dropped: %s", segment->name,
                 leaves ? report.what : "no memory");
        return false;
    }
    snprintf(name, sizeof name, "audit-%012" PRIu64 ".hashes", segment->first);
    _cleanup_close_ int fd =
        openat(l->directory, "hashes.next", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !write_all(l, fd, (const char *)leaves, size, 0) || l->io->sync(l->io_user, fd) < 0 ||
        l->io->rename(l->io_user, l->directory, "hashes.next", name, false) < 0 ||
        l->io->sync(l->io_user, l->directory) < 0)
        return fail(l, error, errno, "cannot write", name);
    return l->io->remove(l->io_user, l->directory, segment->name) == 0 ||
           fail(l, error, errno, "cannot remove", segment->name);
}

bool oriel_log_drop(struct oriel_log *l, uint64_t size, size_t keep, char error[ORIEL_LOG_ERROR_SIZE]) {
    _cleanup_free_ struct oriel_log_segment *segments = NULL;
    size_t count;
    if (l->tampered[0] || !oriel_log_segments(l->directory, &segments, &count))
        return fail(l, error, l->tampered[0] ? EBADMSG : errno, "cannot read", ".");
    for (size_t i = 0; i + keep < count; i++) {
        uint64_t after = i + 1 < count ? segments[i + 1].first : l->segment;
        if (segments[i].hashes)
            continue;
        if (after - 1 > size)
            break;
        if (!oriel_log_append(
                l, "dropped",
                json_pack("{s:I, s:I}", "first", (json_int_t)segments[i].first, "last", (json_int_t)after - 1), false,
                NULL, error) ||
            !drop_segment(l, &segments[i], after, error))
            return false;
    }
    return true;
}
