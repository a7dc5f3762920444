/* What goes on between the person and a session that was granted: see session.h.
 *
 *   asked again   every `again` seconds, with the picture frozen; a no, or no answer in `grace` seconds, is the end
 *   more scopes   by a request of the same agent; a no leaves the session as it is
 *   fewer scopes  by a tap, at once
 *   frozen        while the person is asked again, and while the indicator was not reported visible for 2 s
 *   the end       when the provider was silent or away for 10 s
 *
 * Policy: one question at a time. Freezing never waits for the record; going on does. What shrinks is in force before
 * it is recorded, what grows after. */
#include "session_private.h"

#include <string.h>

#include "clock.h"

enum { UNSEEN_MAX = 2, SILENT_MAX = 10 };

json_t *oriel_session_ticked(const json_t *asked, const json_t *ticked) {
    json_t *both = oriel_list_both(asked, ticked);
    if (json_array_size(both) == json_array_size(ticked) && json_array_size(both) > 0)
        return both;
    json_decref(both);
    return NULL;
}

static enum oriel_session_question_kind kind_of(const struct oriel_session *s) {
    return s->more.peer ? ORIEL_QUESTION_MORE : ORIEL_QUESTION_AGAIN;
}

const char *oriel_session_frozen(const struct oriel_session *s) {
    return s->paused & ORIEL_PAUSE_PROVIDER    ? "provider"
           : s->paused & ORIEL_PAUSE_AGAIN     ? "again"
           : s->paused & ORIEL_PAUSE_INDICATOR ? "indicator"
                                               : "";
}

const char *oriel_session_paused(const struct oriel_session *s) {
    return s->paused || !oriel_session_is_lost(s) ? oriel_session_frozen(s) : "connection";
}

/* Somebody is at the panel who must see the indicator, and can be asked again. Else the session is bounded by the time
 * of the window or authorisation that it was granted by. */
static bool attended(const struct oriel_session *s) {
    return !s->request.by;
}

/* Panel and agent see what holds now. */
const char *oriel_session_camera_name(const struct oriel_session *s) {
    return s->camera ? s->camera : "";
}

const char *oriel_session_placed(const struct oriel_session *s) {
    return s->place;
}

/* To the panel. */
static void announce(struct oriel_session *s) {
    s->ops->announce(s->user,
                     *oriel_session_paused(s)         ? "paused"
                     : s->state == ORIEL_SESSION_LIVE ? "live"
                                                      : "starting",
                     NULL, NULL);
}

/* And to the agent. */
static void tell(struct oriel_session *s) {
    announce(s);
    if (s->path)
        oriel_session_send_sequenced(
            s, ORIEL_MESSAGE_UPDATE,
            json_pack("{s:O, s:s}", "scopes", s->request.scopes, "paused", oriel_session_frozen(s)));
}

/* ---- the picture stands still ---- */

static void pause_session(struct oriel_session *s, guint reason) {
    if (s->awaited[ORIEL_STEP_GRANT]) { /* nothing flows yet, and nobody is there to see it begin */
        oriel_session_end(s, "device", "provider-lost", NULL);
        return;
    }
    s->resuming &= ~reason;
    if (s->paused & reason)
        return;
    if (!s->paused)
        s->ops->freeze(s->user, true);
    s->paused |= reason;
    s->ops->record(s->user, "pause", json_pack("{s:s, s:s}", "session", s->id, "reason", oriel_session_frozen(s)), 0);
    tell(s);
}

/* Picture again only when the log holds that there is. */
static void resume(struct oriel_session *s, guint reasons) {
    if (!(s->paused & reasons & ~s->resuming))
        return;
    s->resuming |= s->paused & reasons;
    if (s->paused & ~s->resuming) { /* it stands still for another reason */
        s->paused &= ~s->resuming;
        s->resuming = 0;
        tell(s);
    } else {
        oriel_session_record_step(s, ORIEL_STEP_RESUME, "resume", json_pack("{s:s}", "session", s->id));
    }
}

static void resume_recorded(struct oriel_session *s) {
    s->paused &= ~s->resuming; /* what has come since stays */
    s->resuming = 0;
    if (s->paused)
        s->ops->record(s->user, "pause", json_pack("{s:s, s:s}", "session", s->id, "reason", oriel_session_frozen(s)),
                       0);
    else
        s->ops->freeze(s->user, false);
    tell(s);
}

/* ---- questions ---- */

static bool is_answered(const struct oriel_session *s) {
    return s->awaited[ORIEL_STEP_ANSWER] != 0;
}

static bool ask(struct oriel_session *s) {
    enum oriel_session_question_kind kind = kind_of(s);
    gint64 left = (s->question_until - oriel_boottime() + ORIEL_SECOND - 1) / ORIEL_SECOND;
    const struct oriel_session_question question = {
        kind, s->question, kind == ORIEL_QUESTION_MORE ? &s->more : &s->request,
        kind == ORIEL_QUESTION_MORE ? s->more.scopes : s->request.scopes, (guint)MAX(left, 1)};
    s->question_shown_at = 0;
    s->early_noted = false;
    return s->ops->ask(s->user, &question);
}

bool oriel_session_too_soon(struct oriel_session *s, const char *hash, gint64 shown_at) {
    gint64 left = shown_at + s->rules.allow_after * ORIEL_MILLISECOND - oriel_boottime();
    if (left <= 0)
        return false;
    guint ms = (guint)((left + ORIEL_MILLISECOND - 1) / ORIEL_MILLISECOND);
    if (!s->early_noted) /* once a prompt: whoever hammers on it does not fill the log */
        s->ops->record(s->user, "early",
                       json_pack("{s:s, s:i}", "request", hash, "ms", (int)(s->rules.allow_after - ms)), 0);
    s->early_noted = true;
    s->ops->early(s->user, hash, ms);
    return true;
}

static void close_question(struct oriel_session *s) {
    s->question[0] = '\0';
    s->question_until = 0;
    s->question_shown_at = 0;
    s->early_noted = false;
    g_clear_pointer(&s->ticked, json_decref);
    oriel_session_void_step(s, ORIEL_STEP_QUESTION);
    oriel_session_void_step(s, ORIEL_STEP_QUESTION_SHOWN);
    oriel_session_void_step(s, ORIEL_STEP_ANSWER);
    oriel_session_request_clear(&s->more);
}

static void ask_again(struct oriel_session *s) {
    s->again_at = 0;
    oriel_message_nonce(s->question);
    s->question_until = oriel_boottime() + (gint64)s->rules.grace * ORIEL_SECOND;
    pause_session(s, ORIEL_PAUSE_AGAIN);
    ask(s); /* without a provider it is asked as soon as there is one, or the session ends */
}

bool oriel_session_is_more(const struct oriel_session *s, const struct oriel_peer *peer, const char *id) {
    return oriel_session_granted(s) && id && strcmp(id, s->id) == 0 &&
           strcmp(peer->agent, s->request.peer->agent) == 0 && strcmp(peer->vendor, s->request.peer->vendor) == 0 &&
           strcmp(peer->key_id, s->request.peer->key_id) == 0;
}

const char *oriel_session_more(struct oriel_session *s, struct oriel_session_request *request) {
    if (*s->question)
        return "busy";
    json_t *fresh = json_array();
    for (size_t i = 0; i < json_array_size(request->scopes); i++)
        if (!oriel_list_has(s->request.scopes, json_string_value(json_array_get(request->scopes, i))))
            json_array_append(fresh, json_array_get(request->scopes, i));
    json_decref(request->scopes);
    request->scopes = fresh;
    if (!json_array_size(fresh))
        return "not-allowed";
    s->more = *request;
    memset(request, 0, sizeof *request);
    memcpy(s->question, s->more.hash, ORIEL_HASH_SIZE);
    s->question_until = oriel_boottime() + (gint64)s->rules.timeout * ORIEL_SECOND;
    oriel_session_rearm(s);
    oriel_session_record_step(s, ORIEL_STEP_QUESTION, "request",
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:i}", "request", s->question, "session",
                                        s->id, "vendor", s->more.vendor, "agent", s->more.peer->agent, "name",
                                        s->more.name, "reason", s->more.reason, "scopes", s->more.scopes, "seconds",
                                        (int)oriel_session_left(s)));
    return NULL;
}

static void question_recorded(struct oriel_session *s, bool good) {
    if (!good)
        oriel_session_live_decide(s, s->question, NULL, "audit");
    else if (!ask(s))
        oriel_session_live_decide(s, s->question, NULL, "no-provider");
}

void oriel_session_live_shown(struct oriel_session *s, const char *hash) {
    if (!*s->question || strcmp(hash, s->question) != 0 || s->question_shown_at)
        return;
    s->question_shown_at = oriel_boottime();
    oriel_session_record_step(s, ORIEL_STEP_QUESTION_SHOWN, "prompt",
                              json_pack("{s:s, s:s}", "request", hash, "session", s->id));
}

static void shown_recorded(struct oriel_session *s) {
    if (s->more.peer)
        s->ops->send(s->user, s->more.peer, ORIEL_MESSAGE_PROGRESS,
                     json_pack("{s:s, s:s}", "request", s->question, "stage", "shown"));
}

static json_t *decision(struct oriel_session *s, bool allow) {
    return json_pack("{s:s, s:s, s:b}", "request", s->question, "session", s->id, "allow", (int)allow);
}

static void record_no(struct oriel_session *s, const char *reason) {
    json_t *m = decision(s, false);
    json_object_set_new(m, "reason", json_string(reason));
    s->ops->record(s->user, "decision", m, 0);
}

/* What grows is in force once the answer is on record. No deadline goes on: the person has answered in time. */
static void record_yes(struct oriel_session *s, json_t *scopes) {
    json_t *m = decision(s, true);
    json_object_set(m, "scopes", scopes);
    s->ticked = json_incref(scopes);
    s->question_until = 0;
    oriel_session_rearm(s);
    oriel_session_record_step(s, ORIEL_STEP_ANSWER, "decision", m);
}

static void more_denied(struct oriel_session *s, const char *reason) {
    if (strcmp(reason, "denied") != 0) /* else the prompt is gone by the answer itself */
        s->ops->withdraw(s->user, s->question, strcmp(reason, "timeout") == 0 ? "timeout" : "cancelled");
    record_no(s, reason);
    s->ops->send(s->user, s->more.peer, ORIEL_MESSAGE_DENIAL,
                 json_pack("{s:s, s:s}", "request", s->more.hash, "reason", reason));
    s->ops->settled(s->user, &s->more, reason);
    close_question(s);
    oriel_session_rearm(s);
}

static void more_allowed(struct oriel_session *s) {
    json_array_extend(s->request.scopes, s->ticked);
    s->ops->granted(s->user, s->request.scopes);
    s->ops->send(s->user, s->more.peer, ORIEL_MESSAGE_PROGRESS,
                 json_pack("{s:s, s:s}", "request", s->more.hash, "stage", "allowed"));
    s->ops->settled(s->user, &s->more, NULL);
    close_question(s);
    tell(s);
    oriel_session_rearm(s);
}

static void again_denied(struct oriel_session *s, const char *reason) {
    bool person = strcmp(reason, "denied") == 0;
    record_no(s, reason);
    if (!person) /* else its prompt is gone by the answer itself */
        s->ops->withdraw(s->user, s->question, strcmp(reason, "timeout") == 0 ? "timeout" : "cancelled");
    close_question(s);
    oriel_session_end(s, person ? "person" : "device", person ? "stopped" : "not-renewed", NULL);
}

static void again_allowed(struct oriel_session *s) {
    json_decref(s->request.scopes);
    s->request.scopes = json_incref(s->ticked);
    s->ops->granted(s->user, s->request.scopes);
    close_question(s);
    s->again_at = oriel_boottime() + (gint64)s->rules.again * ORIEL_SECOND;
    oriel_session_rearm(s);
    resume(s, ORIEL_PAUSE_AGAIN);
}

static void answer_recorded(struct oriel_session *s, bool good) {
    if (good && s->more.peer)
        more_allowed(s);
    else if (good)
        again_allowed(s);
    else if (s->more.peer)
        more_denied(s, "audit");
    else
        oriel_session_end(s, "device", "audit", NULL);
}

void oriel_session_live_decide(struct oriel_session *s, const char *hash, const json_t *scopes, const char *reason) {
    if (!*s->question || (is_answered(s) && (scopes || strcmp(reason, "timeout") == 0)))
        return; /* withdrawn while the answer was on its way, or answered already */
    bool more = s->more.peer != NULL, right = strcmp(hash, s->question) == 0;
    json_t *ticked = scopes ? oriel_session_ticked(more ? s->more.scopes : s->request.scopes, scopes) : NULL;
    bool empty = ticked && !more && !oriel_list_has(ticked, "view");
    if (!right || (scopes && (!ticked || !s->question_shown_at)))
        reason = "provider-invalid";
    bool yes = right && ticked && s->question_shown_at && !empty;
    if (yes && oriel_session_too_soon(s, hash, s->question_shown_at))
        ; /* it stays open */
    else if (yes)
        record_yes(s, ticked);
    else if (more)
        more_denied(s, reason);
    else
        again_denied(s, reason);
    json_decref(ticked);
}

static json_t *without(const json_t *scopes, const char *scope) {
    json_t *left = json_array();
    for (size_t i = 0; i < json_array_size(scopes); i++)
        if (strcmp(json_string_value(json_array_get(scopes, i)), scope) != 0)
            json_array_append(left, json_array_get(scopes, i));
    return left;
}

void oriel_session_remove(struct oriel_session *s, const char *scope) {
    if (!oriel_session_granted(s) || !oriel_list_has(s->request.scopes, scope))
        return;
    if (strcmp(scope, "view") == 0 || json_array_size(s->request.scopes) == 1) {
        oriel_session_stop(s, "person", "stopped");
        return;
    }
    json_t *left = without(s->request.scopes, scope), *ticked = s->ticked ? without(s->ticked, scope) : NULL;
    json_decref(s->request.scopes);
    json_decref(s->ticked);
    s->request.scopes = left;
    s->ticked = ticked; /* a yes of before does not bring it back */
    s->ops->granted(s->user, left);
    tell(s);
    s->ops->record(s->user, "scopes", json_pack("{s:s, s:s, s:O}", "session", s->id, "removed", scope, "scopes", left),
                   0);
}

static void set_camera(struct oriel_session *s, const char *name) {
    if (g_strcmp0(name, s->camera) == 0)
        return;
    g_free(s->camera);
    s->camera = g_strdup(name);
    if (oriel_session_granted(s))
        announce(s);
}

/* The person sees it before anybody sees by it. */
static void camera_recorded(struct oriel_session *s) {
    set_camera(s, s->camera_next);
    s->ops->camera(s->user);
}

void oriel_session_live_recorded(struct oriel_session *s, enum oriel_session_step step, bool good) {
    if (step == ORIEL_STEP_QUESTION)
        question_recorded(s, good);
    else if (step == ORIEL_STEP_ANSWER)
        answer_recorded(s, good);
    else if (!good)
        oriel_session_end(s, "device", "audit", NULL);
    else if (step == ORIEL_STEP_CAMERA)
        camera_recorded(s);
    else if (step == ORIEL_STEP_RESUME)
        resume_recorded(s);
    else
        shown_recorded(s);
}

void oriel_session_camera(struct oriel_session *s, const char *name) {
    if (!*s->id)
        return;
    json_t *m = json_pack("{s:s, s:b}", "session", s->id, "on", name != NULL);
    if (name)
        json_object_set_new(m, "name", json_string(name));
    g_free(s->camera_next);
    s->camera_next = g_strdup(name);
    if (name && oriel_session_granted(s)) {
        oriel_session_record_step(s, ORIEL_STEP_CAMERA, "camera", m);
        return;
    }
    oriel_session_void_step(s, ORIEL_STEP_CAMERA);
    s->ops->record(s->user, "camera", m, 0);
    set_camera(s, NULL);
}

void oriel_session_place(struct oriel_session *s, guint x, guint y, guint width, guint height) {
    char place[sizeof s->place] = "";
    if (x <= G_MAXUINT16 && y <= G_MAXUINT16 && width && height && width <= G_MAXUINT16 && height <= G_MAXUINT16)
        g_snprintf(place, sizeof place, "%u,%u %ux%u", x, y, width, height);
    if (!oriel_session_granted(s) || strcmp(place, s->place) == 0)
        return;
    memcpy(s->place, place, sizeof place);
    announce(s);
}

/* ---- the provider ---- */

void oriel_session_provider_connected(struct oriel_session *s) {
    s->connected = true;
    if (oriel_session_granted(s) && *s->question && !is_answered(s) && !s->awaited[ORIEL_STEP_QUESTION])
        ask(s);
    oriel_session_talk_panel(s);
}

void oriel_session_provider_alive(struct oriel_session *s, bool indicator) {
    if (!oriel_session_granted(s))
        return;
    s->connected = true;
    if (!attended(s))
        return;
    s->alive_at = oriel_boottime();
    if (indicator)
        s->seen_at = s->alive_at;
    else if (s->paused & ORIEL_PAUSE_PROVIDER)
        s->paused |= ORIEL_PAUSE_INDICATOR; /* it is back, but what it has to show is not */
    resume(s, ORIEL_PAUSE_PROVIDER | (indicator ? ORIEL_PAUSE_INDICATOR : 0));
    if (oriel_session_granted(s))
        oriel_session_rearm(s);
}

void oriel_session_live_lost(struct oriel_session *s) {
    s->connected = false;
    if (attended(s))
        pause_session(s, ORIEL_PAUSE_PROVIDER);
    oriel_session_rearm(s);
}

/* ---- time ---- */

void oriel_session_live_begin(struct oriel_session *s) {
    s->connected = true;
    if (!attended(s))
        return;
    s->alive_at = s->seen_at = s->started;
    s->again_at = s->rules.again ? s->started + (gint64)s->rules.again * ORIEL_SECOND : 0;
}

void oriel_session_live_clear(struct oriel_session *s) {
    close_question(s);
    s->again_at = s->alive_at = s->seen_at = 0;
    s->paused = s->resuming = 0;
    s->place[0] = '\0';
    g_clear_pointer(&s->camera, g_free);
    g_clear_pointer(&s->camera_next, g_free);
}

void oriel_session_live_end(struct oriel_session *s) {
    if (*s->question) {
        s->ops->withdraw(s->user, s->question, "cancelled");
        if (s->more.peer) {
            s->ops->send(s->user, s->more.peer, ORIEL_MESSAGE_DENIAL,
                         json_pack("{s:s, s:s}", "request", s->more.hash, "reason", "cancelled"));
            s->ops->settled(s->user, &s->more, "cancelled");
        }
    }
    oriel_session_live_clear(s);
}

static gint64 earlier(gint64 a, gint64 b) {
    return !a ? b : !b ? a : MIN(a, b);
}

gint64 oriel_session_live_due(const struct oriel_session *s) {
    gint64 due = s->alive_at ? s->alive_at + SILENT_MAX * ORIEL_SECOND : 0;
    if (s->alive_at && !(s->paused & (ORIEL_PAUSE_PROVIDER | ORIEL_PAUSE_INDICATOR)))
        due = earlier(due, s->seen_at + UNSEEN_MAX * ORIEL_SECOND);
    due = earlier(due, *s->question ? s->question_until : 0);
    return s->state == ORIEL_SESSION_LIVE && !*s->question ? earlier(due, s->again_at) : due;
}

void oriel_session_live_tick(struct oriel_session *s, gint64 now) {
    if (s->alive_at && now >= s->alive_at + SILENT_MAX * ORIEL_SECOND) {
        oriel_session_end(s, "device", "provider-lost",
                          s->connected ? "it was silent for 10 s" : "it did not come back within 10 s");
        return;
    }
    if (s->alive_at && now >= s->seen_at + UNSEEN_MAX * ORIEL_SECOND)
        pause_session(s, now >= s->alive_at + UNSEEN_MAX * ORIEL_SECOND ? ORIEL_PAUSE_PROVIDER : ORIEL_PAUSE_INDICATOR);
    if (*s->question && now >= s->question_until)
        oriel_session_live_decide(s, s->question, NULL, "timeout");
    else if (s->state == ORIEL_SESSION_LIVE && !*s->question && s->again_at && now >= s->again_at)
        ask_again(s);
    if (oriel_session_granted(s))
        oriel_session_rearm(s);
}
