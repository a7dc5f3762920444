/* The device as a whole: what ties audit, consent, broker, helpers and the session together. One a process; main loop
 * only. */
#ifndef ORIEL_DEVICE_H
#define ORIEL_DEVICE_H

#include "config.h"
#include "launcher.h"

#include <stdbool.h>

struct oriel_device;

/* Opens the log, offers the sockets, starts oriel-signal. `config` must outlive it. NULL with `error` set. */
struct oriel_device *oriel_device_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                      GError **error);
/* Ends what lives, tells the agent, and quits `loop` when every helper is gone. */
void oriel_device_shut_down(struct oriel_device *device, GMainLoop *loop);
void oriel_device_free(struct oriel_device *device);

#endif
