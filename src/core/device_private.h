/* The parts of the device share this: device.c (effects of the session machine, the shell, life), device_panel.c (what
 * core and the consent provider say to each other), device_agents.c (the same with agents, by the broker) and
 * device_call.c (the person's call for support). Nobody else includes it. */
#ifndef ORIEL_DEVICE_PRIVATE_H
#define ORIEL_DEVICE_PRIVATE_H

#include "authorise.h"
#include "backoff.h"
#include "collector.h"
#include "control.h"
#include "device.h"
#include "exchange.h"
#include "identity.h"
#include "keyswitch.h"
#include "ledger.h"
#include "limit.h"
#include "link.h"
#include "picture.h"
#include "policy.h"
#include "provider.h"
#include "session.h"
#include "watch.h"

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
    struct oriel_keyswitch *keyswitch; /* NULL: none */
    struct oriel_authorise *authorise; /* NULL: none */
    char *authorise_why;               /* why there is none though it is configured */
    struct oriel_watch *watch;
    struct oriel_collector *collector; /* NULL: none is configured */
    char boot[ORIEL_HASH_SIZE];
    int timer; /* CLOCK_BOOTTIME: what expires does so while the machine sleeps, too */
    guint timer_source, state_source, trust_source;
    const char *published; /* the status that the state says, of oriel_session_status() */
    bool online;
    char *offline_why;
    json_t *help;   /* a call for support, as the state has it; NULL without one */
    json_t *answer; /* how an agent dealt with the last one, as the provider is told; NULL */
    guint refusals, refusals_unrecorded, refusals_source; /* of the current minute */
    GMainLoop *closing;
};

/* device.c */
void oriel_device_record(void *user, const char *event, json_t *members, guint64 ticket);
/* What is trusted has changed. */
void oriel_device_trust_changed(void *user);
/* The request that lives, for people: names, company, scopes, seconds, into `members`, which are given back. */
json_t *oriel_device_describe(const struct oriel_session_request *request, json_t *members);
gint64 oriel_device_uptime(void);

/* device_panel.c */
bool oriel_device_ask(void *user, const struct oriel_session_question *question);
void oriel_device_withdraw(void *user, const char *hash, const char *why);
void oriel_device_early(void *user, const char *hash, guint ms);
bool oriel_device_tell(void *user, json_t *message);
void oriel_device_announce(void *user, const char *state, const char *by, const char *reason);
/* The provider's end of a socket: of "frames", by which it pushes its own picture, or of "face". */
void oriel_device_give(void *user, const char *what, int fd);
/* Whether anything can be recorded, for the panel. */
void oriel_device_record_changed(void *user);
extern const struct oriel_provider_events oriel_device_provider_events;

/* device_call.c */
/* What outlived the last orield. */
void oriel_device_recall(struct oriel_device *device);
/* The person calls; NULL: they take it back. */
void oriel_device_call(struct oriel_device *device, const json_t *help);
/* A session has answered it. */
void oriel_device_call_over(struct oriel_device *device);
/* The HMI is gone, and with it maybe who called. */
void oriel_device_call_left(struct oriel_device *device);
/* An agent has dealt with it: a `done`. False: that call is not there any more. */
bool oriel_device_call_done(struct oriel_device *device, const struct oriel_peer *peer, const json_t *message);
/* To the provider: how the last one was dealt with, if it was. */
void oriel_device_call_tell(struct oriel_device *device);

/* device_agents.c */
void oriel_device_send(void *user, const struct oriel_peer *peer, enum oriel_message_type type, json_t *members);
/* Those refusals that were only counted, as a record of their own. */
void oriel_device_record_refusals(struct oriel_device *device);
void oriel_device_publish(struct oriel_device *device);
extern const struct oriel_link_events oriel_device_link_events;

#endif
