/* media/sctploss: packets that leave, as SCTP makes them, and whatever comes from the page. Each step of the input is a
 * byte: a message of the exact layer or of another stream leaves, or as many bytes as it says come. However the page
 * lies, SCTP is never told that a message has come which is not the exact layer's, but by the page itself, nor one that
 * has not left; and the page never not to wait for one. */
#include "fuzz.h"

#include <string.h>

#include "sctploss.h"

enum { HEAD = 12, STREAM = 3, OTHER = 1, UNORDERED = 4, SACK = 3, SACK_HEAD = 16, FORWARD_TSN = 192, MANY = 4096 };

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
    for (uint32_t tsn = 0; tsn != all + 1; tsn++)
        check_come(tsn);
    for (unsigned i = 0; i < read16(sack + 12); i++)
        for (unsigned n = read16(sack + SACK_HEAD + 4 * i); n <= read16(sack + SACK_HEAD + 2 + 4 * i); n++)
            check_come(all + n);
}

static void leave(struct oriel_sctploss *loss, bool exact) {
    struct oriel_sctploss_packet p = {.length = HEAD + SACK_HEAD + 700}, answer;
    uint8_t *data = p.bytes + HEAD;
    const uint8_t head[] = {0,
                            exact ? UNORDERED : 0,
                            (SACK_HEAD + 700) >> 8,
                            (SACK_HEAD + 700) & 0xff,
                            0,
                            0,
                            (uint8_t)(sent.next >> 8),
                            (uint8_t)sent.next,
                            0,
                            exact ? STREAM : OTHER};
    memcpy(data, head, sizeof head);
    sent.exact[sent.next++] = exact;
    if (oriel_sctploss_sent(loss, &p, &answer)) {
        fuzz_check(p.length == HEAD + 8 + SACK_HEAD + 700 && data[0] == FORWARD_TSN);
        for (uint32_t tsn = 0; tsn != read32(data + 4) + 1; tsn++)
            check_come(tsn);
    }
    if (answer.length)
        check_sack(answer.bytes + HEAD, answer.length - HEAD);
}

/* What the page says of the other stream, it may say; but not of what has not left. */
static void hear(const struct oriel_sctploss_packet *p) {
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

static void come(struct oriel_sctploss *loss, const uint8_t *bytes, size_t length, int64_t now) {
    struct oriel_sctploss_packet p = {.length = length};
    memcpy(p.bytes, bytes, length);
    hear(&p);
    if (oriel_sctploss_came(loss, &p, now)) {
        size_t at = HEAD;
        fuzz_check(p.length <= sizeof p.bytes);
        while (p.bytes[at] != SACK)
            at += (read16(p.bytes + at + 2) + 3u) & ~3u;
        check_sack(p.bytes + at, p.length - at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct oriel_sctploss *loss = oriel_sctploss_new(STREAM);
    memset(&sent, 0, sizeof sent);
    for (size_t at = 0; at < size && sent.next < MANY; at++) {
        size_t length = data[at] & 0x7f;
        if (data[at] & 0x80)
            leave(loss, data[at] & 1);
        else if (length <= size - at - 1) {
            come(loss, data + at + 1, length, (int64_t)(at + 1) * 50 * ORIEL_MILLISECOND);
            at += length;
        }
    }
    oriel_sctploss_unref(loss);
    return 0;
}
