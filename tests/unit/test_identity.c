/* core/identity: the device starts only with keys that are its own alone, and with the credential for them. */
#include "identity.h"

#include "trust_rig.h"

static char *folder;
static struct oriel_config config;
static json_t *key, *seal, *owner;

static char *file(const char *name) {
    return g_build_filename(folder, name, NULL);
}

static void write_key(const char *name, const json_t *k) {
    char error[ORIEL_JSON_ERROR_SIZE];
    g_autofree char *pem = oriel_key_to_pem(k, error), *path = file(name);
    assert_non_null(pem);
    rig_write(folder, name, pem);
    assert_int_equal(chmod(path, 0600), 0);
}

/* Signed by the owner as `typ`; takes `changes`. */
static void write_credential(const char *typ, json_t *changes) {
    g_autofree char *jws =
        rig_sign(owner, typ,
                 rig_changed(json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:{s:o}, s:o}", "iss", "plant", "sub",
                                       "filler-1", "tenant", "demo", "name", "Filler 1", "model", "BF-200", "iat", 1,
                                       "cnf", "jwk", oriel_key_public(key), "enc", oriel_key_public(seal)),
                             changes));
    g_autofree char *line = g_strdup_printf("%s\n", jws);
    rig_write(folder, "device.jwt", line);
}

static void refused(const char *name, const char *why) {
    g_autoptr(GError) error = NULL;
    struct oriel_identity *i = oriel_identity_load(&config, &error);
    if (i)
        fail_msg("taken, but should not be: %s", why);
    if (!strstr(error->message, name) || !strstr(error->message, why))
        fail_msg("'%s' names no '%s' or has no '%s'", error->message, name, why);
}

static void test_a_good_one(void **state) {
    g_autoptr(GError) error = NULL;
    struct oriel_identity *i = oriel_identity_load(&config, &error);
    if (!i)
        fail_msg("%s", error->message);
    char id[ORIEL_HASH_SIZE];
    assert_true(oriel_key_id(seal, id));
    assert_string_equal(i->seal_id, id);
    assert_true(json_equal(i->key, key));
    assert_true(json_equal(i->seal, seal));
    assert_string_equal(i->owner, "plant");
    assert_string_equal(i->name, "Filler 1");
    assert_string_equal(i->model, "BF-200");
    assert_null(strchr(i->credential, '\n'));
    oriel_identity_free(i);
    oriel_identity_free(NULL);
    write_credential("oriel-device+jwt", json_pack("{s:s}", "name", ""));
    i = oriel_identity_load(&config, NULL);
    assert_string_equal(i->name, "filler-1"); /* without a name the id */
    oriel_identity_free(i);
}

static void test_keys_that_others_may_read(void **state) {
    static const char *const names[] = {"device.key", "seal.key"};
    static const int modes[] = {0644, 0640, 0604, 0601, 0620, 0660};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = file(names[i]);
        for (gsize k = 0; k < G_N_ELEMENTS(modes); k++) {
            assert_int_equal(chmod(path, (mode_t)modes[k]), 0);
            refused(names[i], "chmod 600");
        }
        assert_int_equal(chmod(path, 0400), 0);
        struct oriel_identity *good = oriel_identity_load(&config, NULL);
        assert_non_null(good);
        oriel_identity_free(good);
    }
}

static void test_files_that_are_no_keys(void **state) {
    static const char *const names[] = {"device.key", "seal.key"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = file(names[i]);
        rig_write(folder, names[i], "");
        assert_int_equal(chmod(path, 0600), 0);
        refused(names[i], "not a P-256 key");
        rig_write(folder, names[i], "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        chmod(path, 0600);
        refused(names[i], "not a P-256 key");
        json_t *public_part = oriel_key_public(i ? seal : key);
        write_key(names[i], public_part);
        json_decref(public_part);
        refused(names[i], "the private one is needed");
        g_unlink(path);
        refused(names[i], "No such file");
        assert_int_equal(g_mkdir(path, 0700), 0);
        refused(names[i], "");
        g_rmdir(path);
        write_key(names[i], i ? seal : key);
    }
}

static void test_other_keys(void **state) {
    json_t *other = oriel_key_new();
    write_key("device.key", other);
    refused("device.jwt", "it is not for the key of [device] key");
    write_key("device.key", seal); /* the two keys exchanged */
    write_key("seal.key", key);
    refused("device.jwt", "it is not for the key of [device] key");
    write_key("device.key", key);
    write_key("seal.key", other);
    refused("device.jwt", "it is not for the key of [device] seal-key");
    json_decref(other);
}

static void test_other_credentials(void **state) {
    write_credential("oriel-device+jwt", json_pack("{s:s}", "sub", "filler-2"));
    refused("device.jwt", "another device's");
    write_credential("oriel-device+jwt", json_pack("{s:s}", "tenant", "other"));
    refused("device.jwt", "another tenant");
    write_credential("oriel-agent+jwt", NULL);
    refused("device.jwt", "not a device credential");
    write_credential("JWT", NULL);
    refused("device.jwt", "not a device credential");
    write_credential("oriel-device+jwt", json_pack("{s:n}", "enc"));
    refused("device.jwt", "'enc' is missing");
    write_credential("oriel-device+jwt", json_pack("{s:i}", "exp", 9));
    refused("device.jwt", "does not name");
    struct rig_vendor vendor = {"plant", owner, NULL};
    g_autofree char *agents = rig_credential(&vendor, "filler-1", key, NULL);
    rig_write(folder, "device.jwt", agents);
    refused("device.jwt", "is missing");
    rig_write(folder, "device.jwt", "");
    refused("device.jwt", "not a compact JWS");
    g_autofree char *flood = g_strnfill(1 << 20, 'a');
    rig_write(folder, "device.jwt", flood);
    refused("device.jwt", "larger than 64 KiB");
    g_autofree char *path = file("device.jwt");
    g_unlink(path);
    refused("device.jwt", "No such file");
}

static int set_up(void **state) {
    folder = rig_folder();
    key = oriel_key_new();
    seal = oriel_key_new();
    owner = oriel_key_new();
    config = (struct oriel_config){.device_id = "filler-1",
                                   .tenant = "demo",
                                   .device_key = file("device.key"),
                                   .device_seal_key = file("seal.key"),
                                   .credential = file("device.jwt")};
    write_key("device.key", key);
    write_key("seal.key", seal);
    write_credential("oriel-device+jwt", NULL);
    return 0;
}

static int tear_down(void **state) {
    g_free(config.device_key);
    g_free(config.device_seal_key);
    g_free(config.credential);
    json_decref(key);
    json_decref(seal);
    json_decref(owner);
    rig_remove(folder);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_good_one), TEST(test_keys_that_others_may_read), TEST(test_files_that_are_no_keys),
        TEST(test_other_keys), TEST(test_other_credentials),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
