/* The helper that holds microphone and speaker, oriel-voice: it exists exactly while it is wanted, which is while
 * `voice` is granted and nothing is frozen. When it ends by itself (a card was pulled, a sound server started anew,
 * there is no sound at all) another one is tried, every few seconds; nothing else of the session suffers.
 * Not trusted: what it says is checked. One session at a time. Events come from the main loop. */
#ifndef ORIEL_CORE_VOICE_H
#define ORIEL_CORE_VOICE_H

#include "config.h"
#include "launcher.h"

struct oriel_voice;

/* What panel and agent are shown. */
struct oriel_voice_state {
    bool on;                  /* wanted: granted and not frozen */
    bool microphone, speaker; /* there is one that works */
    bool muted;               /* the person does not want to be heard now */
    const char *why;          /* for people: what does not work, and why; "" all does */
    guint talking, hearing;   /* how loud the person, and what is played to them, is: 0 to 100 */
};

struct oriel_voice_events {
    /* The sound socket, media's end. */
    void (*sound)(void *user, int fd);
    /* `loudness`: nothing else than that. */
    void (*changed)(void *user, bool loudness);
    void (*gone)(void *user);
};

struct oriel_voice *oriel_voice_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                    const struct oriel_voice_events *events, void *user);
void oriel_voice_free(struct oriel_voice *voice);

/* A new session: muted, if the person must push to talk. */
void oriel_voice_begin(struct oriel_voice *voice);
void oriel_voice_run(struct oriel_voice *voice, bool on);
void oriel_voice_mute(struct oriel_voice *voice, bool muted);
/* Until the next change. */
const struct oriel_voice_state *oriel_voice_state(const struct oriel_voice *voice);
/* Whether the process exists. */
bool oriel_voice_runs(const struct oriel_voice *voice);

#endif
