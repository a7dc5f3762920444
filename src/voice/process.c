/* See process.h.
 *
 *   WAITING --START--> OPENING --devices are open; lock--> FLOWING --device lost, core gone--> ended
 *
 * Policy: it exists only while `voice` is granted. What it opens it opens once, before the lock and before a byte of
 * sound is taken from media; when that goes away, it says so and ends, and core starts another. Muted, no sound of the
 * microphone leaves this process. Without any sound it says why and ends. */
#include "process.h"

#include <errno.h>
#include <glib-unix.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core_voice.h"
#include "log.h"
#include "sandbox.h"
#include "sound.h"
#include "soundcard.h"
#include "voice_choice.h"

enum { LEVELS_MS = 200 };

struct voice {
    int control, sound;
    GMainLoop *loop;
    int status;
    struct oriel_soundcard *card;
    struct oriel_voice_choice choice;
    gint muted, flowing; /* atomic */
    gint loudest[2];     /* atomic: at the microphone and the speaker since levels were told last */
    unsigned told[2];
    struct oriel_ipc_message message;
};

static void end(struct voice *v, int status) {
    v->status = status;
    g_main_loop_quit(v->loop);
}

static void tell(struct voice *v, int result) {
    if (result < 0)
        end(v, EXIT_FAILURE);
}

static void fail(struct voice *v, const char *detail) {
    oriel_error("%s", detail);
    oriel_ipc_send(v->control, &oriel_voice_to_core, ORIEL_VOICE_FAILED, detail);
    end(v, EXIT_FAILURE);
}

static void note_level(gint *loudest, const struct oriel_sound *sound) {
    gint level = (gint)oriel_sound_level(sound), before = g_atomic_int_get(loudest);
    if (level > before)
        g_atomic_int_set(loudest, level); /* of two at once one may be lost: it is a meter */
}

/* ---- the sound card's events ---- */

/* On the microphone's thread. */
static void heard(void *user, const struct oriel_sound *sound) {
    struct voice *v = user;
    if (g_atomic_int_get(&v->muted) || !g_atomic_int_get(&v->flowing))
        return;
    note_level(&v->loudest[0], sound);
    oriel_sound_send(v->sound, sound);
}

/* On a thread of its own. */
static gpointer play_what_comes(gpointer user) {
    struct voice *v = user;
    struct oriel_sound sound;
    while (oriel_sound_receive(v->sound, &sound)) {
        note_level(&v->loudest[1], &sound);
        oriel_soundcard_play(v->card, &sound);
    }
    return NULL; /* media is gone: core knows, and ends us */
}

static gboolean tell_levels(gpointer user) {
    struct voice *v = user;
    unsigned now[2];
    for (int i = 0; i < 2; i++)
        do
            now[i] = (unsigned)g_atomic_int_get(&v->loudest[i]);
        while (!g_atomic_int_compare_and_exchange(&v->loudest[i], (gint)now[i], 0));
    if (memcmp(now, v->told, sizeof now) != 0)
        tell(v, oriel_ipc_send(v->control, &oriel_voice_to_core, ORIEL_VOICE_LEVELS, now[0], now[1]));
    memcpy(v->told, now, sizeof now);
    return G_SOURCE_CONTINUE;
}

static void ready(void *user, bool microphone, bool speaker, const char *missing) {
    struct voice *v = user;
    if (!microphone && !speaker) {
        g_autofree char *detail = g_strdup_printf("%s; %s", v->choice.why, missing);
        fail(v, detail);
        return;
    }
    if (oriel_sandbox_lock(ORIEL_PROCESS_VOICE) < 0) {
        fail(v, "the system calls of this process can't be locked");
        return;
    }
    g_atomic_int_set(&v->flowing, TRUE);
    g_thread_unref(g_thread_new("speaker", play_what_comes, v));
    g_timeout_add(LEVELS_MS, tell_levels, v);
    tell(v, oriel_ipc_send(v->control, &oriel_voice_to_core, ORIEL_VOICE_READY, v->choice.why, (uint32_t)microphone,
                           (uint32_t)speaker, missing));
}

static void lost(void *user, const char *why) {
    fail(user, why);
}

static const struct oriel_soundcard_events card_events = {ready, heard, lost};

/* ---- core's messages ---- */

static void start(struct voice *v) {
    struct oriel_ipc_message *m = &v->message;
    v->sound = oriel_ipc_take_fd(m, 0);
    if (!oriel_ipc_is_channel(v->sound)) {
        fail(v, "START brought no sound socket: this is a fault in orield");
        return;
    }
    oriel_voice_choose(&(struct oriel_voice_wish){m->fields[0].bytes, m->fields[1].bytes}, &v->choice);
    g_atomic_int_set(&v->muted, m->fields[4].number != 0);
    if (!*v->choice.backend) {
        fail(v, v->choice.why);
        return;
    }
    gst_init(NULL, NULL);
    const struct oriel_soundcard_wish wish = {v->choice.backend, v->choice.server, m->fields[2].bytes,
                                              m->fields[3].bytes};
    v->card = oriel_soundcard_open(&wish, &card_events, v);
}

static gboolean on_control(gint fd, GIOCondition condition, gpointer user) {
    struct voice *v = user;
    int result;
    while ((result = oriel_ipc_receive(fd, &oriel_core_to_voice, &v->message)) == 1) {
        if ((v->message.type->id == ORIEL_VOICE_START) == (v->sound >= 0))
            fail(v, "orield sent START twice, or something before it");
        else if (v->message.type->id == ORIEL_VOICE_START)
            start(v);
        else
            g_atomic_int_set(&v->muted, v->message.fields[0].number != 0);
        oriel_ipc_message_clear(&v->message);
    }
    if (result == -EAGAIN)
        return G_SOURCE_CONTINUE;
    end(v, result == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    return G_SOURCE_REMOVE;
}

int oriel_voice_process_run(int control) {
    struct voice *v = g_new0(struct voice, 1); /* threads may still use it when this returns */
    v->control = control;
    v->sound = -1;
    v->loop = g_main_loop_new(NULL, FALSE);
    g_unix_set_fd_nonblocking(control, TRUE, NULL);
    g_unix_fd_add(control, G_IO_IN | G_IO_HUP | G_IO_ERR, on_control, v);
    g_main_loop_run(v->loop);
    return v->status;
}
