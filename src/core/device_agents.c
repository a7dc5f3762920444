/* See device_private.h. Who asks is checked by mail.c (is it who it says?) and policy.c (may it ask for that?) before
 * the session machine and the person see it; what is refused is recorded, up to a number a minute. */
#include "device_private.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "mail.h"
#include "seal.h"
#include "text.h"

#define NO_SANDBOX                                                                                                     \
    "this device can't put its helpers into a sandbox, and its configuration does not allow to go without; 'oriel "    \
    "doctor' "                                                                                                         \
    "on it says why"

enum { REFUSALS_A_MINUTE = 20 };

void oriel_device_send(void *user, const struct oriel_peer *peer, enum oriel_message_type type, json_t *members) {
    struct oriel_device *d = user;
    const char *reason = oriel_json_text(members, "reason");
    const char *why = oriel_ledger_why(d->ledger);
    if (why && reason && strcmp(reason, "audit") == 0 && !json_object_get(members, "detail"))
        json_object_set_new(members, "detail", json_string(why));
    g_autofree char *bytes = oriel_mail_seal(d->identity, peer, type, members, NULL);
    if (bytes)
        oriel_link_send(d->link, peer->agent, bytes);
}

/* A new reference: what a present device says of itself. */
static json_t *state_members(struct oriel_device *d, const struct oriel_vendor *vendor) {
    const struct oriel_config *c = d->config;
    const struct oriel_identity *i = d->identity;
    json_t *m =
        json_pack("{s:s, s:s, s:b, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:I}", "device", c->device_id, "boot", d->boot,
                  "online", 1, "status", oriel_session_status(d->session), "consent",
                  (int)oriel_provider_connected(d->provider), "credential", i->credential, "name", i->name, "model",
                  i->model, "site", c->site, "firmware", c->firmware, "uptime", (json_int_t)oriel_device_uptime());
    json_t *scopes = oriel_policy_offered(c, vendor);
    if (json_array_size(scopes))
        json_object_set(m, "scopes", scopes);
    json_decref(scopes);
    if (d->help)
        json_object_set(m, "help", d->help);
    return m;
}

/* Each vendor's agents can read it, and nobody else. */
void oriel_device_publish(struct oriel_device *d) {
    json_t *sealed = json_object();
    d->published = oriel_session_status(d->session);
    g_autoptr(GPtrArray) vendors = oriel_trust_all(d->trust);
    for (guint i = 0; i < vendors->len; i++) {
        const struct oriel_vendor *v = vendors->pdata[i];
        g_autofree char *jwe = oriel_mail_state(d->identity, v->presence, state_members(d, v));
        if (jwe)
            json_object_set_new(sealed, v->id, json_string(jwe));
    }
    json_t *presence = json_pack("{s:i, s:s, s:o}", "v", 1, "typ", "presence", "for", sealed);
    g_autofree char *bytes = oriel_json_encode(presence);
    json_decref(presence);
    oriel_link_state(d->link, bytes);
}

/* ---- from agents ---- */

void oriel_device_record_refusals(struct oriel_device *d) {
    if (d->refusals_unrecorded)
        oriel_device_record(d, "refusals", json_pack("{s:i}", "count", (int)d->refusals_unrecorded), 0);
    d->refusals_unrecorded = 0;
}

static gboolean minute_over(gpointer data) {
    struct oriel_device *d = data;
    d->refusals = d->refusals_source = 0;
    oriel_device_record_refusals(d);
    return G_SOURCE_REMOVE;
}

/* Refusals are recorded, but nobody can fill the log with them: beyond a number a minute they are only counted. */
static void refuse(struct oriel_device *d, const struct oriel_mail *mail, const char *agent, const char *reason,
                   const char *detail) {
    if (!d->refusals_source)
        d->refusals_source = g_timeout_add_seconds(60, minute_over, d);
    bool counted_only = ++d->refusals > REFUSALS_A_MINUTE || oriel_ledger_is_stuck(d->ledger);
    if (counted_only) {
        d->refusals_unrecorded++;
    } else {
        json_t *members = json_pack("{s:s, s:s}", "agent", agent, "reason", reason);
        if (detail && *detail)
            json_object_set_new(members, "detail", json_string(detail));
        oriel_device_record(d, "refused", members, 0);
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
    oriel_device_send(d, mail->peer, ORIEL_MESSAGE_DENIAL, members);
}

static void handle_hello(struct oriel_device *d, const struct oriel_mail *mail) {
    struct oriel_peer *peer = mail->peer;
    json_t *key = oriel_exchanges_begin(d->exchanges, peer) ? oriel_key_public(peer->own) : NULL;
    if (!key)
        return; /* no randomness: nothing goes on */
    g_autofree char *bytes = oriel_mail_seal(d->identity, peer, ORIEL_MESSAGE_CHALLENGE,
                                             json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "hello", mail->hash,
                                                       "nonce", peer->nonce, "device", d->config->device_id, "boot",
                                                       d->boot, "status", oriel_session_status(d->session), "uptime",
                                                       (json_int_t)oriel_device_uptime(), "key", key),
                                             peer->challenge);
    if (bytes)
        oriel_link_send(d->link, peer->agent, bytes);
}

/* Takes the request over, or says why the person is not asked. A request that is pending stays as it is. What the owner
 * has authorised, or a key switch has opened, is granted without asking. */
static const char *put_to_person(struct oriel_device *d, const struct oriel_mail *mail,
                                 struct oriel_session_request *request, char **detail) {
    const char *session = oriel_json_text(mail->message, "session");
    bool more = oriel_session_is_more(d->session, mail->peer, session);
    if (d->closing || (oriel_session_request(d->session) && !more))
        return "busy";
    if (session && !more)
        return "expired"; /* the session that it is about is over */
    if (oriel_backoff_left(d->backoff, request->vendor))
        return "backoff";
    if (oriel_ledger_is_stuck(d->ledger))
        return "audit";
    if (more)
        return oriel_session_more(d->session, request);
    const char *authorisation = oriel_json_text(mail->message, "authorisation");
    if (authorisation && !oriel_authorise_use(d->authorise, authorisation, request, detail))
        return "not-allowed";
    if (!authorisation)
        oriel_keyswitch_grants(d->keyswitch, request);
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
        const char *no = put_to_person(d, mail, &request, &detail);
        if (no)
            refuse(d, mail, agent, no, detail);
        oriel_session_request_clear(&request);
    }
}

/* For whom a call is published, and who could answer it by a request, may also say that it is dealt with. It is sealed
 * for the key of a challenge, so it can't come again later; what the broker delivers twice finds no call. */
static void handle_done(struct oriel_device *d, const struct oriel_mail *mail) {
    if (mail->peer->until <= oriel_boottime())
        refuse(d, mail, mail->peer->agent, "expired", NULL);
    else if (!oriel_trust_holds(d->trust, mail->peer))
        refuse(d, mail, mail->peer->agent, "revoked", NULL);
    else if (oriel_ledger_is_stuck(d->ledger))
        refuse(d, mail, mail->peer->agent, "audit", NULL);
    else if (!oriel_device_call_done(d, mail->peer, mail->message))
        refuse(d, mail, mail->peer->agent, "cancelled", "that call for support is not there any more");
}

/* A page that was loaded anew, of a session that nobody needs to be asked about again. */
static void handle_rejoin(struct oriel_device *d, const struct oriel_mail *mail) {
    const json_t *m = mail->message;
    const char *no = NULL;
    if (oriel_session_is_joined_by(d->session, mail->hash))
        return; /* the broker delivered it again */
    if (!oriel_exchanges_take(mail->peer, oriel_json_text(m, "nonce"), oriel_json_text(m, "challenge")) ||
        strcmp(oriel_json_text(m, "device"), d->config->device_id) != 0)
        no = "expired";
    else if (!oriel_trust_holds(d->trust, mail->peer))
        no = "revoked";
    else if (oriel_ledger_is_stuck(d->ledger))
        no = "audit";
    else
        no = oriel_session_rejoin(d->session, mail->peer, oriel_json_text(m, "session"), mail->hash,
                                  oriel_json_text(m, "fingerprint"));
    if (no)
        refuse(d, mail, mail->peer->agent, no, NULL);
}

static void handle(struct oriel_device *d, const struct oriel_mail *mail) {
    switch (mail->type) {
    case ORIEL_MESSAGE_HELLO:
        handle_hello(d, mail);
        break;
    case ORIEL_MESSAGE_REQUEST:
        handle_request(d, mail);
        break;
    case ORIEL_MESSAGE_REJOIN:
        handle_rejoin(d, mail);
        break;
    case ORIEL_MESSAGE_CANCEL:
        oriel_session_cancel(d->session, mail->peer, oriel_json_text(mail->message, "request"));
        break;
    case ORIEL_MESSAGE_DONE:
        handle_done(d, mail);
        break;
    case ORIEL_MESSAGE_SDP:
    case ORIEL_MESSAGE_ICE:
    case ORIEL_MESSAGE_RENEW:
    case ORIEL_MESSAGE_AWAY:
    case ORIEL_MESSAGE_END:
        oriel_session_message(d->session, mail->peer, mail->type, mail->message);
        break;
    case ORIEL_MESSAGE_STATE:
    case ORIEL_MESSAGE_CHALLENGE:
    case ORIEL_MESSAGE_PROGRESS:
    case ORIEL_MESSAGE_UPDATE:
    case ORIEL_MESSAGE_GRANT:
    case ORIEL_MESSAGE_REJOINED:
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
    oriel_device_record(d, "revocation", json_pack("{s:s}", "vendor", vendor), 0);
    oriel_device_trust_changed(d);
}

/* ---- the connection to the broker ---- */

static void online_changed(void *user, bool online, const char *why) {
    struct oriel_device *d = user;
    g_free(d->offline_why);
    d->offline_why = online ? NULL : oriel_text_clean(why, ORIEL_DETAIL_MAX);
    if (online == d->online)
        return;
    d->online = online;
    if (online)
        oriel_session_online(d->session);
    oriel_collector_online(d->collector, online ? d->link : NULL);
    oriel_provider_send(d->provider, json_pack("{s:s, s:b}", "t", "online", "online", (int)online));
}

static void cosigned(void *user, const void *bytes, size_t length) {
    oriel_collector_received(((struct oriel_device *)user)->collector, bytes, length);
}

static void stale(void *user) {
    oriel_device_publish(user);
}

static void link_gone(void *user) {
    struct oriel_device *d = user;
    if (d->closing)
        g_main_loop_quit(d->closing);
}

const struct oriel_link_events oriel_device_link_events = {online_changed, received, revocation,
                                                           cosigned,       stale,    link_gone};
