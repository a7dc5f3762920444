/* The microphone and the speaker of this machine: sound as sound.h has it, echo, noise and level seen to. Its drawing
 * is in soundcard.c.
 *
 * Policy: the microphone is one that somebody speaks into: what a machine plays itself (a monitor) is none, unless it
 * is named. Half a sound card is used for what it has, until the other half comes. Whoever uses this gives up when
 * `lost` comes and opens another: devices are opened once. Events come from the default main context, blocks of sound
 * on threads of their own. */
#ifndef ORIEL_SOUNDCARD_H
#define ORIEL_SOUNDCARD_H

#include <glib.h>
#include <stdbool.h>

#include "sound.h"

/* The canceller: what it listens to, and its settings; for its test, too. */
#define ORIEL_SOUNDCARD_PROBE "oriel-speaker"
#define ORIEL_SOUNDCARD_DSP                                                                                            \
    "probe=" ORIEL_SOUNDCARD_PROBE " delay-agnostic=false extended-filter=true echo-suppression-level=high"

struct oriel_soundcard_wish {
    const char *backend;              /* "pulse", "pipewire", "alsa" */
    const char *server;               /* the sound server's socket; "": the backend's own choice */
    const char *microphone, *speaker; /* names of the backend's; "": its default ones */
};

struct oriel_soundcard_events {
    /* Opened, as far as it can be. `missing`: what is not, and why, for people; "": nothing. Once. */
    void (*ready)(void *user, bool microphone, bool speaker, const char *missing);
    /* 10 ms of the microphone. */
    void (*heard)(void *user, const struct oriel_sound *sound);
    /* A device that worked went away, or one that was missing came. */
    void (*lost)(void *user, const char *why);
};

struct oriel_soundcard;

/* Begins to open; `ready` follows in any case. It lives as long as the process. */
struct oriel_soundcard *oriel_soundcard_open(const struct oriel_soundcard_wish *wish,
                                             const struct oriel_soundcard_events *events, void *user);
/* Plays it as long after `sound->at` as the jitter of the network wants. Any one thread. */
void oriel_soundcard_play(struct oriel_soundcard *card, const struct oriel_sound *sound);

#endif
