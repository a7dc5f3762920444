/* Who this device is: its keys and its credential, read once at start.
 * Policy: key files that others may read, a credential of another device or of other keys refuse the start. */
#ifndef ORIEL_IDENTITY_H
#define ORIEL_IDENTITY_H

#include "config.h"
#include "message.h"

#include <jansson.h>

struct oriel_identity {
    json_t *key, *seal; /* private: signs · opens hellos */
    char seal_id[ORIEL_HASH_SIZE];
    char *credential;           /* compact JWS */
    char *owner, *name, *model; /* of the credential */
};

/* NULL with `error` set: which file, what is wrong with it, what to do. */
struct oriel_identity *oriel_identity_load(const struct oriel_config *config, GError **error);
void oriel_identity_free(struct oriel_identity *identity);

#endif
