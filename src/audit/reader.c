/* See reader.h. */
#include "reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

enum { BUFFER = 64 * 1024 };

/* ---- what lies in the directory ---- */

static int by_first(const void *a, const void *b) {
    const struct oriel_log_segment *x = a, *y = b;
    return x->first != y->first ? (x->first > y->first) - (x->first < y->first) : x->hashes - y->hashes;
}

static bool is_segment(const char *name, struct oriel_log_segment *out) {
    size_t n = strlen(name);
    if (strncmp(name, "audit-", 6) != 0 || strspn(name + 6, "0123456789") != 12 || n >= sizeof out->name ||
        (strcmp(name + 18, ".jsonl") != 0 && strcmp(name + 18, ".hashes") != 0))
        return false;
    out->first = strtoull(name + 6, NULL, 10);
    out->hashes = strcmp(name + 18, ".hashes") == 0;
    strcpy(out->name, name);
    return true;
}

static void close_directory(DIR **d) {
    if (*d)
        closedir(*d);
}

bool oriel_log_segments(int directory, struct oriel_log_segment **segments, size_t *count) {
    *segments = NULL;
    *count = 0;
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_(close_directory) DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    struct oriel_log_segment found;
    for (struct dirent *entry; (entry = readdir(d));) {
        if (!is_segment(entry->d_name, &found))
            continue;
        struct oriel_log_segment *grown =
            *count < ORIEL_LOG_SEGMENTS_MAX ? realloc(*segments, (*count + 1) * sizeof found) : NULL;
        if (!grown) {
            free(*segments);
            *segments = NULL;
            errno = ENOMEM;
            return false;
        }
        *segments = grown;
        grown[(*count)++] = found;
    }
    if (*count)
        qsort(*segments, *count, sizeof found, by_first);
    size_t kept = 0; /* both kinds are there when a power cut came while one was dropped: the records count */
    for (size_t i = 0; i < *count; i++)
        if (!kept || (*segments)[kept - 1].first != (*segments)[i].first)
            (*segments)[kept++] = (*segments)[i];
    *count = kept;
    return true;
}

/* ---- reading ---- */

struct reader {
    int directory;
    const struct oriel_log_visitor *visitor;
    struct oriel_log_report *r;
    const char *file;
    uint64_t first;  /* of the segment */
    uint64_t offset; /* in the file, of the line that is looked at */
    char last_file[ORIEL_LOG_NAME_SIZE];
    uint64_t last_offset; /* of the record before */
    uint64_t last_first;
    char buffer[BUFFER];
};

static bool complain(struct reader *s, enum oriel_log_state state, const char *file, uint64_t first, uint64_t offset,
                     const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The first complaint counts. */
static bool complain(struct reader *s, enum oriel_log_state state, const char *file, uint64_t first, uint64_t offset,
                     const char *format, ...) {
    if (s->r->what[0])
        return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s->r->what, sizeof s->r->what, format, arguments);
    va_end(arguments);
    snprintf(s->r->file, sizeof s->r->file, "%s", file);
    s->r->state = state;
    s->r->offset = offset;
    s->r->segment = first;
    return false;
}

#define TAMPER(s, ...) complain(s, ORIEL_LOG_TAMPER, (s)->file, (s)->first, __VA_ARGS__)

static bool unreadable(struct reader *s, const char *file) {
    return complain(s, ORIEL_LOG_UNREADABLE, file, s->first, 0, "cannot be read: %s", strerror(errno));
}

static bool covered(const struct reader *s) {
    return s->r->has_checkpoint && s->r->tree.size >= s->r->checkpoint.size;
}

/* `acknowledged` at the start of a segment brings the tree that goes on. */
static bool take_up(struct reader *s, const char *line, size_t length, uint64_t seq) {
    char error[ORIEL_SCHEMA_ERROR_SIZE] = "";
    json_t *record = oriel_record_parse(line, length, error);
    const char *peaks = oriel_json_text(record, "peaks");
    struct oriel_tree tree = {.size = (uint64_t)oriel_json_integer(record, "size", -1)};
    size_t size = 0, expected = oriel_tree_peak_count(tree.size) * ORIEL_TREE_HASH;
    bool good = record && tree.size + 1 == seq && tree.size >= s->r->tree.size &&
                (*peaks ? oriel_base64_decode(peaks, strlen(peaks), tree.peaks[0].bytes, sizeof tree.peaks, &size)
                        : tree.size == 0) &&
                size == expected;
    json_decref(record);
    if (!good)
        return TAMPER(s, s->offset, "record %" PRIu64 " acknowledges damage but has no tree to go on with", seq);
    s->r->lost += tree.size - s->r->tree.size;
    s->r->tree = tree;
    return true;
}

static void add_leaf(struct reader *s, const struct oriel_tree_hash *leaf) {
    if (s->visitor && s->visitor->leaf)
        s->visitor->leaf(s->visitor->user, s->r->tree.size, leaf);
    oriel_tree_add(&s->r->tree, leaf);
    oriel_record_prev(leaf, s->r->prev);
}

static bool take_record(struct reader *s, const char *line, size_t length) {
    struct oriel_record_head head;
    struct oriel_tree_hash leaf;
    uint64_t expected = s->r->tree.size + 1;
    if (!oriel_record_peek(line, length, &head))
        return TAMPER(s, s->offset + head.bad, "this is no record; record %" PRIu64 " belongs here", expected);
    bool acknowledged = s->offset == 0 && strcmp(head.event, "acknowledged") == 0;
    if (acknowledged) {
        if (!take_up(s, line, length, head.seq))
            return false;
    } else if (head.seq != expected) {
        return TAMPER(s, s->offset, "record %" PRIu64 " stands where record %" PRIu64 " belongs: records were %s",
                      head.seq, expected, head.seq > expected ? "removed" : "put in or exchanged");
    } else if (strcmp(head.prev, s->r->prev) != 0) {
        if (expected == 1)
            return TAMPER(s, s->offset, "record 1 says that there was one before it");
        return complain(s, ORIEL_LOG_TAMPER, s->last_file, s->last_first, s->last_offset,
                        "record %" PRIu64 " is not what was written: the one after it speaks of another", expected - 1);
    }
    oriel_tree_leaf(line, length, &leaf);
    add_leaf(s, &leaf);
    s->r->records++;
    if (s->visitor && s->visitor->record)
        s->visitor->record(s->visitor->user, &head, line, length);
    snprintf(s->last_file, sizeof s->last_file, "%s", s->file);
    s->last_offset = s->offset;
    s->last_first = s->first;
    return true;
}

/* Lines until the checkpoint's last record, the end of the file, or a complaint; the offset is then where it stopped.
 * `closed`: the file must end with a whole line. */
static bool read_lines(struct reader *s, int fd, bool closed) {
    size_t held = 0, at = 0;
    bool end = false;
    s->offset = 0;
    while (!covered(s) || closed) {
        char *newline = memchr(s->buffer + at, '\n', held - at);
        if (newline) {
            size_t length = (size_t)(newline - s->buffer) - at;
            if (covered(s))
                return TAMPER(s, s->offset, "the checkpoint knows of %" PRIu64 " records only; this is one more",
                              s->r->checkpoint.size);
            if (!take_record(s, s->buffer + at, length))
                return false;
            at += length + 1;
            s->offset += length + 1;
            continue;
        }
        if (end || held - at >= ORIEL_RECORD_MAX)
            break;
        memmove(s->buffer, s->buffer + at, held - at);
        held -= at;
        at = 0;
        ssize_t n = read(fd, s->buffer + held, sizeof s->buffer - held);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return unreadable(s, s->file);
        end = n == 0;
        held += (size_t)n;
    }
    if (held - at >= ORIEL_RECORD_MAX && !covered(s) && !memchr(s->buffer + at, '\n', held - at))
        return TAMPER(s, s->offset, "a line longer than any record; record %" PRIu64 " belongs here",
                      s->r->tree.size + 1);
    if (closed && held > at)
        return TAMPER(s, s->offset, "the segment ends in the middle of a line");
    return true;
}

static bool read_hashes(struct reader *s, int fd) {
    struct oriel_tree_hash leaves[256];
    uint64_t offset = 0;
    for (ssize_t n; (n = read(fd, leaves, sizeof leaves)) != 0; offset += (uint64_t)n) {
        if (n < 0)
            return unreadable(s, s->file);
        if (n % ORIEL_TREE_HASH)
            return TAMPER(s, offset, "hashes of dropped records that are not whole");
        for (ssize_t i = 0; i < n / ORIEL_TREE_HASH; i++) {
            if (covered(s))
                return TAMPER(s, offset, "more hashes than the checkpoint knows of records");
            add_leaf(s, &leaves[i]);
        }
    }
    return true;
}

static int open_segment(struct reader *s, const char *name) {
    int fd = openat(s->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    if (fd >= 0)
        s->r->bytes += (uint64_t)st.st_size;
    return fd;
}

/* The record that a closed segment begins with may only be another than the next one when damage was acknowledged. */
static bool begins_right(struct reader *s, int fd, uint64_t first) {
    struct oriel_record_head head;
    if (first == s->r->tree.size + 1)
        return true;
    ssize_t n = pread(fd, s->buffer, ORIEL_RECORD_MAX, 0);
    char *newline = n > 0 ? memchr(s->buffer, '\n', (size_t)n) : NULL;
    if (first > s->r->tree.size && newline && oriel_record_peek(s->buffer, (size_t)(newline - s->buffer), &head) &&
        head.seq == first && strcmp(head.event, "acknowledged") == 0)
        return true;
    if (first <= s->r->tree.size)
        return TAMPER(s, 0, "the segment begins with record %" PRIu64 ", which another one has already", first);
    return TAMPER(s, 0, "records %" PRIu64 " to %" PRIu64 " are missing", s->r->tree.size + 1, first - 1);
}

static bool read_closed(struct reader *s) {
    _cleanup_free_ struct oriel_log_segment *segments = NULL;
    size_t count;
    if (!oriel_log_segments(s->directory, &segments, &count))
        return unreadable(s, ".");
    for (size_t i = 0; i < count; i++) {
        s->file = segments[i].name;
        s->first = segments[i].first;
        _cleanup_close_ int fd = open_segment(s, s->file);
        if (fd < 0)
            return unreadable(s, s->file);
        if (!begins_right(s, fd, s->first) || !(segments[i].hashes ? read_hashes(s, fd) : read_lines(s, fd, true)))
            return false;
    }
    s->first = s->r->tree.size + 1;
    return true;
}

/* What stands beyond the checkpoint in the current segment: nothing, or one line, whole or not. */
static bool look_beyond(struct reader *s, int fd, uint64_t size) {
    s->r->committed = s->offset;
    s->r->beyond = size - s->offset;
    if (!s->r->beyond)
        return true;
    ssize_t n = pread(fd, s->buffer, ORIEL_RECORD_MAX, (off_t)s->offset);
    if (n < 0)
        return unreadable(s, s->file);
    char *newline = memchr(s->buffer, '\n', (size_t)n);
    if ((uint64_t)n == s->r->beyond && (!newline || newline == s->buffer + n - 1))
        return true;
    if (!s->r->has_checkpoint)
        return complain(s, ORIEL_LOG_TAMPER, ORIEL_LOG_CHECKPOINT, 1, 0, "the checkpoint is missing");
    return TAMPER(s, s->offset, "more than one record beyond the checkpoint, which knows of %" PRIu64,
                  s->r->checkpoint.size);
}

static bool read_current(struct reader *s) {
    s->file = ORIEL_LOG_CURRENT;
    s->offset = 0;
    _cleanup_close_ int fd = open_segment(s, s->file);
    if (fd < 0 && errno == ENOENT)
        return true;
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return unreadable(s, s->file);
    struct oriel_record_head head;
    ssize_t n = pread(fd, s->buffer, ORIEL_RECORD_MAX, 0);
    char *newline = n > 0 ? memchr(s->buffer, '\n', (size_t)n) : NULL;
    if (newline && oriel_record_peek(s->buffer, (size_t)(newline - s->buffer), &head) &&
        strcmp(head.event, "acknowledged") == 0)
        s->first = head.seq;
    if (!s->r->has_checkpoint && s->r->tree.size == 0)
        return look_beyond(s, fd, (uint64_t)st.st_size); /* the first record of all may be on its way */
    return read_lines(s, fd, false) && look_beyond(s, fd, (uint64_t)st.st_size);
}

static bool read_checkpoint(struct reader *s, const struct oriel_note_key *keys, size_t key_count, bool *there) {
    char note[ORIEL_NOTE_MAX + 1], error[ORIEL_NOTE_ERROR_SIZE] = "there is no key to verify it with";
    _cleanup_close_ int fd = openat(s->directory, ORIEL_LOG_CHECKPOINT, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    *there = fd >= 0;
    if (fd < 0)
        return errno == ENOENT || unreadable(s, ORIEL_LOG_CHECKPOINT);
    ssize_t n = pread(fd, note, sizeof note, 0);
    if (n < 0)
        return unreadable(s, ORIEL_LOG_CHECKPOINT);
    for (size_t i = 0; i < key_count && !s->r->has_checkpoint; i++)
        s->r->has_checkpoint = oriel_checkpoint_verify(&keys[i], note, (size_t)n, &s->r->checkpoint, error);
    if (s->r->has_checkpoint)
        return true;
    memset(&s->r->checkpoint, 0, sizeof s->r->checkpoint);
    s->file = ORIEL_LOG_CHECKPOINT;
    return TAMPER(s, 0, "%s", error);
}

/* The records follow from each other but do not make the root: the peaks say where to look. */
static bool compare_roots(struct reader *s) {
    struct oriel_tree_hash root;
    const struct oriel_checkpoint *c = &s->r->checkpoint;
    uint64_t from = 0, to = c->size;
    oriel_tree_root(&s->r->tree, &root);
    if (oriel_tree_hash_equal(&root, &c->root))
        return true;
    for (unsigned i = 0; c->has_peaks && i < oriel_tree_peak_count(c->size); i++) {
        to = from + (UINT64_C(1) << (63 - __builtin_clzll(c->size - from)));
        if (!oriel_tree_hash_equal(&c->tree.peaks[i], &s->r->tree.peaks[i]))
            break;
        from = to;
    }
    bool one = to - from == 1 && from + 1 == s->r->tree.size;
    return complain(s, ORIEL_LOG_TAMPER, one ? s->last_file : ORIEL_LOG_CURRENT, one ? s->last_first : s->first,
                    one ? s->last_offset : 0,
                    to - from == 1 ? "record %" PRIu64 " is not what was written: the signed root is another"
                                   : "one of the records %" PRIu64 " to %" PRIu64
                                     " and all after it were written anew: the signed root is another",
                    from + 1, to);
}

enum oriel_log_state oriel_log_read(int directory, const struct oriel_note_key *keys, size_t key_count,
                                    const struct oriel_log_visitor *visitor, struct oriel_log_report *r) {
    memset(r, 0, sizeof *r);
    struct reader *s = calloc(1, sizeof *s);
    struct oriel_tree_hash empty;
    bool there = false;
    if (!s)
        return r->state = ORIEL_LOG_UNREADABLE;
    *s = (struct reader){.directory = directory, .visitor = visitor, .r = r, .file = ".", .first = 1};
    oriel_tree_root(&r->tree, &empty);
    oriel_record_prev(&empty, r->prev);
    bool good = read_checkpoint(s, keys, key_count, &there);
    good = good && read_closed(s) && read_current(s);
    if (good && !there && r->tree.size > 0)
        good = complain(s, ORIEL_LOG_TAMPER, ORIEL_LOG_CHECKPOINT, 0, 0, "the checkpoint is missing");
    if (good && there && r->tree.size < r->checkpoint.size) {
        s->file = ORIEL_LOG_CURRENT;
        good = TAMPER(s, s->offset,
                      "the log ends after record %" PRIu64 ", but the checkpoint knows of %" PRIu64
                      ": its end was cut off",
                      r->tree.size, r->checkpoint.size);
    }
    if (good && there)
        good = compare_roots(s);
    if (good) {
        r->segment = s->first;
        r->state = r->beyond ? ORIEL_LOG_TORN : there ? ORIEL_LOG_GOOD : ORIEL_LOG_NEW;
    }
    free(s);
    return r->state;
}
