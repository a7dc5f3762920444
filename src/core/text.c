/* See text.h. What Unicode calls Cf holds every character that reorders or hides others (UAX #9, UTR #36); the fillers
 * and selectors below are letters, marks or symbols by category, yet nothing is seen of them. */
#include "text.h"

#include <stdbool.h>

/* On one letter: as many as any language writes, too few to paint over the lines around. */
enum { MARKS_MAX = 4 };

static const struct {
    gunichar first, last;
} blanks[] = {{0x034f, 0x034f}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},  {0x2800, 0x2800},
              {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xffa0, 0xffa0}, {0xe0100, 0xe01ef}};

static bool hides(gunichar c) {
    for (gsize i = 0; i < G_N_ELEMENTS(blanks); i++)
        if (c >= blanks[i].first && c <= blanks[i].last)
            return true;
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

static bool is_space(gunichar c) {
    return g_unichar_isspace(c) || g_unichar_type(c) == G_UNICODE_LINE_SEPARATOR ||
           g_unichar_type(c) == G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* Stands above, below or around the character before it. */
static bool is_mark(gunichar c) {
    return g_unichar_type(c) == G_UNICODE_NON_SPACING_MARK || g_unichar_type(c) == G_UNICODE_ENCLOSING_MARK;
}

char *oriel_text_clean(const char *bytes, guint characters) {
    g_autofree char *valid = g_utf8_make_valid(bytes, -1);
    GString *out = g_string_new(NULL);
    guint count = 0, marks = MARKS_MAX; /* there is no letter yet that could carry one */
    bool space = false;
    for (const char *text = valid; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (is_space(c)) {
            space = count > 0;
            marks = MARKS_MAX;
            continue;
        }
        if (hides(c) || (is_mark(c) && marks >= MARKS_MAX))
            continue;
        marks = is_mark(c) ? marks + 1 : 0;
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
