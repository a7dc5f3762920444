/* See device_private.h. PROVIDER.md says what the messages mean. */
#include "device_private.h"

#include <string.h>

#include "core_media.h"
#include "log.h"

bool oriel_device_ask(void *user, const struct oriel_session_question *q) {
    static const char *const kinds[] = {"request", "more", "again"};
    struct oriel_device *d = user;
    const struct oriel_session_request *r = q->request;
    char code[ORIEL_CODE_SIZE];
    oriel_message_code(r->hash, code);
    json_t *m = oriel_device_describe(r, json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "t", "ask", "request", q->hash,
                                                   "kind", kinds[q->kind], "code", code, "reason", r->reason, "timeout",
                                                   (int)q->timeout));
    json_object_set(m, "scopes", (json_t *)q->scopes);
    json_object_set_new(m, "allow_after", json_integer(d->config->consent_allow_after));
    if (q->kind != ORIEL_QUESTION_REQUEST)
        json_object_set_new(m, "seconds", json_integer(oriel_session_left(d->session)));
    if (!oriel_provider_send(d->provider, m))
        return false;
    oriel_info("asking the person (%s): %s of %s, code %s", kinds[q->kind], r->name, r->company, code);
    return true;
}

void oriel_device_withdraw(void *user, const char *hash, const char *why) {
    struct oriel_device *d = user;
    oriel_provider_send(d->provider, json_pack("{s:s, s:s, s:s}", "t", "withdraw", "request", hash, "why", why));
}

void oriel_device_early(void *user, const char *hash, guint ms) {
    struct oriel_device *d = user;
    oriel_info("an Allow came too soon after the prompt was shown, and was not taken");
    oriel_provider_send(d->provider, json_pack("{s:s, s:s, s:i}", "t", "early", "request", hash, "ms", (int)ms));
}

bool oriel_device_tell(void *user, json_t *message) {
    struct oriel_device *d = user;
    const char *t = oriel_json_text(message, "t");
    guint needs = strcmp(t, "chat") == 0 ? ORIEL_PANEL_CHAT : strcmp(t, "draw") == 0 ? ORIEL_PANEL_DRAW : ~0u;
    if (needs == ~0u || oriel_provider_can(d->provider) & needs)
        return oriel_provider_send(d->provider, message);
    json_decref(message);
    return false;
}

static json_t *session_message(struct oriel_device *d, const char *state) {
    const struct oriel_session_request *r = oriel_session_request(d->session);
    json_t *m = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "t", "session", "state", state, "session",
                          oriel_session_id(d->session), "why", oriel_session_paused(d->session), "left",
                          (int)oriel_session_left(d->session), "by", r->by ? r->by : "person");
    json_object_update_new(m, json_pack("{s:s, s:s}", "camera", oriel_session_camera_name(d->session), "place",
                                        oriel_session_placed(d->session)));
    return oriel_device_describe(r, m);
}

void oriel_device_announce(void *user, const char *state, const char *by, const char *reason) {
    struct oriel_device *d = user;
    if (strcmp(state, "ended") == 0) {
        oriel_info("session ended by %s: %s", by, reason);
        oriel_provider_send(d->provider,
                            json_pack("{s:s, s:s, s:s, s:s, s:s}", "t", "session", "state", state, "session",
                                      oriel_session_id(d->session), "by", by, "reason", reason));
        return;
    }
    oriel_info("session %s", state);
    oriel_provider_send(d->provider, session_message(d, state));
    if (strcmp(state, "live") == 0)
        oriel_device_call_over(d); /* somebody answered */
}

/* ---- from the provider ---- */

static void tell_record(struct oriel_device *d) {
    const char *why = oriel_ledger_why(d->ledger);
    oriel_provider_send(d->provider, json_pack("{s:s, s:s}", "t", "record", "why", why ? why : ""));
}

static void provider_connected(void *user, const char *name) {
    struct oriel_device *d = user;
    oriel_info("consent provider '%s' is connected", name);
    oriel_provider_send(d->provider, json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:b}", "t", "welcome", "v", 1, "stop",
                                               d->config->stop_socket, "device", d->config->device_id, "name",
                                               d->identity->name, "online", (int)d->online, "call", d->help != NULL));
    if (oriel_ledger_why(d->ledger))
        tell_record(d);
    oriel_device_call_tell(d);
    enum oriel_session_state state = oriel_session_state(d->session);
    if (state >= ORIEL_SESSION_STARTING && state <= ORIEL_SESSION_LIVE)
        oriel_provider_send(d->provider, session_message(d, *oriel_session_paused(d->session) ? "paused"
                                                            : state == ORIEL_SESSION_LIVE     ? "live"
                                                                                              : "starting"));
    oriel_picture_panel(d->picture, oriel_provider_can(d->provider));
    oriel_picture_provider(d->picture);
    oriel_session_provider_connected(d->session);
    oriel_device_publish(d);
}

static void provider_lost(void *user, bool invalid, const char *detail) {
    struct oriel_device *d = user;
    oriel_warning("the consent provider is lost: %s", detail);
    oriel_picture_panel(d->picture, 0);
    if (invalid)
        oriel_session_provider_invalid(d->session, detail);
    oriel_session_provider_lost(d->session, detail);
    oriel_device_call_left(d);
    oriel_device_publish(d);
}

static void provider_shown(void *user, const char *request) {
    oriel_session_shown(((struct oriel_device *)user)->session, request);
}

static void provider_decision(void *user, const char *request, const json_t *scopes) {
    oriel_session_decide(((struct oriel_device *)user)->session, request, scopes);
}

static void provider_remove(void *user, const char *session, const char *scope) {
    struct oriel_device *d = user;
    if (strcmp(session, oriel_session_id(d->session)) == 0)
        oriel_session_remove(d->session, scope);
}

static void provider_alive(void *user, bool indicator) {
    oriel_session_provider_alive(((struct oriel_device *)user)->session, indicator);
}

static void provider_stop(void *user, const char *session) {
    struct oriel_device *d = user;
    if (strcmp(session, oriel_session_id(d->session)) == 0)
        oriel_session_stop(d->session, "person", "stopped");
}

static void provider_call(void *user, const json_t *help) {
    oriel_device_call(user, help);
}

void oriel_device_give(void *user, const char *what, int fd) {
    oriel_provider_send_fd(((struct oriel_device *)user)->provider, json_pack("{s:s}", "t", what), fd);
}

static void provider_masks(void *user, const uint8_t *bytes, guint count) {
    oriel_picture_masks(((struct oriel_device *)user)->picture, bytes, count);
}

void oriel_device_record_changed(void *user) {
    struct oriel_device *d = user;
    if (d->provider)
        tell_record(d);
}

/* One a packet, since libraries of HMIs know flat ones only. */
static void provider_sessions(void *user) {
    struct oriel_device *d = user;
    const struct oriel_history *h = oriel_ledger_history(d->ledger);
    guint n = oriel_history_length(h);
    if (!n)
        oriel_provider_send(d->provider, json_pack("{s:s, s:i, s:i}", "t", "past", "index", 0, "of", 0));
    for (guint i = 0; i < n; i++) {
        json_t *m = json_deep_copy(oriel_history_get(h, i));
        struct oriel_vendor *v = oriel_trust_find(d->trust, oriel_json_text(m, "vendor"), NULL);
        json_object_set_new(m, "company", json_string(v ? v->label : oriel_json_text(m, "vendor")));
        json_object_del(m, "vendor");
        json_object_update_new(m, json_pack("{s:s, s:i, s:i}", "t", "past", "index", (int)i, "of", (int)n));
        oriel_vendor_free(v);
        if (!oriel_provider_send(d->provider, m))
            return;
    }
}

static void provider_chat(void *user, const char *session, const char *text) {
    struct oriel_device *d = user;
    if (strcmp(session, oriel_session_id(d->session)) == 0)
        oriel_session_say(d->session, text);
}

static void provider_mute(void *user, const char *session, bool muted) {
    struct oriel_device *d = user;
    if (strcmp(session, oriel_session_id(d->session)) == 0)
        oriel_picture_mute(d->picture, muted);
}

const struct oriel_provider_events oriel_device_provider_events = {
    provider_connected, provider_lost,  provider_shown, provider_decision, provider_stop, provider_remove,
    provider_alive,     provider_masks, provider_call,  provider_sessions, provider_chat, provider_mute};
