/* See ledger.h. */
#include "ledger.h"

#include <gio/gio.h>

#include "digest.h"
#include "log.h"

struct oriel_ledger {
    const struct oriel_config *config;
    struct oriel_audit *audit;
    void (*failed)(void *user, const char *why);
    void *user;
    json_t *boot;    /* until it is recorded */
    const char *why; /* nothing can be recorded */
    guint source;
};

struct oriel_ledger *oriel_ledger_new(const struct oriel_config *c, void (*failed)(void *user, const char *why),
                                      void *user, GError **error) {
    g_autofree char *origin = g_strdup_printf("oriel/%s/%s", c->tenant, c->device_id),
                    *begun = g_build_filename(c->trust_state, "audit.begun", NULL);
    const struct oriel_audit_setup setup = {c->audit_directory, c->audit_key, origin, begun};
    struct oriel_ledger *l = g_new0(struct oriel_ledger, 1);
    *l = (struct oriel_ledger){.config = c, .failed = failed, .user = user, .audit = oriel_audit_open(&setup, error)};
    if (l->audit)
        return l;
    oriel_ledger_free(l);
    return NULL;
}

void oriel_ledger_free(struct oriel_ledger *l) {
    if (!l)
        return;
    g_clear_handle_id(&l->source, g_source_remove);
    oriel_audit_close(l->audit);
    json_decref(l->boot);
    g_free(l);
}

static gboolean tell(gpointer data) {
    struct oriel_ledger *l = data;
    l->source = 0;
    if (l->why)
        l->failed(l->user, l->why);
    return G_SOURCE_REMOVE;
}

/* From the main loop, since whoever records is in the middle of something. */
static bool note(struct oriel_ledger *l, const GError *error) {
    l->why = NULL;
    if (!error)
        return true;
    oriel_error("%s", error->message);
    if (oriel_audit_tampered(l->audit))
        l->why = "the device's record of sessions was damaged; its administrator has to look at it";
    else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
        l->why = "the device's disk is full";
    else
        l->why = "the device can't write its record of sessions; its administrator has to look at it";
    if (!l->source)
        l->source = g_idle_add(tell, l);
    return false;
}

static bool append_policy(struct oriel_ledger *l, GError **error) {
    g_autofree char *configuration = oriel_digest_file(l->config->path),
                    *trust = oriel_digest_directory(l->config->trust_directory);
    return oriel_audit_policy(l->audit, "configuration", configuration, error) &&
           oriel_audit_policy(l->audit, "trust", trust, error);
}

static bool append_boot(struct oriel_ledger *l, GError **error) {
    if (l->boot && (!append_policy(l, error) || !oriel_audit_append(l->audit, "boot", json_incref(l->boot), error)))
        return false;
    g_clear_pointer(&l->boot, json_decref);
    return true;
}

void oriel_ledger_boot(struct oriel_ledger *l, json_t *members) {
    g_autoptr(GError) error = NULL;
    g_autofree char *configuration = oriel_digest_file(l->config->path),
                    *trust = oriel_digest_directory(l->config->trust_directory);
    json_object_set_new(members, "configuration", json_string(configuration));
    json_object_set_new(members, "trust", json_string(trust));
    l->boot = members;
    append_boot(l, &error);
    note(l, error);
}

bool oriel_ledger_record(struct oriel_ledger *l, const char *event, json_t *members) {
    g_autoptr(GError) error = NULL;
    if (append_boot(l, &error))
        oriel_audit_append(l->audit, event, members, &error);
    else
        json_decref(members);
    return note(l, error);
}

void oriel_ledger_look_at_policy(struct oriel_ledger *l) {
    g_autoptr(GError) error = NULL;
    if (append_boot(l, &error))
        append_policy(l, &error);
    note(l, error);
}

void oriel_ledger_look_at_disk(struct oriel_ledger *l) {
    g_autoptr(GError) error = NULL;
    oriel_audit_is_writable(l->audit, &error);
    note(l, error);
}

const char *oriel_ledger_why(const struct oriel_ledger *l) {
    return l->why;
}

bool oriel_ledger_acknowledge(struct oriel_ledger *l, guint uid, GError **error) {
    g_autoptr(GError) later = NULL;
    if (!oriel_audit_acknowledge(l->audit, uid, error))
        return false;
    append_boot(l, &later);
    note(l, later);
    return true;
}

bool oriel_ledger_cosigned(struct oriel_ledger *l, const char *answer, GError **error) {
    return oriel_audit_cosigned(l->audit, l->config->audit_collector, answer, l->config->audit_keep, error);
}
