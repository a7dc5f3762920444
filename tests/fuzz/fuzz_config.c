/* core/config: what is accepted is complete; what is refused names the file. */
#include "fuzz.h"

#include <string.h>

#include "config.h"
#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    struct oriel_config *c = oriel_config_parse("file", text, &error);
    fuzz_check(!c == (error != NULL));
    if (!c) {
        fuzz_check(g_str_has_prefix(error->message, "file:") && g_utf8_validate(error->message, -1, NULL));
        return 0;
    }
    fuzz_check(oriel_is_id(c->device_id) && oriel_is_id(c->tenant) && *c->broker_url && *c->session_scopes);
    fuzz_check(*c->trust_directory == '/' && *c->trust_state == '/' && *c->device_key == '/');
    fuzz_check(c->session_max_seconds >= 30 && c->session_max_seconds <= 28800 && c->consent_timeout >= 5);
    fuzz_check(strcmp(c->media_path, "direct") == 0 || (strcmp(c->media_path, "relay") == 0 && !*c->media_addresses));
    fuzz_check(c->relay_fallback_ms >= 200 && c->relay_fallback_ms <= 10000);
    oriel_config_free(c);
    return 0;
}
