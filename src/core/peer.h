/* An agent's page as the device knows it since its `hello`: who it is, by whose word, and the keys of this exchange.
 * Shared: reference-counted, immutable but for `used`. One thread. */
#ifndef ORIEL_PEER_H
#define ORIEL_PEER_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "message.h"

struct oriel_peer {
    guint references;
    char *agent;         /* its id: the topic's and the credential's */
    char *vendor, *name; /* of the credential; the name is not yet cleaned */
    json_t *scopes;      /* maximum of the credential */
    gint64 epoch;        /* of the credential */
    gint64 until;        /* its end, in boot time: found by the wall clock once, and counted from there */
    json_t *key;         /* signs what it sends */
    char key_id[ORIEL_HASH_SIZE];
    json_t *seal; /* what is sent to it is sealed for this */
    json_t *own;  /* private: what it sends is sealed for this; NULL before the challenge */
    char own_id[ORIEL_HASH_SIZE];
    char nonce[ORIEL_HASH_SIZE];     /* of the challenge */
    char challenge[ORIEL_HASH_SIZE]; /* its hash */
    gint64 expires;                  /* of the nonce, boot time */
    bool used;                       /* the nonce */
};

struct oriel_peer *oriel_peer_new(void);
struct oriel_peer *oriel_peer_ref(struct oriel_peer *peer);
void oriel_peer_unref(struct oriel_peer *peer);

#endif
