/* Fills in the templates of signaling/broker and signaling/turn, which are part of this program: see provision.h. */
#include "provision.h"

char *oriel_template_fill(GResource *templates, const char *path, const struct oriel_value *values) {
    g_autoptr(GBytes) bytes = g_resource_lookup_data(templates, path, 0, NULL);
    g_auto(GStrv) lines = g_strsplit(g_bytes_get_data(bytes, NULL), "\n", -1);
    for (char **line = lines; *line; line++)
        for (const struct oriel_value *v = values; v->name && **line != '#'; v++) {
            g_auto(GStrv) parts = g_strsplit(*line, v->name, -1);
            g_free(*line);
            *line = g_strjoinv(v->text, parts);
        }
    return g_strjoinv("\n", lines);
}
