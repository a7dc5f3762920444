/* core/mail, with trust and exchanges as the device has them: what an agent that keeps to the protocol sends is opened,
 * and each attack on it (a hostile broker, another vendor, a stolen key) is dropped or refused. The numbers are those
 * of the list of attacks that Oriel is tested against. */
#include "mail.h"

#include <jose/b64.h>
#include <jose/jws.h>

#include "trust_rig.h"

#define HASH "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
#define PRINT "00:07:0E:15:1C:23:2A:31:38:3F:46:4D:54:5B:62:69:70:77:7E:85:8C:93:9A:A1:A8:AF:B6:BD:C4:CB:D2:D9"

struct agent {
    const char *id;
    json_t *key, *seal;
    char *credential;
};

/* An exchange as the agent has it. */
struct side {
    json_t *key; /* of the challenge */
    char nonce[ORIEL_HASH_SIZE], challenge[ORIEL_HASH_SIZE];
};

static char *folder, *state_folder;
static struct oriel_config config;
static struct oriel_identity identity;
static struct oriel_mailroom room;
static bool limited; /* else each message finds the limit as it is at the start */
static struct rig_vendor a, b;
static struct agent anna, bert, cleo; /* anna and bert by vendor a, cleo by b */
static struct oriel_mail mail;

/* ---- what the agent does ---- */

/* Takes `claims`; the caller frees. */
static char *wrap(const json_t *to, const json_t *signer, const char *typ, json_t *claims) {
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *to_public = oriel_key_public(to);
    g_autofree char *jws = rig_sign(signer, typ, claims);
    char *jwe = oriel_jwe_seal(to_public, jws, error);
    assert_non_null(jwe);
    json_decref(to_public);
    return jwe;
}

static json_t *hello_claims(const struct agent *g, json_t *changes) {
    return rig_changed(json_pack("{s:i, s:s, s:s, s:s, s:s, s:o}", "v", 1, "typ", "hello", "device", "filler-1",
                                 "nonce", HASH, "credential", g->credential, "key", oriel_key_public(g->seal)),
                       changes);
}

static char *hello(const struct agent *g, json_t *changes) {
    return wrap(identity.seal, g->key, "oriel-hello+jws", hello_claims(g, changes));
}

static json_t *request_claims(const struct side *s, json_t *changes) {
    return rig_changed(json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:[s], s:i, s:s}", "v", 1, "typ", "request",
                                 "challenge", s->challenge, "device", "filler-1", "nonce", s->nonce, "reason",
                                 "Capper jams", "scopes", "view", "seconds", 600, "fingerprint", PRINT),
                       changes);
}

static char *request(const struct agent *g, const struct side *s, json_t *changes) {
    return wrap(s->key, g->key, "oriel-request+jws", request_claims(s, changes));
}

/* The claims of what the device sent to `g`; a new reference. */
static json_t *read_by(const struct agent *g, const char *jwe, const char *typ, char hash[ORIEL_HASH_SIZE]) {
    char error[ORIEL_JSON_ERROR_SIZE];
    size_t length;
    json_t *device_key = oriel_key_public(identity.key);
    g_autofree char *jws = oriel_jwe_open(g->seal, jwe, strlen(jwe), &length, error);
    assert_non_null(jws);
    json_t *claims = oriel_jws_verify(jws, length, device_key, typ, error);
    if (!claims)
        fail_msg("%s", error);
    if (hash)
        oriel_message_hash(jws, length, hash);
    json_decref(device_key);
    return claims;
}

/* ---- what the device does ---- */

static void arrives_in(struct oriel_peer *session_peer, const char *agent, const char *bytes) {
    oriel_mail_clear(&mail);
    if (!limited) {
        oriel_limit_free(room.limit);
        room.limit = oriel_limit_new();
    }
    oriel_mail_open(&room, session_peer, agent, bytes, strlen(bytes), &mail);
}

/* Takes `bytes`. */
static void arrives(const char *agent, char *bytes) {
    arrives_in(NULL, agent, bytes);
    free(bytes);
}

#define assert_taken(message_type)                                                                                     \
    do {                                                                                                               \
        if (!mail.message)                                                                                             \
            fail_msg("not taken: %s", mail.detail);                                                                    \
        assert_int_equal(mail.type, message_type);                                                                     \
        assert_null(mail.reason);                                                                                      \
        assert_non_null(mail.peer->key);                                                                               \
    } while (0)

/* Nobody is answered. */
#define assert_dropped(why)                                                                                            \
    do {                                                                                                               \
        assert_null(mail.message);                                                                                     \
        assert_null(mail.peer);                                                                                        \
        if (!strstr(mail.detail, why))                                                                                 \
            fail_msg("'%s' has no '%s'", mail.detail, why);                                                            \
    } while (0)

#define assert_refused(its_reason, why)                                                                                \
    do {                                                                                                               \
        assert_null(mail.message);                                                                                     \
        assert_non_null(mail.peer);                                                                                    \
        assert_non_null(mail.peer->seal);                                                                              \
        assert_string_equal(mail.reason, its_reason);                                                                  \
        if (!strstr(mail.detail, why))                                                                                 \
            fail_msg("'%s' has no '%s'", mail.detail, why);                                                            \
    } while (0)

/* The challenge for the hello that was just opened, as device.c sends it, and what the agent makes of it. */
static struct side challenge_for(const struct agent *g) {
    struct side s;
    char hash[ORIEL_HASH_SIZE];
    struct oriel_peer *peer = mail.peer;
    assert_true(oriel_exchanges_begin(room.exchanges, peer));
    g_autofree char *jwe = oriel_mail_seal(&identity, peer, ORIEL_MESSAGE_CHALLENGE,
                                           json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:o}", "hello", mail.hash, "nonce",
                                                     peer->nonce, "device", "filler-1", "boot", HASH, "status", "ready",
                                                     "uptime", 1, "key", oriel_key_public(peer->own)),
                                           peer->challenge);
    assert_non_null(jwe);
    json_t *claims = read_by(g, jwe, "oriel-challenge+jws", hash);
    assert_string_equal(hash, peer->challenge);
    s.key = json_incref(json_object_get(claims, "key"));
    assert_null(json_object_get(s.key, "d"));
    memcpy(s.nonce, oriel_json_text(claims, "nonce"), sizeof s.nonce);
    memcpy(s.challenge, hash, sizeof hash);
    json_decref(claims);
    return s;
}

static struct side begin(const struct agent *g) {
    arrives(g->id, hello(g, NULL));
    assert_taken(ORIEL_MESSAGE_HELLO);
    return challenge_for(g);
}

/* Whether the request that was just opened serves. */
static bool serves(void) {
    assert_taken(ORIEL_MESSAGE_REQUEST);
    return oriel_exchanges_take(mail.peer, oriel_json_text(mail.message, "nonce"),
                                oriel_json_text(mail.message, "challenge"));
}

/* ---- the exchange ---- */

static void test_hello_challenge_request(void **state) {
    g_autofree char *first = hello(&anna, NULL);
    arrives_in(NULL, "anna", first);
    assert_taken(ORIEL_MESSAGE_HELLO);
    assert_string_equal(mail.peer->agent, "anna");
    assert_string_equal(mail.peer->vendor, "fill-cap");
    assert_null(mail.peer->own);
    assert_true(oriel_is_hash(mail.hash));
    struct side s = challenge_for(&anna);
    struct oriel_peer *peer = oriel_peer_ref(mail.peer);
    arrives("anna", request(&anna, &s, NULL));
    assert_ptr_equal(mail.peer, peer);
    assert_string_equal(oriel_json_text(mail.message, "reason"), "Capper jams");
    assert_true(serves());
    arrives("anna", wrap(s.key, anna.key, "oriel-cancel+jws",
                         json_pack("{s:i, s:s, s:s}", "v", 1, "typ", "cancel", "request", HASH)));
    assert_taken(ORIEL_MESSAGE_CANCEL);
    oriel_mail_clear(&mail);
    oriel_mail_clear(&mail);
    oriel_peer_unref(peer);
    json_decref(s.key);
}

static void test_what_the_device_sends(void **state) {
    struct side s = begin(&anna);
    char hash[ORIEL_HASH_SIZE], theirs[ORIEL_HASH_SIZE];
    g_autofree char *jwe = oriel_mail_seal(&identity, mail.peer, ORIEL_MESSAGE_DENIAL,
                                           json_pack("{s:s, s:s}", "request", HASH, "reason", "busy"), hash);
    json_t *claims = read_by(&anna, jwe, "oriel-denial+jws", theirs);
    assert_string_equal(hash, theirs);
    assert_string_equal(oriel_json_text(claims, "reason"), "busy");
    json_decref(claims);
    assert_null(oriel_mail_seal(&identity, mail.peer, ORIEL_MESSAGE_DENIAL,
                                json_pack("{s:s, s:s}", "request", HASH, "reason", "unverified"), NULL));
    assert_null(oriel_mail_seal(&identity, mail.peer, ORIEL_MESSAGE_DENIAL, NULL, NULL));
    /* a will is signed only; a state is sealed for a vendor */
    json_t *will = json_pack("{s:s, s:s, s:b}", "device", "filler-1", "boot", HASH, "online", 0);
    g_autofree char *jws = oriel_mail_state(&identity, NULL, json_incref(will));
    json_t *device_key = oriel_key_public(identity.key), *presence = oriel_key_public(a.presence);
    char error[ORIEL_JSON_ERROR_SIZE], kid[44];
    claims = oriel_jws_verify(jws, strlen(jws), device_key, "oriel-state+jws", error);
    assert_non_null(claims);
    json_decref(claims);
    g_autofree char *sealed = oriel_mail_state(&identity, presence, will);
    assert_true(oriel_jwe_recipient(sealed, strlen(sealed), kid, error));
    assert_true(oriel_key_id(a.presence, hash));
    assert_string_equal(kid, hash);
    json_decref(device_key);
    json_decref(presence);
    json_decref(s.key);
}

/* The live session's agent is heard for as long as the session lives, and nobody else is. */
static void test_a_session_outlives_its_exchange(void **state) {
    struct side s = begin(&anna);
    struct oriel_peer *peer = oriel_peer_ref(mail.peer);
    oriel_clock_advance(601 * ORIEL_SECOND);
    json_t *claims = json_pack("{s:i, s:s, s:s, s:i, s:s, s:s}", "v", 1, "typ", "end", "session", HASH, "seq", 0, "by",
                               "agent", "reason", "hung-up");
    g_autofree char *end = wrap(s.key, anna.key, "oriel-end+jws", json_incref(claims));
    g_autofree char *forged = wrap(s.key, bert.key, "oriel-end+jws", claims);
    arrives_in(NULL, "anna", end);
    assert_dropped("no exchange that is open");
    arrives_in(peer, "anna", end);
    assert_taken(ORIEL_MESSAGE_END);
    assert_ptr_equal(mail.peer, peer);
    arrives_in(peer, "bert", end);
    assert_dropped("");
    arrives_in(peer, "anna", forged);
    assert_dropped("another key");
    arrives_in(peer, "bert", forged);
    assert_dropped("");
    oriel_peer_unref(peer);
    json_decref(s.key);
}

/* ---- attack 3: is media's and test_sdp's; here: what changes a fingerprint on its way ---- */

static void test_attack_1_every_bit_of_a_request(void **state) {
    struct side s = begin(&anna);
    g_autofree char *jwe = request(&anna, &s, NULL);
    size_t length = strlen(jwe);
    for (size_t i = 0; i < length; i++) {
        char was = jwe[i];
        jwe[i] = was == 'A' ? 'B' : 'A';
        arrives_in(NULL, "anna", jwe);
        assert_null(mail.message);
        assert_null(mail.peer);
        jwe[i] = was;
    }
    for (size_t i = 0; i < length; i++) { /* cut off anywhere */
        oriel_mail_clear(&mail);
        oriel_mail_open(&room, NULL, "anna", jwe, i, &mail);
        assert_null(mail.peer);
    }
    arrives_in(NULL, "anna", jwe);
    assert_true(serves());
    json_decref(s.key);
}

/* ---- attack 4: replays ---- */

static void test_attack_4_replayed_request(void **state) {
    struct side s = begin(&anna);
    g_autofree char *jwe = request(&anna, &s, NULL);
    arrives_in(NULL, "anna", jwe);
    assert_true(serves());
    arrives_in(NULL, "anna", jwe);
    assert_false(serves());
    char *second = request(&anna, &s, json_pack("{s:s}", "reason", "another one")); /* her own, with the used nonce */
    arrives("anna", second);
    assert_false(serves());
    json_decref(s.key);
}

static void test_attack_4_replayed_hello(void **state) {
    g_autofree char *first = hello(&anna, NULL);
    arrives_in(NULL, "anna", first);
    struct side s = challenge_for(&anna);
    g_autofree char *old = request(&anna, &s, NULL);
    arrives_in(NULL, "anna", old);
    assert_true(serves());
    arrives_in(NULL, "anna", first); /* the broker has it still: it gets a challenge that only anna could read */
    assert_taken(ORIEL_MESSAGE_HELLO);
    struct side again = challenge_for(&anna);
    assert_string_not_equal(s.nonce, again.nonce);
    assert_false(json_equal(s.key, again.key));
    arrives_in(NULL, "anna", old); /* which the old request does not fit */
    assert_false(serves());
    /* nor does it with the new exchange's nonce alone, or its hash alone, or its key alone */
    char *mixed = wrap(again.key, anna.key, "oriel-request+jws", request_claims(&s, NULL));
    arrives("anna", mixed);
    assert_false(serves());
    mixed =
        wrap(again.key, anna.key, "oriel-request+jws", request_claims(&s, json_pack("{s:s}", "nonce", again.nonce)));
    arrives("anna", mixed);
    assert_false(serves());
    mixed = wrap(again.key, anna.key, "oriel-request+jws",
                 request_claims(&s, json_pack("{s:s}", "challenge", again.challenge)));
    arrives("anna", mixed);
    assert_false(serves());
    arrives("anna", wrap(s.key, anna.key, "oriel-request+jws", request_claims(&again, NULL)));
    assert_false(serves());
    arrives("anna", request(&anna, &again, NULL));
    assert_true(serves()); /* none of that used the nonce up */
    json_decref(s.key);
    json_decref(again.key);
}

static void test_attack_4_after_a_restart(void **state) {
    struct side s = begin(&anna);
    g_autofree char *jwe = request(&anna, &s, NULL);
    oriel_exchanges_free(room.exchanges);
    room.exchanges = oriel_exchanges_new();
    arrives_in(NULL, "anna", jwe);
    assert_dropped("no exchange that is open");
    json_decref(s.key);
}

/* ---- attack 5: algorithms, headers, types, signatures ---- */

/* Signs with ES256 whatever the header; takes both. The caller frees. */
static char *sign_with(const json_t *key, json_t *header, json_t *claims) {
    g_autofree char *text = oriel_json_encode(claims);
    json_decref(claims);
    json_t *jws = json_pack("{s:o}", "payload", jose_b64_enc(text, strlen(text)));
    json_t *signature = json_pack("{s:o}", "protected", header);
    assert_true(jose_jws_sig(NULL, jws, signature, key));
    json_decref(signature);
    char *out = g_strdup_printf("%s.%s.%s", oriel_json_text(jws, "protected"), oriel_json_text(jws, "payload"),
                                oriel_json_text(jws, "signature"));
    json_decref(jws);
    return out;
}

/* With this header and signature; takes header and claims. The caller frees. */
static char *forge(json_t *header, json_t *claims, const char *signature) {
    g_autofree char *h = oriel_json_encode(header), *c = oriel_json_encode(claims);
    json_t *eh = jose_b64_enc(h, strlen(h)), *ec = jose_b64_enc(c, strlen(c));
    char *out = g_strdup_printf("%s.%s.%s", json_string_value(eh), json_string_value(ec), signature);
    json_decref(eh);
    json_decref(ec);
    json_decref(header);
    json_decref(claims);
    return out;
}

static char *seal_for(const json_t *key, const char *jws) {
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *public_part = oriel_key_public(key);
    char *jwe = oriel_jwe_seal(public_part, jws, error);
    assert_non_null(jwe);
    json_decref(public_part);
    return jwe;
}

static json_t *header(const char *alg, const json_t *key, json_t *changes) {
    char kid[ORIEL_HASH_SIZE];
    assert_true(oriel_key_id(key, kid));
    return rig_changed(json_pack("{s:s, s:s, s:s}", "alg", alg, "typ", "oriel-hello+jws", "kid", kid), changes);
}

static const char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static void test_attack_5_algorithms(void **state) {
    static const char *const algorithms[] = {"none", "HS256", "ES384", "ES512", "RS256", "EdDSA", "es256", ""};
    static const char *const signatures[] = {"", "AAAA", zero};
    assert_int_equal(strlen(zero), 86);
    for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++)
        for (gsize k = 0; k < G_N_ELEMENTS(signatures); k++) {
            g_autofree char *jws =
                forge(header(algorithms[i], anna.key, NULL), hello_claims(&anna, NULL), signatures[k]);
            arrives("anna", seal_for(identity.seal, jws));
            assert_dropped("JWS");
        }
    g_autofree char *psychic = forge(header("ES256", anna.key, NULL), hello_claims(&anna, NULL), zero);
    arrives("anna", seal_for(identity.seal, psychic));
    assert_dropped("the signature is not right");
    arrives("anna", seal_for(identity.seal, "{}")); /* not signed at all */
    assert_dropped("not a compact JWS");
    g_autofree char *jws = sign_with(anna.key, header("ES256", anna.key, NULL), hello_claims(&anna, NULL));
    arrives("anna", strdup(jws)); /* not sealed */
    assert_dropped("not a compact JWE");
    arrives("anna", seal_for(identity.seal, jws)); /* and the forger is able to make a good one */
    assert_taken(ORIEL_MESSAGE_HELLO);
}

/* All well signed by anna's key; nothing beside alg, typ and kid is suffered. */
static void test_attack_5_headers(void **state) {
    json_t *evil = oriel_key_new(), *evil_public = oriel_key_public(evil);
    json_t *const changes[] = {json_pack("{s:O}", "jwk", evil_public),
                               json_pack("{s:s}", "jku", "https://evil.example/"),
                               json_pack("{s:s}", "x5u", "https://evil.example/"),
                               json_pack("{s:[s]}", "x5c", "AAAA"),
                               json_pack("{s:[s], s:i}", "crit", "exp", "exp", 1),
                               json_pack("{s:[]}", "crit"),
                               json_pack("{s:s}", "cty", "JWT"),
                               json_pack("{s:n}", "typ"),
                               json_pack("{s:n}", "kid"),
                               json_pack("{s:s}", "kid", "anna"),
                               json_pack("{s:i}", "typ", 1)};
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *jws = sign_with(anna.key, header("ES256", anna.key, changes[i]), hello_claims(&anna, NULL));
        arrives("anna", seal_for(identity.seal, jws));
        assert_dropped("JWS header");
    }
    /* the attacker's key, announced by itself or under anna's name */
    g_autofree char *other = sign_with(evil, header("ES256", evil, NULL), hello_claims(&anna, NULL));
    arrives("anna", seal_for(identity.seal, other));
    assert_dropped("another key");
    g_autofree char *named = sign_with(evil, header("ES256", anna.key, NULL), hello_claims(&anna, NULL));
    arrives("anna", seal_for(identity.seal, named));
    assert_dropped("the signature is not right");
    json_decref(evil);
    json_decref(evil_public);
}

static void test_attack_5_types(void **state) {
    arrives("anna", wrap(identity.seal, anna.key, "oriel-request+jws", hello_claims(&anna, NULL)));
    assert_dropped("signed as another message");
    arrives("anna", wrap(identity.seal, anna.key, "oriel-enrolment+jws", hello_claims(&anna, NULL)));
    assert_dropped("signed as another message");
    struct side s = begin(&anna);
    static const char *const types[] = {"oriel-cancel+jws",  "oriel-hello+jws",   "oriel-grant+jws",   "JWT", "request",
                                        "oriel-request+jwt", "ORIEL-REQUEST+JWS", "oriel-request+jws "};
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        arrives("anna", wrap(s.key, anna.key, types[i], request_claims(&s, NULL)));
        assert_refused("malformed", "signed as another message");
    }
    arrives("anna", wrap(s.key, anna.key, "oriel-hello+jws", hello_claims(&anna, NULL)));
    assert_refused("malformed", "a hello inside an exchange");
    arrives("anna", wrap(identity.seal, anna.key, "oriel-request+jws", request_claims(&s, NULL)));
    assert_dropped(""); /* only a hello is sealed for the static key */
    json_decref(s.key);
}

/* ---- attack 6: hostile JSON inside of good envelopes ---- */

static char *seal_text(const json_t *to, const json_t *signer, const char *typ, const char *claims) {
    char error[ORIEL_JSON_ERROR_SIZE];
    g_autofree char *jws = oriel_jws_sign(signer, typ, claims, error);
    assert_non_null(jws);
    return seal_for(to, jws);
}

static void test_attack_6_hostile_json(void **state) {
    struct side s = begin(&anna);
    g_autofree char *bomb = g_strnfill(30000, '['), *flood = g_strnfill(30000, 'x'),
                    *deep = g_strdup_printf("{\"v\":%s}", bomb),
                    *wide = g_strdup_printf("{\"v\":1,\"typ\":\"cancel\",\"request\":\"%s\"}", flood);
    const char *const claims[] = {"",
                                  "[]",
                                  "null",
                                  "{}",
                                  "{\"v\":1}",
                                  "{\"v\":2,\"typ\":\"cancel\",\"request\":\"" HASH "\"}",
                                  "{\"v\":1,\"v\":1,\"typ\":\"cancel\",\"request\":\"" HASH "\"}",
                                  "{\"v\":1,\"typ\":\"cancel\",\"typ\":\"cancel\",\"request\":\"" HASH "\"}",
                                  "{\"v\":1,\"typ\":\"cancel\",\"request\":\"" HASH "\",\"a\":\"\\u0000\"}",
                                  "{\"v\":1,\"typ\":\"cancel\",\"request\":\"\xc0\xaf\"}",
                                  "{\"v\":1,\"typ\":\"cancel\",\"request\":\"\xed\xa0\x80\"}",
                                  "{\"v\":18446744073709551617,\"typ\":\"cancel\",\"request\":\"" HASH "\"}",
                                  "{\"v\":1,\"typ\":\"cancel\",\"request\":\"" HASH "\"} {}",
                                  deep,
                                  wide};
    for (gsize i = 0; i < G_N_ELEMENTS(claims); i++) {
        arrives("anna", seal_text(s.key, anna.key, "oriel-cancel+jws", claims[i]));
        assert_null(mail.message);
        assert_true(mail.detail[0]);
        arrives("anna", seal_text(identity.seal, anna.key, "oriel-hello+jws", claims[i]));
        assert_null(mail.message);
        assert_null(mail.peer);
    }
    arrives("anna", request(&anna, &s, json_pack("{s:i}", "seconds", 29)));
    assert_refused("malformed", "'seconds'");
    arrives("anna", request(&anna, &s, NULL));
    assert_true(serves()); /* none of that harmed the exchange */
    oriel_mail_clear(&mail);
    oriel_mail_open(&room, NULL, "anna", "a.\0.b", 5, &mail);
    assert_dropped("");
    oriel_mail_clear(&mail);
    oriel_mail_open(&room, NULL, "anna", NULL, 0, &mail);
    assert_dropped("");
    json_decref(s.key);
}

/* ---- attack 7: who is not who it says ---- */

/* Hello with another credential of anna's; takes it. */
static void with_credential(char *credential, const char *reason, const char *why) {
    char *own = anna.credential;
    anna.credential = credential;
    arrives("anna", hello(&anna, NULL));
    anna.credential = own;
    free(credential);
    assert_refused(reason, why);
    /* the no reaches who asked, signed by the device, about this very hello; and is the end of it */
    assert_null(mail.peer->key);
    assert_null(mail.peer->own);
    assert_string_equal(mail.peer->agent, "anna");
    g_autofree char *jwe = oriel_mail_seal(&identity, mail.peer, ORIEL_MESSAGE_DENIAL,
                                           json_pack("{s:s, s:s}", "request", mail.hash, "reason", mail.reason), NULL);
    json_decref(read_by(&anna, jwe, "oriel-denial+jws", NULL));
}

static char *of_anna(json_t *changes) {
    return rig_credential(&a, "anna", anna.key, changes);
}

static void test_attack_7_credentials(void **state) {
    json_int_t now = (json_int_t)oriel_wall_seconds();
    struct rig_vendor unknown = {"unknown", b.key, b.presence}, b_as_a = {"fill-cap", b.key, b.presence};
    with_credential(rig_credential(&unknown, "anna", anna.key, NULL), "not-allowed", "vendor 'unknown' is not known");
    with_credential(rig_credential(&b_as_a, "anna", anna.key, NULL), "not-allowed", "signed by no key of this vendor");
    with_credential(of_anna(json_pack("{s:s}", "iss", "caps")), "not-allowed", "signed by no key of this vendor");
    with_credential(of_anna(json_pack("{s:s}", "sub", "bert")), "not-allowed", "another agent than the topic");
    with_credential(of_anna(json_pack("{s:I, s:I}", "iat", now - 3600, "exp", now)), "not-allowed", "has expired");
    with_credential(of_anna(json_pack("{s:I, s:I}", "iat", now + 1000, "exp", now + 2000)), "not-allowed", "future");
    with_credential(of_anna(json_pack("{s:I, s:I}", "iat", now, "exp", now + 86401)), "not-allowed", "at most a day");
    with_credential(strdup(HASH "." HASH "." HASH), "not-allowed", "cannot be read");
    rig_write_trust(folder, &a, json_pack("{s:i}", "epoch", 1));
    with_credential(of_anna(NULL), "revoked", "taken this credential back");
    rig_write_trust(folder, &a, NULL);
    char id[ORIEL_HASH_SIZE];
    assert_true(oriel_key_id(anna.key, id));
    g_autofree char *list = rig_revocation(&a, 1, 0, json_pack("[s]", id));
    assert_true(oriel_trust_revocation(room.trust, "fill-cap", list, strlen(list), NULL));
    with_credential(of_anna(NULL), "revoked", "taken this credential back");
}

/* What comes too fast is not even opened, and nobody is answered; the live session and other agents go on. */
static void test_attack_29_a_flood(void **state) {
    struct side s = begin(&anna);
    struct oriel_peer *session = oriel_peer_ref(mail.peer);
    g_autofree char *good = hello(&anna, NULL), *forged = request(&bert, &s, NULL), *asked = request(&anna, &s, NULL);
    limited = true;
    gint64 from = oriel_boottime();
    guint opened = 0, tries = 0;
    do {
        arrives_in(NULL, "anna", good);
        opened += mail.message != NULL;
    } while (mail.message && ++tries < 1000);
    assert_dropped("");
    assert_string_equal(mail.reason, "too-many");
    assert_in_range(opened, 63, 65 + 4 * (oriel_boottime() - from) / ORIEL_SECOND);
    tries = 0;
    do
        arrives_in(NULL, "bert", forged);
    while ((!mail.reason || strcmp(mail.reason, "too-many") != 0) && ++tries < 10000);
    assert_true(tries >= 255); /* what is forged costs as much, and is no hello */
    assert_dropped("");
    assert_string_equal(mail.reason, "too-many");
    oriel_clock_advance(ORIEL_SECOND);
    arrives_in(NULL, "anna", good);
    assert_taken(ORIEL_MESSAGE_HELLO);
    /* somebody else's name in the topic does not take from what the session may */
    for (int i = 0; i < 1000; i++)
        arrives_in(session, "bert", forged);
    arrives_in(session, "anna", asked);
    assert_taken(ORIEL_MESSAGE_REQUEST);
    oriel_peer_unref(session);
    limited = false;
}

static void test_attack_7_another_ones_credential(void **state) {
    /* bert took anna's credential from the wire of his own browser: he has not her key */
    struct agent thief = {"anna", bert.key, bert.seal, anna.credential};
    arrives("anna", hello(&thief, NULL));
    assert_dropped("another key");
    thief.id = "bert";
    arrives("bert", hello(&thief, NULL));
    assert_refused("not-allowed", "another agent than the topic");
    /* the vendor's key is not the agent's */
    thief = (struct agent){"anna", a.key, bert.seal, anna.credential};
    arrives("anna", hello(&thief, NULL));
    assert_dropped("another key");
    /* anna's hello, sent on bert's topic */
    arrives("bert", hello(&anna, NULL));
    assert_refused("not-allowed", "another agent than the topic");
    /* an agent of vendor b is one of b, whatever it is called */
    arrives("cleo", hello(&cleo, NULL));
    assert_taken(ORIEL_MESSAGE_HELLO);
    assert_string_equal(mail.peer->vendor, "caps");
}

static void test_attack_7_hello_to_another_device(void **state) {
    arrives("anna", hello(&anna, json_pack("{s:s}", "device", "filler-2"))); /* sent on to this one */
    assert_dropped("");
    json_t *other = oriel_key_new();
    arrives("anna", wrap(other, anna.key, "oriel-hello+jws", hello_claims(&anna, NULL)));
    assert_dropped("no exchange that is open");
    json_decref(other);
    arrives("anna", hello(&anna, json_pack("{s:O}", "key", anna.seal))); /* with the private part in it */
    assert_dropped("'key'");
}

/* ---- attack 8: later messages by somebody else, or for something else ---- */

static void test_attack_8_signed_by_another(void **state) {
    struct side s = begin(&anna);
    const json_t *const keys[] = {bert.key, cleo.key, a.key, b.key, identity.key, anna.seal};
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        arrives("anna", wrap(s.key, keys[i], "oriel-request+jws", request_claims(&s, NULL)));
        assert_dropped("another key");
        arrives("bert", wrap(s.key, keys[i], "oriel-request+jws", request_claims(&s, NULL)));
        assert_dropped("");
    }
    arrives("bert", request(&anna, &s, NULL)); /* hers, on his topic */
    assert_dropped("");
    arrives("", request(&anna, &s, NULL));
    assert_dropped("");
    arrives("anna", request(&anna, &s, NULL));
    assert_true(serves());
    json_decref(s.key);
}

static void test_attack_8_another_exchange(void **state) {
    struct side mine = begin(&anna), hers = begin(&anna), his = begin(&bert);
    arrives("anna", wrap(his.key, anna.key, "oriel-request+jws", request_claims(&mine, NULL)));
    assert_dropped("");
    arrives("anna", wrap(hers.key, anna.key, "oriel-request+jws", request_claims(&mine, NULL)));
    assert_false(serves());
    arrives("anna", request(&anna, &mine, json_pack("{s:s}", "challenge", hers.challenge)));
    assert_false(serves());
    arrives("anna", request(&anna, &mine, json_pack("{s:s}", "challenge", his.challenge)));
    assert_false(serves());
    arrives("anna", request(&anna, &mine, json_pack("{s:s}", "nonce", his.nonce)));
    assert_false(serves());
    arrives("anna", request(&anna, &mine, NULL));
    assert_true(serves());
    json_decref(mine.key);
    json_decref(hers.key);
    json_decref(his.key);
}

/* ---- attack 16: clocks ---- */

static void test_attack_16_clocks(void **state) {
    struct side s = begin(&anna);
    oriel_clock_turn_wall(400 * 86400);
    arrives("anna", request(&anna, &s, json_pack("{s:s}", "nonce", HASH)));
    assert_false(serves());
    arrives("anna", hello(&anna, NULL));
    assert_refused("not-allowed", "has expired by the device's clock");
    oriel_clock_turn_wall(-800 * 86400);
    arrives("anna", hello(&anna, NULL));
    assert_refused("not-allowed", "from the future by the device's clock");
    oriel_clock_advance(599 * ORIEL_SECOND);
    arrives("anna", request(&anna, &s, NULL)); /* an exchange does not care */
    assert_taken(ORIEL_MESSAGE_REQUEST);
    oriel_clock_advance(ORIEL_SECOND);
    assert_false(serves());
    arrives("anna", request(&anna, &s, NULL));
    assert_dropped("no exchange that is open");
    oriel_clock_turn_wall(400 * 86400);
    json_decref(s.key);
}

/* ---- a flood ---- */

static void test_what_a_flood_of_hellos_leaves(void **state) {
    struct side first = begin(&bert), s = begin(&anna);
    for (int i = 0; i < 8; i++) {
        struct side more = begin(&anna);
        json_decref(more.key);
    }
    arrives("anna", request(&anna, &s, NULL));
    assert_dropped("no exchange that is open");
    arrives("bert", request(&bert, &first, NULL)); /* only her own went */
    assert_true(serves());
    json_decref(first.key);
    json_decref(s.key);
}

static struct agent enrol(const char *id, const struct rig_vendor *v) {
    struct agent g = {id, oriel_key_new(), oriel_key_new(), NULL};
    g.credential = rig_credential(v, id, g.key, NULL);
    return g;
}

static void agent_clear(struct agent *g) {
    json_decref(g->key);
    json_decref(g->seal);
    free(g->credential);
}

static int set_up(void **state) {
    folder = rig_folder();
    state_folder = rig_folder();
    config = (struct oriel_config){.trust_directory = folder, .trust_state = state_folder};
    a = rig_vendor("fill-cap");
    b = rig_vendor("caps");
    rig_write_trust(folder, &a, NULL);
    rig_write_trust(folder, &b, NULL);
    identity = (struct oriel_identity){.key = oriel_key_new(), .seal = oriel_key_new()};
    assert_true(oriel_key_id(identity.seal, identity.seal_id));
    room = (struct oriel_mailroom){&identity, oriel_trust_new(&config), oriel_exchanges_new(), oriel_limit_new(),
                                   "filler-1"};
    anna = enrol("anna", &a);
    bert = enrol("bert", &a);
    cleo = enrol("cleo", &b);
    return 0;
}

static int tear_down(void **state) {
    oriel_mail_clear(&mail);
    agent_clear(&anna);
    agent_clear(&bert);
    agent_clear(&cleo);
    oriel_exchanges_free(room.exchanges);
    oriel_limit_free(room.limit);
    oriel_trust_free(room.trust);
    json_decref(identity.key);
    json_decref(identity.seal);
    rig_vendor_clear(&a);
    rig_vendor_clear(&b);
    rig_remove(folder);
    rig_remove(state_folder);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_hello_challenge_request),
        TEST(test_what_the_device_sends),
        TEST(test_a_session_outlives_its_exchange),
        TEST(test_attack_1_every_bit_of_a_request),
        TEST(test_attack_4_replayed_request),
        TEST(test_attack_4_replayed_hello),
        TEST(test_attack_4_after_a_restart),
        TEST(test_attack_5_algorithms),
        TEST(test_attack_5_headers),
        TEST(test_attack_5_types),
        TEST(test_attack_6_hostile_json),
        TEST(test_attack_7_credentials),
        TEST(test_attack_7_another_ones_credential),
        TEST(test_attack_29_a_flood),
        TEST(test_attack_7_hello_to_another_device),
        TEST(test_attack_8_signed_by_another),
        TEST(test_attack_8_another_exchange),
        TEST(test_attack_16_clocks),
        TEST(test_what_a_flood_of_hellos_leaves),
    };
    oriel_json_wipe(); /* as orield does */
    return cmocka_run_group_tests_name("mail", tests, NULL, NULL);
}
