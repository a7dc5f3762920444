/* What SCTP and the page are told of each other's packets. */
#include "sctpproxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { STREAM = 3, OTHER = 1, HEAD = 12, SACK_HEAD = 16, UNORDERED = 4, WHOLE = 3, SACK = 3, FORWARD_TSN = 192 };

#define NOW ORIEL_SECOND
#define LATER (ORIEL_SCTP_PROXY_LATE + ORIEL_SECOND)
#define ROOM (1024 * 1024)

typedef const uint16_t block[2];

static void put(struct oriel_sctp_packet *p, unsigned size, uint32_t value) {
    while (size--)
        p->bytes[p->length++] = (uint8_t)(value >> size * 8);
}

static uint32_t get(const struct oriel_sctp_packet *p, size_t at, unsigned size) {
    uint32_t value = 0;
    assert_true(at + size <= p->length);
    while (size--)
        value = value << 8 | p->bytes[at++];
    return value;
}

static void head(struct oriel_sctp_packet *p, uint32_t tag) {
    p->length = 0;
    put(p, 2, 5000);
    put(p, 2, 5001);
    put(p, 4, tag);
    put(p, 4, 0);
}

/* Of `size` bytes at least. */
static void add_data(struct oriel_sctp_packet *p, uint32_t tsn, unsigned stream, unsigned flags, unsigned size) {
    put(p, 1, 0);
    put(p, 1, flags | WHOLE);
    put(p, 2, 16 + size);
    put(p, 4, tsn);
    put(p, 2, stream);
    put(p, 2, 0);
    put(p, 4, 53);
    for (unsigned i = 0; i < (size + 3) / 4; i++)
        put(p, 4, 0x61626364);
}

static void sack(struct oriel_sctp_packet *p, uint32_t first, unsigned count, block *blocks) {
    head(p, 0xfeedbeef);
    put(p, 1, SACK);
    put(p, 1, 0);
    put(p, 2, SACK_HEAD + 4 * count);
    put(p, 4, first);
    put(p, 4, 4711);
    put(p, 2, count);
    put(p, 2, 0);
    for (unsigned i = 0; i < count; i++) {
        put(p, 2, blocks[i][0]);
        put(p, 2, blocks[i][1]);
    }
}

static void check_sum(const struct oriel_sctp_packet *p) {
    struct oriel_sctp_packet copy = *p;
    memset(copy.bytes + 8, 0, 4);
    uint32_t sum = oriel_crc32c(copy.bytes, copy.length);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(p->bytes[8 + i], (uint8_t)(sum >> i * 8));
}

/* One message in a packet of its own. Whether the packet was changed. */
static bool send(struct oriel_sctp_proxy *proxy, uint32_t tsn, unsigned stream, unsigned flags) {
    struct oriel_sctp_packet p, answer;
    head(&p, 1);
    add_data(&p, tsn, stream, flags, 3);
    return oriel_sctp_proxy_sent(proxy, &p, &answer, NOW);
}

/* `count` of the exact layer's, from `tsn` on. */
static struct oriel_sctp_proxy *after_sending(uint32_t tsn, unsigned count) {
    struct oriel_sctp_proxy *proxy = oriel_sctp_proxy_new(STREAM);
    for (unsigned i = 0; i < count; i++)
        assert_false(send(proxy, tsn + i, STREAM, UNORDERED));
    return proxy;
}

static bool came(struct oriel_sctp_proxy *proxy, struct oriel_sctp_packet *p) {
    return oriel_sctp_proxy_came(proxy, p, LATER);
}

/* Such is the SACK that SCTP gets. */
static void check_sack(const struct oriel_sctp_packet *p, uint32_t first, unsigned count, block *blocks) {
    assert_int_equal(get(p, 0, 4), 5000 << 16 | 5001);
    assert_int_equal(get(p, 4, 4), 0xfeedbeef);
    assert_int_equal(get(p, HEAD, 1), SACK);
    assert_int_equal(get(p, HEAD + 2, 2), SACK_HEAD + 4 * count);
    assert_int_equal(get(p, HEAD + 4, 4), first);
    assert_int_equal(get(p, HEAD + 8, 4), ROOM);
    assert_int_equal(get(p, HEAD + 12, 2), count);
    assert_int_equal(p->length, HEAD + SACK_HEAD + 4 * count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(get(p, HEAD + SACK_HEAD + 4 * i, 2), blocks[i][0]);
        assert_int_equal(get(p, HEAD + SACK_HEAD + 2 + 4 * i, 2), blocks[i][1]);
    }
    check_sum(p);
}

static void what_has_left_of_the_exact_layer_counts_as_come(void **state) {
    const uint32_t wraps = 0xfffffffe;
    struct oriel_sctp_proxy *proxy = after_sending(wraps, 7);
    struct oriel_sctp_packet p;
    sack(&p, wraps, 2, (block[]){{2, 2}, {4, 5}});
    assert_true(came(proxy, &p));
    check_sack(&p, wraps + 6, 0, NULL);
    oriel_sctp_proxy_unref(proxy);
}

/* As many as there are copies of; the next TSN. */
static uint32_t use_up_copies(struct oriel_sctp_proxy *proxy, uint32_t tsn) {
    for (unsigned i = 0; i < 64; i++)
        assert_false(send(proxy, tsn++, OTHER, 0));
    return tsn;
}

static void what_must_come_counts_as_come_while_there_is_a_copy(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(35, 1);
    struct oriel_sctp_packet p;
    assert_int_equal(use_up_copies(proxy, 36), 100);
    for (uint32_t tsn = 100; tsn < 104; tsn++)
        assert_false(send(proxy, tsn, STREAM, UNORDERED));
    assert_false(send(proxy, 104, OTHER, 0));
    assert_false(send(proxy, 105, STREAM, UNORDERED));
    assert_false(send(proxy, 106, STREAM, 0)); /* such as the one that opens the channel */
    assert_false(send(proxy, 107, OTHER, 0));
    assert_false(send(proxy, 108, STREAM, UNORDERED));
    sack(&p, 35, 1, (block[]){{72, 72}}); /* 107 */
    assert_true(came(proxy, &p));
    check_sack(&p, 103, 2, (block[]){{2, 2}, {4, 5}});
    sack(&p, 99, 0, NULL); /* there are copies of what comes from now on */
    assert_true(came(proxy, &p));
    assert_false(send(proxy, 109, OTHER, 0));
    sack(&p, 103, 0, NULL);
    assert_true(came(proxy, &p));
    check_sack(&p, 103, 2, (block[]){{2, 2}, {4, 6}});
    oriel_sctp_proxy_unref(proxy);
}

/* Whether one leaves once more with the next packet, then. */
static bool again(struct oriel_sctp_proxy *proxy, int64_t now) {
    static uint32_t next = 500;
    struct oriel_sctp_packet p, answer;
    head(&p, 1);
    add_data(&p, next++, STREAM, UNORDERED, 5); /* and padding */
    const size_t plain = p.length;
    if (!oriel_sctp_proxy_sent(proxy, &p, &answer, now))
        return false;
    check_sum(&p);
    assert_int_equal(p.length, plain + 16 + 8);
    assert_int_equal(get(&p, plain, 4), WHOLE << 16 | (16 + 6));
    assert_int_equal(get(&p, plain + 4, 4), 499);
    assert_int_equal(get(&p, plain + 16, 4), 0x61626364);
    assert_int_equal(get(&p, plain + 22, 2), 0);
    return true;
}

static void what_must_come_leaves_again_until_it_has(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(490, 9);
    struct oriel_sctp_packet p, answer;
    head(&p, 1);
    add_data(&p, 499, OTHER, 0, 6);
    assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
    assert_false(again(proxy, NOW + ORIEL_SCTP_PROXY_AGAIN - 1));
    assert_true(again(proxy, NOW + ORIEL_SCTP_PROXY_AGAIN)); /* the page has said nothing */
    assert_false(again(proxy, NOW + ORIEL_SCTP_PROXY_AGAIN));
    int64_t now = NOW + 2 * ORIEL_SCTP_PROXY_AGAIN;
    sack(&p, 498, 1, (block[]){{2, 2}});
    assert_true(oriel_sctp_proxy_came(proxy, &p, now));
    check_sack(&p, 502, 0, NULL);
    assert_true(again(proxy, now));
    assert_false(again(proxy, now + ORIEL_SCTP_PROXY_LATE - 1));
    assert_true(again(proxy, now + ORIEL_SCTP_PROXY_LATE)); /* it was lost once more */
    head(&p, 1);
    put(&p, 4, 6 << 24 | 4);                                                                  /* ABORT */
    assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, now + 2 * ORIEL_SCTP_PROXY_LATE)); /* it stands alone */
    head(&p, 1);
    add_data(&p, 506, STREAM, UNORDERED, 1150);
    assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, now + 2 * ORIEL_SCTP_PROXY_LATE)); /* there is no room */
    sack(&p, 499, 0, NULL);
    assert_true(oriel_sctp_proxy_came(proxy, &p, now));
    assert_false(send(proxy, 507, STREAM, UNORDERED));
    oriel_sctp_proxy_unref(proxy);
}

static void SCTP_is_answered_at_once_when_it_would_wait(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(100, 1);
    struct oriel_sctp_packet p, answer;
    head(&p, 1);
    add_data(&p, 101, STREAM, UNORDERED, 1100);
    assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
    assert_int_equal(answer.length, 0); /* nothing is known of the page */
    sack(&p, 100, 0, NULL);
    assert_true(came(proxy, &p));
    check_sack(&p, 101, 0, NULL);
    for (uint32_t tsn = 102; tsn < 104; tsn++) {
        head(&p, 1);
        add_data(&p, tsn, STREAM, UNORDERED, 600);
        assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
        assert_int_equal(answer.length > 0, tsn == 103);
    }
    check_sack(&answer, 103, 0, NULL);
    head(&p, 1);
    add_data(&p, 104, OTHER, 0, 1100);
    assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
    check_sack(&answer, 104, 0, NULL);
    oriel_sctp_proxy_unref(proxy);
}

static void the_page_is_told_not_to_wait_until_it_does_not(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(100, 6);
    struct oriel_sctp_packet p, answer;
    sack(&p, 101, 1, (block[]){{2, 4}});
    assert_true(came(proxy, &p));
    assert_false(send(proxy, 106, STREAM, UNORDERED)); /* it may have been overtaken */
    sack(&p, 101, 1, (block[]){{2, 5}});
    assert_true(oriel_sctp_proxy_came(proxy, &p, LATER + ORIEL_SCTP_PROXY_LATE));
    for (uint32_t tsn = 107; tsn < 110; tsn++) { /* any of them may be lost */
        head(&p, 1);
        add_data(&p, tsn, STREAM, UNORDERED, 3);
        const size_t plain = p.length;
        assert_true(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
        assert_int_equal(p.length, plain + 8);
        assert_int_equal(get(&p, HEAD, 4), (uint32_t)FORWARD_TSN << 24 | 8);
        assert_int_equal(get(&p, HEAD + 4, 4), 106);
        assert_int_equal(get(&p, HEAD + 8 + 4, 4), tsn);
        check_sum(&p);
    }
    sack(&p, 106, 0, NULL);
    assert_true(came(proxy, &p));
    assert_false(send(proxy, 110, STREAM, UNORDERED));
    oriel_sctp_proxy_unref(proxy);
}

static void the_page_waits_for_what_must_come(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(100, 3);
    struct oriel_sctp_packet p, answer;
    assert_false(send(proxy, 103, OTHER, 0));
    assert_false(send(proxy, 104, STREAM, UNORDERED));
    for (int i = 0; i < 2; i++) {
        sack(&p, 100, 2, (block[]){{2, 2}, {4, 4}});
        assert_true(oriel_sctp_proxy_came(proxy, &p, LATER + i * ORIEL_SECOND));
        check_sack(&p, 104, 0, NULL);
    }
    head(&p, 1);
    add_data(&p, 105, STREAM, UNORDERED, 3);
    assert_true(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
    assert_int_equal(get(&p, HEAD + 4, 4), 102);
    oriel_sctp_proxy_unref(proxy);
}

static void what_follows_an_acknowledgement_stays(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(100, 4);
    struct oriel_sctp_packet p, data;
    head(&data, 1);
    add_data(&data, 7, STREAM, UNORDERED, 3);
    sack(&p, 100, 1, (block[]){{2, 3}});
    memcpy(p.bytes + p.length, data.bytes + HEAD, data.length - HEAD);
    p.length += data.length - HEAD;
    assert_true(came(proxy, &p));
    assert_int_equal(p.length, HEAD + SACK_HEAD + data.length - HEAD);
    assert_memory_equal(p.bytes + HEAD + SACK_HEAD, data.bytes + HEAD, data.length - HEAD);
    check_sum(&p);
    oriel_sctp_proxy_unref(proxy);
}

/* Nothing of it is believed, and SCTP sees it as it came, but for the room that the page says it has. */
static void check_left(struct oriel_sctp_proxy *proxy, struct oriel_sctp_packet *p) {
    struct oriel_sctp_packet before = *p;
    assert_true(came(proxy, p));
    check_sum(p);
    assert_int_equal(p->length, before.length);
    assert_int_equal(get(p, HEAD + 8, 4), ROOM);
    memcpy(before.bytes + HEAD + 8, p->bytes + HEAD + 8, 4);
    memcpy(before.bytes + 8, p->bytes + 8, 4); /* the sum */
    assert_memory_equal(p->bytes, before.bytes, before.length);
}

static void what_cannot_be_is_left_to_SCTP(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(100, 4);
    struct oriel_sctp_packet p;
    sack(&p, 104, 0, NULL); /* was not sent */
    check_left(proxy, &p);
    sack(&p, 101, 1, (block[]){{2, 3}}); /* likewise */
    check_left(proxy, &p);
    sack(&p, 98, 1, (block[]){{2, 3}}); /* of before the first that is known */
    check_left(proxy, &p);
    sack(&p, 100, 2, (block[]){{3, 3}, {2, 2}});
    check_left(proxy, &p);
    sack(&p, 100, 1, (block[]){{3, 2}});
    check_left(proxy, &p);
    sack(&p, 100, 1, (block[]){{0, 1}});
    check_left(proxy, &p);
    sack(&p, 100, 1, (block[]){{2, 3}});
    p.bytes[HEAD + 13] = 2; /* blocks, of which one is not there */
    check_left(proxy, &p);
    sack(&p, 100, 1, (block[]){{2, 3}});
    for (p.length = 0; p.length < HEAD + SACK_HEAD + 4; p.length++) {
        const struct oriel_sctp_packet before = p;
        assert_false(came(proxy, &p));
        assert_memory_equal(p.bytes, before.bytes, sizeof before.bytes);
    }
    sack(&p, 102, 0, NULL);
    assert_true(came(proxy, &p));
    sack(&p, 100, 1, (block[]){{2, 2}}); /* was overtaken */
    check_left(proxy, &p);
    assert_false(send(proxy, 104, STREAM, UNORDERED));
    oriel_sctp_proxy_unref(proxy);
}

static void what_is_too_much_to_be_known_is_left_to_SCTP(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(100, 5000);
    struct oriel_sctp_packet p;
    sack(&p, 100, 1, (block[]){{2, 4500}});
    check_left(proxy, &p);
    sack(&p, 2000, 1, (block[]){{2, 3000}});
    assert_true(came(proxy, &p));
    check_sack(&p, 5099, 0, NULL);
    oriel_sctp_proxy_unref(proxy);
}

/* Every other one is of another stream. */
static void what_has_no_room_is_told_later(void **state) {
    struct oriel_sctp_proxy *proxy = oriel_sctp_proxy_new(STREAM);
    struct oriel_sctp_packet p;
    for (uint32_t tsn = 0; tsn < 1000; tsn++)
        assert_false(send(proxy, tsn, tsn % 2 ? STREAM : OTHER, tsn % 2 ? UNORDERED : 0));
    sack(&p, UINT32_MAX, 0, NULL);
    assert_true(came(proxy, &p));
    assert_int_equal(p.length, sizeof p.bytes);
    assert_int_equal(get(&p, HEAD + 4, 4), 127); /* of the first ones there are copies */
    assert_int_equal(get(&p, HEAD + 12, 2), (sizeof p.bytes - HEAD - SACK_HEAD) / 4);
    oriel_sctp_proxy_unref(proxy);
}

static void no_room_that_the_page_says_it_has_is_believed(void **state) {
    struct oriel_sctp_proxy *proxy = oriel_sctp_proxy_new(STREAM);
    struct oriel_sctp_packet p, second;
    sack(&p, 99, 0, NULL); /* before anything has left */
    check_left(proxy, &p);
    assert_false(send(proxy, 100, STREAM, UNORDERED));
    sack(&p, 99, 0, NULL);
    sack(&second, 100, 0, NULL);
    memcpy(p.bytes + p.length, second.bytes + HEAD, SACK_HEAD);
    p.length += SACK_HEAD;
    assert_true(came(proxy, &p));
    assert_int_equal(p.length, HEAD + 2 * SACK_HEAD);
    for (size_t at = HEAD; at < p.length; at += SACK_HEAD) {
        assert_int_equal(get(&p, at + 4, 4), 100);
        assert_int_equal(get(&p, at + 8, 4), ROOM);
    }
    check_sum(&p);
    oriel_sctp_proxy_unref(proxy);
}

/* What SCTP has room for goes to it, in messages of that size; how many. */
static unsigned take(struct oriel_sctp_proxy *proxy, size_t size) {
    unsigned count = 0;
    while (oriel_sctp_proxy_take(proxy, STREAM, size))
        count++;
    return count;
}

static void what_SCTP_has_no_room_for_is_not_handed_to_it(void **state) {
    struct oriel_sctp_proxy *proxy = oriel_sctp_proxy_new(STREAM);
    struct oriel_sctp_packet p, answer;
    uint32_t tsn = use_up_copies(proxy, 0);
    sack(&p, UINT32_MAX, 0, NULL);
    assert_true(came(proxy, &p));
    assert_int_equal(take(proxy, 1024), 192);
    assert_true(oriel_sctp_proxy_take(proxy, OTHER, 1024)); /* which must come, and waits */
    for (; tsn < 64 + 192; tsn++) {
        head(&p, 1);
        add_data(&p, tsn, STREAM, UNORDERED, 1024);
        assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
    }
    check_sack(&answer, tsn - 1, 0, NULL); /* SCTP keeps nothing of it */
    const uint32_t lacks = tsn++;
    head(&p, 1);
    add_data(&p, lacks, OTHER, 0, 1024);
    assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
    assert_int_equal(take(proxy, 1), 383);
    for (unsigned i = 0; i < 383; i++)
        assert_false(send(proxy, tsn++, STREAM, UNORDERED));
    assert_int_equal(take(proxy, 1), 0); /* it has left, but as long as that one lacks, all after it is kept */
    sack(&p, UINT32_MAX, 0, NULL);
    assert_true(came(proxy, &p));
    check_sack(&p, lacks - 1, 1, (block[]){{2, 384}});
    assert_int_equal(take(proxy, 1), 0);
    sack(&p, lacks, 0, NULL);
    assert_true(came(proxy, &p));
    assert_int_equal(take(proxy, 1), 384);
    oriel_sctp_proxy_unref(proxy);
}

static void an_association_that_begins_anew_is_another_one(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(100, 10);
    struct oriel_sctp_packet p, answer;
    sack(&p, 103, 0, NULL);
    assert_true(came(proxy, &p));
    assert_false(send(proxy, 1000000, STREAM, UNORDERED));
    head(&p, 1);
    add_data(&p, 1000001, STREAM, UNORDERED, 1100);
    assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
    assert_int_equal(answer.length, 0); /* nothing is known of the page */
    sack(&p, 999999, 1, (block[]){{2, 2}});
    assert_true(came(proxy, &p));
    check_sack(&p, 1000001, 0, NULL);
    assert_int_equal(take(proxy, 1024), 192);
    oriel_sctp_proxy_unref(proxy);
}

static void a_packet_that_would_be_too_long_is_not_changed(void **state) {
    struct oriel_sctp_proxy *proxy = after_sending(100, 4);
    struct oriel_sctp_packet p, answer;
    for (int i = 0; i < 2; i++) {
        sack(&p, 100, 1, (block[]){{2, 3}});
        assert_true(oriel_sctp_proxy_came(proxy, &p, LATER + i * ORIEL_SECOND));
    }
    head(&p, 1);
    add_data(&p, 104, STREAM, UNORDERED, sizeof p.bytes - HEAD - 16 - 4);
    assert_false(oriel_sctp_proxy_sent(proxy, &p, &answer, NOW));
    assert_int_equal(p.length, sizeof p.bytes - 4);
    assert_true(send(proxy, 105, STREAM, UNORDERED));
    oriel_sctp_proxy_unref(proxy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_left_of_the_exact_layer_counts_as_come),
        cmocka_unit_test(what_must_come_counts_as_come_while_there_is_a_copy),
        cmocka_unit_test(what_must_come_leaves_again_until_it_has),
        cmocka_unit_test(SCTP_is_answered_at_once_when_it_would_wait),
        cmocka_unit_test(the_page_is_told_not_to_wait_until_it_does_not),
        cmocka_unit_test(the_page_waits_for_what_must_come),
        cmocka_unit_test(what_follows_an_acknowledgement_stays),
        cmocka_unit_test(what_cannot_be_is_left_to_SCTP),
        cmocka_unit_test(what_is_too_much_to_be_known_is_left_to_SCTP),
        cmocka_unit_test(what_has_no_room_is_told_later),
        cmocka_unit_test(no_room_that_the_page_says_it_has_is_believed),
        cmocka_unit_test(what_SCTP_has_no_room_for_is_not_handed_to_it),
        cmocka_unit_test(an_association_that_begins_anew_is_another_one),
        cmocka_unit_test(a_packet_that_would_be_too_long_is_not_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
