/* The journal of an epoch: a record (wire.h) of each picture that the page has not acknowledged, what it is told of
 * them, and since when an answer is waited for.
 *
 * Policy: the page must know of each picture how it differs from the one before, so the newest few go with each
 * message, as long as they are small, and all of them when the exact layer says so. To a page that has acknowledged
 * nothing yet, and may never do so, the first one is enough. A page that has not acknowledged what it was told for
 * ORIEL_JOURNAL_DEAF, or so many records that there is no room for another, is deaf: with it, an epoch begins anew.
 * Pure: times are given. One thread. */
#ifndef ORIEL_EXACT_JOURNAL_H
#define ORIEL_EXACT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "wire.h"

#define ORIEL_JOURNAL_DEAF (3 * ORIEL_SECOND)

enum {
    ORIEL_JOURNAL_MAX = 256, /* unacknowledged: beyond it the page is lost */
    ORIEL_JOURNAL_AGAIN = 4, /* how many go with each new one */
};

struct oriel_journal {
    struct oriel_exact_record records[ORIEL_JOURNAL_MAX]; /* by number, modulo */
    int64_t recorded[ORIEL_JOURNAL_MAX];                  /* since when it is waited for */
    uint32_t first, told_to, next; /* unacknowledged: from first, before next; waited for: to told_to */
    int64_t told_at;               /* the newest */
    int64_t waiting_since;         /* for the acknowledgement of the first of them, monotonic */
    bool heard;                    /* the page has acknowledged something of this epoch */
};

/* Another epoch, of which the page has nothing. */
void oriel_journal_begin(struct oriel_journal *j);

/* The next record, with its number and nothing else. The page must not be deaf. */
struct oriel_exact_record *oriel_journal_add(struct oriel_journal *j);

/* From `from` on as many as fit into a message; its length. `from` is `first`, or of oriel_journal_newest(). */
size_t oriel_journal_write(struct oriel_journal *j, uint16_t epoch, unsigned width, unsigned height,
                           enum oriel_exact_state state, uint32_t from, uint8_t message[ORIEL_EXACT_MESSAGE_MAX],
                           int64_t now);

/* The newest, which go with each message, from which one on; how large that is comes to `size`. If the older ones are
 * too large, only the last. */
uint32_t oriel_journal_newest(const struct oriel_journal *j, size_t *size);

/* All that there are: from now on an acknowledgement is waited for. */
void oriel_journal_count_as_told(struct oriel_journal *j, int64_t now);

/* The page has all before `number`. False: that is no news, or can't be. */
bool oriel_journal_acked(struct oriel_journal *j, uint32_t number, int64_t now);

/* The RTP time of the last that it has, once it has any. */
uint32_t oriel_journal_acked_rtp(const struct oriel_journal *j);

/* Whether an acknowledgement is to come. */
bool oriel_journal_waits(const struct oriel_journal *j);

bool oriel_journal_is_deaf(const struct oriel_journal *j, int64_t now);

#endif
