/* Signed notes as C2SP has them (c2sp.org/signed-note, tlog-cosignature): a text, an empty line, and signature lines
 *     — <key name> <base64 of key id and signature>
 * Pure: bytes and keys in, bytes out. Policy: Ed25519 only; type 1 signs the text, type 4 (a cosignature) the text with
 * a time. Signatures of keys that were not asked for are ignored, a known key's that does not verify spoils the note.
 * Limits: 16 KiB a note, 16 signatures. */
#ifndef ORIEL_NOTE_H
#define ORIEL_NOTE_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ORIEL_NOTE_MAX = 16 * 1024,
    ORIEL_NOTE_NAME_MAX = 160,
    ORIEL_NOTE_VKEY_SIZE = 256,
    ORIEL_NOTE_ERROR_SIZE = 160,
    ORIEL_NOTE_ED25519 = 1,
    ORIEL_NOTE_COSIGNATURE = 4,
};

struct oriel_note_key {
    char name[ORIEL_NOTE_NAME_MAX + 1];
    uint8_t type, id[4];
    EVP_PKEY *key;
};

/* A private key out of PEM (PKCS #8). False with `error`. */
bool oriel_note_key_private(struct oriel_note_key *key, const char *name, uint8_t type, const char *pem, size_t length,
                            char error[ORIEL_NOTE_ERROR_SIZE]);
/* A C2SP vkey, "<name>+<id>+<base64>". False with `error`. */
bool oriel_note_key_public(struct oriel_note_key *key, const char *vkey, char error[ORIEL_NOTE_ERROR_SIZE]);
/* The vkey of a key of either kind. */
void oriel_note_key_text(const struct oriel_note_key *key, char out[ORIEL_NOTE_VKEY_SIZE]);
void oriel_note_key_clear(struct oriel_note_key *key);
/* A fresh private key in PEM; the caller frees. NULL only without randomness or memory. */
char *oriel_note_key_make(void);

/* The line that `key` signs `text` with, its line's end included; `time` for a cosignature. False without memory. */
bool oriel_note_sign(const struct oriel_note_key *key, const char *text, size_t length, uint64_t time,
                     char line[ORIEL_NOTE_VKEY_SIZE + 128]);

/* The length of the note's text when `key` has signed it, 0 with `error` when not; `time` (may be NULL) becomes the
 * cosignature's. */
size_t oriel_note_verify(const struct oriel_note_key *key, const char *note, size_t length, uint64_t *time,
                         char error[ORIEL_NOTE_ERROR_SIZE]);

/* Strict base64: canonical, padded. False when it is not, or does not fit. */
bool oriel_base64_decode(const char *text, size_t length, uint8_t *out, size_t max, size_t *out_length);
/* `out` has room for 4 * ((length + 2) / 3) + 1. */
void oriel_base64_encode(const uint8_t *bytes, size_t length, char *out);

#endif
