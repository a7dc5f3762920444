/* Writes the log that reader.h reads: a record is on the disk, and the signed head that speaks of it, before
 * oriel_log_append() says so.
 *
 * Policy: record, fsync; checkpoint to checkpoint.next, fsync, exchange of the two names, fsync of the directory. What
 * fails before the exchange is taken back; a record without a head that a power cut left is, when the log is opened,
 * replaced by one that tells it. Room for the records that end things is always kept allocated
 * (ORIEL_LOG_RESERVE); other records are refused when the disk has no more than that. The files that it holds open may
 * have been removed, replaced or written by somebody else: that is looked at before each record, and refuses it. A log
 * that is not the one that was written is `tampered`: nothing can be appended until oriel_log_acknowledge(), which puts
 * the damaged files aside as damaged-…, and goes on with the tree of the checkpoint. A segment is closed at 1 MiB. One
 * writer a log (flock), one thread. Limits: on a file system that writes every change to a new place (btrfs), or that
 * can't allocate, the reserve is none. */
#ifndef ORIEL_WRITER_H
#define ORIEL_WRITER_H

#include "io.h"
#include "reader.h"

enum { ORIEL_LOG_ERROR_SIZE = 700, ORIEL_LOG_RESERVE = 16 * 1024, ORIEL_LOG_SEGMENT = 1024 * 1024 };

struct oriel_log_setup {
    const char *directory; /* is there */
    const struct oriel_note_key *key;
    const struct oriel_io *io; /* NULL: the disk */
    void *io_user;
    const struct oriel_log_visitor *visitor; /* of the records that are there; may be NULL */
    off_t segment;                           /* bytes at which one is closed; 0: ORIEL_LOG_SEGMENT */
    bool was_there;                          /* a log was begun here before: none now is tampering */
};

struct oriel_log;

/* NULL with `error` and errno when the log can't be read or written at all. A tampered log is opened. */
struct oriel_log *oriel_log_open(const struct oriel_log_setup *setup, char error[ORIEL_LOG_ERROR_SIZE]);
void oriel_log_close(struct oriel_log *log);
/* NULL, or what is wrong with the log: where and what, a sentence. */
const char *oriel_log_tampered(const struct oriel_log *log);
/* `members` is stolen. `last`: it ends something and may use the reserve. `at`: when it was said, NULL: now. False with
 * `error` and errno: it is not on record. */
bool oriel_log_append(struct oriel_log *log, const char *event, json_t *members, bool last,
                      const struct oriel_record_time *at, char error[ORIEL_LOG_ERROR_SIZE]);
/* Whether a record could be written now, without writing one. */
bool oriel_log_is_writable(struct oriel_log *log, char error[ORIEL_LOG_ERROR_SIZE]);
/* By the administrator `uid`. */
bool oriel_log_acknowledge(struct oriel_log *log, unsigned uid, char error[ORIEL_LOG_ERROR_SIZE]);
/* Removes the records of closed segments that end at or before `size`, which somebody else has; their hashes stay. The
 * newest `keep` closed segments stay whole. */
bool oriel_log_drop(struct oriel_log *log, uint64_t size, size_t keep, char error[ORIEL_LOG_ERROR_SIZE]);
const struct oriel_tree *oriel_log_tree(const struct oriel_log *log);
int oriel_log_directory(const struct oriel_log *log);

#endif
