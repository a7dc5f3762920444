/* `oriel audit export`: the log's records as a file for the owner's collector (audit-collect.c), or, with --cosigned,
 * the collector's answer to orield. An export is lines: first
 *   {"v":1,"typ":"audit-export","from":1,"to":42,"checkpoint":"<signed note>"}
 * then the records `from` to `to` as they stand in the log; `to` is the number that the checkpoint speaks of. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "cleanup.h"
#include "json.h"
#include "log.h"

struct export {
    FILE *to;
    uint64_t from, written;
    bool good;
};

static void copy(void *user, const struct oriel_record_head *head, const char *line, size_t length) {
    struct export *e = user;
    if (head->seq < e->from)
        return;
    e->good = e->good && fwrite(line, 1, length, e->to) == length && fputc('\n', e->to) == '\n';
    e->written++;
}

static char *read_note(int directory) {
    char note[ORIEL_NOTE_MAX];
    _cleanup_close_ int fd = openat(directory, ORIEL_LOG_CHECKPOINT, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, note, sizeof note) : -1;
    return n > 0 ? strndup(note, (size_t)n) : NULL;
}

static bool write_export(const struct oriel_cli_audit *a, int fd, const struct oriel_note_key *keys, size_t count,
                         struct export *e) {
    struct oriel_log_report report;
    _cleanup_free_ char *directory = oriel_cli_audit_directory(a->cli), *note = read_note(fd);
    struct oriel_checkpoint head;
    char error[ORIEL_NOTE_ERROR_SIZE] = "there is no checkpoint";
    if (!note || !oriel_checkpoint_parse(note, strlen(note), &head, error)) {
        oriel_error("%s/" ORIEL_LOG_CHECKPOINT ": %s", directory, error);
        return false;
    }
    json_t *first = json_pack("{s:i, s:s, s:I, s:I, s:s}", "v", 1, "typ", "audit-export", "from", (json_int_t)e->from,
                              "to", (json_int_t)head.size, "checkpoint", note);
    e->good = json_dumpf(first, e->to, JSON_COMPACT) == 0 && fputc('\n', e->to) == '\n';
    json_decref(first);
    const struct oriel_log_visitor visitor = {.record = copy, .user = e};
    enum oriel_log_state state = oriel_log_read(fd, keys, count, &visitor, &report);
    if (state != ORIEL_LOG_GOOD && state != ORIEL_LOG_TORN) {
        oriel_cli_audit_complain(directory, &report);
        return false;
    }
    if (report.checkpoint.size != head.size)
        oriel_error("the log has grown meanwhile; try again");
    else if (e->from > head.size + 1 || e->written != head.size + 1 - e->from)
        oriel_error("records from %llu on are not all here: there are %llu, of which some may have been dropped",
                    (unsigned long long)e->from, (unsigned long long)head.size);
    else if (!e->good || fflush(e->to) != 0 || fsync(fileno(e->to)) != 0)
        oriel_error("cannot write the export");
    else
        return true;
    return false;
}

static int take_answer(const struct oriel_cli_audit *a) {
    size_t length;
    _cleanup_free_ char *note = oriel_cli_read(a->cosigned, ORIEL_NOTE_MAX, &length);
    json_t *answer = note ? oriel_cli_ask_with(a->cli, "cosigned", json_pack("{s:s%}", "note", note, length)) : NULL;
    if (answer && !a->json)
        puts("taken: what the collector has may be dropped here when its turn comes");
    json_decref(answer);
    return answer ? 0 : 1;
}

/* Of a log that orield writes, before it is read; of a copy, or while orield does not run, nobody records it. */
static bool record_export(const struct oriel_cli_audit *a, uint64_t from) {
    if (a->cli->directory || !oriel_cli_runs(a->cli))
        return true;
    json_t *answer = oriel_cli_ask_with(a->cli, "exported", json_pack("{s:I}", "first", (json_int_t)from));
    bool good = answer != NULL;
    json_decref(answer);
    return good;
}

int oriel_cli_audit_export(const struct oriel_cli_audit *a) {
    struct oriel_note_key keys[ORIEL_CLI_KEYS_MAX];
    struct export e = {.from = a->from ? strtoull(a->from, NULL, 10) : 1};
    if (a->cosigned)
        return take_answer(a);
    if (!a->out || !e.from) {
        oriel_error(a->out ? "--from '%s' is no record's number" : "--out is missing: where the export goes to",
                    a->from);
        return 2;
    }
    if (!record_export(a, e.from))
        return 1;
    size_t count = oriel_cli_audit_keys(a, keys);
    _cleanup_close_ int fd = count ? oriel_cli_audit_open(a->cli) : -1;
    int out = fd >= 0 ? open(a->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (fd >= 0 && out < 0)
        oriel_error("cannot make %s: %m", a->out);
    e.to = out >= 0 ? fdopen(out, "w") : NULL;
    bool good = e.to && write_export(a, fd, keys, count, &e);
    if (e.to)
        fclose(e.to);
    if (e.to && !good)
        unlink(a->out);
    oriel_cli_audit_keys_clear(keys, count);
    if (good && !a->json)
        printf("%llu records are in %s\n", (unsigned long long)e.written, a->out);
    return good ? 0 : 1;
}
