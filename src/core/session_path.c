/* How the two ends of a session find each other: offers and candidates of the device, the agent's answer and
 * candidates, in the order of their numbers; in place of a path that is lost, a new one. See session.h.
 *
 * Policy: the device offers, and answers no offer; each path has the certificate of the grant. What the agent says
 * about a path that is gone is nothing; about one that was not offered, out of its bounds or in somebody else's name,
 * the end. What the broker lost with its connection is said again with the same numbers, of which the agent takes each
 * once. Limits: 64 candidates a path and side, a window of 64 messages, ORIEL_PATHS_MAX paths. */
#include "session_private.h"

#include <string.h>

#include "clock.h"
#include "text.h"

enum { SAID_AGAIN = 60 }; /* seconds */
enum { CONNECT_TIMEOUT = 30, CANDIDATES_MAX = 64, CANDIDATE_SIZE_MAX = 512 };
enum { OFFER_SIZE_MAX = 8192, OFFER_ENCODED_MAX = 10000 }; /* so that messages can carry them */

void oriel_session_send_sequenced(struct oriel_session *s, enum oriel_message_type type, json_t *members) {
    json_object_set_new(members, "session", json_string(s->id));
    json_object_set_new(members, "seq", json_integer(s->sent++));
    if (type != ORIEL_MESSAGE_END)
        json_object_set_new(members, "path", json_integer(s->path));
    guint slot = (guint16)(s->sent - 1) % ORIEL_EARLY_MAX;
    json_decref(s->said[slot].members);
    s->said[slot].type = type;
    s->said[slot].members = json_deep_copy(members);
    s->said[slot].at = oriel_boottime();
    s->ops->send(s->user, s->request.peer, type, members);
}

void oriel_session_online(struct oriel_session *s) {
    gint64 since = oriel_boottime() - SAID_AGAIN * ORIEL_SECOND;
    bool open = oriel_session_open(s);
    for (guint i = 0; open && i < ORIEL_EARLY_MAX; i++) {
        guint slot = (s->sent + i) % ORIEL_EARLY_MAX; /* the oldest first */
        if (s->said[slot].members && s->said[slot].at >= since)
            s->ops->send(s->user, s->request.peer, s->said[slot].type, json_deep_copy(s->said[slot].members));
    }
}

void oriel_session_forget_sequence(struct oriel_session *s) {
    s->sent = s->expected = 0;
    for (guint i = 0; i < ORIEL_EARLY_MAX; i++) {
        g_clear_pointer(&s->early[i], json_decref);
        g_clear_pointer(&s->said[i].members, json_decref);
    }
}

/* Candidates follow the offer that they belong to. */
static void send_candidate(struct oriel_session *s, json_t *members) {
    if (oriel_session_open(s))
        oriel_session_send_sequenced(s, ORIEL_MESSAGE_ICE, members);
    else
        g_ptr_array_add(s->candidates, members);
}

void oriel_session_send_offer(struct oriel_session *s) {
    s->path++;
    s->renewing = s->answered = false;
    s->rerouted = oriel_boottime(); /* it has some time to come up */
    s->remote_candidates = 0;
    g_clear_pointer(&s->addresses, json_decref);
    oriel_session_send_sequenced(s, ORIEL_MESSAGE_SDP, json_pack("{s:s, s:s}", "type", "offer", "sdp", s->offer));
    oriel_session_set_state(s, ORIEL_SESSION_CONNECTING);
    gint64 until = s->lost_at ? s->lost_until : oriel_boottime() + CONNECT_TIMEOUT * ORIEL_SECOND;
    oriel_session_arm(s, MIN(s->expires, until));
    for (guint i = 0; i < s->candidates->len; i++)
        send_candidate(s, json_incref(g_ptr_array_index(s->candidates, i)));
    g_ptr_array_set_size(s->candidates, 0);
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
    if (!oriel_session_granted(s))
        return;
    if (s->renewals == ORIEL_PATHS_MAX - 1) {
        oriel_session_end(s, "device", "media-failed", "the network path changed too often");
        return;
    }
    s->renewing = true;
    s->renewals++;
    if (s->was_live)
        oriel_session_lose(s, s->rules.outage, "the way out has changed");
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
            oriel_session_send_offer(s);
        else
            oriel_session_grant_when_ready(s);
    }
}

void oriel_session_local_candidate(struct oriel_session *s, guint mline, const char *candidate) {
    if (!oriel_session_granted(s) || strlen(candidate) > CANDIDATE_SIZE_MAX || s->local_candidates >= CANDIDATES_MAX ||
        s->renewing)
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
    if (type == ORIEL_MESSAGE_RENEW && path == s->path) {
        oriel_session_page_renews(s);
        return;
    }
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
    if (!oriel_session_open(s) || peer != s->request.peer || strcmp(oriel_json_text(m, "session"), s->id) != 0)
        return;
    guint seq = (guint)oriel_json_integer(m, "seq", 0);
    if (seq < s->expected)
        return;
    if (type == ORIEL_MESSAGE_END || type == ORIEL_MESSAGE_AWAY) { /* what is missing before it may never come */
        if (type == ORIEL_MESSAGE_END)
            handle_in_turn(s, type, m);
        else
            oriel_session_page_leaves(s);
        return;
    }
    if (seq - s->expected >= ORIEL_EARLY_MAX || s->early[seq % ORIEL_EARLY_MAX])
        return;
    s->early[seq % ORIEL_EARLY_MAX] = json_incref((json_t *)m);
    while (oriel_session_open(s)) {
        json_t *next = g_steal_pointer(&s->early[s->expected % ORIEL_EARLY_MAX]);
        if (!next)
            break;
        s->expected++;
        const char *typ = oriel_json_text(next, "typ");
        handle_in_turn(s,
                       strcmp(typ, "sdp") == 0     ? ORIEL_MESSAGE_SDP
                       : strcmp(typ, "renew") == 0 ? ORIEL_MESSAGE_RENEW
                                                   : ORIEL_MESSAGE_ICE,
                       next);
        json_decref(next);
    }
}
