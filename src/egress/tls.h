/* TLS to a TURN server (OpenSSL), over a non-blocking socket.
 *
 * Policy: TLS 1.2 or later; the chain must lead to the given CA file, else to the system's certificates, and the
 * certificate must be for the very host of the URI, name or address. Nothing turns that off. A failure is said in words
 * that name what was wrong and what to do. No renegotiation, no compression. One thread. */
#ifndef ORIEL_EGRESS_TLS_H
#define ORIEL_EGRESS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "uri.h"

struct oriel_tls;
typedef struct ssl_ctx_st oriel_tls_context;

/* Reads the CA file; "" is the system's. NULL with `error` set. */
oriel_tls_context *oriel_tls_context_new(const char *ca_file, char error[ORIEL_EGRESS_TEXT_SIZE]);

/* For a connected socket, which stays the caller's. NULL: no memory. */
struct oriel_tls *oriel_tls_new(oriel_tls_context *context, int fd, const struct oriel_server *server);
void oriel_tls_free(struct oriel_tls *tls);

/* 1: done · 0: the socket must become readable, or writable when wants_write() · -1: failed, see `error`. */
int oriel_tls_handshake(struct oriel_tls *tls, char error[ORIEL_EGRESS_TEXT_SIZE]);
bool oriel_tls_wants_write(const struct oriel_tls *tls);

/* As recv() and send() of a non-blocking socket: bytes · 0: the other side has ended (read only) · -errno, -EAGAIN
 * among them. After write() gave -EAGAIN the next one must begin with the same bytes. */
ssize_t oriel_tls_read(struct oriel_tls *tls, void *out, size_t size);
ssize_t oriel_tls_write(struct oriel_tls *tls, const void *bytes, size_t size);

#endif
