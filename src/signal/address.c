/* See address.h. */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct scheme {
    const char *prefix;
    bool tls, websocket;
    int port;
} schemes[] = {
    {"mqtts://", true, false, 8883},
    {"mqtt://", false, false, 1883},
    {"wss://", true, true, 443},
    {"ws://", false, true, 80},
};

static bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool oriel_signal_id_valid(const char *bytes, size_t length) {
    if (length < 1 || length > 64 || bytes[0] == '-' || bytes[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!(bytes[i] >= 'a' && bytes[i] <= 'z') && !(bytes[i] >= '0' && bytes[i] <= '9') && bytes[i] != '-')
            return false;
    return true;
}

enum oriel_signal_topic oriel_signal_parse_topic(const char *prefix, const char *topic, size_t length,
                                                 char agent[ORIEL_SIGNAL_ID_SIZE]) {
    size_t skip = strlen(prefix);
    if (length <= skip || memcmp(topic, prefix, skip) != 0)
        return ORIEL_SIGNAL_TOPIC_OTHER;
    topic += skip;
    length -= skip;
    if (length == 5 && memcmp(topic, "state", 5) == 0)
        return ORIEL_SIGNAL_TOPIC_STATE;
    if (length <= 3 || memcmp(topic, "dn/", 3) != 0 || !oriel_signal_id_valid(topic + 3, length - 3))
        return ORIEL_SIGNAL_TOPIC_OTHER;
    memcpy(agent, topic + 3, length - 3);
    agent[length - 3] = '\0';
    return ORIEL_SIGNAL_TOPIC_DOWN;
}

bool oriel_signal_parse_revocation(const char *prefix, const char *topic, size_t length,
                                   char vendor[ORIEL_SIGNAL_ID_SIZE]) {
    static const char end[] = "/revoked";
    size_t skip = strlen(prefix), tail = sizeof end - 1;
    if (length <= skip + tail || memcmp(topic, prefix, skip) != 0 || memcmp(topic + length - tail, end, tail) != 0 ||
        !oriel_signal_id_valid(topic + skip, length - skip - tail))
        return false;
    memcpy(vendor, topic + skip, length - skip - tail);
    vendor[length - skip - tail] = '\0';
    return true;
}

/* A port is 1..65535 in digits up to `end` (the text's end or a slash); returns 0 for anything else. */
static int parse_port(const char *text, const char *end) {
    long port = 0;
    if (text == end || end - text > 5)
        return 0;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        port = port * 10 + (*text - '0');
    }
    return port <= 65535 ? (int)port : 0;
}

static bool host_valid(const char *host) {
    if (host[0] == '\0' || host[0] == '-' || host[0] == '.')
        return false;
    for (const char *c = host; *c; c++)
        if (!is_alphanumeric(*c) && *c != '-' && *c != '.' && *c != '_')
            return false;
    return true;
}

static bool host_is_loopback(const char *host) {
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return strcmp(host, "localhost") == 0;
}

/* Takes the host off the front of `text`, brackets and all; NULL when there is none. */
static const char *take_host(const char *text, char host[ORIEL_SIGNAL_HOST_SIZE]) {
    bool bracket = *text == '[';
    const char *start = text + bracket;
    const char *end = bracket ? strchr(start, ']') : start + strcspn(start, ":/");
    if (!end || end == start || end - start >= ORIEL_SIGNAL_HOST_SIZE)
        return NULL;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    struct in6_addr six;
    if (bracket ? inet_pton(AF_INET6, host, &six) != 1 : !host_valid(host))
        return NULL;
    return end + bracket;
}

static bool path_valid(const char *path) {
    for (; *path; path++)
        if (*path <= ' ' || *path > '~' || *path == '#')
            return false;
    return true;
}

bool oriel_signal_parse_url(const char *text, struct oriel_signal_address *address,
                            char error[ORIEL_SIGNAL_TEXT_SIZE]) {
    const struct scheme *scheme = NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes && !scheme; i++)
        if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            scheme = &schemes[i];
    if (!scheme) {
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE, "broker URL '%.80s' must begin with mqtts:// or wss://", text);
        return false;
    }
    struct oriel_signal_address a = {.tls = scheme->tls, .websocket = scheme->websocket, .port = scheme->port};
    const char *rest = take_host(text + strlen(scheme->prefix), a.host);
    if (!rest) {
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE, "broker URL '%.80s' has no valid host: write %shost:port", text,
                 scheme->prefix);
        return false;
    }
    if (*rest == ':') {
        const char *end = rest + 1 + strcspn(rest + 1, "/");
        a.port = parse_port(rest + 1, end);
        rest = end;
    }
    if (!a.port || (*rest && (*rest != '/' || !path_valid(rest) || (!a.websocket && rest[1])))) {
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE, "broker URL '%.80s' is not understood: write %shost:port%s", text,
                 scheme->prefix, a.websocket ? " and at most a path" : " and nothing after it");
        return false;
    }
    bool six = strchr(a.host, ':') != NULL;
    if (!a.tls && !host_is_loopback(a.host)) {
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE,
                 "broker URL '%.80s' has no TLS, which is allowed to this machine only (localhost, 127.0.0.1, [::1]): "
                 "use %s",
                 text, a.websocket ? "wss://" : "mqtts://");
        return false;
    }
    if (a.tls && six) { /* Paho compares a certificate with the brackets too, and never finds it */
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE,
                 "broker URL '%.80s': with TLS give the broker's host name instead of an IPv6 address", text);
        return false;
    }
    int n = snprintf(a.url, sizeof a.url, "%s%s%s%s:%d%s", scheme->prefix, six ? "[" : "", a.host, six ? "]" : "",
                     a.port, a.websocket ? rest : "");
    if (n < 0 || (size_t)n >= sizeof a.url) {
        snprintf(error, ORIEL_SIGNAL_TEXT_SIZE, "broker URL is longer than %d bytes", ORIEL_SIGNAL_URL_SIZE - 1);
        return false;
    }
    *address = a;
    return true;
}

bool oriel_signal_parse_proxy(const char *text, char host[ORIEL_SIGNAL_HOST_SIZE], int *port) {
    char name[ORIEL_SIGNAL_HOST_SIZE];
    const char *rest = take_host(text, name);
    if (!rest || *rest != ':')
        return false;
    int number = parse_port(rest + 1, rest + strlen(rest));
    if (!number)
        return false;
    if (host)
        strcpy(host, name);
    if (port)
        *port = number;
    return true;
}
