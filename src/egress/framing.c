/* See framing.h. */
#include "framing.h"

#include <string.h>

enum {
    CHANNEL_HEADER = 4,
    METHOD_SEND_INDICATION = 0x0016,
    METHOD_DATA_INDICATION = 0x0017,
};

static bool is_channel(uint8_t first) {
    return (first & 0xf0) == 0x40;
}

/* A header of `have` bytes: the message's length without padding, 0 when it takes more bytes to tell, -1 when it is no
 * message's. */
static long header_length(const uint8_t *bytes, size_t have) {
    if (have == 0)
        return 0;
    if (is_channel(bytes[0]))
        return have < CHANNEL_HEADER ? 0 : (long)(CHANNEL_HEADER + oriel_stun_read16(bytes + 2));
    if (bytes[0] & 0xc0)
        return -1;
    if (have < ORIEL_STUN_HEADER)
        return 0;
    if (bytes[3] & 3 || memcmp(bytes + 4, oriel_stun_cookie, sizeof oriel_stun_cookie) != 0)
        return -1;
    return (long)(ORIEL_STUN_HEADER + oriel_stun_read16(bytes + 2));
}

enum oriel_frame_kind oriel_frame_check(const uint8_t *datagram, size_t size, size_t *length) {
    long whole = size <= ORIEL_FRAME_MAX ? header_length(datagram, size) : -1;
    if (whole <= 0 || (size_t)whole > size)
        return ORIEL_FRAME_BAD;
    bool channel = is_channel(datagram[0]);
    /* In a datagram, too, ChannelData may be padded. */
    if (channel ? size != (size_t)whole && size != oriel_stun_padded((size_t)whole) : size != (size_t)whole)
        return ORIEL_FRAME_BAD;
    *length = (size_t)whole;
    size_t type = oriel_stun_read16(datagram);
    return channel || type == METHOD_SEND_INDICATION || type == METHOD_DATA_INDICATION ? ORIEL_FRAME_MEDIA
                                                                                       : ORIEL_FRAME_CONTROL;
}

bool oriel_frame_is_allocate(const uint8_t *datagram) {
    return oriel_stun_read16(datagram) == ORIEL_STUN_ALLOCATE;
}

uint8_t *oriel_deframer_room(struct oriel_deframer *d, size_t *room) {
    memmove(d->bytes, d->bytes + d->start, d->end - d->start);
    d->end -= d->start;
    d->start = 0;
    *room = sizeof d->bytes - d->end;
    return d->bytes + d->end;
}

void oriel_deframer_add(struct oriel_deframer *d, size_t bytes) {
    d->end += bytes;
}

int oriel_deframer_next(struct oriel_deframer *d, const uint8_t **message, size_t *length) {
    for (;;) {
        size_t have = d->end - d->start, over = d->skip < have ? d->skip : have;
        d->start += over;
        d->skip -= over;
        if (d->skip)
            return 0;
        have -= over;
        const uint8_t *at = d->bytes + d->start;
        long whole = header_length(at, have);
        if (whole <= 0)
            return (int)whole;
        size_t padded = oriel_stun_padded((size_t)whole);
        if (whole <= ORIEL_FRAME_MAX) {
            if (padded > have)
                return 0;
            *message = at;
            *length = (size_t)whole;
            d->start += padded;
            return 1;
        }
        d->skip = padded;
        d->passed++;
    }
}
