/* See uri.h. */
#include "uri.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TURN_PORT = 3478, TURNS_PORT = 5349 };

const char *oriel_transport_name(enum oriel_transport transport) {
    switch (transport) {
    case ORIEL_UDP:
        return "udp";
    case ORIEL_TCP:
        return "tcp";
    case ORIEL_TLS:
        return "tls";
    }
    return "";
}

int oriel_server_describe(const struct oriel_server *server, char out[ORIEL_EGRESS_TEXT_SIZE]) {
    static const char *const names[] = {[ORIEL_UDP] = "UDP", [ORIEL_TCP] = "TCP", [ORIEL_TLS] = "TLS"};
    bool six = strchr(server->host, ':') != NULL;
    return snprintf(out, ORIEL_EGRESS_TEXT_SIZE, "%s to %s%.140s%s:%u", names[server->transport], six ? "[" : "",
                    server->host, six ? "]" : "", server->port);
}

static bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Labels of letters, digits, `-` and `_`, each at most 63 long and neither beginning nor ending with `-`. What ends in
 * a number must be a whole IPv4 address: resolvers read 127.1 and 0x7f.1 as addresses, too. */
static bool host_name_valid(const char *host) {
    const char *last = strrchr(host, '.');
    struct in_addr four;
    last = last ? last + 1 : host;
    if (*last >= '0' && *last <= '9')
        return inet_pton(AF_INET, host, &four) == 1;
    for (const char *label = host;;) {
        size_t n = strcspn(label, ".");
        if (n == 0 || n > 63 || label[0] == '-' || label[n - 1] == '-')
            return false;
        for (size_t i = 0; i < n; i++)
            if (!is_alnum(label[i]) && label[i] != '-' && label[i] != '_')
                return false;
        if (!label[n])
            return true;
        label += n + 1;
    }
}

/* Takes host and port off the front of `text`; what comes after them, or NULL. */
static const char *take_authority(const char *text, struct oriel_server *s) {
    bool bracket = *text == '[';
    const char *start = text + bracket, *end = bracket ? strchr(start, ']') : start + strcspn(start, ":?");
    if (!end || end == start || end - start >= ORIEL_HOST_SIZE)
        return NULL;
    memcpy(s->host, start, (size_t)(end - start));
    s->host[end - start] = '\0';
    struct in6_addr address;
    if (bracket ? inet_pton(AF_INET6, s->host, &address) != 1 : !host_name_valid(s->host))
        return NULL;
    s->literal = bracket || inet_pton(AF_INET, s->host, &address) == 1;
    end += bracket;
    if (*end != ':')
        return end;
    unsigned port = 0;
    const char *digit = end + 1;
    for (; *digit >= '0' && *digit <= '9' && port <= 65535; digit++)
        port = port * 10 + (unsigned)(*digit - '0');
    if (digit == end + 1 || port == 0 || port > 65535)
        return NULL;
    s->port = (uint16_t)port;
    return digit;
}

static bool parse_server(const char *text, struct oriel_server *s, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    bool secure = strncasecmp(text, "turns:", 6) == 0;
    *s = (struct oriel_server){.transport = secure ? ORIEL_TLS : ORIEL_UDP, .port = secure ? TURNS_PORT : TURN_PORT};
    if (!secure && strncasecmp(text, "turn:", 5) != 0) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "TURN server '%.100s' must begin with turn: or turns:", text);
        return false;
    }
    const char *rest = take_authority(text + (secure ? 6 : 5), s);
    if (!rest) {
        snprintf(
            error, ORIEL_EGRESS_TEXT_SIZE,
            "TURN server '%.100s' has no valid host and port: write turn:host, turn:host:3478 or turn:[2001:db8::1]",
            text);
        return false;
    }
    bool udp = strcasecmp(rest, "?transport=udp") == 0, tcp = strcasecmp(rest, "?transport=tcp") == 0;
    if (secure && udp) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE,
                 "TURN server '%.100s' asks for DTLS, which is not supported: write turns:host:port for TLS", text);
        return false;
    }
    if (*rest && !udp && !tcp) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE,
                 "TURN server '%.100s' is not understood at '%.40s': only ?transport=udp or ?transport=tcp may follow",
                 text, rest);
        return false;
    }
    if (!secure && tcp)
        s->transport = ORIEL_TCP;
    bool six = strchr(s->host, ':') != NULL;
    snprintf(s->uri, sizeof s->uri, "%s:%s%s%s:%u?transport=%s", secure ? "turns" : "turn", six ? "[" : "", s->host,
             six ? "]" : "", s->port, s->transport == ORIEL_UDP ? "udp" : "tcp");
    return true;
}

size_t oriel_parse_servers(const char *text, struct oriel_server servers[ORIEL_SERVERS_MAX],
                           char error[ORIEL_EGRESS_TEXT_SIZE]) {
    size_t count = 0;
    for (const char *at = text;; at++) {
        size_t n = strcspn(at, ",");
        char one[ORIEL_URI_SIZE];
        if (n == 0 || n >= sizeof one) {
            snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "%s in the list of TURN servers",
                     n       ? "a URI of more than 299 characters"
                     : *text ? "an empty entry"
                             : "nothing is");
            return 0;
        }
        if (count == ORIEL_SERVERS_MAX) {
            snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "more than %d TURN servers", ORIEL_SERVERS_MAX);
            return 0;
        }
        memcpy(one, at, n);
        one[n] = '\0';
        if (!parse_server(one, &servers[count], error))
            return 0;
        count++;
        at += n;
        if (!*at)
            return count;
    }
}

bool oriel_parse_proxy(const char *text, struct oriel_server *proxy, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    *proxy = (struct oriel_server){.transport = ORIEL_TCP};
    const char *rest = take_authority(text, proxy);
    if (rest && !*rest && proxy->port)
        return true;
    snprintf(error, ORIEL_EGRESS_TEXT_SIZE,
             "proxy '%.100s' is not understood: write host:port, without http:// and without a login", text);
    return false;
}
