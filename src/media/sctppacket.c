/* See sctppacket.h. */
#include "sctppacket.h"

#include <gst/gst.h>
#include <string.h>

enum {
    CHUNK_HEADER = 4, /* type, flags, length */
    LAST = 1,         /* flags of DATA */
    UNORDERED = 4,
    FORWARD_TSN = 192,
    FORWARD_TSN_LENGTH = 8,
};

uint32_t oriel_crc32c(const uint8_t *bytes, size_t length) {
    static uint32_t table[256];
    static gsize made;
    if (g_once_init_enter(&made)) {
        for (uint32_t i = 0; i < G_N_ELEMENTS(table); i++) {
            table[i] = i;
            for (int bit = 0; bit < 8; bit++)
                table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78u : 0);
        }
        g_once_init_leave(&made, 1);
    }
    uint32_t crc = ~0u;
    for (size_t i = 0; i < length; i++)
        crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
    return ~crc;
}

void oriel_sctp_sign(struct oriel_sctp_packet *p) {
    GST_WRITE_UINT32_BE(p->bytes + ORIEL_SCTP_CHECKSUM, 0);
    uint32_t crc = GUINT32_TO_LE(oriel_crc32c(p->bytes, p->length));
    memcpy(p->bytes + ORIEL_SCTP_CHECKSUM, &crc, sizeof crc);
}

static size_t padded(size_t length) {
    return (length + 3) & ~(size_t)3;
}

size_t oriel_sctp_next_chunk(const struct oriel_sctp_packet *p, size_t *at) {
    if (p->length < *at + CHUNK_HEADER)
        return 0;
    size_t chunk = GST_READ_UINT16_BE(p->bytes + *at + 2);
    if (chunk < CHUNK_HEADER || chunk > p->length - *at)
        return 0;
    *at = MIN(*at + padded(chunk), p->length);
    return chunk;
}

/* ---- reading ---- */

bool oriel_sctp_read_data(const uint8_t *chunk, size_t length, struct oriel_sctp_data *data) {
    if (length < ORIEL_SCTP_DATA_HEADER)
        return false;
    *data = (struct oriel_sctp_data){.tsn = GST_READ_UINT32_BE(chunk + 4),
                                     .stream = GST_READ_UINT16_BE(chunk + 8),
                                     .size = (uint16_t)(length - ORIEL_SCTP_DATA_HEADER),
                                     .unordered = chunk[1] & UNORDERED,
                                     .last = chunk[1] & LAST};
    return true;
}

bool oriel_sctp_read_sack(const uint8_t *chunk, size_t length, struct oriel_sctp_sack *sack) {
    if (length < ORIEL_SCTP_SACK_HEADER)
        return false;
    sack->cumulative = GST_READ_UINT32_BE(chunk + 4);
    sack->room = GST_READ_UINT32_BE(chunk + 8);
    sack->count = GST_READ_UINT16_BE(chunk + 12);
    if (length < ORIEL_SCTP_SACK_HEADER + (size_t)sack->count * ORIEL_SCTP_GAP_BLOCK ||
        sack->count > ORIEL_SCTP_GAP_BLOCKS_MAX)
        return false;
    unsigned last = 0;
    for (unsigned i = 0; i < sack->count; i++) {
        const uint8_t *at = chunk + ORIEL_SCTP_SACK_HEADER + i * ORIEL_SCTP_GAP_BLOCK;
        unsigned start = GST_READ_UINT16_BE(at), end = GST_READ_UINT16_BE(at + 2);
        if (start <= last || end < start)
            return false;
        sack->blocks[i] = (struct oriel_sctp_gap_block){(uint16_t)start, (uint16_t)end};
        last = end;
    }
    return true;
}

/* ---- writing ---- */

size_t oriel_sctp_write_sack(const struct oriel_sctp_sack *sack, uint8_t *chunk) {
    size_t length = ORIEL_SCTP_SACK_HEADER + sack->count * (size_t)ORIEL_SCTP_GAP_BLOCK;
    chunk[0] = ORIEL_SCTP_SACK;
    chunk[1] = 0;
    GST_WRITE_UINT16_BE(chunk + 2, (uint16_t)length);
    GST_WRITE_UINT32_BE(chunk + 4, sack->cumulative);
    oriel_sctp_write_sack_room(sack->room, chunk);
    GST_WRITE_UINT16_BE(chunk + 12, (uint16_t)sack->count);
    GST_WRITE_UINT16_BE(chunk + 14, 0); /* what has come twice it never tells */
    for (unsigned i = 0; i < sack->count; i++) {
        uint8_t *at = chunk + ORIEL_SCTP_SACK_HEADER + i * ORIEL_SCTP_GAP_BLOCK;
        GST_WRITE_UINT16_BE(at, sack->blocks[i].start);
        GST_WRITE_UINT16_BE(at + 2, sack->blocks[i].end);
    }
    return length;
}

void oriel_sctp_write_sack_room(uint32_t room, uint8_t *chunk) {
    GST_WRITE_UINT32_BE(chunk + 8, room);
}

bool oriel_sctp_append(struct oriel_sctp_packet *p, const uint8_t *chunk, size_t length) {
    size_t at = padded(p->length), end = at + length;
    if (end > sizeof p->bytes)
        return false;
    memset(p->bytes + p->length, 0, at - p->length);
    memcpy(p->bytes + at, chunk, length);
    p->length = padded(end);
    memset(p->bytes + end, 0, p->length - end);
    return true;
}

bool oriel_sctp_insert_forward(struct oriel_sctp_packet *p, uint32_t tsn) {
    if (p->length + FORWARD_TSN_LENGTH > sizeof p->bytes)
        return false;
    uint8_t *chunk = p->bytes + ORIEL_SCTP_HEADER;
    memmove(chunk + FORWARD_TSN_LENGTH, chunk, p->length - ORIEL_SCTP_HEADER);
    chunk[0] = FORWARD_TSN;
    chunk[1] = 0;
    GST_WRITE_UINT16_BE(chunk + 2, FORWARD_TSN_LENGTH);
    GST_WRITE_UINT32_BE(chunk + 4, tsn);
    p->length += FORWARD_TSN_LENGTH;
    return true;
}
