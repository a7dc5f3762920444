/* media/sctppacket: chunks found, read, written and added, byte for byte. */
#include "sctppacket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A DATA chunk of three bytes, and its padding. */
static const uint8_t data[] = {0, 7, 0, 19, 0xff, 0xff, 0xff, 0xfe, 0, 3, 0, 9, 0, 0, 0, 53, 'a', 'b', 'c', 0};
/* A SACK of two blocks. */
static const uint8_t sack[] = {3, 0, 0, 24, 0, 0, 1, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 2, 0, 2, 0, 4, 1, 5};

static struct oriel_sctp_packet with(const uint8_t *chunk, size_t length) {
    struct oriel_sctp_packet p = {.length = ORIEL_SCTP_HEADER + length};
    memcpy(p.bytes + ORIEL_SCTP_HEADER, chunk, length);
    return p;
}

static void the_sum_is_right(void **state) {
    assert_int_equal(oriel_crc32c((const uint8_t *)"123456789", 9), 0xe3069283);
    struct oriel_sctp_packet p = with(data, sizeof data), again;
    oriel_sctp_sign(&p);
    again = p;
    oriel_sctp_sign(&again); /* whatever was there */
    assert_memory_equal(again.bytes, p.bytes, p.length);
    memset(again.bytes + ORIEL_SCTP_CHECKSUM, 0, 4);
    uint32_t sum = oriel_crc32c(again.bytes, again.length);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(p.bytes[ORIEL_SCTP_CHECKSUM + i], (uint8_t)(sum >> i * 8));
}

static void chunks_are_found_with_their_padding(void **state) {
    struct oriel_sctp_packet p = with(data, sizeof data);
    memcpy(p.bytes + p.length, sack, sizeof sack);
    p.length += sizeof sack;
    size_t at = ORIEL_SCTP_HEADER;
    assert_int_equal(oriel_sctp_next_chunk(&p, &at), 19);
    assert_int_equal(at, ORIEL_SCTP_HEADER + 20);
    assert_int_equal(oriel_sctp_next_chunk(&p, &at), sizeof sack);
    assert_int_equal(at, p.length);
    assert_int_equal(oriel_sctp_next_chunk(&p, &at), 0);
    p.length = ORIEL_SCTP_HEADER + 19; /* without the padding */
    at = ORIEL_SCTP_HEADER;
    assert_int_equal(oriel_sctp_next_chunk(&p, &at), 19);
    assert_int_equal(at, p.length);
}

static void a_chunk_that_is_cut_or_has_no_length_is_none(void **state) {
    struct oriel_sctp_packet p = with(data, sizeof data);
    size_t at = ORIEL_SCTP_HEADER;
    for (p.length = 0; p.length < ORIEL_SCTP_HEADER + 19; p.length++)
        assert_int_equal(oriel_sctp_next_chunk(&p, &at), 0);
    p = with(data, sizeof data);
    p.bytes[ORIEL_SCTP_HEADER + 3] = 3;
    assert_int_equal(oriel_sctp_next_chunk(&p, &at), 0);
    assert_int_equal(at, ORIEL_SCTP_HEADER);
}

static void data_is_read(void **state) {
    struct oriel_sctp_data d;
    assert_true(oriel_sctp_read_data(data, 19, &d));
    assert_int_equal(d.tsn, 0xfffffffe);
    assert_int_equal(d.stream, 3);
    assert_int_equal(d.size, 3);
    assert_true(d.unordered && d.last);
    assert_false(oriel_sctp_read_data(data, 15, &d));
    const uint8_t part[ORIEL_SCTP_DATA_HEADER] = {0, 2}; /* the first fragment, in order */
    assert_true(oriel_sctp_read_data(part, sizeof part, &d));
    assert_false(d.unordered || d.last);
    assert_int_equal(d.size, 0);
}

static void an_acknowledgement_is_read_and_written(void **state) {
    struct oriel_sctp_sack s;
    uint8_t written[sizeof sack];
    assert_true(oriel_sctp_read_sack(sack, sizeof sack, &s));
    assert_int_equal(s.cumulative, 256);
    assert_int_equal(s.room, 1 << 20);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.blocks[1].start, 4);
    assert_int_equal(s.blocks[1].end, 261);
    assert_int_equal(oriel_sctp_write_sack(&s, written), sizeof sack);
    assert_memory_equal(written, sack, sizeof sack);
    oriel_sctp_write_sack_room(0x01020304, written);
    assert_memory_equal(written + 8, "\1\2\3\4", 4);
    assert_memory_equal(written + 12, sack + 12, sizeof sack - 12);
}

/* A byte of the acknowledgement is another one. */
static bool reads_with(size_t at, uint8_t byte) {
    struct oriel_sctp_sack s;
    uint8_t changed[sizeof sack];
    memcpy(changed, sack, sizeof sack);
    changed[at] = byte;
    return oriel_sctp_read_sack(changed, sizeof changed, &s);
}

static void blocks_that_are_missing_or_in_no_order_are_not_read(void **state) {
    struct oriel_sctp_sack s;
    for (size_t length = 0; length < sizeof sack; length++)
        assert_false(oriel_sctp_read_sack(sack, length, &s));
    assert_true(reads_with(13, 1));
    assert_false(reads_with(13, 3));
    assert_false(reads_with(12, 1));
    assert_false(reads_with(17, 0)); /* what the cumulative one says already */
    assert_true(reads_with(17, 1));
    assert_false(reads_with(17, 3)); /* it ends before it starts */
    assert_false(reads_with(21, 2)); /* it starts before the last one ends */
    assert_true(reads_with(21, 3));
}

static void a_chunk_is_added_behind_and_padded(void **state) {
    struct oriel_sctp_packet p = with(sack, sizeof sack);
    memset(p.bytes + p.length, 0xff, 2 * sizeof data);
    for (size_t at = p.length, i = 0; i < 2; i++, at += sizeof data) {
        assert_true(oriel_sctp_append(&p, data, 19));
        assert_int_equal(p.length, at + sizeof data);
        assert_memory_equal(p.bytes + at, data, sizeof data);
    }
    p.length = sizeof p.bytes - 20;
    assert_true(oriel_sctp_append(&p, data, 19));
    assert_int_equal(p.length, sizeof p.bytes);
    p.length = sizeof p.bytes - 16;
    assert_false(oriel_sctp_append(&p, data, 19));
    assert_int_equal(p.length, sizeof p.bytes - 16);
}

static void a_forward_tsn_is_inserted_in_front(void **state) {
    struct oriel_sctp_packet p = with(data, sizeof data);
    assert_true(oriel_sctp_insert_forward(&p, 0x01020304));
    assert_int_equal(p.length, ORIEL_SCTP_HEADER + 8 + sizeof data);
    assert_memory_equal(p.bytes + ORIEL_SCTP_HEADER, "\300\0\0\10\1\2\3\4", 8);
    assert_memory_equal(p.bytes + ORIEL_SCTP_HEADER + 8, data, sizeof data);
    p.length = sizeof p.bytes - 7;
    assert_false(oriel_sctp_insert_forward(&p, 1));
    assert_int_equal(p.length, sizeof p.bytes - 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_is_right),
        cmocka_unit_test(chunks_are_found_with_their_padding),
        cmocka_unit_test(a_chunk_that_is_cut_or_has_no_length_is_none),
        cmocka_unit_test(data_is_read),
        cmocka_unit_test(an_acknowledgement_is_read_and_written),
        cmocka_unit_test(blocks_that_are_missing_or_in_no_order_are_not_read),
        cmocka_unit_test(a_chunk_is_added_behind_and_padded),
        cmocka_unit_test(a_forward_tsn_is_inserted_in_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
