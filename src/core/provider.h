/* The consent provider's end of core: src/hmi/PROVIDER.md. One provider at a time, its uid checked.
 * Policy: whatever a provider sends that is not in PROVIDER.md ends its connection; what that means for a prompt or a
 * session is the session's business, told by the callbacks. Callbacks come from the main loop and may call any function
 * here. */
#ifndef ORIEL_PROVIDER_H
#define ORIEL_PROVIDER_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { ORIEL_PROVIDER_MASKS_MAX = 16, ORIEL_CHAT_MAX = 500 /* characters of a line */ };

struct oriel_provider_events {
    /* Greeted and accepted: send it what it must know. */
    void (*connected)(void *user, const char *name);
    /* It is gone. `invalid`: it broke the protocol, else it ended or fell silent. `detail` says how. */
    void (*lost)(void *user, bool invalid, const char *detail);
    void (*shown)(void *user, const char *request);
    /* `scopes`: what the person left ticked; NULL: no. */
    void (*decision)(void *user, const char *request, const json_t *scopes);
    void (*stop)(void *user, const char *session);
    void (*remove)(void *user, const char *session, const char *scope);
    void (*alive)(void *user, bool indicator); /* its heartbeat */
    /* Rectangles never to be shown, as frames.h has them on the wire, at most ORIEL_PROVIDER_MASKS_MAX. */
    void (*masks)(void *user, const uint8_t *bytes, guint count);
    /* `help`: clean `note`, and if the HMI knows them `page`, `alarms`, `callback` (PROVIDER.md). NULL: taken back. */
    void (*call)(void *user, const json_t *help);
    /* It wants to know of the last sessions. */
    void (*sessions)(void *user);
    /* A line to the agent of `session`: not empty, at most ORIEL_CHAT_MAX characters, as it came. */
    void (*chat)(void *user, const char *session, const char *text);
    void (*mute)(void *user, const char *session, bool muted);
};

struct oriel_provider;

/* Listens at `path`. `users`: names or numbers joined by ';' that may connect, "" = our own uid only. NULL with `error`
 * set. */
struct oriel_provider *oriel_provider_new(const char *path, const char *users,
                                          const struct oriel_provider_events *events, void *user, GError **error);
/* A second socket at `path`, with a line a message, for languages that have no SOCK_SEQPACKET. One provider at a time
 * all the same. False with `error` set. */
bool oriel_provider_add_lines(struct oriel_provider *provider, const char *path, GError **error);
void oriel_provider_free(struct oriel_provider *provider);

/* The uids of `users` into an array of uid_t. False with `error`: one is no user of this device. */
bool oriel_provider_users(const char *users, GArray *uids, GError **error);

bool oriel_provider_connected(const struct oriel_provider *provider);
/* What it says that it can show, bits of ORIEL_PANEL_… (core_media.h); 0 without a provider. */
guint oriel_provider_can(const struct oriel_provider *provider);
/* Sends a message (stolen). False when there is no provider, or it does not read: it is lost then. */
bool oriel_provider_send(struct oriel_provider *provider, json_t *message);
/* The same with a descriptor, which stays the caller's. */
bool oriel_provider_send_fd(struct oriel_provider *provider, json_t *message, int fd);
/* While on (a prompt is open), a provider that sends no `state` for 3 s is lost. */
void oriel_provider_watch(struct oriel_provider *provider, bool on);

#endif
