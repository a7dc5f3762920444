/* See session.h. */
#include "session.h"

#include <string.h>

#include "clock.h"
#include "list.h"
#include "session_private.h"
#include "text.h"

enum { START_TIMEOUT = 15, CONNECT_TIMEOUT = 30, CANDIDATES_MAX = 64 };
enum {
    CANDIDATE_SIZE_MAX = 512,
    OFFER_SIZE_MAX = 8192,
    OFFER_ENCODED_MAX = 10000
}; /* so that messages can carry them */

static void set_state(struct oriel_session *s, enum oriel_session_state state) {
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

static void arm(struct oriel_session *s, gint64 deadline) {
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

void oriel_session_send_sequenced(struct oriel_session *s, enum oriel_message_type type, json_t *members) {
    json_object_set_new(members, "session", json_string(s->id));
    json_object_set_new(members, "seq", json_integer(s->sent++));
    if (type != ORIEL_MESSAGE_END)
        json_object_set_new(members, "path", json_integer(s->path));
    s->ops->send(s->user, s->request.peer, type, members);
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
    arm(s, 0);
}

/* No: before anything was started. */
static void refuse(struct oriel_session *s, const char *reason, const char *detail) {
    if (s->prepared)
        s->ops->discard(s->user);
    s->ops->send(s->user, s->request.peer, ORIEL_MESSAGE_DENIAL,
                 detailed(json_pack("{s:s, s:s}", "request", s->request.hash, "reason", reason), detail));
    s->ops->settled(s->user, &s->request, reason);
    clear(s);
    set_state(s, ORIEL_SESSION_IDLE);
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
    arm(s, 0);
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
    set_state(s, ORIEL_SESSION_ENDING);
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
    set_state(s, ORIEL_SESSION_ASKING);
    arm(s, oriel_boottime() + (gint64)s->rules.timeout * ORIEL_SECOND);
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
    set_state(s, ORIEL_SESSION_STARTING);
    s->ops->announce(s->user, "starting", NULL, NULL);
    if (!s->ops->launch(s->user, r)) {
        oriel_session_end(s, "device", "media-failed", "the helpers cannot be started");
        return;
    }
    s->ops->granted(s->user, s->request.scopes);
    arm(s, oriel_boottime() + START_TIMEOUT * ORIEL_SECOND);
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

/* Candidates follow the offer that they belong to. */
static void send_candidate(struct oriel_session *s, json_t *members) {
    if (s->state == ORIEL_SESSION_CONNECTING || s->state == ORIEL_SESSION_LIVE)
        oriel_session_send_sequenced(s, ORIEL_MESSAGE_ICE, members);
    else
        g_ptr_array_add(s->candidates, members);
}

static void send_offer(struct oriel_session *s) {
    s->path++;
    s->renewing = s->answered = false;
    s->remote_candidates = 0;
    g_clear_pointer(&s->addresses, json_decref);
    oriel_session_send_sequenced(s, ORIEL_MESSAGE_SDP, json_pack("{s:s, s:s}", "type", "offer", "sdp", s->offer));
    set_state(s, ORIEL_SESSION_CONNECTING);
    arm(s, MIN(s->expires, oriel_boottime() + CONNECT_TIMEOUT * ORIEL_SECOND));
    for (guint i = 0; i < s->candidates->len; i++)
        send_candidate(s, json_incref(g_ptr_array_index(s->candidates, i)));
    g_ptr_array_set_size(s->candidates, 0);
}

static void send_grant(struct oriel_session *s) {
    const struct oriel_session_request *r = &s->request;
    s->ops->send(s->user, r->peer, ORIEL_MESSAGE_GRANT,
                 json_pack("{s:s, s:s, s:O, s:i, s:s, s:s}", "request", r->hash, "session", s->id, "scopes", r->scopes,
                           "seconds", (int)r->seconds, "fingerprint", s->fingerprint, "by", r->by ? r->by : "person"));
    send_offer(s);
}

static void grant_when_ready(struct oriel_session *s) {
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
    grant_when_ready(s);
}

/* What no message can carry would leave a hole in the sequence, and the agent would wait for it forever. */
static bool offer_fits(const char *sdp) {
    json_t *text = json_string(sdp);
    size_t size = json_dumpb(text, NULL, 0, JSON_ENCODE_ANY);
    json_decref(text);
    return *sdp && strlen(sdp) <= OFFER_SIZE_MAX && size > 0 && size <= OFFER_ENCODED_MAX;
}

void oriel_session_transport(struct oriel_session *s, const char *transport) {
    g_strlcpy(s->transport, transport, sizeof s->transport);
}

void oriel_session_renew(struct oriel_session *s) {
    if (s->state < ORIEL_SESSION_STARTING || s->state > ORIEL_SESSION_LIVE)
        return;
    if (s->renewals == ORIEL_PATHS_MAX - 1) {
        oriel_session_end(s, "device", "media-failed", "the network path changed too often");
        return;
    }
    s->renewing = true;
    s->renewals++;
    g_clear_pointer(&s->offer, g_free);
    g_ptr_array_set_size(s->candidates, 0);
    s->local_candidates = 0;
    s->ops->renew(s->user, s->renewals);
}

void oriel_session_offer(struct oriel_session *s, guint renewal, const char *fingerprint, const char *sdp) {
    bool due = s->state == ORIEL_SESSION_STARTING ? !s->offer : s->renewing && s->state <= ORIEL_SESSION_LIVE;
    if (s->state < ORIEL_SESSION_STARTING || !due || renewal != s->renewals)
        return;
    if (!offer_fits(sdp)) {
        oriel_session_end(s, "device", "media-failed", "the offer is empty or too large");
    } else if ((s->path || s->media_recorded || s->awaited[ORIEL_STEP_MEDIA]) &&
               strcmp(fingerprint, s->fingerprint) != 0) {
        oriel_session_end(s, "device", "media-failed", "another certificate than that of the grant");
    } else {
        s->offer = g_strdup(sdp);
        g_free(s->fingerprint);
        s->fingerprint = g_strdup(fingerprint);
        s->renewing = false;
        if (s->path)
            send_offer(s);
        else
            grant_when_ready(s);
    }
}

void oriel_session_local_candidate(struct oriel_session *s, guint mline, const char *candidate) {
    if (s->state < ORIEL_SESSION_STARTING || s->state > ORIEL_SESSION_LIVE || strlen(candidate) > CANDIDATE_SIZE_MAX ||
        s->local_candidates >= CANDIDATES_MAX || s->renewing)
        return;
    s->local_candidates++;
    send_candidate(s, json_pack("{s:s, s:i}", "candidate", candidate, "mline", (int)mline));
}

void oriel_session_live(struct oriel_session *s) {
    if (s->state != ORIEL_SESSION_CONNECTING || s->renewing)
        return;
    json_t *members = json_pack("{s:s, s:i, s:s}", "session", s->id, "path", (int)s->path, "transport", s->transport);
    if (s->addresses)
        json_object_set(members, "addresses", s->addresses);
    oriel_session_record_step(s, ORIEL_STEP_LIVE, "live", members);
}

static void live_recorded(struct oriel_session *s) {
    if (s->state != ORIEL_SESSION_CONNECTING || s->renewing)
        return;
    arm(s, s->expires);
    set_state(s, ORIEL_SESSION_LIVE);
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
        grant_when_ready(s);
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
    set_state(s, ORIEL_SESSION_IDLE);
}

/* candidate:FOUNDATION COMPONENT PROTOCOL PRIORITY ADDRESS PORT … (RFC 8839). */
static void note_address(struct oriel_session *s, const char *candidate) {
    g_auto(GStrv) parts = g_strsplit(candidate, " ", 6);
    if (!s->rules.addresses || g_strv_length(parts) < 6)
        return;
    g_autofree char *address = oriel_text_clean(parts[4], 64);
    s->addresses = s->addresses ? s->addresses : json_array();
    if (!oriel_list_has(s->addresses, address))
        json_array_append_new(s->addresses, json_string(address));
}

static void take_candidate(struct oriel_session *s, const json_t *m) {
    const char *candidate = oriel_json_text(m, "candidate");
    note_address(s, candidate);
    s->ops->candidate(s->user, (guint)oriel_json_integer(m, "mline", 0), candidate);
}

static void handle_in_turn(struct oriel_session *s, enum oriel_message_type type, const json_t *m) {
    guint path = (guint)oriel_json_integer(m, "path", s->path);
    if (path < s->path)
        return; /* said before our newest offer was heard */
    if (type == ORIEL_MESSAGE_END) {
        bool good = strcmp(oriel_json_text(m, "by"), "agent") == 0;
        const char *detail = oriel_json_text(m, "detail");
        oriel_session_end(s, good ? "agent" : "device", good ? oriel_json_text(m, "reason") : "protocol",
                          good ? detail : "an end in somebody else's name");
    } else if (path > s->path) {
        oriel_session_end(s, "device", "protocol", "a path that was not offered");
    } else if (type == ORIEL_MESSAGE_ICE) {
        if (++s->remote_candidates > CANDIDATES_MAX)
            oriel_session_end(s, "device", "protocol", "more than 64 candidates");
        else
            take_candidate(s, m);
    } else if (strcmp(oriel_json_text(m, "type"), "answer") != 0 || s->answered) {
        oriel_session_end(s, "device", "protocol",
                          s->answered ? "a second answer" : "an offer; only the device offers");
    } else {
        s->answered = true;
        s->ops->answer(s->user, oriel_json_text(m, "sdp"));
    }
}

void oriel_session_message(struct oriel_session *s, const struct oriel_peer *peer, enum oriel_message_type type,
                           const json_t *m) {
    bool open = s->state == ORIEL_SESSION_CONNECTING || s->state == ORIEL_SESSION_LIVE;
    if (!open || peer != s->request.peer || strcmp(oriel_json_text(m, "session"), s->id) != 0)
        return;
    guint seq = (guint)oriel_json_integer(m, "seq", 0);
    if (seq < s->expected)
        return;
    if (type == ORIEL_MESSAGE_END) { /* what is missing before it may never come */
        handle_in_turn(s, type, m);
        return;
    }
    if (seq - s->expected >= ORIEL_EARLY_MAX || s->early[seq % ORIEL_EARLY_MAX])
        return;
    s->early[seq % ORIEL_EARLY_MAX] = json_incref((json_t *)m);
    while (s->state == ORIEL_SESSION_CONNECTING || s->state == ORIEL_SESSION_LIVE) {
        json_t *next = g_steal_pointer(&s->early[s->expected % ORIEL_EARLY_MAX]);
        if (!next)
            break;
        s->expected++;
        bool sdp = strcmp(oriel_json_text(next, "typ"), "sdp") == 0;
        handle_in_turn(s, sdp ? ORIEL_MESSAGE_SDP : ORIEL_MESSAGE_ICE, next);
        json_decref(next);
    }
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
