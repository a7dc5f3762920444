/* A session whose connection is lost goes on under the same grant: see session.h.
 *
 *   lost    no connection: another path is tried, and again whenever media, egress or the agent's page ask for one
 *   away    the agent's page was left, or is being loaded anew: it is waited for, for a moment
 *   rejoin  the page is there again: the session is its, by a new exchange, with another DTLS certificate
 *
 * Policy: the person sees that the picture stands still and why, and can stop at once; what was granted neither grows
 * nor lasts longer. A connection that is there is taken from nobody: only a lost session is joined again, by the same
 * agent with the same key, and by the new exchange the old one is dead. Without a picture for `outage` seconds the
 * session ends (peer-lost), after 10 s when the page was left. Limits: another path every 3 s (each is an allocation
 * that the TURN server keeps for 10 minutes, where its release does not reach it), ORIEL_PATHS_MAX in all. */
#include "session_private.h"

#include <string.h>

#include "clock.h"

enum { AWAY_MAX = 10, REROUTE_PAUSE = 3 };

bool oriel_session_is_lost(const struct oriel_session *s) {
    return s->lost_at != 0;
}

guint oriel_session_lost_for(const struct oriel_session *s) {
    return s->lost_at ? (guint)((oriel_boottime() - s->lost_at) / ORIEL_SECOND) : 0;
}

void oriel_session_lose(struct oriel_session *s, guint limit, const char *detail) {
    gint64 until = oriel_boottime() + limit * ORIEL_SECOND;
    if (s->lost_at) {
        s->lost_until = MIN(s->lost_until, until);
    } else {
        s->lost_at = oriel_boottime();
        s->lost_until = until;
        oriel_session_record(
            s, "lost", oriel_session_detailed(json_pack("{s:s, s:i}", "session", s->id, "path", (int)s->path), detail));
        s->ops->announce(s->user, "paused", NULL, NULL);
    }
    oriel_session_arm(s, MIN(s->expires, s->lost_until));
}

void oriel_session_found(struct oriel_session *s) {
    s->lost_at = s->lost_until = s->rerouted = 0;
    s->away = false;
}

void oriel_session_lost_end(struct oriel_session *s) {
    guint seconds = s->away ? AWAY_MAX : s->rules.outage;
    g_autofree char *detail = s->away ? g_strdup_printf("the agent's page was left, and not back within %u s", seconds)
                                      : g_strdup_printf("there was no connection for %u s", seconds);
    oriel_session_end(s, "device", "peer-lost", detail);
}

void oriel_session_joining_clear(struct oriel_session *s) {
    oriel_peer_unref(s->joining.peer);
    g_free(s->joining.fingerprint);
    memset(&s->joining, 0, sizeof s->joining);
}

/* Who asked and what came of the last attempt does not matter: more than one in 3 s is of no use. */
static void reroute(struct oriel_session *s) {
    gint64 now = oriel_boottime();
    if (s->renewing || s->away || (s->rerouted && now < s->rerouted + REROUTE_PAUSE * ORIEL_SECOND))
        return;
    s->rerouted = now;
    if (!s->ops->reroute(s->user))
        oriel_session_renew(s);
}

void oriel_session_lost(struct oriel_session *s, const char *detail) {
    if (!oriel_session_open(s))
        return;
    if (!s->was_live) {
        oriel_session_end(s, "device", "peer-lost", detail);
        return;
    }
    oriel_session_lose(s, s->rules.outage, detail);
    reroute(s);
}

void oriel_session_no_way(struct oriel_session *s, const char *detail) {
    if (oriel_session_open(s) && s->was_live)
        oriel_session_lose(s, s->rules.outage, detail);
}

void oriel_session_page_renews(struct oriel_session *s) {
    if (!s->was_live)
        return;
    oriel_session_lose(s, s->rules.outage, "the agent's page has no connection");
    reroute(s);
}

void oriel_session_page_leaves(struct oriel_session *s) {
    if (!s->was_live) {
        oriel_session_end(s, "agent", "hung-up", "the agent's page was left");
        return;
    }
    s->away = true;
    oriel_session_lose(s, MIN(s->rules.outage, AWAY_MAX), "the agent's page was left");
}

/* ---- the page is there again ---- */

bool oriel_session_is_joined_by(const struct oriel_session *s, const char *hash) {
    return strcmp(s->joined, hash) == 0 || (s->joining.peer && strcmp(s->joining.hash, hash) == 0);
}

const char *oriel_session_rejoin(struct oriel_session *s, struct oriel_peer *peer, const char *id, const char *hash,
                                 const char *fingerprint) {
    if (!oriel_session_is_more(s, peer, id))
        return "expired"; /* it is over, or somebody else's: which, is nobody's business */
    if (!s->lost_at || s->awaited[ORIEL_STEP_REJOIN])
        return "busy";
    s->joining.peer = oriel_peer_ref(peer);
    s->joining.fingerprint = g_strdup(fingerprint);
    g_strlcpy(s->joining.hash, hash, sizeof s->joining.hash);
    oriel_session_record_step(
        s, ORIEL_STEP_REJOIN, "rejoin",
        json_pack("{s:s, s:s, s:s}", "session", s->id, "request", hash, "agent_fingerprint", fingerprint));
    return NULL;
}

/* What the old page said, or still says, is nobody's word any more. */
static void change_exchange(struct oriel_session *s) {
    oriel_peer_unref(s->request.peer);
    s->request.peer = g_steal_pointer(&s->joining.peer);
    g_free(s->request.fingerprint);
    s->request.fingerprint = g_steal_pointer(&s->joining.fingerprint);
    g_strlcpy(s->joined, s->joining.hash, sizeof s->joined);
    oriel_session_joining_clear(s);
    oriel_session_forget_sequence(s);
    s->unheard = 0; /* the new page numbers its lines anew */
}

void oriel_session_rejoined(struct oriel_session *s, bool good) {
    if (!good) {
        oriel_session_end(s, "device", "audit", NULL);
        return;
    }
    if (!s->lost_at) { /* the connection came back meanwhile: it stays whose it is */
        s->ops->send(s->user, s->joining.peer, ORIEL_MESSAGE_DENIAL,
                     json_pack("{s:s, s:s}", "request", s->joining.hash, "reason", "busy"));
        oriel_session_joining_clear(s);
        return;
    }
    change_exchange(s);
    s->away = false;
    s->lost_until = oriel_boottime() + s->rules.outage * ORIEL_SECOND;
    oriel_session_arm(s, MIN(s->expires, s->lost_until));
    const struct oriel_session_request *r = &s->request;
    s->ops->send(s->user, r->peer, ORIEL_MESSAGE_REJOINED,
                 json_pack("{s:s, s:s, s:O, s:i, s:s, s:s, s:i, s:s, s:i}", "request", s->joined, "session", s->id,
                           "scopes", r->scopes, "seconds", (int)MAX(oriel_session_left(s), 1), "fingerprint",
                           s->fingerprint, "by", r->by ? r->by : "person", "path", (int)s->path + 1, "paused",
                           oriel_session_frozen(s), "outage", (int)s->rules.outage));
    s->ops->joined(s->user, r->fingerprint);
    s->rerouted = 0;
    reroute(s);
}
