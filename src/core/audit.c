/* See audit.h. */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"

enum { RECORD_MAX = 4096 };

#define SEQ_MAX (INT64_C(1) << 53) /* what every reader of JSON keeps exact */

struct oriel_audit {
    int fd;
    char *path;
    off_t size; /* of the whole lines */
    json_int_t seq;
};

static bool fail(GError **error, const char *what, const char *path, int number) {
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(number), "audit: %s %s: %s", what, path, g_strerror(number));
    return false;
}

static bool sync_directory(const char *directory, GError **error) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    int number = errno;
    if (fd >= 0)
        close(fd);
    return good || fail(error, "cannot sync", directory, number);
}

/* Finds the end of the last whole line and its sequence number. */
static bool find_end(struct oriel_audit *a, off_t *torn, GError **error) {
    struct stat st;
    if (fstat(a->fd, &st) < 0)
        return fail(error, "cannot read", a->path, errno);
    static char tail[2 * RECORD_MAX];
    off_t from = st.st_size > (off_t)sizeof tail ? st.st_size - (off_t)sizeof tail : 0;
    ssize_t n = pread(a->fd, tail, sizeof tail, from);
    if (n < 0)
        return fail(error, "cannot read", a->path, errno);
    char *end = n ? memrchr(tail, '\n', (size_t)n) : NULL;
    a->size = end ? from + (end - tail) + 1 : 0;
    *torn = st.st_size - a->size;
    if (!end)
        return from == 0 || fail(error, "no line ends in", a->path, EBADMSG);
    char *start = end > tail ? memrchr(tail, '\n', (size_t)(end - tail)) : NULL;
    start = start ? start + 1 : tail;
    char why[ORIEL_JSON_ERROR_SIZE];
    json_t *last = oriel_json_decode(start, (size_t)(end - start), RECORD_MAX, why);
    a->seq = oriel_json_integer(last, "seq", -1);
    json_decref(last);
    return (a->seq >= 1 && a->seq < SEQ_MAX) || fail(error, "the last line is no record of", a->path, EBADMSG);
}

struct oriel_audit *oriel_audit_open(const char *directory, GError **error) {
    if (g_mkdir_with_parents(directory, 0700) < 0) {
        fail(error, "cannot make", directory, errno);
        return NULL;
    }
    struct oriel_audit *a = g_new0(struct oriel_audit, 1);
    a->path = g_build_filename(directory, "audit.jsonl", NULL);
    a->fd = open(a->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    off_t torn = 0;
    bool good = a->fd >= 0 || fail(error, "cannot open", a->path, errno);
    if (good && flock(a->fd, LOCK_EX | LOCK_NB) < 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY,
                    "audit: %s is in use; another orield runs with this configuration", a->path);
        good = false;
    }
    good = good && find_end(a, &torn, error);
    if (good && torn && ftruncate(a->fd, a->size) < 0)
        good = fail(error, "cannot cut the torn last line of", a->path, errno);
    good = good && sync_directory(directory, error);
    if (good && torn)
        good = oriel_audit_append(a, "recovered", json_pack("{s:I}", "cut_bytes", (json_int_t)torn), error);
    if (!good) {
        oriel_audit_close(a);
        return NULL;
    }
    return a;
}

static bool write_line(struct oriel_audit *a, const char *line, size_t length, GError **error) {
    size_t done = 0;
    while (done < length) {
        ssize_t n = write(a->fd, line + done, length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(error, "cannot write", a->path, n < 0 ? errno : EIO);
        done += (size_t)n;
    }
    return fdatasync(a->fd) == 0 || fail(error, "cannot sync", a->path, errno);
}

bool oriel_audit_append(struct oriel_audit *a, const char *event, json_t *members, GError **error) {
    char time[25];
    oriel_wall_time(time);
    json_t *record = json_pack("{s:I, s:s, s:f, s:s}", "seq", a->seq + 1, "time", time, "boot_time",
                               (double)(oriel_boottime() / ORIEL_MILLISECOND) / 1000.0, "event", event);
    bool whole = members && json_object_update(record, members) == 0;
    g_autofree char *text = whole ? json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(record);
    json_decref(members);
    if (!text)
        return fail(error, "members that are no JSON for", a->path, EINVAL);
    size_t length = strlen(text);
    if (length + 1 > RECORD_MAX)
        return fail(error, "record too long for", a->path, EMSGSIZE);
    text[length] = '\n'; /* in the place of the NUL: `length + 1` bytes are written */
    /* The file that orield holds open may have been removed or replaced: then nobody would ever read the record. */
    struct stat held, named;
    if (fstat(a->fd, &held) < 0 || stat(a->path, &named) < 0 || held.st_ino != named.st_ino ||
        held.st_dev != named.st_dev)
        return fail(error, "somebody removed or replaced", a->path, ESTALE);
    /* Also when a part of a record could not be taken back: the next one would be glued to it. */
    if (held.st_size != a->size)
        return fail(error, "there is more or less than was written in", a->path, ESTALE);
    if (!write_line(a, text, length + 1, error)) {
        if (ftruncate(a->fd, a->size) == 0)
            fdatasync(a->fd);
        return false;
    }
    a->size += (off_t)length + 1;
    a->seq++;
    return true;
}

void oriel_audit_close(struct oriel_audit *a) {
    if (!a)
        return;
    if (a->fd >= 0)
        close(a->fd);
    g_free(a->path);
    g_free(a);
}
