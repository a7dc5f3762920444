/* core/authorise: what the owner authorised beforehand, and who would like to use it otherwise. Each authorisation is
 * really signed; counts are really on a disk. */
#include "trust_rig.h"

#include "authorise.h"

#define ID "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
#define TYP "oriel-authorisation+jws"

static char *folder, *owner_path, *uses_path;
static json_t *owner, *device_key;
static struct oriel_config config;
static struct oriel_identity identity;
static struct oriel_authorise *authorise;

static void start(void) {
    g_autoptr(GError) error = NULL;
    authorise = oriel_authorise_new(&config, &identity, &error);
    assert_null(error);
    assert_non_null(authorise);
}

static void restart(void) {
    oriel_authorise_free(authorise);
    start();
}

static json_t *claims(json_t *changes) {
    json_int_t now = (json_int_t)oriel_wall_seconds();
    return rig_changed(json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s, s], s:i, s:i, s:I, s:I, s:I}", "iss", "plant", "id",
                                 ID, "tenant", "demo", "device", "filler-1", "vendor", "fill-cap", "scopes", "view",
                                 "voice", "seconds", 600, "uses", 2, "iat", now, "nbf", now - 60, "exp", now + 3600),
                       changes);
}

static struct oriel_session_request request(void) {
    return (struct oriel_session_request){
        .vendor = g_strdup("fill-cap"), .scopes = json_pack("[s, s]", "view", "camera"), .seconds = 900};
}

static void refused_jws(const char *jws, const char *why) {
    struct oriel_session_request r = request();
    g_autofree char *detail = NULL;
    assert_false(oriel_authorise_use(authorise, jws, &r, &detail));
    assert_non_null(strstr(detail, why));
    assert_true(strlen(detail) <= ORIEL_DETAIL_MAX);
    assert_null(r.by);
    assert_int_equal(json_array_size(r.scopes), 2);
    assert_int_equal(r.seconds, 900);
    oriel_session_request_clear(&r);
}

static void refused(json_t *changes, const char *why) {
    g_autofree char *jws = rig_sign(owner, TYP, claims(changes));
    refused_jws(jws, why);
}

static guint granted(json_t *changes, guint seconds) {
    struct oriel_session_request r = request();
    g_autofree char *detail = NULL, *jws = rig_sign(owner, TYP, claims(changes));
    if (!oriel_authorise_use(authorise, jws, &r, &detail))
        fail_msg("%s", detail);
    guint use = r.use;
    assert_string_equal(r.by, "owner");
    assert_string_equal(r.authorisation, ID);
    assert_int_equal(r.seconds, seconds);
    assert_int_equal(json_array_size(r.scopes), 1); /* what both have: view */
    assert_string_equal(json_string_value(json_array_get(r.scopes, 0)), "view");
    oriel_session_request_clear(&r);
    return use;
}

static void test_narrows(void **state) {
    assert_int_equal(granted(NULL, 600), 1);
    assert_int_equal(granted(json_pack("{s:I}", "exp", (json_int_t)oriel_wall_seconds() + 100), 100), 2);
}

/* A replay is one more use, and that of a used up one is none; nor does a power cut or a restart give one back. */
static void test_uses_are_counted_on_the_disk(void **state) {
    assert_int_equal(granted(NULL, 600), 1);
    restart();
    assert_int_equal(granted(NULL, 600), 2);
    refused(NULL, "used up");
    restart();
    refused(NULL, "used up");
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(config.unattended_uses, &text, NULL, NULL));
    assert_non_null(strstr(text, "\"n\":2"));
    /* Another one of the same owner counts by itself. */
    refused(json_pack("{s:s}", "id", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0"), "owner has signed"); /* no id */
    struct oriel_session_request r = request();
    g_autofree char *detail = NULL,
                    *jws = rig_sign(owner, TYP,
                                    claims(json_pack("{s:s}", "id", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
    assert_true(oriel_authorise_use(authorise, jws, &r, &detail));
    assert_int_equal(r.use, 1);
    oriel_session_request_clear(&r);
}

static void test_what_cannot_be_counted_is_not_granted(void **state) {
    config.unattended_uses = "/proc/oriel/authorised.json";
    refused(NULL, "can't count");
    refused(NULL, "can't count");
    refused(NULL, "used up"); /* they are spent all the same */
}

static void test_of_others(void **state) {
    refused(json_pack("{s:s}", "vendor", "nozzles"), "another vendor");
    refused(json_pack("{s:s}", "device", "filler-2"), "another device");
    refused(json_pack("{s:s}", "tenant", "other"), "another device");
    refused(json_pack("{s:s}", "iss", "other"), "another owner");
    json_t *stranger = oriel_key_new();
    g_autofree char *forged = rig_sign(stranger, TYP, claims(NULL));
    refused_jws(forged, "owner has signed");
    json_decref(stranger);
    assert_int_equal(granted(NULL, 600), 1); /* none of it cost a use */
}

static void test_tampered(void **state) {
    g_autofree char *good = rig_sign(owner, TYP, claims(NULL));
    for (size_t i = 0; i < strlen(good); i += 7) {
        g_autofree char *bad = g_strdup(good);
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        refused_jws(bad, "owner has signed");
    }
    /* Another document by the owner is none. */
    g_autofree char *other = rig_sign(owner, "oriel-device+jwt", claims(NULL));
    refused_jws(other, "owner has signed");
    refused_jws("", "owner has signed");
    refused_jws("a.b.c", "owner has signed");
    refused(json_pack("{s:n}", "uses"), "owner has signed");
    refused(json_pack("{s:i}", "uses", 0), "owner has signed");
    refused(json_pack("{s:i}", "uses", 1001), "owner has signed");
    refused(json_pack("{s:i}", "more", 1), "owner has signed");
}

static void test_scopes_can_only_shrink(void **state) {
    refused(json_pack("{s:[s, s]}", "scopes", "voice", "logs"), "nothing of what is asked for");
    refused(json_pack("{s:[s]}", "scopes", "camera"),
            "nothing of what is asked for"); /* there is no session without view */
    assert_int_equal(granted(json_pack("{s:[s, s, s]}", "scopes", "view", "control", "logs"), 600), 1);
}

static void test_times(void **state) {
    json_int_t now = (json_int_t)oriel_wall_seconds();
    refused(json_pack("{s:I}", "nbf", now + 30), "not hold yet");
    refused(json_pack("{s:I}", "exp", now + 29), "has ended");
    refused(json_pack("{s:I, s:I}", "nbf", now - 100, "exp", now - 1), "has ended");
    refused(json_pack("{s:I}", "exp", now + 400 * 86400), "owner has signed"); /* longer than one may be */
}

/* A clock that nobody vouches for says nothing about a time, in either direction. */
static void test_a_clock_that_is_not_synchronised(void **state) {
    config.unattended_clock = "synchronised";
    oriel_clock_turn_source("local");
    refused(NULL, "not synchronised");
    oriel_clock_turn_source("ntp");
    assert_int_equal(granted(NULL, 600), 1);
    oriel_clock_turn_source("local");
    refused(NULL, "not synchronised");
    config.unattended_clock = "local";
    assert_int_equal(granted(NULL, 600), 2);
}

static void test_a_clock_that_was_set_back(void **state) {
    json_int_t now = (json_int_t)oriel_wall_seconds();
    json_t *changes = json_pack("{s:I, s:I, s:i}", "nbf", now - 7200, "exp", now + 7200, "uses", 5);
    assert_int_equal(granted(json_incref(changes), 600), 1);
    oriel_clock_turn_wall(-59);
    assert_int_equal(granted(json_incref(changes), 600), 2); /* a correction */
    oriel_clock_turn_wall(-3);
    refused(json_incref(changes), "before the last use");
    restart();
    refused(json_incref(changes), "before the last use");
    oriel_clock_turn_wall(62);
    assert_int_equal(granted(changes, 600), 3);
}

static void fails_to_start(const char *why) {
    g_autoptr(GError) error = NULL;
    assert_null(oriel_authorise_new(&config, &identity, &error));
    assert_non_null(error);
    if (!strstr(error->message, why))
        fail_msg("%s", error->message);
}

static void test_counts_that_cannot_be_read(void **state) {
    static const char *const broken[] = {"",
                                         "{",
                                         "[]",
                                         "{\"latest\":0}",
                                         "{\"latest\":0,\"used\":[]}",
                                         "{\"latest\":0,\"used\":{\"a\":{\"n\":-1,\"exp\":1}}}"};
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        rig_write(folder, "authorised.json", broken[i]);
        fails_to_start("authorised.json");
    }
}

static void test_whose_key(void **state) {
    json_t *stranger = oriel_key_new();
    json_t *other = json_pack("{s:s, s:s, s:o}", "id", "plant", "name", "P", "key", oriel_key_public(stranger));
    g_autofree char *text = oriel_json_encode(other);
    rig_write(folder, "owner.json", text);
    fails_to_start("not the owner who signed");
    rig_write(folder, "owner.json", "{}");
    fails_to_start("owner.json");
    config.unattended_owner = "/proc/none";
    fails_to_start("/proc/none");
    json_decref(other);
    json_decref(stranger);
}

static void test_not_configured(void **state) {
    g_autoptr(GError) error = NULL;
    oriel_authorise_free(authorise);
    config.unattended_authorisations = "no";
    authorise = oriel_authorise_new(&config, &identity, &error);
    assert_null(authorise);
    assert_null(error);
    refused(NULL, "takes no authorisations");
}

static int set_up(void **state) {
    folder = rig_folder();
    owner = oriel_key_new();
    device_key = oriel_key_new();
    json_t *o = json_pack("{s:s, s:s, s:o}", "id", "plant", "name", "Plant", "key", oriel_key_public(owner));
    g_autofree char *text = oriel_json_encode(o);
    json_decref(o);
    rig_write(folder, "owner.json", text);
    identity.owner = "plant";
    identity.credential = rig_sign(owner, "oriel-device+jwt",
                                   json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:{s:o}, s:o}", "iss", "plant", "sub",
                                             "filler-1", "tenant", "demo", "name", "", "model", "", "iat", 0, "cnf",
                                             "jwk", oriel_key_public(device_key), "enc", oriel_key_public(device_key)));
    owner_path = g_build_filename(folder, "owner.json", NULL);
    uses_path = g_build_filename(folder, "authorised.json", NULL);
    config = (struct oriel_config){.device_id = "filler-1",
                                   .tenant = "demo",
                                   .unattended_authorisations = "yes",
                                   .unattended_owner = owner_path,
                                   .unattended_uses = uses_path,
                                   .unattended_clock = "local"};
    start();
    return 0;
}

static int tear_down(void **state) {
    oriel_clock_turn_source(NULL);
    oriel_authorise_free(authorise);
    authorise = NULL;
    json_decref(owner);
    json_decref(device_key);
    g_free(identity.credential);
    g_free(owner_path);
    g_free(uses_path);
    rig_remove(folder);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_narrows),
        TEST(test_uses_are_counted_on_the_disk),
        TEST(test_what_cannot_be_counted_is_not_granted),
        TEST(test_of_others),
        TEST(test_tampered),
        TEST(test_scopes_can_only_shrink),
        TEST(test_times),
        TEST(test_a_clock_that_is_not_synchronised),
        TEST(test_a_clock_that_was_set_back),
        TEST(test_counts_that_cannot_be_read),
        TEST(test_whose_key),
        TEST(test_not_configured),
    };
    return cmocka_run_group_tests_name("authorise", tests, NULL, NULL);
}
