/* Where to go: the TURN servers and the proxy, as the configuration names them.
 *
 * Policy: RFC 7065 URIs and nothing looser; what is wrong is said with what to write instead. `turn:` is UDP unless it
 * says ?transport=tcp, `turns:` is TLS over TCP (there is no DTLS here). Hosts are IP literals or plain host names.
 * Limits: 8 servers, a host of at most 253 characters. Pure functions. */
#ifndef ORIEL_EGRESS_URI_H
#define ORIEL_EGRESS_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORIEL_SERVERS_MAX = 8, ORIEL_HOST_SIZE = 254, ORIEL_URI_SIZE = 300, ORIEL_EGRESS_TEXT_SIZE = 256 };

enum oriel_transport { ORIEL_UDP, ORIEL_TCP, ORIEL_TLS };

struct oriel_server {
    enum oriel_transport transport;
    uint16_t port;
    bool literal; /* `host` is an IP address, IPv6 without brackets */
    char host[ORIEL_HOST_SIZE];
    char uri[ORIEL_URI_SIZE]; /* in one spelling, whatever came in */
};

const char *oriel_transport_name(enum oriel_transport transport);

/* In words, "TLS to host:443"; the length, which leaves room for some more. */
int oriel_server_describe(const struct oriel_server *server, char out[ORIEL_EGRESS_TEXT_SIZE]);

/* How many there are; 0 with `error` set. */
size_t oriel_parse_servers(const char *text, struct oriel_server servers[ORIEL_SERVERS_MAX],
                           char error[ORIEL_EGRESS_TEXT_SIZE]);
/* host:port. `proxy->transport` is ORIEL_TCP. */
bool oriel_parse_proxy(const char *text, struct oriel_server *proxy, char error[ORIEL_EGRESS_TEXT_SIZE]);

#endif
