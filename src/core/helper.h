/* A helper process of core (signal, capture, camera, media, egress, voice): started by the launcher in its sandbox,
 * talked to over one channel on its fd 3, ended by SIGKILL through a pidfd of its own.
 * Policy: what it sends is checked against the table of its pair; a helper that breaks it is killed.
 * Callbacks come from the main loop, messages before the exit; either may free nothing but may kill. One thread. */
#ifndef ORIEL_HELPER_H
#define ORIEL_HELPER_H

#include <glib.h>
#include <stdbool.h>

#include "channel.h"
#include "launcher.h"

struct oriel_helper;

struct oriel_helper_kind {
    enum oriel_process process;
    const char *program; /* for messages */
    const struct oriel_ipc_table *from;
    void (*message)(void *user, struct oriel_ipc_message *message);
    /* `status` as of wait(2). The helper is freed right after it. */
    void (*exited)(void *user, int status);
};

/* NULL with `error` set. */
struct oriel_helper *oriel_helper_start(const struct oriel_helper_kind *kind, struct oriel_launcher *launcher,
                                        void *user, GError **error);
/* The same, with `which` of the kind's paths (launch.h) to be seen alone. */
struct oriel_helper *oriel_helper_start_with(const struct oriel_helper_kind *kind, guint which,
                                             struct oriel_launcher *launcher, void *user, GError **error);
/* The channel, for oriel_ipc_send(). Still the helper's. */
int oriel_helper_fd(const struct oriel_helper *helper);
/* Now, whatever it does; `exited` follows from the main loop. */
void oriel_helper_kill(struct oriel_helper *helper);
/* Kills it, and nobody hears of it any more: no message, no `exited`. */
void oriel_helper_discard(struct oriel_helper *helper);
/* Closes the channel, so that a helper can end well; the caller kills it if it does not. */
void oriel_helper_hang_up(struct oriel_helper *helper);

#endif
