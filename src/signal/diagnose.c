/* See diagnose.h. */
#include "diagnose.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"

enum { STEP_MS = 5000, LATE_ALERT_MS = 1000, STACK_SIZE = 256 * 1024 };

struct job {
    const struct oriel_signal_target *target;
    struct oriel_inbox *inbox;
    unsigned attempt;
    char *text; /* ORIEL_SIGNAL_TEXT_SIZE */
};

#define say(job, ...) snprintf((job)->text, ORIEL_SIGNAL_TEXT_SIZE, __VA_ARGS__)

/* Waits until `fd` is ready or `deadline` (monotonic) is over. */
static bool wait_for(int fd, short events, int64_t deadline) {
    for (;;) {
        int64_t left = deadline - oriel_monotonic();
        struct pollfd p = {.fd = fd, .events = events};
        int n = left > 0 ? poll(&p, 1, (int)(left / ORIEL_MILLISECOND) + 1) : 0;
        if (n >= 0 || errno != EINTR)
            return n > 0;
    }
}

static int connect_one(const struct addrinfo *a) {
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (fd < 0)
        return -errno;
    int error = connect(fd, a->ai_addr, a->ai_addrlen) < 0 ? errno : 0;
    if (error == EINPROGRESS) {
        socklen_t size = sizeof error;
        if (!wait_for(fd, POLLOUT, oriel_monotonic() + STEP_MS * ORIEL_MILLISECOND))
            error = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
            error = errno;
    }
    if (error) {
        close(fd);
        return -error;
    }
    return fd;
}

static int reach(struct job *job, const char *what, const char *host, int port) {
    char service[8];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int result = getaddrinfo(host, service, &hints, &list);
    if (result) {
        say(job, "cannot find %s '%s': %s", what, host, result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = connect_one(a);
    freeaddrinfo(list);
    if (fd < 0)
        say(job, "cannot reach %s %s:%d: %s", what, host, port, strerror(-fd));
    return fd;
}

static bool pass_proxy(struct job *job, int fd) {
    const struct oriel_signal_address *a = &job->target->address;
    char text[2 * ORIEL_SIGNAL_HOST_SIZE + 64];
    int n = snprintf(text, sizeof text, "CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n", a->host, a->port, a->host,
                     a->port);
    int64_t deadline = oriel_monotonic() + STEP_MS * ORIEL_MILLISECOND;
    char answer[64] = "";
    ssize_t got = send(fd, text, (size_t)n, MSG_NOSIGNAL);
    if (got == n && wait_for(fd, POLLIN, deadline))
        got = recv(fd, answer, sizeof answer - 1, MSG_PEEK);
    if (got <= 0 || !answer[0]) {
        say(job, "proxy %s does not answer to CONNECT", job->target->proxy);
        return false;
    }
    answer[strcspn(answer, "\r\n")] = '\0';
    if (strncmp(answer, "HTTP/1.", 7) != 0 || strncmp(answer + 8, " 200", 4) != 0) {
        say(job, "proxy %s does not connect to %s:%d: %s", job->target->proxy, a->host, a->port, answer);
        return false;
    }
    char c;
    for (int line_ends = 0; line_ends < 2 && wait_for(fd, POLLIN, deadline) && recv(fd, &c, 1, 0) == 1;)
        line_ends = c == '\n' ? line_ends + 1 : c == '\r' ? line_ends : 0;
    return true;
}

/* `leaf` is the broker's own certificate, `culprit` the one of its chain that the error is about. */
static void explain_verification(struct job *job, int error, const X509 *leaf, const X509 *culprit) {
    const struct oriel_signal_target *t = job->target;
    char name[128] = "?", date[32] = "?", now[32];
    oriel_signal_format_today(now);
    bool about_time = error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
    const X509 *certificate = about_time ? culprit : leaf;
    if (certificate)
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        if (certificate)
            oriel_signal_format_time(X509_get0_notAfter(certificate), date);
        say(job, "the broker's certificate (%s) expired on %s: renew it on the broker (this machine's clock says %s)",
            name, date, now);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        if (certificate)
            oriel_signal_format_time(X509_get0_notBefore(certificate), date);
        say(job, "the broker's certificate (%s) is valid from %s only, and this machine's clock says %s: set the clock",
            name, date, now);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        say(job, "the broker's certificate (%s) is not signed by a CA of %s: give the CA that signed it", name,
            t->files.ca[0] ? t->files.ca : "this system");
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        say(job,
            "the broker's certificate (%s) is not for '%s': use the name that it has, or have it issued for this one",
            name, t->address.host);
        break;
    default:
        say(job, "the broker's certificate (%s) is refused: %s", name, X509_verify_cert_error_string(error));
    }
}

static int on_verify(int good, X509_STORE_CTX *context) {
    if (!good) {
        SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
        explain_verification(SSL_get_app_data(ssl), X509_STORE_CTX_get_error(context),
                             X509_STORE_CTX_get0_cert(context), X509_STORE_CTX_get_current_cert(context));
    }
    return good;
}

/* What the handshake, or the first read after it, failed with. In TLS 1.3 the broker judges our certificate only after
 * our side of the handshake is complete. */
static void explain_handshake(struct job *job, bool timed_out) {
    const struct oriel_signal_target *t = job->target;
    unsigned long error = ERR_peek_last_error();
    int reason = ERR_GET_REASON(error);
    int alert = reason - SSL_AD_REASON_OFFSET;
    if (job->text[0])
        return; /* the broker's certificate: said already */
    if (timed_out)
        say(job, "the broker %s:%d does not answer to TLS", t->address.host, t->address.port);
    else if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason == SSL_R_WRONG_VERSION_NUMBER)
        say(job, "the broker's port %d does not speak TLS: check the URL", t->address.port);
    else if ((alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN) || alert == SSL_AD_UNKNOWN_CA ||
             alert == SSL_AD_ACCESS_DENIED || alert == SSL_AD_CERTIFICATE_REQUIRED)
        say(job, "the broker refuses this device's certificate (%s): %s",
            t->files.certificate[0] ? t->files.certificate : "none is given", ERR_reason_error_string(error));
    else if (error)
        say(job, "TLS with the broker fails: %s", ERR_reason_error_string(error));
    else
        say(job, "the broker closed the connection during the TLS handshake");
}

static SSL_CTX *make_context(struct job *job) {
    const struct oriel_signal_files *f = &job->target->files;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    bool good = context && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                SSL_CTX_set_cipher_list(context, ORIEL_SIGNAL_CIPHERS) == 1 &&
                (f->ca[0] ? SSL_CTX_load_verify_locations(context, f->ca, NULL)
                          : SSL_CTX_set_default_verify_paths(context)) == 1 &&
                (!f->certificate[0] || (SSL_CTX_use_certificate_chain_file(context, f->certificate) == 1 &&
                                        SSL_CTX_use_PrivateKey_file(context, f->key, SSL_FILETYPE_PEM) == 1));
    if (good) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
        return context;
    }
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    say(job, "TLS cannot be set up with %s, %s: %s", f->ca[0] ? f->ca : "the system's CAs",
        f->certificate[0] ? f->certificate : "no certificate", why ? why : "no reason given");
    SSL_CTX_free(context);
    return NULL;
}

/* Repeats `operation` on the non-blocking connection until it is done or time is over (returns 0: timed out). */
static int run_tls(SSL *ssl, int fd, int (*operation)(SSL *), int milliseconds) {
    int64_t deadline = oriel_monotonic() + milliseconds * ORIEL_MILLISECOND;
    for (;;) {
        ERR_clear_error();
        int n = operation(ssl);
        if (n > 0)
            return 1;
        int error = SSL_get_error(ssl, n);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return -1;
        if (!wait_for(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline))
            return 0;
    }
}

static int read_byte(SSL *ssl) {
    char byte;
    return SSL_read(ssl, &byte, 1);
}

static void handshake(struct job *job, int fd) {
    const char *host = job->target->address.host;
    SSL_CTX *context = make_context(job);
    if (!context)
        return;
    SSL *ssl = SSL_new(context);
    struct in_addr four;
    bool literal = inet_pton(AF_INET, host, &four) == 1;
    if (ssl && SSL_set_fd(ssl, fd) == 1 && SSL_set_app_data(ssl, job) == 1 &&
        (literal ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                 : SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host))) {
        int result = run_tls(ssl, fd, SSL_connect, STEP_MS);
        if (result <= 0)
            explain_handshake(job, result == 0);
        else if (run_tls(ssl, fd, read_byte, LATE_ALERT_MS) < 0 && ERR_peek_last_error())
            explain_handshake(job, false);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    ERR_clear_error();
}

static void *run(void *argument) {
    struct job *job = argument;
    const struct oriel_signal_target *t = job->target;
    char text[ORIEL_SIGNAL_TEXT_SIZE] = "", proxy[ORIEL_SIGNAL_HOST_SIZE] = "";
    int port = 0;
    job->text = text;
    bool by_proxy = t->proxy[0] && oriel_signal_parse_proxy(t->proxy, proxy, &port);
    int fd = by_proxy ? reach(job, "proxy", proxy, port) : reach(job, "broker", t->address.host, t->address.port);
    if (fd >= 0 && (!by_proxy || pass_proxy(job, fd)) && t->address.tls)
        handshake(job, fd);
    if (fd >= 0)
        close(fd);
    oriel_inbox_put_link(job->inbox, job->attempt, ORIEL_LINK_DIAGNOSED, 0, text);
    free(job);
    return NULL;
}

int oriel_signal_diagnose(const struct oriel_signal_target *target, struct oriel_inbox *inbox) {
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return -ENOMEM;
    job->target = target;
    job->inbox = inbox;
    job->attempt = inbox->attempt;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, run, job);
    pthread_attr_destroy(&attributes);
    if (error)
        free(job);
    return -error;
}
