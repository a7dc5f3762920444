/* hmi/packet: what is accepted, jansson accepts too (but for numbers that it thinks too large), with the same values
 * and as many members: names given twice are refused in the object itself; what lies deeper is forgotten anyway. */
#include "fuzz.h"

#include <jansson.h>
#include <string.h>

#include "packet.h"

static void compare(const struct oriel_packet *packet, const char *data, size_t size) {
    json_t *value = json_loadb(data, size, JSON_DECODE_INT_AS_REAL, NULL);
    if (!value) { /* 1e999 */
        fuzz_check(memchr(data, 'e', size) || memchr(data, 'E', size) || size > 300);
        return;
    }
    fuzz_check(json_object_size(value) == packet->n_members);
    for (size_t i = 0; i < packet->n_members; i++) {
        const struct oriel_packet_member *m = &packet->members[i];
        const json_t *theirs = json_object_get(value, m->name);
        fuzz_check(theirs);
        if (m->type == ORIEL_PACKET_STRING)
            fuzz_check(strcmp(m->string, json_string_value(theirs)) == 0 && oriel_utf8_length(m->string) >= 0);
        if (m->type == ORIEL_PACKET_BOOLEAN)
            fuzz_check(json_is_boolean(theirs) && json_is_true(theirs) == m->boolean);
        if (m->type == ORIEL_PACKET_INTEGER)
            fuzz_check((double)m->integer == json_real_value(theirs));
        for (size_t k = 0; m->type == ORIEL_PACKET_ARRAY && k < m->n_array; k++)
            fuzz_check(strcmp(m->array[k], json_string_value(json_array_get(theirs, k))) == 0);
    }
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct oriel_packet packet;
    const char *error = NULL;
    int result = oriel_packet_read(&packet, (const char *)data, size, &error);
    fuzz_check(result == 0 || (result < 0 && error));
    if (result == 0)
        compare(&packet, (const char *)data, size);
    return 0;
}
