/* Which datagrams of DTLS may reach OpenSSL.
 *
 * Policy: a datagram that no key has verified must not end a session (RFC 6347 section 4.1.2.7). OpenSSL 3.0 gives a
 * connection up at an encrypted record that is too short for the nonce and tag of AES-GCM, before it verifies anything;
 * such datagrams are dropped here, and so are those that are not records from end to end. What that costs: an alert by
 * ChaCha20-Poly1305, which is as short, is not heard; the session ends then by SCTP's goodbye, or by silence. */
#ifndef ORIEL_RECORDS_H
#define ORIEL_RECORDS_H

#include <gst/gst.h>
#include <stdbool.h>

bool oriel_records_usable(const guint8 *datagram, gsize length);
/* For each dtlsdec that is ever in `bin`. */
void oriel_records_guard(GstBin *bin);

#endif
