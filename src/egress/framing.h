/* The little that egress knows of what it moves: where a STUN message (RFC 8489, section 5) or a ChannelData message
 * (RFC 8656, section 12.4) begins and ends. In a datagram it fills the datagram; in a stream they follow one another,
 * ChannelData padded to a multiple of four (section 12.5).
 *
 * Policy: whatever is neither is refused, in both directions. In a stream a wrong beginning means that the place is
 * lost for good: the stream is broken. A message that is right but longer than FRAME_MAX is passed over, byte by byte,
 * without being kept: a peer may send datagrams of 64 KiB, media never could use one.
 * Limits: a message of at most 2,048 bytes; a deframer is one fixed buffer. Pure functions. */
#ifndef ORIEL_EGRESS_FRAMING_H
#define ORIEL_EGRESS_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stun.h"

enum { ORIEL_FRAME_MAX = 2048, ORIEL_DEFRAMER_SIZE = 8192 };

enum oriel_frame_kind {
    ORIEL_FRAME_BAD,
    ORIEL_FRAME_CONTROL, /* STUN: what keeps an allocation alive. */
    ORIEL_FRAME_MEDIA,   /* ChannelData, and Send and Data indications: somebody else's bytes. */
};

/* What a datagram is. `length` is set to its length without padding. */
enum oriel_frame_kind oriel_frame_check(const uint8_t *datagram, size_t size, size_t *length);
/* A checked STUN message that asks for an allocation: with it a new transport of media begins. */
bool oriel_frame_is_allocate(const uint8_t *datagram);

/* Messages out of a stream: room() and add() to put bytes in, then next() until it gives 0. */
struct oriel_deframer {
    size_t start, end; /* bytes not yet looked at */
    size_t skip;       /* bytes still to be passed over */
    unsigned passed;   /* messages passed over */
    uint8_t bytes[ORIEL_DEFRAMER_SIZE];
};

/* Where to put up to `*room` bytes, never 0. Messages given before are gone with it. */
uint8_t *oriel_deframer_room(struct oriel_deframer *d, size_t *room);
void oriel_deframer_add(struct oriel_deframer *d, size_t bytes);
/* 1: a message, without padding, in the deframer's own buffer · 0: there is no whole one · -1: the stream is broken. */
int oriel_deframer_next(struct oriel_deframer *d, const uint8_t **message, size_t *length);

#endif
