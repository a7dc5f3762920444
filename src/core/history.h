/* The last sessions, for the person at the panel: who looked, when, how long, and how it ended. Out of the records, as
 * they are written. Limits: the last ORIEL_HISTORY_MAX that were granted. One thread. */
#ifndef ORIEL_HISTORY_H
#define ORIEL_HISTORY_H

#include <glib.h>
#include <jansson.h>

enum { ORIEL_HISTORY_MAX = 10 };

struct oriel_history;

struct oriel_history *oriel_history_new(void);
void oriel_history_free(struct oriel_history *history);
/* A record of the log; `time` as it has it. */
void oriel_history_add(struct oriel_history *history, const char *event, const json_t *record, const char *time);
/* Those without an end have none any more: orield was cut off. */
void oriel_history_abort(struct oriel_history *history);
guint oriel_history_length(const struct oriel_history *history);
/* {session, at, vendor, agent (the name), reason, scopes, seconds, by, ended}; 0 is the newest. The last two are ""
 * while it lives. */
const json_t *oriel_history_get(const struct oriel_history *history, guint index);

#endif
