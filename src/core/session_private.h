/* The parts of the session machine share this: session_request.c (from a request to its grant, or its no), session.c
 * (start of media, records, end), session_path.c (offers, answers, candidates), session_lost.c (what goes
 * on without a connection), session_live.c (what goes on between the person and a session that was granted) and
 * session_talk.c (chat and drawing). Nobody else includes it. */
#ifndef ORIEL_SESSION_PRIVATE_H
#define ORIEL_SESSION_PRIVATE_H

#include "list.h"
#include "session.h"

enum { ORIEL_EARLY_MAX = 64, ORIEL_UNSAID_MAX = 32 };

/* Why no picture leaves though the session lives. Bits: each reason is lifted by itself. */
enum { ORIEL_PAUSE_AGAIN = 1, ORIEL_PAUSE_PROVIDER = 2, ORIEL_PAUSE_INDICATOR = 4 };

/* What waits for its record. One of a kind at a time; what happens meanwhile may make it void. */
enum oriel_session_step {
    /* session_request.c's */
    ORIEL_STEP_REQUEST,
    ORIEL_STEP_PROMPT,
    ORIEL_STEP_GRANT,
    /* session.c's */
    ORIEL_STEP_MEDIA,
    ORIEL_STEP_LIVE,
    /* session_lost.c's */
    ORIEL_STEP_REJOIN,
    /* session_live.c's */
    ORIEL_STEP_RESUME,
    ORIEL_STEP_QUESTION,
    ORIEL_STEP_QUESTION_SHOWN,
    ORIEL_STEP_ANSWER,
    ORIEL_STEP_CAMERA,
    ORIEL_STEPS,
};

struct oriel_session {
    const struct oriel_session_ops *ops;
    void *user;
    struct oriel_session_rules rules;
    enum oriel_session_state state;
    struct oriel_session_request request;
    char id[ORIEL_HASH_SIZE];
    guint64 tickets;              /* given out so far */
    guint64 awaited[ORIEL_STEPS]; /* the ticket that the step waits for, or 0 */
    gint64 shown_at;              /* when the prompt of the request was seen first, 0: not yet */
    bool early_noted;             /* of the question that is open */
    bool prepared;                /* and not launched yet, or ended */
    bool capture_ready;
    bool media_recorded;
    char *offer, *fingerprint; /* held until capture is ready too */
    GPtrArray *candidates;     /* local ones that came before the offer left: json_t */
    guint path;                /* of the newest offer that was sent, from 1; 0: none yet */
    char transport[16];        /* what carries the packets */
    guint renewals;
    bool renewing; /* what media says now still belongs to the path before */
    guint16 sent;  /* the next sequence number, ours */
    struct {
        enum oriel_message_type type;
        json_t *members;
        gint64 at;
    } said[ORIEL_EARLY_MAX]; /* the last ones, by seq modulo ORIEL_EARLY_MAX: the broker may have lost them */
    guint16 expected;        /* the agent's */
    json_t
        *early[ORIEL_EARLY_MAX]; /* the agent's messages that came before their turn, by seq modulo ORIEL_EARLY_MAX */
    guint local_candidates, remote_candidates;
    json_t *addresses; /* of the agent's candidates of this path */
    bool answered;
    gint64 deadline, expires, started;
    json_t *figures;

    /* session_lost.c's */
    bool was_live;              /* a picture has come to the agent */
    gint64 lost_at, lost_until; /* without a connection since then, and at most so long; 0: there is one */
    gint64 rerouted;            /* when another path was asked for last */
    bool away;                  /* the agent's page said that it is left */
    struct {
        struct oriel_peer *peer;
        char hash[ORIEL_HASH_SIZE], *fingerprint;
    } joining;                    /* while its record is awaited */
    char joined[ORIEL_HASH_SIZE]; /* the last rejoin that was taken */

    /* session_live.c's */
    struct oriel_session_request more; /* the request for more scopes that is open; its scopes: those that are new */
    char question[ORIEL_HASH_SIZE];    /* what the provider is asked in mid-session, "" without a question */
    gint64 question_shown_at;
    json_t *ticked; /* the person's answer, while its record is awaited */
    guint resuming; /* ORIEL_PAUSE_… that are lifted once that is on record */
    gint64 question_until, again_at;
    gint64 alive_at, seen_at; /* the last heartbeat; the last that said that the indicator is visible */
    bool connected;           /* the provider is there */
    guint paused;             /* ORIEL_PAUSE_… */
    char *camera;             /* that is looked through; NULL: none */
    char *camera_next;        /* that will be, once that is on record */
    char place[48];           /* of the picture on the panel's display: "1280,0 1920x1080"; "": nobody knows */

    /* session_talk.c's */
    GPtrArray *unsaid; /* the agent's lines that wait for a panel */
    guint unheard;     /* the number of the last of them */
    guint lines;       /* of chat, both ways */
};

/* session.c */
void oriel_session_end(struct oriel_session *s, const char *by, const char *reason, const char *detail);
void oriel_session_set_state(struct oriel_session *s, enum oriel_session_state state);
void oriel_session_arm(struct oriel_session *s, gint64 deadline);
/* When capture and the offer are there, and the start of media is on record. */
void oriel_session_grant_when_ready(struct oriel_session *s);
bool oriel_session_granted(const struct oriel_session *s);
/* Agent and device exchange what a path needs: a connection is there, or comes up. */
bool oriel_session_open(const struct oriel_session *s);
/* Everything of the request and its session is forgotten. */
void oriel_session_clear(struct oriel_session *s);
/* Arms the timer for whatever is due first. */
void oriel_session_rearm(struct oriel_session *s);
/* Adds `detail`, cleaned, if there is any. */
json_t *oriel_session_detailed(json_t *members, const char *detail);
/* A record that nothing waits for. */
void oriel_session_record(struct oriel_session *s, const char *event, json_t *members);
/* Asks for the record of a step; the file whose step it is goes on with it. The last thing a function does. */
void oriel_session_record_step(struct oriel_session *s, enum oriel_session_step step, const char *event,
                               json_t *members);
/* Whatever comes of the record of the step, it is void. */
void oriel_session_void_step(struct oriel_session *s, enum oriel_session_step step);

/* session_path.c */
void oriel_session_send_sequenced(struct oriel_session *s, enum oriel_message_type type, json_t *members);
/* Both directions begin at 0, and nothing that was said is said again. */
void oriel_session_forget_sequence(struct oriel_session *s);
void oriel_session_send_offer(struct oriel_session *s);

/* session_lost.c */
/* There is no connection from now on; `limit`: seconds until that is the end. */
void oriel_session_lose(struct oriel_session *s, guint limit, const char *detail);
/* There is one. */
void oriel_session_found(struct oriel_session *s);
void oriel_session_lost_end(struct oriel_session *s);
/* The agent's page wants another path; says that it is left. */
void oriel_session_page_renews(struct oriel_session *s);
void oriel_session_page_leaves(struct oriel_session *s);
void oriel_session_rejoined(struct oriel_session *s, bool good);
void oriel_session_joining_clear(struct oriel_session *s);

/* session_request.c */
/* A person is being asked; what is granted otherwise needs no provider. */
bool oriel_session_asks(const struct oriel_session *s);
void oriel_session_request_shown(struct oriel_session *s, const char *hash);
void oriel_session_request_decide(struct oriel_session *s, const char *hash, const json_t *scopes);
/* A no, on record. `withdrawn`: why the prompt is taken away, NULL: there is none, or the person has answered it. */
void oriel_session_request_refuse(struct oriel_session *s, const char *withdrawn, const char *reason,
                                  const char *detail);
void oriel_session_request_recorded(struct oriel_session *s, enum oriel_session_step step, bool good);
/* What was asked comes to nothing, because it can't be recorded. */
void oriel_session_request_unrecorded(struct oriel_session *s);

/* session_live.c */
/* Why nothing is sent though the connection may be there; "": it is. */
const char *oriel_session_frozen(const struct oriel_session *s);
void oriel_session_live_begin(struct oriel_session *s);
void oriel_session_live_clear(struct oriel_session *s);
/* The session ends: what is open is taken away. */
void oriel_session_live_end(struct oriel_session *s);
/* 0: nothing. */
gint64 oriel_session_live_due(const struct oriel_session *s);
void oriel_session_live_tick(struct oriel_session *s, gint64 now);
void oriel_session_live_decide(struct oriel_session *s, const char *hash, const json_t *scopes, const char *reason);
void oriel_session_live_shown(struct oriel_session *s, const char *hash);
void oriel_session_live_recorded(struct oriel_session *s, enum oriel_session_step step, bool good);
/* The provider is gone: nobody sees who looks, nobody can stop it. */
void oriel_session_live_lost(struct oriel_session *s);
/* Whether a yes comes sooner after `shown_at` than anybody can have read what it is about: it is not taken then, and
 * the provider is told. */
bool oriel_session_too_soon(struct oriel_session *s, const char *hash, gint64 shown_at);
/* `ticked` ∩ `asked`: a new reference. NULL when `ticked` has one that was not asked for. */
json_t *oriel_session_ticked(const json_t *asked, const json_t *ticked);

/* session_talk.c */
void oriel_session_talk_clear(struct oriel_session *s);
/* There is a panel (again). */
void oriel_session_talk_panel(struct oriel_session *s);

#endif
