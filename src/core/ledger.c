/* See ledger.h. */
#include "ledger.h"

#include <gio/gio.h>

#include "clock.h"
#include "digest.h"
#include "log.h"
#include "scribe.h"

#define STUCK "the device's disk does not answer"

struct oriel_ledger {
    const struct oriel_config *config;
    const struct oriel_ledger_events *events; /* NULL: nobody is told any more */
    void *user;
    struct oriel_scribe *scribe;
    const char *why;    /* nothing can be recorded */
    bool stuck, told;   /* told: that it is stuck */
    guint watch, looks; /* looks: how many looks at the disk wait */
    guint64 size, collected;
    struct oriel_history *history;
    /* the scribe's */
    struct oriel_audit *audit;
    json_t *boot; /* until it is recorded */
};

/* Something that is done to the log. */
struct entry {
    struct oriel_scribe_job job;
    struct oriel_ledger *ledger;
    bool (*act)(struct entry *e, GError **error); /* on the scribe's thread */
    const char *why;                              /* as agents may know it: it failed */
    guint64 ticket;
    char *event; /* of a record; of the collector's answer, the note */
    json_t *members;
    struct oriel_record_time time;
    guint uid;
    guint64 max;             /* bytes of an export; of one to a file, its first record */
    guint64 size, collected; /* of the log, after it */
    GError **outcome;        /* of who waits */
    bool *good;
};

/* ---- on the scribe's thread ---- */

static const char *explain(struct oriel_ledger *l, const GError *error) {
    if (oriel_audit_tampered(l->audit))
        return "the device's record of sessions was damaged; its administrator has to look at it";
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
        return "the device's disk is full";
    return "the device can't write its record of sessions; its administrator has to look at it";
}

static bool work(struct oriel_scribe_job *job, GError **error) {
    struct entry *e = (struct entry *)job;
    bool good = e->act(e, error);
    if (!good)
        e->why = explain(e->ledger, *error);
    e->size = oriel_audit_size(e->ledger->audit);
    e->collected = oriel_audit_collected(e->ledger->audit);
    return good;
}

static bool append_policy(struct oriel_ledger *l, GError **error) {
    g_autofree char *configuration = oriel_digest_file(l->config->path),
                    *trust = oriel_digest_directory(l->config->trust_directory);
    return oriel_audit_policy(l->audit, "configuration", configuration, error) &&
           oriel_audit_policy(l->audit, "trust", trust, error);
}

static bool append_boot(struct oriel_ledger *l, GError **error) {
    if (l->boot &&
        (!append_policy(l, error) || !oriel_audit_append(l->audit, "boot", json_incref(l->boot), NULL, error)))
        return false;
    g_clear_pointer(&l->boot, json_decref);
    return true;
}

static bool take_boot(struct entry *e, GError **error) {
    struct oriel_ledger *l = e->ledger;
    g_autofree char *configuration = oriel_digest_file(l->config->path),
                    *trust = oriel_digest_directory(l->config->trust_directory);
    l->boot = g_steal_pointer(&e->members);
    json_object_set_new(l->boot, "configuration", json_string(configuration));
    json_object_set_new(l->boot, "trust", json_string(trust));
    return append_boot(l, error);
}

static bool take_record(struct entry *e, GError **error) {
    return append_boot(e->ledger, error) &&
           oriel_audit_append(e->ledger->audit, e->event, json_incref(e->members), &e->time, error);
}

static bool take_policy(struct entry *e, GError **error) {
    return append_boot(e->ledger, error) && append_policy(e->ledger, error);
}

static bool take_look(struct entry *e, GError **error) {
    return oriel_audit_is_writable(e->ledger->audit, error);
}

static bool take_acknowledgement(struct entry *e, GError **error) {
    g_autoptr(GError) later = NULL; /* tried again with the next record */
    if (!oriel_audit_acknowledge(e->ledger->audit, e->uid, error))
        return false;
    if (!append_boot(e->ledger, &later))
        oriel_error("%s", later->message);
    return true;
}

static bool take_answer(struct entry *e, GError **error) {
    const struct oriel_config *c = e->ledger->config;
    return oriel_audit_cosigned(e->ledger->audit, c->audit_collector, e->event, c->audit_keep, error);
}

static bool take_file(struct entry *e, GError **error) {
    struct oriel_audit *a = e->ledger->audit;
    return append_boot(e->ledger, error) &&
           oriel_audit_append(a, "exported",
                              json_pack("{s:I, s:I, s:s}", "first", (json_int_t)e->max, "last",
                                        (json_int_t)oriel_audit_size(a), "by", "file"),
                              NULL, error);
}

static bool take_export(struct entry *e, GError **error) {
    GError *problem = NULL;
    e->event = oriel_audit_export(e->ledger->audit, e->max, &problem);
    if (problem)
        g_propagate_error(error, problem);
    return !problem;
}

/* ---- in the main loop ---- */

static void set_why(struct oriel_ledger *l, const char *why) {
    bool same = g_strcmp0(l->why, why) == 0;
    l->why = why;
    if (!same && l->events)
        l->events->changed(l->user);
}

static void fail(struct oriel_ledger *l, const char *why) {
    set_why(l, why);
    if (l->events)
        l->events->failed(l->user, why);
}

/* A disk that hangs says nothing at all. */
static gboolean look_at_queue(gpointer data) {
    struct oriel_ledger *l = data;
    gint64 longest;
    guint waits = oriel_scribe_waits(l->scribe, &longest);
    if (longest > ORIEL_LEDGER_PATIENCE * ORIEL_SECOND)
        l->stuck = true;
    if (l->stuck && !l->told) {
        l->told = true;
        oriel_error("audit: %u records wait for the disk, the first for %d s; no more are taken", waits,
                    (int)(longest / ORIEL_SECOND));
        fail(l, STUCK);
    }
    if (!waits)
        l->watch = 0;
    return waits ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void entry_free(struct entry *e) {
    json_decref(e->members);
    g_free(e->event);
    g_free(e);
}

static void tell(struct oriel_ledger *l, const struct entry *e, bool good) {
    if (e->act == take_export)
        l->events->exported(l->user, good ? e->event : NULL);
    else if (e->act == take_answer && !e->outcome)
        l->events->answered(l->user, good);
    else if (good && e->act != take_look)
        l->events->grown(l->user);
}

static void done(struct oriel_scribe_job *job, const GError *error) {
    struct entry *e = (struct entry *)job;
    struct oriel_ledger *l = e->ledger;
    guint64 ticket = e->ticket;
    const char *why = e->why;
    bool untried = error && !why;
    if (e->act == take_look)
        l->looks--;
    if (e->outcome) {
        *e->good = !error;
        *e->outcome = error ? g_error_copy(error) : NULL;
    } else if (error) {
        oriel_error("%s", error->message);
    }
    bool asked = e->outcome != NULL || e->act == take_answer;
    if (!untried) {
        l->size = e->size;
        l->collected = e->collected;
    }
    if (e->act == take_record && !error)
        oriel_history_add(l->history, e->event, e->members, e->time.time);
    if (l->events)
        tell(l, e, !error);
    entry_free(e);
    if (!untried) {
        l->stuck = l->told = false;
        if (!error || !asked) /* an answer that is refused says nothing about the disk */
            set_why(l, why);
    }
    if (ticket && l->events)
        l->events->recorded(l->user, ticket, !error);
    if (error && !untried && !asked)
        fail(l, why);
}

static struct entry *entry_new(struct oriel_ledger *l, bool (*act)(struct entry *e, GError **error)) {
    struct entry *e = g_new0(struct entry, 1);
    e->job.work = work;
    e->job.done = done;
    e->ledger = l;
    e->act = act;
    return e;
}

static void give(struct entry *e) {
    struct oriel_ledger *l = e->ledger;
    gint64 longest;
    if (oriel_scribe_waits(l->scribe, &longest) >= ORIEL_LEDGER_QUEUE)
        l->stuck = true; /* said by the watch */
    if (l->stuck && !e->job.always)
        oriel_scribe_refuse(l->scribe, &e->job, "audit: not written: " STUCK);
    else
        oriel_scribe_give(l->scribe, &e->job);
    if (!l->watch)
        l->watch = g_timeout_add_seconds(1, look_at_queue, l);
}

struct oriel_ledger *oriel_ledger_new(const struct oriel_config *c, const struct oriel_ledger_events *events,
                                      void *user, GError **error) {
    g_autofree char *origin = g_strdup_printf("oriel/%s/%s", c->tenant, c->device_id),
                    *begun = g_build_filename(c->trust_state, "audit.begun", NULL);
    struct oriel_history *history = oriel_history_new();
    struct oriel_audit *audit = oriel_audit_open(
        &(struct oriel_audit_setup){
            .directory = c->audit_directory, .key = c->audit_key, .origin = origin, .begun = begun, .history = history},
        error);
    oriel_history_abort(history);
    if (!audit) {
        oriel_history_free(history);
        return NULL;
    }
    struct oriel_ledger *l = g_new0(struct oriel_ledger, 1);
    *l = (struct oriel_ledger){
        .config = c, .events = events, .user = user, .audit = audit, .scribe = oriel_scribe_new(), .history = history};
    return l;
}

void oriel_ledger_free(struct oriel_ledger *l) {
    if (!l)
        return;
    l->events = NULL;
    oriel_scribe_free(l->scribe);
    g_clear_handle_id(&l->watch, g_source_remove);
    oriel_audit_close(l->audit);
    oriel_history_free(l->history);
    json_decref(l->boot);
    g_free(l);
}

void oriel_ledger_boot(struct oriel_ledger *l, json_t *members) {
    struct entry *e = entry_new(l, take_boot);
    e->members = members;
    give(e);
    oriel_scribe_wait(l->scribe);
}

static bool ends(const char *event) {
    return strcmp(event, "end") == 0;
}

void oriel_ledger_record(struct oriel_ledger *l, const char *event, json_t *members, guint64 ticket) {
    struct entry *e = entry_new(l, take_record);
    e->job.always = ends(event);
    e->ticket = ticket;
    e->event = g_strdup(event);
    e->members = json_deep_copy(members); /* what it was made of goes on changing */
    json_decref(members);
    oriel_record_now(&e->time);
    give(e);
}

void oriel_ledger_look_at_policy(struct oriel_ledger *l) {
    give(entry_new(l, take_policy));
}

void oriel_ledger_look_at_disk(struct oriel_ledger *l) {
    if (l->looks)
        return;
    l->looks++;
    give(entry_new(l, take_look));
}

const char *oriel_ledger_why(const struct oriel_ledger *l) {
    return l->why;
}

guint oriel_ledger_waits(const struct oriel_ledger *l) {
    gint64 longest;
    return oriel_scribe_waits(l->scribe, &longest);
}

const struct oriel_history *oriel_ledger_history(const struct oriel_ledger *l) {
    return l->history;
}

bool oriel_ledger_is_stuck(const struct oriel_ledger *l) {
    return l->stuck;
}

void oriel_ledger_export(struct oriel_ledger *l, gsize max) {
    struct entry *e = entry_new(l, take_export);
    e->max = max;
    give(e);
}

void oriel_ledger_answer(struct oriel_ledger *l, const char *note) {
    struct entry *e = entry_new(l, take_answer);
    e->event = g_strdup(note);
    give(e);
}

void oriel_ledger_sizes(const struct oriel_ledger *l, guint64 *size, guint64 *collected) {
    *size = l->size;
    *collected = l->collected;
}

static bool wait_for(struct entry *e, GError **error) {
    GError *outcome = NULL;
    bool good = false;
    e->outcome = &outcome;
    e->good = &good;
    struct oriel_ledger *l = e->ledger;
    give(e);
    oriel_scribe_wait(l->scribe);
    if (outcome)
        g_propagate_error(error, outcome);
    return good;
}

bool oriel_ledger_acknowledge(struct oriel_ledger *l, guint uid, GError **error) {
    struct entry *e = entry_new(l, take_acknowledgement);
    e->uid = uid;
    return wait_for(e, error);
}

bool oriel_ledger_file(struct oriel_ledger *l, guint64 first, GError **error) {
    struct entry *e = entry_new(l, take_file);
    e->max = first;
    return wait_for(e, error);
}

bool oriel_ledger_cosigned(struct oriel_ledger *l, const char *note, GError **error) {
    struct entry *e = entry_new(l, take_answer);
    e->event = g_strdup(note);
    return wait_for(e, error);
}
