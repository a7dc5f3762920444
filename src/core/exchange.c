/* See exchange.h. A queue from old to new; it is short, so it is walked. */
#include "exchange.h"

#include <string.h>

#include "clock.h"
#include "seal.h"

enum { PER_AGENT = 8, IN_ALL = 256, LIFETIME = 600 };

struct oriel_exchanges {
    GQueue queue;
};

static void drop(struct oriel_exchanges *e, GList *link) {
    oriel_peer_unref(link->data);
    g_queue_delete_link(&e->queue, link);
}

struct oriel_exchanges *oriel_exchanges_new(void) {
    struct oriel_exchanges *e = g_new0(struct oriel_exchanges, 1);
    g_queue_init(&e->queue);
    return e;
}

void oriel_exchanges_free(struct oriel_exchanges *e) {
    if (!e)
        return;
    while (e->queue.head)
        drop(e, e->queue.head);
    g_free(e);
}

void oriel_exchanges_expire(struct oriel_exchanges *e) {
    while (e->queue.head && ((struct oriel_peer *)e->queue.head->data)->expires <= oriel_boottime())
        drop(e, e->queue.head);
}

static void make_room(struct oriel_exchanges *e, const char *agent) {
    guint of_agent = 0;
    GList *oldest = NULL;
    oriel_exchanges_expire(e);
    for (GList *l = e->queue.head; l; l = l->next) {
        if (strcmp(((struct oriel_peer *)l->data)->agent, agent) != 0)
            continue;
        of_agent++;
        oldest = oldest ? oldest : l;
    }
    if (of_agent < PER_AGENT)
        oldest = e->queue.length < IN_ALL ? NULL : e->queue.head;
    if (oldest)
        drop(e, oldest);
}

bool oriel_exchanges_begin(struct oriel_exchanges *e, struct oriel_peer *peer) {
    make_room(e, peer->agent);
    peer->own = oriel_key_new();
    if (!peer->own || !oriel_key_id(peer->own, peer->own_id))
        return false;
    oriel_message_nonce(peer->nonce);
    peer->expires = oriel_boottime() + LIFETIME * ORIEL_SECOND;
    g_queue_push_tail(&e->queue, oriel_peer_ref(peer));
    return true;
}

struct oriel_peer *oriel_exchanges_find(struct oriel_exchanges *e, const char *key_id) {
    oriel_exchanges_expire(e);
    for (GList *l = e->queue.head; l; l = l->next) {
        struct oriel_peer *peer = l->data;
        if (strcmp(peer->own_id, key_id) == 0)
            return peer;
    }
    return NULL;
}

bool oriel_exchanges_take(struct oriel_peer *peer, const char *nonce, const char *challenge) {
    bool good = !peer->used && peer->expires > oriel_boottime() && strcmp(peer->nonce, nonce) == 0 &&
                strcmp(peer->challenge, challenge) == 0;
    peer->used = peer->used || good;
    return good;
}
