/* Tells that a microphone or a speaker has come to this machine: for a sound card of which one of the two was missing.
 *
 * Policy: GStreamer's device providers for the sound servers; of ALSA, which has none that looks again, the device
 * files are listed every two seconds. What is there already is no news, and what a machine plays itself (a monitor) is
 * no microphone. Whoever wants it calls before the process is locked: it connects to the sound server.
 * Told once, from the default main context. It lives as long as the process. */
#ifndef ORIEL_PLUGGED_H
#define ORIEL_PLUGGED_H

#include <stdbool.h>

/* `backend`, `server`: as soundcard.h has them. `came` is called with the name, for people. */
void oriel_plugged_await(const char *backend, const char *server, bool microphone,
                         void (*came)(void *user, const char *name), void *user);

#endif
