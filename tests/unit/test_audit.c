/* core/audit: a record is on the disk whole or not at all, in order, by one writer; and it says so when it is not. What
 * somebody did to the log meanwhile is found, and stops it until it is acknowledged. */
#include "core_rig.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "audit.h"
#include "json.h"
#include "reader.h"

static char *folder, *path, *keys, *key, *begun;

static struct oriel_audit *open_in(const char *directory, GError **error) {
    return oriel_audit_open(
        &(struct oriel_audit_setup){
            .directory = directory, .key = key, .origin = "oriel/plant/filler-1", .begun = begun},
        error);
}

static struct oriel_audit *open_log(void) {
    g_autoptr(GError) error = NULL;
    struct oriel_audit *a = open_in(folder, &error);
    if (!a)
        fail_msg("%s", error->message);
    return a;
}

static void open_refused(const char *directory, const char *why) {
    g_autoptr(GError) error = NULL;
    assert_null(open_in(directory, &error));
    if (!strstr(error->message, why))
        fail_msg("'%s' does not say '%s'", error->message, why);
}

static bool append(struct oriel_audit *a, const char *note) {
    g_autoptr(GError) error = NULL;
    bool done = oriel_audit_append(a, "call", json_pack("{s:s}", "note", note), NULL, &error);
    assert_int_equal(done, error == NULL);
    return done;
}

/* What anybody with the public part can say of the log. */
static struct oriel_log_report verify(void) {
    struct oriel_log_report report;
    struct oriel_note_key k;
    g_autofree char *pem = NULL;
    gsize length;
    char error[ORIEL_NOTE_ERROR_SIZE];
    g_file_get_contents(key, &pem, &length, NULL);
    assert_true(oriel_note_key_private(&k, "oriel/plant/filler-1", ORIEL_NOTE_ED25519, pem, length, error));
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    oriel_log_read(fd, &k, 1, NULL, &report);
    close(fd);
    oriel_note_key_clear(&k);
    return report;
}

static void append_refused(struct oriel_audit *a, json_t *members, const char *why) {
    g_autoptr(GError) error = NULL;
    assert_false(oriel_audit_append(a, "call", members, NULL, &error));
    if (!strstr(error->message, why))
        fail_msg("'%s' does not say '%s'", error->message, why);
}

static json_t *pad(int n) {
    g_autofree char *text = g_strnfill((gsize)n, 'x');
    return json_pack("{s:s}", "note", text);
}

/* Whole lines, each a record, numbered from 1 without a hole: how many. `last`: the last record, when not NULL. */
static json_int_t check_log(json_t **last) {
    g_autofree char *text = NULL;
    gsize length;
    assert_true(g_file_get_contents(path, &text, &length, NULL));
    assert_true(length == 0 || text[length - 1] == '\n');
    struct oriel_log_report report = verify();
    if (report.state != ORIEL_LOG_GOOD)
        fail_msg("%s, byte %d: %s", report.file, (int)report.offset, report.what);
    json_int_t seq = 0;
    json_t *record = NULL;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_decref(record);
        record = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(record);
        assert_int_equal(json_integer_value(json_object_get(record, "seq")), ++seq);
        assert_true(json_is_real(json_object_get(record, "boot_time")));
        assert_int_equal(json_string_length(json_object_get(record, "time")), 24);
    }
    if (last)
        *last = record;
    else
        json_decref(record);
    return seq;
}

static void test_records_continue_after_reopening(void **state) {
    for (int i = 0; i < 3; i++) {
        struct oriel_audit *a = open_log();
        assert_true(append(a, "one"));
        assert_true(append(a, "two \n \"quoted\" ü"));
        oriel_audit_close(a);
    }
    json_t *last;
    assert_int_equal(check_log(&last), 6);
    assert_string_equal(json_string_value(json_object_get(last, "event")), "call");
    assert_string_equal(json_string_value(json_object_get(last, "note")), "two \n \"quoted\" ü");
    json_decref(last);
    struct stat st;
    stat(path, &st);
    assert_int_equal(st.st_mode & 0777, 0600);
    oriel_audit_close(NULL);
}

static void tear(const char *bytes, gssize length) {
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    assert_int_equal(write(fd, bytes, (size_t)length), length);
    close(fd);
}

static void test_a_torn_last_line_is_cut_and_recorded(void **state) {
    static const char zeros[4096];
    const struct {
        const char *bytes;
        gssize length;
    } tails[] = {{"{\"seq\":3,\"ti", 12}, {zeros, sizeof zeros}, {"x", 1}};
    for (gsize i = 0; i < G_N_ELEMENTS(tails); i++) {
        struct oriel_audit *a = open_log();
        assert_true(append(a, "whole"));
        oriel_audit_close(a);
        json_int_t before = check_log(NULL);
        tear(tails[i].bytes, tails[i].length);
        oriel_audit_close(open_log());
        json_t *last;
        assert_int_equal(check_log(&last), before + 1);
        assert_string_equal(json_string_value(json_object_get(last, "event")), "recovered");
        assert_int_equal(json_integer_value(json_object_get(last, "cut_bytes")), tails[i].length);
        assert_string_equal(oriel_json_text(last, "cut"), tails[i].bytes);
        json_decref(last);
        oriel_audit_close(open_log()); /* nothing more to recover */
        assert_int_equal(check_log(NULL), before + 1);
    }
}

static void test_a_torn_first_line(void **state) {
    tear("{\"seq\":1", 8);
    oriel_audit_close(open_log());
    assert_int_equal(check_log(NULL), 1);
}

/* Opened, but nothing can be recorded. */
static struct oriel_audit *open_tampered(const char *why) {
    struct oriel_audit *a = open_log();
    if (!oriel_audit_tampered(a) || !strstr(oriel_audit_tampered(a), why))
        fail_msg("'%s' does not say '%s'", oriel_audit_tampered(a), why);
    append_refused(a, pad(1), "oriel audit acknowledge");
    g_autoptr(GError) error = NULL;
    assert_false(oriel_audit_is_writable(a, &error));
    return a;
}

static void test_a_file_that_is_no_log(void **state) {
    g_autofree char *text = g_strnfill(20000, 'x');
    g_file_set_contents(path, text, -1, NULL);
    oriel_audit_close(open_tampered("the checkpoint is missing"));
    g_file_set_contents(path, "{\"seq\":1}\n{\"seq\":2}\n", -1, NULL);
    oriel_audit_close(open_tampered("the checkpoint is missing"));
    g_autofree char *after = NULL;
    g_file_get_contents(path, &after, NULL, NULL);
    assert_string_equal(after, "{\"seq\":1}\n{\"seq\":2}\n"); /* untouched */
}

static void test_the_longest_record(void **state) {
    struct oriel_audit *a = open_log();
    append_refused(a, pad(4096), "too long");
    append_refused(a, NULL, "no JSON"); /* a record that lacks what it is about */
    assert_true(append(a, "after"));
    int n = 4096;
    while (!oriel_audit_append(a, "call", pad(n), NULL, NULL))
        n--;
    struct stat st;
    stat(path, &st);
    oriel_audit_close(a);
    assert_int_equal(check_log(NULL), 2);
    tear("torn", 4); /* behind the longest line */
    oriel_audit_close(open_log());
    assert_int_equal(check_log(NULL), 3);
}

static void set_file_limit(rlim_t bytes) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = MIN(bytes, limit.rlim_max);
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* A limit of the file's size cuts a write in two at every byte of a record in turn, as a full disk can. */
static void test_a_full_disk_leaves_whole_lines(void **state) {
    signal(SIGXFSZ, SIG_IGN);
    struct oriel_audit *a = open_log();
    assert_true(append(a, "first"));
    struct stat st;
    stat(path, &st);
    for (rlim_t room = 0; room < (rlim_t)st.st_size; room += 9) {
        set_file_limit((rlim_t)st.st_size + room);
        assert_false(append(a, "first"));
        struct stat after;
        stat(path, &after);
        assert_int_equal(after.st_size, st.st_size);
        assert_int_equal(check_log(NULL), 1);
    }
    set_file_limit(RLIM_INFINITY);
    assert_true(append(a, "room again"));
    assert_int_equal(check_log(NULL), 2);
    oriel_audit_close(a);
}

/* Attack 25: what is left for ends is not for anything else. */
static void test_attack_25_a_full_disk(void **state) {
    if (mount("tmpfs", folder, "tmpfs", 0, "size=64k") < 0)
        skip(); /* needs root and its capabilities */
    struct oriel_audit *a = open_log();
    int whole = 0, ends = 0;
    while (whole < 100 && oriel_audit_append(a, "call", pad(1500), NULL, NULL))
        whole++;
    for (int more = 0; more < 100 && oriel_audit_append(a, "call", pad(1), NULL, NULL); more++)
        whole++;
    g_autoptr(GError) error = NULL, unwritable = NULL;
    bool again = oriel_audit_append(a, "call", pad(1), NULL, &error);
    bool writable = oriel_audit_is_writable(a, &unwritable);
    while (ends < 4 && oriel_audit_append(a, "end",
                                          json_pack("{s:s, s:s, s:s, s:i, s:i}", "session", "s", "by", "person",
                                                    "reason", "stopped", "seconds", 1, "bytes", 1),
                                          NULL, NULL))
        ends++;
    json_int_t found = check_log(NULL);
    oriel_audit_close(a);
    a = open_log(); /* and it is read again while the disk is full */
    oriel_audit_close(a);
    int unmounted = umount(folder);
    assert_int_equal(unmounted, 0);
    assert_in_range(whole, 5, 90);
    assert_false(again);
    assert_false(writable);
    assert_true(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE));
    assert_int_equal(ends, 4);
    assert_int_equal(found, whole + 4);
}

static void test_attack_25_a_disk_that_became_read_only(void **state) {
    if (mount("tmpfs", folder, "tmpfs", 0, "size=256k") < 0)
        skip();
    struct oriel_audit *a = open_log();
    bool before = append(a, "one");
    bool writable = oriel_audit_is_writable(a, NULL);
    oriel_audit_close(a);
    int remounted = mount("tmpfs", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL);
    g_autoptr(GError) error = NULL;
    a = open_in(folder, &error);
    bool opened = a != NULL;
    oriel_audit_close(a);
    int unmounted = umount(folder);
    assert_int_equal(unmounted, 0);
    assert_true(before && writable && remounted == 0);
    assert_false(opened);
    assert_true(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_READ_ONLY));
}

static void tear_down_files(void) {
    rig_remove(g_strdup(folder));
    g_mkdir(folder, 0700);
    unlink(begun);
}

static void test_removed_or_replaced(void **state) {
    g_autofree char *aside = g_build_filename(folder, "aside", NULL);
    struct oriel_audit *a = open_log();
    assert_true(append(a, "one"));
    assert_int_equal(rename(path, aside), 0);
    append_refused(a, pad(1), "somebody removed or replaced");
    g_file_set_contents(path, "", 0, NULL);
    append_refused(a, pad(1), "somebody removed or replaced");
    assert_int_equal(rename(aside, path), 0);
    assert_true(append(a, "the right one is back"));
    oriel_audit_close(a);
    assert_int_equal(check_log(NULL), 2);
}

static void spoil(size_t at, char with) {
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, &with, 1, (off_t)at), 1);
    close(fd);
}

static char *in_folder(const char *name) {
    return g_build_filename(folder, name, NULL);
}

static size_t line_start(int number) {
    g_autofree char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    char *at = text;
    while (--number)
        at = strchr(at, '\n') + 1;
    return (size_t)(at - text);
}

static void five_records(void) {
    struct oriel_audit *a = open_log();
    for (int i = 0; i < 5; i++)
        assert_true(append(a, "something that is said"));
    oriel_audit_close(a);
}

static void go_on_after(const char *why, json_int_t seq) {
    struct oriel_audit *a = open_tampered(why);
    g_autoptr(GError) error = NULL;
    if (!oriel_audit_acknowledge(a, 1000, &error))
        fail_msg("%s", error->message);
    assert_null(oriel_audit_tampered(a));
    assert_false(oriel_audit_acknowledge(a, 1000, NULL)); /* once is enough */
    assert_true(append(a, "on we go"));
    assert_int_equal(oriel_audit_size(a), seq + 1);
    oriel_audit_close(a);
    a = open_log();
    assert_null(oriel_audit_tampered(a));
    assert_true(append(a, "and after another start"));
    oriel_audit_close(a);
    struct oriel_log_report report = verify();
    if (report.state != ORIEL_LOG_GOOD)
        fail_msg("%s, byte %d: %s", report.file, (int)report.offset, report.what);
    g_autofree char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    g_autofree char *first = g_strndup(text, strcspn(text, "\n"));
    json_t *record = json_loads(first, 0, NULL);
    assert_string_equal(oriel_json_text(record, "event"), "acknowledged");
    assert_int_equal(oriel_json_integer(record, "seq", 0), seq);
    assert_int_equal(oriel_json_integer(record, "uid", 0), 1000);
    assert_non_null(strstr(oriel_json_text(record, "found"), why));
    json_decref(record);
}

static void test_attack_23_a_record_is_edited(void **state) {
    static const struct {
        int record, in_line; /* of five; the byte, from the end when negative */
        const char *why;
    } edits[] = {{1, 150, "record 1 is not what was written"},
                 {3, 150, "record 3 is not what was written"},
                 {5, 150, "record 5 is not what was written"},
                 {2, 0, "this is no record"},
                 {4, 7, "record 9 stands where record 4 belongs"}};
    for (gsize i = 0; i < G_N_ELEMENTS(edits); i++) {
        five_records();
        size_t at = line_start(edits[i].record);
        spoil(at + (size_t)edits[i].in_line, '9');
        struct oriel_log_report report = verify();
        assert_int_equal(report.state, ORIEL_LOG_TAMPER);
        assert_string_equal(report.file, "audit.jsonl");
        assert_int_equal(report.offset, at);
        go_on_after(edits[i].why, 6);
        tear_down_files();
    }
}

static void test_attack_23_the_end_is_cut_off(void **state) {
    for (int keep = 0; keep < 5; keep++) {
        five_records();
        assert_int_equal(truncate(path, keep ? (off_t)line_start(keep + 1) : 0), 0);
        g_autofree char *why = g_strdup_printf("the log ends after record %d, but the checkpoint knows of 5", keep);
        go_on_after(why, 6);
        tear_down_files();
    }
}

static void test_attack_23_records_are_added(void **state) {
    five_records();
    tear("{\"seq\":6}\n{\"seq\":7}\n", 20);
    go_on_after("more than one record beyond the checkpoint", 6);
}

static void test_attack_23_files_are_deleted(void **state) {
    g_autofree char *head = in_folder("checkpoint");
    five_records();
    assert_int_equal(unlink(path), 0);
    go_on_after("the log ends after record 0", 6);
    tear_down_files();
    five_records();
    assert_int_equal(unlink(head), 0);
    go_on_after("the checkpoint is missing", 1); /* nothing to go on from */
    tear_down_files();
    five_records();
    assert_int_equal(unlink(head), 0);
    assert_int_equal(unlink(path), 0);
    go_on_after("the log was removed: there was one before", 1);
}

static void test_attack_23_another_head(void **state) {
    g_autofree char *head = in_folder("checkpoint"), *text = NULL;
    five_records();
    g_file_get_contents(head, &text, NULL, NULL);
    char *size = strstr(text, "\n5\n") + 1;
    *size = '4';
    g_file_set_contents(head, text, -1, NULL);
    go_on_after("a signature of the note is not good", 1);
    tear_down_files();
    five_records();
    g_file_set_contents(head, "", 0, NULL);
    go_on_after("not a signed note", 1);
}

/* Sessions that were cut off, with the device or by the damage. */
static void test_open_sessions_are_aborted(void **state) {
    struct oriel_audit *a = open_log();
    static const char *const sessions[] = {"one", "two"};
    for (int i = 0; i < 2; i++)
        assert_true(
            oriel_audit_append(a, "grant",
                               json_pack("{s:s, s:s, s:s, s:s, s:[s], s:i}", "request", "r", "session", sessions[i],
                                         "vendor", "v", "agent", "a", "scopes", "view", "seconds", 60),
                               NULL, NULL));
    assert_true(oriel_audit_append(a, "end",
                                   json_pack("{s:s, s:s, s:s, s:i, s:i}", "session", "one", "by", "person", "reason",
                                             "stopped", "seconds", 1, "bytes", 1),
                                   NULL, NULL));
    oriel_audit_close(a);
    oriel_audit_close(open_log());
    json_t *last;
    assert_int_equal(check_log(&last), 4);
    assert_string_equal(oriel_json_text(last, "event"), "aborted");
    assert_string_equal(oriel_json_text(last, "session"), "two");
    json_decref(last);
    oriel_audit_close(open_log());
    assert_int_equal(check_log(NULL), 4); /* once */
}

static void test_what_no_event_has(void **state) {
    struct oriel_audit *a = open_log();
    g_autoptr(GError) error = NULL;
    append_refused(a, json_pack("{s:s, s:s}", "note", "x", "picture", "x"), "has no 'picture'");
    append_refused(a, json_object(), "'note' of the event 'call' is missing");
    append_refused(a, json_pack("{s:i}", "note", 1), "is of another kind");
    assert_false(oriel_audit_append(a, "keystroke", json_object(), NULL, &error));
    assert_true(append(a, "one"));
    oriel_audit_close(a);
    assert_int_equal(check_log(NULL), 1);
}

/* A chunk as the collector would check it; its last record, or 0. */
static guint64 take_chunk(struct oriel_audit *a, gsize max, guint64 from, char **note) {
    char error[ORIEL_NOTE_ERROR_SIZE] = "";
    struct oriel_note_key k;
    struct oriel_checkpoint head;
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = oriel_audit_export(a, max, &problem), *pem = NULL;
    gsize size;
    assert_null(problem);
    if (!text)
        return 0;
    assert_true(strlen(text) < max + 2048);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    json_t *first = json_loads(lines[0], 0, NULL);
    assert_int_equal(oriel_json_integer(first, "from", 0), from);
    g_file_get_contents(key, &pem, &size, NULL);
    assert_true(oriel_note_key_private(&k, "oriel/plant/filler-1", ORIEL_NOTE_ED25519, pem, size, error));
    *note = g_strdup(oriel_json_text(first, "checkpoint"));
    assert_true(oriel_checkpoint_verify(&k, *note, strlen(*note), &head, error));
    assert_int_equal(head.size, oriel_json_integer(first, "to", 0));
    assert_int_equal(g_strv_length(lines), 1 + (head.size - from + 1) + 1);
    oriel_note_key_clear(&k);
    json_decref(first);
    return head.size;
}

/* As `oriel audit collect` does; the caller frees. */
static char *cosign(const char *note, const char *collector_pem, char vkey[ORIEL_NOTE_VKEY_SIZE]) {
    char line[ORIEL_NOTE_VKEY_SIZE + 128], error[ORIEL_NOTE_ERROR_SIZE];
    struct oriel_note_key k;
    assert_true(oriel_note_key_private(&k, "oriel/plant/collector", ORIEL_NOTE_COSIGNATURE, collector_pem,
                                       strlen(collector_pem), error));
    assert_true(oriel_note_sign(&k, note, (size_t)(strstr(note, "\n\n") + 1 - note), 1, line));
    oriel_note_key_text(&k, vkey);
    oriel_note_key_clear(&k);
    return g_strconcat(note, line, NULL);
}

static void test_the_collector_gets_all_in_chunks(void **state) {
    struct oriel_audit *a = open_log();
    g_autofree char *pem = oriel_note_key_make(), *other = oriel_note_key_make();
    char vkey[ORIEL_NOTE_VKEY_SIZE], wrong[ORIEL_NOTE_VKEY_SIZE];
    guint64 collected = 0, last;
    guint chunks = 0;
    for (int i = 0; i < 50; i++)
        assert_true(append(a, "some words of a person"));
    g_autofree char *unanswered = NULL;
    assert_true(take_chunk(a, 4096, 1, &unanswered) > 5);
    guint64 size = oriel_audit_size(a);
    g_clear_pointer(&unanswered, g_free);
    assert_true(take_chunk(a, 4096, 1, &unanswered) > 5); /* no answer: the same again, which is no other export */
    assert_int_equal(oriel_audit_size(a), size);
    oriel_audit_close(a); /* and after a restart */
    a = open_log();
    for (;;) {
        g_autofree char *note = NULL;
        last = take_chunk(a, 4096, collected + 1, &note);
        if (!last)
            break;
        g_autofree char *good = cosign(note, pem, vkey), *forged = cosign(note, other, wrong);
        assert_false(oriel_audit_cosigned(a, vkey, forged, 1, NULL));
        assert_int_equal(oriel_audit_collected(a), collected);
        assert_true(oriel_audit_cosigned(a, vkey, good, 1, NULL));
        size = oriel_audit_size(a);
        assert_true(oriel_audit_cosigned(a, vkey, good, 1, NULL)); /* said again: nothing new */
        assert_int_equal(oriel_audit_size(a), size);
        collected = last;
        chunks++;
        assert_true(chunks < 50);
    }
    assert_true(collected >= 50 && chunks >= 2);
    assert_null(oriel_audit_export(a, 65536, NULL)); /* what collecting leaves in the log is no news */
    assert_true(append(a, "news"));
    g_autofree char *note = NULL;
    last = take_chunk(a, 65536, collected + 1, &note);
    assert_int_equal(last, oriel_audit_size(a) - 1); /* that it is sent is on record */
    oriel_audit_close(a);
    assert_int_equal(verify().state, ORIEL_LOG_GOOD);
}

static void test_policies(void **state) {
    struct oriel_audit *a = open_log();
    assert_true(oriel_audit_policy(a, "trust", "h1", NULL)); /* the first one known is no change */
    assert_true(oriel_audit_policy(a, "trust", "h1", NULL));
    assert_true(oriel_audit_policy(a, "trust", "h2", NULL));
    oriel_audit_close(a);
    a = open_log();
    assert_true(oriel_audit_policy(a, "trust", "h2", NULL));
    assert_true(oriel_audit_policy(a, "trust", "h1", NULL));
    oriel_audit_close(a);
    json_t *last;
    assert_int_equal(check_log(&last), 2);
    assert_string_equal(oriel_json_text(last, "before"), "h2");
    json_decref(last);
}

static void test_cut_or_written_by_somebody_else(void **state) {
    struct oriel_audit *a = open_log();
    assert_true(append(a, "one"));
    struct stat st;
    stat(path, &st);
    tear("x", 1);
    append_refused(a, pad(1), "more or less than was written");
    assert_int_equal(truncate(path, 0), 0);
    append_refused(a, pad(1), "more or less than was written");
    oriel_audit_close(a);
    stat(path, &st);
    assert_int_equal(st.st_size, 0); /* nothing was added to what it does not know */
}

static void test_one_writer(void **state) {
    struct oriel_audit *a = open_log();
    open_refused(folder, "another orield runs with this configuration");
    assert_true(append(a, "still mine"));
    oriel_audit_close(a);
    oriel_audit_close(open_log());
    pid_t pid = fork(); /* the lock goes with its process, however that ends */
    if (pid == 0) {
        open_log();
        raise(SIGKILL);
    }
    assert_int_equal(rig_wait(pid), -SIGKILL);
    oriel_audit_close(open_log());
}

static void test_places_where_no_log_can_be(void **state) {
    g_autofree char *file = g_build_filename(folder, "file", NULL), *below = g_build_filename(file, "below", NULL);
    g_file_set_contents(file, "", 0, NULL);
    open_refused(file, "cannot");
    open_refused(below, "cannot make");
    open_refused("/proc/oriel", "cannot make");
    assert_int_equal(g_mkdir(path, 0700), 0);
    open_refused(folder, "cannot open");
    assert_int_equal(g_rmdir(path), 0);
    assert_int_equal(symlink("file", path), 0); /* somebody else's choice of a file */
    open_refused(folder, "cannot open");
    assert_int_equal(g_unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* what cannot be synced to a disk is no log */
    struct oriel_audit *a = open_in(folder, NULL);
    if (a)
        assert_false(append(a, "into a pipe"));
    oriel_audit_close(a);
}

static void test_directories_are_made(void **state) {
    g_autofree char *deep = g_build_filename(folder, "a", "b", NULL);
    struct oriel_audit *a = open_in(deep, NULL);
    assert_non_null(a);
    struct stat st;
    stat(deep, &st);
    assert_int_equal(st.st_mode & 0777, 0700);
    oriel_audit_close(a);
}

static int set_up(void **state) {
    folder = rig_folder();
    keys = rig_folder();
    path = g_build_filename(folder, "audit.jsonl", NULL);
    key = g_build_filename(keys, "audit.key", NULL);
    begun = g_build_filename(keys, "audit.begun", NULL);
    char *pem = oriel_note_key_make();
    g_file_set_contents_full(key, pem, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
    free(pem);
    return 0;
}

static int tear_down(void **state) {
    umount2(folder, MNT_DETACH); /* of the test of a really full disk, when it failed */
    rig_remove(folder);
    rig_remove(keys);
    g_clear_pointer(&path, g_free);
    g_clear_pointer(&key, g_free);
    g_clear_pointer(&begun, g_free);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_records_continue_after_reopening),
        TEST(test_a_torn_last_line_is_cut_and_recorded),
        TEST(test_a_torn_first_line),
        TEST(test_a_file_that_is_no_log),
        TEST(test_the_longest_record),
        TEST(test_a_full_disk_leaves_whole_lines),
        TEST(test_attack_25_a_full_disk),
        TEST(test_attack_25_a_disk_that_became_read_only),
        TEST(test_attack_23_a_record_is_edited),
        TEST(test_attack_23_the_end_is_cut_off),
        TEST(test_attack_23_records_are_added),
        TEST(test_attack_23_files_are_deleted),
        TEST(test_attack_23_another_head),
        TEST(test_open_sessions_are_aborted),
        TEST(test_what_no_event_has),
        TEST(test_the_collector_gets_all_in_chunks),
        TEST(test_policies),
        TEST(test_removed_or_replaced),
        TEST(test_cut_or_written_by_somebody_else),
        TEST(test_one_writer),
        TEST(test_places_where_no_log_can_be),
        TEST(test_directories_are_made),
    };
    rig_settle(); /* GLib's own fds are open before they are counted */
    int before = rig_open_fds(), result = cmocka_run_group_tests_name("audit", tests, NULL, NULL);
    return result ? result : rig_open_fds() != before;
}
