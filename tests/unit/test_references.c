/* pipelines/references: what becomes certain, what a loss leads to, and what it does not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "references.h"

#define MS ORIEL_MILLISECOND
enum { TRIP = 80, PACKETS = 3 }; /* ms; packets of a picture, if nothing else is said */

struct rig {
    struct oriel_references *r;
    int64_t now;
    uint16_t sequence; /* of the next packet */
    bool wanted;       /* fate said so */
    struct oriel_reference planned;
    struct oriel_reference_made made;
};

struct sent {
    uint16_t picture, first;
    unsigned count;
};

static struct rig *open_rig(bool can) {
    static struct rig rig;
    rig = (struct rig){.r = oriel_references_new(), .now = 100 * ORIEL_SECOND, .sequence = 65500};
    oriel_references_start(rig.r, can);
    return &rig;
}

/* The next picture, as it is planned. */
static struct sent picture(struct rig *rig, bool key, bool lasting, unsigned count) {
    rig->now += 33 * MS;
    rig->planned = oriel_references_next(rig->r, rig->now);
    rig->made = oriel_references_made(rig->r, &rig->planned, key, lasting, rig->now);
    struct sent sent = {rig->made.number, rig->sequence, count};
    rig->sequence = (uint16_t)(rig->sequence + count);
    return sent;
}

static struct sent next(struct rig *rig) {
    return picture(rig, false, true, PACKETS);
}

enum fate { COME, LOST, UNTOLD };

static void tell(struct rig *rig, const struct sent *sent, unsigned i, bool repeat, enum fate fate) {
    const struct oriel_rate_packet packet = {.class = repeat ? ORIEL_BUDGET_RETRANSMISSION : ORIEL_BUDGET_VIDEO,
                                             .described = true,
                                             .picture = sent->picture,
                                             .sequence = (uint16_t)(sent->first + i),
                                             .first = i == 0,
                                             .last = i + 1 == sent->count,
                                             .sent = rig->now - TRIP * MS,
                                             .lost = fate == LOST,
                                             .untold = fate == UNTOLD};
    oriel_references_fate(rig->r, &packet, rig->now);
    rig->wanted |= oriel_references_judge(rig->r, rig->now);
}

static void come(struct rig *rig, const struct sent *sent) {
    for (unsigned i = 0; i < sent->count; i++)
        tell(rig, sent, i, false, COME);
}

/* A keyframe that is certain, and a picture after it that is kept and certain as well. */
static struct rig *settled(void) {
    struct rig *rig = open_rig(true);
    struct sent key = picture(rig, true, true, 5);
    come(rig, &key);
    struct sent kept = next(rig);
    assert_int_not_equal(rig->planned.into, ORIEL_SLOT_LAST);
    come(rig, &kept);
    return rig;
}

static void test_the_two_change_places(void **state) {
    struct rig *rig = open_rig(true);
    struct sent key = picture(rig, true, true, 5), one = next(rig);
    assert_int_equal(rig->planned.into, ORIEL_SLOT_LAST); /* the keyframe is not certain: nothing may replace it */
    assert_int_equal(rig->made.back, 1);
    come(rig, &key);
    come(rig, &one);
    struct sent two = next(rig);
    enum oriel_slot into = rig->planned.into;
    assert_int_not_equal(into, ORIEL_SLOT_LAST);
    struct sent three = next(rig);
    assert_int_equal(rig->planned.into, ORIEL_SLOT_LAST); /* two may yet become certain */
    come(rig, &two);
    come(rig, &three);
    next(rig);
    assert_int_not_equal(rig->planned.into, ORIEL_SLOT_LAST);
    assert_int_not_equal(rig->planned.into, into);
    assert_false(rig->wanted);
    oriel_references_free(rig->r);
}

static void test_a_repeat_in_time_is_no_loss(void **state) {
    struct rig *rig = settled();
    struct sent hit = next(rig);
    tell(rig, &hit, 0, false, COME);
    tell(rig, &hit, 1, false, LOST);
    tell(rig, &hit, 2, false, COME);
    next(rig);
    assert_int_equal(rig->planned.from, ORIEL_SLOT_LAST);
    tell(rig, &hit, 1, true, COME);
    rig->now += ORIEL_SECOND;
    next(rig);
    assert_int_equal(rig->planned.from, ORIEL_SLOT_LAST);
    assert_false(rig->wanted);
    oriel_references_free(rig->r);
}

/* What recovery refers to is the newest that is certain; and all before it is forgotten. */
static void test_a_lost_repeat_makes_a_recovery(void **state) {
    struct rig *rig = settled();
    struct sent kept = next(rig), hit = next(rig);
    enum oriel_slot slot = rig->planned.into != ORIEL_SLOT_LAST ? ORIEL_SLOTS : ORIEL_SLOT_LAST;
    assert_int_equal(slot, ORIEL_SLOT_LAST); /* kept was the one */
    come(rig, &kept);
    tell(rig, &hit, 0, false, LOST);
    tell(rig, &hit, 1, false, COME);
    tell(rig, &hit, 2, false, COME);
    assert_false(rig->wanted);
    tell(rig, &hit, 0, true, LOST);
    assert_true(rig->wanted);
    struct sent recovery = next(rig);
    assert_int_not_equal(rig->planned.from, ORIEL_SLOT_LAST);
    assert_int_not_equal(rig->planned.into, rig->planned.from);
    assert_int_equal((uint16_t)(recovery.picture - rig->made.back), kept.picture);
    next(rig);
    assert_int_equal(rig->planned.from, ORIEL_SLOT_LAST); /* once */
    assert_int_equal(rig->made.back, 1);
    struct oriel_references_counts counts;
    oriel_references_count(rig->r, &counts);
    assert_int_equal(counts.recoveries, 1);
    assert_int_equal(counts.keyframes, 1);
    oriel_references_free(rig->r);
}

static void test_no_repeat_in_time_makes_a_recovery(void **state) {
    struct rig *rig = settled();
    struct sent hit = next(rig);
    tell(rig, &hit, 0, false, LOST);
    rig->now += 2 * TRIP * MS + 400 * MS;
    next(rig);
    assert_int_not_equal(rig->planned.from, ORIEL_SLOT_LAST);
    oriel_references_free(rig->r);
}

/* A picture is not certain by its own packets alone. */
static void test_what_it_refers_to_must_be_certain(void **state) {
    struct rig *rig = settled();
    struct sent hit = next(rig), after = next(rig);
    come(rig, &after);
    tell(rig, &hit, 1, false, LOST);
    tell(rig, &hit, 1, true, LOST);
    struct sent recovery = next(rig);
    assert_true(rig->planned.from != ORIEL_SLOT_LAST);
    assert_true((int16_t)(recovery.picture - rig->made.back - hit.picture) < 0);
    oriel_references_free(rig->r);
}

/* The recovery may be lost as well. */
static void test_a_lost_recovery_makes_another(void **state) {
    struct rig *rig = settled();
    struct sent hit = next(rig);
    tell(rig, &hit, 0, false, LOST);
    tell(rig, &hit, 0, true, LOST);
    struct sent recovery = next(rig);
    uint16_t of = (uint16_t)(recovery.picture - rig->made.back);
    rig->wanted = false;
    tell(rig, &recovery, 0, false, LOST);
    tell(rig, &recovery, 0, true, LOST);
    assert_true(rig->wanted);
    struct sent second = next(rig);
    assert_int_equal((uint16_t)(second.picture - rig->made.back), of);
    oriel_references_free(rig->r);
}

/* Feedback is lost, too: no repeat was asked for, so they came. But a repeat that is lost says that they did not. */
static void test_untold_packets(void **state) {
    struct rig *rig = settled();
    struct sent kept = next(rig);
    for (unsigned i = 0; i < kept.count; i++)
        tell(rig, &kept, i, false, UNTOLD);
    next(rig);
    assert_int_equal(rig->planned.into, ORIEL_SLOT_LAST); /* nobody knows */
    rig->now += ORIEL_SECOND;
    next(rig);
    assert_int_not_equal(rig->planned.into, ORIEL_SLOT_LAST);
    tell(rig, &kept, 1, false, COME); /* told after all: it is not counted twice */
    struct sent hit = next(rig);
    tell(rig, &hit, 0, false, UNTOLD);
    tell(rig, &hit, 0, true, LOST);
    rig->now += ORIEL_SECOND;
    struct sent recovery = next(rig);
    assert_int_not_equal(rig->planned.from, ORIEL_SLOT_LAST);
    assert_int_equal((uint16_t)(recovery.picture - rig->made.back), kept.picture);
    oriel_references_free(rig->r);
}

/* Nothing is certain but a keyframe's repeats go on: a second keyframe comes late, not at once. */
static void test_a_keyframe_is_the_last_resort(void **state) {
    struct rig *rig = open_rig(true);
    struct sent key = picture(rig, true, true, 20);
    for (unsigned i = 1; i < key.count; i++)
        tell(rig, &key, i, false, COME);
    tell(rig, &key, 0, false, LOST);
    tell(rig, &key, 0, true, LOST);
    assert_false(rig->wanted);
    next(rig);
    assert_false(rig->planned.key);
    assert_int_equal(rig->planned.from, ORIEL_SLOT_LAST);
    rig->now += ORIEL_REFERENCES_RESORT;
    next(rig);
    assert_true(rig->planned.key);
    tell(rig, &key, 0, true, COME); /* the second repeat, after all */
    next(rig);
    assert_false(rig->planned.key);
    oriel_references_free(rig->r);
}

/* A beat's loss is nobody's; and nothing refers to it, but where it is kept. */
static void test_beats(void **state) {
    struct rig *rig = settled();
    struct sent kept = next(rig);
    come(rig, &kept);
    struct sent beat = picture(rig, false, false, 1);
    assert_int_equal(rig->made.back, 1);
    assert_true(rig->planned.shown);
    tell(rig, &beat, 0, false, LOST);
    tell(rig, &beat, 0, true, LOST);
    assert_false(rig->wanted);
    struct sent after = next(rig);
    assert_int_equal(rig->planned.from, ORIEL_SLOT_LAST);
    assert_int_equal((uint16_t)(after.picture - rig->made.back), kept.picture);
    oriel_references_free(rig->r);
}

/* An hour of beats: what comes then still says in 12 bits what it refers to. */
static void test_a_long_rest(void **state) {
    struct rig *rig = settled();
    for (unsigned i = 0; i < 70000; i++) {
        struct sent beat = picture(rig, false, false, 1);
        assert_true(rig->made.back >= 1 && rig->made.back <= 4096);
        rig->now += ORIEL_SECOND - 33 * MS;
        come(rig, &beat);
    }
    struct sent hit = next(rig);
    assert_true(rig->made.back <= 4096);
    tell(rig, &hit, 0, false, LOST);
    tell(rig, &hit, 0, true, LOST);
    next(rig);
    assert_int_not_equal(rig->planned.from, ORIEL_SLOT_LAST);
    assert_true(rig->made.back >= 1 && rig->made.back <= 4096);
    oriel_references_free(rig->r);
}

/* Packets are told out of order, and their numbers wrap. */
static void test_order_and_wrapping(void **state) {
    struct rig *rig = settled();
    for (unsigned i = 0; i < 70000; i++) {
        struct sent one = next(rig);
        assert_int_equal(rig->planned.from, ORIEL_SLOT_LAST);
        tell(rig, &one, 2, false, COME);
        tell(rig, &one, 0, false, i % 5 ? COME : LOST);
        tell(rig, &one, 1, false, COME);
        if (i % 5 == 0)
            tell(rig, &one, 0, true, COME);
        tell(rig, &one, 1, true, COME); /* padding: once more what had come */
        assert_true(i < 3 || rig->planned.into != ORIEL_SLOT_LAST);
    }
    assert_false(rig->wanted);
    oriel_references_free(rig->r);
}

static void test_who_does_not_read_it(void **state) {
    struct rig *rig = open_rig(false);
    struct sent key = picture(rig, true, true, 5);
    come(rig, &key);
    struct sent hit = next(rig);
    assert_false(rig->planned.recoverable);
    tell(rig, &hit, 0, false, LOST);
    tell(rig, &hit, 0, true, LOST);
    rig->now += 5 * ORIEL_SECOND;
    next(rig);
    assert_int_equal(rig->planned.from, ORIEL_SLOT_LAST);
    assert_int_equal(rig->planned.into, ORIEL_SLOT_LAST);
    assert_false(rig->wanted || rig->planned.key);
    oriel_references_free(rig->r);
}

/* What was sent by the connection before means nothing. */
static void test_a_new_connection(void **state) {
    struct rig *rig = settled();
    struct sent hit = next(rig);
    tell(rig, &hit, 0, false, LOST);
    oriel_references_start(rig->r, true);
    tell(rig, &hit, 0, true, LOST);
    assert_false(rig->wanted);
    picture(rig, true, true, 5);
    assert_int_equal(rig->made.back, 0);
    next(rig);
    assert_int_equal(rig->planned.from, ORIEL_SLOT_LAST);
    oriel_references_free(rig->r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_two_change_places),
        cmocka_unit_test(test_a_repeat_in_time_is_no_loss),
        cmocka_unit_test(test_a_lost_repeat_makes_a_recovery),
        cmocka_unit_test(test_no_repeat_in_time_makes_a_recovery),
        cmocka_unit_test(test_what_it_refers_to_must_be_certain),
        cmocka_unit_test(test_a_lost_recovery_makes_another),
        cmocka_unit_test(test_untold_packets),
        cmocka_unit_test(test_a_keyframe_is_the_last_resort),
        cmocka_unit_test(test_beats),
        cmocka_unit_test(test_a_long_rest),
        cmocka_unit_test(test_order_and_wrapping),
        cmocka_unit_test(test_who_does_not_read_it),
        cmocka_unit_test(test_a_new_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
