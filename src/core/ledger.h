/* The device's side of its log: the records of boot and policy that come before any other, and what follows when
 * nothing can be recorded.
 *
 * Policy: records are written in the order in which they were said, by a thread of their own (scribe.h): the main loop,
 * and with it every stop, never waits for the disk. Who may not go on before the record is on the disk gives a ticket,
 * and goes on when it is told. A log that can't be written, or was tampered with, does not stop orield: it runs, and
 * has no session. `failed` is then called, to end what lives; so it is when the disk has not answered for
 * ORIEL_LEDGER_PATIENCE seconds, or ORIEL_LEDGER_QUEUE records wait for it; until it answers nothing more is taken but
 * ends. The record of the boot is tried again before each other one. Main loop; no callback comes from inside a call of
 * oriel_ledger_record(). */
#ifndef ORIEL_LEDGER_H
#define ORIEL_LEDGER_H

#include "audit.h"
#include "config.h"

enum { ORIEL_LEDGER_PATIENCE = 10, ORIEL_LEDGER_QUEUE = 64 };

struct oriel_ledger_events {
    /* What had this ticket is on the disk, or (false, logged) is not. */
    void (*recorded)(void *user, guint64 ticket, bool good);
    /* oriel_ledger_why() is another. */
    void (*changed)(void *user);
    /* There is more in the log than before. */
    void (*grown)(void *user);
    /* What the collector lacks (oriel_ledger_export), or NULL: nothing. */
    void (*exported)(void *user, const char *text);
    /* The collector's answer (oriel_ledger_answer) is believed, or (logged) is not. */
    void (*answered)(void *user, bool good);
    /* Nothing can be recorded now. */
    void (*failed)(void *user, const char *why);
};

struct oriel_ledger;

/* Opens the log (oriel_audit_open). NULL with `error` set when that can't be. */
struct oriel_ledger *oriel_ledger_new(const struct oriel_config *config, const struct oriel_ledger_events *events,
                                      void *user, GError **error);
/* Writes what waits. */
void oriel_ledger_free(struct oriel_ledger *ledger);
/* `members` of the boot's record, stolen; what is configured and trusted is added. Once. Waits for the disk. */
void oriel_ledger_boot(struct oriel_ledger *ledger, json_t *members);
/* `members` is stolen. `ticket` 0: nobody waits for it. */
void oriel_ledger_record(struct oriel_ledger *ledger, const char *event, json_t *members, guint64 ticket);
/* What is trusted may have changed: a record, if it did. */
void oriel_ledger_look_at_policy(struct oriel_ledger *ledger);
/* Whether the end of what lives could still be recorded. */
void oriel_ledger_look_at_disk(struct oriel_ledger *ledger);
/* NULL, or why nothing can be recorded, as agents may know it: no paths of the device. */
const char *oriel_ledger_why(const struct oriel_ledger *ledger);
/* How many records are not on the disk yet. */
guint oriel_ledger_waits(const struct oriel_ledger *ledger);
/* Whether the disk does not answer, so that nothing can be put before a person. */
bool oriel_ledger_is_stuck(const struct oriel_ledger *ledger);
/* The last sessions on record. */
const struct oriel_history *oriel_ledger_history(const struct oriel_ledger *ledger);
/* For the collector; `exported` and `answered` follow. */
void oriel_ledger_export(struct oriel_ledger *ledger, gsize max);
void oriel_ledger_answer(struct oriel_ledger *ledger, const char *note);
/* How many records there are, and how many of them the collector has. */
void oriel_ledger_sizes(const struct oriel_ledger *ledger, guint64 *size, guint64 *collected);
/* These wait for the disk: not while somebody may have to stop something. */
bool oriel_ledger_acknowledge(struct oriel_ledger *ledger, guint uid, GError **error);
bool oriel_ledger_file(struct oriel_ledger *ledger, guint64 first, GError **error);
bool oriel_ledger_cosigned(struct oriel_ledger *ledger, const char *note, GError **error);

#endif
