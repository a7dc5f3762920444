/* `oriel provision authorise`: the owner's word, beforehand, that a vendor may look at one device for a while, as often
 * as it says, though nobody is asked. Whoever has it can use it: it goes to that vendor only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "document.h"
#include "log.h"
#include "message.h"
#include "provision.h"

enum { HOUR = 3600, HOURS_MAX = 366 * 24 };

/* Seconds since 1970; false after saying what is wrong. */
static bool parse_time(const char *value, json_int_t *out) {
    if (!value)
        return true;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) t = g_date_time_new_from_iso8601(value, utc);
    if (t && g_date_time_to_unix(t) >= 0) {
        *out = (json_int_t)g_date_time_to_unix(t);
        return true;
    }
    oriel_error("--from '%s' is no time: 2026-11-26T08:00:00Z, or with +01:00 in the place of Z", value);
    return false;
}

int oriel_provision_authorise(int argc, char **argv) {
    const char *from = NULL, *tenant = NULL, *device = NULL, *vendor = NULL, *scope_list = NULL, *seconds_text = NULL,
               *uses_text = NULL, *start_text = NULL, *hours_text = NULL, *out = NULL;
    const struct oriel_option options[] = {{"--owner", ORIEL_OPTION_REQUIRED, &from},
                                           {"--tenant", ORIEL_OPTION_REQUIRED, &tenant},
                                           {"--device", ORIEL_OPTION_REQUIRED, &device},
                                           {"--vendor", ORIEL_OPTION_REQUIRED, &vendor},
                                           {"--scopes", ORIEL_OPTION, &scope_list},
                                           {"--seconds", ORIEL_OPTION, &seconds_text},
                                           {"--uses", ORIEL_OPTION, &uses_text},
                                           {"--from", ORIEL_OPTION, &start_text},
                                           {"--hours", ORIEL_OPTION, &hours_text},
                                           {"--out", ORIEL_OPTION, &out},
                                           {NULL}};
    long seconds = 1800, uses = 1, hours = 8;
    json_int_t now = (json_int_t)time(NULL), start = now;
    if (!oriel_options_parse(options, argc, argv) || !oriel_value_is_id("--tenant", tenant) ||
        !oriel_value_is_id("--device", device) || !oriel_value_is_id("--vendor", vendor) ||
        !oriel_value_number("--seconds", seconds_text, 30, 28800, &seconds) ||
        !oriel_value_number("--uses", uses_text, 1, 1000, &uses) ||
        !oriel_value_number("--hours", hours_text, 1, HOURS_MAX, &hours) || !parse_time(start_text, &start))
        return 2;
    json_t *scopes = oriel_value_scopes("--scopes", scope_list ? scope_list : "view");
    if (!scopes)
        return 2;
    json_t *owner = oriel_owner_read(from);
    json_t *key = owner ? oriel_party_key(from, "owner.key", json_object_get(owner, "key")) : NULL;
    char id[ORIEL_HASH_SIZE];
    oriel_message_nonce(id);
    char *jws = key ? oriel_document_sign(ORIEL_DOCUMENT_AUTHORISATION,
                                          json_pack("{s:O, s:s, s:s, s:s, s:s, s:O, s:I, s:I, s:I, s:I, s:I}", "iss",
                                                    json_object_get(owner, "id"), "id", id, "tenant", tenant, "device",
                                                    device, "vendor", vendor, "scopes", scopes, "seconds",
                                                    (json_int_t)seconds, "uses", (json_int_t)uses, "iat", now, "nbf",
                                                    start, "exp", start + (json_int_t)hours * HOUR),
                                          key)
                    : NULL;
    json_decref(scopes);
    json_decref(owner);
    json_decref(key);
    if (!jws)
        return 1;
    fprintf(stderr, "authorisation %s: its uses stand under this id in the device's log\n", id);
    return oriel_file_put(out ? out : "-", 0600, jws) ? 0 : 1;
}
