/* See link.h. */
#include "link.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core_signal.h"
#include "helper.h"
#include "log.h"

enum { BACKOFF_MAX = 60, GOODBYE = 2, LOOK_AGAIN = 10 };

struct oriel_link {
    const struct oriel_config *config;
    struct oriel_launcher *launcher;
    const struct oriel_link_events *events;
    void *user;
    char *will, *state;
    struct oriel_helper *helper;
    guint backoff, timer, names_timer;
    struct stat names; /* resolv.conf as the helper sees it */
    bool closing;
};

static bool start(struct oriel_link *l, GError **error);

/* The helper sees the resolv.conf of its start (src/launch/SANDBOX.md). Where that was replaced, as a change of network
 * does, and it can't reach the broker, it is started afresh. */
static gboolean look_at_names(gpointer data) {
    struct oriel_link *l = data;
    struct stat now = {0};
    stat("/etc/resolv.conf", &now);
    if (!l->helper || (now.st_ino == l->names.st_ino && now.st_dev == l->names.st_dev))
        return G_SOURCE_CONTINUE;
    oriel_info("/etc/resolv.conf is another one: oriel-signal is started afresh");
    l->names = now;
    oriel_helper_kill(l->helper);
    return G_SOURCE_CONTINUE;
}

static void watch_names(struct oriel_link *l, bool on) {
    if (!on)
        g_clear_handle_id(&l->names_timer, g_source_remove);
    else if (!l->names_timer)
        l->names_timer = g_timeout_add_seconds(LOOK_AGAIN, look_at_names, l);
}

static gboolean start_again(gpointer data) {
    struct oriel_link *l = data;
    g_autoptr(GError) error = NULL;
    l->timer = 0;
    if (!start(l, &error)) {
        oriel_error("%s", error->message);
        l->timer = g_timeout_add_seconds(l->backoff, start_again, l);
    }
    return G_SOURCE_REMOVE;
}

static void on_exited(void *user, int status) {
    struct oriel_link *l = user;
    l->helper = NULL;
    g_clear_handle_id(&l->timer, g_source_remove);
    if (l->closing) {
        l->events->gone(l->user);
        return;
    }
    oriel_error("oriel-signal ended (%s %d); it is started again in %u s", WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), l->backoff);
    l->events->online(l->user, false, "oriel-signal ended");
    l->timer = g_timeout_add_seconds(l->backoff, start_again, l);
    l->backoff = MIN(l->backoff * 2, BACKOFF_MAX);
}

static void on_message(void *user, struct oriel_ipc_message *m) {
    struct oriel_link *l = user;
    switch (m->type->id) {
    case ORIEL_SIGNAL_ONLINE:
        if (m->fields[0].number)
            l->backoff = 1;
        watch_names(l, m->fields[0].number == 0);
        l->events->online(l->user, m->fields[0].number != 0, m->fields[1].bytes);
        break;
    case ORIEL_SIGNAL_RECEIVED:
        l->events->received(l->user, m->fields[0].bytes, m->fields[1].bytes, m->fields[1].length);
        break;
    case ORIEL_SIGNAL_REVOCATION:
        l->events->revocation(l->user, m->fields[0].bytes, m->fields[1].bytes, m->fields[1].length);
        break;
    case ORIEL_SIGNAL_COSIGNED:
        l->events->cosigned(l->user, m->fields[0].bytes, m->fields[0].length);
        break;
    case ORIEL_SIGNAL_STALE:
        l->events->stale(l->user);
        break;
    }
}

static const struct oriel_helper_kind kind = {ORIEL_PROCESS_SIGNAL, "oriel-signal", &oriel_signal_to_core, on_message,
                                              on_exited};

static bool start(struct oriel_link *l, GError **error) {
    const struct oriel_config *c = l->config;
    l->helper = oriel_helper_start(&kind, l->launcher, l, error);
    if (!l->helper)
        return false;
    if (stat("/etc/resolv.conf", &l->names) < 0)
        l->names = (struct stat){0};
    int fd = oriel_helper_fd(l->helper);
    oriel_ipc_send(fd, &oriel_core_to_signal, ORIEL_SIGNAL_CONFIGURE, c->broker_url, c->broker_ca,
                   c->broker_certificate, c->broker_key, c->broker_proxy, c->tenant, c->device_id, l->will,
                   strlen(l->will), (uint32_t)(*c->audit_collector_key != '\0'));
    if (l->state)
        oriel_ipc_send(fd, &oriel_core_to_signal, ORIEL_SIGNAL_STATE, l->state, strlen(l->state));
    return true;
}

struct oriel_link *oriel_link_new(const struct oriel_config *config, struct oriel_launcher *launcher, const char *will,
                                  const struct oriel_link_events *events, void *user, GError **error) {
    struct oriel_link *l = g_new0(struct oriel_link, 1);
    l->config = config;
    l->launcher = launcher;
    l->events = events;
    l->user = user;
    l->will = g_strdup(will);
    l->backoff = 1;
    if (!start(l, error)) {
        oriel_link_free(l);
        return NULL;
    }
    return l;
}

void oriel_link_state(struct oriel_link *l, const char *state) {
    g_free(l->state);
    l->state = g_strdup(state);
    if (l->helper)
        oriel_ipc_send(oriel_helper_fd(l->helper), &oriel_core_to_signal, ORIEL_SIGNAL_STATE, state, strlen(state));
}

void oriel_link_send(struct oriel_link *l, const char *agent, const char *bytes) {
    int result = l->helper ? oriel_ipc_send(oriel_helper_fd(l->helper), &oriel_core_to_signal, ORIEL_SIGNAL_SEND, agent,
                                            bytes, strlen(bytes))
                           : 0;
    if (result < 0)
        oriel_warning("a message to agent '%s' is lost: oriel-signal does not take it (%s)", agent,
                      g_strerror(-result));
}

void oriel_link_audit(struct oriel_link *l, const char *bytes) {
    int result = l->helper ? oriel_ipc_send(oriel_helper_fd(l->helper), &oriel_core_to_signal, ORIEL_SIGNAL_AUDIT,
                                            bytes, strlen(bytes))
                           : 0;
    if (result < 0)
        oriel_warning("records for the collector wait: oriel-signal does not take them (%s)", g_strerror(-result));
}

static gboolean lose_patience(gpointer data) {
    struct oriel_link *l = data;
    l->timer = 0;
    if (l->helper)
        oriel_helper_kill(l->helper);
    return G_SOURCE_REMOVE;
}

void oriel_link_shut_down(struct oriel_link *l) {
    if (l->closing)
        return;
    l->closing = true;
    g_clear_handle_id(&l->timer, g_source_remove);
    if (!l->helper) {
        l->events->gone(l->user);
        return;
    }
    oriel_helper_hang_up(l->helper);
    l->timer = g_timeout_add_seconds(GOODBYE, lose_patience, l);
}

void oriel_link_free(struct oriel_link *l) {
    if (!l)
        return;
    g_clear_handle_id(&l->timer, g_source_remove);
    watch_names(l, false);
    g_free(l->will);
    g_free(l->state);
    g_free(l);
}
