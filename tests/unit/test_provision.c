/* `oriel provision`, run as people run it: the built program, real files, and openssl(1), orield --check and mosquitto
 * as those who must accept what it makes. */
#include "provision_rig.h"

/* ---- owner, vendor, trust ---- */

static void test_owner(void **state) {
    json_t *owner = object_of("owner/owner.json");
    assert_int_equal(json_object_size(owner), 3);
    assert_string_equal(member(owner, "id"), "plant");
    assert_string_equal(member(owner, "name"), "Plant & Söhne");
    is_public_part(json_object_get(owner, "key"), "owner/owner.key");
    json_decref(owner);
    has_mode("owner", 0700);
    has_mode("owner/owner.key", 0600);
    has_mode("owner/ca.key", 0600);
    openssl("pkey -in owner/owner.key -noout -check");
    openssl("pkey -in owner/ca.key -noout -check");
    openssl("verify -x509_strict -check_ss_sig -CAfile owner/ca.pem owner/ca.pem");
    char *pem = text_of("owner/owner.key");
    assert_memory_equal(pem, "-----BEGIN PRIVATE KEY-----", 27); /* PKCS #8 */
    free(pem);
    openssl("x509 -in owner/ca.pem -noout -text");
    assert_non_null(strstr(out, "CA:TRUE, pathlen:0"));
    assert_non_null(strstr(out, "Certificate Sign, CRL Sign"));
}

/* Nothing is lost, whichever of the files is there; and nothing is left behind. */
static void test_nothing_is_overwritten(void **state) {
    char *before = text_of("owner/owner.key");
    refused(1, "owner --out owner --id plant --name Other", "is there already; nothing was changed");
    char *after = text_of("owner/owner.key");
    assert_string_equal(before, after);
    free(before);
    free(after);
    mkdir("half", 0700);
    store("half/ca.key", "mine");
    refused(1, "owner --out half --id plant --name Other", "half/ca.key is there already");
    assert_false(is_there("half/owner.key"));
    refused(1, "vendor --out vendor --id v --label V", "vendor/vendor.key is there already");
    refused(1, "trust --vendor vendor --scopes view --seconds 60 --out trust.json", "trust.json is there already");
    refused(1,
            "device --owner owner --id d --tenant t --name D --broker mqtts://b --trust trust.json --out bundle.json",
            "bundle.json is there already");
    refused(1, "broker --out broker --owner owner --tenant t --device-port 1 --agent-port 2",
            "broker/mosquitto.conf is there already");
    refused(1, "certificate --owner owner --admin fill-cap --out admin", "is there already");
    refused(1, "revoke --vendor vendor --epoch --out trust.json", "trust.json is there already");
    json_t *vendor = object_of("vendor/vendor.json");
    assert_int_equal(oriel_json_integer(vendor, "epoch", -1), 0); /* not counted when it could not be told */
    json_decref(vendor);
    assert_int_equal(symlink("/nowhere/else", "dangling"), 0);
    refused(1, "trust --vendor vendor --scopes view --seconds 60 --out dangling", "dangling is there already");
}

static void test_vendor_and_trust(void **state) {
    json_t *vendor = object_of("vendor/vendor.json"), *trust = object_of("trust.json");
    assert_string_equal(member(vendor, "label"), "Fill & Cap GmbH");
    is_public_part(json_object_get(vendor, "key"), "vendor/vendor.key");
    is_public_part(json_object_get(vendor, "presence"), "vendor/presence.key");
    has_mode("vendor/vendor.key", 0600);
    has_mode("vendor/presence.key", 0600);
    char error[ORIEL_JSON_ERROR_SIZE];
    assert_true(oriel_document_check(ORIEL_DOCUMENT_TRUST, trust, error));
    assert_true(json_equal(json_array_get(json_object_get(trust, "keys"), 0), json_object_get(vendor, "key")));
    assert_int_equal(oriel_json_integer(trust, "seconds", 0), 3600);
    assert_int_equal(json_array_size(json_object_get(trust, "scopes")), 2);
    assert_string_equal(member(trust, "over_ask"), "clip");
    json_decref(vendor);
    json_decref(trust);
    provision("trust --vendor vendor/vendor.json --scopes logs --seconds 30 --over-ask refuse --out strict.json");
    trust = object_of("strict.json");
    assert_string_equal(member(trust, "over_ask"), "refuse");
    json_decref(trust);
}

static void test_own_keys(void **state) {
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out own.key");
    openssl("ecparam -name prime256v1 -genkey -noout -out sec1.key"); /* not PKCS #8 */
    openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key");
    openssl("pkey -in own.key -pubout -out public.pem");
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:secret -out locked.key");
    openssl("req -new -x509 -key rsa.key -subj /CN=House~CA -days 30 -addext basicConstraints=critical,CA:TRUE -out "
            "house.pem");
    provision("owner --out own --id own --name Own --key own.key --ca house.pem --ca-key rsa.key");
    openssl("pkey -in own.key -outform DER -out a.der");
    openssl("pkey -in own/owner.key -outform DER -out b.der");
    char a[4096], b[4096];
    assert_int_equal(load("a.der", a, sizeof a), load("b.der", b, sizeof b));
    assert_memory_equal(a, b, 100);
    provision("vendor --out ownvendor --id v --label V --key sec1.key --presence-key own.key");
    char *pem = text_of("ownvendor/vendor.key");
    assert_memory_equal(pem, "-----BEGIN PRIVATE KEY-----", 27);
    free(pem);
    refused(1, "owner --out no --id own --name Own --key rsa.key", "rsa.key: not a P-256 key");
    refused(1, "owner --out no --id own --name Own --key public.pem", "the private key is wanted");
    refused(1, "owner --out no --id own --name Own --key locked.key", "without a passphrase");
    refused(1, "owner --out no --id own --name Own --key none.key", "none.key cannot be read: No such file");
    refused(1, "owner --out no --id own --name Own --ca house.pem --ca-key own.key", "own.key does not belong to");
    refused(1, "owner --out no --id own --name Own --ca own.key", "not a certificate in PEM");
    refused(1, "owner --out no --id own --name Own --ca root/etc/oriel/broker.pem", "is no CA's certificate");
    assert_false(is_there("no"));
    /* An RSA CA signs, too. A CA whose key is elsewhere cannot; then certificates are brought along. */
    provision("certificate --owner own --device d --tenant t --out ownd");
    openssl("verify -CAfile house.pem ownd/d.pem");
    provision("owner --out away --id away --name Away --ca house.pem");
    assert_false(is_there("away/ca.key"));
    refused(1, "certificate --owner away --device d --tenant t --out no", "must come from elsewhere");
    provision("device --owner away --id d --tenant t --name D --broker mqtts://b:1 --trust trust.json --key own.key "
              "--seal-key sec1.key --certificate ownd/d.pem --certificate-key ownd/d.key --out away.json");
    refused(1,
            "device --owner away --id e --tenant t --name E --broker mqtts://b:1 --trust trust.json --certificate "
            "ownd/d.pem --certificate-key ownd/d.key --out no.json",
            "its common name must be 'e'");
    refused(1,
            "device --owner away --id d --tenant t --name D --broker mqtts://b:1 --trust trust.json --key own.key "
            "--seal-key own.key --out no.json",
            "must be two keys");
    provision("broker --out awaybroker --owner away --tenant t --device-port 1 --agent-port 2 --certificate "
              "ownd/d.pem --certificate-key ownd/d.key");
}

/* ---- authorise ---- */

#define AUTHORISE "authorise --owner owner --tenant demo --device filler-1 --vendor fill-cap "

static void test_authorise(void **state) {
    json_t *owner = object_of("owner/owner.json");
    provision(AUTHORISE "--scopes view,camera --seconds 600 --uses 3 --from 2026-11-26T08:00:00Z --hours 2");
    json_t *claims = claims_of(out, json_object_get(owner, "key"), ORIEL_DOCUMENT_AUTHORISATION);
    assert_string_equal(member(claims, "iss"), "plant");
    assert_string_equal(member(claims, "device"), "filler-1");
    assert_string_equal(member(claims, "vendor"), "fill-cap");
    assert_int_equal(json_array_size(json_object_get(claims, "scopes")), 2);
    assert_int_equal(oriel_json_integer(claims, "uses", 0), 3);
    assert_int_equal(oriel_json_integer(claims, "seconds", 0), 600);
    assert_int_equal(oriel_json_integer(claims, "nbf", 0), 1795680000);
    assert_int_equal(oriel_json_integer(claims, "exp", 0), 1795680000 + 7200);
    json_decref(claims);
    provision(AUTHORISE); /* once, for half an hour, within the next eight */
    claims = claims_of(out, json_object_get(owner, "key"), ORIEL_DOCUMENT_AUTHORISATION);
    assert_int_equal(oriel_json_integer(claims, "uses", 0), 1);
    assert_int_equal(oriel_json_integer(claims, "seconds", 0), 1800);
    assert_int_equal(oriel_json_integer(claims, "exp", 0) - oriel_json_integer(claims, "nbf", 0), 8 * 3600);
    assert_string_equal(json_string_value(json_array_get(json_object_get(claims, "scopes"), 0)), "view");
    json_decref(claims);
    json_decref(owner);
    refused(2, AUTHORISE "--uses 0", "from 1 to 1000");
    refused(2, AUTHORISE "--from today", "is no time");
    refused(2, AUTHORISE "--hours 9000", "from 1 to 8784");
    refused(2, AUTHORISE "--scopes everything", "is no scope");
    refused(1, "authorise --owner vendor --tenant demo --device d --vendor v", "owner.json");
}

/* ---- device ---- */

static void test_device(void **state) {
    static const char *const files[] = {"device.key", "seal.key",      "audit.key",
                                        "device.jwt", "broker-ca.pem", "broker.pem",
                                        "broker.key", "oriel.conf",    "trust.d/fill-cap.json",
                                        "owner.json"};
    char path[128];
    has_mode("bundle.json", 0600);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "root/etc/oriel/%s", files[i]);
        has_mode(path, strstr(files[i], ".key") ? 0600 : 0644);
    }
    json_t *owner = object_of("owner/owner.json");
    char *credential = text_of("root/etc/oriel/device.jwt");
    json_t *claims = claims_of(credential, json_object_get(owner, "key"), ORIEL_DOCUMENT_DEVICE_CREDENTIAL);
    assert_string_equal(member(claims, "iss"), "plant");
    assert_string_equal(member(claims, "sub"), "filler-1");
    assert_string_equal(member(claims, "tenant"), "demo");
    assert_string_equal(member(claims, "name"), "Filler 1");
    assert_string_equal(member(claims, "model"), "BF-200");
    assert_true(llabs(oriel_json_integer(claims, "iat", 0) - time(NULL)) < 60);
    is_public_part(json_object_get(json_object_get(claims, "cnf"), "jwk"), "root/etc/oriel/device.key");
    is_public_part(json_object_get(claims, "enc"), "root/etc/oriel/seal.key");
    json_decref(claims);
    json_decref(owner);
    free(credential);
    openssl("verify -x509_strict -purpose sslclient -CAfile root/etc/oriel/broker-ca.pem root/etc/oriel/broker.pem");
    openssl("x509 -in root/etc/oriel/broker.pem -noout -subject -ext extendedKeyUsage,basicConstraints -checkend "
            "283824000"); /* nine years */
    assert_non_null(strstr(out, "O = demo, CN = filler-1"));
    assert_non_null(strstr(out, "TLS Web Client Authentication"));
    assert_non_null(strstr(out, "CA:FALSE"));
    if (run_words(BUILD_ROOT "/orield", NULL, "--config root/etc/oriel/oriel.conf --check"))
        fail_msg("orield --check: %s%s", out, said);
}

static void test_install(void **state) {
    char *before = text_of("root/etc/oriel/device.key");
    refused(1, "install bundle.json --root root", "is there already; nothing was changed");
    unlink("root/etc/oriel/oriel.conf");
    refused(1, "install bundle.json --root root", "is there already"); /* also when a part of it is gone */
    assert_false(is_there("root/etc/oriel/oriel.conf"));
    char *after = text_of("root/etc/oriel/device.key");
    assert_string_equal(before, after);
    free(before);
    free(after);
    /* An image keeps the paths of the device. */
    provision("install bundle.json --root image --image");
    char *text = text_of("image/etc/oriel/oriel.conf");
    assert_non_null(strstr(text, "\nkey=/etc/oriel/device.key\n"));
    assert_non_null(strstr(text, "\nsite=Hall 3 @ROOT@\n"));
    assert_null(strstr(text, dir));
    free(text);
    provision("install bundle.json --root again");
    text = text_of("again/etc/oriel/oriel.conf");
    char line[256];
    snprintf(line, sizeof line, "\nkey=%s/again/etc/oriel/device.key\n", dir);
    assert_non_null(strstr(text, line));
    free(text);
    assert_int_equal(rename("again/etc/oriel/oriel.conf", "root/etc/oriel/oriel.conf"), 0);
}

/* What claims to be a bundle cannot write elsewhere. */
static void test_hostile_bundles(void **state) {
    static const char *const files[] = {
        "{\"name\":\"../../evil\",\"mode\":\"0644\",\"text\":\"x\"}",
        "{\"name\":\"/tmp/evil\",\"mode\":\"0644\",\"text\":\"x\"}",
        "{\"name\":\"evil\",\"mode\":\"0644\",\"text\":\"x\"}",
        "{\"name\":\"trust.d/../evil.json\",\"mode\":\"0644\",\"text\":\"x\"}",
        "{\"name\":\"trust.d/.json\",\"mode\":\"0644\",\"text\":\"x\"}",
        "{\"name\":\"device.jwt\",\"mode\":\"4755\",\"text\":\"x\"}",
        "{\"name\":\"device.key\",\"mode\":\"0644\",\"text\":\"x\"}",
        "{\"name\":\"device.jwt\",\"mode\":\"0644\",\"text\":\"x\",\"owner\":\"root\"}",
        "{\"name\":\"device.jwt\",\"mode\":\"0644\",\"text\":7}",
        "7",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char text[512];
        snprintf(text, sizeof text, "{\"v\":1,\"typ\":\"bundle\",\"device\":\"d\",\"files\":[%s]}", files[i]);
        store("evil.json", text);
        refused(1, "install evil.json --root hostile", "does not belong there");
    }
    store("evil.json", "{\"v\":2,\"typ\":\"bundle\",\"device\":\"d\",\"files\":[{}]}");
    refused(1, "install evil.json --root hostile", "is no device bundle");
    store("evil.json", "hello");
    refused(1, "install evil.json --root hostile", "evil.json: not JSON");
    refused(1, "install none.json --root hostile", "none.json cannot be read");
    assert_false(is_there("hostile"));
}

static void test_wrong_command_lines(void **state) {
    static const char *const lines[][2] = {
        {"", "usage:"},
        {"everything", "'provision everything' is not a command"},
        {"owner --id a --name A", "--out is missing"},
        {"owner --out no --id a --name", "--name wants a value"},
        {"owner --out no --id a --id b --name A", "--id is given twice"},
        {"owner --out no --id a --name A more", "'more' does not belong here"},
        {"owner --out no --id a --name A --loud", "'--loud' does not belong here"},
        {"owner --out no --id A --name A", "--id 'A' is no id: 1 to 64 of a-z"},
        {"owner --out no --id a --name A\u202eB", "is not fit to be shown"},
        {"owner --out no --id a --name A --ca-key k", "--ca-key goes with --ca"},
        {"trust --vendor vendor --scopes view,see --seconds 60 --out no", "'see' is no scope; there are view, camera"},
        {"trust --vendor vendor --scopes view,view --seconds 60 --out no", "'view' is there twice"},
        {"trust --vendor vendor --scopes , --seconds 60 --out no", "'' is no scope"},
        {"trust --vendor vendor --scopes view --seconds 29 --out no", "--seconds '29' is not a whole number from 30"},
        {"trust --vendor vendor --scopes view --seconds 60s --out no", "--seconds '60s' is not"},
        {"trust --vendor vendor --scopes view --seconds 60 --over-ask yes --out no", "there are clip"},
        {"device --owner owner --id d --tenant t --name D --broker mqtts://b --out no", "--trust is missing"},
        {"device --owner owner --id d --tenant t --name D --broker http://b --trust trust.json --out no", "mqtts://"},
        {"device --owner owner --id d --tenant t --name D --broker mqtt://b --trust trust.json --out no", "loopback"},
        {"device --owner owner --id d --tenant t --name D --broker mqtts://b\nca=/x --trust trust.json --out no",
         "line"},
        {"device --owner owner --id admin-x --tenant t --name D --broker mqtts://b --trust trust.json --out no",
         "administrators"},
        {"install --root no", "BUNDLE is missing"},
        {"install bundle.json --image", "--image goes with --root"},
        {"agent --vendor vendor --tenant t --id a --name A --request -", "--owner is wanted"},
        {"agent --vendor vendor --owner owner --tenant t --id a --name A --hours 25 --request -", "from 1 to 24"},
        {"revoke --vendor vendor --out no", "say what is revoked"},
        {"revoke --vendor vendor --epoch --key " ALL_ONES " --out no", "say what is revoked"},
        {"revoke --vendor vendor --key abc --out no", "--key 'abc' is no key id"},
        {"broker --out no --owner owner --tenant t --device-port 0 --agent-port 2", "--device-port '0' is not"},
        {"broker --out no --owner owner --tenant t --device-port 1 --agent-port 2 --device-address here", "IP address"},
        {"certificate --owner owner --out no", "one of --device ID"},
        {"certificate --owner owner --admin v --server s --out no", "one of --device ID"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        refused(2, lines[i][0], lines[i][1]);
    refused(1, "trust --vendor owner --scopes view --seconds 60 --out no", "owner/vendor.json cannot be read");
    refused(1, "trust --vendor owner/owner.json --scopes view --seconds 60 --out no", "is not a vendor.json");
    refused(1, "device --owner owner --id d --tenant t --name D --broker mqtts://b --trust owner/owner.json --out no",
            "is no trust file");
    refused(1, "broker --out no --owner owner --tenant t --device-port 1 --agent-port 2 --host a,DNS:b",
            "neither a host name nor an IP address");
    assert_false(is_there("no"));
    for (const char *const *help = (const char *const[]){"--help", "device --help", NULL}; *help; help++) {
        provision(*help);
        assert_non_null(strstr(out, "oriel provision device --owner DIR"));
    }
}

/* ---- agents ---- */

#define AGENT "agent --vendor vendor --owner owner/owner.json --tenant demo --id anna --name Anna~Weber "

static void test_agent(void **state) {
    char key_id[44], line[128];
    json_t *credential;
    struct browser b = browser_asks("request");
    provision("broker-agent --broker broker --id anna --out anna.password");
    has_mode("anna.password", 0600);
    provision(AGENT "--password anna.password --request request --out answer");
    has_mode("answer", 0600);
    assert_true(oriel_key_id(b.key, key_id));
    snprintf(line, sizeof line, "check code: %.8s\nkey id: %s\n", key_id, key_id);
    assert_memory_equal(said, line, strlen(line)); /* first of all */
    json_t *enrolled = browser_opens(&b, "answer", &credential);
    assert_string_equal(member(enrolled, "tenant"), "demo");
    assert_string_equal(member(enrolled, "label"), "Fill & Cap GmbH");
    char *password = text_of("anna.password");
    assert_string_equal(member(enrolled, "password"), password);
    assert_int_equal(strlen(password), 43);
    free(password);
    json_t *owner = object_of("owner/owner.json"), *presence = key_of("vendor/presence.key");
    assert_true(json_equal(json_array_get(json_object_get(enrolled, "owners"), 0), owner));
    assert_true(json_equal(json_object_get(enrolled, "presence"), presence));
    json_decref(owner);
    json_decref(presence);
    json_t *public_part = oriel_key_public(b.key);
    assert_true(json_equal(json_object_get(json_object_get(credential, "cnf"), "jwk"), public_part));
    assert_string_equal(member(credential, "iss"), "fill-cap");
    assert_string_equal(member(credential, "sub"), "anna");
    assert_int_equal(oriel_json_integer(credential, "exp", 0) - oriel_json_integer(credential, "iat", 0), 8 * 3600);
    assert_int_equal(json_array_size(json_object_get(credential, "scopes")), 1);
    json_decref(public_part);
    json_decref(credential);
    json_decref(enrolled);
    /* To stdout, with other limits and without a password. */
    provision(AGENT "--scopes view,control --hours 1 --request request");
    store("answer2", out);
    enrolled = browser_opens(&b, "answer2", &credential);
    assert_string_equal(member(enrolled, "password"), "");
    assert_int_equal(oriel_json_integer(credential, "exp", 0) - oriel_json_integer(credential, "iat", 0), 3600);
    assert_int_equal(json_array_size(json_object_get(credential, "scopes")), 2);
    json_decref(credential);
    json_decref(enrolled);
    free_browser(&b);
}

static void test_requests_that_are_none(void **state) {
    struct browser b = browser_asks("request2"), other = browser_asks("request3");
    char *text = text_of("request2"), *swapped = text_of("request3"), error[ORIEL_JSON_ERROR_SIZE];
    /* Somebody else's signature under these keys. */
    char *mine = strtok(text, " \r\n"), *theirs = strtok(swapped, " \r\n"), mixed[8192];
    snprintf(mixed, sizeof mixed, "%.*s%s", (int)(strrchr(mine, '.') - mine), mine, strrchr(theirs, '.'));
    store("bad", mixed);
    refused(1, AGENT "--request bad", "is no enrolment request: the signature is not right");
    char *jws = oriel_jws_sign(b.key, "oriel-enrolment+jws", "{\"v\":1,\"typ\":\"enrolment\"}", error);
    store("bad", jws);
    refused(1, AGENT "--request bad", "is no enrolment request");
    free(jws);
    jws = oriel_jws_sign(b.key, "oriel-agent+jwt", "{}", error);
    store("bad", jws);
    refused(1, AGENT "--request bad", "is no enrolment request");
    free(jws);
    store("bad", "hello");
    refused(1, AGENT "--request bad", "bad is no enrolment request: not a compact JWS");
    refused(1, AGENT "--request -", "stdin is no enrolment request"); /* empty */
    store("two", "one\ntwo\n");
    int status = run_words(ORIEL, "provision", AGENT "--request request2 --password two");
    assert_int_equal(status, 1);
    assert_non_null(strstr(said, "two is no password"));
    free(text);
    free(swapped);
    free_browser(&b);
    free_browser(&other);
}

/* A key that is not the one of vendor.json would sign what nobody believes. */
static void test_mixed_up_directories(void **state) {
    provision("vendor --out mixed --id mixed --label Mixed");
    char *key = text_of("vendor/vendor.key");
    store("mixed/vendor.key", key);
    free(key);
    refused(1, "revoke --vendor mixed --epoch --out mixed.revoked", "is another key than the .json beside it says");
    assert_false(is_there("mixed.revoked"));
}

static json_t *revoked(const char *words, const char *file) {
    provision(words);
    char *jws = text_of(file);
    json_t *vendor = object_of("vendor/vendor.json");
    json_t *claims = claims_of(jws, json_object_get(vendor, "key"), ORIEL_DOCUMENT_REVOKED);
    assert_string_equal(member(claims, "iss"), "fill-cap");
    free(jws);
    json_decref(vendor);
    return claims;
}

static void test_revoke(void **state) {
    char key_id[44], words[256];
    struct browser b = browser_asks("request4");
    oriel_key_id(b.key, key_id);
    snprintf(words, sizeof words, "revoke --vendor vendor --key %s --out r1", key_id);
    json_t *first = revoked(words, "r1");
    assert_int_equal(oriel_json_integer(first, "epoch", -1), 0);
    assert_string_equal(json_string_value(json_array_get(json_object_get(first, "keys"), 0)), key_id);
    /* It is not let in again by mistake. */
    int status = run_words(ORIEL, "provision", AGENT "--request request4");
    assert_int_equal(status, 1);
    assert_non_null(strstr(said, "was revoked"));
    /* Later ones are newer, within the same second, too, and hold what was before. */
    json_t *second = revoked("revoke --vendor vendor --epoch --out r2", "r2");
    assert_int_equal(oriel_json_integer(second, "epoch", -1), 1);
    assert_true(oriel_json_integer(second, "iat", 0) > oriel_json_integer(first, "iat", 0));
    assert_int_equal(json_array_size(json_object_get(second, "keys")), 1);
    json_t *third = revoked("revoke --vendor vendor --epoch --forget-keys --out r3", "r3");
    assert_int_equal(oriel_json_integer(third, "epoch", -1), 2);
    assert_true(oriel_json_integer(third, "iat", 0) > oriel_json_integer(second, "iat", 0));
    assert_int_equal(json_array_size(json_object_get(third, "keys")), 0);
    /* Who enrols now is of the new epoch, and so are new trust files. */
    json_t *credential, *enrolled;
    provision(AGENT "--request request4 --out answer4");
    enrolled = browser_opens(&b, "answer4", &credential);
    assert_int_equal(oriel_json_integer(credential, "epoch", -1), 2);
    provision("trust --vendor vendor --scopes view --seconds 60 --out epoch.json");
    json_t *trust = object_of("epoch.json");
    assert_int_equal(oriel_json_integer(trust, "epoch", -1), 2);
    has_mode("vendor/vendor.json", 0644);
    has_mode("vendor/revoked.json", 0600);
    assert_false(is_there("vendor/vendor.json.new"));
    for (json_t **o = (json_t *[]){first, second, third, credential, enrolled, trust, NULL}; *o; o++)
        json_decref(*o);
    free_browser(&b);
}

/* ---- broker ---- */

static int free_port(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static void test_broker(void **state) {
    has_mode("broker/broker.key", 0600);
    has_mode("broker/passwords", 0600);
    openssl("verify -x509_strict -purpose sslserver -verify_hostname broker.example.com -CAfile broker/ca.pem "
            "broker/broker.pem");
    openssl("verify -verify_ip 192.0.2.7 -CAfile broker/ca.pem broker/broker.pem");
    openssl("x509 -in broker/broker.pem -noout -ext subjectAltName,extendedKeyUsage");
    assert_non_null(strstr(out, "TLS Web Server Authentication"));
    assert_null(strstr(out, "localhost"));
    openssl("verify -purpose sslclient -CAfile broker/ca.pem admin/admin-fill-cap.pem");
    char *acl = text_of("broker/acl-devices");
    assert_non_null(strstr(acl, "user admin-fill-cap\ntopic write oriel/v1/demo/v/fill-cap/revoked\n"));
    assert_null(strstr(acl, "@"));
    free(acl);
    refused(1, "broker-agent --broker owner --id anna", "owner/passwords cannot be read");
}

static int entries(const char *id) {
    char *text = text_of("broker/passwords"), start[64];
    int n = 0;
    snprintf(start, sizeof start, "\n%s:$7$", id);
    for (char *c = text; (c = strstr(c, start)); c++)
        n++;
    free(text);
    return n;
}

static void test_passwords(void **state) {
    provision("broker-agent --broker broker --id berta");
    assert_int_equal(strlen(out), 43);
    refused(1, "broker-agent --broker broker --id berta", "has a password for 'berta'; --renew");
    char *old = strdup(out);
    provision("broker-agent --broker broker --id bert"); /* the start of another one */
    provision("broker-agent --broker broker --id berta --renew");
    assert_string_not_equal(out, old);
    free(old);
    assert_int_equal(entries("berta"), 1);
    assert_int_equal(entries("bert"), 1);
    assert_int_equal(entries("anna"), 1);
    has_mode("broker/passwords", 0600);
    store("own.password", "own secret\n");
    provision("broker-agent --broker broker --id carla --password own.password");
    assert_string_equal(out, "");
    refused(1, "broker-agent --broker broker --id doris --password two", "two is no password");
}

/* mosquitto_passwd -U and mosquitto itself must understand the form: an agent gets in by its password, and not without.
 * The listener is plain here; broker-acl.test.mjs tries the configuration as a whole. */
static void test_password_file_in_mosquitto(void **state) {
    int port = free_port();
    char text[512], words[256];
    snprintf(text, sizeof text,
             "listener %d 127.0.0.1\nallow_anonymous false\npassword_file %s/broker/passwords\nuser %s\n", port, dir,
             getuid() == 0 ? "root" : "nobody");
    store("plain.conf", text);
    provision("broker-agent --broker broker --id erika");
    char *password = strdup(out);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, "mosquitto.log", O_WRONLY | O_CREAT, 0600);
    pid_t pid;
    char *argv[] = {is_there("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto", "-c", "plain.conf", NULL};
    assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *const tries[][2] = {
        {"erika", password}, {"erika", "wrong"}, {"carla", "own secret"}, {"anna", password}};
    const unsigned char expected[] = {0, 5, 0, 5}; /* MQTT 3.1.1: accepted, not authorized */
    for (size_t i = 0; i < 4; i++) {
        int fd = -1, result = -1;
        for (int patience = 500; patience && result; patience--) {
            fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            result = connect(fd, (struct sockaddr *)&a, sizeof a);
            if (result) {
                close(fd);
                usleep(10000);
            }
        }
        assert_int_equal(result, 0);
        unsigned char packet[128] = "\x10_\0\4MQTT\4\xc2\0\x3c\0\1", *p = packet + 14; /* user name and password */
        packet[14] = (unsigned char)('0' + i);
        packet[12] = 0;
        packet[13] = 1;
        p++;
        for (int k = 0; k < 2; k++) {
            size_t length = strlen(tries[i][k]);
            *p++ = 0;
            *p++ = (unsigned char)length;
            memcpy(p, tries[i][k], length);
            p += length;
        }
        packet[1] = (unsigned char)(p - packet - 2);
        assert_int_equal(send(fd, packet, (size_t)(p - packet), MSG_NOSIGNAL), p - packet);
        unsigned char answer[4] = {0};
        assert_int_equal(recv(fd, answer, 4, MSG_WAITALL), 4);
        assert_int_equal(answer[0], 0x20);
        assert_int_equal(answer[3], expected[i]);
        close(fd);
    }
    kill(pid, SIGKILL);
    int status;
    waitpid(pid, &status, 0);
    free(password);
    snprintf(words, sizeof words, "-c -b other.passwords %s secret", "anna");
    assert_int_equal(run_words("mosquitto_passwd", NULL, words), 0);
    char *theirs = text_of("other.passwords"), *ours = text_of("broker/passwords");
    assert_memory_equal(strstr(theirs, ":"), strstr(ours, ":"), strlen(":$7$101$"));
    assert_int_equal(strcspn(theirs, "\n"), strlen("anna") + strcspn(strchr(strstr(ours, "\nanna:"), ':'), "\n"));
    free(theirs);
    free(ours);
}

/* An administrator with the umask of a service, or with none. */
static void test_modes_whatever_the_umask(void **state) {
    mode_t before = umask(0);
    provision("vendor --out open --id open --label Open");
    umask(0777);
    int status = run_words(ORIEL, "provision", "trust --vendor vendor --scopes view --seconds 60 --out closed.json");
    umask(before);
    has_mode("open", 0700);
    has_mode("open/vendor.key", 0600);
    assert_int_equal(status, 0);
    has_mode("closed.json", 0644);
}

/* ---- */

static int set_up(void **state) {
    if (enter_folder())
        return -1;
    provision("owner --out owner --id plant --name Plant~&~Söhne");
    provision("vendor --out vendor --id fill-cap --label Fill~&~Cap~GmbH");
    provision("trust --vendor vendor --scopes view,control --seconds 3600 --out trust.json");
    char *argv[] = {ORIEL,
                    "provision",
                    "device",
                    "--owner",
                    "owner",
                    "--id",
                    "filler-1",
                    "--tenant",
                    "demo",
                    "--name",
                    "Filler 1",
                    "--model",
                    "BF-200",
                    "--site",
                    "Hall 3 @ROOT@",
                    "--firmware",
                    "4.2.1",
                    "--broker",
                    "mqtts://broker.example.com:8883",
                    "--trust",
                    "trust.json",
                    "--scopes",
                    "view,control",
                    "--out",
                    "bundle.json",
                    NULL};
    if (finish(start(argv, "/dev/null")))
        fail_msg("%s", said);
    provision("install bundle.json --root root");
    provision("broker --out broker --owner owner --tenant demo --device-port 8883 --agent-port 8080 --host "
              "broker.example.com --host 192.0.2.7 --vendor fill-cap");
    provision("certificate --owner owner --admin fill-cap --out admin");
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owner),
        cmocka_unit_test(test_nothing_is_overwritten),
        cmocka_unit_test(test_vendor_and_trust),
        cmocka_unit_test(test_own_keys),
        cmocka_unit_test(test_authorise),
        cmocka_unit_test(test_device),
        cmocka_unit_test(test_install),
        cmocka_unit_test(test_hostile_bundles),
        cmocka_unit_test(test_wrong_command_lines),
        cmocka_unit_test(test_agent),
        cmocka_unit_test(test_requests_that_are_none),
        cmocka_unit_test(test_mixed_up_directories),
        cmocka_unit_test(test_revoke),
        cmocka_unit_test(test_broker),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_password_file_in_mosquitto),
        cmocka_unit_test(test_modes_whatever_the_umask),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
