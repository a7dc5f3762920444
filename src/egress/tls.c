/* See tls.h. */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct oriel_tls {
    SSL *ssl;
    const struct oriel_server *server;
    bool wants_write;
};

oriel_tls_context *oriel_tls_context_new(const char *ca_file, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    if (!c || !SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION)) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "OpenSSL can't be set up for TLS");
        SSL_CTX_free(c);
        return NULL;
    }
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    ERR_clear_error();
    if (*ca_file ? SSL_CTX_load_verify_file(c, ca_file) : SSL_CTX_set_default_verify_paths(c))
        return c;
    unsigned long why = ERR_peek_error(); /* the first: what OpenSSL makes of it comes after */
    snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "CA file %.120s can't be used: %s", *ca_file ? ca_file : "of the system",
             ERR_SYSTEM_ERROR(why) ? strerror(ERR_GET_REASON(why)) : "it holds no certificate in PEM");
    ERR_clear_error();
    SSL_CTX_free(c);
    return NULL;
}

static bool expect_host(SSL *ssl, const struct oriel_server *server) {
    X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (server->literal)
        return X509_VERIFY_PARAM_set1_ip_asc(p, server->host) == 1;
    return X509_VERIFY_PARAM_set1_host(p, server->host, 0) == 1 && SSL_set_tlsext_host_name(ssl, server->host) == 1;
}

struct oriel_tls *oriel_tls_new(oriel_tls_context *context, int fd, const struct oriel_server *server) {
    struct oriel_tls *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->server = server;
    t->ssl = SSL_new(context);
    if (!t->ssl || !expect_host(t->ssl, server) || !SSL_set_fd(t->ssl, fd)) {
        oriel_tls_free(t);
        return NULL;
    }
    SSL_set_connect_state(t->ssl);
    return t;
}

void oriel_tls_free(struct oriel_tls *t) {
    if (!t)
        return;
    SSL_free(t->ssl);
    free(t);
}

bool oriel_tls_wants_write(const struct oriel_tls *t) {
    return t->wants_write;
}

/* What OpenSSL's verdict means to whoever must mend it. */
static void explain_verdict(const struct oriel_tls *t, long verdict, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    const char *host = t->server->host, *text = X509_verify_cert_error_string(verdict);
    switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE,
                 "its certificate is for another host than %.120s: use the name that is in the certificate", host);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE,
                 "its certificate has expired: renew it, or set this device's clock if that is wrong");
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "its certificate is not valid yet: is this device's clock right?");
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE,
                 "its certificate is not signed by a CA that is trusted here (%s): is the CA file the right one?",
                 text);
        return;
    default:
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "its certificate is not accepted: %s", text);
    }
}

int oriel_tls_handshake(struct oriel_tls *t, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(t->ssl);
    int number = errno;
    if (result == 1)
        return 1;
    int kind = SSL_get_error(t->ssl, result);
    t->wants_write = kind == SSL_ERROR_WANT_WRITE;
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
        return 0;
    unsigned long why = ERR_peek_error();
    long verdict = SSL_get_verify_result(t->ssl);
    const char *text = ERR_reason_error_string(why);
    if (verdict != X509_V_OK)
        explain_verdict(t, verdict, error);
    else if (kind == SSL_ERROR_SYSCALL || ERR_GET_REASON(why) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the TLS handshake was cut off%s%s", number ? ": " : "",
                 number ? strerror(number) : "");
    else
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the TLS handshake failed: %s", text ? text : "no reason given");
    ERR_clear_error();
    return -1;
}

static ssize_t outcome(struct oriel_tls *t, int result) {
    int number = errno;
    int kind = SSL_get_error(t->ssl, result), reason = ERR_GET_REASON(ERR_peek_error());
    ERR_clear_error();
    switch (kind) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        t->wants_write = kind == SSL_ERROR_WANT_WRITE;
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        return number ? -number : -ECONNRESET;
    default:
        return reason == SSL_R_UNEXPECTED_EOF_WHILE_READING ? 0 : -EPROTO; /* a record that is none, an alert */
    }
}

ssize_t oriel_tls_read(struct oriel_tls *t, void *out, size_t size) {
    ERR_clear_error();
    errno = 0;
    t->wants_write = false;
    int n = SSL_read(t->ssl, out, (int)size);
    return n > 0 ? n : outcome(t, n);
}

ssize_t oriel_tls_write(struct oriel_tls *t, const void *bytes, size_t size) {
    ERR_clear_error();
    errno = 0;
    t->wants_write = false;
    int n = SSL_write(t->ssl, bytes, (int)size);
    return n > 0 ? n : outcome(t, n);
}
