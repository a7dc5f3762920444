/* See proxy.h. */
#include "proxy.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

size_t oriel_proxy_request(const struct oriel_server *server, char out[ORIEL_PROXY_REQUEST_SIZE]) {
    bool six = strchr(server->host, ':') != NULL;
    char authority[ORIEL_HOST_SIZE + 16];
    snprintf(authority, sizeof authority, "%s%s%s:%u", six ? "[" : "", server->host, six ? "]" : "", server->port);
    int n = snprintf(out, ORIEL_PROXY_REQUEST_SIZE, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", authority, authority);
    return (size_t)n;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* `HTTP/1.x NNN words`, without its end; the status, or 0. */
static int status_of(const char *line, size_t n) {
    if (n < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ' ||
        (n > 12 && line[12] != ' '))
        return 0;
    for (int i = 9; i < 12; i++)
        if (!is_digit(line[i]))
            return 0;
    return (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
}

/* Nothing in a header is a control character, but for tabs and the CR LF at the end of each line. */
static bool bytes_valid(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        bool ends = i + 1 < size && bytes[i + 1] == '\n';
        if (bytes[i] == '\r'   ? !ends && i + 1 < size
            : bytes[i] == '\n' ? i == 0 || bytes[i - 1] != '\r'
                               : ((unsigned char)bytes[i] < 0x20 && bytes[i] != '\t') || bytes[i] == 0x7f)
            return false;
    }
    return true;
}

static int refuse(int status, const char *line, size_t n, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    char words[64] = "";
    for (size_t i = 12, at = 0; i < n && at < sizeof words - 1; i++)
        words[at++] = line[i] >= 0x20 && line[i] < 0x7f ? line[i] : '?';
    snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the proxy refused the connection: %d%s%s", status, words,
             status == 407 ? " (it wants a login, which is not supported)" : "");
    return -1;
}

int oriel_proxy_reply(const char *bytes, size_t size, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    const char *end = memmem(bytes, size, "\r\n\r\n", 4);
    size_t header = end ? (size_t)(end - bytes) + 4 : size;
    static const char version[] = "HTTP/1.";
    size_t known = size < sizeof version - 1 ? size : sizeof version - 1;
    if (memcmp(bytes, version, known) != 0 || !bytes_valid(bytes, header)) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the proxy does not speak HTTP/1.1");
        return -1;
    }
    if (!end) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the proxy's reply is longer than %d bytes", ORIEL_PROXY_REPLY_MAX);
        return size < ORIEL_PROXY_REPLY_MAX ? 0 : -1;
    }
    size_t line = (size_t)((const char *)memchr(bytes, '\r', size) - bytes);
    int status = status_of(bytes, line);
    if (status < 200) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the proxy does not speak HTTP/1.1");
        return -1;
    }
    if (status >= 300)
        return refuse(status, bytes, line, error);
    if (header != size) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "the proxy sent more than a reply to CONNECT");
        return -1;
    }
    return 1;
}
