/* See note.h. */
#include "note.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

enum { PUBLIC_SIZE = 32, SIGNATURE_SIZE = 64, SIGNATURES_MAX = 16, LINE_MAX_ = ORIEL_NOTE_VKEY_SIZE + 128 };

#define DASH "\xe2\x80\x94 " /* an em dash and a blank begin a signature */

static bool refuse(char error[ORIEL_NOTE_ERROR_SIZE], const char *why) {
    snprintf(error, ORIEL_NOTE_ERROR_SIZE, "%s", why);
    return false;
}

void oriel_base64_encode(const uint8_t *bytes, size_t length, char *out) {
    EVP_EncodeBlock((unsigned char *)out, bytes, (int)length);
}

bool oriel_base64_decode(const char *text, size_t length, uint8_t *out, size_t max, size_t *out_length) {
    uint8_t bytes[ORIEL_NOTE_MAX];
    char again[4 * ((sizeof bytes + 2) / 3) + 1];
    if (length == 0 || length % 4 || length / 4 * 3 > sizeof bytes)
        return false;
    int n = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length);
    if (n < 0)
        return false;
    size_t size = (size_t)n - (text[length - 1] == '=') - (text[length - 2] == '=');
    if (size > max)
        return false;
    oriel_base64_encode(bytes, size, again);
    if (strncmp(again, text, length) != 0) /* line ends, bits beyond the last byte: another writing of the same */
        return false;
    memcpy(out, bytes, size);
    *out_length = size;
    return true;
}

static bool is_name(const char *name, size_t length) {
    if (length == 0 || length > ORIEL_NOTE_NAME_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '+')
            return false;
    return true;
}

/* The name, type and public part are there: the id follows from them. */
static bool finish_key(struct oriel_note_key *k, char error[ORIEL_NOTE_ERROR_SIZE]) {
    uint8_t bytes[ORIEL_NOTE_NAME_MAX + 2 + PUBLIC_SIZE], hash[EVP_MAX_MD_SIZE];
    size_t name = strlen(k->name), size = PUBLIC_SIZE;
    memcpy(bytes, k->name, name);
    bytes[name] = '\n';
    bytes[name + 1] = k->type;
    if (!EVP_PKEY_get_raw_public_key(k->key, bytes + name + 2, &size) || size != PUBLIC_SIZE ||
        !EVP_Digest(bytes, name + 2 + PUBLIC_SIZE, hash, NULL, EVP_sha256(), NULL))
        return refuse(error, "no Ed25519 key");
    memcpy(k->id, hash, sizeof k->id);
    return true;
}

bool oriel_note_key_private(struct oriel_note_key *k, const char *name, uint8_t type, const char *pem, size_t length,
                            char error[ORIEL_NOTE_ERROR_SIZE]) {
    memset(k, 0, sizeof *k);
    if (!is_name(name, strlen(name)))
        return refuse(error, "a key's name is 1 to 160 visible ASCII characters without '+'");
    strcpy(k->name, name);
    k->type = type;
    BIO *bio = BIO_new_mem_buf(pem, (int)length);
    k->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (k->key && EVP_PKEY_get_id(k->key) == EVP_PKEY_ED25519 && finish_key(k, error))
        return true;
    oriel_note_key_clear(k);
    return refuse(error, "not the PEM of a private Ed25519 key; 'openssl genpkey -algorithm ed25519' makes one");
}

bool oriel_note_key_public(struct oriel_note_key *k, const char *vkey, char error[ORIEL_NOTE_ERROR_SIZE]) {
    memset(k, 0, sizeof *k);
    size_t name = strcspn(vkey, "+"), length = strlen(vkey), size;
    uint8_t bytes[1 + PUBLIC_SIZE];
    char id[9];
    while (length && (vkey[length - 1] == '\n' || vkey[length - 1] == '\r'))
        length--;
    if (!is_name(vkey, name) || length < name + 11 || vkey[name + 9] != '+' ||
        !oriel_base64_decode(vkey + name + 10, length - name - 10, bytes, sizeof bytes, &size) ||
        size != sizeof bytes || (bytes[0] != ORIEL_NOTE_ED25519 && bytes[0] != ORIEL_NOTE_COSIGNATURE))
        return refuse(error, "not a verification key: NAME+ID+BASE64 of an Ed25519 key (c2sp.org/signed-note)");
    memcpy(k->name, vkey, name);
    k->type = bytes[0];
    k->key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes + 1, PUBLIC_SIZE);
    if (!k->key || !finish_key(k, error)) {
        oriel_note_key_clear(k);
        return refuse(error, "not the public part of an Ed25519 key");
    }
    snprintf(id, sizeof id, "%02x%02x%02x%02x", k->id[0], k->id[1], k->id[2], k->id[3]);
    if (strncmp(id, vkey + name + 1, 8) == 0)
        return true;
    oriel_note_key_clear(k);
    return refuse(error, "the verification key's id is not that of its name and key: a part of it is wrong");
}

void oriel_note_key_text(const struct oriel_note_key *k, char out[ORIEL_NOTE_VKEY_SIZE]) {
    uint8_t bytes[1 + PUBLIC_SIZE] = {k->type};
    char text[48];
    size_t size = PUBLIC_SIZE;
    EVP_PKEY_get_raw_public_key(k->key, bytes + 1, &size);
    oriel_base64_encode(bytes, sizeof bytes, text);
    snprintf(out, ORIEL_NOTE_VKEY_SIZE, "%s+%02x%02x%02x%02x+%s", k->name, k->id[0], k->id[1], k->id[2], k->id[3],
             text);
}

void oriel_note_key_clear(struct oriel_note_key *k) {
    EVP_PKEY_free(k->key);
    memset(k, 0, sizeof *k);
}

char *oriel_note_key_make(void) {
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL, *data;
    if (key && bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) {
        long size = BIO_get_mem_data(bio, &data);
        pem = strndup(data, (size_t)size);
        OPENSSL_cleanse(data, (size_t)size);
    }
    BIO_free(bio);
    EVP_PKEY_free(key);
    return pem;
}

/* What a cosignature signs; the caller frees. */
static char *timed(const char *text, size_t length, uint64_t time, size_t *out_length) {
    char *out = malloc(length + 64);
    int head = out ? snprintf(out, 64, "cosignature/v1\ntime %llu\n", (unsigned long long)time) : 0;
    if (out)
        memcpy(out + head, text, length);
    *out_length = (size_t)head + length;
    return out;
}

static bool ed25519(const struct oriel_note_key *k, bool sign, const char *text, size_t length, uint64_t time,
                    uint8_t signature[SIGNATURE_SIZE]) {
    size_t size = length, signature_size = SIGNATURE_SIZE;
    _cleanup_free_ char *with_time = k->type == ORIEL_NOTE_COSIGNATURE ? timed(text, length, time, &size) : NULL;
    const char *message = with_time ? with_time : text;
    if (k->type == ORIEL_NOTE_COSIGNATURE && !with_time)
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = false;
    if (context && sign)
        good = EVP_DigestSignInit(context, NULL, NULL, NULL, k->key) == 1 &&
               EVP_DigestSign(context, signature, &signature_size, (const uint8_t *)message, size) == 1;
    else if (context)
        good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, k->key) == 1 &&
               EVP_DigestVerify(context, signature, SIGNATURE_SIZE, (const uint8_t *)message, size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

bool oriel_note_sign(const struct oriel_note_key *k, const char *text, size_t length, uint64_t time,
                     char line[LINE_MAX_]) {
    uint8_t bytes[4 + 8 + SIGNATURE_SIZE];
    char base64[4 * ((sizeof bytes + 2) / 3) + 1];
    size_t at = sizeof k->id;
    memcpy(bytes, k->id, sizeof k->id);
    for (int i = 7; k->type == ORIEL_NOTE_COSIGNATURE && i >= 0; i--)
        bytes[at++] = (uint8_t)(time >> (8 * i));
    if (!ed25519(k, true, text, length, time, bytes + at))
        return false;
    oriel_base64_encode(bytes, at + SIGNATURE_SIZE, base64);
    snprintf(line, LINE_MAX_, DASH "%s %s\n", k->name, base64);
    return true;
}

/* Of one signature line without its end: 1 good, 0 another key's, -1 bad. */
static int check_line(const struct oriel_note_key *k, const char *line, size_t length, const char *text,
                      size_t text_length, uint64_t *time) {
    size_t dash = strlen(DASH), name = strlen(k->name), size;
    const char *blank = length > dash ? memchr(line + dash, ' ', length - dash) : NULL;
    uint8_t bytes[8 * 1024];
    if (!blank || memcmp(line, DASH, dash) != 0 || blank == line + dash)
        return -1;
    const char *base64 = blank + 1;
    if (!oriel_base64_decode(base64, length - (size_t)(base64 - line), bytes, sizeof bytes, &size) || size < 5)
        return -1;
    if ((size_t)(blank - line) - dash != name || memcmp(line + dash, k->name, name) != 0 ||
        memcmp(bytes, k->id, sizeof k->id) != 0)
        return 0;
    size_t at = sizeof k->id;
    uint64_t t = 0;
    if (k->type == ORIEL_NOTE_COSIGNATURE)
        for (int i = 0; i < 8 && at < size; i++)
            t = t << 8 | bytes[at++];
    if (size != at + SIGNATURE_SIZE || t > INT64_MAX || !ed25519(k, false, text, text_length, t, bytes + at))
        return -1;
    *time = t;
    return 1;
}

/* No other control characters than line ends; UTF-8 is the business of who reads the text. */
static bool is_text(const char *note, size_t length) {
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)note[i] < ' ' && note[i] != '\n')
            return false;
    return true;
}

size_t oriel_note_verify(const struct oriel_note_key *k, const char *note, size_t length, uint64_t *time,
                         char error[ORIEL_NOTE_ERROR_SIZE]) {
    uint64_t t = 0;
    if (length > ORIEL_NOTE_MAX || length < 2 || note[length - 1] != '\n' || !is_text(note, length))
        return refuse(error, "not a signed note");
    size_t end = 0; /* of the text: before the last empty line */
    for (size_t i = 1; i < length; i++)
        if (note[i] == '\n' && note[i - 1] == '\n')
            end = i;
    const char *line = note + end + 1, *stop = note + length;
    if (!end || line >= stop)
        return refuse(error, "a note without a signature");
    bool signed_ = false;
    for (unsigned count = 0; line < stop; count++) {
        const char *newline = memchr(line, '\n', (size_t)(stop - line));
        int result = count < SIGNATURES_MAX ? check_line(k, line, (size_t)(newline - line), note, end, &t) : -1;
        if (result < 0)
            return refuse(error, "a signature of the note is not good");
        signed_ = signed_ || result > 0;
        line = newline + 1;
    }
    if (!signed_)
        return refuse(error, "the note is not signed by the expected key");
    if (time)
        *time = t;
    return end;
}
