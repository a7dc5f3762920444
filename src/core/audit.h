/* The device's record: what was asked, shown, decided, granted, and how it ended, so that its owner can prove it.
 *
 * Policy: the log of src/audit/writer.h. oriel_audit_append() returns true only when the record and the signed head
 * that speaks of it are on the disk; the caller does the recorded thing after that, and not at all on false. A torn
 * last line left by a power cut is cut at the next start, sessions that had no end are `aborted`, both on record. Any
 * other damage is tampering: nothing is recorded, so no session is possible, until a local administrator acknowledges
 * it. Each record is a line of orield's own log, too. One orield a log. One thread. */
#ifndef ORIEL_AUDIT_H
#define ORIEL_AUDIT_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "history.h"
#include "record.h"

struct oriel_audit;

struct oriel_audit_setup {
    const char *directory;         /* made when it is not there */
    const char *key;               /* file: PEM of the Ed25519 key that signs the head */
    const char *origin;            /* the log's name, oriel/<tenant>/<device> */
    struct oriel_history *history; /* is given the records that are there; may be NULL */
    const char *begun;             /* a file that is made with the log, and says later that there was one; NULL: none */
};

/* Opens or creates the log. NULL with `error` set: what failed and what to do. */
struct oriel_audit *oriel_audit_open(const struct oriel_audit_setup *setup, GError **error);
/* `members` is stolen; NULL (json_pack failed: text that is no UTF-8) is refused, since a record must not lack what it
 * is about. What an event may have is src/audit/schema.c. `at`: when it was said, NULL: now. False with `error` set
 * when the record is not safely on the disk. */
bool oriel_audit_append(struct oriel_audit *audit, const char *event, json_t *members,
                        const struct oriel_record_time *at, GError **error);
/* A record of `policy`, when `what` ("configuration" or "trust") has another hash than the last boot or policy
 * says. */
bool oriel_audit_policy(struct oriel_audit *audit, const char *what, const char *hash, GError **error);
/* False with `error` set when a record could not be written now. */
bool oriel_audit_is_writable(struct oriel_audit *audit, GError **error);
/* NULL, or what is wrong with the log. */
const char *oriel_audit_tampered(const struct oriel_audit *audit);
bool oriel_audit_acknowledge(struct oriel_audit *audit, guint uid, GError **error);
/* The records that the owner's collector lacks, from the oldest on, in the form of `oriel audit export`, of at most
 * `max` bytes; that they are given away is recorded first. The caller frees. NULL without `error`: it has all, but for
 * what the collecting itself leaves in the log. */
char *oriel_audit_export(struct oriel_audit *audit, gsize max, GError **error);
/* How many records the collector has, by its last answer. */
guint64 oriel_audit_collected(const struct oriel_audit *audit);
/* The answer of the owner's collector, whose vkey is `collector`: the signed head with its cosignature. If it is a new
 * one it is recorded, and of the segments that it covers all but the newest `keep` are dropped. */
bool oriel_audit_cosigned(struct oriel_audit *audit, const char *collector, const char *note, guint keep,
                          GError **error);
/* How many records there are. */
guint64 oriel_audit_size(const struct oriel_audit *audit);
void oriel_audit_close(struct oriel_audit *audit);

#endif
