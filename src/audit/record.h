/* A record of the log: one line of JSON, at most 4 KiB with its line's end, the same members first in every one:
 *   {"seq":1,"time":"<RFC 3339>","boot_time":12.345,"clock":"ntp","prev":"<16 characters>","event":"…", …}
 * `clock` says whether the kernel calls the wall time synchronised ("ntp") or not ("local"); `prev` is the beginning of
 * the leaf hash of the record before, so that a record that was changed is found by its place and not only by the root.
 * What an event has besides is schema.c's. Pure. */
#ifndef ORIEL_RECORD_H
#define ORIEL_RECORD_H

#include "schema.h"
#include "tree.h"

enum { ORIEL_RECORD_MAX = 4096, ORIEL_RECORD_PREV_SIZE = 17 };

struct oriel_record_head {
    uint64_t seq;
    char time[25], prev[ORIEL_RECORD_PREV_SIZE], event[24];
    double boot_time;
    size_t bad; /* where it stops being a record, when it is none */
};

/* When something was said, which may be before it is written. */
struct oriel_record_time {
    char time[25];
    double boot_time;
    const char *clock;
};

void oriel_record_now(struct oriel_record_time *out);
/* The line without its end; the caller frees. `members` is stolen; NULL is refused. `at` NULL: now. NULL with `error`.
 */
char *oriel_record_compose(uint64_t seq, const char *prev, const char *event, json_t *members,
                           const struct oriel_record_time *at, size_t *length, char error[ORIEL_SCHEMA_ERROR_SIZE]);
/* What every record begins with, of a line without its end. Quick: the rest is not parsed. */
bool oriel_record_peek(const char *line, size_t length, struct oriel_record_head *out);
/* The whole record, checked by the schema: a new reference, or NULL with `error`. */
json_t *oriel_record_parse(const char *line, size_t length, char error[ORIEL_SCHEMA_ERROR_SIZE]);
void oriel_record_prev(const struct oriel_tree_hash *leaf, char out[ORIEL_RECORD_PREV_SIZE]);

#endif
