/* The sound socket between media and voice: a unix SOCK_SEQPACKET pair, one block of sound a packet, the same in both
 * directions.
 *
 * Policy: what does not have this size is dropped, who can't take a block loses it: sound that waits is worth nothing.
 * Both are on one machine, so numbers are as the machine has them. */
#ifndef ORIEL_IPC_SOUND_H
#define ORIEL_IPC_SOUND_H

#include <stdbool.h>
#include <stdint.h>

enum { ORIEL_SOUND_RATE = 48000, ORIEL_SOUND_SAMPLES = 480 }; /* mono; 10 ms */

struct oriel_sound {
    int64_t at; /* ns of CLOCK_MONOTONIC: when the first sample was heard, or would be with no delay at all */
    int16_t samples[ORIEL_SOUND_SAMPLES];
};

/* Never waits. False: it was not taken. */
bool oriel_sound_send(int fd, const struct oriel_sound *sound);
/* Waits for the next one. False: the other side is gone, or oriel_sound_stop() was called. */
bool oriel_sound_receive(int fd, struct oriel_sound *sound);
/* Ends the waiting of another thread, for good. */
void oriel_sound_stop(int fd);
/* How loud it is, 0 (silent) to 100: decibels of the mean square from -60 up. */
unsigned oriel_sound_level(const struct oriel_sound *sound);

#endif
