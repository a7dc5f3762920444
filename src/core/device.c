/* See device.h. Effects of the session machine, what the shell asks, life; the rest is in device_panel.c,
 * device_agents.c and device_call.c. */
#include "device.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "device_private.h"
#include "log.h"
#include "mail.h"

enum { STATE_INTERVAL = 600, TRUST_INTERVAL = 10 }; /* seconds */

gint64 oriel_device_uptime(void) {
    return oriel_boottime() / ORIEL_SECOND;
}

static gboolean publish_again(gpointer data) {
    struct oriel_device *d = data;
    oriel_exchanges_expire(d->exchanges);
    oriel_device_publish(d);
    return G_SOURCE_CONTINUE;
}

/* ---- effects of the session ---- */

void oriel_device_record(void *user, const char *event, json_t *members, guint64 ticket) {
    struct oriel_device *d = user;
    if (strcmp(event, "grant") == 0 && oriel_launcher_why_bare(d->launcher))
        json_object_set_new(members, "sandbox", json_string("none"));
    oriel_ledger_record(d->ledger, event, members, ticket);
}

json_t *oriel_device_describe(const struct oriel_session_request *r, json_t *members) {
    json_object_update_new(members, json_pack("{s:s, s:s, s:O, s:i}", "agent", r->name, "company", r->company, "scopes",
                                              r->scopes, "seconds", (int)r->seconds));
    return members;
}

static void settled(void *user, const struct oriel_session_request *request, const char *reason) {
    struct oriel_device *d = user;
    oriel_backoff_note(d->backoff, request->vendor, reason);
}

static void freeze(void *user, bool on) {
    oriel_picture_freeze(((struct oriel_device *)user)->picture, on);
}

static bool prepare(void *user) {
    struct oriel_device *d = user;
    g_autoptr(GError) error = NULL;
    if (oriel_picture_prepare(d->picture, &error))
        return true;
    oriel_error("%s", error->message);
    return false;
}

static void discard(void *user) {
    oriel_picture_discard(((struct oriel_device *)user)->picture);
}

static bool launch(void *user, const struct oriel_session_request *request) {
    struct oriel_device *d = user;
    g_autoptr(GError) error = NULL;
    if (oriel_picture_start(d->picture, request, oriel_session_id(d->session), &error))
        return true;
    oriel_error("%s", error->message);
    return false;
}

static void granted(void *user, const json_t *scopes) {
    oriel_picture_granted(((struct oriel_device *)user)->picture, scopes);
}

static void camera(void *user) {
    oriel_picture_camera(((struct oriel_device *)user)->picture);
}

static void renew(void *user, guint number) {
    oriel_picture_renew(((struct oriel_device *)user)->picture, number);
}

static bool reroute(void *user) {
    return oriel_picture_reroute(((struct oriel_device *)user)->picture);
}

static void joined(void *user, const char *fingerprint) {
    oriel_picture_agent(((struct oriel_device *)user)->picture, fingerprint);
}

static void answer(void *user, const char *sdp) {
    oriel_picture_answer(((struct oriel_device *)user)->picture, sdp);
}

static void candidate(void *user, guint mline, const char *text) {
    oriel_picture_candidate(((struct oriel_device *)user)->picture, mline, text);
}

static void say(void *user, const char *text) {
    oriel_picture_say(((struct oriel_device *)user)->picture, text);
}

static void heard(void *user, guint id) {
    oriel_picture_heard(((struct oriel_device *)user)->picture, id);
}

static void kill_helpers(void *user) {
    oriel_picture_kill(((struct oriel_device *)user)->picture);
}

static void finish_when_quiet(struct oriel_device *d) {
    if (d->closing && oriel_session_state(d->session) == ORIEL_SESSION_IDLE)
        oriel_link_shut_down(d->link);
}

static void end_if_revoked(struct oriel_device *d) {
    const struct oriel_session_request *current = oriel_session_request(d->session);
    if (current && !oriel_trust_holds(d->trust, current->peer))
        oriel_session_revoked(d->session);
}

/* Beside the watch, which may be without a directory, or miss that a whole directory took the place of another. And
 * whether the end of what lives could still be recorded. */
static gboolean look_at_trust(gpointer data) {
    struct oriel_device *d = data;
    end_if_revoked(d);
    oriel_ledger_look_at_disk(d->ledger);
    return G_SOURCE_CONTINUE;
}

static void changed(void *user) {
    struct oriel_device *d = user;
    enum oriel_session_state state = oriel_session_state(d->session);
    bool open = state != ORIEL_SESSION_IDLE && state != ORIEL_SESSION_ENDING;
    oriel_provider_watch(d->provider, state == ORIEL_SESSION_ASKING); /* then the session looks itself */
    if (!open)
        g_clear_handle_id(&d->trust_source, g_source_remove);
    else if (!d->trust_source)
        d->trust_source = g_timeout_add_seconds(TRUST_INTERVAL, look_at_trust, d);
    if (oriel_session_status(d->session) != d->published)
        oriel_device_publish(d); /* nothing is said twice */
    finish_when_quiet(d);
}

static void arm(void *user, gint64 deadline) {
    struct oriel_device *d = user;
    gint64 left = deadline ? MAX(deadline - oriel_boottime(), 1) : 0;
    struct itimerspec t = {.it_value = {left / ORIEL_SECOND, left % ORIEL_SECOND}};
    timerfd_settime(d->timer, 0, &t, NULL);
}

static const struct oriel_session_ops session_ops = {
    .record = oriel_device_record,
    .send = oriel_device_send,
    .ask = oriel_device_ask,
    .withdraw = oriel_device_withdraw,
    .early = oriel_device_early,
    .prepare = prepare,
    .discard = discard,
    .settled = settled,
    .freeze = freeze,
    .announce = oriel_device_announce,
    .launch = launch,
    .granted = granted,
    .camera = camera,
    .renew = renew,
    .reroute = reroute,
    .joined = joined,
    .answer = answer,
    .candidate = candidate,
    .tell = oriel_device_tell,
    .say = say,
    .heard = heard,
    .kill = kill_helpers,
    .changed = changed,
    .arm = arm,
};

static gboolean timer_fired(int fd, GIOCondition condition, gpointer data) {
    uint64_t count;
    if (read(fd, &count, sizeof count) == sizeof count)
        oriel_session_tick(((struct oriel_device *)data)->session);
    return G_SOURCE_CONTINUE;
}

void oriel_device_trust_changed(void *user) {
    struct oriel_device *d = user;
    oriel_ledger_look_at_policy(d->ledger);
    end_if_revoked(d);
    oriel_device_publish(d);
}

/* ---- from the shell ---- */

static json_t *status(void *user) {
    struct oriel_device *d = user;
    json_t *s = json_pack("{s:s, s:s, s:s, s:b, s:s, s:b, s:b, s:s, s:I, s:s, s:i}", "device", d->config->device_id,
                          "name", d->identity->name, "version", ORIEL_VERSION, "online", (int)d->online, "offline_why",
                          d->offline_why ? d->offline_why : "", "consent", (int)oriel_provider_connected(d->provider),
                          "call", d->help != NULL, "status", oriel_session_status(d->session), "uptime",
                          (json_int_t)oriel_device_uptime(), "audit_why",
                          oriel_ledger_why(d->ledger) ? oriel_ledger_why(d->ledger) : "", "unrecorded",
                          (int)oriel_ledger_waits(d->ledger));
    if (d->collector) {
        guint64 size, collected;
        oriel_ledger_sizes(d->ledger, &size, &collected);
        json_object_set_new(s, "records", json_integer((json_int_t)size));
        json_object_set_new(s, "collected", json_integer((json_int_t)collected));
    }
    if (*d->config->unattended_switch)
        json_object_set_new(s, "window",
                            json_pack("{s:i, s:s?}", "left", (int)oriel_keyswitch_left(d->keyswitch), "broken",
                                      oriel_keyswitch_broken(d->keyswitch)));
    if (d->authorise_why)
        json_object_set_new(s, "authorise_why", json_string(d->authorise_why));
    const struct oriel_session_request *r = oriel_session_request(d->session);
    if (r) {
        json_t *session = oriel_device_describe(r, json_pack("{s:s, s:s, s:s, s:i}", "request", r->hash, "session",
                                                             oriel_session_id(d->session), "reason", r->reason, "left",
                                                             (int)oriel_session_left(d->session)));
        json_object_set_new(session, "by", json_string(r->by ? r->by : "person"));
        json_object_set_new(session, "paused", json_string(oriel_session_paused(d->session)));
        if (oriel_session_is_lost(d->session))
            json_object_set_new(session, "lost_for", json_integer(oriel_session_lost_for(d->session)));
        if (oriel_session_figures(d->session))
            json_object_set(session, "figures", (json_t *)oriel_session_figures(d->session));
        json_object_set_new(s, "session", session);
    }
    return s;
}

static bool stop(void *user) {
    struct oriel_device *d = user;
    enum oriel_session_state state = oriel_session_state(d->session);
    oriel_session_stop(d->session, "local", "stopped");
    return state != ORIEL_SESSION_IDLE && state != ORIEL_SESSION_ENDING;
}

static void stopped(void *user, const char *by) {
    struct oriel_device *d = user;
    oriel_info("stopped by the stop socket (%s)", by);
    oriel_session_stop(d->session, by, "stopped");
}

static bool acknowledge(void *user, guint uid, GError **error) {
    struct oriel_device *d = user;
    return oriel_ledger_acknowledge(d->ledger, uid, error);
}

static bool cosigned(void *user, const char *note, GError **error) {
    struct oriel_device *d = user;
    if (oriel_session_state(d->session) == ORIEL_SESSION_IDLE) /* dropping segments takes its time */
        return oriel_ledger_cosigned(d->ledger, note, error);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY, "somebody is asking or has a session; try again after it");
    return false;
}

static bool exported_to_file(void *user, guint64 first, GError **error) {
    struct oriel_device *d = user;
    if (oriel_session_state(d->session) == ORIEL_SESSION_IDLE) /* it waits for the disk */
        return oriel_ledger_file(d->ledger, first, error);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY, "somebody is asking or has a session; try again after it");
    return false;
}

static const struct oriel_control_ops control_ops = {status, stop, acknowledge, cosigned, exported_to_file};

/* ---- life ---- */

static void recorded(void *user, guint64 ticket, bool good) {
    oriel_session_recorded(((struct oriel_device *)user)->session, ticket, good);
}

/* Nothing lives that can't be recorded. */
static void unrecorded(void *user, const char *why) {
    oriel_session_unrecorded(((struct oriel_device *)user)->session, why);
}

static void grown(void *user) {
    oriel_collector_grown(((struct oriel_device *)user)->collector);
}

static void exported(void *user, const char *text) {
    oriel_collector_exported(((struct oriel_device *)user)->collector, text);
}

static void answered(void *user, bool good) {
    oriel_collector_answered(((struct oriel_device *)user)->collector, good);
}

static const struct oriel_ledger_events ledger_events = {
    recorded, oriel_device_record_changed, grown, exported, answered, unrecorded};

static void window_changed(void *user, bool open, const char *why) {
    struct oriel_device *d = user;
    json_t *members = json_pack("{s:b}", "open", (int)open);
    if (open)
        json_object_set_new(members, "seconds", json_integer(oriel_keyswitch_left(d->keyswitch)));
    else
        json_object_set_new(members, "why", json_string(why));
    oriel_info("the key switch has %s the panel%s%s", open ? "opened" : "closed", why ? ": " : "", why ? why : "");
    if (!open)
        oriel_session_window_closed(d->session, oriel_keyswitch_broken(d->keyswitch) ? "device" : "person", why);
    oriel_device_record(d, "window", members, 0);
    oriel_device_publish(d);
}

/* What opens the panel without a person. A switch that can't be read at the start is a fault of the configuration;
 * authorisations that can't be checked are refused, each. */
static bool start_unattended(struct oriel_device *d, GError **error) {
    g_autoptr(GError) why = NULL;
    d->authorise = oriel_authorise_new(d->config, d->identity, &why);
    if (why) {
        oriel_error("no authorisation of the owner holds: %s", why->message);
        d->authorise_why = g_strdup(why->message);
    }
    GError *line = NULL;
    d->keyswitch = oriel_keyswitch_new(d->config, window_changed, d, &line);
    if (line)
        g_propagate_error(error, line);
    return !line;
}

static bool start(struct oriel_device *d, GError **error) {
    const struct oriel_config *c = d->config;
    d->identity = oriel_identity_load(c, error);
    d->ledger = d->identity ? oriel_ledger_new(c, &ledger_events, d, error) : NULL;
    if (!d->ledger)
        return false;
    g_autoptr(GError) problem = NULL;
    d->collector = oriel_collector_new(c, d->ledger, &problem);
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    g_autofree char *path = g_filename_display_name(c->path);
    json_t *boot = json_pack("{s:s, s:s, s:s, s:s}", "boot", d->boot, "version", ORIEL_VERSION, "device", c->device_id,
                             "config", path);
    const char *bare = oriel_launcher_why_bare(d->launcher);
    bool unprotected = bare && strcmp(c->sandbox_without, "run-unprotected") == 0;
    if (bare) {
        json_object_set_new(boot, "sandbox",
                            json_string(unprotected ? "none: run-unprotected" : "none: sessions are refused"));
        oriel_warning("no sandbox for helpers on this machine: %s", bare);
        oriel_warning(unprotected
                          ? "sessions run without one all the same: [sandbox] without-namespaces=run-unprotected"
                          : "sessions are refused: [sandbox] without-namespaces=refuse");
    }
    oriel_ledger_boot(d->ledger, boot);
    d->provider = oriel_provider_new(c->consent_socket, c->consent_users, &oriel_device_provider_events, d, error);
    if (d->provider && *c->consent_lines && !oriel_provider_add_lines(d->provider, c->consent_lines, error))
        return false;
    d->control = d->provider ? oriel_control_new(c->control_socket, &control_ops, d, error) : NULL;
    if (!d->control)
        return false;
    g_autofree char *will = oriel_mail_state(
        d->identity, NULL, json_pack("{s:s, s:s, s:b}", "device", c->device_id, "boot", d->boot, "online", 0));
    if (!start_unattended(d, error))
        return false;
    d->watch = oriel_watch_new(c->trust_directory, oriel_device_trust_changed, d);
    d->link = oriel_link_new(c, d->launcher, will, &oriel_device_link_events, d, error);
    return d->link != NULL;
}

struct oriel_device *oriel_device_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                      GError **error) {
    struct oriel_device *d = g_new0(struct oriel_device, 1);
    d->config = config;
    d->launcher = launcher;
    oriel_message_nonce(d->boot);
    d->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    d->timer_source = g_unix_fd_add(d->timer, G_IO_IN, timer_fired, d);
    d->exchanges = oriel_exchanges_new();
    d->limit = oriel_limit_new();
    d->backoff = oriel_backoff_new();
    d->trust = oriel_trust_new(config);
    const struct oriel_session_rules rules = {config->consent_timeout, config->consent_allow_after,
                                              config->consent_again,   config->consent_grace,
                                              config->media_outage,    strcmp(config->audit_addresses, "yes") == 0};
    d->session = oriel_session_new(&session_ops, d, &rules);
    d->picture = oriel_picture_new(config, launcher, d->session, oriel_device_give, d);
    oriel_launcher_on_stop(launcher, stopped, d);
    if (!start(d, error)) {
        oriel_device_free(d);
        return NULL;
    }
    oriel_device_recall(d);
    oriel_device_publish(d);
    d->state_source = g_timeout_add_seconds(STATE_INTERVAL, publish_again, d);
    return d;
}

void oriel_device_shut_down(struct oriel_device *d, GMainLoop *loop) {
    if (d->closing)
        return;
    d->closing = loop;
    oriel_device_record_refusals(d);
    oriel_session_stop(d->session, "device", "shutdown");
    finish_when_quiet(d);
}

void oriel_device_free(struct oriel_device *d) {
    if (!d)
        return;
    oriel_launcher_on_stop(d->launcher, NULL, NULL);
    g_clear_handle_id(&d->timer_source, g_source_remove);
    g_clear_handle_id(&d->state_source, g_source_remove);
    g_clear_handle_id(&d->trust_source, g_source_remove);
    g_clear_handle_id(&d->refusals_source, g_source_remove);
    oriel_ledger_free(d->ledger); /* what waits is written; nobody is told */
    oriel_collector_free(d->collector);
    oriel_control_free(d->control);
    oriel_provider_free(d->provider);
    oriel_link_free(d->link);
    oriel_session_free(d->session);
    oriel_picture_free(d->picture);
    oriel_watch_free(d->watch);
    oriel_exchanges_free(d->exchanges);
    oriel_limit_free(d->limit);
    oriel_backoff_free(d->backoff);
    oriel_keyswitch_free(d->keyswitch);
    oriel_authorise_free(d->authorise);
    g_free(d->authorise_why);
    oriel_trust_free(d->trust);
    oriel_identity_free(d->identity);
    close(d->timer);
    g_free(d->offline_why);
    json_decref(d->help);
    json_decref(d->answer);
    g_free(d);
}
