/* core/trust: one file a vendor, of exactly one form; anything else may not ask, and the message says why. */
#include "core_rig.h"

#include "trust.h"

static char *folder;

static void write_vendor(const char *id, const char *text, gssize length) {
    g_autofree char *path = g_strdup_printf("%s/%s.json", folder, id);
    assert_true(g_file_set_contents(path, text, length, NULL));
}

static void refused(const char *text, const char *why) {
    g_autoptr(GError) error = NULL;
    write_vendor("bad", text, -1);
    assert_null(oriel_trust_find(folder, "bad", &error));
    assert_true(g_str_has_prefix(error->message, "the trust file of vendor 'bad' is broken: "));
    assert_non_null(strstr(error->message, why));
}

static void test_a_vendor(void **state) {
    g_autoptr(GError) error = NULL;
    write_vendor("fill-cap", "{\"label\":\"Fill & Cap GmbH\",\"scopes\":[\"view\"],\"seconds\":3600}\n", -1);
    struct oriel_vendor *v = oriel_trust_find(folder, "fill-cap", &error);
    assert_non_null(v);
    assert_string_equal(v->label, "Fill & Cap GmbH");
    assert_int_equal(v->seconds, 3600);
    assert_int_equal(json_array_size(v->scopes), 1);
    oriel_vendor_free(v);
    oriel_vendor_free(NULL);
}

static void test_read_anew_each_time(void **state) {
    g_autoptr(GError) error = NULL;
    write_vendor("v", "{\"label\":\"One\",\"scopes\":[],\"seconds\":30}", -1);
    struct oriel_vendor *v = oriel_trust_find(folder, "v", NULL);
    assert_string_equal(v->label, "One");
    oriel_vendor_free(v);
    write_vendor("v", "{\"label\":\"T\xe2\x80\xaewo\",\"scopes\":[],\"seconds\":28800}", -1);
    v = oriel_trust_find(folder, "v", NULL);
    assert_string_equal(v->label, "Two"); /* clean */
    oriel_vendor_free(v);
    g_autofree char *path = g_build_filename(folder, "v.json", NULL);
    g_unlink(path);
    assert_null(oriel_trust_find(folder, "v", &error));
    assert_string_equal(error->message, "vendor 'v' is not known to this device");
}

static void test_of_another_form(void **state) {
    const char *form = "exactly label (visible text), scopes (a list) and seconds (30 to 28800)";
    refused("", "not JSON");
    refused("[]", "not a JSON object");
    refused("{}", form);
    refused("{\"label\":\"L\",\"scopes\":[\"view\"]}", form);
    refused("{\"label\":\"L\",\"scopes\":[\"view\"],\"seconds\":29}", form);
    refused("{\"label\":\"L\",\"scopes\":[\"view\"],\"seconds\":28801}", form);
    refused("{\"label\":\"L\",\"scopes\":[\"view\"],\"seconds\":60.0}", form);
    refused("{\"label\":\"L\",\"scopes\":[\"view\"],\"seconds\":\"60\"}", form);
    refused("{\"label\":\"L\",\"scopes\":[\"view\"],\"seconds\":60,\"more\":1}", form);
    refused("{\"label\":\"L\",\"scopes\":\"view\",\"seconds\":60}", form);
    refused("{\"label\":\"L\",\"scopes\":[1],\"seconds\":60}", form);
    refused("{\"label\":\"\",\"scopes\":[\"view\"],\"seconds\":60}", form);
    refused("{\"label\":7,\"scopes\":[\"view\"],\"seconds\":60}", form);
    refused("{\"label\":\"\xe2\x80\x8b\xe3\x85\xa4\",\"scopes\":[\"view\"],\"seconds\":60}", form); /* unseen */
    refused("{\"label\":\"L\",\"label\":\"M\",\"scopes\":[\"view\"],\"seconds\":60}", "duplicate");
    refused("{\"label\":\"L\xff\",\"scopes\":[\"view\"],\"seconds\":60}", "not JSON");
    refused("{\"label\":\"L\",\"scopes\":[[[[[[[[[]]]]]]]]],\"seconds\":60}", "deeper");
    g_autofree char *long_text = g_strnfill(70000, ' ');
    refused(long_text, "65536");
}

static void test_too_long_a_label_is_cut(void **state) {
    g_autofree char *label = g_strnfill(100, 'x'),
                    *text = g_strdup_printf("{\"label\":\"%s\",\"scopes\":[],\"seconds\":30}", label);
    write_vendor("long", text, -1);
    struct oriel_vendor *v = oriel_trust_find(folder, "long", NULL);
    assert_int_equal(g_utf8_strlen(v->label, -1), 64);
    oriel_vendor_free(v);
}

static void test_a_file_that_cannot_be_read(void **state) {
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(folder, "there.json", NULL);
    assert_int_equal(g_mkdir(path, 0700), 0);
    assert_null(oriel_trust_find(folder, "there", &error));
    assert_string_equal(error->message, "the trust file of vendor 'there' cannot be read");
}

static void test_no_directory(void **state) {
    g_autoptr(GError) error = NULL;
    assert_null(oriel_trust_find("/nonexistent/oriel", "v", &error));
    assert_string_equal(error->message, "vendor 'v' is not known to this device");
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
        cmocka_unit_test(test_a_vendor),
        cmocka_unit_test(test_read_anew_each_time),
        cmocka_unit_test(test_of_another_form),
        cmocka_unit_test(test_too_long_a_label_is_cut),
        cmocka_unit_test(test_a_file_that_cannot_be_read),
        cmocka_unit_test(test_no_directory),
    };
    return cmocka_run_group_tests_name("trust", tests, set_up, tear_down);
}
