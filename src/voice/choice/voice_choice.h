/* Which sound system of this machine will be used, why, and what of the file system that needs: the one place that
 * knows it. oriel-voice asks, which then opens it; orield, whose sandbox lets nothing else through to voice; and `oriel
 * doctor`, which explains. So this is a library of its own that links libc and nothing else.
 *
 * Policy of "auto": a sound server, when its socket is there, because it holds the sound card: PulseAudio's protocol
 * first (which PipeWire speaks, too), then PipeWire's own; else ALSA, when there is a card. Looks at files and the
 * environment and connects to nothing. Not thread-safe (getenv). */
#ifndef ORIEL_VOICE_CHOICE_H
#define ORIEL_VOICE_CHOICE_H

#include <stdbool.h>

/* [voice] of oriel.conf; NULL and "" are "not said". */
struct oriel_voice_wish {
    const char *backend, *server;
};

enum { ORIEL_VOICE_PATH_SIZE = 256 };

struct oriel_voice_choice {
    char backend[12]; /* "pulse", "pipewire", "alsa"; "": there is nothing, and `why` says what was looked for */
    char why[400];    /* for people */
    char server[ORIEL_VOICE_PATH_SIZE]; /* the sound server's socket; "" with ALSA */
    /* What voice opens: the folder of the socket, which stays when the server starts anew, or that of the cards. May be
     * missing now and there when it is opened. */
    char path[ORIEL_VOICE_PATH_SIZE];
    bool device; /* `path` holds devices */
};

void oriel_voice_choose(const struct oriel_voice_wish *wish, struct oriel_voice_choice *choice);

/* All that may be chosen while orield runs: a device starts before its sound server does, and cards are plugged in. */
enum { ORIEL_VOICE_PLACES = 4 };
struct oriel_voice_place {
    char path[ORIEL_VOICE_PATH_SIZE];
    bool device;
};
unsigned oriel_voice_places(const struct oriel_voice_wish *wish, struct oriel_voice_place places[ORIEL_VOICE_PLACES]);

#endif
