/* See nonces.h. A queue from old to new; it is short, so it is walked. */
#include "nonces.h"

#include <string.h>

#include "clock.h"

enum { PER_AGENT = 8, IN_ALL = 256, LIFETIME = 600 };

struct nonce {
    char agent[65];
    char value[ORIEL_HASH_SIZE];
    gint64 expires;
};

struct oriel_nonces {
    GQueue queue;
};

struct oriel_nonces *oriel_nonces_new(void) {
    struct oriel_nonces *n = g_new0(struct oriel_nonces, 1);
    g_queue_init(&n->queue);
    return n;
}

void oriel_nonces_free(struct oriel_nonces *n) {
    if (n)
        g_queue_clear_full(&n->queue, g_free);
    g_free(n);
}

static void make_room(struct oriel_nonces *n, const char *agent) {
    guint of_agent = 0;
    GList *oldest = NULL;
    for (GList *l = n->queue.head; l; l = l->next) {
        if (strcmp(((struct nonce *)l->data)->agent, agent) != 0)
            continue;
        of_agent++;
        oldest = oldest ? oldest : l;
    }
    if (of_agent < PER_AGENT)
        oldest = n->queue.length < IN_ALL ? NULL : n->queue.head;
    if (oldest) {
        g_free(oldest->data);
        g_queue_delete_link(&n->queue, oldest);
    }
}

void oriel_nonces_issue(struct oriel_nonces *n, const char *agent, char out[ORIEL_HASH_SIZE]) {
    make_room(n, agent);
    struct nonce *nonce = g_new0(struct nonce, 1);
    g_strlcpy(nonce->agent, agent, sizeof nonce->agent);
    oriel_message_nonce(nonce->value);
    nonce->expires = oriel_boottime() + LIFETIME * ORIEL_SECOND;
    g_queue_push_tail(&n->queue, nonce);
    memcpy(out, nonce->value, ORIEL_HASH_SIZE);
}

bool oriel_nonces_take(struct oriel_nonces *n, const char *agent, const char *value) {
    for (GList *l = n->queue.head; l; l = l->next) {
        struct nonce *nonce = l->data;
        if (strcmp(nonce->agent, agent) != 0 || strcmp(nonce->value, value) != 0)
            continue;
        bool fresh = oriel_boottime() < nonce->expires;
        g_free(nonce);
        g_queue_delete_link(&n->queue, l);
        return fresh;
    }
    return false;
}
