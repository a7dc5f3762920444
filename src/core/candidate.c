/* See candidate.h. */
#include "candidate.h"

#include <gio/gio.h>
#include <string.h>

enum { ADDRESS = 4, PARTS_MIN = 8 };

static bool is_port(const char *text) {
    return g_ascii_string_to_unsigned(text, 10, 1, 65535, NULL, NULL);
}

bool oriel_candidate_may_leave(const char *candidate, bool relay, const char *addresses) {
    if (!*candidate)
        return true;
    for (const char *c = candidate; *c; c++)
        if (*c < ' ' || *c > '~')
            return false;
    if (!g_str_has_prefix(candidate, "candidate:"))
        return false;
    /* foundation component transport priority address port "typ" type … */
    g_auto(GStrv) part = g_strsplit(candidate + strlen("candidate:"), " ", -1);
    if (g_strv_length(part) < PARTS_MIN || g_ascii_strcasecmp(part[2], "udp") != 0 ||
        !g_hostname_is_ip_address(part[ADDRESS]) || !is_port(part[5]) || strcmp(part[6], "typ") != 0)
        return false;
    if (relay)
        return strcmp(part[7], "relay") == 0;
    g_auto(GStrv) own = g_strsplit(addresses, ";", -1);
    return strcmp(part[7], "host") == 0 && (!*addresses || g_strv_contains((const char *const *)own, part[ADDRESS]));
}

bool oriel_offer_may_leave(const char *sdp) {
    return !g_str_has_prefix(sdp, "a=candidate") && !strstr(sdp, "\na=candidate") && !strstr(sdp, "\ra=candidate");
}
