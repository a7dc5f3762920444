/* The exchanges that were begun by `hello` and `challenge`: each has a key and a nonce of its own, and serves one
 * request of the agent it was begun with, for ten minutes of boot time. Limits: 8 an agent and 256 in all; the oldest
 * goes. What a live session needs is held by the session. One thread. */
#ifndef ORIEL_EXCHANGE_H
#define ORIEL_EXCHANGE_H

#include "peer.h"

struct oriel_exchanges;

struct oriel_exchanges *oriel_exchanges_new(void);
void oriel_exchanges_free(struct oriel_exchanges *exchanges);
/* Gives `peer` its key and nonce and remembers it. False only without randomness. */
bool oriel_exchanges_begin(struct oriel_exchanges *exchanges, struct oriel_peer *peer);
/* The fresh one whose key has this id, borrowed, or NULL. */
struct oriel_peer *oriel_exchanges_find(struct oriel_exchanges *exchanges, const char *key_id);
/* Forgets the keys of what has expired; the other calls do so too, but nobody may call for a long time. */
void oriel_exchanges_expire(struct oriel_exchanges *exchanges);
/* True once for a fresh exchange whose nonce and challenge these are. */
bool oriel_exchanges_take(struct oriel_peer *peer, const char *nonce, const char *challenge);

#endif
