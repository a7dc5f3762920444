/* pipelines/exact/journal: which records the page is told, and when it counts as deaf. */
#include "journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW (100 * ORIEL_SECOND)

static struct oriel_journal journal;

static int set_up(void **state) {
    oriel_journal_begin(&journal);
    return 0;
}

/* With so many rectangles, which make it large. */
static void add(unsigned rects) {
    struct oriel_exact_record *r = oriel_journal_add(&journal);
    r->rtp = 1000 + r->number;
    r->count = (uint8_t)rects;
}

static void add_many(unsigned count) {
    while (count--)
        add(0);
}

/* A message with all records from that one on; how many those are, as its length says. */
static unsigned told_from(uint32_t from, int64_t now) {
    uint8_t message[ORIEL_EXACT_MESSAGE_MAX];
    size_t length = oriel_journal_write(&journal, 1, 640, 480, ORIEL_EXACT_EXACT, from, message, now);
    assert_int_equal((length - ORIEL_EXACT_RECORDS_HEAD) % ORIEL_EXACT_RECORD_HEAD, 0);
    return (unsigned)((length - ORIEL_EXACT_RECORDS_HEAD) / ORIEL_EXACT_RECORD_HEAD);
}

static void a_page_that_may_never_answer_is_told_the_first_alone(void **state) {
    add_many(3);
    assert_int_equal(told_from(0, NOW), 1);
    assert_true(oriel_journal_acked(&journal, 1, NOW));
    assert_int_equal(oriel_journal_acked_rtp(&journal), 1000);
    assert_int_equal(told_from(1, NOW), 2);
}

static void what_is_no_news_or_cannot_be_is_no_acknowledgement(void **state) {
    add_many(3);
    assert_false(oriel_journal_acked(&journal, 0, NOW));
    assert_false(oriel_journal_acked(&journal, 4, NOW)); /* there is none yet */
    assert_false(journal.heard);
    assert_true(oriel_journal_acked(&journal, 2, NOW));
    assert_false(oriel_journal_acked(&journal, 1, NOW)); /* was overtaken */
    assert_true(oriel_journal_acked(&journal, 3, NOW));
    assert_true(journal.heard);
}

static void the_newest_few_go_with_each_message(void **state) {
    size_t size;
    add_many(3);
    assert_int_equal(oriel_journal_newest(&journal, &size), 0);
    add_many(7);
    assert_int_equal(oriel_journal_newest(&journal, &size), 6);
    assert_int_equal(size, ORIEL_EXACT_RECORDS_HEAD + 4 * ORIEL_EXACT_RECORD_HEAD);
    oriel_journal_acked(&journal, 8, NOW);
    assert_int_equal(oriel_journal_newest(&journal, &size), 8);
}

static void but_the_last_alone_when_the_others_are_large(void **state) {
    size_t size, last = ORIEL_EXACT_RECORDS_HEAD;
    for (unsigned i = 0; i < 4; i++)
        add(ORIEL_EXACT_RECTS_MAX);
    last += oriel_exact_record_size(&journal.records[3]);
    assert_int_equal(oriel_journal_newest(&journal, &size), 3);
    assert_int_equal(size, last);
}

static void a_page_is_deaf_that_does_not_acknowledge_what_it_was_told(void **state) {
    add_many(2);
    assert_false(oriel_journal_waits(&journal)); /* nothing was told */
    assert_false(oriel_journal_is_deaf(&journal, NOW + 60 * ORIEL_SECOND));
    told_from(0, NOW);
    assert_true(oriel_journal_waits(&journal));
    assert_false(oriel_journal_is_deaf(&journal, NOW + ORIEL_JOURNAL_DEAF));
    assert_true(oriel_journal_is_deaf(&journal, NOW + ORIEL_JOURNAL_DEAF + 1));
    oriel_journal_acked(&journal, 2, NOW);
    assert_false(oriel_journal_waits(&journal));
    assert_false(oriel_journal_is_deaf(&journal, NOW + 60 * ORIEL_SECOND));
}

/* Told again, it has waited for all that time; told for the first time, since then. */
static void time_counts_from_when_a_record_was_told_first(void **state) {
    add(0);
    told_from(0, NOW);
    oriel_journal_acked(&journal, 1, NOW);
    add(0);
    told_from(1, NOW);
    add(0);
    told_from(1, NOW + ORIEL_SECOND);
    assert_int_equal(journal.waiting_since, NOW + ORIEL_SECOND);
    assert_true(oriel_journal_is_deaf(&journal, NOW + ORIEL_JOURNAL_DEAF + 1));
    oriel_journal_acked(&journal, 2, NOW + ORIEL_SECOND);
    assert_false(oriel_journal_is_deaf(&journal, NOW + ORIEL_JOURNAL_DEAF + 1));
}

static void a_page_is_deaf_that_lacks_too_many(void **state) {
    add_many(ORIEL_JOURNAL_MAX - 1);
    assert_false(oriel_journal_is_deaf(&journal, NOW));
    add(0);
    assert_true(oriel_journal_is_deaf(&journal, NOW));
    oriel_journal_begin(&journal);
    assert_false(oriel_journal_is_deaf(&journal, NOW));
    assert_int_equal(oriel_journal_add(&journal)->number, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_page_that_may_never_answer_is_told_the_first_alone, set_up),
        cmocka_unit_test_setup(what_is_no_news_or_cannot_be_is_no_acknowledgement, set_up),
        cmocka_unit_test_setup(the_newest_few_go_with_each_message, set_up),
        cmocka_unit_test_setup(but_the_last_alone_when_the_others_are_large, set_up),
        cmocka_unit_test_setup(a_page_is_deaf_that_does_not_acknowledge_what_it_was_told, set_up),
        cmocka_unit_test_setup(time_counts_from_when_a_record_was_told_first, set_up),
        cmocka_unit_test_setup(a_page_is_deaf_that_lacks_too_many, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
