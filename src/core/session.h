/* The one session of a device, from request to end, as a state machine without I/O.
 *
 *            request            decision: yes          offer + capture ready        live
 *   IDLE ──────────────> ASKING ─────────────> STARTING ──────────────────> CONNECTING ────> LIVE
 *    ^                     │                      │              ^            │               │
 *    │                     │                      │              └────────────┴─ new path <───┤
 *    │                     │ no, timeout,         │ failed, stop              │ end, stop,    │ expired,
 *    │                     │ provider lost        │                           │ failed        │ provider lost
 *    └──── helpers gone ── ENDING <───────────────┴───────────────────────────┴───────────────┘
 *
 * LIVE without a connection is "lost" (session_lost.c): the person is told, other paths are tried, for a time.
 *
 * Policy: only an explicit Allow for the very request that was asked, `allow_after` ms after it was shown or later,
 * starts anything; what comes sooner was meant for something else, and is not taken (a no is, at any time); everything
 * else is a no, and the agent is told which. The record of a step is on the disk before the step takes effect: the step
 * is asked for with a ticket (ops->record), and goes on with oriel_session_recorded(); when it can't be written there
 * is no session. Meanwhile the machine hears everything else: a no, a stop, a lost provider act at once, and never wait
 * for a record. Ending kills first and records afterwards. While a session lives (session_live.c): the scopes can
 * shrink by a tap and grow by a new question only; the person is asked again every `again` seconds, with the picture
 * frozen until the answer; without heartbeat or indicator for 2 s the picture is frozen, without heartbeat for 10 s the
 * session ends. What a key switch or the owner grants (request.by) is started without asking, and lives without a
 * provider; it never lasts longer than what it was granted by, and who turns the key back ends it. Chat and drawing:
 * session_talk.c; offers and candidates: session_path.c. Limits: one request, one question or one session at a time;
 * others are `busy`. Times are boot time in nanoseconds; the caller
 * delivers oriel_session_tick() at the deadline that ops->arm() named. One thread. */
#ifndef ORIEL_SESSION_H
#define ORIEL_SESSION_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "peer.h"

enum oriel_session_state {
    ORIEL_SESSION_IDLE,
    ORIEL_SESSION_ASKING,
    ORIEL_SESSION_STARTING,
    ORIEL_SESSION_CONNECTING,
    ORIEL_SESSION_LIVE,
    ORIEL_SESSION_ENDING,
};

/* What is asked: the checked request, and what the device made of it. The strings live as long as the session holds it.
 */
struct oriel_session_request {
    struct oriel_peer *peer; /* the agent, in the exchange that the request came in */
    char hash[ORIEL_HASH_SIZE];
    char *vendor, *company; /* id and the device's label */
    char *name, *reason;    /* clean text */
    json_t *scopes;         /* effective */
    guint seconds;          /* effective */
    char *fingerprint;
    /* Who grants it, "switch" or "owner"; NULL: the person is asked. Of the owner: the id of the authorisation, and
     * which of its uses this is. */
    const char *by;
    char *authorisation;
    guint use;
    /* Where media goes through TURN, else NULL: URIs (RFC 7065) joined by ',' from the vendor's trust file, and the
     * agent's credentials there. The password is in no log and no record, and overwritten when the request is cleared.
     */
    char *turn_servers, *turn_username, *turn_password;
};

enum oriel_session_question_kind {
    ORIEL_QUESTION_REQUEST, /* a session */
    ORIEL_QUESTION_MORE,    /* further scopes of the session that lives */
    ORIEL_QUESTION_AGAIN,   /* whether that may go on */
};

/* What is put before the person. */
struct oriel_session_question {
    enum oriel_session_question_kind kind;
    const char *hash; /* names the question; of a request, its hash */
    const struct oriel_session_request *request;
    const json_t *scopes; /* asked for; AGAIN: those in force */
    guint timeout;        /* seconds until silence is a no */
};

struct oriel_session_rules {
    guint timeout;      /* seconds for an answer */
    guint allow_after;  /* ms after the prompt was shown from which on a yes counts */
    guint again, grace; /* seconds until the person is asked again, and for the answer; again 0: never */
    guint outage;       /* seconds without a connection that are the end */
    bool addresses;     /* those that the agent's browser names are recorded */
};

/* Effects. `user` is the pointer given to oriel_session_new. None may call back into the session, but for record(). */
struct oriel_session_ops {
    /* Records follow each other in the order in which they are said; after one that failed, none is written until
     * that was told. With a `ticket`, oriel_session_recorded() is called once it is on the disk, or is not. `members`
     * is stolen. */
    void (*record)(void *user, const char *event, json_t *members, guint64 ticket);
    /* To the agent. `members` is stolen. */
    void (*send)(void *user, const struct oriel_peer *peer, enum oriel_message_type type, json_t *members);
    /* False: no provider is connected. */
    bool (*ask)(void *user, const struct oriel_session_question *question);
    void (*withdraw)(void *user, const char *hash, const char *why);
    /* A yes came too soon and was not taken; it would be in `ms` milliseconds. The prompt stays. */
    void (*early)(void *user, const char *hash, guint ms);
    /* The person is being asked: starts what may get ready meanwhile. It has no socket, no picture and nothing of the
     * session until launch(). False: no session is possible (logged). */
    bool (*prepare)(void *user);
    /* The answer is no: what was prepared ends. */
    void (*discard)(void *user);
    /* How a request came out, be it for a session or for more: NULL, or the reason of the denial. */
    void (*settled)(void *user, const struct oriel_session_request *request, const char *reason);
    /* Freezes the picture (nothing is captured, encoded or sent), or lets it go on. */
    void (*freeze)(void *user, bool on);
    /* To the provider: "starting", "live", "paused", "ended". `by` and `reason` with "ended" only. */
    void (*announce)(void *user, const char *state, const char *by, const char *reason);
    /* Starts capture, and media out of what was prepared. False: could not (logged); kill() follows. */
    bool (*launch)(void *user, const struct oriel_session_request *request);
    /* What is granted, after launch() and whenever it has changed: what is not among it ends now. */
    void (*granted)(void *user, const json_t *scopes);
    /* What oriel_session_camera() announced is on record. */
    void (*camera)(void *user);
    /* Has media make a new offer, for a new path. `number`: which renewal this is, from 1. */
    void (*renew)(void *user, guint number);
    /* Has egress find another way; oriel_session_renew() follows. False: there is no egress, media goes directly. */
    bool (*reroute)(void *user);
    /* The agent's page is another one: its certificate has this fingerprint from the next renew() on. */
    void (*joined)(void *user, const char *fingerprint);
    void (*answer)(void *user, const char *sdp);
    void (*candidate)(void *user, guint mline, const char *candidate);
    /* To the panel, what it says that it can show: "chat" or "draw". False: no panel that can is connected. `message`
     * is stolen. */
    bool (*tell)(void *user, json_t *message);
    /* To the agent's page: a line of the person's; that the panel has the agent's lines up to this one. */
    void (*say)(void *user, const char *text);
    void (*heard)(void *user, guint id);
    /* Kills capture and media now. oriel_session_helpers_gone() comes later, when both are gone, never from inside. */
    void (*kill)(void *user);
    /* The state changed: publish it. */
    void (*changed)(void *user);
    /* Call oriel_session_tick() at this boot time; 0: not at all. */
    void (*arm)(void *user, gint64 deadline);
};

struct oriel_session;

struct oriel_session *oriel_session_new(const struct oriel_session_ops *ops, void *user,
                                        const struct oriel_session_rules *rules);
void oriel_session_free(struct oriel_session *session);

enum oriel_session_state oriel_session_state(const struct oriel_session *session);
/* "ready", "asking" or "live", as the messages say it. */
const char *oriel_session_status(const struct oriel_session *session);
/* NULL when idle. */
const struct oriel_session_request *oriel_session_request(const struct oriel_session *session);
/* "" before the person agreed. */
const char *oriel_session_id(const struct oriel_session *session);
/* Seconds left of the grant, 0 when there is none. */
guint oriel_session_left(const struct oriel_session *session);
/* The last figures of media, or NULL. */
const json_t *oriel_session_figures(const struct oriel_session *session);

/* Without a connection now, and for how many seconds. */
bool oriel_session_is_lost(const struct oriel_session *session);
guint oriel_session_lost_for(const struct oriel_session *session);

/* Why the picture is frozen: "again", "provider", "indicator", "connection"; "" when it is not. */
const char *oriel_session_paused(const struct oriel_session *session);
/* The camera that is looked through, "" without one; oriel_session_place() as PROVIDER.md has it, "". */
const char *oriel_session_camera_name(const struct oriel_session *session);
const char *oriel_session_placed(const struct oriel_session *session);

/* Only when idle. Takes the request over (see oriel_session_request_clear). */
void oriel_session_ask(struct oriel_session *session, struct oriel_session_request *request);
void oriel_session_request_clear(struct oriel_session_request *request);

/* Whether this is a request for more of the session that lives: by the same agent, with the same key, naming it. */
bool oriel_session_is_more(const struct oriel_session *session, const struct oriel_peer *peer, const char *id);
/* Takes the request over. NULL, or the reason for which it is not put before the person ("busy", "not-allowed"). */
const char *oriel_session_more(struct oriel_session *session, struct oriel_session_request *request);

/* From the provider. `scopes`: those that the person left ticked; NULL: no. */
void oriel_session_shown(struct oriel_session *session, const char *hash);
void oriel_session_decide(struct oriel_session *session, const char *hash, const json_t *scopes);
/* One scope less, at once; without `view` there is nothing left of a session. */
void oriel_session_remove(struct oriel_session *session, const char *scope);
void oriel_session_provider_connected(struct oriel_session *session);
/* Its heartbeat. */
void oriel_session_provider_alive(struct oriel_session *session, bool indicator);
void oriel_session_provider_invalid(struct oriel_session *session, const char *detail);
void oriel_session_provider_lost(struct oriel_session *session, const char *detail);
/* The window of the key switch was closed before its time, by a person or, its line being lost, by the device: what
 * was granted in it ends. */
void oriel_session_window_closed(struct oriel_session *session, const char *by, const char *why);
/* `by`: "person" or "local"; `reason`: "stopped" or "shutdown". */
void oriel_session_stop(struct oriel_session *session, const char *by, const char *reason);

/* A line of the person's chat to the agent. */
void oriel_session_say(struct oriel_session *session, const char *text);

/* From the agent. `bytes` of a message that passed the decoder; messages of others than the session's agent are
 * ignored. */
void oriel_session_cancel(struct oriel_session *session, const struct oriel_peer *peer, const char *hash);
void oriel_session_message(struct oriel_session *session, const struct oriel_peer *peer, enum oriel_message_type type,
                           const json_t *message);

/* The broker is reached again: what was said in the session a moment ago may not have come there. */
void oriel_session_online(struct oriel_session *session);
/* The agent's page was loaded anew and joins its session again by another exchange: NULL, or why it does not ("busy":
 * it has a connection, "expired": there is no such session of this agent). */
const char *oriel_session_rejoin(struct oriel_session *session, struct oriel_peer *peer, const char *id,
                                 const char *hash, const char *fingerprint);
/* The same message, delivered again. */
bool oriel_session_is_joined_by(const struct oriel_session *session, const char *hash);

/* From the helpers. */
/* How it stands with the person's voice, for the panel; takes `state` over. */
void oriel_session_voice(struct oriel_session *session, json_t *state);
void oriel_session_capture_ready(struct oriel_session *session, const char *backend, guint width, guint height);
/* What carries the packets now: "direct", or to the TURN server by "udp", "tcp" or "tls". */
void oriel_session_transport(struct oriel_session *session, const char *transport);
/* The connection of media is no more, or could not be had. */
void oriel_session_lost(struct oriel_session *session, const char *detail);
/* There is no way out now; another is looked for. */
void oriel_session_no_way(struct oriel_session *session, const char *detail);
/* The way out is a new one: under the same grant, the agent gets a new offer. */
void oriel_session_renew(struct oriel_session *session);
/* `renewal`: the number of the newest one that media knew of, 0: none; an offer of an older one is dropped. */
void oriel_session_offer(struct oriel_session *session, guint renewal, const char *fingerprint, const char *sdp);
void oriel_session_local_candidate(struct oriel_session *session, guint mline, const char *candidate);
/* Where on the panel's display the agent's picture lies: what is drawn on it is to be shown there. */
void oriel_session_place(struct oriel_session *session, guint x, guint y, guint width, guint height);
void oriel_session_live(struct oriel_session *session);
/* A camera is about to be looked through (`name`): ops->camera() says when that is on record. Or it is not any more
 * (NULL). */
void oriel_session_camera(struct oriel_session *session, const char *name);
/* From the agent's page, by media: a line of chat, numbered from 1 without a gap. */
void oriel_session_chat(struct oriel_session *session, guint id, const char *text);
/* What the agent points at or draws, as in core_media.h. False: it is not as there. */
bool oriel_session_draw(struct oriel_session *session, guint kind, guint stroke, const uint8_t *points, size_t size);
/* Takes `figures` over. */
void oriel_session_stats(struct oriel_session *session, json_t *figures);
/* `reason` is one of an `end`. */
void oriel_session_failed(struct oriel_session *session, const char *reason, const char *detail);
/* The vendor took the agent's credential back. */
void oriel_session_revoked(struct oriel_session *session);
void oriel_session_helpers_gone(struct oriel_session *session);

/* What had this ticket is on the disk, or it is not. */
void oriel_session_recorded(struct oriel_session *session, guint64 ticket, bool good);
/* Nothing can be recorded now: what is asked or lives ends. */
void oriel_session_unrecorded(struct oriel_session *session, const char *why);

void oriel_session_tick(struct oriel_session *session);

#endif
