/* The peer's DTLS certificate is the announced one, or this process ends.
 *
 * Policy: webrtcbin 1.22 does not compare the certificate with the SDP (measured), so Oriel does, on `dtlsdec`'s
 * notify::peer-pem. It fires inside OpenSSL's verify callback, before any key exists; a mismatch ends the process there
 * and then, with ORIEL_MEDIA_EXIT_FINGERPRINT: no packet of media, no message of the data channel has left or is read.
 * Fingerprints are those of RFC 8122 with SHA-256: 32 upper-case hex pairs joined by colons. Thread-safe. */
#ifndef ORIEL_FINGERPRINT_H
#define ORIEL_FINGERPRINT_H

#include <gst/gst.h>
#include <stdbool.h>

enum { ORIEL_FINGERPRINT_LENGTH = 32 * 3 - 1 };

/* Whether `text` is written as a fingerprint. */
bool oriel_fingerprint_valid(const char *text);

/* Of the first certificate in `pem`. False if there is none. */
bool oriel_fingerprint_of_pem(const char *pem, char out[ORIEL_FINGERPRINT_LENGTH + 1]);

/* Both valid and the same; in constant time. */
bool oriel_fingerprint_equal(const char *a, const char *b);

/* Watches every DTLS element that `bin` has or will have. `expected` is copied. Call before anything connects. */
void oriel_fingerprint_guard(GstBin *bin, const char *expected);

/* Another one from now on: nothing of the old one may be connecting any more, or it ends the process. */
void oriel_fingerprint_expect(GstBin *bin, const char *expected);

/* Whether the guard has seen a certificate, which then was the right one. */
bool oriel_fingerprint_seen(GstBin *bin);

/* Forgets what was seen: a new connection needs a certificate of its own. */
void oriel_fingerprint_renew(GstBin *bin);

#endif
