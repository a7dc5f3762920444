/* egress/framing, egress/proxy: the first byte chooses how a stream is cut, the rest is the stream. Whatever comes, and
 * however it is cut: the same messages come out, each is a message by itself, and none is longer than it may be. */
#include "fuzz.h"

#include <string.h>

#include "framing.h"
#include "proxy.h"

/* A checksum of all messages that come out, in their order; `step` 0 is as much as there is room for. */
static uint64_t deframe(const uint8_t *data, size_t size, size_t step, int *end) {
    static struct oriel_deframer d;
    uint64_t sum = 14695981039346656037u; /* FNV-1a */
    memset(&d, 0, sizeof d);
    *end = 0;
    for (size_t at = 0; at < size && *end == 0;) {
        size_t room, n = size - at;
        uint8_t *to = oriel_deframer_room(&d, &room);
        fuzz_check(room > 0 && to + room == d.bytes + sizeof d.bytes);
        n = n < room ? n : room;
        n = step && n > step ? step : n;
        memcpy(to, data + at, n);
        oriel_deframer_add(&d, n);
        at += n;
        const uint8_t *message;
        size_t length, same;
        while ((*end = oriel_deframer_next(&d, &message, &length)) == 1) {
            fuzz_check(message >= d.bytes && message + length <= d.bytes + sizeof d.bytes);
            fuzz_check(oriel_frame_check(message, length, &same) != ORIEL_FRAME_BAD && same == length);
            for (size_t i = 0; i < length; i++)
                sum = (sum ^ message[i]) * 1099511628211u;
            sum = (sum ^ length) * 1099511628211u;
        }
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size)
        return 0;
    size_t step = data[0] + 1u, length;
    data++;
    size--;
    int whole_end, cut_end;
    uint64_t whole = deframe(data, size, 0, &whole_end), cut = deframe(data, size, step, &cut_end);
    fuzz_check(whole == cut && whole_end == cut_end);
    if (oriel_frame_check(data, size, &length) != ORIEL_FRAME_BAD)
        fuzz_check(length <= size && size - length < 4 && size <= ORIEL_FRAME_MAX && oriel_stun_padded(length) >= size);

    char error[ORIEL_EGRESS_TEXT_SIZE];
    size_t part = size < ORIEL_PROXY_REPLY_MAX ? size : ORIEL_PROXY_REPLY_MAX;
    int reply = oriel_proxy_reply((const char *)data, part, error);
    fuzz_check(reply == 1 || memchr(error, '\0', sizeof error) || reply == 0);
    fuzz_check(reply != 1 || (part >= 16 && memcmp(data + part - 4, "\r\n\r\n", 4) == 0));
    return 0;
}
