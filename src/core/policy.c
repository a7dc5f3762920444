/* See policy.h. */
#include "policy.h"

#include <string.h>

#include "clock.h"
#include "list.h"
#include "text.h"

enum { REASON_MAX = 120, AGENT_NAME_MAX = 64, SECONDS_MIN = 30 };

/* A new reference: what the configuration allows and this version can do. */
static json_t *device_scopes(const struct oriel_config *config) {
    json_t *scopes = json_array();
    json_t *configured = oriel_list_split(config->session_scopes);
    for (const struct oriel_scope *s = oriel_scopes; s->name; s++)
        if (s->built && oriel_list_has(configured, s->name))
            json_array_append_new(scopes, json_string(s->name));
    json_decref(configured);
    return scopes;
}

json_t *oriel_policy_offered(const struct oriel_config *config, const struct oriel_vendor *vendor) {
    json_t *device = device_scopes(config), *both = oriel_list_both(device, vendor->scopes);
    json_decref(device);
    return both;
}

/* A new reference. */
static json_t *effective_scopes(const struct oriel_config *config, const struct oriel_peer *peer,
                                const struct oriel_vendor *vendor, const json_t *requested) {
    json_t *device = device_scopes(config);
    json_t *a = oriel_list_both(requested, peer->scopes), *b = oriel_list_both(a, vendor->scopes),
           *c = oriel_list_both(b, device);
    json_decref(device);
    json_decref(a);
    json_decref(b);
    return c;
}

/* Where media goes through TURN, it goes to the servers of the trust file and to no other: an agent brings credentials,
 * never an address. `detail` is set when something is missing. */
static void choose_turn(const struct oriel_config *config, const struct oriel_vendor *vendor, const json_t *message,
                        struct oriel_session_request *out, char **detail) {
    const json_t *turn = json_object_get(message, "turn");
    if (strcmp(config->media_path, "relay") != 0)
        return;
    if (!vendor->turn) {
        *detail = g_strdup_printf("this device has no TURN server for %s: put one into trust.d, or set [media] "
                                  "path=direct for a trusted LAN",
                                  vendor->id);
        return;
    }
    if (!turn) {
        *detail = g_strdup("media of this device goes through TURN, and the request has no credentials for it: the "
                           "enrolment must bring them (oriel provision agent, of a vendor with --turn)");
        return;
    }
    GString *servers = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(vendor->turn); i++)
        g_string_append_printf(servers, "%s%s", i ? "," : "", json_string_value(json_array_get(vendor->turn, i)));
    out->turn_servers = g_string_free(servers, FALSE);
    out->turn_username = g_strdup(oriel_json_text(turn, "username"));
    out->turn_password = g_strdup(oriel_json_text(turn, "password"));
}

/* Seconds that the agent's credential lasts yet. */
static guint credential_left(const struct oriel_peer *peer) {
    gint64 left = (peer->until - oriel_boottime()) / ORIEL_SECOND;
    return (guint)CLAMP(left, 0, G_MAXINT);
}

bool oriel_policy_check(const struct oriel_config *config, struct oriel_trust *trust, struct oriel_peer *peer,
                        const json_t *message, struct oriel_session_request *out, char **detail) {
    if (strcmp(oriel_json_text(message, "device"), config->device_id) != 0) {
        *detail = g_strdup("the request names another device");
        return false;
    }
    g_autoptr(GError) error = NULL;
    struct oriel_vendor *vendor = oriel_trust_find(trust, peer->vendor, &error);
    if (!vendor) {
        *detail = g_strdup(error->message);
        return false;
    }
    const json_t *requested = json_object_get(message, "scopes");
    out->scopes = effective_scopes(config, peer, vendor, requested);
    out->name = oriel_text_clean(peer->name, AGENT_NAME_MAX);
    out->reason = oriel_text_clean(oriel_json_text(message, "reason"), REASON_MAX);
    out->company = g_steal_pointer(&vendor->label);
    out->vendor = g_strdup(peer->vendor);
    out->peer = oriel_peer_ref(peer);
    out->fingerprint = g_strdup(oriel_json_text(message, "fingerprint"));
    guint asked = (guint)oriel_json_integer(message, "seconds", 0), left = credential_left(peer);
    out->seconds = MIN(MIN(asked, left), MIN(vendor->seconds, config->session_max_seconds));
    bool over_ask = json_array_size(out->scopes) < json_array_size(requested);
    if (!json_array_size(out->scopes) || (over_ask && vendor->refuse_over_ask))
        *detail = g_strdup_printf("vendor '%s' may not ask for %s scopes here", out->vendor,
                                  json_array_size(out->scopes) ? "all of these" : "these");
    else if (left < SECONDS_MIN)
        *detail = g_strdup("the credential ends: renew it, and say hello with the new one");
    else if (!*out->name || !*out->reason)
        *detail = g_strdup("name or reason has no visible character");
    else
        choose_turn(config, vendor, message, out, detail);
    oriel_vendor_free(vendor);
    if (*detail)
        oriel_session_request_clear(out);
    return !*detail;
}
