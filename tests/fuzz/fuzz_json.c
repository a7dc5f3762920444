/* base/json: what is accepted is one object that can be written and read again as the same. */
#include "fuzz.h"

#include <string.h>

#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[ORIEL_JSON_ERROR_SIZE] = "";
    json_t *value = oriel_json_decode(data, size, 64 * 1024, error);
    fuzz_check(!value == (error[0] != '\0'));
    if (!value)
        return 0;
    fuzz_check(json_is_object(value));
    char *text = oriel_json_encode(value);
    json_t *again = oriel_json_decode(text, strlen(text), SIZE_MAX, error);
    fuzz_check(json_equal(value, again));
    json_decref(again);
    json_decref(value);
    free(text);
    return 0;
}
