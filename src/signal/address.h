/* The names that signal handles: the broker's URL, the proxy, the topics of PROTOCOL.md, ids.
 * Policy: strict and total. A URL without TLS is accepted for loopback only; a topic that is not exactly one of ours
 * has no meaning; an id is `[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?`. No I/O here, no name is resolved. Thread-safe. */
#ifndef ORIEL_SIGNAL_ADDRESS_H
#define ORIEL_SIGNAL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    ORIEL_SIGNAL_ID_SIZE = 65,    /* 64 characters and NUL */
    ORIEL_SIGNAL_HOST_SIZE = 254, /* RFC 1035 2.3.4 */
    ORIEL_SIGNAL_URL_SIZE = 600,
    ORIEL_SIGNAL_TOPIC_SIZE = 256, /* the longest of ours has 161 bytes */
    ORIEL_SIGNAL_TEXT_SIZE = 400,  /* a sentence for people */
};

struct oriel_signal_address {
    bool tls;
    bool websocket;
    int port;
    char host[ORIEL_SIGNAL_HOST_SIZE]; /* without brackets */
    char url[ORIEL_SIGNAL_URL_SIZE];   /* as Paho wants it: always with a port, an IPv6 literal in brackets */
};

enum oriel_signal_topic {
    ORIEL_SIGNAL_TOPIC_OTHER,
    ORIEL_SIGNAL_TOPIC_STATE,
    ORIEL_SIGNAL_TOPIC_DOWN,
};

/* mqtt://, mqtts://, ws:// or wss://, host, optional port (1883, 8883, 80, 443), for WebSocket an optional path. On
 * failure false and a sentence in `error`. */
bool oriel_signal_parse_url(const char *text, struct oriel_signal_address *address, char error[ORIEL_SIGNAL_TEXT_SIZE]);
/* `host:port`, nothing else: no scheme, no user. `host` may be NULL when only the check matters. */
bool oriel_signal_parse_proxy(const char *text, char host[ORIEL_SIGNAL_HOST_SIZE], int *port);
bool oriel_signal_id_valid(const char *bytes, size_t length);
/* What `topic` is for this device; for DOWN also the agent. `prefix` is `oriel/v1/<tenant>/d/<device>/`. */
enum oriel_signal_topic oriel_signal_parse_topic(const char *prefix, const char *topic, size_t length,
                                                 char agent[ORIEL_SIGNAL_ID_SIZE]);
/* The vendor of a revocation's topic, `<prefix><vendor>/revoked` with the prefix `oriel/v1/<tenant>/v/`; false for any
 * other topic. */
bool oriel_signal_parse_revocation(const char *prefix, const char *topic, size_t length,
                                   char vendor[ORIEL_SIGNAL_ID_SIZE]);

#endif
