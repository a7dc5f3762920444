/* See backoff.h. */
#include "backoff.h"

#include <string.h>

#include "clock.h"

enum { VENDORS_MAX = 32 };

struct vendor {
    char *id;
    guint count; /* denials in a row */
    gint64 denials[ORIEL_BACKOFF_DENIALS];
    gint64 until, last;
};

struct oriel_backoff {
    GPtrArray *vendors;
};

static void vendor_free(gpointer data) {
    struct vendor *v = data;
    g_free(v->id);
    g_free(v);
}

struct oriel_backoff *oriel_backoff_new(void) {
    struct oriel_backoff *b = g_new0(struct oriel_backoff, 1);
    b->vendors = g_ptr_array_new_with_free_func(vendor_free);
    return b;
}

void oriel_backoff_free(struct oriel_backoff *b) {
    if (!b)
        return;
    g_ptr_array_unref(b->vendors);
    g_free(b);
}

static struct vendor *find(const struct oriel_backoff *b, const char *id) {
    for (guint i = 0; i < b->vendors->len; i++) {
        struct vendor *v = b->vendors->pdata[i];
        if (strcmp(v->id, id) == 0)
            return v;
    }
    return NULL;
}

static struct vendor *add(struct oriel_backoff *b, const char *id) {
    if (b->vendors->len == VENDORS_MAX) {
        guint oldest = 0;
        for (guint i = 1; i < b->vendors->len; i++)
            if (((struct vendor *)b->vendors->pdata[i])->last < ((struct vendor *)b->vendors->pdata[oldest])->last)
                oldest = i;
        g_ptr_array_remove_index_fast(b->vendors, oldest);
    }
    struct vendor *v = g_new0(struct vendor, 1);
    v->id = g_strdup(id);
    g_ptr_array_add(b->vendors, v);
    return v;
}

void oriel_backoff_note(struct oriel_backoff *b, const char *vendor, const char *reason) {
    static const char *const counted[] = {"denied", "timeout", "cancelled", NULL};
    struct vendor *v = find(b, vendor);
    if (!reason) {
        if (v)
            g_ptr_array_remove_fast(b->vendors, v);
        return;
    }
    if (!g_strv_contains(counted, reason))
        return;
    v = v ? v : add(b, vendor);
    v->last = oriel_boottime();
    v->denials[v->count++ % ORIEL_BACKOFF_DENIALS] = v->last;
    gint64 oldest = v->denials[v->count % ORIEL_BACKOFF_DENIALS];
    if (v->count >= ORIEL_BACKOFF_DENIALS && v->last - oldest <= ORIEL_BACKOFF_SECONDS * ORIEL_SECOND) {
        v->until = v->last + ORIEL_BACKOFF_SECONDS * ORIEL_SECOND;
        v->count = 0;
    }
}

guint oriel_backoff_left(const struct oriel_backoff *b, const char *vendor) {
    const struct vendor *v = find(b, vendor);
    gint64 left = v ? v->until - oriel_boottime() : 0;
    return left > 0 ? (guint)((left + ORIEL_SECOND - 1) / ORIEL_SECOND) : 0;
}

void oriel_backoff_forget(struct oriel_backoff *b) {
    g_ptr_array_set_size(b->vendors, 0);
}
