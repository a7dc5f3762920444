/* The device's record: what was asked, shown, decided, granted, and how it ended.
 *
 * Policy: append-only JSON Lines, <directory>/audit.jsonl. oriel_audit_append() returns true only when the record is on
 * the disk (fdatasync); the caller does the recorded thing after that, and not at all on false. A record that could be
 * written in part only is taken back, so the file always ends with a whole line; a torn last line left by a power cut
 * is cut at the next start, and that is recorded. One orield a log (flock). Limits: not yet provable (no hashes, no
 * checkpoint). One thread.
 *
 * A record: {"seq":1,"time":"<RFC 3339>","boot_time":<seconds since boot>,"event":"…", …}, at most 4 KiB. */
#ifndef ORIEL_AUDIT_H
#define ORIEL_AUDIT_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

struct oriel_audit;

/* Opens or creates the log. NULL with `error` set: what failed and what to do. */
struct oriel_audit *oriel_audit_open(const char *directory, GError **error);
/* `members` is stolen; NULL (json_pack failed: text that is no UTF-8) is refused, since a record must not lack what it
 * is about. False with `error` set when the record is not safely on the disk. */
bool oriel_audit_append(struct oriel_audit *audit, const char *event, json_t *members, GError **error);
void oriel_audit_close(struct oriel_audit *audit);

#endif
