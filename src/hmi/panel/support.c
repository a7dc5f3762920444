/* support.c: consent to remote support, as any HMI would embed it: liboriel's descriptor in GTK's main loop, its
 * callbacks turned into prompt, indicator and button. Nothing else of the panel knows liboriel.
 */
#include "overlay.h"
#include "panel.h"

#include "oriel.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>

enum { CALL_ALARMS = 8, CALL_ALARM_SIZE = 4 * 80 }; /* bytes: ours are shorter */

struct support {
    struct oriel *oriel;
    guint source;
    bool connected, online, called;
    bool unrecorded;  /* nothing can be recorded */
    bool lost;        /* `closed` was told at least once */
    char request[80]; /* the open one, or empty */
    char session[80]; /* the one under way, or empty */
};

static void on_online(struct oriel *oriel, const struct oriel_device *device, void *user) {
    struct panel *p = user;

    if (!p->support->connected)
        geometry_event(p, "connected");
    p->support->connected = true;
    p->support->online = device->online;
    p->support->called = device->call;
    header_update(p);
}

static void on_closed(struct oriel *oriel, const char *why, void *user) {
    struct panel *p = user;

    if (p->support->connected || !p->support->lost)
        geometry_event(p, "closed");
    p->support->lost = true;
    p->support->connected = p->support->online = p->support->called = p->support->unrecorded = false;
    g_printerr("oriel-panel: no support: %s\n", why);
    call_hide(p);
    header_update(p);
}

static void on_ask(struct oriel *oriel, const struct oriel_ask *ask, void *user) {
    struct panel *p = user;
    static const enum text_id titles[] = {
        [ORIEL_ASK_REQUEST] = T_ASKS, [ORIEL_ASK_MORE] = T_ASKS_MORE, [ORIEL_ASK_AGAIN] = T_ASKS_AGAIN};
    const struct prompt_content content = {ask->agent, ask->company,      ask->reason, ask->seconds, ask->timeout,
                                           ask->code,  titles[ask->kind], ask->scopes, ask->n_scopes};

    /* For what the prompt has no words nobody can be asked. */
    if (!prompt_knows(ask->scopes, ask->n_scopes)) {
        oriel_deny(oriel, ask->request);
        geometry_event(p, "denied unknown-scope");
        return;
    }
    snprintf(p->support->request, sizeof p->support->request, "%s", ask->request);
    overlay_clear(p->overlay);
    call_hide(p);
    pin_hide(p);
    prompt_show(p, &content);
    geometry_event(p, "ask");
}

static void on_withdraw(struct oriel *oriel, const char *request, const char *why, void *user) {
    struct panel *p = user;
    char event[64];

    p->support->request[0] = '\0';
    prompt_hide(p);
    indicator_notice(p, text(!strcmp(why, "timeout")        ? T_WITHDRAWN_TIMEOUT
                             : !strcmp(why, "disconnected") ? T_WITHDRAWN_LOST
                                                            : T_WITHDRAWN));
    snprintf(event, sizeof event, "withdrawn %.40s", why);
    geometry_event(p, event);
}

static enum text_id end_text(const char *by, const char *reason) {
    if (!strcmp(reason, "disconnected") || !strcmp(reason, "provider-lost"))
        return T_ENDED_LOST;
    if (!strcmp(by, "person"))
        return T_ENDED_PERSON;
    if (!strcmp(by, "local"))
        return T_ENDED_LOCAL;
    if (!strcmp(reason, "not-renewed"))
        return T_ENDED_UNANSWERED;
    if (!strcmp(reason, "hung-up"))
        return T_ENDED_AGENT;
    if (!strcmp(reason, "expired"))
        return T_ENDED_EXPIRED;
    return strcmp(reason, "peer-lost") ? T_ENDED_FAULT : T_ENDED_PEER;
}

static void on_session(struct oriel *oriel, const struct oriel_session *session, void *user) {
    struct panel *p = user;
    char notice[200], event[120];

    if (session->state == ORIEL_SESSION_ENDED) {
        p->support->session[0] = '\0';
        chat_end(p);
        voice_show(p, NULL);
        overlay_clear(p->overlay);
        indicator_notice(p, text_with(notice, sizeof notice, T_ENDED, text(end_text(session->by, session->reason))));
        snprintf(event, sizeof event, "session ended %.30s %.40s", session->by, session->reason);
    } else {
        bool live = session->state == ORIEL_SESSION_LIVE, frozen = session->state == ORIEL_SESSION_PAUSED;
        bool lost = frozen && !strcmp(session->why, "connection");

        snprintf(p->support->session, sizeof p->support->session, "%s", session->session);
        call_hide(p); /* would cover the indicator */
        face_name(p, session->agent);
        indicator_show(p, session->agent, session->company, session->seconds, session->left,
                       live     ? INDICATOR_LIVE
                       : lost   ? INDICATOR_LOST
                       : frozen ? INDICATOR_FROZEN
                                : INDICATOR_CONNECTING);
        indicator_scopes(p, session->scopes, session->n_scopes);
        facts_camera(p, session->camera);
        voice_name(p, session->agent);
        snprintf(event, sizeof event, "session %s", live ? "live" : frozen ? "paused" : "starting");
    }
    header_update(p);
    support_ask_past(p);
    geometry_event(p, event);
}

static void on_call(struct oriel *oriel, bool call, void *user) {
    struct panel *p = user;

    p->support->called = call;
    if (call)
        call_answered(p, "");
    geometry_event(p, call ? "call published" : "call gone");
    header_update(p);
}

/* Shown for some seconds, and where the next call begins: who called may be back later only. */
static void on_answered(struct oriel *oriel, const struct oriel_answer *answer, void *user) {
    struct panel *p = user;
    char at[16], words[1100], notice[1200];

    looked_time(answer->at, at);
    snprintf(words, sizeof words, "%s %s (%s): %s", at, answer->agent, answer->company, answer->note);
    text_with(notice, sizeof notice, T_CALL_DONE, words);
    call_answered(p, notice);
    indicator_notice(p, notice);
    geometry_event(p, "call answered");
}

static void on_chat(struct oriel *oriel, const char *line, void *user) {
    struct panel *p = user;

    chat_line(p, line);
    geometry_event(p, "chat");
}

/* Nobody draws on a question. */
static void on_draw(struct oriel *oriel, const struct oriel_draw *draw, void *user) {
    struct panel *p = user;

    if (!p->support->request[0])
        overlay_draw(p->overlay, draw, 0);
}

static void on_live(struct oriel *oriel, const char *request, void *user) {
    prompt_live(user);
}

static void on_masked(struct oriel *oriel, void *user) {
    hidden_masked(user);
}

static void on_past(struct oriel *oriel, const struct oriel_past *past, void *user) {
    struct looked_entry e = {.seconds = past->seconds, .over = past->ended[0]};

    snprintf(e.agent, sizeof e.agent, "%s", past->agent);
    snprintf(e.company, sizeof e.company, "%s", past->company);
    e.end = !e.over ? T_LOOKED_LIVE : !strcmp(past->ended, "aborted") ? T_LOOKED_CUT : end_text(past->by, past->ended);
    looked_take(user, past->index, past->of, past->at, &e);
}

/* Nobody can be asked: the button is not offered, and why is said in its place. */
static void on_record(struct oriel *oriel, const char *why, void *user) {
    struct panel *p = user;

    p->support->unrecorded = *why;
    if (*why)
        g_printerr("oriel-panel: no support: %s\n", why);
    geometry_event(p, *why ? "record no" : "record yes");
    header_update(p);
}

static void on_face(struct oriel *oriel, const struct oriel_face_picture *picture, void *user) {
    face_take(user, picture);
}

static void on_voice(struct oriel *oriel, const struct oriel_voice *voice, void *user) {
    static bool on, muted, works;
    struct panel *p = user;

    voice_show(p, voice);
    if (voice->on == on && voice->muted == muted && voice->microphone == works)
        return; /* only the loudness */
    on = voice->on;
    muted = voice->muted;
    works = voice->microphone;
    geometry_event(p, !on ? "voice off" : !works ? "voice without a microphone" : muted ? "voice muted" : "voice on");
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer oriel) {
    oriel_dispatch(oriel);
    return G_SOURCE_CONTINUE;
}

void support_create(struct panel *p) {
    struct oriel_callbacks callbacks = {
        .size = sizeof callbacks,
        .online = on_online,
        .closed = on_closed,
        .ask = on_ask,
        .withdraw = on_withdraw,
        .session = on_session,
        .call = on_call,
        .chat = on_chat,
        .face = on_face,
        .live = on_live,
        .masked = on_masked,
        .past = on_past,
        .record = on_record,
        .voice = on_voice,
        .answered = on_answered,
    };
    int r;

    p->overlay = overlay_new();
    if (p->overlay)
        callbacks.draw = on_draw;
    p->support = g_new0(struct support, 1);
    r = oriel_new(p->options.socket, "Oriel demo panel", &callbacks, p, &p->support->oriel);
    if (r < 0) {
        g_printerr("oriel-panel: no support: %s\n", g_strerror(-r));
        return;
    }
    p->support->source = g_unix_fd_add(oriel_fd(p->support->oriel), G_IO_IN, on_readable, p->support->oriel);
}

void support_destroy(struct panel *p) {
    if (p->support->source)
        g_source_remove(p->support->source);
    oriel_free(p->support->oriel);
    g_clear_pointer(&p->support, g_free);
}

bool support_available(struct panel *p) {
    return p->support && p->support->connected && p->support->online && !p->support->unrecorded;
}

bool support_connected(struct panel *p) {
    return p->support && p->support->connected;
}

bool support_unrecorded(struct panel *p) {
    return p->support && p->support->unrecorded;
}

void support_ask_past(struct panel *p) {
    oriel_past(p->support->oriel);
}

bool support_called(struct panel *p) {
    return p->support && p->support->called;
}

bool support_in_session(struct panel *p) {
    return p->support && p->support->session[0];
}

/* With what the machine knows: nobody has to say it again. */
void support_call(struct panel *p, const char *note, const char *callback) {
    const char *alarms[CALL_ALARMS];
    char lines[CALL_ALARMS][CALL_ALARM_SIZE];
    struct oriel_call call = {.size = sizeof call,
                              .note = note,
                              .page = text((enum text_id)(T_OVERVIEW + window_page(p))),
                              .alarms = alarms,
                              .callback = *callback ? callback : NULL};
    int r;

    for (int i = 0; i < p->sim.n_alarms && call.n_alarms < CALL_ALARMS; i++) {
        const struct sim_alarm *alarm = &p->sim.alarms[i];

        if (alarm->cleared != 0)
            continue;
        g_snprintf(lines[call.n_alarms], CALL_ALARM_SIZE, "%s %s", sim_alarm_tag(alarm->kind),
                   text((enum text_id)(T_ALARM + alarm->kind)));
        alarms[call.n_alarms] = lines[call.n_alarms];
        call.n_alarms++;
    }
    r = oriel_call_with(p->support->oriel, &call);
    if (r < 0)
        g_printerr("oriel-panel: cannot call support: %s\n", g_strerror(-r));
    else
        geometry_event(p, "called");
}

void support_take_back(struct panel *p) {
    if (oriel_uncall(p->support->oriel) == 0)
        geometry_event(p, "taken-back");
}

void support_shown(struct panel *p) {
    if (oriel_shown(p->support->oriel, p->support->request) == 0)
        geometry_event(p, "shown");
}

void support_decide(struct panel *p, bool allow) {
    const char *ticked[PROMPT_SCOPES];
    size_t n = prompt_ticked(p, ticked);
    int r = allow ? oriel_allow_scopes(p->support->oriel, p->support->request, ticked, n)
                  : oriel_deny(p->support->oriel, p->support->request);

    prompt_hide(p);
    p->support->request[0] = '\0';
    if (r == 0)
        geometry_event(p, allow ? "allowed" : "denied");
}

void support_stop(struct panel *p) {
    if (oriel_stop(p->support->oriel, p->support->session) == 0) {
        indicator_stopping(p);
        geometry_event(p, "stopped");
    }
}

bool support_chat(struct panel *p, const char *line) {
    int r = oriel_chat(p->support->oriel, p->support->session, line);

    if (r < 0 && r != -EINVAL)
        g_printerr("oriel-panel: cannot write to the agent: %s\n", g_strerror(-r));
    return r == 0;
}

void support_remove(struct panel *p, int scope) {
    if (oriel_remove(p->support->oriel, p->support->session, prompt_scope(scope)->name) == 0)
        geometry_event(p, "removed");
}

void support_surface(struct panel *p, const struct oriel_surface *surface) {
    int r = oriel_set_surface(p->support->oriel, surface);

    if (r < 0)
        g_printerr("oriel-panel: cannot push pictures: %s\n", g_strerror(-r));
}

void support_damage(struct panel *p, const struct oriel_area *area) {
    oriel_damage(p->support->oriel, area, 1);
}

void support_masks(struct panel *p, const struct oriel_mask *masks, size_t n) {
    char event[32];

    if (!p->support || !p->support->oriel)
        return;
    oriel_set_masks(p->support->oriel, masks, n);
    snprintf(event, sizeof event, "masks %zu", n);
    geometry_event(p, event);
}

void support_mute(struct panel *p, bool muted) {
    oriel_mute(p->support->oriel, p->support->session, muted);
}

void support_set_indicator(struct panel *p, bool visible) {
    if (p->support && p->support->oriel)
        oriel_set_indicator(p->support->oriel, visible);
}
