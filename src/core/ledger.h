/* The device's side of its log: the records of boot and policy that come before any other, and what follows when
 * nothing can be recorded.
 *
 * Policy: a log that can't be written, or was tampered with, does not stop orield: it runs, and has no session.
 * `failed` is then called from the main loop, to end what lives. The record of the boot is tried again before each
 * other one. One thread, main loop. */
#ifndef ORIEL_LEDGER_H
#define ORIEL_LEDGER_H

#include "audit.h"
#include "config.h"

struct oriel_ledger;

/* Opens the log (oriel_audit_open). NULL with `error` set when that can't be. */
struct oriel_ledger *oriel_ledger_new(const struct oriel_config *config, void (*failed)(void *user, const char *why),
                                      void *user, GError **error);
void oriel_ledger_free(struct oriel_ledger *ledger);
/* `members` of the boot's record, stolen; what is configured and trusted is added. Once. */
void oriel_ledger_boot(struct oriel_ledger *ledger, json_t *members);
/* False: it is not on record (logged). `members` is stolen. */
bool oriel_ledger_record(struct oriel_ledger *ledger, const char *event, json_t *members);
/* What is trusted may have changed: a record, if it did. */
void oriel_ledger_look_at_policy(struct oriel_ledger *ledger);
/* Whether the end of what lives could still be recorded. */
void oriel_ledger_look_at_disk(struct oriel_ledger *ledger);
/* NULL, or why nothing can be recorded, as agents may know it: no paths of the device. */
const char *oriel_ledger_why(const struct oriel_ledger *ledger);
bool oriel_ledger_acknowledge(struct oriel_ledger *ledger, guint uid, GError **error);
bool oriel_ledger_cosigned(struct oriel_ledger *ledger, const char *note, GError **error);

#endif
