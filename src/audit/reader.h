/* Reads a log from its first byte to its last and says whether it is the one that was written: each record in its place
 * and following from the one before, the tree of them with the root that the signed checkpoint has, nothing behind.
 *
 * A log is a directory:
 *   audit.jsonl           the newest records
 *   audit-<N>.jsonl       older segments, closed; N (12 digits) is the number of their first record
 *   audit-<N>.hashes      the leaf hashes, 32 bytes each, of a segment that was dropped after its export
 *   checkpoint            the signed head (checkpoint.h); checkpoint.next is where the next one is written
 *   damaged-…             what was damaged when an administrator acknowledged it; not read
 * Where records were lost, the next segment begins with `acknowledged`, which has the tree to go on with.
 * Memory does not grow with the log. */
#ifndef ORIEL_READER_H
#define ORIEL_READER_H

#include "checkpoint.h"
#include "record.h"

#define ORIEL_LOG_CURRENT "audit.jsonl"
#define ORIEL_LOG_CHECKPOINT "checkpoint"

enum { ORIEL_LOG_NAME_SIZE = 40, ORIEL_LOG_WHAT_SIZE = 400, ORIEL_LOG_SEGMENTS_MAX = 65536 };

enum oriel_log_state {
    ORIEL_LOG_NEW, /* nothing was ever written here */
    ORIEL_LOG_GOOD,
    ORIEL_LOG_TORN, /* good but for one record beyond the checkpoint, which a power cut leaves */
    ORIEL_LOG_TAMPER,
    ORIEL_LOG_UNREADABLE,
};

struct oriel_log_report {
    enum oriel_log_state state;
    uint64_t records, bytes; /* that were read */
    uint64_t lost;           /* records that are not provable here any more, acknowledged */
    bool has_checkpoint;
    struct oriel_checkpoint checkpoint;
    struct oriel_tree tree; /* of the records, as far as they are good */
    char prev[ORIEL_RECORD_PREV_SIZE];
    uint64_t segment;   /* number of the first record of the current segment (TAMPER: of the first bad one) */
    uint64_t committed; /* bytes of the current segment that the checkpoint speaks of */
    uint64_t beyond;    /* bytes after them */
    /* The first thing that is wrong. */
    char file[ORIEL_LOG_NAME_SIZE], what[ORIEL_LOG_WHAT_SIZE];
    uint64_t offset;
};

struct oriel_log_visitor {
    /* Each good record: its beginning, its line without the end. */
    void (*record)(void *user, const struct oriel_record_head *head, const char *line, size_t length);
    /* Each leaf, those of dropped records included. May be NULL. */
    void (*leaf)(void *user, uint64_t index, const struct oriel_tree_hash *leaf);
    void *user;
};

struct oriel_log_segment {
    uint64_t first;
    char name[ORIEL_LOG_NAME_SIZE];
    bool hashes;
};

/* `keys`: one of them must have signed the checkpoint. `visitor` may be NULL. */
enum oriel_log_state oriel_log_read(int directory, const struct oriel_note_key *keys, size_t key_count,
                                    const struct oriel_log_visitor *visitor, struct oriel_log_report *report);
/* The closed segments in order; the caller frees. False with errno. */
bool oriel_log_segments(int directory, struct oriel_log_segment **segments, size_t *count);

#endif
