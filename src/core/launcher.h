/* Core's end of the launcher (src/launch), which alone may start programs.
 * Policy: core names a kind and gives a control channel, nothing else. When the launcher is gone, so is every helper,
 * and core can't go on. Callbacks come from the main loop. One thread. */
#ifndef ORIEL_LAUNCHER_H
#define ORIEL_LAUNCHER_H

#include <glib.h>
#include <stdbool.h>

#include "config.h"
#include "sandbox.h"

struct oriel_launcher;

/* Forks the launcher with what the configuration says; before any thread is started. The channel, or -1 with `error`.
 */
int oriel_launcher_fork(const struct oriel_config *config, GError **error);
/* Takes the channel and waits until it is known whether there is a sandbox here. `lost`: it is gone. NULL with `error`.
 */
struct oriel_launcher *oriel_launcher_new(int fd, void (*lost)(void *user), void *user, GError **error);
void oriel_launcher_free(struct oriel_launcher *launcher);

/* NULL: helpers run in a sandbox; else why this machine can't make one. */
const char *oriel_launcher_why_bare(const struct oriel_launcher *launcher);
/* `stopped` comes when somebody stopped the session by the launcher's own socket: "person" or "local". */
void oriel_launcher_on_stop(struct oriel_launcher *launcher, void (*stopped)(void *user, const char *by), void *user);
/* Starts a kind, by enum oriel_process; `which` of its paths it sees, from 1, 0: all; `control` stays the caller's. A
 * pidfd of the program, or -1 with `error`. `ended` comes once, with the status as of wait(2). */
int oriel_launcher_start(struct oriel_launcher *launcher, enum oriel_process kind, guint which, int control,
                         void (*ended)(void *user, int status), void *user, GError **error);

#endif
