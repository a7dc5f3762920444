/* See voice.h. */
#include "voice.h"

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "core_voice.h"
#include "helper.h"
#include "log.h"
#include "text.h"

enum { RETRY_AT_ONCE = 0, RETRY_FIRST = 2, RETRY_MOST = 15, WHY_MAX = 200 }; /* seconds; characters */

#define LEVELS_APART (100 * ORIEL_MILLISECOND)
/* Who has worked for so long and ends has lost a device, or found one: another is tried at once. */
#define STEADY (2000 * ORIEL_MILLISECOND)

struct oriel_voice {
    const struct oriel_config *config;
    struct oriel_launcher *launcher;
    const struct oriel_voice_events *events;
    void *user;
    struct oriel_helper *helper;
    bool failed; /* it has said why it ends */
    guint retry_source, retry;
    gint64 told, ready; /* when the loudness was, and microphone and speaker were, monotonic */
    char *why;
    struct oriel_voice_state state;
};

static void set_why(struct oriel_voice *v, const char *why) {
    g_free(v->why);
    v->state.why = v->why = oriel_text_clean(why, WHY_MAX);
}

static void changed(struct oriel_voice *v, bool loudness) {
    v->events->changed(v->user, loudness);
}

static void silent(struct oriel_voice *v) {
    v->state.microphone = v->state.speaker = false;
    v->state.talking = v->state.hearing = 0;
}

static void on_message(void *user, struct oriel_ipc_message *m) {
    struct oriel_voice *v = user;
    if (!v->state.on)
        return; /* it is dying */
    for (const char *f = m->type->fields; *f; f++)
        if (*f == 's' && !g_utf8_validate(m->fields[f - m->type->fields].bytes, -1, NULL)) {
            oriel_helper_kill(v->helper);
            return;
        }
    switch (m->type->id) {
    case ORIEL_VOICE_READY:
        v->state.microphone = m->fields[1].number == 1;
        v->state.speaker = m->fields[2].number == 1;
        set_why(v, m->fields[3].bytes);
        v->ready = oriel_monotonic();
        oriel_info("voice: %s%s%s", m->fields[0].bytes, *v->why ? "; " : "", v->why);
        changed(v, false);
        break;
    case ORIEL_VOICE_LEVELS:
        if (oriel_monotonic() - v->told < LEVELS_APART)
            break; /* ours is slower; the panel is not to be flooded */
        v->told = oriel_monotonic();
        v->state.talking = (guint)MIN(m->fields[0].number, 100);
        v->state.hearing = (guint)MIN(m->fields[1].number, 100);
        changed(v, true);
        break;
    case ORIEL_VOICE_FAILED:
        v->failed = true;
        silent(v);
        set_why(v, m->fields[0].bytes);
        oriel_warning("voice: %s", v->why);
        changed(v, false);
        break;
    }
}

static void start(struct oriel_voice *v);

static gboolean try_again(gpointer user) {
    struct oriel_voice *v = user;
    v->retry_source = 0;
    start(v);
    return G_SOURCE_REMOVE;
}

static void retry_later(struct oriel_voice *v) {
    if (v->ready)
        v->retry = oriel_monotonic() - v->ready > STEADY ? RETRY_AT_ONCE : RETRY_FIRST;
    v->ready = 0;
    if (!v->retry_source)
        v->retry_source = g_timeout_add_seconds(v->retry, try_again, v);
    v->retry = CLAMP(v->retry * 2, RETRY_FIRST, RETRY_MOST);
}

static void on_exited(void *user, int status) {
    struct oriel_voice *v = user;
    v->helper = NULL;
    silent(v);
    if (v->state.on && !v->failed) {
        oriel_error("oriel-voice ended (status %d)", status);
        set_why(v, "the process that holds microphone and speaker ended");
        changed(v, false);
    }
    if (v->state.on)
        retry_later(v);
    v->events->gone(v->user);
}

static const struct oriel_helper_kind kind = {ORIEL_PROCESS_VOICE, "oriel-voice", &oriel_voice_to_core, on_message,
                                              on_exited};

static void start(struct oriel_voice *v) {
    const struct oriel_config *c = v->config;
    g_autoptr(GError) error = NULL;
    int pair[2];
    v->failed = false;
    if (oriel_ipc_pair(pair) < 0) {
        retry_later(v);
        return;
    }
    v->helper = oriel_helper_start(&kind, v->launcher, v, &error);
    if (v->helper &&
        oriel_ipc_send(oriel_helper_fd(v->helper), &oriel_core_to_voice, ORIEL_VOICE_START, c->voice_backend,
                       c->voice_server, c->voice_microphone, c->voice_speaker, (uint32_t)v->state.muted, pair[0]) < 0)
        oriel_helper_kill(v->helper);
    if (v->helper) {
        v->events->sound(v->user, pair[1]);
    } else {
        oriel_error("%s", error->message);
        set_why(v, error->message);
        changed(v, false);
        retry_later(v);
    }
    close(pair[0]);
    close(pair[1]);
}

struct oriel_voice *oriel_voice_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                    const struct oriel_voice_events *events, void *user) {
    struct oriel_voice *v = g_new0(struct oriel_voice, 1);
    *v = (struct oriel_voice){.config = config, .launcher = launcher, .events = events, .user = user};
    set_why(v, "");
    return v;
}

void oriel_voice_free(struct oriel_voice *v) {
    if (!v)
        return;
    g_clear_handle_id(&v->retry_source, g_source_remove);
    g_free(v->why);
    g_free(v);
}

void oriel_voice_begin(struct oriel_voice *v) {
    v->state.muted = strcmp(v->config->voice_push_to_talk, "yes") == 0;
}

void oriel_voice_run(struct oriel_voice *v, bool on) {
    if (on == v->state.on)
        return;
    v->state.on = on;
    v->ready = 0;
    v->retry = RETRY_FIRST;
    silent(v);
    set_why(v, "");
    g_clear_handle_id(&v->retry_source, g_source_remove);
    if (!on && v->helper)
        oriel_helper_kill(v->helper);
    else if (on && v->helper)
        v->failed = true; /* the one before is dying: its end starts the next */
    else if (on)
        start(v);
    changed(v, false);
}

void oriel_voice_mute(struct oriel_voice *v, bool muted) {
    if (muted == v->state.muted)
        return;
    v->state.muted = muted;
    if (v->helper &&
        oriel_ipc_send(oriel_helper_fd(v->helper), &oriel_core_to_voice, ORIEL_VOICE_MUTE, (uint32_t)muted) < 0)
        oriel_helper_kill(v->helper); /* one that does not listen is not let hear on */
    changed(v, false);
}

const struct oriel_voice_state *oriel_voice_state(const struct oriel_voice *v) {
    return &v->state;
}

bool oriel_voice_runs(const struct oriel_voice *v) {
    return v->helper != NULL;
}
