/* Signing and sealing: JWS and JWE compact, exactly as PROTOCOL.md has them. Pure: bytes and keys in, bytes out.
 *
 * Policy: one algorithm each (ES256; ECDH-ES with A256GCM), headers of exactly the named members, canonical base64url,
 * P-256 points on the curve, sizes bounded before anything is decoded. Nothing of the input chooses a key or an
 * algorithm. Keys are JWK objects of jansson: public {kty,crv,x,y}, private with d as well. libjose does the
 * cryptography. Every function that fails says in `error` what was wrong. No state, thread-safe. */
#ifndef ORIEL_SEAL_H
#define ORIEL_SEAL_H

#include <stdbool.h>

#include "json.h"

enum { ORIEL_SEAL_MAX = 64 * 1024 };

/* A fresh private key. NULL only when the system has no randomness. */
json_t *oriel_key_new(void);
/* The public part: exactly kty, crv, x, y. NULL when `key` is no P-256 key. */
json_t *oriel_key_public(const json_t *key);
/* RFC 7638 with SHA-256, as the `kid` members carry it. False when `key` is no P-256 key on its curve. */
bool oriel_key_id(const json_t *key, char out[44]);
/* Exactly kty, crv, x, y (and d when `private`), canonical, and on the curve. */
bool oriel_key_is_good(const json_t *key, bool private_part);
/* From and to PEM (PKCS #8 private keys, or SubjectPublicKeyInfo). NULL with `error`. The caller frees. */
json_t *oriel_key_from_pem(const char *pem, size_t length, char error[ORIEL_JSON_ERROR_SIZE]);
char *oriel_key_to_pem(const json_t *key, char error[ORIEL_JSON_ERROR_SIZE]);

/* The compact JWS of `payload` with header {alg, typ, kid}. The caller frees. */
char *oriel_jws_sign(const json_t *private_key, const char *typ, const char *payload,
                     char error[ORIEL_JSON_ERROR_SIZE]);
/* The claims (a new reference) of a compact JWS that `public_key` signed with header exactly {alg: ES256, typ, kid of
 * that key}. */
json_t *oriel_jws_verify(const char *jws, size_t length, const json_t *public_key, const char *typ,
                         char error[ORIEL_JSON_ERROR_SIZE]);
/* What a JWS says of itself, NOT verified: its typ and kid (to choose the key to verify it with) and its claims. False
 * when it is not of the strict form. `claims` may be NULL. */
bool oriel_jws_peek(const char *jws, size_t length, char typ[64], char kid[44], json_t **claims,
                    char error[ORIEL_JSON_ERROR_SIZE]);

/* The compact JWE of `plain` for `public_key`. The caller frees. */
char *oriel_jwe_seal(const json_t *public_key, const char *plain, char error[ORIEL_JSON_ERROR_SIZE]);
/* The plain text (NUL-terminated, `*length` without it; no NUL inside) of a compact JWE for `private_key`. The caller
 * frees. */
char *oriel_jwe_open(const json_t *private_key, const char *jwe, size_t jwe_length, size_t *length,
                     char error[ORIEL_JSON_ERROR_SIZE]);
/* The key id that a JWE is for. False when it is not of the strict form. */
bool oriel_jwe_recipient(const char *jwe, size_t length, char kid[44], char error[ORIEL_JSON_ERROR_SIZE]);

#endif
