/* Core's end of oriel-signal: keeps one running, hands messages to the agents and back.
 * Policy: an oriel-signal that ends is started again after 1 s, doubling to 60 s; the last state is given to the new
 * one. */
#ifndef ORIEL_LINK_H
#define ORIEL_LINK_H

#include "config.h"
#include "launcher.h"

#include <stdbool.h>

struct oriel_link_events {
    void (*online)(void *user, bool online, const char *why);
    void (*received)(void *user, const char *agent, const void *bytes, size_t length);
    void (*revocation)(void *user, const char *vendor, const void *bytes, size_t length);
    void (*cosigned)(void *user, const void *bytes, size_t length); /* the collector's answer */
    void (*stale)(void *user);                                      /* the broker holds another state than ours */
    void (*gone)(void *user);                                       /* after oriel_link_shut_down() */
};

struct oriel_link;

/* `will`: the state to show when the connection is lost. NULL with `error` set when oriel-signal cannot be started at
 * all. */
struct oriel_link *oriel_link_new(const struct oriel_config *config, struct oriel_launcher *launcher, const char *will,
                                  const struct oriel_link_events *events, void *user, GError **error);
void oriel_link_state(struct oriel_link *link, const char *state);
void oriel_link_send(struct oriel_link *link, const char *agent, const char *bytes);
/* To the collector. */
void oriel_link_audit(struct oriel_link *link, const char *bytes);
/* Lets oriel-signal say good-bye to the broker; kills it after 2 s. `gone` follows. */
void oriel_link_shut_down(struct oriel_link *link);
void oriel_link_free(struct oriel_link *link);

#endif
