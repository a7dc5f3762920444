/* signaling/document: the first byte chooses the type; what passes holds what its readers rely on. */
#include "fuzz.h"

#include <string.h>

#include "document.h"
#include "fields.h"
#include "seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[ORIEL_JSON_ERROR_SIZE] = "", kid[44];
    if (!size)
        return 0;
    enum oriel_document_type type = (enum oriel_document_type)(data[0] % (ORIEL_DOCUMENT_ENROLLED + 1));
    json_t *document = oriel_json_decode(data + 1, size - 1, 64 * 1024, error);
    if (!document)
        return 0;
    error[0] = '\0';
    bool good = oriel_document_check(type, document, error);
    fuzz_check(good == (error[0] == '\0'));
    if (good && type == ORIEL_DOCUMENT_AGENT_CREDENTIAL) {
        json_int_t lasts = oriel_json_integer(document, "exp", 0) - oriel_json_integer(document, "iat", 0);
        fuzz_check(lasts >= 1 && lasts <= 86400 && oriel_is_id(oriel_json_text(document, "sub")));
        fuzz_check(oriel_key_id(json_object_get(json_object_get(document, "cnf"), "jwk"), kid));
    }
    if (good && type == ORIEL_DOCUMENT_TRUST)
        fuzz_check(oriel_json_integer(document, "seconds", 0) >= 30 &&
                   oriel_key_id(json_array_get(json_object_get(document, "keys"), 0), kid) &&
                   !json_object_get(json_object_get(document, "presence"), "d"));
    const json_t *uris = json_object_get(document, "turn");
    if (good && json_is_object(uris)) {
        fuzz_check(type == ORIEL_DOCUMENT_ENROLLED && oriel_is_ascii(oriel_json_text(uris, "password"), 128));
        uris = json_object_get(uris, "urls");
    }
    for (size_t i = 0; good && i < json_array_size(uris); i++) { /* core joins them by commas, coturn reads lines */
        const char *uri = json_string_value(json_array_get(uris, i));
        fuzz_check(json_array_size(uris) <= 4 && strlen(uri) <= 255 && !strpbrk(uri, ", @/\n\"") &&
                   (strncmp(uri, "turn:", 5) == 0 || strncmp(uri, "turns:", 6) == 0));
    }
    json_decref(document);
    return 0;
}
