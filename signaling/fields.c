/* See fields.h. */
#include "fields.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal.h"

enum { TOKEN_MAX = 4096, URI_MAX = 255, LABEL_MAX = 63, SCOPES_MAX = 8 };

const struct oriel_scope oriel_scopes[] = {
    {"view", true},     {"camera", true}, {"voice", true}, {"face", true},
    {"control", false}, {"logs", false},  {NULL, false},
};

const struct oriel_scope *oriel_scope_find(const char *name) {
    for (const struct oriel_scope *s = oriel_scopes; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

void oriel_scope_names(char text[ORIEL_SCOPE_NAMES_SIZE]) {
    size_t n = 0;
    for (const struct oriel_scope *s = oriel_scopes; s->name; s++)
        n += (size_t)snprintf(text + n, ORIEL_SCOPE_NAMES_SIZE - n, "%s%s", n ? ", " : "", s->name);
}

bool oriel_is_id(const char *text) {
    size_t n = strlen(text);
    if (n < 1 || n > 64 || text[0] == '-' || text[n - 1] == '-')
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

bool oriel_is_hash(const char *text) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    /* 32 bytes leave two bits of the 43rd character over: canonical means that they are zero. */
    return strlen(text) == 43 && strspn(text, alphabet) == 43 && (strchr(alphabet, text[42]) - alphabet) % 4 == 0;
}

bool oriel_is_fingerprint(const char *text) {
    if (strlen(text) != 95)
        return false;
    for (int i = 0; i < 95; i++)
        if (i % 3 == 2 ? text[i] != ':' : !strchr("0123456789ABCDEF", text[i]))
            return false;
    return true;
}

bool oriel_is_ascii(const char *text, size_t max) {
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return n >= 1 && n <= max;
}

/* Labels of letters, digits and hyphens; the last starts with a letter, so that no broken address is taken for one. */
static bool is_host_name(const char *text) {
    for (;;) {
        size_t n = strcspn(text, ".");
        if (n < 1 || n > LABEL_MAX || text[0] == '-' || text[n - 1] == '-' ||
            strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") < n)
            return false;
        if (!text[n])
            return text[0] >= 'a';
        text += n + 1;
    }
}

/* `host` is overwritten. */
static bool is_host(char *host) {
    unsigned char address[sizeof(struct in6_addr)];
    size_t n = strlen(host);
    if (host[0] != '[')
        return inet_pton(AF_INET, host, address) == 1 || is_host_name(host);
    if (host[n - 1] != ']' || strspn(host + 1, "0123456789abcdef:.") != n - 2)
        return false;
    host[n - 1] = '\0';
    return inet_pton(AF_INET6, host + 1, address) == 1;
}

bool oriel_is_turn_uri(const char *text) {
    char host[URI_MAX + 1];
    bool tls = strncmp(text, "turns:", 6) == 0;
    if (strlen(text) > URI_MAX || (!tls && strncmp(text, "turn:", 5) != 0))
        return false;
    text += tls ? 6 : 5;
    size_t n = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":?");
    if (n > strlen(text))
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    text += n;
    if (*text == ':') {
        size_t digits = strspn(++text, "0123456789");
        if (text[0] == '0' || digits < 1 || digits > 5 || atoi(text) > 65535)
            return false;
        text += digits;
    }
    return is_host(host) &&
           (!*text || strcmp(text, "?transport=tcp") == 0 || (!tls && strcmp(text, "?transport=udp") == 0));
}

/* Characters of valid UTF-8: bytes that do not continue another. */
static json_int_t characters(const char *text) {
    json_int_t n = 0;
    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

static bool is_word(const char *text, const char *const *words) {
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* A list of strings, none twice. */
static bool check_strings(const json_t *value, size_t min, size_t max, bool (*good)(const char *, const char *const *),
                          const char *const *words) {
    size_t n = json_array_size(value);
    if (!json_is_array(value) || n < min || n > max)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        if (!text || !good(text, words))
            return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(text, json_string_value(json_array_get(value, j))) == 0)
                return false;
    }
    return true;
}

static bool are_texts(const json_t *value, json_int_t max) {
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *text = json_string_value(json_array_get(value, i));
        if (!text || characters(text) > max)
            return false;
    }
    return json_array_size(value) >= 1 && json_array_size(value) <= 8;
}

static bool is_scope_word(const char *text, const char *const *unused) {
    return oriel_scope_find(text);
}

bool oriel_scopes_are_good(const json_t *list) {
    return check_strings(list, 1, SCOPES_MAX, is_scope_word, NULL);
}

static bool is_hash_word(const char *text, const char *const *unused) {
    return oriel_is_hash(text);
}

static bool is_turn_uri_word(const char *text, const char *const *unused) {
    return oriel_is_turn_uri(text);
}

static bool is_token(const char *text) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < 3; i++) {
        size_t n = strspn(text, alphabet);
        if (!n || text[n] != (i < 2 ? '.' : '\0'))
            return false;
        text += n + 1;
    }
    return true;
}

static bool check_objects(const json_t *value, const struct oriel_field *f, char *error) {
    size_t n = json_array_size(value);
    for (size_t i = 0; i < n; i++)
        if (f->fields ? !oriel_fields_check(json_array_get(value, i), f->fields, 0, error)
                      : !oriel_key_is_good(json_array_get(value, i), false))
            return false;
    return n >= 1 && n <= (size_t)f->max;
}

static bool check_value(const json_t *value, const struct oriel_field *f, char *error) {
    const char *text = json_string_value(value);
    switch (f->kind) {
    case ORIEL_ID:
        return text && oriel_is_id(text);
    case ORIEL_HASH:
        return text && oriel_is_hash(text);
    case ORIEL_FINGERPRINT:
        return text && oriel_is_fingerprint(text);
    case ORIEL_TEXT:
        return text && characters(text) >= f->min && characters(text) <= f->max;
    case ORIEL_ASCII:
        return text && oriel_is_ascii(text, (size_t)f->max);
    case ORIEL_INTEGER:
        return json_is_integer(value) && json_integer_value(value) >= f->min && json_integer_value(value) <= f->max;
    case ORIEL_BOOLEAN:
        return json_is_boolean(value);
    case ORIEL_WORD:
        return text && is_word(text, f->words);
    case ORIEL_SCOPES:
        return oriel_scopes_are_good(value);
    case ORIEL_TEXTS:
        return are_texts(value, f->max);
    case ORIEL_HASHES:
        return check_strings(value, 0, (size_t)f->max, is_hash_word, NULL);
    case ORIEL_TURN_URIS:
        return check_strings(value, 1, ORIEL_TURN_URIS_MAX, is_turn_uri_word, NULL);
    case ORIEL_KEY:
        return oriel_key_is_good(value, false);
    case ORIEL_PRIVATE_KEY:
        return oriel_key_is_good(value, true);
    case ORIEL_TOKEN:
        return text && strlen(text) <= TOKEN_MAX && is_token(text);
    case ORIEL_OBJECTS:
    case ORIEL_KEYS:
        return check_objects(value, f, error);
    case ORIEL_OBJECT:
        return json_is_object(value) && oriel_fields_check(value, f->fields, 0, error);
    }
    return false;
}

/* Every required field, each as its kind says, and no member beside them but `others` that the caller has looked at. */
bool oriel_fields_check(const json_t *object, const struct oriel_field *fields, size_t others,
                        char error[ORIEL_JSON_ERROR_SIZE]) {
    size_t found = 0;
    for (const struct oriel_field *f = fields; f->name; f++) {
        const json_t *value = json_object_get(object, f->name);
        if (!value && f->optional)
            continue;
        if (!value) {
            snprintf(error, ORIEL_JSON_ERROR_SIZE, "member '%s' is missing", f->name);
            return false;
        }
        found++;
        error[0] = '\0';
        if (!check_value(value, f, error)) {
            if (!error[0])
                snprintf(error, ORIEL_JSON_ERROR_SIZE, "member '%s' is not what the schema allows", f->name);
            return false;
        }
    }
    if (json_object_size(object) != found + others) {
        snprintf(error, ORIEL_JSON_ERROR_SIZE, "a member that the schema does not name");
        return false;
    }
    return true;
}
