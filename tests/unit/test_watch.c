/* core/watch: every way in which a file can come, change and go is told, once for a burst. */
#include "watch.h"

#include <stdio.h>

#include "core_rig.h"

static char *folder;
static int told;

static void changed(void *user) {
    told++;
}

static char *file(const char *name) {
    return g_build_filename(folder, name, NULL);
}

static void touch(const char *name) {
    g_autofree char *path = file(name);
    FILE *f = fopen(path, "a");
    fputs("x", f);
    fclose(f);
}

static void move_in(const char *name) {
    g_autofree char *path = file(name);
    g_file_set_contents(path, "y", -1, NULL); /* by rename */
}

static void move_out(const char *name) {
    g_autofree char *path = file(name), *other = g_strdup_printf("%s.out", folder);
    assert_int_equal(rename(path, other), 0);
    g_unlink(other);
}

static void hard_link(const char *name) {
    g_autofree char *path = file(name), *other = g_strdup_printf("%s.linked", folder);
    assert_true(g_file_set_contents(other, "z", -1, NULL));
    assert_int_equal(link(other, path), 0);
    g_unlink(other);
}

static void symbolic_link(const char *name) {
    g_autofree char *path = file(name);
    assert_int_equal(symlink("/dev/null", path), 0);
}

static void forbid(const char *name) {
    g_autofree char *path = file(name);
    assert_int_equal(chmod(path, 0), 0);
}

static void drop(const char *name) {
    g_autofree char *path = file(name);
    assert_int_equal(g_unlink(path), 0);
}

static void nothing(const char *name) {
    g_autofree char *path = file(name), *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL); /* reading is none */
}

static void test_each_change_is_told(void **state) {
    static const struct {
        void (*happens)(const char *name);
        const char *name;
        int told;
    } steps[] = {{touch, "a", 1},         {touch, "a", 1},  {move_in, "b", 1}, {move_out, "b", 1}, {hard_link, "c", 1},
                 {symbolic_link, "d", 1}, {forbid, "a", 1}, {drop, "c", 1},    {nothing, "a", 0}};
    struct oriel_watch *w = oriel_watch_new(folder, changed, NULL);
    assert_non_null(w);
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        told = 0;
        steps[i].happens(steps[i].name);
        rig_until(told > 0 && steps[i].told, steps[i].told ? 20 : 0.3);
        if (told != steps[i].told)
            fail_msg("step %zu: told %d times, not %d", i, told, steps[i].told);
    }
    oriel_watch_free(w);
}

static void test_a_burst_is_told_once(void **state) {
    struct oriel_watch *w = oriel_watch_new(folder, changed, NULL);
    told = 0;
    for (int i = 0; i < 500; i++)
        touch("a");
    rig_until(false, 0.5);
    assert_int_equal(told, 1);
    touch("a");
    assert_true(rig_until(told == 2, 20)); /* and the next one again */
    oriel_watch_free(w);
}

static void test_nothing_after_the_end(void **state) {
    int fds = rig_open_fds();
    struct oriel_watch *w = oriel_watch_new(folder, changed, NULL);
    told = 0;
    touch("a");
    rig_settle();
    oriel_watch_free(w); /* while the news waits */
    rig_until(false, 0.3);
    assert_int_equal(told, 0);
    assert_null(oriel_watch_new("/nonexistent/oriel", changed, NULL));
    oriel_watch_free(NULL);
    assert_int_equal(rig_open_fds(), fds);
}

static int set_up(void **state) {
    folder = rig_folder();
    return 0;
}

static int tear_down(void **state) {
    rig_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_change_is_told),
        cmocka_unit_test(test_a_burst_is_told_once),
        cmocka_unit_test(test_nothing_after_the_end),
    };
    return cmocka_run_group_tests_name("watch", tests, set_up, tear_down);
}
