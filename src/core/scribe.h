/* The one thread that waits for the disk, so that the main loop never does: jobs in their order, each one's outcome
 * told from the main loop.
 *
 * Policy: what is done is the beginning of what was said. A job that was given before the failure of an earlier one was
 * told fails, too, untried, unless it is `always` (what ends something is recorded whatever else was not). Limits: the
 * caller looks at oriel_scribe_waits() and stops giving. All functions but a job's `work` belong to the main loop's
 * thread. */
#ifndef ORIEL_SCRIBE_H
#define ORIEL_SCRIBE_H

#include <glib.h>
#include <stdbool.h>

/* The beginning of a job of the caller's, who made it; `done` frees it. */
struct oriel_scribe_job {
    bool (*work)(struct oriel_scribe_job *job, GError **error);      /* on the scribe's thread */
    void (*done)(struct oriel_scribe_job *job, const GError *error); /* from the main loop; NULL: good */
    bool always;
    /* the scribe's own */
    gint64 since;
    guint64 known;
    GError *error;
};

struct oriel_scribe;

struct oriel_scribe *oriel_scribe_new(void);
/* Does what was given before, and tells it. */
void oriel_scribe_free(struct oriel_scribe *scribe);
void oriel_scribe_give(struct oriel_scribe *scribe, struct oriel_scribe_job *job);
/* Tells from the main loop that the job failed, for `why`; it is not tried. */
void oriel_scribe_refuse(struct oriel_scribe *scribe, struct oriel_scribe_job *job, const char *why);
/* Waits until all that was given is done, and tells it from here. */
void oriel_scribe_wait(struct oriel_scribe *scribe);
/* How many jobs were not told yet, and for how long the oldest waits (nanoseconds of boot time, 0: none). */
guint oriel_scribe_waits(const struct oriel_scribe *scribe, gint64 *longest);

#endif
