/* core/file: what decides about trust is read only when nobody else could have written it. */
#include "core_rig.h"

#include "file.h"

#include <sys/stat.h>

static char *folder, *path;

static void write_mode(const char *text, gssize length, mode_t mode) {
    assert_true(g_file_set_contents(path, text, length, NULL));
    assert_int_equal(chmod(path, mode), 0);
}

static void taken(bool secret, const char *text) {
    gsize length = 0;
    g_autoptr(GError) error = NULL;
    g_autofree char *read = oriel_file_read(path, secret, &length, &error);
    if (!read)
        fail_msg("%s", error->message);
    assert_int_equal(length, strlen(text));
    assert_string_equal(read, text);
}

static void refused(bool secret, const char *why) {
    gsize length = 0;
    g_autoptr(GError) error = NULL;
    assert_null(oriel_file_read(path, secret, &length, &error));
    if (!g_str_has_prefix(error->message, path) || !strstr(error->message, why))
        fail_msg("'%s' has no '%s'", error->message, why);
    assert_int_equal(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT), strcmp(why, "No such file") == 0);
}

static void test_modes(void **state) {
    refused(false, "No such file");
    write_mode("text", -1, 0600);
    taken(true, "text");
    taken(false, "text");
    write_mode("text", -1, 0644);
    taken(false, "text");
    refused(true, "chmod 600");
    write_mode("text", -1, 0610);
    refused(true, "chmod 600");
    write_mode("text", -1, 0664);
    refused(false, "chmod go-w");
    write_mode("text", -1, 0602);
    refused(false, "chmod go-w");
}

static void test_sizes(void **state) {
    g_autofree char *most = g_strnfill(64 * 1024, 'x'), *more = g_strnfill(64 * 1024 + 1, 'x');
    write_mode("", 0, 0600);
    taken(false, "");
    write_mode(most, -1, 0600);
    taken(false, most);
    write_mode(more, -1, 0600);
    refused(false, "64 KiB");
}

static void test_what_is_no_file(void **state) {
    assert_int_equal(mkdir(path, 0700), 0);
    refused(false, "not a regular file");
    rmdir(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes: it must not hang */
    refused(false, "not a regular file");
    unlink(path);
    assert_int_equal(symlink("/dev/zero", path), 0);
    refused(false, "not a regular file");
    unlink(path);
}

static void test_whose_it_is(void **state) {
    if (geteuid() != 0)
        skip(); /* only root can give a file away */
    write_mode("text", -1, 0600);
    assert_int_equal(chown(path, 65534, 65534), 0);
    refused(true, "belongs to somebody else");
    refused(false, "belongs to somebody else");
}

static int set_up(void **state) {
    folder = rig_folder();
    path = g_build_filename(folder, "file", NULL);
    return 0;
}

static int tear_down(void **state) {
    rig_remove(folder);
    g_free(path);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_modes),
        TEST(test_sizes),
        TEST(test_what_is_no_file),
        TEST(test_whose_it_is),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
