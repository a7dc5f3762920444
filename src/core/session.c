/* See session.h. */
#include "session.h"

#include <string.h>

#include "clock.h"
#include "list.h"
#include "session_private.h"
#include "text.h"

enum { START_TIMEOUT = 15 };

void oriel_session_set_state(struct oriel_session *s, enum oriel_session_state state) {
    s->state = state;
    s->ops->changed(s->user);
}

static gint64 due(const struct oriel_session *s) {
    gint64 live = oriel_session_live_due(s);
    return !live ? s->deadline : !s->deadline ? live : MIN(s->deadline, live);
}

void oriel_session_rearm(struct oriel_session *s) {
    s->ops->arm(s->user, due(s));
}

void oriel_session_arm(struct oriel_session *s, gint64 deadline) {
    s->deadline = deadline;
    oriel_session_rearm(s);
}

static json_t *detailed(json_t *members, const char *detail) {
    if (detail && *detail) {
        g_autofree char *text = oriel_text_clean(detail, ORIEL_DETAIL_MAX);
        json_object_set_new(members, "detail", json_string(text));
    }
    return members;
}

void oriel_session_record_step(struct oriel_session *s, enum oriel_session_step step, const char *event,
                               json_t *members) {
    s->awaited[step] = ++s->tickets;
    s->ops->record(s->user, event, members, s->tickets);
}

void oriel_session_void_step(struct oriel_session *s, enum oriel_session_step step) {
    s->awaited[step] = 0;
}

static void record(struct oriel_session *s, const char *event, json_t *members) {
    s->ops->record(s->user, event, members, 0);
}

static void clear(struct oriel_session *s) {
    oriel_session_request_clear(&s->request);
    memset(s->id, 0, sizeof s->id);
    memset(s->awaited, 0, sizeof s->awaited);
    s->prepared = s->capture_ready = s->media_recorded = s->answered = s->renewing = false;
    s->shown_at = 0;
    s->early_noted = false;
    s->path = s->renewals = 0;
    g_strlcpy(s->transport, "direct", sizeof s->transport);
    g_clear_pointer(&s->offer, g_free);
    g_clear_pointer(&s->fingerprint, g_free);
    g_ptr_array_set_size(s->candidates, 0);
    s->sent = s->expected = 0;
    s->local_candidates = s->remote_candidates = 0;
    g_clear_pointer(&s->addresses, json_decref);
    for (guint i = 0; i < ORIEL_EARLY_MAX; i++)
        g_clear_pointer(&s->early[i], json_decref);
    s->expires = s->started = 0;
    g_clear_pointer(&s->figures, json_decref);
    oriel_session_live_clear(s);
    oriel_session_talk_clear(s);
    oriel_session_arm(s, 0);
}

/* No: before anything was started. */
static void refuse(struct oriel_session *s, const char *reason, const char *detail) {
    if (s->prepared)
        s->ops->discard(s->user);
    s->ops->send(s->user, s->request.peer, ORIEL_MESSAGE_DENIAL,
                 detailed(json_pack("{s:s, s:s}", "request", s->request.hash, "reason", reason), detail));
    s->ops->settled(s->user, &s->request, reason);
    clear(s);
    oriel_session_set_state(s, ORIEL_SESSION_IDLE);
}

static void withdraw(struct oriel_session *s, const char *why) {
    s->ops->withdraw(s->user, s->request.hash, why);
}

/* A no that is recorded; when even that fails, it is a no all the same. */
static void refuse_recorded(struct oriel_session *s, const char *reason, const char *detail) {
    record(s, "decision",
           detailed(json_pack("{s:s, s:b, s:s}", "request", s->request.hash, "allow", 0, "reason", reason), detail));
    refuse(s, reason, detail);
}

/* What an end is called while the agent has no grant that could end. */
static const char *denial_for(const char *by, const char *reason) {
    const struct oriel_end_reason *r = oriel_end_reason_find(reason);
    return r && r->denial ? r->denial : strcmp(by, "device") == 0 ? "media-failed" : "cancelled";
}

void oriel_session_end(struct oriel_session *s, const char *by, const char *reason, const char *detail) {
    bool granted = s->state == ORIEL_SESSION_CONNECTING || s->state == ORIEL_SESSION_LIVE;
    s->ops->kill(s->user);
    memset(s->awaited, 0, sizeof s->awaited);
    oriel_session_live_end(s);
    oriel_session_arm(s, 0);
    s->ops->announce(s->user, "ended", by, reason);
    if (granted) {
        oriel_session_send_sequenced(s, ORIEL_MESSAGE_END,
                                     detailed(json_pack("{s:s, s:s}", "by", by, "reason", reason), detail));
    } else {
        s->ops->send(
            s->user, s->request.peer, ORIEL_MESSAGE_DENIAL,
            detailed(json_pack("{s:s, s:s}", "request", s->request.hash, "reason", denial_for(by, reason)), detail));
    }
    json_t *members = json_pack("{s:s, s:s, s:s, s:f}", "session", s->id, "by", by, "reason", reason, "seconds",
                                (double)((oriel_boottime() - s->started) / ORIEL_MILLISECOND) / 1000.0);
    json_t *bytes = s->figures ? json_object_get(s->figures, "bytes") : NULL;
    json_object_set_new(members, "bytes", bytes ? json_incref(bytes) : json_integer(0));
    json_object_set_new(members, "chat", json_integer((json_int_t)s->lines));
    record(s, "end", detailed(members, detail));
    oriel_session_set_state(s, ORIEL_SESSION_ENDING);
}

struct oriel_session *oriel_session_new(const struct oriel_session_ops *ops, void *user,
                                        const struct oriel_session_rules *rules) {
    struct oriel_session *s = g_new0(struct oriel_session, 1);
    s->ops = ops;
    s->user = user;
    s->rules = *rules;
    s->candidates = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    s->unsaid = g_ptr_array_new_with_free_func(g_free);
    return s;
}

void oriel_session_free(struct oriel_session *s) {
    if (!s)
        return;
    clear(s);
    g_ptr_array_unref(s->candidates);
    g_ptr_array_unref(s->unsaid);
    g_free(s);
}

void oriel_session_request_clear(struct oriel_session_request *r) {
    oriel_peer_unref(r->peer);
    g_free(r->vendor);
    g_free(r->company);
    g_free(r->name);
    g_free(r->reason);
    json_decref(r->scopes);
    g_free(r->fingerprint);
    g_free(r->authorisation);
    g_free(r->turn_servers);
    g_free(r->turn_username);
    if (r->turn_password)
        explicit_bzero(r->turn_password, strlen(r->turn_password));
    g_free(r->turn_password);
    memset(r, 0, sizeof *r);
}

enum oriel_session_state oriel_session_state(const struct oriel_session *s) {
    return s->state;
}

const char *oriel_session_status(const struct oriel_session *s) {
    switch (s->state) {
    case ORIEL_SESSION_IDLE:
        return "ready";
    case ORIEL_SESSION_ASKING:
        return "asking";
    case ORIEL_SESSION_STARTING:
    case ORIEL_SESSION_CONNECTING:
    case ORIEL_SESSION_LIVE:
    case ORIEL_SESSION_ENDING:
        return "live";
    }
    return "live";
}

const struct oriel_session_request *oriel_session_request(const struct oriel_session *s) {
    return s->state == ORIEL_SESSION_IDLE ? NULL : &s->request;
}

const char *oriel_session_id(const struct oriel_session *s) {
    return s->id;
}

guint oriel_session_left(const struct oriel_session *s) {
    if (s->state < ORIEL_SESSION_STARTING || s->state > ORIEL_SESSION_LIVE)
        return 0;
    gint64 left = s->expires - oriel_boottime();
    return left > 0 ? (guint)((left + ORIEL_SECOND - 1) / ORIEL_SECOND) : 0;
}

const json_t *oriel_session_figures(const struct oriel_session *s) {
    return s->figures;
}

void oriel_session_ask(struct oriel_session *s, struct oriel_session_request *request) {
    g_return_if_fail(s->state == ORIEL_SESSION_IDLE);
    s->request = *request;
    memset(request, 0, sizeof *request);
    const struct oriel_session_request *r = &s->request;
    s->state = ORIEL_SESSION_ASKING; /* others are busy from here on; the person is asked when that is on record */
    oriel_session_record_step(s, ORIEL_STEP_REQUEST, "request",
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:i}", "request", r->hash, "vendor", r->vendor,
                                        "agent", r->peer->agent, "name", r->name, "reason", r->reason, "scopes",
                                        r->scopes, "seconds", (int)r->seconds));
}

/* Into the records of a decision and a grant: by whom, if it was not a person who was asked. */
static json_t *granted_by(const struct oriel_session_request *r, json_t *members) {
    if (r->by)
        json_object_set_new(members, "by", json_string(r->by));
    if (r->authorisation)
        json_object_update_new(members, json_pack("{s:s, s:i}", "authorisation", r->authorisation, "use", (int)r->use));
    return members;
}

static void start(struct oriel_session *s);

static void start_unasked(struct oriel_session *s) {
    s->prepared = true;
    if (s->ops->prepare(s->user))
        start(s);
    else
        refuse_recorded(s, "media-failed", "the helpers cannot be started");
}

static void request_recorded(struct oriel_session *s) {
    if (s->request.by) {
        start_unasked(s);
        return;
    }
    const struct oriel_session_request *r = &s->request;
    const struct oriel_session_question question = {ORIEL_QUESTION_REQUEST, r->hash, r, r->scopes, s->rules.timeout};
    if (!s->ops->ask(s->user, &question)) {
        refuse_recorded(s, "no-provider", NULL);
        return;
    }
    oriel_session_set_state(s, ORIEL_SESSION_ASKING);
    oriel_session_arm(s, oriel_boottime() + (gint64)s->rules.timeout * ORIEL_SECOND);
    s->prepared = true;
    if (!s->ops->prepare(s->user)) {
        withdraw(s, "cancelled");
        refuse_recorded(s, "media-failed", "the helpers cannot be started");
    }
}

/* A person is being asked; what is granted otherwise needs no provider. */
static bool asks_person(const struct oriel_session *s) {
    return s->state == ORIEL_SESSION_ASKING && !s->request.by;
}

static void request_shown(struct oriel_session *s, const char *hash) {
    if (!asks_person(s) || strcmp(hash, s->request.hash) != 0 || s->shown_at)
        return;
    s->shown_at = oriel_boottime();
    oriel_session_record_step(s, ORIEL_STEP_PROMPT, "prompt", json_pack("{s:s}", "request", hash));
}

/* What was asked comes to nothing, because it can't be recorded. */
static void refuse_unrecorded(struct oriel_session *s) {
    withdraw(s, "cancelled");
    refuse(s, "audit", NULL);
}

static void start(struct oriel_session *s) {
    const struct oriel_session_request *r = &s->request;
    oriel_message_nonce(s->id);
    s->started = oriel_boottime();
    s->expires = s->started + (gint64)r->seconds * ORIEL_SECOND;
    s->state = ORIEL_SESSION_STARTING; /* what ends it now is an end; nothing is started before it is on record */
    oriel_session_live_begin(s);
    record(s, "decision",
           granted_by(r, json_pack("{s:s, s:b, s:O}", "request", r->hash, "allow", 1, "scopes", r->scopes)));
    oriel_session_record_step(
        s, ORIEL_STEP_GRANT, "grant",
        granted_by(r, json_pack("{s:s, s:s, s:s, s:s, s:O, s:i}", "request", r->hash, "session", s->id, "vendor",
                                r->vendor, "agent", r->peer->agent, "scopes", r->scopes, "seconds", (int)r->seconds)));
}

static void grant_recorded(struct oriel_session *s) {
    const struct oriel_session_request *r = &s->request;
    s->ops->settled(s->user, r, NULL);
    oriel_session_set_state(s, ORIEL_SESSION_STARTING);
    s->ops->announce(s->user, "starting", NULL, NULL);
    if (!s->ops->launch(s->user, r)) {
        oriel_session_end(s, "device", "media-failed", "the helpers cannot be started");
        return;
    }
    s->ops->granted(s->user, s->request.scopes);
    oriel_session_arm(s, oriel_boottime() + START_TIMEOUT * ORIEL_SECOND);
    s->ops->send(s->user, r->peer, ORIEL_MESSAGE_PROGRESS,
                 json_pack("{s:s, s:s}", "request", r->hash, "stage", "allowed"));
}

/* What the person left ticked is what the session has from here on. */
static void decide_request(struct oriel_session *s, const char *hash, const json_t *scopes) {
    json_t *ticked = scopes ? oriel_session_ticked(s->request.scopes, scopes) : NULL;
    if (strcmp(hash, s->request.hash) != 0)
        oriel_session_provider_invalid(s, "a decision for another request");
    else if (!scopes)
        refuse_recorded(s, "denied", NULL);
    else if (!s->shown_at)
        oriel_session_provider_invalid(s, "a decision before the prompt was shown");
    else if (!ticked)
        oriel_session_provider_invalid(s, "a scope that was not asked for");
    else if (oriel_session_too_soon(s, hash, s->shown_at))
        ; /* it stays open */
    else if (!oriel_list_has(ticked, "view"))
        refuse_recorded(s, "denied", "the person left nothing to see");
    else {
        json_decref(s->request.scopes);
        s->request.scopes = g_steal_pointer(&ticked);
        start(s);
    }
    json_decref(ticked);
}

static bool granted(const struct oriel_session *s) {
    return s->state >= ORIEL_SESSION_STARTING && s->state <= ORIEL_SESSION_LIVE;
}

void oriel_session_shown(struct oriel_session *s, const char *hash) {
    if (granted(s))
        oriel_session_live_shown(s, hash);
    else
        request_shown(s, hash);
}

void oriel_session_decide(struct oriel_session *s, const char *hash, const json_t *scopes) {
    if (asks_person(s))
        decide_request(s, hash, scopes);
    else if (granted(s)) /* else the prompt was withdrawn while the answer was on its way */
        oriel_session_live_decide(s, hash, scopes, "denied");
}

void oriel_session_provider_invalid(struct oriel_session *s, const char *detail) {
    if (asks_person(s)) {
        withdraw(s, "cancelled");
        refuse_recorded(s, "provider-invalid", detail);
    } else if (granted(s)) {
        oriel_session_live_decide(s, s->question, NULL, "provider-invalid");
    }
}

void oriel_session_provider_lost(struct oriel_session *s, const char *detail) {
    if (asks_person(s)) {
        withdraw(s, "cancelled");
        refuse_recorded(s, "provider-lost", detail);
    } else if (granted(s)) {
        oriel_session_live_lost(s);
    }
}

void oriel_session_stop(struct oriel_session *s, const char *by, const char *reason) {
    if (s->state == ORIEL_SESSION_ASKING) {
        withdraw(s, strcmp(reason, "shutdown") == 0 ? "shutdown" : "cancelled");
        refuse_recorded(s, "cancelled",
                        strcmp(reason, "shutdown") == 0 ? "the device is stopping" : "stopped at the device");
    } else if (s->state != ORIEL_SESSION_IDLE && s->state != ORIEL_SESSION_ENDING) {
        oriel_session_end(s, by, reason, NULL);
    }
}

void oriel_session_window_closed(struct oriel_session *s, const char *why) {
    if (s->state == ORIEL_SESSION_IDLE || g_strcmp0(s->request.by, "switch") != 0)
        return;
    if (s->state == ORIEL_SESSION_ASKING)
        refuse_recorded(s, "cancelled", why);
    else if (s->state != ORIEL_SESSION_ENDING)
        oriel_session_end(s, "person", "stopped", why);
}

void oriel_session_cancel(struct oriel_session *s, const struct oriel_peer *peer, const char *hash) {
    if (granted(s) && s->more.peer == peer && strcmp(hash, s->more.hash) == 0) {
        oriel_session_live_decide(s, s->question, NULL, "cancelled");
        return;
    }
    if (s->state == ORIEL_SESSION_IDLE || s->state == ORIEL_SESSION_ENDING || peer != s->request.peer ||
        strcmp(hash, s->request.hash) != 0)
        return;
    if (s->state == ORIEL_SESSION_ASKING) {
        withdraw(s, "cancelled");
        refuse_recorded(s, "cancelled", NULL);
    } else {
        oriel_session_end(s, "agent", "hung-up", NULL);
    }
}

static void send_grant(struct oriel_session *s) {
    const struct oriel_session_request *r = &s->request;
    s->ops->send(s->user, r->peer, ORIEL_MESSAGE_GRANT,
                 json_pack("{s:s, s:s, s:O, s:i, s:s, s:s}", "request", r->hash, "session", s->id, "scopes", r->scopes,
                           "seconds", (int)r->seconds, "fingerprint", s->fingerprint, "by", r->by ? r->by : "person"));
    oriel_session_send_offer(s);
}

void oriel_session_grant_when_ready(struct oriel_session *s) {
    if (s->state != ORIEL_SESSION_STARTING || !s->capture_ready || !s->offer || s->awaited[ORIEL_STEP_MEDIA])
        return;
    if (s->media_recorded) { /* the way out changed meanwhile */
        send_grant(s);
        return;
    }
    const struct oriel_session_request *r = &s->request;
    json_t *media = json_pack("{s:s, s:s, s:s}", "session", s->id, "fingerprint", s->fingerprint, "agent_fingerprint",
                              r->fingerprint);
    if (r->turn_servers)
        json_object_set_new(media, "relay", json_string(r->turn_servers));
    oriel_session_record_step(s, ORIEL_STEP_MEDIA, "media-start", media);
}

void oriel_session_capture_ready(struct oriel_session *s, const char *backend, guint width, guint height) {
    if (s->state != ORIEL_SESSION_STARTING)
        return;
    s->capture_ready = true;
    oriel_session_grant_when_ready(s);
}

/* What no message can carry would leave a hole in the sequence, and the agent would wait for it forever. */
static void live_recorded(struct oriel_session *s) {
    if (s->state != ORIEL_SESSION_CONNECTING || s->renewing)
        return;
    oriel_session_arm(s, s->expires);
    oriel_session_set_state(s, ORIEL_SESSION_LIVE);
    if (s->path == 1)
        s->ops->announce(s->user, "live", NULL, NULL);
}

/* ---- what waited for its record ---- */

static void step_recorded(struct oriel_session *s, enum oriel_session_step step) {
    switch (step) {
    case ORIEL_STEP_REQUEST:
        request_recorded(s);
        break;
    case ORIEL_STEP_PROMPT:
        s->ops->send(s->user, s->request.peer, ORIEL_MESSAGE_PROGRESS,
                     json_pack("{s:s, s:s}", "request", s->request.hash, "stage", "shown"));
        break;
    case ORIEL_STEP_GRANT:
        grant_recorded(s);
        break;
    case ORIEL_STEP_MEDIA:
        s->media_recorded = true;
        oriel_session_grant_when_ready(s);
        break;
    case ORIEL_STEP_LIVE:
        live_recorded(s);
        break;
    default:
        break;
    }
}

void oriel_session_recorded(struct oriel_session *s, guint64 ticket, bool good) {
    enum oriel_session_step step = 0;
    while (step < ORIEL_STEPS && s->awaited[step] != ticket)
        step++;
    if (step == ORIEL_STEPS || !ticket)
        return; /* it was over before that */
    s->awaited[step] = 0;
    if (step > ORIEL_STEP_LIVE)
        oriel_session_live_recorded(s, step, good);
    else if (good)
        step_recorded(s, step);
    else if (step == ORIEL_STEP_REQUEST)
        refuse(s, "audit", NULL); /* nobody was asked */
    else if (step == ORIEL_STEP_PROMPT || step == ORIEL_STEP_GRANT)
        refuse_unrecorded(s);
    else
        oriel_session_end(s, "device", "audit", NULL);
}

void oriel_session_unrecorded(struct oriel_session *s, const char *why) {
    if (s->state == ORIEL_SESSION_ASKING)
        refuse_unrecorded(s);
    else if (granted(s))
        oriel_session_end(s, "device", "audit", why);
}

void oriel_session_stats(struct oriel_session *s, json_t *figures) {
    bool open = s->state == ORIEL_SESSION_CONNECTING || s->state == ORIEL_SESSION_LIVE;
    if (!open) { /* the last words of helpers that are being killed */
        json_decref(figures);
        return;
    }
    json_decref(s->figures);
    s->figures = figures;
}

void oriel_session_failed(struct oriel_session *s, const char *reason, const char *detail) {
    if (granted(s))
        oriel_session_end(s, "device", reason, detail);
}

void oriel_session_revoked(struct oriel_session *s) {
    if (s->state == ORIEL_SESSION_ASKING) {
        withdraw(s, "cancelled");
        refuse_recorded(s, "revoked", NULL);
    } else if (s->state >= ORIEL_SESSION_STARTING && s->state <= ORIEL_SESSION_LIVE) {
        oriel_session_end(s, "device", "revoked", "the vendor has taken the agent's credential back");
    }
}

void oriel_session_helpers_gone(struct oriel_session *s) {
    if (s->state != ORIEL_SESSION_ENDING)
        return;
    clear(s);
    oriel_session_set_state(s, ORIEL_SESSION_IDLE);
}

void oriel_session_tick(struct oriel_session *s) {
    gint64 now = oriel_boottime();
    if (!due(s) || now < due(s)) {
        oriel_session_rearm(s);
        return;
    }
    if (!s->deadline || now < s->deadline) {
        oriel_session_live_tick(s, now);
        return;
    }
    switch (s->state) {
    case ORIEL_SESSION_ASKING:
        withdraw(s, "timeout");
        refuse_recorded(s, "timeout", NULL);
        break;
    case ORIEL_SESSION_STARTING:
        if (s->awaited[ORIEL_STEP_GRANT] || s->awaited[ORIEL_STEP_MEDIA])
            oriel_session_end(s, "device", "audit", "the device's disk did not answer in time");
        else
            oriel_session_end(s, "device", s->capture_ready ? "media-failed" : "capture-failed",
                              "it did not become ready in time");
        break;
    case ORIEL_SESSION_CONNECTING:
    case ORIEL_SESSION_LIVE:
        if (now >= s->expires)
            oriel_session_end(s, "device", "expired", NULL);
        else
            oriel_session_end(s, "device", "peer-lost", "the agent's browser did not connect in time");
        break;
    case ORIEL_SESSION_IDLE:
    case ORIEL_SESSION_ENDING:
        break;
    }
}
