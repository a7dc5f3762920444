/* See credentials.h. */
#include "credentials.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { EXPIRES_SOON = 14 };

void oriel_signal_format_time(const ASN1_TIME *time, char out[32]) {
    struct tm tm;
    if (!ASN1_TIME_to_tm(time, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm))
        strcpy(out, "an unreadable date");
}

void oriel_signal_format_today(char out[32]) {
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(out, 32, "%Y-%m-%d", &tm);
}

static FILE *open_file(const char *what, const char *path, char error[ORIEL_SIGNAL_TEXT_SIZE]) {
    FILE *file = fopen(path, "re");
    if (!file)
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE, "cannot read %s %s: %s", what, path, strerror(errno));
    return file;
}

static X509 *read_certificate(const char *what, const char *path, char error[ORIEL_SIGNAL_TEXT_SIZE]) {
    FILE *file = open_file(what, path, error);
    if (!file)
        return NULL;
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    if (!certificate)
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE, "%s %s has no certificate in PEM form", what, path);
    return certificate;
}

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *user) {
    return 0;
}

static bool check_key(const struct oriel_signal_files *files, X509 *certificate, char error[ORIEL_SIGNAL_TEXT_SIZE]) {
    FILE *file = open_file("key", files->key, error);
    if (!file)
        return false;
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
    fclose(file);
    if (!key)
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE, "key %s is no private key in PEM form without a passphrase",
                 files->key);
    bool matches = key && X509_check_private_key(certificate, key) == 1;
    if (key && !matches)
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE, "key %s does not belong to certificate %s", files->key,
                 files->certificate);
    EVP_PKEY_free(key);
    return matches;
}

static bool check_time(const char *path, X509 *certificate, char error[ORIEL_SIGNAL_TEXT_SIZE],
                       char warning[ORIEL_SIGNAL_TEXT_SIZE]) {
    const ASN1_TIME *from = X509_get0_notBefore(certificate), *until = X509_get0_notAfter(certificate);
    char date[32], now[32];
    oriel_signal_format_today(now);
    if (X509_cmp_current_time(until) <= 0) {
        oriel_signal_format_time(until, date);
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE,
                 "certificate %s expired on %s: renew it with the CA that the broker trusts (this machine's clock says "
                 "%s)",
                 path, date, now);
        return false;
    }
    if (X509_cmp_current_time(from) > 0) {
        oriel_signal_format_time(from, date);
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE,
                 "certificate %s is valid from %s only, and this machine's clock says %s: set the clock", path, date,
                 now);
        return false;
    }
    int days = 0, seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, NULL, until) && days < EXPIRES_SOON) {
        oriel_signal_format_time(until, date);
        snprintf(warning, ORIEL_SIGNAL_TEXT_SIZE, "certificate %s expires on %s: renew it", path, date);
    }
    return true;
}

bool oriel_signal_check_files(const struct oriel_signal_files *files, char error[ORIEL_SIGNAL_TEXT_SIZE],
                              char warning[ORIEL_SIGNAL_TEXT_SIZE]) {
    warning[0] = '\0';
    if (files->ca[0]) {
        X509 *ca = read_certificate("CA file", files->ca, error);
        if (!ca)
            return false;
        X509_free(ca);
    }
    if (!files->certificate[0] != !files->key[0]) {
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE, "%s is given without %s: give both or none",
                 files->key[0] ? "a key" : "a certificate", files->key[0] ? "its certificate" : "its key");
        return false;
    }
    if (!files->certificate[0])
        return true;
    X509 *certificate = read_certificate("certificate", files->certificate, error);
    bool good = certificate && check_key(files, certificate, error) &&
                check_time(files->certificate, certificate, error, warning);
    X509_free(certificate);
    ERR_clear_error();
    return good;
}
