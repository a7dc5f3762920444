/* See history.h. */
#include "history.h"

#include <stdbool.h>
#include <string.h>

#include "json.h"

struct oriel_history {
    json_t *request; /* the last one, of which a session may come */
    GQueue sessions; /* newest first */
};

struct oriel_history *oriel_history_new(void) {
    struct oriel_history *h = g_new0(struct oriel_history, 1);
    g_queue_init(&h->sessions);
    return h;
}

void oriel_history_free(struct oriel_history *h) {
    if (!h)
        return;
    json_decref(h->request);
    for (json_t *s; (s = g_queue_pop_head(&h->sessions));)
        json_decref(s);
    g_free(h);
}

static const char *text(const json_t *record, const char *name) {
    const char *value = oriel_json_text(record, name);
    return value ? value : "";
}

static void granted(struct oriel_history *h, const json_t *record, const char *time) {
    bool known = strcmp(text(h->request, "request"), text(record, "request")) == 0;
    json_t *scopes = json_deep_copy(json_object_get(record, "scopes"));
    g_queue_push_head(&h->sessions, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:s, s:s}", "session",
                                              text(record, "session"), "at", time, "vendor", text(record, "vendor"),
                                              "agent", known ? text(h->request, "name") : text(record, "agent"),
                                              "reason", known ? text(h->request, "reason") : "", "scopes",
                                              scopes ? scopes : json_array(), "seconds", 0, "by", "", "ended", ""));
    if (h->sessions.length > ORIEL_HISTORY_MAX)
        json_decref(g_queue_pop_tail(&h->sessions));
}

static void over(json_t *session, const char *by, const char *ended, double seconds) {
    json_object_set_new(session, "by", json_string(by));
    json_object_set_new(session, "ended", json_string(ended));
    json_object_set_new(session, "seconds", json_integer((json_int_t)seconds));
}

void oriel_history_add(struct oriel_history *h, const char *event, const json_t *record, const char *time) {
    json_t *newest = g_queue_peek_head(&h->sessions);
    bool of_newest = newest && strcmp(text(newest, "session"), text(record, "session")) == 0;
    if (strcmp(event, "request") == 0 && !json_object_get(record, "session")) {
        json_decref(h->request);
        h->request = json_deep_copy(record);
    } else if (strcmp(event, "grant") == 0) {
        granted(h, record, time);
    } else if (strcmp(event, "scopes") == 0 && of_newest) {
        json_object_set_new(newest, "scopes", json_deep_copy(json_object_get(record, "scopes")));
    } else if (strcmp(event, "end") == 0 && of_newest) {
        over(newest, text(record, "by"), text(record, "reason"), json_number_value(json_object_get(record, "seconds")));
    } else if (strcmp(event, "aborted") == 0 && of_newest) {
        over(newest, "device", "aborted", 0);
    }
}

void oriel_history_abort(struct oriel_history *h) {
    for (GList *l = h->sessions.head; l; l = l->next)
        if (!*text(l->data, "ended"))
            over(l->data, "device", "aborted", 0);
}

guint oriel_history_length(const struct oriel_history *h) {
    return h->sessions.length;
}

const json_t *oriel_history_get(const struct oriel_history *h, guint index) {
    return g_queue_peek_nth((GQueue *)&h->sessions, index);
}
