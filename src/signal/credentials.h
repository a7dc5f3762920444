/* The files of TLS, looked at before each connection, so that what is wrong with them is said in words.
 * Policy: a file that cannot be read, a key that does not belong to its certificate, a certificate outside its time:
 * no connection is tried. The broker's certificate is not judged here (diagnose.h says why it was refused).
 * Main thread only. */
#ifndef ORIEL_SIGNAL_CREDENTIALS_H
#define ORIEL_SIGNAL_CREDENTIALS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "address.h"

/* Forward secrecy and authenticated encryption for TLS 1.2; TLS 1.3 has nothing else. The level also makes OpenSSL
 * refuse anything below TLS 1.2 and keys under 112 bits of strength. */
#define ORIEL_SIGNAL_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:@SECLEVEL=2"

struct oriel_signal_files {
    const char *ca;          /* "" = the system's */
    const char *certificate; /* "" = none */
    const char *key;         /* "" when there is no certificate */
};

/* False with a sentence in `error`. When all is well but the certificate ends within 14 days, `warning` says so, else
 * it is "". */
bool oriel_signal_check_files(const struct oriel_signal_files *files, char error[ORIEL_SIGNAL_TEXT_SIZE],
                              char warning[ORIEL_SIGNAL_TEXT_SIZE]);
/* Today, "2026-11-23": without the time of day, so that a reason that repeats is the same text for a day. */
void oriel_signal_format_today(char out[32]);
/* "2026-11-23 10:30 UTC" */
void oriel_signal_format_time(const ASN1_TIME *time, char out[32]);

#endif
