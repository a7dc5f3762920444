/* A microphone and a speaker by PulseAudio's protocol: libpulse itself, one connection and one thread for both.
 *
 * GStreamer's elements for it are five threads that wake each other every 10 ms, which costs more than what is done
 * with the sound; and they hold 10 ms more of it back.
 *
 * Policy: mono, 48 kHz, 16 bits, 10 ms at a time; the server makes of that what the card wants. A stream that the
 * server moves goes on where it was moved to. It lives as long as the process. */
#ifndef ORIEL_PULSE_H
#define ORIEL_PULSE_H

#include <stdbool.h>

#include "sound.h"

enum oriel_pulse_way { ORIEL_PULSE_MICROPHONE, ORIEL_PULSE_SPEAKER, ORIEL_PULSE_WAYS };

struct oriel_pulse_events {
    /* The next block of the microphone, and of the speaker: on a thread of its own. */
    void (*heard)(void *user, const struct oriel_sound *sound);
    void (*wanted)(void *user, int16_t *samples);
    /* It can't be had, or went away. From the default main context. */
    void (*failed)(void *user, enum oriel_pulse_way way, const char *why);
};

struct oriel_pulse;

/* `server`: of libpulse's kind, "" for the usual one; `names`: by way, "" for the server's choice. */
struct oriel_pulse *oriel_pulse_new(const char *server, char *const names[ORIEL_PULSE_WAYS],
                                    const struct oriel_pulse_events *events, void *user);
/* Blocks flow, or `failed` comes. */
void oriel_pulse_start(struct oriel_pulse *pulse, enum oriel_pulse_way way);
/* After it there is neither a block of it nor a failure. */
void oriel_pulse_stop(struct oriel_pulse *pulse, enum oriel_pulse_way way);
/* The server's name of what is used now; NULL: nothing. To be freed. */
char *oriel_pulse_device(struct oriel_pulse *pulse, enum oriel_pulse_way way);

#endif
