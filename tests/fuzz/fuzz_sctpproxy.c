/* media/sctpproxy: packets that leave, as SCTP makes them, and whatever comes from the page. Each step of the input is
 * a byte: a message of the exact layer or of another stream leaves, or as many bytes as it says come. However the page
 * lies, SCTP is never told that a message has come which has not left, nor the page not to wait for one that is not the
 * exact layer's; and what leaves again is one of those, as it was. */
#include "fuzz.h"

#include <string.h>

#include "sctpproxy.h"

enum {
    HEAD = 12,
    DATA_HEAD = 16,
    STREAM = 3,
    OTHER = 1,
    UNORDERED = 4,
    SACK = 3,
    SACK_HEAD = 16,
    FORWARD_TSN = 192,
    MANY = 4096
};

static struct {
    uint32_t next;
    uint8_t exact[MANY], told[MANY]; /* of each message that has left: whether it is; whether the page says it came */
} sent;

static uint32_t read32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static unsigned read16(const uint8_t *at) {
    return (unsigned)at[0] << 8 | at[1];
}

static void check_come(uint32_t tsn) {
    fuzz_check(tsn < sent.next && (sent.exact[tsn] || sent.told[tsn]));
}

static void check_sack(const uint8_t *sack, size_t length) {
    uint32_t all = read32(sack + 4);
    fuzz_check(length >= SACK_HEAD && length >= SACK_HEAD + 4u * read16(sack + 12));
    fuzz_check(all + 1 <= sent.next);
    for (unsigned i = 0; i < read16(sack + 12); i++)
        fuzz_check(all + read16(sack + SACK_HEAD + 2 + 4 * i) < sent.next);
}

static size_t write_data(uint8_t *data, uint32_t tsn) {
    const size_t length = DATA_HEAD + (sent.exact[tsn] ? 700 : 4 * (tsn % 32));
    const uint8_t head[] = {0,
                            sent.exact[tsn] ? UNORDERED : 0,
                            (uint8_t)(length >> 8),
                            (uint8_t)length,
                            0,
                            0,
                            (uint8_t)(tsn >> 8),
                            (uint8_t)tsn,
                            0,
                            sent.exact[tsn] ? STREAM : OTHER};
    memset(data, (int)tsn, length);
    memcpy(data, head, sizeof head);
    return length;
}

static void check_changed(const struct oriel_sctp_packet *p, uint32_t own) {
    uint8_t plain[DATA_HEAD + 700];
    for (size_t at = HEAD; at < p->length;) {
        const uint8_t *chunk = p->bytes + at;
        const uint32_t tsn = read32(chunk + 4);
        fuzz_check(at == HEAD || chunk[0] != FORWARD_TSN);
        for (uint32_t all = 0; chunk[0] == FORWARD_TSN && all != tsn + 1; all++)
            check_come(all);
        if (chunk[0] != FORWARD_TSN) {
            fuzz_check(tsn < sent.next && (tsn == own || !sent.exact[tsn]));
            fuzz_check(memcmp(plain, chunk, write_data(plain, tsn)) == 0);
        }
        at += read16(chunk + 2);
        fuzz_check(at <= p->length && p->length <= sizeof p->bytes);
    }
}

static void leave(struct oriel_sctp_proxy *proxy, bool exact, int64_t now) {
    struct oriel_sctp_packet p, answer;
    const uint32_t tsn = sent.next++;
    sent.exact[tsn] = exact;
    p.length = HEAD + write_data(p.bytes + HEAD, tsn);
    if (oriel_sctp_proxy_sent(proxy, &p, &answer, now))
        check_changed(&p, tsn);
    if (answer.length)
        check_sack(answer.bytes + HEAD, answer.length - HEAD);
}

/* What the page says of the other stream, it may say; but not of what has not left. */
static void hear(const struct oriel_sctp_packet *p) {
    for (size_t at = HEAD; at + SACK_HEAD <= p->length;) {
        const uint8_t *chunk = p->bytes + at;
        size_t length = read16(chunk + 2);
        if (length < 4 || at + length > p->length)
            return;
        for (uint32_t tsn = 0; chunk[0] == SACK && tsn < sent.next && tsn < read32(chunk + 4) + 1; tsn++)
            sent.told[tsn] = 1;
        for (unsigned i = 0; chunk[0] == SACK && i < read16(chunk + 12) && SACK_HEAD + 4 * (i + 1) <= length; i++)
            for (unsigned n = read16(chunk + SACK_HEAD + 4 * i); n <= read16(chunk + SACK_HEAD + 2 + 4 * i); n++)
                if (read32(chunk + 4) + n < sent.next)
                    sent.told[read32(chunk + 4) + n] = 1;
        at += (length + 3) & ~(size_t)3;
    }
}

/* Left as it came, but for the room that it tells. */
static bool is_left(const uint8_t *sack, const uint8_t *before) {
    const size_t length = read16(sack + 2);
    return memcmp(sack, before, 8) == 0 && memcmp(sack + 12, before + 12, length - 12) == 0;
}

static void come(struct oriel_sctp_proxy *proxy, const uint8_t *bytes, size_t length, int64_t now) {
    struct oriel_sctp_packet p = {.length = length};
    memcpy(p.bytes, bytes, length);
    hear(&p);
    if (oriel_sctp_proxy_came(proxy, &p, now)) {
        size_t at = HEAD;
        fuzz_check(p.length <= sizeof p.bytes);
        while (p.bytes[at] != SACK)
            at += (read16(p.bytes + at + 2) + 3u) & ~3u;
        fuzz_check(read32(p.bytes + at + 8) == 1024 * 1024);
        if (!is_left(p.bytes + at, bytes + at))
            check_sack(p.bytes + at, p.length - at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct oriel_sctp_proxy *proxy = oriel_sctp_proxy_new(STREAM);
    memset(&sent, 0, sizeof sent);
    for (size_t at = 0; at < size && sent.next < MANY; at++) {
        size_t length = data[at] & 0x7f;
        const int64_t now = (int64_t)(at + 1) * 50 * ORIEL_MILLISECOND;
        if (data[at] & 0x80)
            leave(proxy, data[at] & 1, now);
        else if (length <= size - at - 1) {
            come(proxy, data + at + 1, length, now);
            at += length;
        }
    }
    oriel_sctp_proxy_unref(proxy);
    return 0;
}
