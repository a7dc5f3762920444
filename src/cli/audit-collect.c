/* `oriel audit collect`: the owner's side, on any machine. Takes an export of a device's log (audit-export.c), checks
 * that it goes on from what was collected before, keeps it, and answers with a cosignature (c2sp.org/tlog-cosignature):
 * what is cosigned can't be taken back by the device any more, and need not be kept there.
 *
 * The store of one device is a directory that is itself a log (reader.h), a closed segment an export: `oriel audit
 * --directory` with show, verify and prove read it. Order: records, fsync, rename; then the head, fsync, rename; then
 * the answer. What an interrupted collection left is removed by the next one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "cleanup.h"
#include "json.h"
#include "log.h"

enum { HEADER_MAX = 32 * 1024 };

struct collection {
    const struct oriel_cli_audit *a;
    FILE *in;
    int store;
    char *note; /* the head that the export brings */
    uint64_t from;
    struct oriel_checkpoint head;
    struct oriel_log_report before; /* of the store */
    struct oriel_tree tree;
    char prev[ORIEL_RECORD_PREV_SIZE];
};

static void close_file(FILE **f) {
    if (*f)
        fclose(*f);
}

static bool refuse(const struct collection *c, const char *why) {
    oriel_error("%s: %s", c->a->file, why);
    return false;
}

static bool read_header(struct collection *c, const struct oriel_note_key *keys, size_t count) {
    char error[ORIEL_JSON_ERROR_SIZE] = "", why[ORIEL_NOTE_ERROR_SIZE] = "it has no checkpoint";
    _cleanup_free_ char *line = NULL;
    size_t size = 0;
    ssize_t n = getline(&line, &size, c->in);
    json_t *header = n > 0 ? oriel_json_decode(line, (size_t)n, HEADER_MAX, error) : NULL;
    const char *typ = oriel_json_text(header, "typ"), *note = oriel_json_text(header, "checkpoint");
    bool good = typ && note && strcmp(typ, "audit-export") == 0 && oriel_json_integer(header, "v", 0) == 1;
    bool signed_ = false;
    for (size_t i = 0; good && i < count && !signed_; i++)
        signed_ = oriel_checkpoint_verify(&keys[i], note, strlen(note), &c->head, why);
    c->from = (uint64_t)oriel_json_integer(header, "from", 0);
    c->note = good && signed_ ? strdup(note) : NULL;
    json_decref(header);
    if (!good)
        return refuse(c, *error ? error : "this is no export of an audit log");
    return signed_ ? c->from > 0 || refuse(c, "it does not say from which record on") : refuse(c, why);
}

static void segment_name(uint64_t first, char out[ORIEL_LOG_NAME_SIZE]) {
    snprintf(out, ORIEL_LOG_NAME_SIZE, "audit-%012" PRIu64 ".jsonl", first);
}

/* What is there of before, and whether the export goes on from it. */
static bool look_at_store(struct collection *c, const struct oriel_note_key *keys, size_t count) {
    char name[ORIEL_LOG_NAME_SIZE];
    struct oriel_checkpoint head = {0};
    char note[ORIEL_NOTE_MAX], error[ORIEL_NOTE_ERROR_SIZE];
    _cleanup_close_ int fd = openat(c->store, ORIEL_LOG_CHECKPOINT, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, note, sizeof note) : 0;
    if (n > 0)
        oriel_checkpoint_parse(note, (size_t)n, &head, error);
    segment_name(head.size + 1, name);
    unlinkat(c->store, name, 0); /* of a collection that was interrupted before the head followed */
    enum oriel_log_state state = oriel_log_read(c->store, keys, count, NULL, &c->before);
    if (state != ORIEL_LOG_GOOD && state != ORIEL_LOG_NEW) {
        oriel_cli_audit_complain(c->a->store, &c->before);
        return false;
    }
    c->tree = c->before.tree;
    memcpy(c->prev, c->before.prev, sizeof c->prev);
    if (state == ORIEL_LOG_GOOD && strcmp(c->before.checkpoint.origin, c->head.origin) != 0)
        return refuse(c, "it is another device's log than the one in the store");
    if (c->head.size < c->tree.size) {
        oriel_error("%s: the log has %" PRIu64 " records, and %" PRIu64 " were collected before: its end was cut off",
                    c->a->file, c->head.size, c->tree.size);
        return false;
    }
    if (c->from > c->tree.size + 1) {
        oriel_error("%s: it begins with record %" PRIu64 ", but the store ends with %" PRIu64
                    "; export with --from %" PRIu64,
                    c->a->file, c->from, c->tree.size, c->tree.size + 1);
        return false;
    }
    return true;
}

static bool take_line(struct collection *c, const char *line, size_t length, uint64_t expected) {
    struct oriel_record_head head;
    struct oriel_tree_hash leaf;
    char text[80];
    snprintf(text, sizeof text, "record %" PRIu64 " is not what belongs there", expected);
    if (!oriel_record_peek(line, length, &head) || head.seq != expected)
        return refuse(c, text);
    if (strcmp(head.prev, c->prev) != 0 && strcmp(head.event, "acknowledged") != 0)
        return refuse(c, text);
    oriel_tree_leaf(line, length, &leaf);
    oriel_tree_add(&c->tree, &leaf);
    oriel_record_prev(&leaf, c->prev);
    return true;
}

static bool copy_records(struct collection *c, FILE *out) {
    _cleanup_free_ char *line = NULL;
    size_t size = 0;
    uint64_t seq = c->from;
    for (ssize_t n; (n = getline(&line, &size, c->in)) > 0; seq++) {
        if (seq > c->head.size || line[n - 1] != '\n' || n > ORIEL_RECORD_MAX)
            return refuse(c, "it holds more than its head speaks of, or is cut");
        oriel_cli_progress(seq, c->head.size);
        if (seq <= c->before.tree.size)
            continue; /* collected before */
        if (!take_line(c, line, (size_t)n - 1, seq))
            return false;
        if (fwrite(line, 1, (size_t)n, out) != (size_t)n)
            return refuse(c, "the store can't be written");
    }
    struct oriel_tree_hash root;
    oriel_tree_root(&c->tree, &root);
    if (seq != c->head.size + 1)
        return refuse(c, "it is cut: its head speaks of more records");
    return oriel_tree_hash_equal(&root, &c->head.root) ||
           refuse(c, "it does not go on from what was collected before: records of then were replaced");
}

/* `bytes` under its name, or not at all. */
static bool put(const struct collection *c, const char *name, const char *bytes, size_t length) {
    _cleanup_close_ int fd = openat(c->store, "next", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, bytes, length) == (ssize_t)length && fsync(fd) == 0 &&
        renameat(c->store, "next", c->store, name) == 0 && fsync(c->store) == 0)
        return true;
    oriel_error("cannot write %s/%s: %s", c->a->store, name, strerror(errno));
    return false;
}

static bool keep(struct collection *c) {
    char name[ORIEL_LOG_NAME_SIZE];
    int fd = openat(c->store, "next", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    _cleanup_(close_file) FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out)
        return refuse(c, "the store can't be written");
    if (!copy_records(c, out))
        return false;
    oriel_cli_progress_end();
    segment_name(c->before.tree.size + 1, name);
    if (c->tree.size > c->before.tree.size &&
        (fflush(out) != 0 || fsync(fd) != 0 || renameat(c->store, "next", c->store, name) < 0 || fsync(c->store) < 0))
        return refuse(c, "the store can't be written");
    return put(c, ORIEL_LOG_CHECKPOINT, c->note, strlen(c->note));
}

/* The collector's own key, made when there is none. Its name: oriel/<tenant>/collector. */
static bool load_key(const struct collection *c, struct oriel_note_key *key) {
    char name[ORIEL_NOTE_NAME_MAX + 16], error[ORIEL_NOTE_ERROR_SIZE];
    const char *slash = strrchr(c->head.origin, '/');
    int length = slash ? (int)(slash - c->head.origin) : (int)strlen(c->head.origin);
    snprintf(name, sizeof name, "%.*s/collector", length, c->head.origin);
    size_t size;
    _cleanup_free_ char *made = access(c->a->key, F_OK) < 0 ? oriel_note_key_make() : NULL;
    if (made && !oriel_cli_write(c->a->key, made, strlen(made)))
        return false;
    _cleanup_free_ char *pem = oriel_cli_read(c->a->key, 4096, &size);
    if (!pem)
        return false;
    bool good = oriel_note_key_private(key, name, ORIEL_NOTE_COSIGNATURE, pem, size, error);
    explicit_bzero(pem, size);
    if (!good)
        oriel_error("%s: %s", c->a->key, error);
    return good;
}

static bool answer(const struct collection *c, const struct oriel_note_key *key) {
    char line[ORIEL_NOTE_VKEY_SIZE + 128], vkey[ORIEL_NOTE_VKEY_SIZE];
    char *empty = strstr(c->note, "\n\n");
    if (!empty || !oriel_note_sign(key, c->note, (size_t)(empty + 1 - c->note), (uint64_t)time(NULL), line))
        return refuse(c, "it can't be signed");
    _cleanup_free_ char *signed_ = malloc(strlen(c->note) + strlen(line) + 1);
    if (!signed_)
        return false;
    int length = sprintf(signed_, "%s%s", c->note, line);
    if (!put(c, "cosigned", signed_, (size_t)length) ||
        (c->a->out && !oriel_cli_write(c->a->out, signed_, (size_t)length)))
        return false;
    oriel_note_key_text(key, vkey);
    if (c->a->json)
        printf("{\"from\":\"%s\",\"records\":%" PRIu64 ",\"new\":%" PRIu64 ",\"cosigner\":\"%s\"}\n", c->head.origin,
               c->tree.size, c->tree.size - c->before.tree.size, vkey);
    else
        printf("%s: %" PRIu64 " new records, %" PRIu64 " in all; cosigned by %s\n", c->head.origin,
               c->tree.size - c->before.tree.size, c->tree.size, vkey);
    return true;
}

/* Only the broker repeats messages; a file that is older than the store is one that somebody chose. */
static bool is_repetition(const struct collection *c, const struct oriel_note_key *keys, size_t count) {
    struct oriel_log_report report;
    if (!c->a->collector || oriel_log_read(c->store, keys, count, NULL, &report) != ORIEL_LOG_GOOD ||
        strcmp(report.checkpoint.origin, c->head.origin) != 0 || c->head.size >= report.checkpoint.size)
        return false;
    oriel_warning("%s: a head of %" PRIu64 " records, but %" PRIu64
                  " were collected: the broker repeats itself, or the device's log was put back",
                  c->a->file, c->head.size, report.checkpoint.size);
    return true;
}

bool oriel_cli_audit_take(const struct oriel_cli_audit *a, FILE *in) {
    struct oriel_note_key keys[ORIEL_CLI_KEYS_MAX], own = {0};
    size_t count = oriel_cli_vkeys(a->vkey, keys);
    struct collection c = {.a = a, .in = in, .store = -1};
    bool good = count && read_header(&c, keys, count) && load_key(&c, &own);
    if (good && mkdir(a->store, 0700) < 0 && errno != EEXIST)
        good = refuse(&c, "the store can't be made");
    _cleanup_close_ int store = good ? open(a->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    c.store = store;
    if (good && (store < 0 || flock(store, LOCK_EX) < 0))
        good = refuse(&c, "the store can't be opened");
    good = good && (is_repetition(&c, keys, count) || (look_at_store(&c, keys, count) && keep(&c) && answer(&c, &own)));
    free(c.note);
    oriel_note_key_clear(&own);
    oriel_cli_audit_keys_clear(keys, count);
    return good;
}

int oriel_cli_audit_collect(const struct oriel_cli_audit *a) {
    if (a->collector)
        return oriel_cli_audit_subscribe(a);
    if (!a->store || !a->vkey || !a->key || !a->file) {
        oriel_error("%s is missing", !a->store ? "--store" : !a->vkey ? "--vkey" : !a->key ? "--key" : "the export");
        return 2;
    }
    _cleanup_(close_file) FILE *in = fopen(a->file, "re");
    if (!in)
        oriel_error("cannot read %s: %s", a->file, strerror(errno));
    return in && oriel_cli_audit_take(a, in) ? 0 : 1;
}
