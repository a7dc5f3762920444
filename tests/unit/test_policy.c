/* core/policy: what may be put before the person is what agent, vendor and device all allow, in clean text. */
#include "policy.h"

#include "trust_rig.h"

static char *folder;
static struct oriel_config config;
static struct oriel_trust *trust;
static struct rig_vendor vendor;
static struct oriel_peer *peer;

/* What was overwritten last, up to its end: the two names by which it is done, in the place of libc's. */
static char wiped[64];

void explicit_bzero(void *bytes, size_t n);
void __explicit_bzero_chk(void *bytes, size_t n, size_t room);

void explicit_bzero(void *bytes, size_t n) {
    g_snprintf(wiped, sizeof wiped, "%.*s", (int)n, (const char *)bytes);
    memset(bytes, 0, n);
}

void __explicit_bzero_chk(void *bytes, size_t n, size_t room) {
    explicit_bzero(bytes, n);
}

static json_t *request(json_t *changes) {
    return rig_changed(json_pack("{s:i, s:s, s:s, s:s, s:[s], s:i, s:s}", "v", 1, "typ", "request", "device",
                                 "filler-1", "reason", "Capper\xe2\x80\xae jams", "scopes", "view", "seconds", 28800,
                                 "fingerprint", "AA:BB"),
                       changes);
}

/* Steals `m`. */
static void refused(json_t *m, const char *why) {
    struct oriel_session_request out = {0};
    g_autofree char *detail = NULL;
    assert_false(oriel_policy_check(&config, trust, peer, m, &out, &detail));
    assert_string_equal(detail, why);
    assert_null(out.scopes);
    assert_null(out.name);
    assert_null(out.peer);
    assert_int_equal(peer->references, 1);
    json_decref(m);
}

static void test_the_least_of_all(void **state) {
    struct {
        int asked, vendor, device, effective;
    } cases[] = {{28800, 3600, 7200, 3600}, {28800, 7200, 3600, 3600}, {30, 3600, 7200, 30}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        rig_write_trust(folder, &vendor,
                        json_pack("{s:s, s:i}", "label", "F\xe2\x80\x8b&C", "seconds", cases[i].vendor));
        config.session_max_seconds = (guint)cases[i].device;
        struct oriel_session_request out = {0};
        g_autofree char *detail = NULL;
        json_t *m = request(json_pack("{s:i}", "seconds", cases[i].asked));
        assert_true(oriel_policy_check(&config, trust, peer, m, &out, &detail));
        json_decref(m); /* `out` stands by itself */
        assert_null(detail);
        assert_int_equal(out.seconds, cases[i].effective);
        assert_ptr_equal(out.peer, peer);
        assert_string_equal(out.vendor, "fill-cap");
        assert_string_equal(out.company, "F&C");
        assert_string_equal(out.name, "Anna W");
        assert_string_equal(out.reason, "Capper jams");
        assert_string_equal(out.fingerprint, "AA:BB");
        assert_int_equal(json_array_size(out.scopes), 1);
        assert_string_equal(json_string_value(json_array_get(out.scopes, 0)), "view");
        oriel_session_request_clear(&out);
        assert_int_equal(peer->references, 1);
    }
}

/* By boot time: the wall clock was asked once, at the hello. */
static void test_no_longer_than_the_credential(void **state) {
    struct oriel_session_request out = {0};
    g_autofree char *detail = NULL;
    json_t *m = request(json_pack("{s:i}", "seconds", 3600));
    peer->until = oriel_boottime() + 600 * ORIEL_SECOND + ORIEL_SECOND / 2;
    oriel_clock_turn_wall(100000);
    assert_true(oriel_policy_check(&config, trust, peer, m, &out, &detail));
    oriel_clock_turn_wall(-100000);
    assert_int_equal(out.seconds, 600);
    oriel_session_request_clear(&out);
    json_decref(m);
    oriel_clock_advance(570 * ORIEL_SECOND);
    m = request(NULL);
    out = (struct oriel_session_request){0};
    assert_true(oriel_policy_check(&config, trust, peer, m, &out, &detail));
    assert_int_equal(out.seconds, 30);
    oriel_session_request_clear(&out);
    json_decref(m);
    oriel_clock_advance(ORIEL_SECOND);
    refused(request(NULL), "the credential ends: renew it, and say hello with the new one");
    oriel_clock_advance(1000 * ORIEL_SECOND);
    refused(request(NULL), "the credential ends: renew it, and say hello with the new one");
}

/* Every combination of what agent, credential, vendor and device say, for each over_ask. */
static void test_scopes_are_the_intersection(void **state) {
    for (int bits = 1; bits < 1 << 12; bits++) {
        json_t *lists[4];
        g_autoptr(GString) device = g_string_new(NULL);
        bool empty = false;
        int all = 7;
        for (int k = 0; k < 4; k++) {
            int own = bits >> (3 * k) & 7;
            empty = empty || !own;
            all &= own;
            lists[k] = json_array();
            for (int j = 0; j < 3; j++)
                if (own >> j & 1)
                    json_array_append_new(lists[k], json_string(oriel_scopes[j].name));
        }
        int asked = bits & 7;
        for (int j = 0; j < 3; j++)
            if (bits >> (9 + j) & 1)
                g_string_append_printf(device, "%s%s", device->len ? "; " : "", oriel_scopes[j].name);
        if (!empty && bits % 7 == 0) { /* a seventh of them: trust files are read anew each time */
            bool refuse = bits % 2;
            rig_write_trust(folder, &vendor,
                            json_pack("{s:O, s:s}", "scopes", lists[2], "over_ask", refuse ? "refuse" : "clip"));
            json_decref(peer->scopes);
            peer->scopes = json_incref(lists[1]);
            config.session_scopes = device->str;
            struct oriel_session_request out = {0};
            g_autofree char *detail = NULL;
            json_t *m = request(json_pack("{s:O}", "scopes", lists[0]));
            bool allowed = oriel_policy_check(&config, trust, peer, m, &out, &detail);
            json_decref(m);
            assert_int_equal(allowed, refuse ? all == asked : all != 0);
            int got = 0;
            for (size_t i = 0; i < json_array_size(out.scopes); i++)
                for (int j = 0; j < 3; j++)
                    if (strcmp(json_string_value(json_array_get(out.scopes, i)), oriel_scopes[j].name) == 0)
                        got |= 1 << j;
            assert_int_equal(got, allowed ? all : 0);
            assert_int_equal(detail == NULL, allowed);
            oriel_session_request_clear(&out);
        }
        for (int k = 0; k < 4; k++)
            json_decref(lists[k]);
    }
}

/* What this version can't do is not put before a person, whoever allows it. */
static void test_what_is_not_built_is_clipped(void **state) {
    json_t *every = json_array();
    g_autoptr(GString) device = g_string_new(NULL);
    size_t built = 0;
    for (const struct oriel_scope *s = oriel_scopes; s->name; s++) {
        json_array_append_new(every, json_string(s->name));
        g_string_append_printf(device, "%s;", s->name);
        built += s->built;
    }
    assert_in_range(built, 1, json_array_size(every));
    rig_write_trust(folder, &vendor, json_pack("{s:O, s:s}", "scopes", every, "over_ask", "clip"));
    json_decref(peer->scopes);
    peer->scopes = json_incref(every);
    config.session_scopes = device->str;
    struct oriel_session_request out = {0};
    g_autofree char *detail = NULL;
    json_t *m = request(json_pack("{s:o}", "scopes", every));
    assert_true(oriel_policy_check(&config, trust, peer, m, &out, &detail));
    assert_int_equal(json_array_size(out.scopes), built);
    for (size_t i = 0; i < built; i++)
        assert_true(oriel_scope_find(json_string_value(json_array_get(out.scopes, i)))->built);
    oriel_session_request_clear(&out);
    json_decref(m);
    struct oriel_vendor *v = oriel_trust_find(trust, "fill-cap", NULL);
    json_t *offered = oriel_policy_offered(&config, v);
    assert_int_equal(json_array_size(offered), built);
    json_decref(offered);
    oriel_vendor_free(v);
    for (const struct oriel_scope *s = oriel_scopes; s->name; s++)
        if (!s->built)
            refused(request(json_pack("{s:[s]}", "scopes", s->name)),
                    "vendor 'fill-cap' may not ask for these scopes here");
}

static void test_a_long_reason_is_cut(void **state) {
    g_autofree char *reason = g_strnfill(400, 'x'), *detail = NULL;
    json_t *m = request(json_pack("{s:s}", "reason", reason));
    struct oriel_session_request out = {0};
    assert_true(oriel_policy_check(&config, trust, peer, m, &out, &detail));
    assert_int_equal(g_utf8_strlen(out.reason, -1), 120);
    oriel_session_request_clear(&out);
    json_decref(m);
}

/* ---- media through TURN ---- */

#define LIST "turn:t.example:3478,turns:t.example:443?transport=tcp"

static json_t *credentials(void) {
    return json_pack("{s:{s:s, s:s}}", "turn", "username", "1800000000:anna", "password", "c2VjcmV0");
}

static void test_relay(void **state) {
    config.media_path = "relay";
    refused(request(credentials()), "this device has no TURN server for fill-cap: put one into trust.d, or set [media] "
                                    "path=direct for a trusted LAN");
    g_auto(GStrv) uris = g_strsplit(LIST, ",", -1);
    rig_write_trust(folder, &vendor, json_pack("{s:[s, s]}", "turn", uris[0], uris[1]));
    refused(request(NULL), "media of this device goes through TURN, and the request has no credentials for it: the "
                           "enrolment must bring them (oriel provision agent, of a vendor with --turn)");
    struct oriel_session_request out = {0};
    g_autofree char *detail = NULL;
    json_t *m = request(credentials());
    assert_true(oriel_policy_check(&config, trust, peer, m, &out, &detail));
    json_decref(m);
    assert_string_equal(out.turn_servers, LIST);
    assert_string_equal(out.turn_username, "1800000000:anna");
    assert_string_equal(out.turn_password, "c2VjcmV0");
    oriel_session_request_clear(&out);
    assert_string_equal(wiped, "c2VjcmV0");
    assert_null(out.turn_password);
    /* What is refused for another reason keeps none of it. */
    refused(request(rig_changed(credentials(), json_pack("{s:[s]}", "scopes", "logs"))),
            "vendor 'fill-cap' may not ask for these scopes here");
}

static void test_direct(void **state) {
    rig_write_trust(folder, &vendor, json_pack("{s:[s]}", "turn", "turn:t.example"));
    for (int with = 0; with < 2; with++) {
        struct oriel_session_request out = {0};
        g_autofree char *detail = NULL;
        json_t *m = request(with ? credentials() : NULL);
        assert_true(oriel_policy_check(&config, trust, peer, m, &out, &detail));
        assert_null(out.turn_servers);
        assert_null(out.turn_username);
        assert_null(out.turn_password);
        oriel_session_request_clear(&out);
        json_decref(m);
    }
}

/* A vendor's name of any length leaves room for the whole sentence. */
static void test_the_longest_sentence(void **state) {
    config.media_path = "relay";
    g_autofree char *id = g_strnfill(64, 'v');
    struct rig_vendor other = {id, vendor.key, vendor.presence};
    rig_write_trust(folder, &other, NULL);
    g_free(peer->vendor);
    peer->vendor = g_strdup(id);
    struct oriel_session_request out = {0};
    g_autofree char *detail = NULL;
    json_t *m = request(NULL);
    assert_false(oriel_policy_check(&config, trust, peer, m, &out, &detail));
    assert_true(g_str_has_suffix(detail, "trusted LAN") && strlen(detail) <= ORIEL_DETAIL_MAX);
    json_decref(m);
}

static void test_refusals(void **state) {
    refused(request(json_pack("{s:s}", "device", "filler-2")), "the request names another device");
    refused(request(json_pack("{s:s}", "reason", "\xe2\x80\x8b \n")), "name or reason has no visible character");
    refused(request(json_pack("{s:[s]}", "scopes", "logs")), "vendor 'fill-cap' may not ask for these scopes here");
    refused(request(json_pack("{s:[s]}", "scopes", "control")), "vendor 'fill-cap' may not ask for these scopes here");
    rig_write_trust(folder, &vendor, json_pack("{s:s}", "over_ask", "refuse"));
    refused(request(json_pack("{s:[s, s]}", "scopes", "view", "control")),
            "vendor 'fill-cap' may not ask for all of these scopes here");
    g_free(peer->name);
    peer->name = g_strdup("\xe3\x85\xa4");
    refused(request(NULL), "name or reason has no visible character");
    rig_write(folder, "fill-cap.json", "{");
    refused(request(NULL),
            "the trust file of vendor 'fill-cap' is broken: not JSON: string or '}' expected near end of "
            "file at byte 1");
    g_autofree char *path = g_build_filename(folder, "fill-cap.json", NULL);
    g_unlink(path);
    refused(request(NULL), "vendor 'fill-cap' is not known to this device");
}

static int set_up(void **state) {
    folder = rig_folder();
    config = (struct oriel_config){.device_id = "filler-1",
                                   .trust_directory = folder,
                                   .trust_state = folder,
                                   .media_path = "direct",
                                   .session_max_seconds = 28800,
                                   .session_scopes = "view"};
    trust = oriel_trust_new(&config);
    vendor = rig_vendor("fill-cap");
    rig_write_trust(folder, &vendor, NULL);
    peer = oriel_peer_new();
    peer->agent = g_strdup("anna");
    peer->vendor = g_strdup("fill-cap");
    peer->name = g_strdup(" Anna  W ");
    peer->scopes = json_pack("[s, s]", "view", "logs");
    peer->until = oriel_boottime() + 86400 * ORIEL_SECOND;
    return 0;
}

static int tear_down(void **state) {
    oriel_peer_unref(peer);
    oriel_trust_free(trust);
    rig_vendor_clear(&vendor);
    rig_remove(folder);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_least_of_all),
        TEST(test_no_longer_than_the_credential),
        TEST(test_scopes_are_the_intersection),
        TEST(test_what_is_not_built_is_clipped),
        TEST(test_a_long_reason_is_cut),
        TEST(test_relay),
        TEST(test_direct),
        TEST(test_the_longest_sentence),
        TEST(test_refusals),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
