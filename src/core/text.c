/* See text.h. What Unicode calls Cf holds every character that reorders or hides others (UAX #9, UTR #36). */
#include "text.h"

#include <stdbool.h>

static bool hides(gunichar c) {
    switch (g_unichar_type(c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
        return true;
    default:
        return false;
    }
}

char *oriel_text_clean(const char *text, guint characters) {
    GString *out = g_string_new(NULL);
    guint count = 0;
    bool space = false;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (g_unichar_isspace(c) || g_unichar_type(c) == G_UNICODE_LINE_SEPARATOR ||
            g_unichar_type(c) == G_UNICODE_PARAGRAPH_SEPARATOR) {
            space = count > 0;
            continue;
        }
        if (hides(c))
            continue;
        if (count + space + 1 > characters) {
            if (out->len)
                g_string_truncate(out, (gsize)(g_utf8_prev_char(out->str + out->len) - out->str));
            g_string_append(out, "…");
            break;
        }
        if (space)
            g_string_append_c(out, ' ');
        count += space + 1u;
        space = false;
        g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}
