/* See relay.h. */
#include "relay.h"

#include "core_egress.h"
#include "helper.h"
#include "log.h"

enum { REMEMBERED_MAX = 300 }; /* a URI, in full; it goes into the next START */
enum { LAST_WORD_MS = 200 };   /* for the release of what media has at the TURN server; it takes one or two */

struct oriel_relay {
    const struct oriel_config *config;
    struct oriel_launcher *launcher;
    struct oriel_session *session;
    void (*gone)(void *user);
    void *user;
    struct oriel_helper *egress;
    guint delay[2];   /* us: median, most */
    char *remembered; /* the way that worked last, in egress's own words */
    bool killed;
    guint late; /* it was told to end, and has so long */
};

static bool is_utf8(const struct oriel_ipc_message *m) {
    for (const char *f = m->type->fields; *f; f++)
        if (*f == 's' && !g_utf8_validate(m->fields[f - m->type->fields].bytes, -1, NULL))
            return false;
    return true;
}

static void on_path(struct oriel_relay *r, const struct oriel_ipc_message *m) {
    static const char *const transports[] = {"udp", "tcp", "tls", NULL};
    if (!g_strv_contains(transports, m->fields[0].bytes) || m->fields[2].length > REMEMBERED_MAX) {
        oriel_error("oriel-egress told a way that there is not; it is ended");
        oriel_helper_kill(r->egress);
        return;
    }
    oriel_info("relay: %s, found in %u ms", m->fields[1].bytes, (guint)m->fields[3].number);
    g_free(r->remembered);
    r->remembered = g_strdup(m->fields[2].bytes);
    oriel_session_transport(r->session, m->fields[0].bytes);
    if (m->fields[4].number > 1) /* the allocation of the first one is gone with it */
        oriel_session_renew(r->session);
}

/* Not trusted: what it says is checked like what comes from outside. */
static void on_message(void *user, struct oriel_ipc_message *m) {
    struct oriel_relay *r = user;
    if (!is_utf8(m)) {
        oriel_helper_kill(r->egress);
        return;
    }
    switch (m->type->id) {
    case ORIEL_EGRESS_PATH:
        on_path(r, m);
        break;
    case ORIEL_EGRESS_LOST:
        oriel_warning("relay: %s", m->fields[0].bytes);
        oriel_session_no_way(r->session, m->fields[0].bytes);
        break;
    case ORIEL_EGRESS_STATS:
        r->delay[0] = (guint)m->fields[5].number;
        r->delay[1] = (guint)m->fields[6].number;
        break;
    case ORIEL_EGRESS_FAILED:
        oriel_error("relay: %s", m->fields[0].bytes);
        oriel_session_failed(r->session, "relay-failed", m->fields[0].bytes);
        break;
    }
}

static void on_exited(void *user, int status) {
    struct oriel_relay *r = user;
    r->egress = NULL;
    g_clear_handle_id(&r->late, g_source_remove);
    if (!r->killed) {
        oriel_error("oriel-egress ended (status %d)", status);
        oriel_session_failed(r->session, "relay-failed", "the process that speaks with the TURN server ended");
    }
    r->gone(r->user);
}

static const struct oriel_helper_kind kind = {ORIEL_PROCESS_EGRESS, "oriel-egress", &oriel_egress_to_core, on_message,
                                              on_exited};

struct oriel_relay *oriel_relay_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                    struct oriel_session *session, void (*gone)(void *user), void *user) {
    struct oriel_relay *r = g_new0(struct oriel_relay, 1);
    *r = (struct oriel_relay){.config = config, .launcher = launcher, .session = session, .gone = gone, .user = user};
    return r;
}

void oriel_relay_free(struct oriel_relay *r) {
    if (!r)
        return;
    g_clear_handle_id(&r->late, g_source_remove);
    g_free(r->remembered);
    g_free(r);
}

bool oriel_relay_prepare(struct oriel_relay *r, GError **error) {
    r->killed = false;
    r->delay[0] = r->delay[1] = 0;
    if (!r->egress)
        r->egress = oriel_helper_start(&kind, r->launcher, r, error);
    return r->egress != NULL;
}

void oriel_relay_open(struct oriel_relay *r, const struct oriel_session_request *request, int inside) {
    const struct oriel_config *c = r->config;
    const char *username = request->turn_username, *password = request->turn_password;
    if (r->egress &&
        oriel_ipc_send(oriel_helper_fd(r->egress), &oriel_core_to_egress, ORIEL_EGRESS_START, request->turn_servers,
                       c->relay_proxy, c->relay_ca, r->remembered ? r->remembered : "", username ? username : "",
                       password ? password : "", (uint32_t)c->relay_fallback_ms, inside) < 0)
        oriel_helper_kill(r->egress);
}

void oriel_relay_delay(const struct oriel_relay *r, guint us[2]) {
    us[0] = r->delay[0];
    us[1] = r->delay[1];
}

void oriel_relay_renew(struct oriel_relay *r) {
    oriel_info("relay: another path is tried");
    if (r->egress && oriel_ipc_send(oriel_helper_fd(r->egress), &oriel_core_to_egress, ORIEL_EGRESS_RENEW) < 0)
        oriel_helper_kill(r->egress);
}

static gboolean kill_late(gpointer data) {
    struct oriel_relay *r = data;
    r->late = 0;
    if (r->egress)
        oriel_helper_kill(r->egress);
    return G_SOURCE_REMOVE;
}

void oriel_relay_end(struct oriel_relay *r) {
    r->killed = true;
    if (r->egress)
        oriel_helper_hang_up(r->egress);
    if (r->egress && !r->late)
        r->late = g_timeout_add(LAST_WORD_MS, kill_late, r);
}

void oriel_relay_discard(struct oriel_relay *r) {
    if (r->egress)
        oriel_helper_discard(r->egress);
    r->egress = NULL;
}

bool oriel_relay_runs(const struct oriel_relay *r) {
    return r->egress != NULL;
}
