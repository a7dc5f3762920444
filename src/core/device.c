/* See device.h. Effects of the session machine on one side, events of provider, broker and shell on the other. */
#include "device.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "backoff.h"
#include "clock.h"
#include "control.h"
#include "ledger.h"
#include "link.h"
#include "log.h"
#include "mail.h"
#include "picture.h"
#include "policy.h"
#include "provider.h"
#include "seal.h"
#include "session.h"
#include "text.h"
#include "watch.h"

#define NO_SANDBOX                                                                                                     \
    "this device can't put its helpers into a sandbox, and its configuration does not allow to go without; 'oriel "    \
    "doctor' "                                                                                                         \
    "on it says why"

enum { STATE_INTERVAL = 600, TRUST_INTERVAL = 10, REFUSALS_A_MINUTE = 20 }; /* seconds; a number */

struct oriel_device {
    const struct oriel_config *config;
    struct oriel_launcher *launcher;
    struct oriel_ledger *ledger;
    struct oriel_provider *provider;
    struct oriel_control *control;
    struct oriel_link *link;
    struct oriel_session *session;
    struct oriel_picture *picture;
    struct oriel_identity *identity;
    struct oriel_trust *trust;
    struct oriel_exchanges *exchanges;
    struct oriel_limit *limit;
    struct oriel_backoff *backoff;
    struct oriel_watch *watch;
    char boot[ORIEL_HASH_SIZE];
    int timer; /* CLOCK_BOOTTIME: what expires does so while the machine sleeps, too */
    guint timer_source, state_source, trust_source;
    bool online;
    char *offline_why;
    json_t *help;         /* a call for support, as the state has it; NULL without one */
    gint64 refusals_from; /* of the current minute */
    guint refusals, refusals_unrecorded;
    GMainLoop *closing;
};

/* ---- messages to agents ---- */

static void send_to_agent(void *user, const struct oriel_peer *peer, enum oriel_message_type type, json_t *members) {
    struct oriel_device *d = user;
    const char *reason = oriel_json_text(members, "reason");
    const char *why = oriel_ledger_why(d->ledger);
    if (why && reason && strcmp(reason, "audit") == 0 && !json_object_get(members, "detail"))
        json_object_set_new(members, "detail", json_string(why));
    g_autofree char *bytes = oriel_mail_seal(d->identity, peer, type, members, NULL);
    if (bytes)
        oriel_link_send(d->link, peer->agent, bytes);
}

static gint64 uptime(void) {
    return oriel_boottime() / ORIEL_SECOND;
}

/* A new reference: what a present device says of itself. */
static json_t *state_members(struct oriel_device *d) {
    const struct oriel_config *c = d->config;
    const struct oriel_identity *i = d->identity;
    json_t *m = json_pack("{s:s, s:s, s:b, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:I}", "device", c->device_id, "boot",
                          d->boot, "online", 1, "status", oriel_session_status(d->session), "consent",
                          (int)oriel_provider_connected(d->provider), "credential", i->credential, "name", i->name,
                          "model", i->model, "site", c->site, "firmware", c->firmware, "uptime", (json_int_t)uptime());
    if (d->help)
        json_object_set(m, "help", d->help);
    return m;
}

/* Each vendor's agents can read it, and nobody else. */
static void publish_state(struct oriel_device *d) {
    json_t *sealed = json_object();
    g_autoptr(GPtrArray) vendors = oriel_trust_all(d->trust);
    for (guint i = 0; i < vendors->len; i++) {
        const struct oriel_vendor *v = vendors->pdata[i];
        g_autofree char *jwe = oriel_mail_state(d->identity, v->presence, state_members(d));
        if (jwe)
            json_object_set_new(sealed, v->id, json_string(jwe));
    }
    json_t *presence = json_pack("{s:i, s:s, s:o}", "v", 1, "typ", "presence", "for", sealed);
    g_autofree char *bytes = oriel_json_encode(presence);
    json_decref(presence);
    oriel_link_state(d->link, bytes);
}

static gboolean publish_again(gpointer data) {
    struct oriel_device *d = data;
    oriel_exchanges_expire(d->exchanges);
    publish_state(d);
    return G_SOURCE_CONTINUE;
}

/* ---- effects of the session ---- */

static bool record(void *user, const char *event, json_t *members) {
    struct oriel_device *d = user;
    if (strcmp(event, "grant") == 0 && oriel_launcher_why_bare(d->launcher))
        json_object_set_new(members, "sandbox", json_string("none"));
    return oriel_ledger_record(d->ledger, event, members);
}

static json_t *describe(const struct oriel_session_request *r, json_t *members) {
    json_object_update_new(members, json_pack("{s:s, s:s, s:O, s:i}", "agent", r->name, "company", r->company, "scopes",
                                              r->scopes, "seconds", (int)r->seconds));
    return members;
}

static bool ask(void *user, const struct oriel_session_question *q) {
    static const char *const kinds[] = {"request", "more", "again"};
    struct oriel_device *d = user;
    const struct oriel_session_request *r = q->request;
    char code[ORIEL_CODE_SIZE];
    oriel_message_code(r->hash, code);
    json_t *m = describe(r, json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "t", "ask", "request", q->hash, "kind",
                                      kinds[q->kind], "code", code, "reason", r->reason, "timeout", (int)q->timeout));
    json_object_set(m, "scopes", (json_t *)q->scopes);
    json_object_set_new(m, "allow_after", json_integer(d->config->consent_allow_after));
    if (q->kind != ORIEL_QUESTION_REQUEST)
        json_object_set_new(m, "seconds", json_integer(oriel_session_left(d->session)));
    if (!oriel_provider_send(d->provider, m))
        return false;
    oriel_info("asking the person (%s): %s of %s, code %s", kinds[q->kind], r->name, r->company, code);
    return true;
}

static void settled(void *user, const struct oriel_session_request *request, const char *reason) {
    struct oriel_device *d = user;
    oriel_backoff_note(d->backoff, request->vendor, reason);
}

static void freeze(void *user, bool on) {
    oriel_picture_freeze(((struct oriel_device *)user)->picture, on);
}

static void withdraw(void *user, const char *hash, const char *why) {
    struct oriel_device *d = user;
    oriel_provider_send(d->provider, json_pack("{s:s, s:s, s:s}", "t", "withdraw", "request", hash, "why", why));
}

static void early(void *user, const char *hash, guint ms) {
    struct oriel_device *d = user;
    oriel_info("an Allow came too soon after the prompt was shown, and was not taken");
    oriel_provider_send(d->provider, json_pack("{s:s, s:s, s:i}", "t", "early", "request", hash, "ms", (int)ms));
}

static json_t *session_message(struct oriel_device *d, const char *state) {
    return describe(oriel_session_request(d->session),
                    json_pack("{s:s, s:s, s:s, s:s, s:i}", "t", "session", "state", state, "session",
                              oriel_session_id(d->session), "why", oriel_session_paused(d->session), "left",
                              (int)oriel_session_left(d->session)));
}

static void tell_call(struct oriel_device *d) {
    oriel_provider_send(d->provider, json_pack("{s:s, s:b}", "t", "call", "call", d->help != NULL));
}

static void announce(void *user, const char *state, const char *by, const char *reason) {
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
    if (strcmp(state, "live") == 0 && d->help) {
        g_clear_pointer(&d->help, json_decref); /* somebody answered */
        tell_call(d);
        publish_state(d);
    }
}

static bool prepare(void *user) {
    struct oriel_device *d = user;
    g_autoptr(GError) error = NULL;
    if (oriel_picture_prepare(d->picture, &error))
        return true;
    oriel_error("%s", error->message);
    return false;
}

static void discard(void *user) {
    oriel_picture_discard(((struct oriel_device *)user)->picture);
}

static bool launch(void *user, const struct oriel_session_request *request) {
    struct oriel_device *d = user;
    g_autoptr(GError) error = NULL;
    if (oriel_picture_start(d->picture, request, oriel_session_id(d->session), &error))
        return true;
    oriel_error("%s", error->message);
    return false;
}

static void renew(void *user, guint number) {
    oriel_picture_renew(((struct oriel_device *)user)->picture, number);
}

static void answer(void *user, const char *sdp) {
    oriel_picture_answer(((struct oriel_device *)user)->picture, sdp);
}

static void candidate(void *user, guint mline, const char *text) {
    oriel_picture_candidate(((struct oriel_device *)user)->picture, mline, text);
}

static void kill_helpers(void *user) {
    oriel_picture_kill(((struct oriel_device *)user)->picture);
}

static void finish_when_quiet(struct oriel_device *d) {
    if (d->closing && oriel_session_state(d->session) == ORIEL_SESSION_IDLE)
        oriel_link_shut_down(d->link);
}

static void end_if_revoked(struct oriel_device *d) {
    const struct oriel_session_request *current = oriel_session_request(d->session);
    if (current && !oriel_trust_holds(d->trust, current->peer))
        oriel_session_revoked(d->session);
}

/* Beside the watch, which may be without a directory, or miss that a whole directory took the place of another. And
 * whether the end of what lives could still be recorded. */
static gboolean look_at_trust(gpointer data) {
    struct oriel_device *d = data;
    end_if_revoked(d);
    oriel_ledger_look_at_disk(d->ledger);
    return G_SOURCE_CONTINUE;
}

static void changed(void *user) {
    struct oriel_device *d = user;
    enum oriel_session_state state = oriel_session_state(d->session);
    bool open = state != ORIEL_SESSION_IDLE && state != ORIEL_SESSION_ENDING;
    oriel_provider_watch(d->provider, state == ORIEL_SESSION_ASKING); /* then the session looks itself */
    if (!open)
        g_clear_handle_id(&d->trust_source, g_source_remove);
    else if (!d->trust_source)
        d->trust_source = g_timeout_add_seconds(TRUST_INTERVAL, look_at_trust, d);
    publish_state(d);
    finish_when_quiet(d);
}

static void arm(void *user, gint64 deadline) {
    struct oriel_device *d = user;
    gint64 left = deadline ? MAX(deadline - oriel_boottime(), 1) : 0;
    struct itimerspec t = {.it_value = {left / ORIEL_SECOND, left % ORIEL_SECOND}};
    timerfd_settime(d->timer, 0, &t, NULL);
}

static const struct oriel_session_ops session_ops = {record,  send_to_agent, ask,          withdraw, early,  prepare,
                                                     discard, settled,       freeze,       announce, launch, renew,
                                                     answer,  candidate,     kill_helpers, changed,  arm};

static gboolean timer_fired(int fd, GIOCondition condition, gpointer data) {
    uint64_t count;
    if (read(fd, &count, sizeof count) == sizeof count)
        oriel_session_tick(((struct oriel_device *)data)->session);
    return G_SOURCE_CONTINUE;
}

/* ---- from the provider ---- */

static void provider_connected(void *user, const char *name) {
    struct oriel_device *d = user;
    oriel_info("consent provider '%s' is connected", name);
    oriel_provider_send(d->provider, json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:b}", "t", "welcome", "v", 1, "stop",
                                               d->config->stop_socket, "device", d->config->device_id, "name",
                                               d->identity->name, "online", (int)d->online, "call", d->help != NULL));
    enum oriel_session_state state = oriel_session_state(d->session);
    if (state >= ORIEL_SESSION_STARTING && state <= ORIEL_SESSION_LIVE)
        oriel_provider_send(d->provider, session_message(d, *oriel_session_paused(d->session) ? "paused"
                                                            : state == ORIEL_SESSION_LIVE     ? "live"
                                                                                              : "starting"));
    oriel_session_provider_connected(d->session);
    publish_state(d);
}

static void provider_lost(void *user, bool invalid, const char *detail) {
    struct oriel_device *d = user;
    oriel_warning("the consent provider is lost: %s", detail);
    if (invalid)
        oriel_session_provider_invalid(d->session, detail);
    oriel_session_provider_lost(d->session, detail);
    if (d->help && !json_object_get(d->help, "callback"))
        g_clear_pointer(&d->help,
                        json_decref); /* who called may not be there any more, and said not how to be reached */
    publish_state(d);
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
    struct oriel_device *d = user;
    json_decref(d->help);
    d->help = help ? json_deep_copy(help) : NULL;
    if (d->help) {
        json_object_set_new(d->help, "since", json_integer((json_int_t)uptime()));
        oriel_backoff_forget(d->backoff); /* the person wants to be asked */
    }
    /* What the machine shows and where to call back is for the agents, not for the log. */
    record(d, help ? "call" : "uncall",
           help ? json_pack("{s:s}", "note", oriel_json_text(help, "note")) : json_object());
    tell_call(d);
    publish_state(d);
}

static void provider_masks(void *user, const uint8_t *bytes, guint count) {
    oriel_picture_masks(((struct oriel_device *)user)->picture, bytes, count);
}

static const struct oriel_provider_events provider_events = {provider_connected, provider_lost,  provider_shown,
                                                             provider_decision,  provider_stop,  provider_remove,
                                                             provider_alive,     provider_masks, provider_call};

/* ---- from agents ---- */

/* Refusals are recorded, but nobody can fill the log with them: beyond a number a minute they are only counted. */
static void refuse(struct oriel_device *d, const struct oriel_mail *mail, const char *agent, const char *reason,
                   const char *detail) {
    if (oriel_boottime() - d->refusals_from > 60 * ORIEL_SECOND) {
        d->refusals_from = oriel_boottime();
        d->refusals = 0;
    }
    bool counted_only = ++d->refusals > REFUSALS_A_MINUTE;
    if (counted_only) {
        d->refusals_unrecorded++;
    } else {
        json_t *members = json_pack("{s:s, s:s}", "agent", agent, "reason", reason);
        if (detail && *detail)
            json_object_set_new(members, "detail", json_string(detail));
        if (d->refusals_unrecorded)
            json_object_set_new(members, "unrecorded_before", json_integer(d->refusals_unrecorded));
        if (record(d, "refused", members))
            d->refusals_unrecorded = 0;
    }
    /* Who proved to be an agent is always told; others only as often as it is recorded. */
    if (!mail->peer || (counted_only && !mail->peer->key))
        return;
    json_t *members = json_pack("{s:s, s:s}", "request", mail->hash, "reason", reason);
    if (strcmp(reason, "backoff") == 0)
        json_object_set_new(members, "retry", json_integer(oriel_backoff_left(d->backoff, mail->peer->vendor)));
    if (detail && *detail) {
        g_autofree char *text = oriel_text_clean(detail, ORIEL_DETAIL_MAX);
        json_object_set_new(members, "detail", json_string(text));
    }
    send_to_agent(d, mail->peer, ORIEL_MESSAGE_DENIAL, members);
}

static void handle_hello(struct oriel_device *d, const struct oriel_mail *mail) {
    struct oriel_peer *peer = mail->peer;
    json_t *key = oriel_exchanges_begin(d->exchanges, peer) ? oriel_key_public(peer->own) : NULL;
    if (!key)
        return; /* no randomness: nothing goes on */
    g_autofree char *bytes =
        oriel_mail_seal(d->identity, peer, ORIEL_MESSAGE_CHALLENGE,
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "hello", mail->hash, "nonce", peer->nonce,
                                  "device", d->config->device_id, "boot", d->boot, "status",
                                  oriel_session_status(d->session), "uptime", (json_int_t)uptime(), "key", key),
                        peer->challenge);
    if (bytes)
        oriel_link_send(d->link, peer->agent, bytes);
}

/* Takes the request over, or says why the person is not asked. A request that is pending stays as it is. */
static const char *put_to_person(struct oriel_device *d, const struct oriel_mail *mail,
                                 struct oriel_session_request *request) {
    const char *session = oriel_json_text(mail->message, "session");
    bool more = oriel_session_is_more(d->session, mail->peer, session);
    if (d->closing || (oriel_session_request(d->session) && !more))
        return "busy";
    if (session && !more)
        return "expired"; /* the session that it is about is over */
    if (oriel_backoff_left(d->backoff, request->vendor))
        return "backoff";
    if (more)
        return oriel_session_more(d->session, request);
    oriel_session_ask(d->session, request);
    return NULL;
}

static void handle_request(struct oriel_device *d, const struct oriel_mail *mail) {
    const struct oriel_session_request *current = oriel_session_request(d->session);
    const json_t *m = mail->message;
    if (current && strcmp(current->hash, mail->hash) == 0 && current->peer == mail->peer)
        return; /* the broker delivered it again */
    struct oriel_session_request request = {0};
    g_autofree char *detail = NULL;
    const char *agent = mail->peer->agent;
    if (!oriel_exchanges_take(mail->peer, oriel_json_text(m, "nonce"), oriel_json_text(m, "challenge"))) {
        refuse(d, mail, agent, "expired", NULL);
    } else if (!oriel_trust_holds(d->trust, mail->peer)) {
        refuse(d, mail, agent, "revoked", NULL);
    } else if (!oriel_policy_check(d->config, d->trust, mail->peer, m, &request, &detail)) {
        refuse(d, mail, agent, "not-allowed", detail);
    } else if (oriel_launcher_why_bare(d->launcher) && strcmp(d->config->sandbox_without, "refuse") == 0) {
        refuse(d, mail, agent, "not-allowed", NO_SANDBOX);
        oriel_session_request_clear(&request);
    } else {
        memcpy(request.hash, mail->hash, ORIEL_HASH_SIZE);
        const char *no = put_to_person(d, mail, &request);
        if (no)
            refuse(d, mail, agent, no, NULL);
        oriel_session_request_clear(&request);
    }
}

static void handle(struct oriel_device *d, const struct oriel_mail *mail) {
    switch (mail->type) {
    case ORIEL_MESSAGE_HELLO:
        handle_hello(d, mail);
        break;
    case ORIEL_MESSAGE_REQUEST:
        handle_request(d, mail);
        break;
    case ORIEL_MESSAGE_CANCEL:
        oriel_session_cancel(d->session, mail->peer, oriel_json_text(mail->message, "request"));
        break;
    case ORIEL_MESSAGE_SDP:
    case ORIEL_MESSAGE_ICE:
    case ORIEL_MESSAGE_END:
        oriel_session_message(d->session, mail->peer, mail->type, mail->message);
        break;
    case ORIEL_MESSAGE_STATE:
    case ORIEL_MESSAGE_CHALLENGE:
    case ORIEL_MESSAGE_PROGRESS:
    case ORIEL_MESSAGE_UPDATE:
    case ORIEL_MESSAGE_GRANT:
    case ORIEL_MESSAGE_DENIAL:
        refuse(d, mail, mail->peer->agent, "malformed", "a message that only a device sends");
        break;
    }
}

static void received(void *user, const char *agent, const void *bytes, size_t length) {
    struct oriel_device *d = user;
    if (!oriel_is_id(agent)) { /* oriel-signal looks at it too, but it speaks with the network */
        oriel_error("oriel-signal gave a message of an agent whose id is none; it is dropped");
        return;
    }
    const struct oriel_mailroom room = {d->identity, d->trust, d->exchanges, d->limit, d->config->device_id};
    const struct oriel_session_request *current = oriel_session_request(d->session);
    struct oriel_mail mail;
    oriel_mail_open(&room, current ? current->peer : NULL, agent, bytes, length, &mail);
    if (mail.message)
        handle(d, &mail);
    else
        refuse(d, &mail, agent, mail.reason ? mail.reason : "unverified", mail.detail);
    oriel_mail_clear(&mail);
}

/* ---- revocation ---- */

static void trust_changed(void *user) {
    struct oriel_device *d = user;
    oriel_ledger_look_at_policy(d->ledger);
    end_if_revoked(d);
    publish_state(d);
}

static void revocation(void *user, const char *vendor, const void *bytes, size_t length) {
    struct oriel_device *d = user;
    g_autoptr(GError) error = NULL;
    g_autofree char *topic = g_strconcat("v/", vendor, NULL); /* no agent's id looks like that */
    if (!oriel_limit_take(d->limit, topic, true, true)) {
        oriel_debug("a revocation of '%s' is not looked at: too many come", vendor);
        return;
    }
    if (!oriel_is_id(vendor) || !oriel_trust_revocation(d->trust, vendor, bytes, length, &error)) {
        oriel_debug("a revocation of '%s' is not taken: %s", vendor, error ? error->message : "no vendor id");
        return;
    }
    oriel_info("vendor '%s' has taken credentials back", vendor);
    record(d, "revocation", json_pack("{s:s}", "vendor", vendor));
    trust_changed(d);
}

/* ---- from the broker and the shell ---- */

static void online_changed(void *user, bool online, const char *why) {
    struct oriel_device *d = user;
    g_free(d->offline_why);
    d->offline_why = online ? NULL : oriel_text_clean(why, ORIEL_DETAIL_MAX);
    if (online == d->online)
        return;
    d->online = online;
    oriel_provider_send(d->provider, json_pack("{s:s, s:b}", "t", "online", "online", (int)online));
}

static void stale(void *user) {
    publish_state(user);
}

static void link_gone(void *user) {
    struct oriel_device *d = user;
    if (d->closing)
        g_main_loop_quit(d->closing);
}

static const struct oriel_link_events link_events = {online_changed, received, revocation, stale, link_gone};

static json_t *status(void *user) {
    struct oriel_device *d = user;
    json_t *s =
        json_pack("{s:s, s:s, s:s, s:b, s:s, s:b, s:b, s:s, s:I}", "device", d->config->device_id, "name",
                  d->identity->name, "version", ORIEL_VERSION, "online", (int)d->online, "offline_why",
                  d->offline_why ? d->offline_why : "", "consent", (int)oriel_provider_connected(d->provider), "call",
                  d->help != NULL, "status", oriel_session_status(d->session), "uptime", (json_int_t)uptime());
    const struct oriel_session_request *r = oriel_session_request(d->session);
    if (r) {
        json_t *session =
            describe(r, json_pack("{s:s, s:s, s:s, s:i}", "request", r->hash, "session", oriel_session_id(d->session),
                                  "reason", r->reason, "left", (int)oriel_session_left(d->session)));
        json_object_set_new(session, "paused", json_string(oriel_session_paused(d->session)));
        if (oriel_session_figures(d->session))
            json_object_set(session, "figures", (json_t *)oriel_session_figures(d->session));
        json_object_set_new(s, "session", session);
    }
    return s;
}

static bool stop(void *user) {
    struct oriel_device *d = user;
    enum oriel_session_state state = oriel_session_state(d->session);
    oriel_session_stop(d->session, "local", "stopped");
    return state != ORIEL_SESSION_IDLE && state != ORIEL_SESSION_ENDING;
}

static void stopped(void *user, const char *by) {
    struct oriel_device *d = user;
    oriel_info("stopped by the stop socket (%s)", by);
    oriel_session_stop(d->session, by, "stopped");
}

static bool acknowledge(void *user, guint uid, GError **error) {
    struct oriel_device *d = user;
    return oriel_ledger_acknowledge(d->ledger, uid, error);
}

static bool cosigned(void *user, const char *note, GError **error) {
    struct oriel_device *d = user;
    if (oriel_session_state(d->session) == ORIEL_SESSION_IDLE) /* dropping segments takes its time */
        return oriel_ledger_cosigned(d->ledger, note, error);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY, "somebody is asking or has a session; try again after it");
    return false;
}

static const struct oriel_control_ops control_ops = {status, stop, acknowledge, cosigned};

/* ---- life ---- */

/* Nothing lives that can't be recorded. */
static void unrecorded(void *user, const char *why) {
    oriel_session_failed(((struct oriel_device *)user)->session, "audit", why);
}

static bool start(struct oriel_device *d, GError **error) {
    const struct oriel_config *c = d->config;
    d->identity = oriel_identity_load(c, error);
    d->ledger = d->identity ? oriel_ledger_new(c, unrecorded, d, error) : NULL;
    if (!d->ledger)
        return false;
    g_autofree char *path = g_filename_display_name(c->path);
    json_t *boot = json_pack("{s:s, s:s, s:s, s:s}", "boot", d->boot, "version", ORIEL_VERSION, "device", c->device_id,
                             "config", path);
    const char *bare = oriel_launcher_why_bare(d->launcher);
    bool unprotected = bare && strcmp(c->sandbox_without, "run-unprotected") == 0;
    if (bare) {
        json_object_set_new(boot, "sandbox",
                            json_string(unprotected ? "none: run-unprotected" : "none: sessions are refused"));
        oriel_warning("no sandbox for helpers on this machine: %s", bare);
        oriel_warning(unprotected
                          ? "sessions run without one all the same: [sandbox] without-namespaces=run-unprotected"
                          : "sessions are refused: [sandbox] without-namespaces=refuse");
    }
    oriel_ledger_boot(d->ledger, boot);
    d->provider = oriel_provider_new(c->consent_socket, c->consent_users, &provider_events, d, error);
    d->control = d->provider ? oriel_control_new(c->control_socket, &control_ops, d, error) : NULL;
    if (!d->control)
        return false;
    g_autofree char *will = oriel_mail_state(
        d->identity, NULL, json_pack("{s:s, s:s, s:b}", "device", c->device_id, "boot", d->boot, "online", 0));
    d->watch = oriel_watch_new(c->trust_directory, trust_changed, d);
    d->link = oriel_link_new(c, d->launcher, will, &link_events, d, error);
    return d->link != NULL;
}

struct oriel_device *oriel_device_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                      GError **error) {
    struct oriel_device *d = g_new0(struct oriel_device, 1);
    d->config = config;
    d->launcher = launcher;
    oriel_message_nonce(d->boot);
    d->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    d->timer_source = g_unix_fd_add(d->timer, G_IO_IN, timer_fired, d);
    d->exchanges = oriel_exchanges_new();
    d->limit = oriel_limit_new();
    d->backoff = oriel_backoff_new();
    d->trust = oriel_trust_new(config);
    const struct oriel_session_rules rules = {config->consent_timeout, config->consent_allow_after,
                                              config->consent_again, config->consent_grace};
    d->session = oriel_session_new(&session_ops, d, &rules);
    d->picture = oriel_picture_new(config, launcher, d->session);
    oriel_launcher_on_stop(launcher, stopped, d);
    if (!start(d, error)) {
        oriel_device_free(d);
        return NULL;
    }
    publish_state(d);
    d->state_source = g_timeout_add_seconds(STATE_INTERVAL, publish_again, d);
    return d;
}

void oriel_device_shut_down(struct oriel_device *d, GMainLoop *loop) {
    if (d->closing)
        return;
    d->closing = loop;
    oriel_session_stop(d->session, "device", "shutdown");
    finish_when_quiet(d);
}

void oriel_device_free(struct oriel_device *d) {
    if (!d)
        return;
    oriel_launcher_on_stop(d->launcher, NULL, NULL);
    g_clear_handle_id(&d->timer_source, g_source_remove);
    g_clear_handle_id(&d->state_source, g_source_remove);
    g_clear_handle_id(&d->trust_source, g_source_remove);
    oriel_control_free(d->control);
    oriel_provider_free(d->provider);
    oriel_link_free(d->link);
    oriel_session_free(d->session);
    oriel_picture_free(d->picture);
    oriel_watch_free(d->watch);
    oriel_exchanges_free(d->exchanges);
    oriel_limit_free(d->limit);
    oriel_backoff_free(d->backoff);
    oriel_trust_free(d->trust);
    oriel_identity_free(d->identity);
    oriel_ledger_free(d->ledger);
    close(d->timer);
    g_free(d->offline_why);
    json_decref(d->help);
    g_free(d);
}
