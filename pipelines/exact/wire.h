/* The messages of the data channel "oriel-exact", byte for byte as signaling/PROTOCOL.md says (Exact layer).
 * Policy: writers never exceed ORIEL_EXACT_MESSAGE_MAX; what the page says is read strictly, and one wrong byte makes
 * it no message. Pure functions. */
#ifndef ORIEL_EXACT_WIRE_H
#define ORIEL_EXACT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"
#include "moves.h"

enum {
    ORIEL_EXACT_VERSION = 2,
    ORIEL_EXACT_MESSAGE_MAX = 1150, /* one packet, whatever DTLS, TURN and IPv6 add */
    ORIEL_EXACT_NAME = 16,
    ORIEL_EXACT_CHUNK_HEAD = 42,
    ORIEL_EXACT_CHUNK_MAX = ORIEL_EXACT_MESSAGE_MAX - ORIEL_EXACT_CHUNK_HEAD,
    ORIEL_EXACT_RECTS_MAX = 32,
    ORIEL_EXACT_MOVES_MAX = 4,
    ORIEL_EXACT_RECORDS_HEAD = 14,
    ORIEL_EXACT_RECORD_HEAD = 7,
    ORIEL_EXACT_SMALL_HEAD = 20,
    ORIEL_EXACT_PART_HEAD = 2, /* of each message in a bundle */
    ORIEL_EXACT_BUNDLE_HEAD = 4,
    ORIEL_EXACT_MOVE = 12,
    ORIEL_EXACT_RANGES_MAX = 64,
    ORIEL_EXACT_NO_SLOT = 0xffff,
};

/* How one picture differs from the one before it. */
struct oriel_exact_record {
    uint32_t number, rtp;
    bool frame; /* the frame of that time shows it; else the tiles alone do */
    uint8_t move_count, count;
    struct oriel_move moves[ORIEL_EXACT_MOVES_MAX]; /* these first, one after the other */
    struct oriel_rect rects[ORIEL_EXACT_RECTS_MAX];
};

struct oriel_exact_tile_head {
    uint32_t tile, rtp;
    struct oriel_rect rect;
    uint16_t index, count;   /* of the chunks */
    uint16_t from_x, from_y; /* where it begins in the image, of a reference */
    uint16_t slot;           /* of the page's cache, ORIEL_EXACT_NO_SLOT: it keeps none */
    uint8_t name[ORIEL_EXACT_NAME];
};

/* What the page has. */
struct oriel_exact_range {
    uint32_t tile;
    uint16_t first, count;
    uint16_t ago; /* it came so long before the message left, in 1/10 ms */
};
struct oriel_exact_heard {
    enum { ORIEL_EXACT_ACK, ORIEL_EXACT_MISS } kind;
    uint16_t epoch;
    uint32_t number; /* ACK: the first record that it lacks; MISS: the tile whose reference it can't follow */
    uint32_t at;     /* ACK: when it left by the page's clock, in 1/10 ms modulo 2^32 */
    unsigned count;
    struct oriel_exact_range ranges[ORIEL_EXACT_RANGES_MAX];
};

/* What the page is told that it will have: all pixels, all but some that are on their way, or that something moves. */
enum oriel_exact_state { ORIEL_EXACT_EXACT, ORIEL_EXACT_SETTLING, ORIEL_EXACT_MOTION };

/* Bytes that it takes in a message. */
size_t oriel_exact_record_size(const struct oriel_exact_record *record);

/* As many of the records, which are numbered one after the other, as fit; how many, and the message in `out`. */
size_t oriel_exact_write_records(uint16_t epoch, unsigned width, unsigned height, enum oriel_exact_state state,
                                 const struct oriel_exact_record *const *records, size_t count,
                                 uint8_t out[ORIEL_EXACT_MESSAGE_MAX], size_t *length);

/* One chunk of a tile's image; the length of the message. */
size_t oriel_exact_write_chunk(uint16_t epoch, const struct oriel_exact_tile_head *head, const uint8_t *bytes,
                               size_t length, uint8_t out[ORIEL_EXACT_MESSAGE_MAX]);

/* A tile of one message, whose image is by runs.h: at most ORIEL_EXACT_MESSAGE_MAX - ORIEL_EXACT_SMALL_HEAD bytes. */
size_t oriel_exact_write_small(uint16_t epoch, const struct oriel_exact_tile_head *head, const uint8_t *bytes,
                               size_t length, uint8_t out[ORIEL_EXACT_MESSAGE_MAX]);

/* Several messages in one; of one alone, that itself. */
struct oriel_exact_bundle {
    unsigned count;
    size_t length;
    uint8_t bytes[ORIEL_EXACT_MESSAGE_MAX];
};
void oriel_exact_bundle_start(struct oriel_exact_bundle *bundle, uint16_t epoch);
/* How long the next message may be. */
size_t oriel_exact_bundle_room(const struct oriel_exact_bundle *bundle);
void oriel_exact_bundle_add(struct oriel_exact_bundle *bundle, const uint8_t *message, size_t length);
const uint8_t *oriel_exact_bundle_end(const struct oriel_exact_bundle *bundle, size_t *length);

/* A tile whose image is in the page's cache, or a part of one there. */
size_t oriel_exact_write_reference(uint16_t epoch, const struct oriel_exact_tile_head *head,
                                   uint8_t out[ORIEL_EXACT_MESSAGE_MAX]);

/* False: it is no message of the page. */
bool oriel_exact_read(const uint8_t *bytes, size_t length, struct oriel_exact_heard *heard);

#endif
