/* How often a vendor's requests came to nothing, so that nobody is worn down by prompts.
 * Policy: three prompts of one vendor in a row without a yes (denied, not answered, or taken back) within 15 minutes,
 * and that vendor may not ask for 15 minutes. A yes, or the person's own call for support, begins anew. Boot time; kept
 * in memory only. Limits: 32 vendors, the one that asked longest ago is forgotten first. One thread. */
#ifndef ORIEL_BACKOFF_H
#define ORIEL_BACKOFF_H

#include <glib.h>
#include <stdbool.h>

enum { ORIEL_BACKOFF_SECONDS = 900, ORIEL_BACKOFF_DENIALS = 3 };

struct oriel_backoff;

struct oriel_backoff *oriel_backoff_new(void);
void oriel_backoff_free(struct oriel_backoff *backoff);

/* How a prompt came out; `reason` of the denial, NULL: yes. Denials for which no person is answerable don't count. */
void oriel_backoff_note(struct oriel_backoff *backoff, const char *vendor, const char *reason);
/* Seconds that the vendor has to wait yet, 0: it may ask. */
guint oriel_backoff_left(const struct oriel_backoff *backoff, const char *vendor);
/* The person calls: all may ask. */
void oriel_backoff_forget(struct oriel_backoff *backoff);

#endif
