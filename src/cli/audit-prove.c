/* `oriel audit prove --session ID`: the records of one session, each with the proof that it stands in the log, and
 * nothing of any other:
 *   {"v":1,"typ":"audit-proof","session":"…","checkpoint":"<signed note>",
 *    "records":[{"index":0,"record":"<line>","path":["<base64>",…]},…]}
 * The log is read twice: for the records, then for the hashes of their proofs. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "cleanup.h"
#include "json.h"
#include "log.h"
#include "prove.h"

struct search {
    const char *session;
    char request[64];
    json_t *pending; /* records of the newest request, which may become this session's */
    json_t *records;
    char newest[64];
    bool found;
};

static void keep(json_t *list, const struct oriel_record_head *head, const char *line, size_t length) {
    json_array_append_new(list, json_pack("{s:I, s:s%}", "index", (json_int_t)head->seq - 1, "record", line, length));
}

/* A session is known by its id from the grant on, before that by the request's. */
static void look(void *user, const struct oriel_record_head *head, const char *line, size_t length) {
    struct search *s = user;
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *record =
        oriel_cli_audit_is_step(head->event) ? oriel_json_decode(line, length, ORIEL_RECORD_MAX, error) : NULL;
    if (!record)
        return;
    const char *session = oriel_json_text(record, "session"), *request = oriel_json_text(record, "request");
    if (strcmp(head->event, "request") == 0 && request) {
        snprintf(s->newest, sizeof s->newest, "%s", request);
        json_array_clear(s->pending);
    }
    bool of_newest = request && strcmp(request, s->newest) == 0;
    if (of_newest && !s->found)
        keep(s->pending, head, line, length);
    if (session && strcmp(session, s->session) == 0) {
        if (!s->found && of_newest)
            json_array_extend(s->records, s->pending);
        else
            keep(s->records, head, line, length);
        s->found = true;
    }
    json_decref(record);
}

static bool want(struct oriel_prover *prover, const json_t *records, uint64_t size) {
    struct oriel_tree_range ranges[ORIEL_TREE_PATH_MAX];
    size_t i;
    json_t *item;
    json_array_foreach(records, i, item) {
        unsigned n = oriel_tree_inclusion((uint64_t)oriel_json_integer(item, "index", 0), size, ranges);
        if (!oriel_prover_want(prover, ranges, n))
            return false;
    }
    return true;
}

static bool add_paths(const struct oriel_prover *prover, json_t *records, uint64_t size) {
    struct oriel_tree_range ranges[ORIEL_TREE_PATH_MAX];
    struct oriel_tree_hash hash;
    char text[48];
    size_t i;
    json_t *item;
    json_array_foreach(records, i, item) {
        unsigned n = oriel_tree_inclusion((uint64_t)oriel_json_integer(item, "index", 0), size, ranges);
        json_t *path = json_array();
        json_object_set_new(item, "path", path);
        for (unsigned k = 0; k < n; k++) {
            if (!oriel_prover_root(prover, ranges[k], &hash))
                return false;
            oriel_base64_encode(hash.bytes, sizeof hash.bytes, text);
            json_array_append_new(path, json_string(text));
        }
    }
    return true;
}

static json_t *read_note(int directory) {
    char note[ORIEL_NOTE_MAX];
    _cleanup_close_ int fd = openat(directory, ORIEL_LOG_CHECKPOINT, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, note, sizeof note) : -1;
    return n > 0 ? json_stringn(note, (size_t)n) : NULL;
}

static bool has_dropped(int directory) {
    _cleanup_free_ struct oriel_log_segment *segments = NULL;
    size_t count = 0, i = 0;
    if (!oriel_log_segments(directory, &segments, &count))
        return false;
    while (i < count && !segments[i].hashes)
        i++;
    return i < count;
}

static bool prove(const struct oriel_cli_audit *a, int fd, const struct oriel_note_key *keys, size_t count,
                  struct search *s, json_t **note) {
    _cleanup_free_ char *directory = oriel_cli_audit_directory(a->cli);
    struct oriel_log_report report, again;
    const struct oriel_log_visitor first = {.record = look, .user = s};
    enum oriel_log_state state = oriel_log_read(fd, keys, count, &first, &report);
    if (state != ORIEL_LOG_GOOD && state != ORIEL_LOG_TORN) {
        oriel_cli_audit_complain(directory, &report);
        return false;
    }
    if (!s->found) {
        oriel_error("the log has no session '%s'; %s", s->session,
                    has_dropped(fd) ? "records were dropped here after their export: prove it where the owner's "
                                      "collector keeps them (--directory STORE/DEVICE --vkey FILE)"
                                    : "'oriel audit show' has those that there are");
        return false;
    }
    struct oriel_prover *prover = oriel_prover_new();
    const struct oriel_log_visitor second = {.leaf = oriel_prover_leaf, .user = prover};
    bool good = prover && want(prover, s->records, report.checkpoint.size);
    oriel_log_read(fd, keys, count, good ? &second : NULL, &again);
    *note = read_note(fd);
    const char *text = json_string_value(*note);
    if (!text || again.checkpoint.size != report.checkpoint.size) {
        oriel_error("the log has grown meanwhile; try again");
        good = false;
    } else if (good && !add_paths(prover, s->records, report.checkpoint.size)) {
        oriel_error("there is no proof across the records that were lost; the owner's collector may have them");
        good = false;
    }
    oriel_prover_free(prover);
    return good;
}

int oriel_cli_audit_prove(const struct oriel_cli_audit *a) {
    struct oriel_note_key keys[ORIEL_CLI_KEYS_MAX];
    if (!a->session) {
        oriel_error("--session is missing: which session is to be proved");
        return 2;
    }
    size_t count = oriel_cli_audit_keys(a, keys);
    _cleanup_close_ int fd = count ? oriel_cli_audit_open(a->cli) : -1;
    struct search s = {.session = a->session, .pending = json_array(), .records = json_array()};
    json_t *note = NULL;
    bool good = fd >= 0 && prove(a, fd, keys, count, &s, &note);
    if (good) {
        json_t *proof = json_pack("{s:i, s:s, s:s, s:O, s:O}", "v", 1, "typ", "audit-proof", "session", a->session,
                                  "checkpoint", note, "records", s.records);
        _cleanup_free_ char *text = json_dumps(proof, JSON_INDENT(1));
        good = text && oriel_cli_write(a->out ? a->out : "-", text, strlen(text));
        json_decref(proof);
    }
    json_decref(note);
    json_decref(s.pending);
    json_decref(s.records);
    oriel_cli_audit_keys_clear(keys, count);
    return good ? 0 : 1;
}
