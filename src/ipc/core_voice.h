/* Core and voice. Voice lives while `voice` is granted and the session is not frozen; core kills it to end it, and
 * starts another when it ended by itself: so a device that went away is found when it is back. */
#ifndef ORIEL_IPC_CORE_VOICE_H
#define ORIEL_IPC_CORE_VOICE_H

#include "channel.h"

/* Core to voice. */
enum {
    /* s backend ("auto", "pulse", "pipewire", "alsa") · s socket of the sound server ("" = the usual one) · s
     * microphone · s speaker (names of the backend's, "" = the default ones) · u whether the microphone is muted · fd:
     * the sound socket to media (sound.h). Once, first. */
    ORIEL_VOICE_START = 1,
    /* u 1: nothing of the microphone is sent from now on; 0: again */
    ORIEL_VOICE_MUTE = 2,
};

/* Voice to core. */
enum {
    /* s backend and why · u whether there is a microphone · u whether there is a speaker · s what is missing, and why,
     * for people; "" nothing. Once; sound flows from here on. */
    ORIEL_VOICE_READY = 1,
    /* u, u how loud it is at the microphone and at the speaker, 0 to 100. At most five times a second, when it changed.
     */
    ORIEL_VOICE_LEVELS = 2,
    /* s detail for people. Voice ends after it. */
    ORIEL_VOICE_FAILED = 3,
};

static const struct oriel_ipc_type oriel_core_to_voice_types[] = {
    {ORIEL_VOICE_START, "start", "ssssu", 1},
    {ORIEL_VOICE_MUTE, "mute", "u", 0},
};
static const struct oriel_ipc_type oriel_voice_to_core_types[] = {
    {ORIEL_VOICE_READY, "ready", "suus", 0},
    {ORIEL_VOICE_LEVELS, "levels", "uu", 0},
    {ORIEL_VOICE_FAILED, "failed", "s", 0},
};
static const struct oriel_ipc_table oriel_core_to_voice __attribute__((unused)) = {
    "core to voice", oriel_core_to_voice_types, sizeof oriel_core_to_voice_types / sizeof(struct oriel_ipc_type)};
static const struct oriel_ipc_table oriel_voice_to_core __attribute__((unused)) = {
    "voice to core", oriel_voice_to_core_types, sizeof oriel_voice_to_core_types / sizeof(struct oriel_ipc_type)};

#endif
