/* See peer.h. */
#include "peer.h"

struct oriel_peer *oriel_peer_new(void) {
    struct oriel_peer *p = g_new0(struct oriel_peer, 1);
    p->references = 1;
    return p;
}

struct oriel_peer *oriel_peer_ref(struct oriel_peer *p) {
    p->references++;
    return p;
}

void oriel_peer_unref(struct oriel_peer *p) {
    if (!p || --p->references)
        return;
    g_free(p->agent);
    g_free(p->vendor);
    g_free(p->name);
    json_decref(p->scopes);
    json_decref(p->key);
    json_decref(p->seal);
    json_decref(p->own);
    g_free(p);
}
