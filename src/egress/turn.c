/* See turn.h. */
#include "turn.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/random.h>

enum {
    REFRESH = 0x0004,
    SUCCESS = 0x0100,
    ERROR = 0x0110,
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    LIFETIME = 0x000d,
    REALM = 0x0014,
    NONCE = 0x0015,
    REQUESTED_TRANSPORT = 0x0019,
    ATTRIBUTE_HEADER = 4,
    HMAC_SIZE = 20,
    MD5_SIZE = 16,
};

static void write16(uint8_t *at, size_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* The value of the first of that kind; NULL: there is none that lies within the message. */
static const uint8_t *find(const uint8_t *message, size_t length, unsigned type, size_t *size) {
    for (size_t at = ORIEL_STUN_HEADER; at + ATTRIBUTE_HEADER <= length;) {
        size_t have = oriel_stun_read16(message + at + 2);
        const uint8_t *value = message + at + ATTRIBUTE_HEADER;
        if (have > length - at - ATTRIBUTE_HEADER)
            return NULL;
        *size = have;
        if (oriel_stun_read16(message + at) == type)
            return value;
        at += ATTRIBUTE_HEADER + oriel_stun_padded(have);
    }
    return NULL;
}

static size_t begin(uint8_t *out, unsigned type, const uint8_t transaction[12]) {
    write16(out, type);
    write16(out + 2, 0);
    memcpy(out + 4, oriel_stun_cookie, sizeof oriel_stun_cookie);
    memcpy(out + 8, transaction, 12);
    return ORIEL_STUN_HEADER;
}

/* Gives back the new length, which the header says, too. */
static size_t add(uint8_t *out, size_t length, unsigned type, const void *value, size_t size) {
    size_t padded = oriel_stun_padded(size);
    write16(out + length, type);
    write16(out + length + 2, size);
    memset(out + length + ATTRIBUTE_HEADER, 0, padded);
    memcpy(out + length + ATTRIBUTE_HEADER, value, size);
    length += ATTRIBUTE_HEADER + padded;
    write16(out + 2, length - ORIEL_STUN_HEADER);
    return length;
}

void oriel_turn_question(uint8_t out[ORIEL_TURN_QUESTION], const uint8_t transaction[12]) {
    static const uint8_t udp[4] = {17};
    add(out, begin(out, ORIEL_STUN_ALLOCATE, transaction), REQUESTED_TRANSPORT, udp, sizeof udp);
}

enum oriel_turn_answer oriel_turn_answer(const uint8_t *message, size_t length, const uint8_t transaction[12]) {
    size_t type = length >= ORIEL_STUN_HEADER ? oriel_stun_read16(message) : 0;
    if ((type != (ORIEL_STUN_ALLOCATE | SUCCESS) && type != (ORIEL_STUN_ALLOCATE | ERROR)) ||
        memcmp(message + 8, transaction, 12) != 0)
        return ORIEL_TURN_NONE;
    return type == (ORIEL_STUN_ALLOCATE | ERROR) ? ORIEL_TURN_SERVER : ORIEL_TURN_OPEN;
}

bool oriel_turn_allocated(const uint8_t *message) {
    return oriel_stun_read16(message) == (ORIEL_STUN_ALLOCATE | SUCCESS);
}

void oriel_turn_learn(struct oriel_turn_challenge *c, const uint8_t *message, size_t length) {
    size_t realm_length, nonce_length;
    if (length < ORIEL_STUN_HEADER || (oriel_stun_read16(message) & ERROR) != ERROR)
        return;
    const uint8_t *realm = find(message, length, REALM, &realm_length);
    const uint8_t *nonce = find(message, length, NONCE, &nonce_length);
    if (!realm || !nonce || !realm_length || !nonce_length || realm_length > sizeof c->realm ||
        nonce_length > sizeof c->nonce)
        return;
    c->realm_length = realm_length;
    c->nonce_length = nonce_length;
    memcpy(c->realm, realm, realm_length);
    memcpy(c->nonce, nonce, nonce_length);
}

size_t oriel_turn_answer_media(const struct oriel_turn_challenge *c, const uint8_t *message, size_t length,
                               uint8_t out[ORIEL_TURN_MESSAGE_MAX]) {
    static const uint8_t unauthorized[4] = {0, 0, 4, 1};
    size_t size;
    if (!c->nonce_length || oriel_stun_read16(message) != ORIEL_STUN_ALLOCATE ||
        find(message, length, MESSAGE_INTEGRITY, &size))
        return 0;
    size_t at = begin(out, ORIEL_STUN_ALLOCATE | ERROR, message + 8);
    at = add(out, at, ERROR_CODE, unauthorized, sizeof unauthorized);
    at = add(out, at, NONCE, c->nonce, c->nonce_length);
    return add(out, at, REALM, c->realm, c->realm_length);
}

/* RFC 8489, section 9.2.2: MD5 of user:realm:password. */
static bool make_key(const struct oriel_turn_challenge *c, const struct oriel_turn_credentials *credentials,
                     uint8_t key[MD5_SIZE]) {
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    bool good = md5 && EVP_DigestInit_ex(md5, EVP_md5(), NULL) &&
                EVP_DigestUpdate(md5, credentials->username, strlen(credentials->username)) &&
                EVP_DigestUpdate(md5, ":", 1) && EVP_DigestUpdate(md5, c->realm, c->realm_length) &&
                EVP_DigestUpdate(md5, ":", 1) &&
                EVP_DigestUpdate(md5, credentials->password, strlen(credentials->password)) &&
                EVP_DigestFinal_ex(md5, key, NULL);
    EVP_MD_CTX_free(md5);
    return good;
}

size_t oriel_turn_release(const struct oriel_turn_challenge *c, const struct oriel_turn_credentials *credentials,
                          uint8_t out[ORIEL_TURN_MESSAGE_MAX]) {
    static const uint8_t no_time[4] = {0};
    uint8_t transaction[12], key[MD5_SIZE], hmac[HMAC_SIZE] = {0};
    if (!c->nonce_length || !*credentials->username ||
        getrandom(transaction, sizeof transaction, 0) != sizeof transaction || !make_key(c, credentials, key))
        return 0;
    size_t at = begin(out, REFRESH, transaction);
    at = add(out, at, LIFETIME, no_time, sizeof no_time);
    at = add(out, at, USERNAME, credentials->username, strlen(credentials->username));
    at = add(out, at, REALM, c->realm, c->realm_length);
    at = add(out, at, NONCE, c->nonce, c->nonce_length);
    size_t signed_length = at;
    at = add(out, at, MESSAGE_INTEGRITY, hmac, sizeof hmac); /* the length in the header counts it */
    if (!HMAC(EVP_sha1(), key, sizeof key, out, signed_length, out + signed_length + ATTRIBUTE_HEADER, NULL))
        at = 0;
    explicit_bzero(key, sizeof key);
    return at;
}
