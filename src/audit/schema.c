/* See schema.h. A member is NAME:KIND, with '?' when it may be absent. Kinds: t text · i whole number from 0 · n number
 * from 0 · r number · b true or false · l list of texts. No event holds content of a session, keystrokes, or, unless
 * [audit] addresses=yes, addresses of peers; the relay of media-start is the vendor's TURN server. */
#include "schema.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *event, *members;
} events[] = {
    {"boot", "boot:t version:t device:t config:t configuration:t trust:t sandbox:t?"},
    {"policy", "what:t hash:t before:t"},
    {"request", "request:t session:t? vendor:t agent:t name:t reason:t scopes:l seconds:i"},
    {"prompt", "request:t session:t?"},
    {"early", "request:t ms:i"},
    {"decision", "request:t session:t? allow:b scopes:l? reason:t? detail:t? by:t? authorisation:t? use:i?"},
    {"grant", "request:t session:t vendor:t agent:t scopes:l seconds:i by:t? authorisation:t? use:i? sandbox:t?"},
    {"media-start", "session:t fingerprint:t agent_fingerprint:t relay:t?"},
    {"live", "session:t path:i transport:t addresses:l?"},
    {"lost", "session:t path:i detail:t?"},
    {"rejoin", "session:t request:t agent_fingerprint:t"},
    {"pause", "session:t reason:t"},
    {"resume", "session:t"},
    {"camera", "session:t on:b name:t?"},
    {"scopes", "session:t removed:t scopes:l"},
    {"end", "session:t by:t reason:t seconds:n bytes:i chat:i? detail:t?"},
    {"aborted", "session:t"},
    {"refused", "agent:t reason:t detail:t?"},
    {"refusals", "count:i"},
    {"revocation", "vendor:t"},
    {"call", "note:t"},
    {"uncall", ""},
    {"answered", "vendor:t agent:t name:t note:t"},
    {"window", "open:b seconds:i? why:t?"},
    {"clock", "step:r"},
    {"recovered", "cut_bytes:i cut:t?"},
    {"acknowledged", "found:t uid:i size:i peaks:t"},
    {"exported", "first:i last:i by:t"},
    {"cosigned", "by:t size:i"},
    {"dropped", "first:i last:i"},
};

static bool is_kind(const json_t *value, char kind) {
    size_t i;
    json_t *item;
    switch (kind) {
    case 't':
        return json_is_string(value);
    case 'i':
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case 'n':
        return json_is_number(value) && json_number_value(value) >= 0;
    case 'r':
        return json_is_number(value);
    case 'b':
        return json_is_boolean(value);
    default:
        if (!json_is_array(value))
            return false;
        json_array_foreach(value, i, item) if (!json_is_string(item)) return false;
        return true;
    }
}

static bool is_in(const char *name, const char *const *list) {
    for (; list && *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

static bool names_it(const char *members, const char *name) {
    size_t n = strlen(name);
    for (const char *at = members; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strncmp(at, name, n) == 0 && at[n] == ':')
            return true;
    return false;
}

bool oriel_schema_check(const char *event, const json_t *members, const char *const *common,
                        char error[ORIEL_SCHEMA_ERROR_SIZE]) {
    const char *expected = NULL, *name;
    const json_t *value;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (strcmp(events[i].event, event) == 0)
            expected = events[i].members;
    if (!expected) {
        snprintf(error, ORIEL_SCHEMA_ERROR_SIZE, "there is no event '%.40s'", event);
        return false;
    }
    for (const char *at = expected; *at; at += strcspn(at, " "), at += *at == ' ') {
        char member[32] = "";
        size_t n = strcspn(at, ":");
        memcpy(member, at, n);
        value = json_object_get(members, member);
        if (value ? is_kind(value, at[n + 1]) : at[n + 2] == '?')
            continue;
        snprintf(error, ORIEL_SCHEMA_ERROR_SIZE, "'%s' of the event '%s' is %s", member, event,
                 value ? "of another kind" : "missing");
        return false;
    }
    json_object_foreach((json_t *)members, name, value) {
        if (names_it(expected, name) || is_in(name, common))
            continue;
        snprintf(error, ORIEL_SCHEMA_ERROR_SIZE, "the event '%s' has no '%.60s'", event, name);
        return false;
    }
    return true;
}
