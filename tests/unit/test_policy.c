/* core/policy: what may be put before the person is what agent, vendor and device all allow, in clean text. */
#include "core_rig.h"

#include "policy.h"

static char *folder;
static struct oriel_config config;

static json_t *request(void) {
    json_t *m = json_pack("{s:i, s:s, s:s, s:s, s:[s], s:i, s:s, s:{s:s, s:s, s:s}}", "v", 1, "typ", "request",
                          "device", "filler-1", "reason", "Capper\xe2\x80\xae jams", "scopes", "view", "seconds", 28800,
                          "fingerprint", "AA:BB", "credential", "iss", "fill-cap", "sub", "anna", "name", " Anna  W ");
    assert_non_null(m);
    return m;
}

static void write_vendor(const char *text) {
    g_autofree char *path = g_build_filename(folder, "fill-cap.json", NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Steals `m`. */
static void refused(json_t *m, const char *agent, const char *why) {
    struct oriel_session_request out = {0};
    g_autofree char *detail = NULL;
    assert_false(oriel_policy_check(&config, agent, m, &out, &detail));
    assert_string_equal(detail, why);
    assert_null(out.scopes);
    assert_null(out.name);
    json_decref(m);
}

static void test_the_least_of_all(void **state) {
    struct {
        guint asked, vendor, device, effective;
    } cases[] = {{28800, 3600, 7200, 3600}, {28800, 7200, 3600, 3600}, {30, 3600, 7200, 30}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *vendor = g_strdup_printf(
            "{\"label\":\"F\xe2\x80\x8b&C\",\"scopes\":[\"talk\",\"view\"],\"seconds\":%u}", cases[i].vendor);
        write_vendor(vendor);
        config.session_max_seconds = cases[i].device;
        struct oriel_session_request out = {0};
        g_autofree char *detail = NULL;
        json_t *m = request();
        json_object_set_new(m, "seconds", json_integer(cases[i].asked));
        assert_true(oriel_policy_check(&config, "anna", m, &out, &detail));
        json_decref(m); /* `out` stands by itself */
        assert_null(detail);
        assert_int_equal(out.seconds, cases[i].effective);
        assert_string_equal(out.agent, "anna");
        assert_string_equal(out.vendor, "fill-cap");
        assert_string_equal(out.company, "F&C");
        assert_string_equal(out.name, "Anna W");
        assert_string_equal(out.reason, "Capper jams");
        assert_string_equal(out.fingerprint, "AA:BB");
        assert_int_equal(json_array_size(out.scopes), 1);
        assert_string_equal(json_string_value(json_array_get(out.scopes, 0)), "view");
        oriel_session_request_clear(&out);
    }
}

static void test_a_long_reason_is_cut(void **state) {
    g_autofree char *reason = g_strnfill(400, 'x'), *detail = NULL;
    json_t *m = request();
    json_object_set_new(m, "reason", json_string(reason));
    struct oriel_session_request out = {0};
    assert_true(oriel_policy_check(&config, "anna", m, &out, &detail));
    assert_int_equal(g_utf8_strlen(out.reason, -1), 120);
    oriel_session_request_clear(&out);
    json_decref(m);
}

static void test_refusals(void **state) {
    json_t *m = request();
    json_object_set_new(m, "device", json_string("filler-2"));
    refused(m, "anna", "the request names another device");
    refused(request(), "bert", "the credential names another agent than the topic");
    m = request();
    json_object_set_new(json_object_get(m, "credential"), "iss", json_string("unknown"));
    refused(m, "anna", "vendor 'unknown' is not known to this device");
    m = request();
    json_object_set_new(json_object_get(m, "credential"), "name", json_string("\xe3\x85\xa4"));
    refused(m, "anna", "name or reason has no visible character");
    m = request();
    json_object_set_new(m, "reason", json_string("\xe2\x80\x8b \n"));
    refused(m, "anna", "name or reason has no visible character");
    write_vendor("{\"label\":\"L\",\"scopes\":[\"talk\"],\"seconds\":60}");
    refused(request(), "anna", "vendor 'fill-cap' may not ask for these scopes here");
    write_vendor("{\"label\":\"L\",\"scopes\":[],\"seconds\":60}");
    refused(request(), "anna", "vendor 'fill-cap' may not ask for these scopes here");
    write_vendor("{");
    m = request();
    struct oriel_session_request out = {0};
    g_autofree char *detail = NULL;
    assert_false(oriel_policy_check(&config, "anna", m, &out, &detail));
    assert_true(g_str_has_prefix(detail, "the trust file of vendor 'fill-cap' is broken: not JSON"));
    json_decref(m);
}

static int set_up(void **state) {
    folder = rig_folder();
    config = (struct oriel_config){.device_id = "filler-1", .trust_directory = folder, .session_max_seconds = 28800};
    return 0;
}

static int tear_down(void **state) {
    rig_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_least_of_all),
        cmocka_unit_test(test_a_long_reason_is_cut),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("policy", tests, set_up, tear_down);
}
