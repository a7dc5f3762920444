/* packet.h: the little JSON that the provider protocol needs.
 *
 * Reads one object of at most 8 KiB by RFC 8259, strictly: UTF-8 is checked, control characters, NUL, lone surrogates,
 * duplicate names of its own and anything after the object are refused, nesting is at most 4 levels. The members of the
 * object itself are kept; what lies deeper is checked (but for duplicate names) and forgotten, but for arrays of
 * strings.
 * Writes one flat object. No allocation, no recursion past the depth limit, no locale. Thread-safe on distinct objects.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORIEL_PACKET_SIZE 8192  /* bytes of one packet */
#define ORIEL_PACKET_DEPTH 4    /* levels, the object itself being the first */
#define ORIEL_PACKET_MEMBERS 64 /* of the object; more are refused */
#define ORIEL_PACKET_STRINGS 16 /* in all arrays of strings together; an array beyond is of type OTHER */

enum oriel_packet_type {
    ORIEL_PACKET_OTHER, /* valid, but nothing that the protocol uses: null, object, fraction, mixed array … */
    ORIEL_PACKET_STRING,
    ORIEL_PACKET_INTEGER,
    ORIEL_PACKET_BOOLEAN,
    ORIEL_PACKET_ARRAY, /* of strings */
};

struct oriel_packet_member {
    const char *name; /* all pointers lead into the struct oriel_packet */
    enum oriel_packet_type type;
    const char *string;
    int64_t integer;
    bool boolean;
    const char *const *array;
    size_t n_array;
};

/* About 12 KiB: may live on the stack. Not to be copied (it points into itself). */
struct oriel_packet {
    struct oriel_packet_member members[ORIEL_PACKET_MEMBERS];
    size_t n_members;
    const char *strings[ORIEL_PACKET_STRINGS];
    size_t n_strings;
    char text[ORIEL_PACKET_SIZE + 1]; /* decoded strings; decoding never makes text longer */
    size_t used;
};

/* 0, or -EBADMSG with *error set to a static text that says what is wrong. `data` need not end with a NUL. */
int oriel_packet_read(struct oriel_packet *json, const char *data, size_t size, const char **error);

/* The member of that name, or NULL. */
const struct oriel_packet_member *oriel_packet_find(const struct oriel_packet *json, const char *name);

/* The value of a member of that type; NULL or false when it is absent, of another type or out of range. */
const char *oriel_packet_string(const struct oriel_packet *json, const char *name);
bool oriel_packet_integer(const struct oriel_packet *json, const char *name, int64_t min, int64_t max, int64_t *ret);
bool oriel_packet_boolean(const struct oriel_packet *json, const char *name, bool *ret);

/* Characters (code points) of a NUL-terminated text, or -EILSEQ when it is no UTF-8. */
int oriel_utf8_length(const char *text);

struct oriel_packet_writer {
    char text[ORIEL_PACKET_SIZE];
    size_t size;
    int error; /* the first one: -EMSGSIZE or -EILSEQ */
};

void oriel_packet_begin(struct oriel_packet_writer *writer);
void oriel_packet_put_string(struct oriel_packet_writer *writer, const char *name, const char *value);
void oriel_packet_put_integer(struct oriel_packet_writer *writer, const char *name, int64_t value);
void oriel_packet_put_strings(struct oriel_packet_writer *writer, const char *name, const char *const *values,
                              size_t n);
void oriel_packet_put_boolean(struct oriel_packet_writer *writer, const char *name, bool value);

/* 0: `text` and `size` are the packet. Else the first error. */
int oriel_packet_end(struct oriel_packet_writer *writer);
