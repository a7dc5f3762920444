/* Strict JSON for bytes that somebody else wrote: broker, HMI, shell.
 * Policy: exactly one object, no bytes after it, no duplicate names, no NUL, valid UTF-8, at most 8 levels, at most the
 * caller's size; anything else is refused with a sentence that says what. Jansson does the parsing.
 * Thread-safe. */
#ifndef ORIEL_JSON_H
#define ORIEL_JSON_H

#include <jansson.h>
#include <stddef.h>

enum { ORIEL_JSON_ERROR_SIZE = 160, ORIEL_JSON_DEPTH_MAX = 8 };

/* A new reference, or NULL with `error` filled. */
json_t *oriel_json_decode(const void *bytes, size_t length, size_t max, char error[ORIEL_JSON_ERROR_SIZE]);
/* Compact, in insertion order; the caller frees. NULL only without memory. */
char *oriel_json_encode(const json_t *value);
/* From now on the memory of JSON values is overwritten when it is freed: for processes whose keys are JSON (JWK). Call
 * first of all, before any value is there. */
void oriel_json_wipe(void);
/* The string member `name`, or NULL when it is absent or no string. Lives as long as `object`. */
const char *oriel_json_text(const json_t *object, const char *name);
/* The integer member `name`, or `otherwise`. */
json_int_t oriel_json_integer(const json_t *object, const char *name, json_int_t otherwise);

#endif
