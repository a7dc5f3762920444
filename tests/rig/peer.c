/* An agent's browser that is none (tests/flow/hostile-peer.test.mjs): it has the keys of a session, gets as far as ICE,
 * DTLS-SRTP and SCTP must, and then sends what nobody should. At the start it says `port N` and `fingerprint XX:XX:…`;
 * then commands come by stdin, a line each, and answers go to stdout:
 *
 *   connect ADDRESS PORT UFRAG PWD UFRAG PWD     the device's candidate; our credentials, then those of the device
 *                                                -> connected
 *   fuzz WHAT COUNT SEED SSRC                    stun, dtls, rtp: as anybody could; srtcp, sctp, messages: with keys
 *                                                -> sent N (less than COUNT when the connection was over)
 *   ping                                         from now on, once a second
 *   take HOW                                     from now on it acknowledges all that the exact layer says, to that
 *                                                layer; to SCTP closed: with no room left; stuck: but for the next
 *                                                message of the channel for texts; silent: nothing at all
 *   heard                                        -> heard FIRST-PICTURE LAST-PICTURE LAST-PACKET (us of
 *                                                CLOCK_MONOTONIC)
 *
 * RFC 8489 and 8445 (only as much as a controlled agent needs), RFC 3711 and 5764 for SRTCP, RFC 9260 for SCTP. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LABEL "oriel" /* of the channel that pings go by */
#define EXACT_LABEL "oriel-exact"

enum { MTU = 1200, STUN_HEADER = 20, SCTP_HEADER = 12, OUR_TAG = 0x0badcafe };

static int udp;
static struct sockaddr_in device;
static char ours[2][257], theirs[2][257]; /* ufrag, pwd */
static SSL *ssl;
static bool checked, over, associated, talks; /* talks: the device has opened its channel for texts */
static uint32_t tag, tsn = 1, ssrc;
static unsigned stream; /* of the device's data channel, */
static unsigned exact;  /* and of the exact layer's */
static enum { ALL, CLOSED, STUCK, SILENT } taking;
static uint32_t newest, missing; /* TSN of the device's; of the message that does not come, 0: it did */
static long long ping_at;        /* us; 0: never */
static uint64_t random_state;

static uint32_t any(uint32_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return below ? (uint32_t)((random_state >> 11) % below) : 0;
}

static void fill(uint8_t *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)any(256);
}

static void put16(uint8_t *out, unsigned value) {
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void put32(uint8_t *out, uint32_t value) {
    put16(out, value >> 16);
    put16(out + 2, value & 0xffff);
}

static uint32_t get(const uint8_t *in, size_t n) {
    uint32_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | in[i];
    return value;
}

static void say(const char *what, unsigned value) {
    printf("%s %u\n", what, value);
    fflush(stdout);
}

static void put(const void *bytes, size_t length) {
    if (sendto(udp, bytes, length, 0, (struct sockaddr *)&device, sizeof device) < 0 && errno == ECONNREFUSED)
        over = true;
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Reflected CRC-32: STUN's polynomial, or SCTP's (Castagnoli). */
static uint32_t crc(const uint8_t *bytes, size_t n, uint32_t polynomial) {
    uint32_t value = ~0u;
    for (size_t i = 0; i < n; i++) {
        value ^= bytes[i];
        for (int k = 0; k < 8; k++)
            value = value >> 1 ^ (value & 1 ? polynomial : 0);
    }
    return ~value;
}

/* ---- STUN ---- */

static size_t attribute(uint8_t *message, size_t at, unsigned type, const void *value, size_t length) {
    put16(message + at, type);
    put16(message + at + 2, (unsigned)length);
    memset(message + at + 4, 0, (length + 3) & ~3u);
    memcpy(message + at + 4, value, length);
    return at + 4 + ((length + 3) & ~3u);
}

/* MESSAGE-INTEGRITY and FINGERPRINT. */
static size_t close_stun(uint8_t *message, size_t at, const char *password) {
    uint8_t hash[20], check[4];
    put16(message + 2, (unsigned)(at - STUN_HEADER + 24));
    HMAC(EVP_sha1(), password, (int)strlen(password), message, at, hash, NULL);
    at = attribute(message, at, 0x8, hash, sizeof hash);
    put16(message + 2, (unsigned)(at - STUN_HEADER + 8));
    put32(check, crc(message, at, 0xedb88320) ^ 0x5354554e);
    return attribute(message, at, 0x8028, check, sizeof check);
}

static size_t begin_stun(uint8_t *message, unsigned type, const uint8_t id[12]) {
    put16(message, type);
    put32(message + 4, 0x2112a442);
    memcpy(message + 8, id, 12);
    return STUN_HEADER;
}

static size_t binding_request(uint8_t *message) {
    uint8_t id[12], priority[4], tie[8];
    char name[520];
    fill(id, sizeof id);
    fill(tie, sizeof tie);
    put32(priority, 1862270975);
    size_t at = begin_stun(message, 1, id);
    int n = snprintf(name, sizeof name, "%s:%s", theirs[0], ours[0]);
    at = attribute(message, at, 0x6, name, (size_t)n);
    at = attribute(message, at, 0x24, priority, sizeof priority);
    at = attribute(message, at, 0x8029, tie, sizeof tie);
    return close_stun(message, at, theirs[1]);
}

static void answer_stun(const uint8_t *request, const struct sockaddr_in *from) {
    uint8_t message[MTU], mapped[8] = {0, 1};
    put16(mapped + 2, ntohs(from->sin_port) ^ 0x2112);
    put32(mapped + 4, ntohl(from->sin_addr.s_addr) ^ 0x2112a442);
    size_t at = begin_stun(message, 0x101, request + 8);
    at = attribute(message, at, 0x20, mapped, sizeof mapped);
    at = close_stun(message, at, ours[1]);
    sendto(udp, message, at, 0, (const struct sockaddr *)from, sizeof *from);
}

/* ---- DTLS ---- */

static void flush_dtls(void) {
    uint8_t bytes[65536];
    int n;
    while ((n = BIO_read(SSL_get_wbio(ssl), bytes, sizeof bytes)) > 0)
        put(bytes, (size_t)n);
}

static void write_dtls(const void *bytes, size_t length) {
    if (SSL_write(ssl, bytes, (int)length) <= 0)
        over = true;
    flush_dtls();
}

static void certify(SSL_CTX *context) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const uint8_t *)"peer", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    X509_sign(x, key, EVP_sha256());
    SSL_CTX_use_certificate(context, x);
    SSL_CTX_use_PrivateKey(context, key);
    uint8_t hash[32];
    X509_digest(x, EVP_sha256(), hash, NULL);
    printf("fingerprint ");
    for (int i = 0; i < 32; i++)
        printf("%s%02X", i ? ":" : "", hash[i]);
    puts("");
}

/* ---- SCTP ---- */

static void send_sctp(uint32_t to, const uint8_t *chunk, size_t length) {
    uint8_t packet[2048];
    put16(packet, 5000);
    put16(packet + 2, 5000);
    put32(packet + 4, to);
    memset(packet + 8, 0, 4);
    memcpy(packet + SCTP_HEADER, chunk, length);
    uint32_t sum = crc(packet, SCTP_HEADER + length, 0x82f63b78);
    for (int i = 0; i < 4; i++) /* in the order of its bytes (RFC 9260, appendix A) */
        packet[8 + i] = (uint8_t)(sum >> (8 * i));
    write_dtls(packet, SCTP_HEADER + length);
}

static void chunk_head(uint8_t *chunk, unsigned type, unsigned flags, size_t length) {
    chunk[0] = (uint8_t)type;
    chunk[1] = (uint8_t)flags;
    put16(chunk + 2, (unsigned)length);
}

/* A whole message, in whatever order it comes. */
static void send_message(unsigned to, uint32_t protocol, const char *bytes, size_t length) {
    uint8_t out[128] = {0};
    chunk_head(out, 0, 7, 16 + length);
    put32(out + 4, tsn++);
    put16(out + 8, to);
    put32(out + 12, protocol);
    memcpy(out + 16, bytes, length);
    send_sctp(tag, out, (16 + length + 3) & ~3u);
}

static bool is_label(const uint8_t *chunk, size_t length, const char *label) {
    size_t size = strlen(label);
    return length >= 28 + size && get(chunk + 24, 2) == size && memcmp(chunk + 28, label, size) == 0;
}

/* DCEP's OPEN -> ACK. */
static void open_channel(const uint8_t *chunk, size_t length) {
    unsigned opened = get(chunk + 8, 2);
    send_message(opened, 50, "\2", 1);
    if (is_label(chunk, length, LABEL))
        stream = opened, talks = true;
    if (is_label(chunk, length, EXACT_LABEL))
        exact = opened;
}

/* That a message of the exact layer's has come (PROTOCOL.md, Exact layer). */
static void acknowledge(const uint8_t *message, size_t length) {
    static uint8_t ack[23] = {2, 0x81};
    if (length > 4 && message[1] == 5)
        for (size_t at = 4; at + 2 < length; at += 2u + message[at] + 256u * message[at + 1])
            acknowledge(message + at + 2, message[at] + 256u * message[at + 1]);
    if (length < 14 || message[1] == 5)
        return;
    bool records = message[1] == 1;
    memcpy(ack + 2, message + 2, 2);
    if (records) { /* the first that it lacks */
        uint32_t next;
        memcpy(&next, message + 10, sizeof next);
        next += message[9];
        memcpy(ack + 4, &next, sizeof next);
    }
    uint32_t clock = (uint32_t)(now() / 100);
    memcpy(ack + 8, &clock, sizeof clock); /* as all of that layer, little-endian */
    ack[12] = !records;
    memcpy(ack + 13, message + 4, 4);
    memcpy(ack + 17, message + 20, message[1] == 2 ? 2 : 0);
    ack[19] = 1;
    send_message(exact, 53, (const char *)ack, records ? 13 : sizeof ack);
}

/* DATA -> SACK, or whatever it says. */
static void heard_data(const uint8_t *chunk, size_t length) {
    uint8_t out[20] = {0};
    uint32_t number = get(chunk + 4, 4);
    bool opens = length > 28 && get(chunk + 12, 4) == 50 && chunk[16] == 3;
    if (opens)
        open_channel(chunk, length);
    if ((int32_t)(number - newest) > 0 || opens)
        newest = number;
    if (taking == STUCK && !missing && get(chunk + 8, 2) == stream)
        missing = number;
    if (taking && length > 16 && get(chunk + 8, 2) == exact)
        acknowledge(chunk + 16, length - 16);
    if (taking == SILENT)
        return;
    bool gap = taking == STUCK && missing && newest != missing;
    chunk_head(out, 3, 0, gap ? 20 : 16);
    put32(out + 4, taking == STUCK && missing ? missing - 1 : newest);
    put32(out + 8, taking == ALL ? 1 << 20 : 0);
    put16(out + 12, gap);
    put16(out + 16, 2);
    put16(out + 18, (newest - missing + 1) & 0xffff);
    send_sctp(tag, out, gap ? 20 : 16);
}

static void heard_chunk(const uint8_t *chunk, size_t length) {
    uint8_t out[64] = {0};
    switch (chunk[0]) {
    case 0:
        heard_data(chunk, length);
        break;
    case 1: /* INIT -> INIT ACK with a cookie of four bytes */
        tag = get(chunk + 4, 4);
        chunk_head(out, 2, 0, 28);
        put32(out + 4, OUR_TAG);
        put32(out + 8, 1 << 20);
        put16(out + 12, 1024);
        put16(out + 14, 1024);
        put32(out + 16, tsn);
        put16(out + 20, 7);
        put16(out + 22, 8);
        send_sctp(tag, out, 28);
        break;
    case 4: /* HEARTBEAT */
        if (length <= sizeof out) {
            memcpy(out, chunk, length);
            out[0] = 5;
            send_sctp(tag, out, length);
        }
        break;
    case 6: /* ABORT */
        over = true;
        break;
    case 10: /* COOKIE ECHO */
        chunk_head(out, 11, 0, 4);
        send_sctp(tag, out, 4);
        associated = true;
        break;
    }
}

static void heard_sctp(const uint8_t *packet, size_t n) {
    for (size_t at = SCTP_HEADER; at + 4 <= n;) {
        size_t length = get(packet + at + 2, 2);
        if (length < 4 || at + length > n)
            return;
        heard_chunk(packet + at, length);
        at += (length + 3) & ~3u;
    }
}

/* ---- what comes ---- */

static void heard_dtls(const uint8_t *bytes, size_t n) {
    uint8_t plain[16384];
    BIO_write(SSL_get_rbio(ssl), bytes, (int)n);
    if (!SSL_is_init_finished(ssl))
        SSL_do_handshake(ssl);
    int got;
    while (SSL_is_init_finished(ssl) && (got = SSL_read(ssl, plain, sizeof plain)) > 0)
        if (got > SCTP_HEADER)
            heard_sctp(plain, (size_t)got);
    if (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
        over = true;
    flush_dtls();
}

static long long first_picture, last_picture, last_heard; /* us of CLOCK_MONOTONIC: RTP, and anything at all */

static void note_time(uint8_t kind) {
    last_heard = now();
    if (kind < 128 || kind >= 192)
        return;
    last_picture = last_heard;
    first_picture = first_picture ? first_picture : last_heard;
}

/* Once a second, as an agent's page must (PROTOCOL.md, Data channel). */
static void ping(void) {
    static const char text[] = "{\"t\":\"ping\",\"id\":1}";
    send_message(stream, 51, text, sizeof text - 1);
    ping_at = now() + 1000000;
}

static void listen_for(int ms) {
    struct pollfd p = {.fd = udp, .events = POLLIN};
    uint8_t bytes[65536];
    for (int wait = ms; poll(&p, 1, wait) > 0; wait = 0) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(udp, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
        if (n < 0 && errno == ECONNREFUSED)
            over = true;
        if (n < STUN_HEADER)
            return;
        note_time(bytes[0]);
        if (bytes[0] < 4 && get(bytes, 2) == 1) {
            answer_stun(bytes, &from);
            checked = true;
        } else if (bytes[0] >= 20 && bytes[0] < 64) {
            heard_dtls(bytes, (size_t)n);
        }
    }
}

static void connect_to_device(const char *address, unsigned port) {
    uint8_t message[MTU];
    device = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, address, &device.sin_addr);
    checked = over = associated = talks = false;
    for (int i = 0; i < 1500 && !(SSL_is_init_finished(ssl) && associated); i++) {
        if (i % 5 == 0)
            put(message, binding_request(message));
        listen_for(20);
        if (checked && !SSL_is_init_finished(ssl)) {
            SSL_do_handshake(ssl);
            DTLSv1_handle_timeout(ssl);
            flush_dtls();
        }
    }
    printf("%s\n", associated ? "connected" : checked ? "no handshake" : "no path");
    fflush(stdout);
}

/* ---- SRTCP (RFC 3711, AES_CM_128_HMAC_SHA1_80) ---- */

static struct {
    uint8_t key[16], authentication[20], salt[14];
    uint32_t index;
} srtcp;

static void counter_mode(const uint8_t key[16], const uint8_t iv[16], uint8_t *bytes, size_t n) {
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int length;
    EVP_EncryptInit_ex(c, EVP_aes_128_ctr(), NULL, key, iv);
    EVP_EncryptUpdate(c, bytes, &length, bytes, (int)n);
    EVP_CIPHER_CTX_free(c);
}

static void derive(const uint8_t key[16], const uint8_t salt[14], uint8_t label, uint8_t *out, size_t n) {
    uint8_t iv[16] = {0};
    memcpy(iv, salt, 14);
    iv[7] ^= label;
    memset(out, 0, n);
    counter_mode(key, iv, out, n);
}

static void key_srtcp(void) {
    uint8_t material[60];
    SSL_export_keying_material(ssl, material, sizeof material, "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0);
    derive(material, material + 32, 3, srtcp.key, sizeof srtcp.key);
    derive(material, material + 32, 4, srtcp.authentication, sizeof srtcp.authentication);
    derive(material, material + 32, 5, srtcp.salt, sizeof srtcp.salt);
}

static void send_srtcp(uint8_t *packet, size_t n) {
    uint8_t iv[16] = {0}, hash[20];
    uint32_t index = ++srtcp.index;
    memcpy(iv, srtcp.salt, sizeof srtcp.salt);
    for (int i = 0; i < 4; i++) {
        iv[4 + i] ^= packet[4 + i];
        iv[10 + i] ^= (uint8_t)(index >> (24 - 8 * i));
    }
    counter_mode(srtcp.key, iv, packet + 8, n - 8);
    put32(packet + n, index | 0x80000000);
    HMAC(EVP_sha1(), srtcp.authentication, sizeof srtcp.authentication, packet, n + 4, hash, NULL);
    memcpy(packet + n + 4, hash, 10);
    put(packet, n + 14);
}

/* ---- garbage, most of it almost right ---- */

static void spoil(uint8_t *bytes, size_t n) {
    for (uint32_t i = any(4); i > 0 && n; i--)
        bytes[any((uint32_t)n)] = (uint8_t)any(256);
}

static void fuzz_stun(void) {
    uint8_t message[MTU];
    size_t n = binding_request(message);
    if (any(3) == 0) { /* within a good integrity, attributes that are not */
        uint8_t value[300];
        size_t length = any(sizeof value);
        fill(value, length);
        n = attribute(message, STUN_HEADER, any(2) ? any(0x40) : 0x8000 + any(0x40), value, length);
        n = close_stun(message, n, theirs[1]);
    }
    if (any(4))
        spoil(message, n);
    put(message, any(4) ? n : any((uint32_t)n + 1));
}

static void fuzz_dtls(void) {
    uint8_t record[MTU];
    size_t n = 13 + any(MTU - 13);
    fill(record, n);
    record[0] = (uint8_t)(20 + any(8));
    put16(record + 1, any(2) ? 0xfefd : 0xfeff);
    put16(record + 3, any(3));
    put16(record + 11, any(8) ? (unsigned)(n - 13) : any(65536));
    put(record, n);
}

static size_t rtcp(uint8_t *packet, size_t room) {
    size_t n = 0;
    do {
        size_t words = 1 + any(40);
        if (n + 4 * words + 4 > room)
            break;
        uint8_t *p = packet + n;
        fill(p, 4 * words + 4);
        /* SR, RR, SDES, BYE, APP, RTPFB, PSFB, XR and beyond; the formats that are in use (NACK, TWCC, PLI, FIR, REMB)
         */
        static const uint8_t formats[] = {0, 1, 2, 4, 15, 31};
        p[0] = (uint8_t)(0x80 | (any(8) ? formats[any(sizeof formats)] : any(32)));
        p[1] = (uint8_t)(200 + any(9));
        put16(p + 2, any(6) ? (unsigned)words : any(65536));
        if (words > 1 && any(2))
            put32(p + 8, ssrc);
        n += 4 * words + 4;
    } while (any(3));
    return n < 12 ? 12 : n;
}

static void fuzz_rtp(void) {
    uint8_t packet[MTU + 32] = {0};
    size_t n = rtcp(packet, MTU);
    if (any(2))
        packet[1] = (uint8_t)any(256);
    put(packet, n);
}

static void fuzz_srtcp(void) {
    uint8_t packet[MTU + 32] = {0};
    send_srtcp(packet, rtcp(packet, MTU));
}

static size_t data_chunk(uint8_t *chunk, uint32_t protocol, size_t payload) {
    size_t n = 16 + payload;
    chunk_head(chunk, 0, 3, n);
    put32(chunk + 4, tsn++);
    put16(chunk + 8, any(8) ? any(4) : any(65536));
    put16(chunk + 10, 0);
    put32(chunk + 12, protocol);
    return n;
}

/* Of an association: all chunks there are but DATA that means something, ABORT and SHUTDOWN, which would end it at
 * once. */
static void fuzz_sctp(void) {
    static const uint8_t types[] = {1,  2,  3,   3,   4,   5,   9,   10,  11,  12,  13,
                                    15, 64, 128, 130, 130, 132, 192, 192, 193, 194, 255};
    uint8_t chunk[700];
    size_t n = 4 + any(600);
    fill(chunk, sizeof chunk);
    if (any(8) == 0)
        n = data_chunk(chunk, 99, any(400));
    else
        chunk_head(chunk, types[any(sizeof types)], any(256), any(6) ? n : any(65536));
    if (chunk[0] == 3 || chunk[0] == 192) { /* near what it has sent */
        put32(chunk + 4, tsn + any(16));
        put16(chunk + 12, any(20));
        put16(chunk + 14, any(20));
    }
    if (chunk[0] == 1)
        put32(chunk + 4, OUR_TAG);
    send_sctp(any(16) ? chunk[0] == 1 ? 0 : tag : any(~0u), chunk, (n + 3) & ~3u);
}

/* Data channels and what is said in them: DCEP (RFC 8832), text and binary, whole and broken. */
static void fuzz_messages(void) {
    static const uint32_t protocols[] = {50, 50, 50, 51, 53, 54, 56, 57};
    uint8_t chunk[700];
    fill(chunk, sizeof chunk);
    size_t payload = any(500);
    uint32_t protocol = protocols[any(sizeof protocols / sizeof *protocols)];
    size_t n = data_chunk(chunk, protocol, payload);
    if (protocol == 50 && payload > 12) {
        chunk[16] = any(8) ? 3 : 2;
        put16(chunk + 24, any(4) ? any((uint32_t)payload - 11) : any(65536));
        put16(chunk + 26, 0);
    }
    send_sctp(tag, chunk, (n + 3) & ~3u);
}

static const struct {
    const char *name;
    void (*send)(void);
} kinds[] = {{"stun", fuzz_stun},   {"dtls", fuzz_dtls}, {"rtp", fuzz_rtp},
             {"srtcp", fuzz_srtcp}, {"sctp", fuzz_sctp}, {"messages", fuzz_messages}};

static void fuzz(const char *what, unsigned count) {
    unsigned sent = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (; strcmp(kinds[k].name, what) == 0 && sent < count && !over; sent++) {
            kinds[k].send();
            listen_for(sent % 16 ? 0 : 1); /* a network is no faster */
        }
    say("sent", sent);
}

static void open_udp(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (udp < 0 || bind(udp, (struct sockaddr *)&at, sizeof at) < 0)
        exit(1);
    getsockname(udp, (struct sockaddr *)&at, &length);
    say("port", ntohs(at.sin_port));
}

int main(void) {
    char line[2048], address[64], what[16];
    unsigned port, count, own;
    unsigned long long seed;
    setvbuf(stdin, NULL, _IONBF, 0); /* several lines may come at once: poll() must see those that are not read yet */
    open_udp();
    SSL_CTX *context = SSL_CTX_new(DTLS_client_method());
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
    SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AES128_CM_SHA1_80");
    certify(context);
    fflush(stdout);
    random_state = 1;
    ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    DTLS_set_link_mtu(ssl, MTU);
    struct pollfd both[] = {{.fd = 0, .events = POLLIN}, {.fd = udp, .events = POLLIN}};
    for (;;) {
        poll(both, 2, ping_at ? 100 : -1);
        if (ping_at && now() >= ping_at && talks && !over)
            ping();
        if (both[1].revents)
            listen_for(0);
        if (!both[0].revents)
            continue;
        if (!fgets(line, sizeof line, stdin))
            return 0;
        if (sscanf(line, "connect %63s %u %256s %256s %256s %256s", address, &port, ours[0], ours[1], theirs[0],
                   theirs[1]) == 6) {
            connect_to_device(address, port);
            key_srtcp();
        } else if (sscanf(line, "fuzz %15s %u %llu %u", what, &count, &seed, &own) == 4) {
            random_state = seed * 0x9e3779b97f4a7c15 + 1;
            ssrc = own;
            fuzz(what, count);
        } else if (strncmp(line, "ping", 4) == 0) {
            ping_at = now();
        } else if (strncmp(line, "heard", 5) == 0) {
            printf("heard %lld %lld %lld\n", first_picture, last_picture, last_heard);
            fflush(stdout);
        } else if (sscanf(line, "take %15s", what) == 1) {
            taking = strcmp(what, "closed") == 0 ? CLOSED : strcmp(what, "stuck") == 0 ? STUCK : SILENT;
        }
    }
}
