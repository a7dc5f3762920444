/* packet.c: see packet.h. One pass over the bytes; every reader function leaves `at` behind what it took. */
#include "packet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct reader {
    const unsigned char *at;
    const unsigned char *end;
    struct oriel_packet *json;
    const char *error;
};

static bool fail(struct reader *r, const char *error) {
    if (!r->error)
        r->error = error;
    return false;
}

static void skip_space(struct reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool take(struct reader *r, char c) {
    if (r->at == r->end || *r->at != (unsigned char)c)
        return false;
    r->at++;
    return true;
}

static bool take_word(struct reader *r, const char *word) {
    size_t n = strlen(word);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n))
        return fail(r, "not a JSON value");
    r->at += n;
    return true;
}

/* Length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), 0 if it is none. */
static size_t utf8_sequence(const unsigned char *at, const unsigned char *end) {
    unsigned char c = *at, low = 0x80, high = 0xbf;
    size_t n;

    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c <= 0xdf)
        n = 2;
    else if (c >= 0xe0 && c <= 0xef)
        n = 3;
    else if (c >= 0xf0 && c <= 0xf4)
        n = 4;
    else
        return 0;
    if (c == 0xe0)
        low = 0xa0; /* no overlong forms */
    else if (c == 0xed)
        high = 0x9f; /* no surrogates */
    else if (c == 0xf0)
        low = 0x90;
    else if (c == 0xf4)
        high = 0x8f; /* nothing past U+10FFFF */
    if ((size_t)(end - at) < n || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (at[i] < 0x80 || at[i] > 0xbf)
            return 0;
    return n;
}

static void put(struct reader *r, unsigned c) {
    r->json->text[r->json->used++] = (char)c;
}

static void put_code_point(struct reader *r, unsigned c) {
    if (c < 0x80) {
        put(r, c);
    } else if (c < 0x800) {
        put(r, 0xc0 | c >> 6);
        put(r, 0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        put(r, 0xe0 | c >> 12);
        put(r, 0x80 | (c >> 6 & 0x3f));
        put(r, 0x80 | (c & 0x3f));
    } else {
        put(r, 0xf0 | c >> 18);
        put(r, 0x80 | (c >> 12 & 0x3f));
        put(r, 0x80 | (c >> 6 & 0x3f));
        put(r, 0x80 | (c & 0x3f));
    }
}

static bool take_hex4(struct reader *r, unsigned *ret) {
    unsigned value = 0;

    if (r->end - r->at < 4)
        return fail(r, "short \\u escape");
    for (int i = 0; i < 4; i++) {
        unsigned char c = *r->at++;

        value <<= 4;
        if (c >= '0' && c <= '9')
            value |= (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value |= (unsigned)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            value |= (unsigned)(c - 'A' + 10);
        else
            return fail(r, "\\u escape that is not four hex digits");
    }
    *ret = value;
    return true;
}

static bool read_unicode_escape(struct reader *r) {
    unsigned c, low;

    if (!take_hex4(r, &c))
        return false;
    if (c == 0)
        return fail(r, "NUL in a string");
    if (c >= 0xdc00 && c <= 0xdfff)
        return fail(r, "lone low surrogate");
    if (c >= 0xd800 && c <= 0xdbff) {
        if (!take(r, '\\') || !take(r, 'u'))
            return fail(r, "lone high surrogate");
        if (!take_hex4(r, &low))
            return false;
        if (low < 0xdc00 || low > 0xdfff)
            return fail(r, "lone high surrogate");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    put_code_point(r, c);
    return true;
}

static bool read_escape(struct reader *r) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (r->at == r->end)
        return fail(r, "string without an end");
    if (*r->at == 'u') {
        r->at++;
        return read_unicode_escape(r);
    }
    found = *r->at ? strchr(from, *r->at) : NULL;
    if (!found)
        return fail(r, "unknown escape");
    r->at++;
    put(r, (unsigned char)to[found - from]);
    return true;
}

static bool read_string(struct reader *r, const char **ret) {
    const char *start = r->json->text + r->json->used;

    if (!take(r, '"'))
        return fail(r, "a string was expected");
    while (r->at < r->end && *r->at != '"') {
        size_t n;

        if (*r->at == '\\') {
            r->at++;
            if (!read_escape(r))
                return false;
            continue;
        }
        if (*r->at < 0x20)
            return fail(r, "control character in a string");
        n = utf8_sequence(r->at, r->end);
        if (n == 0)
            return fail(r, "not UTF-8");
        while (n--)
            put(r, *r->at++);
    }
    if (!take(r, '"'))
        return fail(r, "string without an end");
    put(r, 0);
    *ret = start;
    return true;
}

static bool take_digits(struct reader *r) {
    const unsigned char *start = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > start || fail(r, "number without digits");
}

/* An integer outside int64_t, a fraction or an exponent is valid JSON of type OTHER. */
static bool read_number(struct reader *r, struct oriel_packet_member *value) {
    bool negative = take(r, '-'), fits = true, integer = true;
    const unsigned char *digits = r->at;
    int64_t n = 0;

    if (!take_digits(r))
        return false;
    if (*digits == '0' && r->at - digits > 1)
        return fail(r, "number with a leading zero");
    for (const unsigned char *d = digits; d < r->at; d++)
        fits = fits && !__builtin_mul_overflow(n, 10, &n) && !__builtin_sub_overflow(n, *d - '0', &n);
    if (!negative)
        fits = fits && !__builtin_sub_overflow(0, n, &n);
    if (take(r, '.')) {
        integer = false;
        if (!take_digits(r))
            return false;
    }
    if (take(r, 'e') || take(r, 'E')) {
        integer = false;
        if (!take(r, '+'))
            take(r, '-');
        if (!take_digits(r))
            return false;
    }
    if (integer && fits) {
        value->type = ORIEL_PACKET_INTEGER;
        value->integer = n;
    }
    return true;
}

static bool read_value(struct reader *r, struct oriel_packet_member *value, int depth);

static bool read_array(struct reader *r, struct oriel_packet_member *value, int depth) {
    struct oriel_packet *json = r->json;
    size_t first = json->n_strings;
    bool strings = true;

    if (depth > ORIEL_PACKET_DEPTH)
        return fail(r, "nested too deeply");
    take(r, '[');
    skip_space(r);
    if (!take(r, ']')) {
        do {
            struct oriel_packet_member item = {0};

            skip_space(r);
            if (!read_value(r, &item, depth))
                return false;
            if (item.type != ORIEL_PACKET_STRING || json->n_strings == ORIEL_PACKET_STRINGS)
                strings = false;
            if (strings)
                json->strings[json->n_strings++] = item.string;
            skip_space(r);
        } while (take(r, ','));
        if (!take(r, ']'))
            return fail(r, "array without an end");
    }
    if (!strings) {
        json->n_strings = first;
        return true;
    }
    value->type = ORIEL_PACKET_ARRAY;
    value->array = json->strings + first;
    value->n_array = json->n_strings - first;
    return true;
}

static bool keep_member(struct reader *r, const struct oriel_packet_member *member) {
    struct oriel_packet *json = r->json;

    if (oriel_packet_find(json, member->name))
        return fail(r, "a name twice");
    if (json->n_members == ORIEL_PACKET_MEMBERS)
        return fail(r, "too many members");
    json->members[json->n_members++] = *member;
    return true;
}

static bool read_object(struct reader *r, int depth) {
    if (depth > ORIEL_PACKET_DEPTH)
        return fail(r, "nested too deeply");
    if (!take(r, '{'))
        return fail(r, "not an object");
    skip_space(r);
    if (take(r, '}'))
        return true;
    do {
        struct oriel_packet_member member = {0};

        skip_space(r);
        if (!read_string(r, &member.name))
            return false;
        skip_space(r);
        if (!take(r, ':'))
            return fail(r, "member without a colon");
        skip_space(r);
        if (!read_value(r, &member, depth))
            return false;
        if (depth == 1 && !keep_member(r, &member))
            return false;
        skip_space(r);
    } while (take(r, ','));
    return take(r, '}') || fail(r, "object without an end");
}

static bool read_value(struct reader *r, struct oriel_packet_member *value, int depth) {
    if (r->at == r->end)
        return fail(r, "ends in the middle");
    switch (*r->at) {
    case '"':
        value->type = ORIEL_PACKET_STRING;
        return read_string(r, &value->string);
    case '{':
        return read_object(r, depth + 1);
    case '[':
        return read_array(r, value, depth + 1);
    case 't':
    case 'f':
        value->type = ORIEL_PACKET_BOOLEAN;
        value->boolean = *r->at == 't';
        return take_word(r, value->boolean ? "true" : "false");
    case 'n':
        return take_word(r, "null");
    default:
        if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))
            return read_number(r, value);
        return fail(r, "not a JSON value");
    }
}

int oriel_packet_read(struct oriel_packet *json, const char *data, size_t size, const char **error) {
    struct reader r = {.json = json};
    bool good;

    json->n_members = json->n_strings = json->used = 0;
    *error = NULL;
    if (size == 0 || size > ORIEL_PACKET_SIZE) {
        *error = size ? "too big" : "empty";
        return -EBADMSG;
    }
    r.at = (const unsigned char *)data;
    r.end = r.at + size;
    skip_space(&r);
    good = read_object(&r, 1);
    skip_space(&r);
    if (good && r.at != r.end)
        good = fail(&r, "something after the object");
    if (good)
        return 0;
    json->n_members = 0;
    *error = r.error;
    return -EBADMSG;
}

const struct oriel_packet_member *oriel_packet_find(const struct oriel_packet *json, const char *name) {
    for (size_t i = 0; i < json->n_members; i++)
        if (!strcmp(json->members[i].name, name))
            return &json->members[i];
    return NULL;
}

const char *oriel_packet_string(const struct oriel_packet *json, const char *name) {
    const struct oriel_packet_member *member = oriel_packet_find(json, name);

    return member && member->type == ORIEL_PACKET_STRING ? member->string : NULL;
}

bool oriel_packet_integer(const struct oriel_packet *json, const char *name, int64_t min, int64_t max, int64_t *ret) {
    const struct oriel_packet_member *member = oriel_packet_find(json, name);

    if (!member || member->type != ORIEL_PACKET_INTEGER || member->integer < min || member->integer > max)
        return false;
    *ret = member->integer;
    return true;
}

bool oriel_packet_boolean(const struct oriel_packet *json, const char *name, bool *ret) {
    const struct oriel_packet_member *member = oriel_packet_find(json, name);

    if (!member || member->type != ORIEL_PACKET_BOOLEAN)
        return false;
    *ret = member->boolean;
    return true;
}

int oriel_utf8_length(const char *text) {
    const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
    int n = 0;

    while (at < end) {
        size_t bytes = utf8_sequence(at, end);

        if (bytes == 0)
            return -EILSEQ;
        at += bytes;
        n++;
    }
    return n;
}

static void append(struct oriel_packet_writer *w, const char *bytes, size_t size) {
    if (w->error)
        return;
    if (size > sizeof w->text - w->size) {
        w->error = -EMSGSIZE;
        return;
    }
    memcpy(w->text + w->size, bytes, size);
    w->size += size;
}

static void append_text(struct oriel_packet_writer *w, const char *text) {
    append(w, text, strlen(text));
}

static void append_quoted(struct oriel_packet_writer *w, const char *text) {
    if (!w->error && oriel_utf8_length(text) < 0)
        w->error = -EILSEQ;
    append_text(w, "\"");
    for (; *text && !w->error; text++) {
        char escape[8];

        if (*text == '"' || *text == '\\')
            snprintf(escape, sizeof escape, "\\%c", *text);
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*text);
        else
            snprintf(escape, sizeof escape, "%c", *text);
        append_text(w, escape);
    }
    append_text(w, "\"");
}

static void append_name(struct oriel_packet_writer *w, const char *name) {
    if (w->size > 1)
        append_text(w, ",");
    append_quoted(w, name);
    append_text(w, ":");
}

void oriel_packet_begin(struct oriel_packet_writer *writer) {
    writer->size = 0;
    writer->error = 0;
    append_text(writer, "{");
}

void oriel_packet_put_string(struct oriel_packet_writer *writer, const char *name, const char *value) {
    append_name(writer, name);
    append_quoted(writer, value);
}

void oriel_packet_put_strings(struct oriel_packet_writer *writer, const char *name, const char *const *values,
                              size_t n) {
    append_name(writer, name);
    append_text(writer, "[");
    for (size_t i = 0; i < n; i++) {
        append_text(writer, i ? "," : "");
        append_quoted(writer, values[i]);
    }
    append_text(writer, "]");
}

void oriel_packet_put_integer(struct oriel_packet_writer *writer, const char *name, int64_t value) {
    char digits[24];

    append_name(writer, name);
    snprintf(digits, sizeof digits, "%" PRId64, value);
    append_text(writer, digits);
}

void oriel_packet_put_boolean(struct oriel_packet_writer *writer, const char *name, bool value) {
    append_name(writer, name);
    append_text(writer, value ? "true" : "false");
}

int oriel_packet_end(struct oriel_packet_writer *writer) {
    append_text(writer, "}");
    return writer->error;
}
