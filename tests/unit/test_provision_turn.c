/* `oriel provision` and TURN: who names the servers, what an agent's credentials are, and the configuration of coturn.
 * Whether a real coturn takes them is tests/flow/turn-credentials.test.mjs. */
#include "provision_rig.h"

#define FIRST "turn:turn.example:3478"
#define SECOND "turns:turn.example:443?transport=tcp"
#define SECRET "0123456789abcdef"
#define AGENT "agent --vendor vendor --owner owner/owner.json --tenant demo --id anna --name Anna~Weber "

/* The one or two URIs that a JSON file's `turn` has; NULL, NULL: it has none. */
static void names(const char *file, const char *first, const char *second) {
    json_t *object = object_of(file), *turn = json_object_get(object, "turn");
    assert_int_equal(json_array_size(turn), !!first + !!second);
    if (first)
        assert_string_equal(json_string_value(json_array_get(turn, 0)), first);
    if (second)
        assert_string_equal(json_string_value(json_array_get(turn, 1)), second);
    assert_int_equal(turn != NULL, first != NULL);
    json_decref(object);
}

static void is_text(const char *file, const char *expected) {
    char *text = text_of(file);
    assert_string_equal(text, expected);
    free(text);
}

static void test_a_vendor_with_servers(void **state) {
    names("vendor/vendor.json", FIRST, SECOND);
    has_mode("vendor/turn.secret", 0600);
    char *secret = text_of("vendor/turn.secret");
    assert_int_equal(strlen(secret), 43);
    provision("vendor --out vendor2 --id v2 --label V --turn turn:a.example");
    char *other = text_of("vendor2/turn.secret");
    assert_string_not_equal(secret, other);
    free(other);
    free(secret);
    store("own.secret", SECRET "\n");
    provision("vendor --out vendor3 --id v3 --label V --turn turn:a.example --turn-secret own.secret");
    is_text("vendor3/turn.secret", SECRET);
    provision("vendor --out plain --id plain --label V");
    names("plain/vendor.json", NULL, NULL);
    assert_false(is_there("plain/turn.secret"));
}

/* The vendor proposes, the owner decides. */
static void test_trust_files(void **state) {
    provision("trust --vendor vendor --scopes view --seconds 60 --out proposed.json");
    names("proposed.json", FIRST, SECOND);
    provision("trust --vendor vendor/vendor.json --scopes view --seconds 60 --turn turn:192.0.2.7 --out decided.json");
    names("decided.json", "turn:192.0.2.7", NULL);
    provision("trust --vendor plain --scopes view --seconds 60 --out none.json");
    names("none.json", NULL, NULL);
    provision("trust --vendor plain --scopes view --seconds 60 --turn turn:[::1]:9 --out of-owner.json");
    names("of-owner.json", "turn:[::1]:9", NULL);
}

static void test_an_agents_credentials(void **state) {
    char line[128], expected[64];
    json_t *credential;
    struct browser b = browser_asks("request");
    provision(AGENT "--hours 2 --request request --out answer");
    json_t *enrolled = browser_opens(&b, "answer", &credential), *turn = json_object_get(enrolled, "turn");
    assert_non_null(turn);
    assert_int_equal(json_array_size(json_object_get(turn, "urls")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(turn, "urls"), 0)), FIRST);
    snprintf(expected, sizeof expected, "%lld:anna", oriel_json_integer(credential, "exp", 0));
    assert_string_equal(member(turn, "username"), expected);
    assert_int_equal(oriel_json_integer(credential, "exp", 0) - oriel_json_integer(credential, "iat", 0), 7200);
    /* the password by openssl(1) */
    store("username", member(turn, "username"));
    char *secret = text_of("vendor/turn.secret");
    snprintf(line, sizeof line, "dgst -sha1 -mac HMAC -macopt key:%s -binary -out digest username", secret);
    openssl(line);
    openssl("base64 -in digest");
    out[strcspn(out, "\n")] = '\0';
    assert_string_equal(member(turn, "password"), out);
    free(secret);
    json_decref(credential);
    json_decref(enrolled);
    provision("agent --vendor plain --owner owner/owner.json --tenant demo --id anna --name Anna --request request "
              "--out plain-answer");
    assert_int_equal(rename("vendor", "kept") | rename("plain", "vendor"), 0); /* browser_opens looks there */
    enrolled = browser_opens(&b, "plain-answer", &credential);
    assert_int_equal(rename("vendor", "plain") | rename("kept", "vendor"), 0);
    assert_null(json_object_get(enrolled, "turn"));
    json_decref(credential);
    json_decref(enrolled);
    free_browser(&b);
}

/* A secret that is lost or spoilt is said, not left out. */
static void test_without_the_secret(void **state) {
    struct browser b = browser_asks("request2");
    store("vendor2/turn.secret", "short");
    int status =
        run_words(ORIEL, "provision",
                  "agent --vendor vendor2 --owner owner/owner.json --tenant demo --id a --name A --request request2");
    assert_int_equal(status, 1);
    assert_string_equal(out, "");
    assert_non_null(strstr(said, "vendor2/turn.secret is no secret for TURN: one line of 16 to 128 letters"));
    unlink("vendor2/turn.secret");
    status =
        run_words(ORIEL, "provision",
                  "agent --vendor vendor2 --owner owner/owner.json --tenant demo --id a --name A --request request2");
    assert_int_equal(status, 1);
    assert_non_null(strstr(said, "vendor2/turn.secret cannot be read"));
    free_browser(&b);
}

/* A vendor gets servers later, or others; what it was before stays. */
static void test_servers_of_a_vendor_that_is_there(void **state) {
    char *before = text_of("vendor/turn.secret");
    json_t *old = object_of("plain/vendor.json");
    provision("turn --vendor plain --turn " FIRST);
    names("plain/vendor.json", FIRST, NULL);
    has_mode("plain/turn.secret", 0600);
    has_mode("plain/vendor.json", 0644);
    json_t *new = object_of("plain/vendor.json");
    json_object_del(new, "turn");
    assert_true(json_equal(old, new));
    json_decref(old);
    json_decref(new);
    provision("turn --vendor vendor --turn turn:new.example --turn " SECOND);
    names("vendor/vendor.json", "turn:new.example", SECOND);
    is_text("vendor/turn.secret", before); /* credentials of today were made with it */
    free(before);
    refused(1, "turn --vendor vendor --turn " FIRST " --turn-secret own.secret", "turn.secret is there already");
    names("vendor/vendor.json", "turn:new.example", SECOND);
    provision("turn --vendor vendor --turn " FIRST " --turn " SECOND);
    /* who revokes afterwards keeps them */
    provision("revoke --vendor vendor --epoch --out r1");
    names("vendor/vendor.json", FIRST, SECOND);
}

/* Whether one of the lines is exactly this. */
static bool has_line(const char *text, const char *line) {
    size_t n = strlen(line);
    for (const char *at = text; (at = strstr(at, line)); at++)
        if ((at == text || at[-1] == '\n') && (at[n] == '\n' || !at[n]))
            return true;
    return false;
}

static void test_coturns_configuration(void **state) {
    provision(
        "turn --vendor vendor --out turn --listen 10.1.2.3 --external 198.51.100.7 --owner owner --user turnserver "
        "--allow-peer 10.9.0.0-10.9.255.255 --relay-ports 50000-50999");
    has_mode("turn/turnserver.conf", 0600);
    has_mode("turn/turn.key", 0600);
    char *text = text_of("turn/turnserver.conf"), *secret = text_of("vendor/turn.secret"), line[256];
    static const char *const lines[] = {"listening-ip=10.1.2.3",
                                        "relay-ip=10.1.2.3",
                                        "external-ip=198.51.100.7/10.1.2.3",
                                        "listening-port=3478",
                                        "tls-listening-port=443",
                                        "min-port=50000",
                                        "max-port=50999",
                                        "use-auth-secret",
                                        "realm=turn.example",
                                        "log-file=syslog",
                                        "proc-user=turnserver",
                                        "proc-group=turnserver",
                                        "allowed-peer-ip=10.1.2.3",
                                        "allowed-peer-ip=10.9.0.0-10.9.255.255",
                                        "denied-peer-ip=10.0.0.0-10.255.255.255"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!has_line(text, lines[i]))
            fail_msg("no line '%s' in:\n%s", lines[i], text);
    snprintf(line, sizeof line, "static-auth-secret=%s", secret);
    assert_true(has_line(text, line));
    snprintf(line, sizeof line, "cert=%s/turn/turn.pem", dir);
    assert_true(has_line(text, line));
    assert_null(strstr(text, "allow-loopback-peers"));
    for (char *rest = text, *one; (one = strsep(&rest, "\n"));)
        if (*one != '#' && strchr(one, '@'))
            fail_msg("not filled in: %s", one);
    free(text);
    free(secret);
    openssl("verify -x509_strict -purpose sslserver -verify_hostname turn.example -CAfile owner/ca.pem turn/turn.pem");
    refused(1, "turn --vendor vendor --out turn --listen 10.1.2.3 --owner owner", "is there already");
}

static void test_loopback_and_a_certificate_of_ones_own(void **state) {
    provision("certificate --owner owner --server turn.example --out own");
    provision(
        "turn --vendor vendor --out turn2 --listen 127.0.0.1 --listen ::1 --certificate own/broker.pem "
        "--certificate-key own/broker.key --port 5000 --tls-port 5001 --realm here --log stdout --allow-peer ::1");
    char *text = text_of("turn2/turnserver.conf"), line[256];
    static const char *const lines[] = {"listening-ip=127.0.0.1", "listening-ip=::1",
                                        "listening-port=5000",    "realm=here",
                                        "allow-loopback-peers",   "allowed-peer-ip=::1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_true(has_line(text, lines[i]));
    assert_false(has_line(text, "allowed-peer-ip=127.0.0.1")); /* not by itself */
    snprintf(line, sizeof line, "pkey=%s/own/broker.key", dir);
    assert_true(has_line(text, line));
    assert_false(is_there("turn2/turn.key"));
    free(text);
    refused(1, "turn --vendor vendor --out no --listen ::1 --certificate own/broker.pem --certificate-key owner/ca.key",
            "own/broker.pem");
}

/* The server listens where the URIs say, unless it is told otherwise. */
static void test_ports_of_the_uris(void **state) {
    provision("vendor --out v6 --id v6 --label V --turn turns:[2001:db8::7]:8443?transport=tcp --turn "
              "turn:[2001:db8::7]:4000");
    provision("turn --vendor v6 --out coturn6 --listen 2001:db8::7 --owner owner");
    provision("turn --vendor vendor3 --out coturn3 --listen 10.1.2.3 --owner owner");
    provision("turn --vendor v6 --out coturn6b --listen 2001:db8::7 --owner owner --port 1 --tls-port 2");
    static const char *const cases[][3] = {{"coturn6", "listening-port=4000", "tls-listening-port=8443"},
                                           {"coturn3", "listening-port=3478", "tls-listening-port=5349"},
                                           {"coturn6b", "listening-port=1", "tls-listening-port=2"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/turnserver.conf", cases[i][0]);
        char *text = text_of(path);
        assert_true(has_line(text, cases[i][1]) && has_line(text, cases[i][2]));
        free(text);
    }
    openssl("verify -verify_ip 2001:db8::7 -CAfile owner/ca.pem coturn6/turn.pem");
}

/* A device's bundle has the servers in its trust file, and the CA of those that no system knows. */
static void test_a_device(void **state) {
    provision(
        "device --owner owner --id filler-1 --tenant demo --name F --broker mqtts://b.example --trust proposed.json "
        "--turn-ca owner/ca.pem --out bundle");
    assert_null(strstr(said, "warning"));
    provision("install bundle --root root");
    names("root/etc/oriel/trust.d/fill-cap.json", FIRST, SECOND);
    char *text = text_of("root/etc/oriel/oriel.conf"), line[256];
    snprintf(line, sizeof line, "[relay]\nca=%s/root/etc/oriel/turn-ca.pem\n", dir);
    assert_non_null(strstr(text, line));
    assert_null(strstr(text, "path="));
    free(text);
    has_mode("root/etc/oriel/turn-ca.pem", 0644);
    if (run_words(BUILD_ROOT "/orield", NULL, "--config root/etc/oriel/oriel.conf --check"))
        fail_msg("orield --check: %s%s", out, said);
    provision("device --owner owner --id filler-2 --tenant demo --name F --broker mqtts://b.example --trust none.json "
              "--out bundle2");
    assert_non_null(strstr(said, "none.json names no TURN server"));
    refused(1,
            "device --owner owner --id filler-3 --tenant demo --name F --broker mqtts://b.example --trust none.json "
            "--turn-ca owner/owner.json --out bundle3",
            "owner/owner.json");
}

#define OUT "turn --vendor vendor --out no --owner owner --listen "

static void test_wrong_command_lines(void **state) {
    static const char *const lines[][2] = {
        {"vendor --out no --id v --label V --turn stun:a", "--turn 'stun:a' is no TURN URI: turn:HOST[:PORT]"},
        {"vendor --out no --id v --label V --turn turn:a --turn turn:a", "--turn 'turn:a' is there twice"},
        {"vendor --out no --id v --label V --turn turn:a --turn turn:b --turn turn:c --turn turn:d --turn turn:e",
         "'turn:e' is one too many: at most 4"},
        {"vendor --out no --id v --label V --turn-secret own.secret", "--turn-secret goes with --turn"},
        {"trust --vendor vendor --scopes view --seconds 60 --turn turns:a?transport=udp --out no", "no TURN URI"},
        {"trust --vendor vendor --scopes see --seconds 60 --turn turn:a --out no", "no scope"},
        {"turn --out no --listen ::1 --owner owner", "--vendor is missing"},
        {"turn --vendor vendor", "say what is wanted"},
        {"turn --vendor vendor --turn-secret own.secret --out no", "--turn-secret goes with --turn"},
        {"turn --vendor vendor --turn turn:a --listen ::1", "--out is missing"},
        {"turn --vendor vendor --out no --owner owner", "--listen is missing"},
        {"turn --vendor vendor --out no --listen ::1", "the server wants a certificate"},
        {"turn --vendor vendor --out no --listen ::1 --certificate c", "the server wants a certificate"},
        {OUT "::1 --certificate c --certificate-key k", "the server wants a certificate"},
        {OUT "0.0.0.0", "--listen '0.0.0.0' is no address of a machine"},
        {OUT "turn.example", "--listen 'turn.example' is no address"},
        {OUT "::1 --listen 10.0.0.1 --external 192.0.2.1", "of the one --listen address"},
        {OUT "::1 --external turn.example", "--external 'turn.example'"},
        {OUT "::1 --allow-peer 10.0.0.0/8", "--allow-peer '10.0.0.0/8' is no IP address, and no range"},
        {OUT "::1 --allow-peer 10.0.0.9-10.0.0.1", "no range FIRST-LAST"},
        {OUT "::1 --allow-peer 10.0.0.9-::1", "no range FIRST-LAST"},
        {OUT "::1 --relay-ports 50000", "no range FROM-TO of ports"},
        {OUT "::1 --relay-ports 50000-49999", "no range FROM-TO of ports"},
        {OUT "::1 --relay-ports 1-65535", "no range FROM-TO of ports"},
        {OUT "::1 --port 65536", "--port '65536'"},
        {OUT "::1 --log a\nrealm=b", "--log must be one line"},
        {OUT "::1 --realm a\"b", "--realm 'a\"b' is no name"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        refused(2, lines[i][0], lines[i][1]);
    refused(1, "turn --vendor owner --turn turn:a", "owner/vendor.json cannot be read");
    provision("vendor --out bare --id bare --label V");
    refused(1, "turn --vendor bare --out no --listen ::1 --owner owner", "bare names no TURN server yet; --turn URI");
    store("bad.secret", "0123456789abcdef\nrealm=x");
    refused(1, "vendor --out no --id v --label V --turn turn:a --turn-secret bad.secret", "bad.secret is no secret");
    refused(1, "turn --vendor bare --turn turn:a --turn-secret bad.secret", "bad.secret is no secret");
    names("bare/vendor.json", NULL, NULL);
    assert_false(is_there("no"));
}

static int set_up(void **state) {
    if (enter_folder())
        return -1;
    provision("owner --out owner --id plant --name Plant");
    provision("vendor --out vendor --id fill-cap --label Fill~&~Cap~GmbH --turn " FIRST " --turn " SECOND);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_vendor_with_servers),
        cmocka_unit_test(test_trust_files),
        cmocka_unit_test(test_an_agents_credentials),
        cmocka_unit_test(test_without_the_secret),
        cmocka_unit_test(test_servers_of_a_vendor_that_is_there),
        cmocka_unit_test(test_coturns_configuration),
        cmocka_unit_test(test_loopback_and_a_certificate_of_ones_own),
        cmocka_unit_test(test_ports_of_the_uris),
        cmocka_unit_test(test_a_device),
        cmocka_unit_test(test_wrong_command_lines),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
