/* What all STUN messages have in common (RFC 8489, section 5; attributes: section 14): for framing.c, which finds them,
 * and turn.c, which reads and writes some. */
#ifndef ORIEL_EGRESS_STUN_H
#define ORIEL_EGRESS_STUN_H

#include <stddef.h>
#include <stdint.h>

enum { ORIEL_STUN_HEADER = 20, ORIEL_STUN_ALLOCATE = 0x0003 };

static const uint8_t oriel_stun_cookie[4] = {0x21, 0x12, 0xa4, 0x42};

static inline size_t oriel_stun_read16(const uint8_t *at) {
    return (size_t)at[0] << 8 | at[1];
}

/* To a multiple of four, as attributes are, and ChannelData in a stream (RFC 8656, section 12.5). */
static inline size_t oriel_stun_padded(size_t length) {
    return (length + 3) & ~(size_t)3;
}

#endif
