/* See digest.h. */
#include "digest.h"

#include <string.h>

static int by_name(gconstpointer a, gconstpointer b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *oriel_digest_file(const char *path) {
    g_autofree char *text = NULL;
    gsize length;
    return g_file_get_contents(path, &text, &length, NULL)
               ? g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, length)
               : g_strdup("unreadable");
}

char *oriel_digest_directory(const char *path) {
    g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
    if (!d)
        return g_strdup("unreadable");
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(d));)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_name);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_build_filename(path, names->pdata[i], NULL), *digest = oriel_digest_file(file);
        g_checksum_update(sum, names->pdata[i], (gssize)strlen(names->pdata[i]) + 1);
        g_checksum_update(sum, (const guchar *)digest, (gssize)strlen(digest) + 1);
    }
    return g_strdup(g_checksum_get_string(sum));
}
