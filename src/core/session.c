/* See session.h. */
#include "session.h"

#include <string.h>

#include "clock.h"
#include "session_private.h"
#include "text.h"

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

json_t *oriel_session_detailed(json_t *members, const char *detail) {
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

void oriel_session_record(struct oriel_session *s, const char *event, json_t *members) {
    s->ops->record(s->user, event, members, 0);
}

void oriel_session_clear(struct oriel_session *s) {
    oriel_session_request_clear(&s->request);
    memset(s->id, 0, sizeof s->id);
    memset(s->awaited, 0, sizeof s->awaited);
    s->prepared = s->capture_ready = s->media_recorded = s->answered = s->renewing = false;
    s->shown_at = 0;
    s->early_noted = false;
    s->path = s->renewals = 0;
    s->was_live = false;
    s->joined[0] = '\0';
    oriel_session_joining_clear(s);
    oriel_session_found(s);
    g_strlcpy(s->transport, "direct", sizeof s->transport);
    g_clear_pointer(&s->offer, g_free);
    g_clear_pointer(&s->fingerprint, g_free);
    g_ptr_array_set_size(s->candidates, 0);
    oriel_session_forget_sequence(s);
    s->local_candidates = s->remote_candidates = 0;
    g_clear_pointer(&s->addresses, json_decref);
    s->expires = s->started = 0;
    g_clear_pointer(&s->figures, json_decref);
    oriel_session_live_clear(s);
    oriel_session_talk_clear(s);
    oriel_session_arm(s, 0);
}

/* What an end is called while the agent has no grant that could end. */
static const char *denial_for(const char *by, const char *reason) {
    const struct oriel_end_reason *r = oriel_end_reason_find(reason);
    return r && r->denial ? r->denial : strcmp(by, "device") == 0 ? "media-failed" : "cancelled";
}

void oriel_session_end(struct oriel_session *s, const char *by, const char *reason, const char *detail) {
    bool open = oriel_session_open(s);
    s->ops->kill(s->user);
    memset(s->awaited, 0, sizeof s->awaited);
    oriel_session_found(s);
    oriel_session_live_end(s);
    oriel_session_arm(s, 0);
    s->ops->announce(s->user, "ended", by, reason);
    if (open) {
        oriel_session_send_sequenced(
            s, ORIEL_MESSAGE_END, oriel_session_detailed(json_pack("{s:s, s:s}", "by", by, "reason", reason), detail));
    } else {
        s->ops->send(
            s->user, s->request.peer, ORIEL_MESSAGE_DENIAL,
            oriel_session_detailed(
                json_pack("{s:s, s:s}", "request", s->request.hash, "reason", denial_for(by, reason)), detail));
    }
    json_t *members = json_pack("{s:s, s:s, s:s, s:f}", "session", s->id, "by", by, "reason", reason, "seconds",
                                (double)((oriel_boottime() - s->started) / ORIEL_MILLISECOND) / 1000.0);
    json_t *bytes = s->figures ? json_object_get(s->figures, "bytes") : NULL;
    json_object_set_new(members, "bytes", bytes ? json_incref(bytes) : json_integer(0));
    json_object_set_new(members, "chat", json_integer((json_int_t)s->lines));
    oriel_session_record(s, "end", oriel_session_detailed(members, detail));
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
    oriel_session_clear(s);
    g_ptr_array_unref(s->candidates);
    g_ptr_array_unref(s->unsaid);
    g_free(s);
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

bool oriel_session_granted(const struct oriel_session *s) {
    return s->state >= ORIEL_SESSION_STARTING && s->state <= ORIEL_SESSION_LIVE;
}

bool oriel_session_open(const struct oriel_session *s) {
    return s->state == ORIEL_SESSION_CONNECTING || s->state == ORIEL_SESSION_LIVE;
}

void oriel_session_shown(struct oriel_session *s, const char *hash) {
    if (oriel_session_granted(s))
        oriel_session_live_shown(s, hash);
    else
        oriel_session_request_shown(s, hash);
}

void oriel_session_decide(struct oriel_session *s, const char *hash, const json_t *scopes) {
    if (oriel_session_asks(s))
        oriel_session_request_decide(s, hash, scopes);
    else if (oriel_session_granted(s)) /* else the prompt was withdrawn while the answer was on its way */
        oriel_session_live_decide(s, hash, scopes, "denied");
}

void oriel_session_provider_invalid(struct oriel_session *s, const char *detail) {
    if (oriel_session_asks(s)) {
        oriel_session_request_refuse(s, "cancelled", "provider-invalid", detail);
    } else if (oriel_session_granted(s)) {
        oriel_session_live_decide(s, s->question, NULL, "provider-invalid");
    }
}

void oriel_session_provider_lost(struct oriel_session *s, const char *detail) {
    if (oriel_session_asks(s)) {
        oriel_session_request_refuse(s, "cancelled", "provider-lost", detail);
    } else if (oriel_session_granted(s)) {
        oriel_session_live_lost(s);
    }
}

void oriel_session_stop(struct oriel_session *s, const char *by, const char *reason) {
    if (s->state == ORIEL_SESSION_ASKING) {
        bool shutdown = strcmp(reason, "shutdown") == 0;
        oriel_session_request_refuse(s, shutdown ? "shutdown" : "cancelled", "cancelled",
                                     shutdown ? "the device is stopping" : "stopped at the device");
    } else if (s->state != ORIEL_SESSION_IDLE && s->state != ORIEL_SESSION_ENDING) {
        oriel_session_end(s, by, reason, NULL);
    }
}

void oriel_session_window_closed(struct oriel_session *s, const char *by, const char *why) {
    if (s->state == ORIEL_SESSION_IDLE || g_strcmp0(s->request.by, "switch") != 0)
        return;
    if (s->state == ORIEL_SESSION_ASKING)
        oriel_session_request_refuse(s, NULL, "cancelled", why);
    else if (s->state != ORIEL_SESSION_ENDING)
        oriel_session_end(s, by, "stopped", why);
}

void oriel_session_cancel(struct oriel_session *s, const struct oriel_peer *peer, const char *hash) {
    if (oriel_session_granted(s) && s->more.peer == peer && strcmp(hash, s->more.hash) == 0) {
        oriel_session_live_decide(s, s->question, NULL, "cancelled");
        return;
    }
    if (s->state == ORIEL_SESSION_IDLE || s->state == ORIEL_SESSION_ENDING || peer != s->request.peer ||
        strcmp(hash, s->request.hash) != 0)
        return;
    if (s->state == ORIEL_SESSION_ASKING) {
        oriel_session_request_refuse(s, "cancelled", "cancelled", NULL);
    } else {
        oriel_session_end(s, "agent", "hung-up", NULL);
    }
}

static void send_grant(struct oriel_session *s) {
    const struct oriel_session_request *r = &s->request;
    s->ops->send(s->user, r->peer, ORIEL_MESSAGE_GRANT,
                 json_pack("{s:s, s:s, s:O, s:i, s:s, s:s, s:i}", "request", r->hash, "session", s->id, "scopes",
                           r->scopes, "seconds", (int)r->seconds, "fingerprint", s->fingerprint, "by",
                           r->by ? r->by : "person", "outage", (int)s->rules.outage));
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

static void live_recorded(struct oriel_session *s) {
    if (s->state != ORIEL_SESSION_CONNECTING || s->renewing)
        return;
    bool news = s->path == 1 || s->lost_at;
    s->was_live = true;
    if (s->away)
        return; /* meanwhile the page was left: only its next one is a connection */
    oriel_session_found(s);
    oriel_session_arm(s, s->expires);
    oriel_session_set_state(s, ORIEL_SESSION_LIVE);
    if (news)
        s->ops->announce(s->user, s->paused ? "paused" : "live", NULL, NULL);
}

/* ---- what waited for its record ---- */

void oriel_session_recorded(struct oriel_session *s, guint64 ticket, bool good) {
    enum oriel_session_step step = 0;
    while (step < ORIEL_STEPS && s->awaited[step] != ticket)
        step++;
    if (step == ORIEL_STEPS || !ticket)
        return; /* it was over before that */
    s->awaited[step] = 0;
    if (step > ORIEL_STEP_REJOIN) {
        oriel_session_live_recorded(s, step, good);
    } else if (step == ORIEL_STEP_REJOIN) {
        oriel_session_rejoined(s, good);
    } else if (step < ORIEL_STEP_MEDIA) {
        oriel_session_request_recorded(s, step, good);
    } else if (!good) {
        oriel_session_end(s, "device", "audit", NULL);
    } else if (step == ORIEL_STEP_LIVE) {
        live_recorded(s);
    } else {
        s->media_recorded = true;
        oriel_session_grant_when_ready(s);
    }
}

void oriel_session_unrecorded(struct oriel_session *s, const char *why) {
    if (s->state == ORIEL_SESSION_ASKING)
        oriel_session_request_unrecorded(s);
    else if (oriel_session_granted(s))
        oriel_session_end(s, "device", "audit", why);
}

void oriel_session_stats(struct oriel_session *s, json_t *figures) {
    if (!oriel_session_open(s)) { /* the last words of helpers that are being killed */
        json_decref(figures);
        return;
    }
    json_decref(s->figures);
    s->figures = figures;
}

void oriel_session_failed(struct oriel_session *s, const char *reason, const char *detail) {
    if (oriel_session_granted(s))
        oriel_session_end(s, "device", reason, detail);
}

void oriel_session_revoked(struct oriel_session *s) {
    if (s->state == ORIEL_SESSION_ASKING) {
        oriel_session_request_refuse(s, "cancelled", "revoked", NULL);
    } else if (s->state >= ORIEL_SESSION_STARTING && s->state <= ORIEL_SESSION_LIVE) {
        oriel_session_end(s, "device", "revoked", "the vendor has taken the agent's credential back");
    }
}

void oriel_session_helpers_gone(struct oriel_session *s) {
    if (s->state != ORIEL_SESSION_ENDING)
        return;
    oriel_session_clear(s);
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
        oriel_session_request_refuse(s, "timeout", "timeout", NULL);
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
        else if (s->lost_at)
            oriel_session_lost_end(s);
        else
            oriel_session_end(s, "device", "peer-lost", "the agent's browser did not connect in time");
        break;
    case ORIEL_SESSION_IDLE:
    case ORIEL_SESSION_ENDING:
        break;
    }
}
