/* See audit.h. */
#include "audit.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "json.h"
#include "log.h"
#include "writer.h"

struct oriel_audit {
    struct oriel_history *history; /* while the log is read at the start, else NULL */
    struct oriel_log *log;
    struct oriel_note_key key;
    GHashTable *open;     /* session ids without an end, of before; empty once they are recorded as aborted */
    GHashTable *policies; /* what -> its last hash */
    guint64 collected;    /* records that the collector has */
    guint64 exported;     /* the last record that was ever sent to it */
    guint64 news;         /* the last record that is not about collecting */
};

static bool fail(GError **error, const char *why) {
    g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(errno), why);
    return false;
}

static bool load_key(struct oriel_audit *a, const struct oriel_audit_setup *setup, GError **error) {
    gsize length;
    char why[ORIEL_NOTE_ERROR_SIZE] = "";
    g_autofree char *pem = oriel_file_read(setup->key, true, &length, error);
    if (!pem) {
        g_prefix_error(error, "audit: the key that signs the log: ");
        return false;
    }
    bool good = oriel_note_key_private(&a->key, setup->origin, ORIEL_NOTE_ED25519, pem, length, why);
    explicit_bzero(pem, length);
    if (!good)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "audit: %s: %s", setup->key, why);
    return good;
}

static const char *const policies[] = {"configuration", "trust", NULL};

static void remember(struct oriel_audit *a, const char *what, const char *hash) {
    g_hash_table_insert(a->policies, g_strdup(what), g_strdup(hash));
}

/* Collecting makes records; if these were news to collect, there would be no end of it. */
static bool is_news(const char *event) {
    static const char *const about[] = {"exported", "cosigned", "dropped", NULL};
    return !g_strv_contains(about, event);
}

/* What of the records there are is needed to go on. */
static void look_at(void *user, const struct oriel_record_head *head, const char *line, size_t length) {
    struct oriel_audit *a = user;
    char why[ORIEL_JSON_ERROR_SIZE];
    bool grant = strcmp(head->event, "grant") == 0;
    bool over = strcmp(head->event, "end") == 0 || strcmp(head->event, "aborted") == 0;
    bool boot = strcmp(head->event, "boot") == 0, policy = strcmp(head->event, "policy") == 0;
    bool cosigned = strcmp(head->event, "cosigned") == 0, exported = strcmp(head->event, "exported") == 0;
    bool told = a->history && (strcmp(head->event, "request") == 0 || strcmp(head->event, "scopes") == 0);
    json_t *record = told || grant || over || policy || boot || cosigned || exported
                         ? oriel_json_decode(line, length, ORIEL_RECORD_MAX, why)
                         : NULL;
    const char *session = oriel_json_text(record, "session"), *what = oriel_json_text(record, "what"),
               *hash = oriel_json_text(record, "hash");
    if (a->history)
        oriel_history_add(a->history, head->event, record, head->time);
    if (cosigned)
        a->collected = MAX(a->collected, (guint64)oriel_json_integer(record, "size", 0));
    if (exported && strcmp(oriel_json_text(record, "by"), "broker") == 0)
        a->exported = MAX(a->exported, (guint64)oriel_json_integer(record, "last", 0));
    if (is_news(head->event))
        a->news = head->seq;
    if (grant && session)
        g_hash_table_add(a->open, g_strdup(session));
    else if (over && session)
        g_hash_table_remove(a->open, session);
    else if (policy && what && hash)
        remember(a, what, hash);
    for (const char *const *name = policies; boot && *name; name++)
        remember(a, *name, oriel_json_text(record, *name));
    json_decref(record);
}

static bool is_last(const char *event) {
    static const char *const last[] = {"end", "aborted", NULL};
    return g_strv_contains(last, event);
}

static bool append(struct oriel_audit *a, const char *event, json_t *members, const struct oriel_record_time *at,
                   GError **error) {
    char why[ORIEL_LOG_ERROR_SIZE] = "";
    json_incref(members);
    bool good = oriel_log_append(a->log, event, members, is_last(event), at, why);
    g_autofree char *text = good ? json_dumps(members, JSON_COMPACT) : NULL;
    json_decref(members);
    if (good && is_news(event))
        a->news = oriel_audit_size(a);
    if (good)
        oriel_info("record %" G_GUINT64_FORMAT ", %s: %s", oriel_audit_size(a), event, text ? text : "");
    return good || fail(error, why);
}

/* What had no end when orield or the machine was cut off. */
static bool abort_open(struct oriel_audit *a, GError **error) {
    GHashTableIter iter;
    gpointer session;
    g_hash_table_iter_init(&iter, a->open);
    while (g_hash_table_iter_next(&iter, &session, NULL)) {
        if (!append(a, "aborted", json_pack("{s:s}", "session", session), NULL, error))
            return false;
        g_hash_table_iter_remove(&iter);
    }
    return true;
}

static void mark_begun(const struct oriel_audit_setup *setup) {
    g_autoptr(GError) error = NULL;
    g_autofree char *above = setup->begun ? g_path_get_dirname(setup->begun) : NULL;
    if (!setup->begun || g_file_test(setup->begun, G_FILE_TEST_EXISTS))
        return;
    g_mkdir_with_parents(above, 0700);
    if (!g_file_set_contents(setup->begun, setup->origin, -1, &error))
        oriel_warning("a removal of the whole log would not be noticed: %s", error->message);
}

struct oriel_audit *oriel_audit_open(const struct oriel_audit_setup *setup, GError **error) {
    char why[ORIEL_LOG_ERROR_SIZE] = "";
    if (g_mkdir_with_parents(setup->directory, 0700) < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "audit: cannot make %s: %s", setup->directory,
                    g_strerror(errno));
        return NULL;
    }
    struct oriel_audit *a = g_new0(struct oriel_audit, 1);
    a->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    a->policies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const struct oriel_log_visitor visitor = {.record = look_at, .user = a};
    bool good = load_key(a, setup, error);
    a->history = setup->history;
    if (good) {
        a->log = oriel_log_open(
            &(struct oriel_log_setup){.directory = setup->directory,
                                      .key = &a->key,
                                      .visitor = &visitor,
                                      .was_there = setup->begun && g_file_test(setup->begun, G_FILE_TEST_EXISTS)},
            why);
        good = a->log || fail(error, why);
        a->history = NULL;
    }
    if (good && oriel_log_tampered(a->log))
        oriel_error("%s", oriel_log_tampered(a->log));
    else if (good) {
        g_autoptr(GError) full = NULL; /* tried again with the next record */
        mark_begun(setup);
        if (!abort_open(a, &full))
            oriel_error("%s", full->message);
    }
    if (good)
        return a;
    oriel_audit_close(a);
    return NULL;
}

bool oriel_audit_append(struct oriel_audit *a, const char *event, json_t *members, const struct oriel_record_time *at,
                        GError **error) {
    if (oriel_log_tampered(a->log) || abort_open(a, error))
        return append(a, event, members, at, error);
    json_decref(members);
    return false;
}

bool oriel_audit_policy(struct oriel_audit *a, const char *what, const char *hash, GError **error) {
    const char *before = g_hash_table_lookup(a->policies, what);
    if (before && strcmp(before, hash) != 0 &&
        !oriel_audit_append(a, "policy", json_pack("{s:s, s:s, s:s}", "what", what, "hash", hash, "before", before),
                            NULL, error))
        return false;
    remember(a, what, hash);
    return true;
}

bool oriel_audit_is_writable(struct oriel_audit *a, GError **error) {
    char why[ORIEL_LOG_ERROR_SIZE] = "";
    return oriel_log_is_writable(a->log, why) || fail(error, why);
}

const char *oriel_audit_tampered(const struct oriel_audit *a) {
    return oriel_log_tampered(a->log);
}

bool oriel_audit_acknowledge(struct oriel_audit *a, guint uid, GError **error) {
    char why[ORIEL_LOG_ERROR_SIZE] = "";
    if (!oriel_log_acknowledge(a->log, uid, why))
        return fail(error, why);
    oriel_warning("the damage of the audit log was acknowledged by uid %u", uid);
    return abort_open(a, error);
}

bool oriel_audit_cosigned(struct oriel_audit *a, const char *collector, const char *note, guint keep, GError **error) {
    char why[ORIEL_LOG_ERROR_SIZE] = "";
    struct oriel_note_key key;
    struct oriel_checkpoint head;
    if (!*collector || !oriel_note_key_public(&key, collector, why)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "[audit] collector: %s",
                    *collector ? why : "no collector is configured whose answer could be believed");
        return false;
    }
    bool good = oriel_note_verify(&key, note, strlen(note), NULL, why) > 0 && key.type == ORIEL_NOTE_COSIGNATURE &&
                oriel_checkpoint_verify(&a->key, note, strlen(note), &head, why);
    oriel_note_key_clear(&key);
    if (!good || head.size > oriel_audit_size(a)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "not an answer to this log: %s",
                    good ? "it speaks of records that are not here" : why);
        return false;
    }
    if (head.size <= a->collected)
        return true; /* said again */
    a->collected = head.size;
    return oriel_audit_append(
               a, "cosigned",
               json_pack("{s:s%, s:I}", "by", collector, strcspn(collector, "+"), "size", (json_int_t)head.size), NULL,
               error) &&
           (oriel_log_drop(a->log, head.size, keep, why) || fail(error, why));
}

struct chunk {
    GString *text; /* of the records */
    gsize max;
    guint64 first, last;
    const struct oriel_log_report *report;
    struct oriel_tree tree; /* up to the last record that is in */
};

static void add_to_chunk(void *user, const struct oriel_record_head *head, const char *line, size_t length) {
    struct chunk *c = user;
    if (head->seq < c->first || (c->last && head->seq != c->last + 1) || c->text->len + length + 1 > c->max)
        return;
    if (!c->last)
        c->first = head->seq; /* those before it are lost, and acknowledged */
    c->last = head->seq;
    c->tree = c->report->tree;
    g_string_append_len(c->text, line, (gssize)length);
    g_string_append_c(c->text, '\n');
}

static char *finish_chunk(struct oriel_audit *a, struct chunk *c, GError **error) {
    size_t length;
    g_autofree char *note = oriel_checkpoint_sign(&a->key, &c->tree, &length);
    if (!note)
        return NULL;
    json_t *members =
        json_pack("{s:I, s:I, s:s}", "first", (json_int_t)c->first, "last", (json_int_t)c->last, "by", "broker");
    if (c->last <= a->exported)
        json_decref(members); /* sent again */
    else if (!append(a, "exported", members, NULL, error))
        return NULL;
    a->exported = MAX(a->exported, c->last);
    json_t *first = json_pack("{s:i, s:s, s:I, s:I, s:s%}", "v", 1, "typ", "audit-export", "from", (json_int_t)c->first,
                              "to", (json_int_t)c->last, "checkpoint", note, length);
    g_autofree char *head = json_dumps(first, JSON_COMPACT);
    json_decref(first);
    return g_strconcat(head, "\n", c->text->str, NULL);
}

char *oriel_audit_export(struct oriel_audit *a, gsize max, GError **error) {
    if (oriel_log_tampered(a->log) || a->news <= a->collected)
        return NULL;
    struct oriel_log_report report;
    struct chunk c = {.text = g_string_new(NULL), .max = max, .first = a->collected + 1, .report = &report};
    const struct oriel_log_visitor visitor = {.record = add_to_chunk, .user = &c};
    char *text = NULL;
    if (oriel_log_read(oriel_log_directory(a->log), &a->key, 1, &visitor, &report) != ORIEL_LOG_GOOD)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "audit: nothing is exported: %s", report.what);
    else if (c.last)
        text = finish_chunk(a, &c, error);
    g_string_free(c.text, TRUE);
    return text;
}

guint64 oriel_audit_collected(const struct oriel_audit *a) {
    return a->collected;
}

guint64 oriel_audit_size(const struct oriel_audit *a) {
    return oriel_log_tree(a->log)->size;
}

void oriel_audit_close(struct oriel_audit *a) {
    if (!a)
        return;
    oriel_log_close(a->log);
    oriel_note_key_clear(&a->key);
    g_hash_table_unref(a->open);
    g_hash_table_unref(a->policies);
    g_free(a);
}
