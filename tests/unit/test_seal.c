/* signaling/seal: what is signed and sealed comes back; every departure from the strict form is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jose/b64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal.h"

#define TYP "oriel-hello+jws"

static json_t *key, *public_part, *other;
static char error[ORIEL_JSON_ERROR_SIZE];

static int set_up(void **state) {
    key = oriel_key_new();
    public_part = oriel_key_public(key);
    other = oriel_key_new();
    return key && public_part && other ? 0 : -1;
}

static int tear_down(void **state) {
    json_decref(key);
    json_decref(public_part);
    json_decref(other);
    return 0;
}

static void test_round_trip(void **state) {
    char *jws = oriel_jws_sign(key, TYP, "{\"v\":1}", error);
    assert_non_null(jws);
    char *jwe = oriel_jwe_seal(public_part, jws, error);
    assert_non_null(jwe);
    char kid[44], own[44], typ[64];
    assert_true(oriel_jwe_recipient(jwe, strlen(jwe), kid, error));
    assert_true(oriel_key_id(key, own));
    assert_string_equal(kid, own);
    size_t length;
    char *opened = oriel_jwe_open(key, jwe, strlen(jwe), &length, error);
    assert_string_equal(opened, jws);
    assert_int_equal(length, strlen(jws));
    json_t *claims = oriel_jws_verify(opened, length, public_part, TYP, error);
    assert_int_equal(oriel_json_integer(claims, "v", 0), 1);
    json_decref(claims);
    assert_true(oriel_jws_peek(jws, strlen(jws), typ, kid, &claims, error));
    assert_string_equal(typ, TYP);
    json_decref(claims);
    assert_null(oriel_jwe_open(other, jwe, strlen(jwe), &length, error));
    assert_non_null(strstr(error, "another key"));
    free(opened);
    free(jwe);
    free(jws);
}

static void test_each_seal_is_fresh(void **state) {
    char *a = oriel_jwe_seal(public_part, "{}", error), *b = oriel_jwe_seal(public_part, "{}", error);
    assert_string_not_equal(a, b);
    free(a);
    free(b);
}

/* The compact JWS of any header and payload text, with the signature of a good one over other bytes, or made right. */
static char *forge(const char *header, const char *payload, const char *signature) {
    char out[4096], h[1024], p[1024];
    size_t hl = jose_b64_enc_buf(header, strlen(header), h, sizeof h);
    size_t pl = jose_b64_enc_buf(payload, strlen(payload), p, sizeof p);
    snprintf(out, sizeof out, "%.*s.%.*s.%s", (int)hl, h, (int)pl, p, signature);
    return strdup(out);
}

static void refuse_jws(const char *jws, const char *says) {
    error[0] = '\0';
    json_t *claims = oriel_jws_verify(jws, strlen(jws), public_part, TYP, error);
    if (claims || !strstr(error, says))
        fail_msg("%.80s: %s, not '%s'", jws, claims ? "accepted" : error, says);
}

static void test_headers(void **state) {
    char kid[44], header[512];
    oriel_key_id(key, kid);
    char zero[87];
    memset(zero, 'A', 86);
    zero[86] = '\0';
    static const char *const forms[] = {
        "{\"alg\":\"none\",\"typ\":\"" TYP "\",\"kid\":\"%s\"}",
        "{\"alg\":\"HS256\",\"typ\":\"" TYP "\",\"kid\":\"%s\"}",
        "{\"alg\":\"ES384\",\"typ\":\"" TYP "\",\"kid\":\"%s\"}",
        "{\"typ\":\"" TYP "\",\"kid\":\"%s\"}",
        "{\"alg\":\"ES256\",\"typ\":\"" TYP "\",\"kid\":\"%s\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"ES256\",\"typ\":\"" TYP "\",\"kid\":\"%s\",\"jwk\":{}}",
        "{\"alg\":\"ES256\",\"typ\":\"" TYP "\",\"kid\":\"%s\",\"b64\":false}",
        "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"" TYP "\",\"kid\":\"%s\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\"}",
        "[\"%s\"]",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(header, sizeof header, forms[i], kid);
#pragma GCC diagnostic pop
        char *jws = forge(header, "{\"v\":1}", zero);
        refuse_jws(jws, "");
        free(jws);
    }
    snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"typ\":\"" TYP "\",\"kid\":\"%s\"}", kid);
    char *jws = forge(header, "{\"v\":1}", zero); /* all-zero signature: the "psychic" one */
    refuse_jws(jws, "signature");
    free(jws);
    jws = oriel_jws_sign(key, "oriel-request+jws", "{\"v\":1}", error);
    refuse_jws(jws, "type");
    free(jws);
    jws = oriel_jws_sign(other, TYP, "{\"v\":1}", error);
    refuse_jws(jws, "another key");
    free(jws);
}

static void test_every_bit_counts(void **state) {
    char *jws = oriel_jws_sign(key, TYP, "{\"v\":1,\"a\":\"bcd\"}", error);
    for (size_t i = 0; jws[i]; i++) {
        char was = jws[i];
        jws[i] = was == 'A' ? 'B' : 'A';
        refuse_jws(jws, "");
        jws[i] = '=';
        refuse_jws(jws, "");
        jws[i] = was;
    }
    char *jwe = oriel_jwe_seal(public_part, jws, error);
    size_t length;
    for (size_t i = 0; jwe[i]; i++) {
        char was = jwe[i];
        jwe[i] = was == 'A' ? 'B' : 'A';
        char *opened = oriel_jwe_open(key, jwe, strlen(jwe), &length, error);
        if (opened)
            fail_msg("opened with character %zu changed", i);
        jwe[i] = was;
    }
    for (size_t i = 0; i < strlen(jwe); i++)
        assert_null(oriel_jwe_open(key, jwe, i, &length, error));
    free(jwe);
    free(jws);
}

static void test_not_canonical(void **state) {
    /* 64 bytes leave four bits of the 86th character over: another character decodes to the same bytes. */
    char *jws = oriel_jws_sign(key, TYP, "{\"v\":1}", error);
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *last = jws + strlen(jws) - 1;
    *last = alphabet[strchr(alphabet, *last) - alphabet + 1];
    refuse_jws(jws, "not a compact JWS");
    free(jws);
}

static void test_keys(void **state) {
    assert_true(oriel_key_is_good(key, true) && oriel_key_is_good(public_part, false));
    assert_false(oriel_key_is_good(key, false) || oriel_key_is_good(public_part, true));
    json_t *off = json_deep_copy(public_part); /* a point that is not on the curve */
    json_object_set(off, "y", json_object_get(public_part, "x"));
    assert_false(oriel_key_is_good(off, false));
    char kid[44];
    assert_false(oriel_key_id(off, kid));
    assert_null(oriel_jwe_seal(off, "{}", error));
    json_decref(off);
    json_t *mixed = json_deep_copy(key);
    json_object_set(mixed, "d", json_object_get(other, "d"));
    assert_false(oriel_key_is_good(mixed, true));
    json_decref(mixed);
    /* RFC 7638 by way of RFC 7517 A.1's key. */
    json_t *known =
        json_pack("{s:s,s:s,s:s,s:s}", "kty", "EC", "crv", "P-256", "x", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                  "y", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
    assert_true(oriel_key_id(known, kid));
    assert_string_equal(kid, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
    json_decref(known);
}

static void test_pem(void **state) {
    char *pem = oriel_key_to_pem(key, error);
    assert_non_null(strstr(pem, "BEGIN PRIVATE KEY"));
    json_t *again = oriel_key_from_pem(pem, strlen(pem), error);
    assert_true(json_equal(again, key));
    json_decref(again);
    free(pem);
    pem = oriel_key_to_pem(public_part, error);
    again = oriel_key_from_pem(pem, strlen(pem), error);
    assert_true(json_equal(again, public_part));
    json_decref(again);
    free(pem);
    assert_null(oriel_key_from_pem("nothing", 7, error));
    assert_non_null(strstr(error, "P-256"));
}

static void test_too_large(void **state) {
    char *big = malloc(ORIEL_SEAL_MAX + 2);
    memset(big, 'A', ORIEL_SEAL_MAX + 1);
    big[ORIEL_SEAL_MAX + 1] = '\0';
    size_t length;
    assert_null(oriel_jwe_open(key, big, ORIEL_SEAL_MAX + 1, &length, error));
    assert_null(oriel_jws_verify(big, ORIEL_SEAL_MAX + 1, public_part, TYP, error));
    free(big);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_each_seal_is_fresh),
        cmocka_unit_test(test_headers),       cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_not_canonical), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_pem),           cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
