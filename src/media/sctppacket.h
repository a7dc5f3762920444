/* SCTP packets on their way, and the chunks in them that somebody between the two ends must know: DATA and SACK (RFC
 * 9260, section 3), FORWARD TSN (RFC 3758, section 3.2).
 *
 * Policy: what is read may have been written by anybody; what does not fit into its packet, or is in no order, is not
 * read. The sum is not looked at, which SCTP does. Limits: one buffer of the size that usrsctp's packets have at most;
 * what does not fit is not added. Pure functions. */
#ifndef ORIEL_SCTPPACKET_H
#define ORIEL_SCTPPACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ORIEL_SCTP_PACKET_MAX = 1200,
    ORIEL_SCTP_HEADER = 12,      /* ports, verification tag, checksum: then the chunks */
    ORIEL_SCTP_CHECKSUM = 8,     /* where that is */
    ORIEL_SCTP_DATA = 0,         /* types of chunks, */
    ORIEL_SCTP_SACK = 3,         /* whose first byte tells it */
    ORIEL_SCTP_DATA_HEADER = 16, /* of the chunk's: then the user data */
    ORIEL_SCTP_SACK_HEADER = 16, /* likewise: then the gap ack blocks */
    ORIEL_SCTP_GAP_BLOCK = 4,    /* each */
    ORIEL_SCTP_GAP_BLOCKS_MAX = (ORIEL_SCTP_PACKET_MAX - ORIEL_SCTP_HEADER - ORIEL_SCTP_SACK_HEADER) / 4,
};

struct oriel_sctp_packet {
    size_t length;
    uint8_t bytes[ORIEL_SCTP_PACKET_MAX];
};

struct oriel_sctp_data {
    uint32_t tsn;
    uint16_t stream, size; /* of its user data */
    bool unordered, last;  /* of its message's fragments */
};

struct oriel_sctp_sack {
    uint32_t cumulative; /* TSN: all up to it have come */
    uint32_t room;       /* the advertised receiver window credit (a_rwnd) */
    unsigned count;      /* what has come beyond it, counted from there, ascending: */
    struct oriel_sctp_gap_block {
        uint16_t start, end;
    } blocks[ORIEL_SCTP_GAP_BLOCKS_MAX];
};

/* Of two TSNs, which wrap. */
static inline bool oriel_tsn_after(uint32_t a, uint32_t b) {
    return (int32_t)(a - b) > 0;
}

/* CRC32c (RFC 9260, appendix A). */
uint32_t oriel_crc32c(const uint8_t *bytes, size_t length);

/* Writes the checksum, after the last change. */
void oriel_sctp_sign(struct oriel_sctp_packet *packet);

/* The chunk at `*at`, with its padding, ends at the new `*at`. Its length; 0: there is none, or a broken one. */
size_t oriel_sctp_next_chunk(const struct oriel_sctp_packet *packet, size_t *at);

/* Of a chunk of that type, and of that length. False: it can't be read. */
bool oriel_sctp_read_data(const uint8_t *chunk, size_t length, struct oriel_sctp_data *data);
bool oriel_sctp_read_sack(const uint8_t *chunk, size_t length, struct oriel_sctp_sack *sack);

/* Its length. */
size_t oriel_sctp_write_sack(const struct oriel_sctp_sack *sack, uint8_t *chunk);
/* In a chunk that stays as it is but for this. */
void oriel_sctp_write_sack_room(uint32_t room, uint8_t *chunk);

/* Behind the others, and padded. False: there is no room. */
bool oriel_sctp_append(struct oriel_sctp_packet *packet, const uint8_t *chunk, size_t length);
/* A FORWARD TSN, before data, as is every chunk that is none. Likewise. */
bool oriel_sctp_insert_forward(struct oriel_sctp_packet *packet, uint32_t tsn);

#endif
