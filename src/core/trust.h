/* Who may ask: the vendors in the trust directory, one file each, <vendor>.json:
 *   {"label": "Fill & Cap GmbH", "scopes": ["view"], "seconds": 3600}
 * Policy: read anew for each request, so that a change holds at once; a vendor without a file, or with one that is not
 * exactly of this form, may not ask. The label is what the person at the panel reads. Limits: keys that credentials are
 * checked with are not there yet. */
#ifndef ORIEL_TRUST_H
#define ORIEL_TRUST_H

#include <glib.h>
#include <jansson.h>

struct oriel_vendor {
    char *label;
    json_t *scopes;
    guint seconds;
};

/* `id` has the form of an id. NULL with `error` set: why this vendor may not ask. The caller frees. */
struct oriel_vendor *oriel_trust_find(const char *directory, const char *id, GError **error);
void oriel_vendor_free(struct oriel_vendor *vendor);

#endif
