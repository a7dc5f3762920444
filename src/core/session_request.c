/* From a request to its grant, or its no: the person is asked, or the owner or the key switch has answered before. See
 * session.h. */
#include <string.h>

#include "clock.h"
#include "list.h"
#include "session_private.h"

enum { START_TIMEOUT = 15 };

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

/* No: before anything was started. */
static void refuse(struct oriel_session *s, const char *reason, const char *detail) {
    if (s->prepared)
        s->ops->discard(s->user);
    s->ops->send(s->user, s->request.peer, ORIEL_MESSAGE_DENIAL,
                 oriel_session_detailed(json_pack("{s:s, s:s}", "request", s->request.hash, "reason", reason), detail));
    s->ops->settled(s->user, &s->request, reason);
    oriel_session_clear(s);
    oriel_session_set_state(s, ORIEL_SESSION_IDLE);
}

/* A no that is recorded; when even that fails, it is a no all the same. */
void oriel_session_request_refuse(struct oriel_session *s, const char *withdrawn, const char *reason,
                                  const char *detail) {
    if (withdrawn)
        s->ops->withdraw(s->user, s->request.hash, withdrawn);
    oriel_session_record(
        s, "decision",
        oriel_session_detailed(json_pack("{s:s, s:b, s:s}", "request", s->request.hash, "allow", 0, "reason", reason),
                               detail));
    refuse(s, reason, detail);
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

static void start(struct oriel_session *s) {
    const struct oriel_session_request *r = &s->request;
    oriel_message_nonce(s->id);
    s->started = oriel_boottime();
    s->expires = s->started + (gint64)r->seconds * ORIEL_SECOND;
    s->state = ORIEL_SESSION_STARTING; /* what ends it now is an end; nothing is started before it is on record */
    oriel_session_live_begin(s);
    oriel_session_record(
        s, "decision",
        granted_by(r, json_pack("{s:s, s:b, s:O}", "request", r->hash, "allow", 1, "scopes", r->scopes)));
    oriel_session_record_step(
        s, ORIEL_STEP_GRANT, "grant",
        granted_by(r, json_pack("{s:s, s:s, s:s, s:s, s:O, s:i}", "request", r->hash, "session", s->id, "vendor",
                                r->vendor, "agent", r->peer->agent, "scopes", r->scopes, "seconds", (int)r->seconds)));
}

static void start_unasked(struct oriel_session *s) {
    s->prepared = true;
    if (s->ops->prepare(s->user))
        start(s);
    else
        oriel_session_request_refuse(s, NULL, "media-failed", "the helpers cannot be started");
}

static void ask_or_start(struct oriel_session *s) {
    if (s->request.by) {
        start_unasked(s);
        return;
    }
    const struct oriel_session_request *r = &s->request;
    const struct oriel_session_question question = {ORIEL_QUESTION_REQUEST, r->hash, r, r->scopes, s->rules.timeout};
    if (!s->ops->ask(s->user, &question)) {
        oriel_session_request_refuse(s, NULL, "no-provider", NULL);
        return;
    }
    oriel_session_set_state(s, ORIEL_SESSION_ASKING);
    oriel_session_arm(s, oriel_boottime() + (gint64)s->rules.timeout * ORIEL_SECOND);
    s->prepared = true;
    if (!s->ops->prepare(s->user)) {
        oriel_session_request_refuse(s, "cancelled", "media-failed", "the helpers cannot be started");
    }
}

bool oriel_session_asks(const struct oriel_session *s) {
    return s->state == ORIEL_SESSION_ASKING && !s->request.by;
}

void oriel_session_request_shown(struct oriel_session *s, const char *hash) {
    if (!oriel_session_asks(s) || strcmp(hash, s->request.hash) != 0 || s->shown_at)
        return;
    s->shown_at = oriel_boottime();
    oriel_session_record_step(s, ORIEL_STEP_PROMPT, "prompt", json_pack("{s:s}", "request", hash));
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

void oriel_session_request_decide(struct oriel_session *s, const char *hash, const json_t *scopes) {
    json_t *ticked = scopes ? oriel_session_ticked(s->request.scopes, scopes) : NULL;
    if (strcmp(hash, s->request.hash) != 0)
        oriel_session_provider_invalid(s, "a decision for another request");
    else if (!scopes)
        oriel_session_request_refuse(s, NULL, "denied", NULL);
    else if (!s->shown_at)
        oriel_session_provider_invalid(s, "a decision before the prompt was shown");
    else if (!ticked)
        oriel_session_provider_invalid(s, "a scope that was not asked for");
    else if (oriel_session_too_soon(s, hash, s->shown_at))
        ; /* it stays open */
    else if (!oriel_list_has(ticked, "view"))
        oriel_session_request_refuse(s, NULL, "denied", "the person left nothing to see");
    else {
        json_decref(s->request.scopes);
        s->request.scopes = g_steal_pointer(&ticked); /* what the session has from here on */
        start(s);
    }
    json_decref(ticked);
}

void oriel_session_request_unrecorded(struct oriel_session *s) {
    s->ops->withdraw(s->user, s->request.hash, "cancelled");
    refuse(s, "audit", NULL);
}

void oriel_session_request_recorded(struct oriel_session *s, enum oriel_session_step step, bool good) {
    if (!good && step == ORIEL_STEP_REQUEST)
        refuse(s, "audit", NULL); /* nobody was asked */
    else if (!good)
        oriel_session_request_unrecorded(s);
    else if (step == ORIEL_STEP_REQUEST)
        ask_or_start(s);
    else if (step == ORIEL_STEP_GRANT)
        grant_recorded(s);
    else
        s->ops->send(s->user, s->request.peer, ORIEL_MESSAGE_PROGRESS,
                     json_pack("{s:s, s:s}", "request", s->request.hash, "stage", "shown"));
}
