/* The key switch of a panel without an operator: a hardware line (GPIO) that opens a window of minutes, in which
 * requests of the configured vendors are granted for the configured scopes though nobody is asked.
 *
 * Policy: a window opens by a turn that orield has seen, never by a line that was active already when it started: a key
 * that was forgotten, or a button that is stuck, opens nothing after a restart. Of a `key`, turning it back closes the
 * window at once, and ends what was granted in it; of a `button`, pressing it again. Time is boot time. A line that
 * can't be read any more: closed for good. One thread. */
#ifndef ORIEL_KEYSWITCH_H
#define ORIEL_KEYSWITCH_H

#include "config.h"
#include "session.h"

#include <stdbool.h>

struct oriel_keyswitch;

/* NULL without `error`: none is configured. `changed`: the window was opened, or closed (`why`) before its time was
 * over. */
struct oriel_keyswitch *oriel_keyswitch_new(const struct oriel_config *config,
                                            void (*changed)(void *user, bool open, const char *why), void *user,
                                            GError **error);
void oriel_keyswitch_free(struct oriel_keyswitch *keyswitch);

/* Seconds for which the window is open yet; 0: closed. `keyswitch` may be NULL. */
guint oriel_keyswitch_left(const struct oriel_keyswitch *keyswitch);
/* Why the line can't be read any more, or NULL. */
const char *oriel_keyswitch_broken(const struct oriel_keyswitch *keyswitch);
/* Whether the window is open for this request: then its scopes and seconds are narrowed to those of the window, and it
 * says by whom it is granted. */
bool oriel_keyswitch_grants(const struct oriel_keyswitch *keyswitch, struct oriel_session_request *request);

#endif
