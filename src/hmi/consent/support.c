/* support.c: liboriel in GTK's main loop. Its callbacks become windows; nothing else here knows it.
 *
 * What there are no words for nobody can be asked for: such a scope is not in the prompt and not in the answer; a
 * request of nothing else is denied. A withdrawal, a lost connection, the end of this program: no. */
#include "../panel/overlay.h"
#include "../panel/portrait.h"
#include "app.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>

struct support {
    struct oriel *oriel;
    guint source;
    bool online, called;
    char request[80], session[80]; /* the open one, or empty */
};

static void take_scopes(const char *const *names, size_t n, bool scopes[WORDS_SCOPES], size_t *unknown) {
    memset(scopes, 0, WORDS_SCOPES * sizeof *scopes);
    *unknown = 0;
    for (size_t i = 0; i < n; i++) {
        int scope = words_find_scope(names[i]);

        if (scope < 0)
            ++*unknown;
        else
            scopes[scope] = true;
    }
}

static void on_online(struct oriel *oriel, const struct oriel_device *device, void *user) {
    struct app *app = user;

    app->support->online = device->online;
    app->support->called = device->call;
    geometry_event(app, device->online ? "connected" : "offline");
    bar_update(app);
}

static void on_closed(struct oriel *oriel, const char *why, void *user) {
    struct app *app = user;

    g_printerr("oriel-consent: no connection to Oriel: %s\n", why);
    app->support->online = app->support->called = false;
    call_close(app);
    bar_update(app);
    geometry_event(app, "closed");
}

static void on_ask(struct oriel *oriel, const struct oriel_ask *ask, void *user) {
    struct app *app = user;
    bool scopes[WORDS_SCOPES];
    size_t unknown;

    take_scopes(ask->scopes, ask->n_scopes, scopes, &unknown);
    if (unknown == ask->n_scopes) {
        oriel_deny(oriel, ask->request);
        geometry_event(app, "denied unknown-scope");
        return;
    }
    g_strlcpy(app->support->request, ask->request, sizeof app->support->request);
    call_close(app);
    overlay_clear(app->overlay);
    prompt_open(app, ask, scopes);
    geometry_event(app, "ask");
}

static void on_live(struct oriel *oriel, const char *request, void *user) {
    prompt_live(user);
}

static void on_withdraw(struct oriel *oriel, const char *request, const char *why, void *user) {
    struct app *app = user;
    char event[64];

    app->support->request[0] = '\0';
    prompt_close(app);
    if (!*app->support->session)
        bar_notice(app, words_withdrawn(why));
    g_snprintf(event, sizeof event, "withdrawn %.40s", why);
    geometry_event(app, event);
}

static void on_session(struct oriel *oriel, const struct oriel_session *session, void *user) {
    static const char *const names[] = {[ORIEL_SESSION_STARTING] = "session starting",
                                        [ORIEL_SESSION_LIVE] = "session live",
                                        [ORIEL_SESSION_PAUSED] = "session paused"};
    struct app *app = user;
    bool scopes[WORDS_SCOPES];
    size_t unknown;
    char event[120];

    if (session->state == ORIEL_SESSION_ENDED) {
        app->support->session[0] = '\0';
        bar_voice(app, &(struct oriel_voice){.on = false});
        chat_forget(app);
        overlay_clear(app->overlay);
        bar_notice(app, words_end(session));
        g_snprintf(event, sizeof event, "session ended %.30s %.40s", session->by, session->reason);
        geometry_event(app, event);
        return;
    }
    g_strlcpy(app->support->session, session->session, sizeof app->support->session);
    call_close(app);
    take_scopes(session->scopes, session->n_scopes, scopes, &unknown);
    bar_session(app, session, scopes);
    geometry_event(app, names[session->state]);
}

static void on_call(struct oriel *oriel, bool call, void *user) {
    struct app *app = user;

    app->support->called = call;
    bar_update(app);
    geometry_event(app, call ? "call published" : "call gone");
}

static void on_answered(struct oriel *oriel, const struct oriel_answer *answer, void *user) {
    struct app *app = user;
    char line[WORDS_LINE];

    if (!*app->support->session)
        bar_notice(app, words_answered(answer, line));
    geometry_event(app, "call answered");
}

static void on_chat(struct oriel *oriel, const char *text, void *user) {
    chat_line(user, text);
    geometry_event(user, "chat");
}

/* Nobody draws on a question, or on the sign that they look. */
static void on_draw(struct oriel *oriel, const struct oriel_draw *draw, void *user) {
    struct app *app = user;

    if (!*app->support->request)
        overlay_draw(app->overlay, draw, shell_x_window(bar_window(app)));
}

static void on_face(struct oriel *oriel, const struct oriel_face_picture *picture, void *user) {
    struct app *app = user;

    portrait_take(app->portrait, picture);
}

static void on_voice(struct oriel *oriel, const struct oriel_voice *voice, void *user) {
    bar_voice(user, voice);
}

static void on_portrait(void *user, bool shown) {
    geometry_event(user, shown ? "face" : "face gone");
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer oriel) {
    oriel_dispatch(oriel);
    return G_SOURCE_CONTINUE;
}

bool support_begin(struct app *app) {
    struct oriel_callbacks callbacks = {.size = sizeof callbacks,
                                        .online = on_online,
                                        .closed = on_closed,
                                        .ask = on_ask,
                                        .live = on_live,
                                        .withdraw = on_withdraw,
                                        .session = on_session,
                                        .call = on_call,
                                        .chat = on_chat,
                                        .face = on_face,
                                        .voice = on_voice,
                                        .answered = on_answered};
    int r;

    app->support = g_new0(struct support, 1);
    app->portrait = portrait_new(on_portrait, app);
    app->overlay = overlay_new();
    if (app->overlay)
        callbacks.draw = on_draw;
    r = oriel_new(app->options.socket, "oriel-consent", &callbacks, app, &app->support->oriel);
    if (r < 0) {
        g_printerr("oriel-consent: --socket: %s\n", g_strerror(-r));
        return false;
    }
    app->support->source = g_unix_fd_add(oriel_fd(app->support->oriel), G_IO_IN, on_readable, app->support->oriel);
    return true;
}

void support_end(struct app *app) {
    if (app->support->source)
        g_source_remove(app->support->source);
    oriel_free(app->support->oriel);
    g_clear_pointer(&app->overlay, overlay_free);
    g_clear_pointer(&app->portrait, portrait_free);
    g_clear_pointer(&app->support, g_free);
}

bool support_reached(const struct app *app) {
    return app->support->online;
}

bool support_called(const struct app *app) {
    return app->support->called;
}

void support_call(struct app *app, const char *note, const char *callback) {
    const struct oriel_call call = {.size = sizeof call, .note = note, .callback = *callback ? callback : NULL};
    int r = oriel_call_with(app->support->oriel, &call);

    if (r < 0)
        bar_notice(app, _("Support can't be called now"));
    else
        geometry_event(app, "called");
}

void support_take_back(struct app *app) {
    oriel_uncall(app->support->oriel);
}

void support_shown(struct app *app) {
    if (oriel_shown(app->support->oriel, app->support->request) == 0)
        geometry_event(app, "shown");
}

void support_allow(struct app *app, const char *const *scopes, size_t n) {
    int r = oriel_allow_scopes(app->support->oriel, app->support->request, scopes, n);

    if (r == -EAGAIN || r == -EINVAL)
        return; /* the button does not act yet: the question stays */
    app->support->request[0] = '\0';
    prompt_close(app);
    if (r == 0)
        geometry_event(app, "allowed");
}

void support_deny(struct app *app) {
    int r = oriel_deny(app->support->oriel, app->support->request);

    app->support->request[0] = '\0';
    prompt_close(app);
    if (r == 0)
        geometry_event(app, "denied");
}

void support_stop(struct app *app) {
    if (oriel_stop(app->support->oriel, app->support->session) == 0)
        geometry_event(app, "stopped");
}

void support_remove(struct app *app, int scope) {
    if (oriel_remove(app->support->oriel, app->support->session, words_scopes[scope].name) == 0)
        geometry_event(app, "removed");
}

void support_mute(struct app *app, bool muted) {
    if (oriel_mute(app->support->oriel, app->support->session, muted) == 0)
        geometry_event(app, muted ? "mutes" : "unmutes");
}

bool support_chat(struct app *app, const char *text) {
    return oriel_chat(app->support->oriel, app->support->session, text) == 0;
}

void support_indicator(struct app *app, bool seen) {
    if (app->support && app->support->oriel)
        oriel_set_indicator(app->support->oriel, seen);
}
