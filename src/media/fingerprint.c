/* See fingerprint.h. */
#include "fingerprint.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core_media.h"
#include "factory.h"

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

bool oriel_fingerprint_valid(const char *text) {
    if (strlen(text) != ORIEL_FINGERPRINT_LENGTH)
        return false;
    for (int i = 0; i < ORIEL_FINGERPRINT_LENGTH; i++)
        if (i % 3 == 2 ? text[i] != ':' : !is_hex(text[i]))
            return false;
    return true;
}

bool oriel_fingerprint_of_pem(const char *pem, char out[ORIEL_FINGERPRINT_LENGTH + 1]) {
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    bool good = certificate && X509_digest(certificate, EVP_sha256(), hash, &length) == 1 && length == 32;
    if (good)
        for (unsigned i = 0; i < length; i++)
            snprintf(out + 3 * i, 4, i + 1 < length ? "%02X:" : "%02X", hash[i]);
    X509_free(certificate);
    BIO_free(bio);
    return good;
}

bool oriel_fingerprint_equal(const char *a, const char *b) {
    return oriel_fingerprint_valid(a) && oriel_fingerprint_valid(b) &&
           CRYPTO_memcmp(a, b, ORIEL_FINGERPRINT_LENGTH) == 0;
}

struct guard {
    GMutex lock;
    char expected[ORIEL_FINGERPRINT_LENGTH + 1]; /* under the lock: DTLS has threads of its own */
    gint seen;                                   /* atomic */
};

static void peer_certificate(GObject *dtls, GParamSpec *spec, gpointer user) {
    struct guard *guard = user;
    g_autofree char *pem = NULL;
    char actual[ORIEL_FINGERPRINT_LENGTH + 1];
    g_object_get(dtls, "peer-pem", &pem, NULL);
    g_mutex_lock(&guard->lock);
    if (!pem || !oriel_fingerprint_of_pem(pem, actual) || !oriel_fingerprint_equal(actual, guard->expected))
        _exit(ORIEL_MEDIA_EXIT_FINGERPRINT);
    g_mutex_unlock(&guard->lock);
    g_atomic_int_set(&guard->seen, TRUE);
}

static void element_added(GstBin *bin, GstBin *parent, GstElement *element, gpointer guard) {
    if (oriel_made_by(element, "dtlsdec"))
        g_signal_connect(element, "notify::peer-pem", G_CALLBACK(peer_certificate), guard);
}

void oriel_fingerprint_guard(GstBin *bin, const char *expected) {
    struct guard *guard = g_new0(struct guard, 1);
    g_strlcpy(guard->expected, expected, sizeof guard->expected);
    g_object_set_data_full(G_OBJECT(bin), "oriel-fingerprint", guard, g_free);
    g_signal_connect(bin, "deep-element-added", G_CALLBACK(element_added), guard);
}

void oriel_fingerprint_expect(GstBin *bin, const char *expected) {
    struct guard *guard = g_object_get_data(G_OBJECT(bin), "oriel-fingerprint");
    g_mutex_lock(&guard->lock);
    g_strlcpy(guard->expected, expected, sizeof guard->expected);
    g_mutex_unlock(&guard->lock);
}

void oriel_fingerprint_renew(GstBin *bin) {
    struct guard *guard = g_object_get_data(G_OBJECT(bin), "oriel-fingerprint");
    g_atomic_int_set(&guard->seen, FALSE);
}

bool oriel_fingerprint_seen(GstBin *bin) {
    struct guard *guard = g_object_get_data(G_OBJECT(bin), "oriel-fingerprint");
    return guard && g_atomic_int_get(&guard->seen);
}
