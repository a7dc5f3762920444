/* See journal.h. */
#include "journal.h"

void oriel_journal_begin(struct oriel_journal *j) {
    j->heard = false;
    j->first = j->told_to = j->next = 0;
}

struct oriel_exact_record *oriel_journal_add(struct oriel_journal *j) {
    struct oriel_exact_record *r = &j->records[j->next % ORIEL_JOURNAL_MAX];
    *r = (struct oriel_exact_record){.number = j->next++};
    return r;
}

void oriel_journal_count_as_told(struct oriel_journal *j, int64_t now) {
    for (; j->told_to != j->next; j->told_to++)
        j->recorded[j->told_to % ORIEL_JOURNAL_MAX] = now;
}

size_t oriel_journal_write(struct oriel_journal *j, uint16_t epoch, unsigned width, unsigned height,
                           enum oriel_exact_state state, uint32_t from, uint8_t message[ORIEL_EXACT_MESSAGE_MAX],
                           int64_t now) {
    const struct oriel_exact_record *list[ORIEL_JOURNAL_MAX];
    size_t count = 0, length;
    for (uint32_t n = from; n != j->next && (j->heard || !count); n++)
        list[count++] = &j->records[n % ORIEL_JOURNAL_MAX];
    oriel_exact_write_records(epoch, width, height, state, list, count, message, &length);
    if (from == j->first)
        j->waiting_since = now;
    oriel_journal_count_as_told(j, now);
    j->told_at = now;
    return length;
}

uint32_t oriel_journal_newest(const struct oriel_journal *j, size_t *size) {
    uint32_t waiting = j->next - j->first;
    uint32_t from = j->next - (waiting < ORIEL_JOURNAL_AGAIN ? waiting : ORIEL_JOURNAL_AGAIN);
    for (;; from = j->next - 1) {
        *size = ORIEL_EXACT_RECORDS_HEAD;
        for (uint32_t n = from; n != j->next; n++)
            *size += oriel_exact_record_size(&j->records[n % ORIEL_JOURNAL_MAX]);
        if (*size <= ORIEL_EXACT_MESSAGE_MAX / 2 || from == j->next - 1)
            return from;
    }
}

bool oriel_journal_acked(struct oriel_journal *j, uint32_t number, int64_t now) {
    if (number == j->first || number - j->first > j->next - j->first)
        return false;
    j->first = number;
    j->waiting_since = now;
    j->heard = true;
    return true;
}

uint32_t oriel_journal_acked_rtp(const struct oriel_journal *j) {
    return j->records[(j->first - 1) % ORIEL_JOURNAL_MAX].rtp;
}

bool oriel_journal_waits(const struct oriel_journal *j) {
    return j->first != j->told_to;
}

bool oriel_journal_is_deaf(const struct oriel_journal *j, int64_t now) {
    return j->next - j->first == ORIEL_JOURNAL_MAX ||
           (oriel_journal_waits(j) && now - j->recorded[j->first % ORIEL_JOURNAL_MAX] > ORIEL_JOURNAL_DEAF);
}
