/* signaling/message: what is accepted has the members of its schema, and can be written and read again as the same. */
#include "fuzz.h"

#include <string.h>

#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[ORIEL_JSON_ERROR_SIZE] = "";
    enum oriel_message_type type, again_type;
    json_t *message = oriel_message_decode(data, size, &type, error);
    fuzz_check(!message == (error[0] != '\0'));
    if (!message)
        return 0;
    fuzz_check(strcmp(oriel_json_text(message, "typ"), oriel_message_name(type)) == 0);
    if (type == ORIEL_MESSAGE_SDP || type == ORIEL_MESSAGE_ICE || type == ORIEL_MESSAGE_END)
        fuzz_check(oriel_is_hash(oriel_json_text(message, "session")) && oriel_json_integer(message, "seq", -1) >= 0 &&
                   oriel_json_integer(message, "seq", -1) <= 65535);
    if (type == ORIEL_MESSAGE_REQUEST)
        fuzz_check(oriel_is_id(oriel_json_text(message, "device")) &&
                   oriel_is_fingerprint(oriel_json_text(message, "fingerprint")) &&
                   json_array_size(json_object_get(message, "scopes")) >= 1);
    char *text = oriel_message_encode(type, json_deep_copy(message), error);
    if (text) { /* else too long to be sent */
        json_t *again = oriel_message_decode(text, strlen(text), &again_type, error);
        fuzz_check(again && again_type == type && json_equal(again, message));
        json_decref(again);
    }
    free(text);
    json_decref(message);
    return 0;
}
