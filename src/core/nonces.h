/* The nonces that challenges carried: each serves one request of the agent it was given to, for ten minutes of boot
 * time. Limits: 8 an agent and 256 in all; the oldest goes. One thread. */
#ifndef ORIEL_NONCES_H
#define ORIEL_NONCES_H

#include <glib.h>
#include <stdbool.h>

#include "message.h"

struct oriel_nonces;

struct oriel_nonces *oriel_nonces_new(void);
void oriel_nonces_free(struct oriel_nonces *nonces);
void oriel_nonces_issue(struct oriel_nonces *nonces, const char *agent, char out[ORIEL_HASH_SIZE]);
/* True once for a nonce that was issued to this agent and is fresh. */
bool oriel_nonces_take(struct oriel_nonces *nonces, const char *agent, const char *nonce);

#endif
