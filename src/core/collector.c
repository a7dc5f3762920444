/* See collector.h. */
#include "collector.h"

#include <gio/gio.h>
#include <string.h>

#include "clock.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "note.h"
#include "seal.h"

enum { CHUNK_MAX = 32 * 1024, GATHER = 1, AGAIN_MIN = 5, PATIENCE = 60, PATIENCE_MAX = 3600 }; /* bytes; seconds */

struct oriel_collector {
    struct oriel_ledger *ledger;
    struct oriel_link *link; /* NULL: not connected */
    json_t *key;
    guint timer;    /* to look for news, or for an answer that does not come */
    guint patience; /* seconds */
    gint64 called;  /* when it last said that it is there */
    enum { NOTHING, READING, WAITING, VERIFYING } state;
};

struct oriel_collector *oriel_collector_new(const struct oriel_config *config, struct oriel_ledger *ledger,
                                            GError **error) {
    gsize length;
    char why[ORIEL_JSON_ERROR_SIZE] = "no key for sealing";
    if (!*config->audit_collector_key)
        return NULL;
    g_autofree char *text = oriel_file_read(config->audit_collector_key, false, &length, error);
    if (!text) {
        g_prefix_error(error, "the collector's key: ");
        return NULL;
    }
    json_t *key = oriel_json_decode(text, length, 4096, why);
    if (!key || !oriel_key_is_good(key, false)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s: not a public key as 'oriel provision collector' makes it: %s", config->audit_collector_key,
                    why);
        json_decref(key);
        return NULL;
    }
    struct oriel_collector *c = g_new0(struct oriel_collector, 1);
    *c = (struct oriel_collector){.ledger = ledger, .key = key, .patience = PATIENCE};
    return c;
}

void oriel_collector_free(struct oriel_collector *c) {
    if (!c)
        return;
    g_clear_handle_id(&c->timer, g_source_remove);
    json_decref(c->key);
    g_free(c);
}

static void look(struct oriel_collector *c) {
    g_clear_handle_id(&c->timer, g_source_remove);
    if (!c->link || c->state != NOTHING)
        return;
    c->state = READING;
    oriel_ledger_export(c->ledger, CHUNK_MAX);
}

static gboolean look_again(gpointer data) {
    struct oriel_collector *c = data;
    c->timer = 0;
    if (c->state == WAITING) {
        oriel_info("the collector has not answered for %u s; its records go out again", c->patience);
        c->state = NOTHING;
        c->patience = MIN(c->patience * 2, PATIENCE_MAX);
    }
    look(c);
    return G_SOURCE_REMOVE;
}

static void look_in(struct oriel_collector *c, guint seconds) {
    g_clear_handle_id(&c->timer, g_source_remove);
    c->timer = g_timeout_add_seconds(seconds, look_again, c);
}

void oriel_collector_online(struct oriel_collector *c, struct oriel_link *link) {
    if (!c)
        return;
    c->link = link;
    if (c->state == WAITING)
        c->state = NOTHING; /* its answer may be lost */
    if (link)
        look(c);
}

void oriel_collector_grown(struct oriel_collector *c) {
    if (c && c->state == NOTHING && !c->timer)
        look_in(c, GATHER);
}

void oriel_collector_exported(struct oriel_collector *c, const char *text) {
    char error[ORIEL_JSON_ERROR_SIZE];
    if (!c)
        return;
    c->state = NOTHING;
    char *sealed = text ? oriel_jwe_seal(c->key, text, error) : NULL;
    if (text && !sealed)
        oriel_error("records for the collector are not sent: %s", error);
    if (!sealed || !c->link) {
        free(sealed);
        return;
    }
    c->state = WAITING;
    oriel_link_audit(c->link, sealed);
    free(sealed);
    look_in(c, c->patience);
}

void oriel_collector_received(struct oriel_collector *c, const void *bytes, size_t length) {
    if (!c || c->state != WAITING || length > ORIEL_NOTE_MAX || memchr(bytes, '\0', length))
        return;
    if (!length) {
        if (oriel_boottime() - c->called < AGAIN_MIN * ORIEL_SECOND)
            return;
        c->called = oriel_boottime();
        c->state = NOTHING;
        look(c);
        return;
    }
    g_autofree char *note = g_strndup(bytes, length);
    c->state = VERIFYING;
    g_clear_handle_id(&c->timer, g_source_remove);
    oriel_ledger_answer(c->ledger, note);
}

void oriel_collector_answered(struct oriel_collector *c, bool good) {
    if (!c)
        return;
    if (!good) { /* who sent that is not the collector */
        c->state = WAITING;
        look_in(c, c->patience);
        return;
    }
    c->state = NOTHING;
    c->patience = PATIENCE;
    look(c);
}
