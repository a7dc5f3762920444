/* See seal.h. The compact forms are taken apart and put together here, strictly; libjose only ever sees headers of ours
 * or headers that passed the checks. */
#include "seal.h"

#include <jose/b64.h>
#include <jose/jwe.h>
#include <jose/jwk.h>
#include <jose/jws.h>
#include <jose/openssl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"

enum { HEADER_MAX = 1024, PARTS_MAX = 5, SIGNATURE_LENGTH = 86, IV_LENGTH = 16, TAG_LENGTH = 22 };

static void *fail(char *error, const char *what) {
    snprintf(error, ORIEL_JSON_ERROR_SIZE, "%s", what);
    return NULL;
}

/* ---- keys ---- */

bool oriel_key_is_good(const json_t *key, bool private_part) {
    const char *kty = oriel_json_text(key, "kty"), *crv = oriel_json_text(key, "crv");
    if (json_object_size(key) != (private_part ? 5 : 4) || !kty || strcmp(kty, "EC") != 0 || !crv ||
        strcmp(crv, "P-256") != 0)
        return false;
    static const char *const numbers[] = {"x", "y", "d"};
    for (int i = 0; i < (private_part ? 3 : 2); i++) {
        const char *number = oriel_json_text(key, numbers[i]);
        if (!number || !oriel_is_hash(number)) /* 32 bytes, canonical */
            return false;
    }
    EVP_PKEY *pkey = jose_openssl_jwk_to_EVP_PKEY(NULL, key);
    EVP_PKEY_CTX *context = pkey ? EVP_PKEY_CTX_new(pkey, NULL) : NULL;
    bool good = context && (private_part ? EVP_PKEY_check(context) : EVP_PKEY_public_check(context)) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(pkey);
    return good;
}

/* Exactly the members that a key here has, in a fixed order. */
static json_t *strip(const json_t *key, bool private_part) {
    json_t *out = json_pack("{s:s, s:s, s:O?, s:O?}", "kty", "EC", "crv", "P-256", "x", json_object_get(key, "x"), "y",
                            json_object_get(key, "y"));
    if (out && private_part)
        json_object_set(out, "d", json_object_get(key, "d"));
    if (out && !oriel_key_is_good(out, private_part)) {
        json_decref(out);
        out = NULL;
    }
    return out;
}

json_t *oriel_key_new(void) {
    json_t *key = json_pack("{s:s, s:s}", "kty", "EC", "crv", "P-256");
    json_t *out = key && jose_jwk_gen(NULL, key) ? strip(key, true) : NULL;
    json_decref(key);
    return out;
}

json_t *oriel_key_public(const json_t *key) {
    return strip(key, false);
}

bool oriel_key_id(const json_t *key, char out[44]) {
    json_t *public_part = strip(key, false);
    json_t *thumbprint = public_part ? jose_jwk_thp(NULL, public_part, "S256") : NULL;
    bool good = thumbprint && json_string_length(thumbprint) == 43;
    if (good)
        memcpy(out, json_string_value(thumbprint), 44);
    json_decref(thumbprint);
    json_decref(public_part);
    return good;
}

/* A key with a passphrase is not asked for at a terminal: it is an error. */
static int no_passphrase(char *buffer, int size, int writing, void *user) {
    return -1;
}

json_t *oriel_key_from_pem(const char *pem, size_t length, char error[ORIEL_JSON_ERROR_SIZE]) {
    BIO *bio = BIO_new_mem_buf(pem, (int)(length > ORIEL_SEAL_MAX ? 0 : length));
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    bool private_part = pkey != NULL;
    if (bio && !pkey) {
        (void)BIO_reset(bio);
        pkey = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    }
    json_t *key = pkey ? jose_openssl_jwk_from_EVP_PKEY(NULL, pkey) : NULL;
    json_t *out = key ? strip(key, private_part) : NULL;
    json_decref(key);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    return out ? out
               : fail(error, "not a P-256 key in PEM without a passphrase (openssl genpkey -algorithm EC -pkeyopt "
                             "ec_paramgen_curve:P-256)");
}

char *oriel_key_to_pem(const json_t *key, char error[ORIEL_JSON_ERROR_SIZE]) {
    bool private_part = json_object_get(key, "d") != NULL;
    EVP_PKEY *pkey = oriel_key_is_good(key, private_part) ? jose_openssl_jwk_to_EVP_PKEY(NULL, key) : NULL;
    BIO *bio = pkey ? BIO_new(BIO_s_mem()) : NULL;
    int written = !bio           ? 0
                  : private_part ? PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL)
                                 : PEM_write_bio_PUBKEY(bio, pkey);
    char *bytes = NULL;
    long length = written == 1 ? BIO_get_mem_data(bio, &bytes) : 0;
    char *out = length > 0 ? strndup(bytes, (size_t)length) : NULL;
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return out ? out : fail(error, "not a P-256 key");
}

/* ---- compact forms ---- */

struct part {
    const char *text;
    size_t length;
};

/* Splits at the dots into exactly `count` parts of base64url characters. */
static bool split(const char *text, size_t length, struct part parts[PARTS_MAX], int count) {
    int n = 0;
    if (length > ORIEL_SEAL_MAX)
        return false;
    parts[0] = (struct part){text, 0};
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '.') {
            if (++n >= count)
                return false;
            parts[n] = (struct part){text + i + 1, 0};
        } else if (('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z') || ('0' <= c && c <= '9') || c == '-' || c == '_') {
            parts[n].length++;
        } else {
            return false;
        }
    }
    return n == count - 1;
}

/* The bytes of a part with a NUL behind them, when it is their canonical base64url. The caller frees. */
static char *decode(struct part part, size_t *length) {
    size_t size = jose_b64_dec_buf(part.text, part.length, NULL, 0);
    if (size == SIZE_MAX)
        return NULL;
    char *bytes = malloc(size + 1), *again = malloc(part.length + 1);
    bool good = bytes && again && jose_b64_dec_buf(part.text, part.length, bytes, size) == size &&
                jose_b64_enc_buf(bytes, size, NULL, 0) == part.length &&
                jose_b64_enc_buf(bytes, size, again, part.length) == part.length &&
                memcmp(again, part.text, part.length) == 0;
    free(again);
    if (!good) {
        free(bytes);
        return NULL;
    }
    bytes[size] = '\0';
    *length = size;
    return bytes;
}

static bool is_canonical(struct part part) {
    size_t length;
    char *bytes = decode(part, &length);
    free(bytes);
    return bytes != NULL;
}

static json_t *decode_object(struct part part, size_t max, char *error) {
    size_t length;
    char *bytes = decode(part, &length);
    json_t *object =
        bytes ? oriel_json_decode(bytes, length, max, error) : fail(error, "base64url that is not canonical");
    free(bytes);
    return object;
}

static bool member_is(const json_t *object, const char *name, const char *value) {
    const char *text = oriel_json_text(object, name);
    return text && strcmp(text, value) == 0;
}

/* ---- JWS ---- */

static bool is_jws_header(const json_t *header) {
    const char *typ = oriel_json_text(header, "typ"), *kid = oriel_json_text(header, "kid");
    return json_object_size(header) == 3 && member_is(header, "alg", "ES256") && typ && strlen(typ) < 64 && kid &&
           oriel_is_hash(kid);
}

bool oriel_jws_peek(const char *jws, size_t length, char typ[64], char kid[44], json_t **claims,
                    char error[ORIEL_JSON_ERROR_SIZE]) {
    struct part parts[PARTS_MAX];
    if (!split(jws, length, parts, 3) || parts[2].length != SIGNATURE_LENGTH || !is_canonical(parts[2]))
        return fail(error, "not a compact JWS with an ES256 signature");
    json_t *header = decode_object(parts[0], HEADER_MAX, error);
    if (!header)
        return false;
    bool good = is_jws_header(header);
    if (good) {
        strcpy(typ, oriel_json_text(header, "typ"));
        strcpy(kid, oriel_json_text(header, "kid"));
    } else {
        fail(error, "the JWS header is not exactly alg ES256, typ and kid");
    }
    json_decref(header);
    if (good && claims) {
        *claims = decode_object(parts[1], ORIEL_SEAL_MAX, error);
        good = *claims != NULL;
    }
    return good;
}

json_t *oriel_jws_verify(const char *jws, size_t length, const json_t *public_key, const char *typ,
                         char error[ORIEL_JSON_ERROR_SIZE]) {
    char its_typ[64], its_kid[44], kid[44];
    struct part parts[PARTS_MAX];
    if (!oriel_jws_peek(jws, length, its_typ, its_kid, NULL, error))
        return NULL;
    if (strcmp(its_typ, typ) != 0) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "a JWS of another type than %s", typ);
        return NULL;
    }
    if (!oriel_key_id(public_key, kid) || strcmp(kid, its_kid) != 0)
        return fail(error, "signed by another key");
    split(jws, length, parts, 3);
    json_t *whole = json_pack("{s:s%, s:s%, s:s%}", "protected", parts[0].text, parts[0].length, "payload",
                              parts[1].text, parts[1].length, "signature", parts[2].text, parts[2].length);
    bool signed_by_it = whole && jose_jws_ver(NULL, whole, NULL, public_key, true);
    json_decref(whole);
    if (!signed_by_it)
        return fail(error, "the signature is not right");
    return decode_object(parts[1], ORIEL_SEAL_MAX, error);
}

/* "a.b.c" of members of a flattened JWS or JWE; an absent one is empty. */
static char *join(const json_t *whole, const char *const *names, int count) {
    size_t size = 1;
    for (int i = 0; i < count; i++)
        size += 1 + json_string_length(json_object_get(whole, names[i]));
    char *out = calloc(1, size);
    for (int i = 0; out && i < count; i++) {
        const char *text = oriel_json_text(whole, names[i]);
        if (i)
            strcat(out, ".");
        strcat(out, text ? text : "");
    }
    return out;
}

char *oriel_jws_sign(const json_t *private_key, const char *typ, const char *payload,
                     char error[ORIEL_JSON_ERROR_SIZE]) {
    static const char *const names[] = {"protected", "payload", "signature"};
    char kid[44];
    if (!oriel_key_id(private_key, kid))
        return fail(error, "the signing key is no P-256 key");
    json_t *whole = json_pack("{s:o}", "payload", jose_b64_enc(payload, strlen(payload)));
    json_t *signature = json_pack("{s:{s:s, s:s, s:s}}", "protected", "alg", "ES256", "typ", typ, "kid", kid);
    char *out = whole && signature && jose_jws_sig(NULL, whole, signature, private_key) ? join(whole, names, 3) : NULL;
    json_decref(signature);
    json_decref(whole);
    return out ? out : fail(error, "it cannot be signed");
}

/* ---- JWE ---- */

static bool is_jwe_header(const json_t *header) {
    const char *kid = oriel_json_text(header, "kid");
    return json_object_size(header) == 4 && member_is(header, "alg", "ECDH-ES") &&
           member_is(header, "enc", "A256GCM") && kid && oriel_is_hash(kid) &&
           oriel_key_is_good(json_object_get(header, "epk"), false);
}

static bool take_jwe_apart(const char *jwe, size_t length, struct part parts[PARTS_MAX], char kid[44], char *error) {
    if (!split(jwe, length, parts, 5) || parts[1].length || parts[2].length != IV_LENGTH || !parts[3].length ||
        parts[4].length != TAG_LENGTH || !is_canonical(parts[2]) || !is_canonical(parts[3]) || !is_canonical(parts[4]))
        return fail(error, "not a compact JWE of ECDH-ES and A256GCM");
    json_t *header = decode_object(parts[0], HEADER_MAX, error);
    if (!header)
        return false;
    bool good = is_jwe_header(header);
    if (good)
        strcpy(kid, oriel_json_text(header, "kid"));
    else
        fail(error, "the JWE header is not exactly alg ECDH-ES, enc A256GCM, kid and a good epk");
    json_decref(header);
    return good;
}

bool oriel_jwe_recipient(const char *jwe, size_t length, char kid[44], char error[ORIEL_JSON_ERROR_SIZE]) {
    struct part parts[PARTS_MAX];
    return take_jwe_apart(jwe, length, parts, kid, error);
}

char *oriel_jwe_open(const json_t *private_key, const char *jwe, size_t jwe_length, size_t *length,
                     char error[ORIEL_JSON_ERROR_SIZE]) {
    struct part parts[PARTS_MAX];
    char kid[44], own[44];
    if (!take_jwe_apart(jwe, jwe_length, parts, kid, error))
        return NULL;
    if (!oriel_key_id(private_key, own) || strcmp(own, kid) != 0)
        return fail(error, "sealed for another key");
    json_t *whole =
        json_pack("{s:s%, s:s%, s:s%, s:s%}", "protected", parts[0].text, parts[0].length, "iv", parts[2].text,
                  parts[2].length, "ciphertext", parts[3].text, parts[3].length, "tag", parts[4].text, parts[4].length);
    *length = 0; /* libjose appends at this offset */
    char *plain = whole ? jose_jwe_dec(NULL, whole, NULL, private_key, length) : NULL;
    json_decref(whole);
    char *out = plain && !memchr(plain, '\0', *length) ? strndup(plain, *length) : NULL;
    if (plain)
        OPENSSL_cleanse(plain, *length);
    free(plain);
    return out ? out : fail(error, "it cannot be opened");
}

/* libjose puts `epk` into the recipient's own header; in the compact form everything is protected. */
static bool protect_epk(json_t *jwe) {
    json_t *header = json_object_get(jwe, "header"), *protected_header = json_object_get(jwe, "protected");
    json_t *epk = header ? oriel_key_public(json_object_get(header, "epk")) : NULL;
    bool good = epk && json_is_object(protected_header) && json_object_set(protected_header, "epk", epk) == 0;
    json_decref(epk);
    json_object_del(jwe, "header");
    return good;
}

char *oriel_jwe_seal(const json_t *public_key, const char *plain, char error[ORIEL_JSON_ERROR_SIZE]) {
    static const char *const names[] = {"protected", "encrypted_key", "iv", "ciphertext", "tag"};
    char kid[44];
    if (!oriel_key_id(public_key, kid))
        return fail(error, "the key to seal for is no P-256 key");
    json_t *jwe = json_pack("{s:{s:s, s:s, s:s}}", "protected", "alg", "ECDH-ES", "enc", "A256GCM", "kid", kid);
    json_t *cek = json_object();
    bool sealed = jwe && cek && jose_jwe_enc_jwk(NULL, jwe, NULL, public_key, cek) && protect_epk(jwe) &&
                  jose_jwe_enc_cek(NULL, jwe, cek, plain, strlen(plain));
    char *out = sealed ? join(jwe, names, 5) : NULL;
    json_decref(cek);
    json_decref(jwe);
    return out ? out : fail(error, "it cannot be sealed");
}
