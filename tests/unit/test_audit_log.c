/* audit/writer and audit/reader: whatever the disk does, a record that was said to be written is there and no other
 * counts; segments are closed, dropped and still prove. Attacks 24 and 25 at every single step of the writer. */
#include "core_rig.h"

#include "clock.h"
#include "faulty_disk.h"
#include "prove.h"
#include "writer.h"

enum { APPENDS = 9, SEGMENT = 200 };

static char *folder;
static struct oriel_note_key key;
static char error[ORIEL_LOG_ERROR_SIZE];

static struct oriel_log *open_log(struct faulty_disk *disk, const struct oriel_log_visitor *visitor) {
    return oriel_log_open(&(struct oriel_log_setup){.directory = folder,
                                                    .key = &key,
                                                    .io = disk ? &faulty_io : NULL,
                                                    .io_user = disk,
                                                    .visitor = visitor,
                                                    .segment = SEGMENT,
                                                    .was_there = false},
                          error);
}

static bool append(struct oriel_log *l, int number) {
    char note[32];
    snprintf(note, sizeof note, "number %d.", number);
    return oriel_log_append(l, "call", json_pack("{s:s}", "note", note), false, NULL, error);
}

struct seen {
    bool numbers[APPENDS + 1];
    int calls, recovered, others;
    struct oriel_tree_hash leaves[256];
};

static void see(void *user, const struct oriel_record_head *head, const char *line, size_t length) {
    struct seen *s = user;
    g_autofree char *text = g_strndup(line, length);
    char *number = strstr(text, "\"note\":\"number ");
    if (number) {
        int n = atoi(number + strlen("\"note\":\"number "));
        assert_in_range(n, 0, APPENDS);
        assert_false(s->numbers[n]); /* once */
        s->numbers[n] = true;
        s->calls++;
    } else if (strcmp(head->event, "recovered") == 0) {
        s->recovered++;
    } else {
        s->others++;
    }
}

static void see_leaf(void *user, uint64_t index, const struct oriel_tree_hash *leaf) {
    ((struct seen *)user)->leaves[index] = *leaf;
}

static struct oriel_log_report read_log(struct seen *seen) {
    struct oriel_log_report report;
    const struct oriel_log_visitor visitor = {see, see_leaf, seen};
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    memset(seen, 0, sizeof *seen);
    oriel_log_read(fd, &key, 1, &visitor, &report);
    close(fd);
    return report;
}

static void empty_folder(void) {
    rig_remove(g_strdup(folder));
    g_mkdir(folder, 0700);
}

/* What a device does with its log; which appends were said to be written, as bits. */
static unsigned live(struct faulty_disk *disk, bool drop) {
    unsigned written = 0;
    struct oriel_log *l = open_log(disk, NULL);
    l = l ? l : open_log(disk, NULL);
    for (int i = 0; l && i < APPENDS; i++) {
        if (append(l, i))
            written |= 1U << i;
        if (drop && i == APPENDS - 2)
            oriel_log_drop(l, oriel_log_tree(l)->size, 1, error);
    }
    oriel_log_close(l);
    return written;
}

static void check(unsigned written, bool dropped, const char *how, int step) {
    struct oriel_log *l = open_log(NULL, NULL);
    if (!l || oriel_log_tampered(l))
        fail_msg("%s at step %d: %s", how, step, l ? oriel_log_tampered(l) : error);
    assert_true(append(l, APPENDS)); /* and it goes on */
    oriel_log_close(l);
    struct seen seen;
    struct oriel_log_report report = read_log(&seen);
    if (report.state != ORIEL_LOG_GOOD)
        fail_msg("%s at step %d: %s, byte %d: %s", how, step, report.file, (int)report.offset, report.what);
    for (int i = 0; i < APPENDS && !dropped; i++)
        if ((written & 1U << i) && !seen.numbers[i])
            fail_msg("%s at step %d: record %d was said to be written and is not there", how, step, i);
    /* At most the one that was on its way has come through beside those. */
    assert_in_range(seen.calls - 1, dropped ? 0 : __builtin_popcount(written), __builtin_popcount(written) + 1);
    assert_true(seen.recovered <= 1);
    assert_true(seen.numbers[APPENDS]);
}

static void test_attack_24_the_power_goes_at_each_step(void **state) {
    for (int drop = 0; drop < 2; drop++) {
        struct faulty_disk whole = {0};
        assert_int_equal(live(&whole, drop), (1 << APPENDS) - 1);
        assert_in_range(whole.steps, 60, 500);
        int recovered = 0;
        for (int step = 1; step <= whole.steps; step++) {
            for (enum faulty_loss loss = 0; loss < FAULTY_LOSSES; loss++) {
                struct faulty_disk disk = {.at = step};
                empty_folder();
                unsigned written = live(&disk, drop);
                assert_true(disk.dead);
                faulty_cut(&disk, loss);
                check(written, drop, "power cut", step);
                struct seen seen;
                read_log(&seen);
                recovered += seen.recovered;
            }
        }
        empty_folder();
        faulty_free(&whole);
        assert_true(recovered > APPENDS); /* cuts inside records did happen */
    }
}

/* A log that a power cut left with a record beyond its head: whole, torn, or longer than what is told of it. */
static void tear(size_t length, bool whole) {
    empty_folder();
    struct oriel_log *l = open_log(NULL, NULL);
    assert_true(append(l, 0));
    oriel_log_close(l);
    g_autofree char *path = g_build_filename(folder, ORIEL_LOG_CURRENT, NULL), *line = g_strnfill(length, 'x');
    memcpy(line, "{\"seq\":2", strlen("{\"seq\":2"));
    if (whole)
        line[length - 1] = '\n';
    FILE *f = fopen(path, "a");
    assert_int_equal(fwrite(line, 1, length, f), length);
    fclose(f);
}

static void test_attack_24_the_power_goes_in_the_recovery(void **state) {
    static const struct {
        size_t length;
        bool whole;
    } beyond[] = {{150, true}, {60, false}, {4000, true}, {4000, false}};
    for (size_t i = 0; i < G_N_ELEMENTS(beyond); i++) {
        int steps = 1;
        for (int step = 1; step <= steps; step++) {
            for (enum faulty_loss loss = 0; loss < FAULTY_LOSSES; loss++) {
                struct faulty_disk disk = {.at = step};
                tear(beyond[i].length, beyond[i].whole);
                oriel_log_close(open_log(&disk, NULL));
                steps = disk.dead ? step + 1 : step;
                faulty_cut(&disk, loss);
                struct seen seen;
                oriel_log_close(open_log(NULL, NULL));
                struct oriel_log_report report = read_log(&seen);
                if (report.state != ORIEL_LOG_GOOD || seen.calls != 1 || seen.recovered < 1 || seen.recovered > 2)
                    fail_msg("%d bytes, step %d, loss %d: %s; %d recovered", (int)beyond[i].length, step, loss,
                             report.what, seen.recovered);
            }
        }
        assert_in_range(steps, 8, 20);
    }
}

static void test_attack_25_each_step_fails(void **state) {
    static const int errors[] = {ENOSPC, EIO, EROFS};
    struct faulty_disk whole = {0};
    live(&whole, false);
    for (size_t e = 0; e < G_N_ELEMENTS(errors); e++) {
        for (int stays = 0; stays < 2; stays++) {
            for (int step = 1; step <= whole.steps; step++) {
                struct faulty_disk disk = {.at = step, .error = errors[e], .stays = stays};
                empty_folder();
                unsigned written = live(&disk, false);
                faulty_free(&disk);
                /* Of one failure it recovers by itself; of a lasting one nothing after it is said to be written. */
                if (!stays && __builtin_popcount(written) < APPENDS - 1)
                    fail_msg("%s once at step %d: only %x was written", g_strerror(errors[e]), step, written);
                check(written, false, g_strerror(errors[e]), step);
            }
        }
    }
    faulty_free(&whole);
}

static void prove_all(uint64_t size, const struct oriel_tree_hash *root, const struct seen *seen) {
    struct oriel_tree_range r[ORIEL_TREE_PATH_MAX];
    struct oriel_tree_hash path[ORIEL_TREE_PATH_MAX];
    for (uint64_t i = 0; i < size; i++) {
        struct oriel_prover *p = oriel_prover_new();
        unsigned n = oriel_tree_inclusion(i, size, r);
        oriel_prover_want(p, r, n);
        for (uint64_t k = 0; k < size; k++)
            oriel_prover_leaf(p, k, &seen->leaves[k]);
        for (unsigned k = 0; k < n; k++)
            assert_true(oriel_prover_root(p, r[k], &path[k]));
        assert_true(oriel_tree_is_included(&seen->leaves[i], i, size, path, n, root));
        oriel_prover_free(p);
    }
}

static void test_dropped_segments_still_prove(void **state) {
    struct oriel_log *l = open_log(NULL, NULL);
    for (int i = 0; i < APPENDS; i++)
        assert_true(append(l, i));
    struct seen before, after;
    struct oriel_log_report report = read_log(&before);
    assert_int_equal(report.state, ORIEL_LOG_GOOD);
    assert_int_equal(before.calls, APPENDS);
    struct oriel_log_segment *segments;
    size_t count;
    assert_true(oriel_log_segments(oriel_log_directory(l), &segments, &count));
    assert_in_range(count, 2, APPENDS);
    uint64_t second = segments[1].first;
    free(segments);
    assert_true(oriel_log_drop(l, second - 2, 0, error)); /* the first segment's last record is not in it */
    read_log(&after);
    assert_int_equal(after.calls, APPENDS);
    assert_true(oriel_log_drop(l, second - 1, 0, error));
    report = read_log(&after);
    assert_int_equal(report.state, ORIEL_LOG_GOOD);
    assert_int_equal(after.calls, APPENDS - (int)(second - 1));
    assert_memory_equal(before.leaves, after.leaves, APPENDS * sizeof *before.leaves);
    prove_all(report.tree.size, &report.checkpoint.root, &after);
    oriel_log_close(l);
    l = open_log(NULL, NULL);
    assert_null(oriel_log_tampered(l));
    oriel_log_close(l);
}

static void test_a_missing_segment(void **state) {
    live(NULL, false);
    struct oriel_log_segment *segments;
    size_t count;
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_true(oriel_log_segments(fd, &segments, &count));
    assert_true(count > 2);
    assert_int_equal(unlinkat(fd, segments[1].name, 0), 0);
    struct seen seen;
    struct oriel_log_report report = read_log(&seen);
    assert_int_equal(report.state, ORIEL_LOG_TAMPER);
    assert_string_equal(report.file, segments[2].name);
    assert_non_null(strstr(report.what, "are missing"));
    uint64_t lost = segments[1].first;
    struct oriel_log *l = open_log(NULL, NULL);
    assert_non_null(oriel_log_tampered(l));
    assert_true(oriel_log_acknowledge(l, 0, error));
    assert_true(append(l, 0 + APPENDS));
    oriel_log_close(l);
    report = read_log(&seen);
    assert_int_equal(report.state, ORIEL_LOG_GOOD);
    assert_int_equal(report.lost, APPENDS - (lost - 1)); /* from the gap on to what was acknowledged */
    assert_int_equal(report.tree.size, APPENDS + 2);
    close(fd);
    free(segments);
}

static void test_the_clock_is_turned(void **state) {
    struct seen seen;
    struct oriel_log *l = open_log(NULL, NULL);
    assert_true(append(l, 0));
    oriel_clock_advance(-10 * INT64_C(1000000000)); /* boot time against wall time */
    assert_true(append(l, 1));
    oriel_clock_advance(10 * INT64_C(1000000000));
    assert_true(append(l, 2));
    assert_true(append(l, 3));
    oriel_log_close(l);
    assert_int_equal(read_log(&seen).state, ORIEL_LOG_GOOD);
    assert_int_equal(seen.others, 2);
}

static int set_up(void **state) {
    folder = rig_folder();
    char *pem = oriel_note_key_make();
    assert_true(oriel_note_key_private(&key, "oriel/plant/filler-1", ORIEL_NOTE_ED25519, pem, strlen(pem), error));
    free(pem);
    return 0;
}

static int tear_down(void **state) {
    rig_remove(folder);
    oriel_note_key_clear(&key);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_attack_24_the_power_goes_at_each_step),
        TEST(test_attack_24_the_power_goes_in_the_recovery),
        TEST(test_attack_25_each_step_fails),
        TEST(test_dropped_segments_still_prove),
        TEST(test_a_missing_segment),
        TEST(test_the_clock_is_turned),
    };
    if (access("/dev/shm", W_OK) == 0)
        g_setenv("TMPDIR", "/dev/shm", TRUE); /* thousands of syncs; the disk is played by faulty_disk.h anyway */
    rig_settle();
    int before = rig_open_fds(), result = cmocka_run_group_tests_name("audit_log", tests, NULL, NULL);
    return result ? result : rig_open_fds() != before;
}
