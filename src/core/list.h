/* Lists of names, as JSON arrays of texts: scopes, vendors. Pure. */
#ifndef ORIEL_LIST_H
#define ORIEL_LIST_H

#include <jansson.h>
#include <stdbool.h>

bool oriel_list_has(const json_t *list, const char *text);
/* What is in both, in the order of `a`: a new reference. */
json_t *oriel_list_both(const json_t *a, const json_t *b);
/* Of a configuration's value, joined by ';': a new reference. */
json_t *oriel_list_split(const char *text);

#endif
