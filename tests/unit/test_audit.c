/* core/audit: a record is on the disk whole or not at all, in order, by one writer; and it says so when it is not. */
#include "core_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "audit.h"

static char *folder, *path;

static struct oriel_audit *open_log(void) {
    g_autoptr(GError) error = NULL;
    struct oriel_audit *a = oriel_audit_open(folder, &error);
    if (!a)
        fail_msg("%s", error->message);
    return a;
}

static void open_refused(const char *directory, const char *why) {
    g_autoptr(GError) error = NULL;
    assert_null(oriel_audit_open(directory, &error));
    if (!strstr(error->message, why))
        fail_msg("'%s' does not say '%s'", error->message, why);
}

static bool append(struct oriel_audit *a, const char *note) {
    g_autoptr(GError) error = NULL;
    bool done = oriel_audit_append(a, "test", json_pack("{s:s}", "note", note), &error);
    assert_int_equal(done, error == NULL);
    return done;
}

static void append_refused(struct oriel_audit *a, json_t *members, const char *why) {
    g_autoptr(GError) error = NULL;
    assert_false(oriel_audit_append(a, "test", members, &error));
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
    assert_string_equal(json_string_value(json_object_get(last, "event")), "test");
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

static void test_a_file_that_is_no_log(void **state) {
    static const char *const texts[] = {
        "hello\n",           "{}\n", "{\"seq\":0}\n",   "{\"seq\":-1}\n",
        "{\"seq\":\"1\"}\n", "\n",   "{\"seq\":1}\n\n", "{\"seq\":9223372036854775807}\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_file_set_contents(path, texts[i], -1, NULL);
        open_refused(folder, "the last line is no record of");
        g_autofree char *after = NULL;
        g_file_get_contents(path, &after, NULL, NULL);
        assert_string_equal(after, texts[i]); /* untouched */
    }
    g_autofree char *endless = g_strnfill(20000, 'x');
    g_file_set_contents(path, endless, -1, NULL);
    open_refused(folder, "no line ends in");
}

static void test_the_longest_record(void **state) {
    struct oriel_audit *a = open_log();
    append_refused(a, pad(4096), "too long");
    append_refused(a, NULL, "no JSON"); /* a record that lacks what it is about */
    assert_true(append(a, "after"));
    int n = 4096;
    while (!oriel_audit_append(a, "test", pad(n), NULL))
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

static void test_a_really_full_disk(void **state) {
    if (mount("tmpfs", folder, "tmpfs", 0, "size=8k") < 0)
        skip(); /* needs root and its capabilities */
    struct oriel_audit *a = open_log();
    int whole = 0;
    while (whole < 100 && oriel_audit_append(a, "test", pad(1500), NULL))
        whole++;
    bool again = oriel_audit_append(a, "test", pad(1500), NULL);
    json_int_t found = check_log(NULL);
    oriel_audit_close(a);
    int unmounted = umount(folder);
    assert_int_equal(unmounted, 0);
    assert_in_range(whole, 1, 5);
    assert_false(again);
    assert_int_equal(found, whole);
}

static void test_removed_or_replaced(void **state) {
    g_autofree char *aside = g_build_filename(folder, "aside", NULL);
    struct oriel_audit *a = open_log();
    assert_true(append(a, "one"));
    assert_int_equal(rename(path, aside), 0);
    append_refused(a, json_object(), "somebody removed or replaced");
    g_file_set_contents(path, "", 0, NULL);
    append_refused(a, json_object(), "somebody removed or replaced");
    assert_int_equal(rename(aside, path), 0);
    assert_true(append(a, "the right one is back"));
    oriel_audit_close(a);
    assert_int_equal(check_log(NULL), 2);
}

static void test_cut_or_written_by_somebody_else(void **state) {
    struct oriel_audit *a = open_log();
    assert_true(append(a, "one"));
    struct stat st;
    stat(path, &st);
    tear("x", 1);
    append_refused(a, json_object(), "more or less than was written");
    assert_int_equal(truncate(path, 0), 0);
    append_refused(a, json_object(), "more or less than was written");
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
    struct oriel_audit *a = oriel_audit_open(folder, NULL);
    if (a)
        assert_false(append(a, "into a pipe"));
    oriel_audit_close(a);
}

static void test_directories_are_made(void **state) {
    g_autofree char *deep = g_build_filename(folder, "a", "b", NULL);
    struct oriel_audit *a = oriel_audit_open(deep, NULL);
    assert_non_null(a);
    struct stat st;
    stat(deep, &st);
    assert_int_equal(st.st_mode & 0777, 0700);
    oriel_audit_close(a);
}

static int set_up(void **state) {
    folder = rig_folder();
    path = g_build_filename(folder, "audit.jsonl", NULL);
    return 0;
}

static int tear_down(void **state) {
    umount2(folder, MNT_DETACH); /* of the test of a really full disk, when it failed */
    rig_remove(folder);
    g_clear_pointer(&path, g_free);
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
        TEST(test_a_really_full_disk),
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
