/* signaling/seal with the keys of schema/vectors. The first byte chooses what the rest is: v a JWS to verify · o a JWE
 * to open · h the header of a JWS, e of a JWE, as JSON · c the claims of a JWS that is signed and verified · k a JWK ·
 * p a PEM. Nobody can sign but the key: what verifies has the vectors' claims. */
#include "fuzz.h"

#include <jose/b64.h>
#include <stdio.h>
#include <string.h>

#include "seal.h"

#define TYP "oriel-cancel+jws"
#define REQUEST "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"

static json_t *sign_key, *sign_public, *seal_key, *seal_public;
static char error[ORIEL_JSON_ERROR_SIZE];

static json_t *key(const char *x, const char *y, const char *d) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "x", x, "y", y, "d", d);
}

static void set_up(void) {
    sign_key = key("qVg3pz1CW6JfSPyJ59_6S8UjnHnTkIhR2d60dyram-0", "IeDnH-nFhERAAgpVlsMGa5t3D-Au_KuazrwDORAkH98",
                   "RKSIzpjUSbEX3dXw9cfJBTEpU4Lv6hykWIUchHUHEMw");
    seal_key = key("2Nw6_GLPI-B9Bij955VhlXBkAuYo6zAOcBisldo1cSI", "jpkNSmEBb90bJetAGD313bMxSHkdbPCZ8ihBE5t13qs",
                   "9YOc5O8GZlCt5ljD-YikEEfaNlZawCLhslZAIuHoiys");
    sign_public = oriel_key_public(sign_key);
    seal_public = oriel_key_public(seal_key);
    fuzz_check(sign_public && seal_public);
}

static void verify(const char *jws, size_t size) {
    char typ[64], kid[44];
    json_t *peeked = NULL, *claims = oriel_jws_verify(jws, size, sign_public, TYP, error);
    bool seen = oriel_jws_peek(jws, size, typ, kid, &peeked, error);
    fuzz_check(!seen || (peeked && strlen(typ) < 64 && strlen(kid) == 43));
    if (claims) {
        const char *request = oriel_json_text(claims, "request");
        fuzz_check(json_equal(claims, peeked) && request && strcmp(request, REQUEST) == 0);
    }
    json_decref(claims);
    json_decref(peeked);
}

static void open_jwe(const char *jwe, size_t size) {
    char kid[44];
    size_t length = 0;
    bool readable = oriel_jwe_recipient(jwe, size, kid, error);
    char *plain = oriel_jwe_open(seal_key, jwe, size, &length, error);
    fuzz_check(!plain || (readable && strlen(plain) == length));
    free(plain);
}

/* The base64url of `size` bytes and what follows it; the caller frees. */
static char *encoded(const char *bytes, size_t size, const char *tail) {
    size_t n = jose_b64_enc_buf(bytes, size, NULL, 0), m = strlen(tail);
    char *out = malloc(n + m + 1);
    jose_b64_enc_buf(bytes, size, out, n);
    memcpy(out + n, tail, m + 1);
    return out;
}

static void headers(const char *header, size_t size, bool jws) {
    static const char zero[] =
        ".e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    char *text = encoded(header, size, jws ? zero : "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA");
    size_t length;
    if (jws) {
        fuzz_check(!oriel_jws_verify(text, strlen(text), sign_public, TYP, error));
        verify(text, strlen(text));
    } else {
        fuzz_check(!oriel_jwe_open(seal_key, text, strlen(text), &length, error));
    }
    free(text);
}

/* Whatever the claims: as signed they come back, or are refused as JSON. */
static void claims_round_trip(const char *bytes, size_t size) {
    char *text = strndup(bytes, size), *jws = oriel_jws_sign(sign_key, TYP, text, error);
    size_t length = 0;
    fuzz_check(jws);
    json_t *expected = oriel_json_decode(text, strlen(text), ORIEL_SEAL_MAX, error);
    json_t *claims = oriel_jws_verify(jws, strlen(jws), sign_public, TYP, error);
    fuzz_check(strlen(jws) > ORIEL_SEAL_MAX ? !claims
                                            : !claims == !expected && (!claims || json_equal(claims, expected)));
    char *jwe = oriel_jwe_seal(seal_public, jws, error);
    char *opened = jwe ? oriel_jwe_open(seal_key, jwe, strlen(jwe), &length, error) : NULL;
    fuzz_check(jwe && (strlen(jwe) > ORIEL_SEAL_MAX ? !opened : opened && strcmp(opened, jws) == 0));
    free(opened);
    free(jwe);
    json_decref(expected);
    json_decref(claims);
    free(jws);
    free(text);
}

static void keys(const char *bytes, size_t size) {
    char kid[44];
    json_t *jwk = oriel_json_decode(bytes, size, 4096, error);
    if (!jwk)
        return;
    bool public_good = oriel_key_is_good(jwk, false), private_good = oriel_key_is_good(jwk, true);
    fuzz_check(!(public_good && private_good));
    fuzz_check(!(public_good || private_good) || oriel_key_id(jwk, kid));
    json_t *public_part = oriel_key_public(jwk);
    fuzz_check(!public_part || oriel_key_is_good(public_part, false));
    json_decref(public_part);
    json_decref(jwk);
}

static void pem(const char *bytes, size_t size) {
    json_t *jwk = oriel_key_from_pem(bytes, size, error);
    if (!jwk)
        return;
    fuzz_check(oriel_key_is_good(jwk, json_object_get(jwk, "d") != NULL));
    char *text = oriel_key_to_pem(jwk, error);
    json_t *again = text ? oriel_key_from_pem(text, strlen(text), error) : NULL;
    fuzz_check(again && json_equal(again, jwk));
    json_decref(again);
    free(text);
    json_decref(jwk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!sign_key)
        set_up();
    if (!size)
        return 0;
    const char *bytes = (const char *)data + 1;
    switch (data[0]) {
    case 'v':
        verify(bytes, size - 1);
        break;
    case 'o':
        open_jwe(bytes, size - 1);
        break;
    case 'h':
    case 'e':
        headers(bytes, size - 1, data[0] == 'h');
        break;
    case 'c':
        claims_round_trip(bytes, size - 1);
        break;
    case 'k':
        keys(bytes, size - 1);
        break;
    case 'p':
        pem(bytes, size - 1);
        break;
    default:
        break;
    }
    return 0;
}
