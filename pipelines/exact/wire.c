/* See wire.h. */
#include "wire.h"

#include <string.h>

enum { RECORDS = 1, CHUNK = 2, REFERENCE = 3, SMALL = 4, BUNDLE = 5, ACK = 0x81, MISS = 0x82 };
enum { ACK_HEAD = 13, RANGE = 10, MISS_SIZE = 8, FRAME = 1 };

static uint8_t *put16(uint8_t *at, unsigned value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value) {
    return put16(put16(at, value & 0xffff), value >> 16);
}

static unsigned get16(const uint8_t *at) {
    return at[0] | (unsigned)at[1] << 8;
}

static uint32_t get32(const uint8_t *at) {
    return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static uint8_t *put_head(uint8_t *at, unsigned type, uint16_t epoch) {
    at[0] = ORIEL_EXACT_VERSION;
    at[1] = (uint8_t)type;
    return put16(at + 2, epoch);
}

static uint8_t *put_rect(uint8_t *at, const struct oriel_rect *r) {
    return put16(put16(put16(put16(at, r->x), r->y), r->width), r->height);
}

size_t oriel_exact_record_size(const struct oriel_exact_record *r) {
    return ORIEL_EXACT_RECORD_HEAD + (size_t)r->move_count * ORIEL_EXACT_MOVE + (size_t)r->count * ORIEL_RECT_SIZE;
}

size_t oriel_exact_write_records(uint16_t epoch, unsigned width, unsigned height, enum oriel_exact_state state,
                                 const struct oriel_exact_record *const *records, size_t count,
                                 uint8_t out[ORIEL_EXACT_MESSAGE_MAX], size_t *length) {
    uint8_t *at = put16(put16(put_head(out, RECORDS, epoch), width), height);
    *at = (uint8_t)state;
    at = put32(at + 2, count ? records[0]->number : 0);
    size_t written = 0;
    for (; written < count && written < UINT8_MAX; written++) {
        const struct oriel_exact_record *r = records[written];
        if ((size_t)(at - out) + oriel_exact_record_size(r) > ORIEL_EXACT_MESSAGE_MAX)
            break;
        at = put32(at, r->rtp);
        *at++ = r->frame ? FRAME : 0;
        *at++ = r->move_count;
        *at++ = r->count;
        for (unsigned i = 0; i < r->move_count; i++)
            at = put16(put16(put_rect(at, &r->moves[i].from), r->moves[i].x), r->moves[i].y);
        for (unsigned i = 0; i < r->count; i++)
            at = put_rect(at, &r->rects[i]);
    }
    out[9] = (uint8_t)written;
    *length = (size_t)(at - out);
    return written;
}

static uint8_t *put_tile(uint8_t *out, unsigned type, uint16_t epoch, const struct oriel_exact_tile_head *head,
                         unsigned first, unsigned second) {
    uint8_t *at = put_rect(put32(put32(put_head(out, type, epoch), head->tile), head->rtp), &head->rect);
    at = put16(put16(put16(at, first), second), head->slot);
    memcpy(at, head->name, ORIEL_EXACT_NAME);
    return at + ORIEL_EXACT_NAME;
}

size_t oriel_exact_write_chunk(uint16_t epoch, const struct oriel_exact_tile_head *head, const uint8_t *bytes,
                               size_t length, uint8_t out[ORIEL_EXACT_MESSAGE_MAX]) {
    uint8_t *at = put_tile(out, CHUNK, epoch, head, head->index, head->count);
    if (length > ORIEL_EXACT_CHUNK_MAX)
        length = ORIEL_EXACT_CHUNK_MAX;
    memcpy(at, bytes, length);
    return (size_t)(at - out) + length;
}

size_t oriel_exact_write_small(uint16_t epoch, const struct oriel_exact_tile_head *head, const uint8_t *bytes,
                               size_t length, uint8_t out[ORIEL_EXACT_MESSAGE_MAX]) {
    uint8_t *at = put_rect(put32(put32(put_head(out, SMALL, epoch), head->tile), head->rtp), &head->rect);
    memcpy(at, bytes, length);
    return ORIEL_EXACT_SMALL_HEAD + length;
}

void oriel_exact_bundle_start(struct oriel_exact_bundle *b, uint16_t epoch) {
    b->count = 0;
    b->length = (size_t)(put_head(b->bytes, BUNDLE, epoch) - b->bytes);
}

size_t oriel_exact_bundle_room(const struct oriel_exact_bundle *b) {
    size_t used = b->length + ORIEL_EXACT_PART_HEAD;
    return used < sizeof b->bytes ? sizeof b->bytes - used : 0;
}

void oriel_exact_bundle_add(struct oriel_exact_bundle *b, const uint8_t *message, size_t length) {
    put16(b->bytes + b->length, (unsigned)length);
    memcpy(b->bytes + b->length + ORIEL_EXACT_PART_HEAD, message, length);
    b->length += ORIEL_EXACT_PART_HEAD + length;
    b->count++;
}

const uint8_t *oriel_exact_bundle_end(const struct oriel_exact_bundle *b, size_t *length) {
    size_t skip = b->count == 1 ? ORIEL_EXACT_BUNDLE_HEAD + ORIEL_EXACT_PART_HEAD : 0;
    *length = b->length - skip;
    return b->bytes + skip;
}

size_t oriel_exact_write_reference(uint16_t epoch, const struct oriel_exact_tile_head *head,
                                   uint8_t out[ORIEL_EXACT_MESSAGE_MAX]) {
    return (size_t)(put_tile(out, REFERENCE, epoch, head, head->from_x, head->from_y) - out);
}

bool oriel_exact_read(const uint8_t *bytes, size_t length, struct oriel_exact_heard *heard) {
    if (length < MISS_SIZE || bytes[0] != ORIEL_EXACT_VERSION)
        return false;
    heard->epoch = (uint16_t)get16(bytes + 2);
    heard->number = get32(bytes + 4);
    heard->count = 0;
    if (bytes[1] == MISS) {
        heard->kind = ORIEL_EXACT_MISS;
        return length == MISS_SIZE;
    }
    if (bytes[1] != ACK || length < ACK_HEAD || bytes[12] > ORIEL_EXACT_RANGES_MAX ||
        length != ACK_HEAD + (size_t)bytes[12] * RANGE)
        return false;
    heard->kind = ORIEL_EXACT_ACK;
    heard->at = get32(bytes + 8);
    heard->count = bytes[12];
    for (unsigned i = 0; i < heard->count; i++) {
        const uint8_t *at = bytes + ACK_HEAD + (size_t)i * RANGE;
        heard->ranges[i] = (struct oriel_exact_range){get32(at), (uint16_t)get16(at + 4), (uint16_t)get16(at + 6),
                                                      (uint16_t)get16(at + 8)};
    }
    return true;
}
