/* See policy.h. */
#include "policy.h"

#include <string.h>

#include "text.h"
#include "trust.h"

enum { REASON_MAX = 120, AGENT_NAME_MAX = 64 };

static bool contains(const json_t *list, const char *text) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

static json_t *intersect(const json_t *a, const json_t *b) {
    json_t *both = json_array();
    for (size_t i = 0; i < json_array_size(a); i++)
        if (contains(b, json_string_value(json_array_get(a, i))))
            json_array_append(both, json_array_get(a, i));
    return both;
}

bool oriel_policy_check(const struct oriel_config *config, const char *agent, const json_t *message,
                        struct oriel_session_request *out, char **detail) {
    const json_t *credential = json_object_get(message, "credential");
    if (strcmp(oriel_json_text(message, "device"), config->device_id) != 0) {
        *detail = g_strdup("the request names another device");
        return false;
    }
    if (strcmp(oriel_json_text(credential, "sub"), agent) != 0) {
        *detail = g_strdup("the credential names another agent than the topic");
        return false;
    }
    g_autoptr(GError) error = NULL;
    struct oriel_vendor *vendor = oriel_trust_find(config->trust_directory, oriel_json_text(credential, "iss"), &error);
    if (!vendor) {
        *detail = g_strdup(error->message);
        return false;
    }
    out->scopes = intersect(json_object_get(message, "scopes"), vendor->scopes);
    out->name = oriel_text_clean(oriel_json_text(credential, "name"), AGENT_NAME_MAX);
    out->reason = oriel_text_clean(oriel_json_text(message, "reason"), REASON_MAX);
    out->company = g_steal_pointer(&vendor->label);
    out->vendor = g_strdup(oriel_json_text(credential, "iss"));
    out->agent = g_strdup(agent);
    out->fingerprint = g_strdup(oriel_json_text(message, "fingerprint"));
    guint asked = (guint)oriel_json_integer(message, "seconds", 0);
    out->seconds = MIN(asked, MIN(vendor->seconds, config->session_max_seconds));
    oriel_vendor_free(vendor);
    if (!json_array_size(out->scopes))
        *detail = g_strdup_printf("vendor '%s' may not ask for these scopes here", out->vendor);
    else if (!*out->name || !*out->reason)
        *detail = g_strdup("name or reason has no visible character");
    if (*detail)
        oriel_session_request_clear(out);
    return !*detail;
}
