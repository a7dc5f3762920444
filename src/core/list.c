/* See list.h. */
#include "list.h"

#include <glib.h>
#include <string.h>

bool oriel_list_has(const json_t *list, const char *text) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

json_t *oriel_list_both(const json_t *a, const json_t *b) {
    json_t *both = json_array();
    for (size_t i = 0; i < json_array_size(a); i++)
        if (oriel_list_has(b, json_string_value(json_array_get(a, i))))
            json_array_append(both, json_array_get(a, i));
    return both;
}

json_t *oriel_list_split(const char *text) {
    json_t *list = json_array();
    g_auto(GStrv) parts = g_strsplit(text, ";", -1);
    for (char **part = parts; *part; part++)
        if (*g_strstrip(*part))
            json_array_append_new(list, json_string(*part));
    return list;
}
