/* core/trust: one file a vendor, of exactly one form; credentials, and what was taken back, by file and by broker. */
#include "trust_rig.h"

static char *folder, *state_folder;
static struct oriel_config config;
static struct oriel_trust *trust;
static struct rig_vendor a, b; /* a makes the machine, b a component */
static json_t *anna;           /* her key */
static char anna_id[ORIEL_HASH_SIZE];

/* ---- files ---- */

static void refused(const char *text, const char *why) {
    g_autoptr(GError) error = NULL;
    rig_write(folder, "bad.json", text);
    assert_null(oriel_trust_find(trust, "bad", &error));
    assert_true(g_str_has_prefix(error->message, "the trust file of vendor 'bad' is broken: "));
    if (!strstr(error->message, why))
        fail_msg("'%s' has no '%s'", error->message, why);
}

static void test_a_vendor(void **state) {
    g_autoptr(GError) error = NULL;
    rig_write_trust(folder, &a, json_pack("{s:i, s:s}", "epoch", 4, "over_ask", "refuse"));
    struct oriel_vendor *v = oriel_trust_find(trust, "fill-cap", &error);
    assert_non_null(v);
    assert_string_equal(v->id, "fill-cap");
    assert_string_equal(v->label, "Fill & Cap GmbH");
    assert_int_equal(v->seconds, 3600);
    assert_int_equal(v->epoch, 4);
    assert_true(v->refuse_over_ask);
    assert_int_equal(json_array_size(v->scopes), 2);
    assert_int_equal(json_array_size(v->keys), 1);
    assert_null(json_object_get(v->presence, "d"));
    assert_null(v->revoked);
    assert_null(v->turn);
    oriel_vendor_free(v);
    oriel_vendor_free(NULL);
    oriel_trust_free(NULL);
}

static void test_its_turn_servers(void **state) {
    g_autoptr(GError) error = NULL;
    rig_write_trust(folder, &a,
                    json_pack("{s:[s, s]}", "turn", "turn:t.example:3478", "turns:t.example?transport=tcp"));
    struct oriel_vendor *v = oriel_trust_find(trust, "fill-cap", &error);
    assert_non_null(v);
    assert_int_equal(json_array_size(v->turn), 2);
    assert_string_equal(json_string_value(json_array_get(v->turn, 1)), "turns:t.example?transport=tcp");
    oriel_vendor_free(v);
}

static void test_read_anew_each_time(void **state) {
    g_autoptr(GError) error = NULL;
    rig_write_trust(folder, &a, json_pack("{s:s}", "label", "One"));
    struct oriel_vendor *v = oriel_trust_find(trust, "fill-cap", NULL);
    assert_string_equal(v->label, "One");
    assert_false(v->refuse_over_ask);
    oriel_vendor_free(v);
    rig_write_trust(folder, &a, json_pack("{s:s}", "label", "T\xe2\x80\xaewo"));
    v = oriel_trust_find(trust, "fill-cap", NULL);
    assert_string_equal(v->label, "Two"); /* clean */
    oriel_vendor_free(v);
    g_autofree char *path = g_build_filename(folder, "fill-cap.json", NULL);
    g_unlink(path);
    assert_null(oriel_trust_find(trust, "fill-cap", &error));
    assert_string_equal(error->message, "vendor 'fill-cap' is not known to this device");
}

static void test_of_another_form(void **state) {
    struct rig_vendor bad = {"bad", a.key, a.presence};
    refused("", "not JSON");
    refused("[]", "not a JSON object");
    refused("{}", "member 'id' is missing");
    refused("{\"label\":\"L\xff\"}", "not JSON");
    refused("{\"label\":[[[[[[[[[]]]]]]]]]}", "deeper");
    refused("{\"id\":\"bad\",\"id\":\"bad\"}", "duplicate");
    refused("{\"label\":\"L\",\"scopes\":[\"view\"],\"seconds\":3600}", "missing"); /* of the version before */
    const struct {
        json_t *changes;
        const char *why;
    } cases[] = {{json_pack("{s:s}", "id", "fill-cap"), "its id is not the file's name"},
                 {json_pack("{s:s}", "label", "\xe2\x80\x8b\xe3\x85\xa4"), "its label has no visible character"},
                 {json_pack("{s:[O]}", "keys", a.key), "'keys'"}, /* a private key has no business there */
                 {json_pack("{s:i}", "seconds", 29), "'seconds'"},
                 {json_pack("{s:s}", "over_ask", "allow"), "'over_ask'"},
                 {json_pack("{s:[s]}", "turn", "turn:t.example:99999"), "'turn'"},
                 {json_pack("{s:[]}", "turn"), "'turn'"},
                 {json_pack("{s:b}", "more", 1), "does not name"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *file = rig_trust(&bad, cases[i].changes);
        g_autofree char *text = oriel_json_encode(file);
        json_decref(file);
        refused(text, cases[i].why);
    }
}

static void test_files_that_cannot_be_read(void **state) {
    g_autoptr(GError) error = NULL, none = NULL;
    g_autofree char *path = g_build_filename(folder, "there.json", NULL);
    assert_int_equal(g_mkdir(path, 0700), 0);
    assert_null(oriel_trust_find(trust, "there", &error));
    assert_string_equal(error->message, "the trust file of vendor 'there' cannot be read");
    g_autoptr(GError) large = NULL;
    g_autofree char *long_text = g_strnfill(70000, ' ');
    rig_write(folder, "large.json", long_text);
    assert_null(oriel_trust_find(trust, "large", &large));
    assert_string_equal(large->message, "the trust file of vendor 'large' cannot be read");
    config.trust_directory = "/nonexistent/oriel";
    assert_null(oriel_trust_find(trust, "v", &none));
    assert_string_equal(none->message, "vendor 'v' is not known to this device");
    GPtrArray *all = oriel_trust_all(trust);
    assert_int_equal(all->len, 0);
    g_ptr_array_unref(all);
}

static void test_all_of_them(void **state) {
    rig_write_trust(folder, &a, NULL);
    rig_write_trust(folder, &b, NULL);
    rig_write(folder, "Upper.json", "{}");
    rig_write(folder, "broken.json", "{}");
    rig_write(folder, "README", "text");
    g_autoptr(GPtrArray) all = oriel_trust_all(trust);
    assert_int_equal(all->len, 2);
    assert_string_equal(((struct oriel_vendor *)all->pdata[0])->id, "caps");
    assert_string_equal(((struct oriel_vendor *)all->pdata[1])->id, "fill-cap");
    for (int i = 0; i < 9; i++) {
        g_autofree char *id = g_strdup_printf("v%d", i);
        struct rig_vendor v = {id, a.key, a.presence};
        rig_write_trust(folder, &v, NULL);
    }
    g_autoptr(GPtrArray) eight = oriel_trust_all(trust);
    assert_int_equal(eight->len, 8);
    assert_string_equal(((struct oriel_vendor *)eight->pdata[7])->id, "v5");
}

/* ---- credentials ---- */

/* Takes `credential`. */
static void believed(char *credential) {
    g_autoptr(GError) error = NULL;
    bool revoked = true;
    struct oriel_peer *p = oriel_trust_peer(trust, "anna", credential, &revoked, &error);
    if (!p)
        fail_msg("not believed: %s", error->message);
    assert_false(revoked);
    free(credential);
    oriel_peer_unref(p);
}

/* Takes `credential`. */
static void not_believed(char *credential, bool is_revoked, const char *why) {
    g_autoptr(GError) error = NULL;
    bool revoked = !is_revoked;
    assert_null(oriel_trust_peer(trust, "anna", credential, &revoked, &error));
    if (!strstr(error->message, why))
        fail_msg("'%s' has no '%s'", error->message, why);
    assert_int_equal(revoked, is_revoked);
    free(credential);
}

static char *credential(json_t *changes) {
    return rig_credential(&a, "anna", anna, changes);
}

static void test_a_credential(void **state) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = credential(json_pack("{s:i}", "epoch", 7));
    bool revoked;
    struct oriel_peer *p = oriel_trust_peer(trust, "anna", text, &revoked, &error);
    assert_non_null(p);
    assert_string_equal(p->agent, "anna");
    assert_string_equal(p->vendor, "fill-cap");
    assert_string_equal(p->name, " Anna  W ");
    assert_int_equal(p->epoch, 7);
    assert_int_equal(json_array_size(p->scopes), 2);
    assert_string_equal(p->key_id, anna_id);
    assert_null(p->own);
    assert_null(p->seal);
    oriel_peer_unref(p);
}

static void test_who_is_not_believed(void **state) {
    json_int_t now = (json_int_t)oriel_wall_seconds();
    not_believed(strdup(""), false, "cannot be read");
    not_believed(strdup("a.b.c"), false, "cannot be read");
    not_believed(credential(json_pack("{s:s}", "sub", "bert")), false, "another agent than the topic");
    not_believed(credential(json_pack("{s:s}", "iss", "unknown")), false, "vendor 'unknown' is not known");
    not_believed(credential(json_pack("{s:s}", "iss", "caps")), false, "signed by no key of this vendor");
    not_believed(rig_credential(&b, "anna", anna, json_pack("{s:s}", "iss", "fill-cap")), false,
                 "signed by no key of this vendor");
    not_believed(credential(json_pack("{s:I, s:I}", "iat", now - 7200, "exp", now)), false, "has expired");
    not_believed(credential(json_pack("{s:I, s:I}", "iat", now + 400, "exp", now + 500)), false, "from the future");
    not_believed(credential(json_pack("{s:I, s:I}", "iat", now, "exp", now + 86401)), false, "at most a day");
    not_believed(credential(json_pack("{s:I, s:I}", "iat", now, "exp", now - 1)), false, "at least a second");
    not_believed(credential(json_pack("{s:I, s:I}", "iat", 0, "exp", INT64_C(9007199254740991))), false,
                 "at most a day");
    not_believed(credential(json_pack("{s:n}", "cnf")), false, "'cnf' is missing");
    not_believed(credential(json_pack("{s:b}", "admin", 1)), false, "does not name");
    not_believed(credential(json_pack("{s:[s]}", "scopes", "all")), false, "'scopes'");
    believed(credential(json_pack("{s:I, s:I}", "iat", now + 290, "exp", now + 500)));
    believed(credential(json_pack("{s:I, s:I}", "iat", now, "exp", now + 86400)));
    /* other documents of the same key, and the same claims under another typ */
    not_believed(rig_revocation(&a, now, 0, json_array()), false, "cannot be read");
    json_t *claims = NULL;
    g_autofree char *good = credential(NULL);
    char typ[64], kid[44], error[ORIEL_JSON_ERROR_SIZE];
    assert_true(oriel_jws_peek(good, strlen(good), typ, kid, &claims, error));
    not_believed(rig_sign(a.key, "oriel-device+jwt", json_incref(claims)), false, "another type");
    not_believed(rig_sign(a.key, "JWT", json_incref(claims)), false, "another type");
    not_believed(rig_sign(anna, "oriel-agent+jwt", claims), false, "signed by no key of this vendor"); /* by herself */
}

static void test_the_wall_clock_decides(void **state) {
    g_autofree char *text = credential(NULL);
    oriel_clock_turn_wall(3590);
    believed(strdup(text));
    oriel_clock_turn_wall(20);
    not_believed(strdup(text), false, "has expired");
    oriel_clock_turn_wall(-3610 - 290);
    believed(strdup(text));
    oriel_clock_turn_wall(-20);
    not_believed(strdup(text), false, "from the future");
    oriel_clock_turn_wall(310);
    believed(strdup(text));
}

static void test_a_second_key_of_the_vendor(void **state) {
    json_t *next = oriel_key_new();
    struct rig_vendor renewed = {"fill-cap", next, a.presence};
    not_believed(rig_credential(&renewed, "anna", anna, NULL), false, "signed by no key of this vendor");
    rig_write_trust(folder, &a, json_pack("{s:[o, o]}", "keys", oriel_key_public(a.key), oriel_key_public(next)));
    believed(rig_credential(&renewed, "anna", anna, NULL));
    believed(credential(NULL));
    rig_write_trust(folder, &a, json_pack("{s:[o]}", "keys", oriel_key_public(next)));
    believed(rig_credential(&renewed, "anna", anna, NULL));
    not_believed(credential(NULL), false, "signed by no key of this vendor");
    json_decref(next);
}

/* ---- revocation ---- */

/* By the broker; takes `jws`. */
static bool take_back(char *jws, const char *vendor, const char *why) {
    g_autoptr(GError) error = NULL;
    bool taken = oriel_trust_revocation(trust, vendor, jws, strlen(jws), &error);
    assert_int_equal(taken, error == NULL);
    if (error && (!why || !strstr(error->message, why)))
        fail_msg("'%s' has no '%s'", error->message, why ? why : "(nothing)");
    free(jws);
    return taken;
}

static void restart(void) {
    oriel_trust_free(trust);
    trust = oriel_trust_new(&config);
}

static struct oriel_peer *the_peer(void) {
    bool revoked;
    g_autofree char *text = credential(NULL);
    struct oriel_peer *p = oriel_trust_peer(trust, "anna", text, &revoked, NULL);
    assert_non_null(p);
    return p;
}

static void test_a_key_is_taken_back(void **state) {
    struct oriel_peer *p = the_peer();
    assert_true(oriel_trust_holds(trust, p));
    assert_true(take_back(rig_revocation(&a, 100, 0, json_pack("[s]", anna_id)), "fill-cap", NULL));
    assert_false(oriel_trust_holds(trust, p));
    not_believed(credential(NULL), true, "taken this credential back");
    json_t *key = oriel_key_new(); /* her next enrolment */
    believed(rig_credential(&a, "anna", key, NULL));
    json_decref(key);
    restart();
    not_believed(credential(NULL), true, "taken this credential back");
    assert_false(oriel_trust_holds(trust, p));
    oriel_peer_unref(p);
}

static void test_an_epoch_is_taken_back(void **state) {
    struct oriel_peer *p = the_peer();
    assert_true(take_back(rig_revocation(&a, 100, 3, json_array()), "fill-cap", NULL));
    assert_false(oriel_trust_holds(trust, p));
    not_believed(credential(NULL), true, "taken this credential back");
    not_believed(credential(json_pack("{s:i}", "epoch", 2)), true, "taken this credential back");
    believed(credential(json_pack("{s:i}", "epoch", 3)));
    rig_write_trust(folder, &a, json_pack("{s:i}", "epoch", 5)); /* the higher of both counts */
    not_believed(credential(json_pack("{s:i}", "epoch", 4)), true, "taken this credential back");
    believed(credential(json_pack("{s:i}", "epoch", 5)));
    rig_write_trust(folder, &a, NULL);
    not_believed(credential(json_pack("{s:i}", "epoch", 2)), true, "taken this credential back");
    oriel_peer_unref(p);
}

static void test_a_vendor_that_goes(void **state) {
    struct oriel_peer *p = the_peer();
    g_autofree char *path = g_build_filename(folder, "fill-cap.json", NULL);
    g_unlink(path);
    assert_false(oriel_trust_holds(trust, p));
    rig_write_trust(folder, &a, NULL);
    assert_true(oriel_trust_holds(trust, p));
    oriel_peer_unref(p);
}

static void test_a_revocation_as_a_file(void **state) {
    struct oriel_peer *p = the_peer();
    char *jws = rig_revocation(&a, 100, 0, json_pack("[s]", anna_id));
    g_autofree char *line = g_strdup_printf("%s\n", jws);
    rig_write(folder, "fill-cap.revoked", line);
    assert_false(oriel_trust_holds(trust, p));
    assert_false(take_back(jws, "fill-cap", "not newer"));
    g_autofree char *path = g_build_filename(folder, "fill-cap.revoked", NULL);
    g_unlink(path);
    assert_false(oriel_trust_holds(trust, p)); /* seen is seen */
    assert_true(take_back(rig_revocation(&a, 101, 0, json_array()), "fill-cap", NULL));
    assert_true(oriel_trust_holds(trust, p)); /* given back: the newest counts */
    rig_write(folder, "fill-cap.revoked", line);
    assert_true(oriel_trust_holds(trust, p)); /* an older file changes nothing */
    oriel_peer_unref(p);
}

/* What was seen as a file is not forgotten by a restart, even when the file has gone meanwhile. */
static void test_a_file_that_was_seen_is_kept(void **state) {
    struct oriel_peer *p = the_peer();
    g_autofree char *jws = rig_revocation(&a, 100, 0, json_pack("[s]", anna_id));
    rig_write(folder, "fill-cap.revoked", jws);
    assert_false(oriel_trust_holds(trust, p));
    g_autofree char *path = g_build_filename(folder, "fill-cap.revoked", NULL);
    g_unlink(path);
    restart();
    assert_false(oriel_trust_holds(trust, p));
    oriel_peer_unref(p);
}

static void test_rollback_is_refused(void **state) {
    struct oriel_peer *p = the_peer();
    assert_true(take_back(rig_revocation(&a, 100, 0, json_pack("[s]", anna_id)), "fill-cap", NULL));
    assert_false(take_back(rig_revocation(&a, 99, 0, json_array()), "fill-cap", "not newer"));
    assert_false(take_back(rig_revocation(&a, 100, 0, json_array()), "fill-cap", "not newer"));
    restart();
    assert_false(take_back(rig_revocation(&a, 99, 0, json_array()), "fill-cap", "not newer"));
    assert_false(oriel_trust_holds(trust, p));
    oriel_peer_unref(p);
}

/* The vendor changes its key: what it took back stays taken back, and nothing of the old key bars the new one. */
static void test_a_new_key_after_a_revocation(void **state) {
    json_t *next = oriel_key_new(), *berta = oriel_key_new();
    struct rig_vendor renewed = {"fill-cap", next, a.presence};
    char *of_old_key = rig_revocation(&a, 100, 2, json_pack("[s]", anna_id));
    assert_true(take_back(strdup(of_old_key), "fill-cap", NULL));
    rig_write_trust(folder, &a, json_pack("{s:[o]}", "keys", oriel_key_public(next)));
    for (int restarted = 0; restarted < 2; restarted++) {
        believed(rig_credential(&renewed, "anna", berta, json_pack("{s:i}", "epoch", 2)));
        not_believed(rig_credential(&renewed, "anna", berta, json_pack("{s:i}", "epoch", 1)), true, "taken");
        not_believed(rig_credential(&renewed, "anna", anna, json_pack("{s:i}", "epoch", 2)), true, "taken");
        restart();
    }
    /* A file of the old key that says nothing new changes nothing; one that does can't be believed. */
    rig_write(folder, "fill-cap.revoked", of_old_key);
    believed(rig_credential(&renewed, "anna", berta, json_pack("{s:i}", "epoch", 2)));
    g_autofree char *newer = rig_revocation(&a, 101, 2, json_array());
    rig_write(folder, "fill-cap.revoked", newer);
    not_believed(rig_credential(&renewed, "anna", berta, json_pack("{s:i}", "epoch", 2)), false, "cannot be read");
    g_autofree char *path = g_build_filename(folder, "fill-cap.revoked", NULL);
    g_unlink(path);
    /* By the broker the old key can't take anything back any more; the new one can. */
    assert_false(take_back(rig_revocation(&a, 200, 9, json_array()), "fill-cap", "signed by no key"));
    assert_true(take_back(rig_revocation(&renewed, 101, 2, json_array()), "fill-cap", NULL));
    believed(rig_credential(&renewed, "anna", anna, json_pack("{s:i}", "epoch", 2)));
    free(of_old_key);
    json_decref(next);
    json_decref(berta);
}

/* Who wrote an `iat` far ahead, by a wrong clock or with a stolen key, does not block later lists: a higher epoch comes
 * first. A lower one never does. */
static void test_an_iat_far_ahead(void **state) {
    assert_true(take_back(rig_revocation(&a, INT64_C(9007199254740991), 0, json_array()), "fill-cap", NULL));
    assert_false(take_back(rig_revocation(&a, 100, 0, json_pack("[s]", anna_id)), "fill-cap", "not newer"));
    believed(credential(NULL));
    restart();
    assert_true(take_back(rig_revocation(&a, 100, 1, json_pack("[s]", anna_id)), "fill-cap", NULL));
    not_believed(credential(json_pack("{s:i}", "epoch", 1)), true, "taken");
    assert_false(take_back(rig_revocation(&a, INT64_C(9007199254740991), 0, json_array()), "fill-cap", "not newer"));
    restart();
    not_believed(credential(json_pack("{s:i}", "epoch", 1)), true, "taken");
    not_believed(credential(NULL), true, "taken");
}

/* Who could write a trust file or a list could trust anybody. */
static void test_files_that_others_may_write(void **state) {
    g_autofree char *file = g_build_filename(folder, "fill-cap.json", NULL),
                    *list = g_build_filename(state_folder, "fill-cap.revoked", NULL);
    assert_int_equal(chmod(file, 0664), 0);
    not_believed(credential(NULL), false, "the trust file of vendor 'fill-cap' cannot be read");
    assert_int_equal(chmod(file, 0644), 0);
    believed(credential(NULL));
    assert_true(take_back(rig_revocation(&a, 100, 0, json_array()), "fill-cap", NULL));
    assert_int_equal(chmod(list, 0602), 0);
    not_believed(credential(NULL), false, "the revocations of vendor 'fill-cap' cannot be read");
    assert_int_equal(chmod(list, 0600), 0);
    believed(credential(NULL));
}

static void test_forged_revocations(void **state) {
    struct oriel_peer *p = the_peer();
    json_t *keys = json_pack("[s]", anna_id);
    assert_false(take_back(strdup(""), "fill-cap", "not a compact JWS"));
    assert_false(take_back(rig_revocation(&b, 100, 0, json_incref(keys)), "fill-cap", "signed by no key"));
    struct rig_vendor b_as_a = {"fill-cap", b.key, b.presence}, a_as_b = {"caps", a.key, a.presence};
    assert_false(take_back(rig_revocation(&b_as_a, 100, 0, json_incref(keys)), "fill-cap", "signed by no key"));
    assert_false(
        take_back(rig_revocation(&a_as_b, 100, 0, json_incref(keys)), "fill-cap", "not a document of this vendor"));
    assert_false(take_back(rig_revocation(&a, 100, 0, json_incref(keys)), "caps", "signed by no key"));
    assert_false(take_back(rig_revocation(&a, 100, 0, json_incref(keys)), "unknown", "not known"));
    assert_false(take_back(credential(NULL), "fill-cap", "another type"));
    json_t *claims = json_pack("{s:s, s:i, s:i, s:O}", "iss", "fill-cap", "iat", 100, "epoch", 0, "keys", keys);
    assert_false(take_back(rig_sign(anna, "oriel-revoked+jwt", json_incref(claims)), "fill-cap", "signed by no key"));
    assert_false(take_back(rig_sign(a.key, "oriel-agent+jwt", claims), "fill-cap", "another type"));
    assert_true(oriel_trust_holds(trust, p));
    /* vendor b may take back its own only, whichever key ids it lists */
    assert_true(take_back(rig_revocation(&b, 100, 9, keys), "caps", NULL));
    assert_true(oriel_trust_holds(trust, p));
    oriel_peer_unref(p);
}

/* What was revoked is not known then: nobody of this vendor may ask, the others may. */
static void test_a_revocation_that_cannot_be_believed(void **state) {
    struct oriel_peer *p = the_peer();
    char *const places[] = {folder, state_folder};
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        rig_write(places[i], "fill-cap.revoked", "");
        assert_false(oriel_trust_holds(trust, p));
        not_believed(credential(NULL), false, "the revocations of vendor 'fill-cap' cannot be read");
        struct oriel_vendor *other = oriel_trust_find(trust, "caps", NULL);
        assert_non_null(other);
        oriel_vendor_free(other);
        g_autofree char *path = g_build_filename(places[i], "fill-cap.revoked", NULL);
        g_unlink(path);
        assert_true(oriel_trust_holds(trust, p));
        assert_int_equal(g_mkdir(path, 0700), 0);
        assert_false(oriel_trust_holds(trust, p));
        g_rmdir(path);
    }
    oriel_peer_unref(p);
}

static void test_a_state_directory_that_cannot_be_written(void **state) {
    struct oriel_peer *p = the_peer();
    config.trust_state = "/proc/oriel/revoked";
    assert_true(take_back(rig_revocation(&a, 100, 0, json_pack("[s]", anna_id)), "fill-cap", NULL));
    assert_false(oriel_trust_holds(trust, p)); /* it holds all the same */
    assert_false(take_back(rig_revocation(&a, 100, 0, json_array()), "fill-cap", "not newer"));
    oriel_peer_unref(p);
}

static void test_it_is_kept_for_nobody_else(void **state) {
    g_autofree char *deep = g_build_filename(state_folder, "new", NULL),
                    *path = g_build_filename(deep, "fill-cap.revoked", NULL);
    config.trust_state = deep;
    assert_true(take_back(rig_revocation(&a, 100, 0, json_array()), "fill-cap", NULL));
    struct stat st;
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static int set_up(void **state) {
    folder = rig_folder();
    state_folder = rig_folder();
    config = (struct oriel_config){.trust_directory = folder, .trust_state = state_folder};
    trust = oriel_trust_new(&config);
    a = rig_vendor("fill-cap");
    b = rig_vendor("caps");
    rig_write_trust(folder, &a, NULL);
    rig_write_trust(folder, &b, NULL);
    anna = oriel_key_new();
    assert_true(oriel_key_id(anna, anna_id));
    return 0;
}

static int tear_down(void **state) {
    oriel_trust_free(trust);
    rig_vendor_clear(&a);
    rig_vendor_clear(&b);
    json_decref(anna);
    rig_remove(folder);
    rig_remove(state_folder);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_vendor),
        TEST(test_its_turn_servers),
        TEST(test_read_anew_each_time),
        TEST(test_of_another_form),
        TEST(test_files_that_cannot_be_read),
        TEST(test_all_of_them),
        TEST(test_a_credential),
        TEST(test_who_is_not_believed),
        TEST(test_the_wall_clock_decides),
        TEST(test_a_second_key_of_the_vendor),
        TEST(test_a_key_is_taken_back),
        TEST(test_an_epoch_is_taken_back),
        TEST(test_a_vendor_that_goes),
        TEST(test_a_revocation_as_a_file),
        TEST(test_a_file_that_was_seen_is_kept),
        TEST(test_rollback_is_refused),
        TEST(test_a_new_key_after_a_revocation),
        TEST(test_an_iat_far_ahead),
        TEST(test_files_that_others_may_write),
        TEST(test_forged_revocations),
        TEST(test_a_revocation_that_cannot_be_believed),
        TEST(test_a_state_directory_that_cannot_be_written),
        TEST(test_it_is_kept_for_nobody_else),
    };
    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
