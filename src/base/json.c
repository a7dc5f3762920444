/* See json.h. The depth is looked at before parsing, since a parser that recurses is what a depth bomb wants. */
#include "json.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool too_deep(const char *s, size_t length) {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        if (in_string) {
            if (s[i] == '\\')
                i++;
            else if (s[i] == '"')
                in_string = false;
        } else if (s[i] == '"') {
            in_string = true;
        } else if (s[i] == '{' || s[i] == '[') {
            if (++depth > ORIEL_JSON_DEPTH_MAX)
                return true;
        } else if (s[i] == '}' || s[i] == ']') {
            depth--;
        }
    }
    return false;
}

json_t *oriel_json_decode(const void *bytes, size_t length, size_t max, char error[ORIEL_JSON_ERROR_SIZE]) {
    if (length > max) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "message of %zu bytes, at most %zu are allowed", length, max);
        return NULL;
    }
    if (too_deep(bytes, length)) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "JSON deeper than %d levels", ORIEL_JSON_DEPTH_MAX);
        return NULL;
    }
    json_error_t e;
    json_t *value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &e);
    if (!value) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "not JSON: %.100s at byte %d", e.text, e.position);
        for (char *c = error; *c; c++) /* jansson quotes the input, and may cut a character in two */
            if (*c < ' ' || *c > '~')
                *c = '?';
        return NULL;
    }
    if (!json_is_object(value)) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "not a JSON object");
        json_decref(value);
        return NULL;
    }
    return value;
}

char *oriel_json_encode(const json_t *value) {
    return json_dumps(value, JSON_COMPACT);
}

static void free_wiped(void *memory) {
    if (memory)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

void oriel_json_wipe(void) {
    json_set_alloc_funcs(malloc, free_wiped);
}

const char *oriel_json_text(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

json_int_t oriel_json_integer(const json_t *object, const char *name, json_int_t otherwise) {
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}
