/* See trust.h. */
#include "trust.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>

#include "json.h"
#include "log.h"
#include "text.h"

enum { VENDOR_FILE_MAX = 64 * 1024 };

static bool is_vendor(const json_t *v) {
    const char *label = oriel_json_text(v, "label");
    json_int_t seconds = oriel_json_integer(v, "seconds", 0);
    const json_t *scopes = json_object_get(v, "scopes");
    if (json_object_size(v) != 3 || !label || !*label || seconds < 30 || seconds > 28800 || !json_is_array(scopes))
        return false;
    for (size_t i = 0; i < json_array_size(scopes); i++)
        if (!json_is_string(json_array_get(scopes, i)))
            return false;
    return true;
}

struct oriel_vendor *oriel_trust_find(const char *directory, const char *id, GError **error) {
    g_autofree char *path = g_strdup_printf("%s/%s.json", directory, id);
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GError) unread = NULL;
    if (!g_file_get_contents(path, &text, &length, &unread)) {
        if (g_error_matches(unread, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "vendor '%s' is not known to this device", id);
        } else {
            oriel_error("%s", unread->message); /* with its path, which is no business of the agent's */
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the trust file of vendor '%s' cannot be read", id);
        }
        return NULL;
    }
    char why[ORIEL_JSON_ERROR_SIZE] =
        "it needs exactly label (visible text), scopes (a list) and seconds (30 to 28800)";
    json_t *v = oriel_json_decode(text, length, VENDOR_FILE_MAX, why);
    g_autofree char *label = v && is_vendor(v) ? oriel_text_clean(oriel_json_text(v, "label"), 64) : NULL;
    if (!label || !*label) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the trust file of vendor '%s' is broken: %s", id, why);
        json_decref(v);
        return NULL;
    }
    struct oriel_vendor *vendor = g_new0(struct oriel_vendor, 1);
    vendor->label = g_steal_pointer(&label);
    vendor->scopes = json_incref(json_object_get(v, "scopes"));
    vendor->seconds = (guint)oriel_json_integer(v, "seconds", 0);
    json_decref(v);
    return vendor;
}

void oriel_vendor_free(struct oriel_vendor *vendor) {
    if (!vendor)
        return;
    g_free(vendor->label);
    json_decref(vendor->scopes);
    g_free(vendor);
}
