/* See damage.h. */
#include "damage.h"

#include <string.h>

#define DEMAND "oriel-demand"

struct damage_meta {
    GstMeta meta;
    gint64 taken, welcome;
    size_t count;
    struct oriel_rect rects[ORIEL_DAMAGE_MAX];
    struct oriel_share share;
};

static GType api_type(void) {
    static const char *tags[] = {NULL};
    static gsize type;
    if (g_once_init_enter(&type))
        g_once_init_leave(&type, gst_meta_api_type_register("OrielDamageMetaAPI", tags));
    return type;
}

static const GstMetaInfo *info(void);

static gboolean init(GstMeta *meta, gpointer params, GstBuffer *buffer) {
    ((struct damage_meta *)meta)->count = 0;
    return TRUE;
}

/* A copy of the picture differs from the one before as the picture does. */
static gboolean transform(GstBuffer *to, GstMeta *meta, GstBuffer *from, GQuark type, gpointer data) {
    const struct damage_meta *damage = (const struct damage_meta *)meta;
    if (GST_META_TRANSFORM_IS_COPY(type) && !((GstMetaTransformCopy *)data)->region)
        oriel_damage_add(to, damage->rects, damage->count, damage->taken, &damage->share);
    oriel_damage_set_welcome(to, damage->welcome);
    return TRUE;
}

static const GstMetaInfo *info(void) {
    static const GstMetaInfo *registered;
    if (g_once_init_enter(&registered))
        g_once_init_leave(&registered, gst_meta_register(api_type(), "OrielDamageMeta", sizeof(struct damage_meta),
                                                         init, NULL, transform));
    return registered;
}

void oriel_damage_add(GstBuffer *buffer, const struct oriel_rect *rects, size_t count, gint64 taken,
                      const struct oriel_share *share) {
    g_return_if_fail(count <= ORIEL_DAMAGE_MAX);
    struct damage_meta *meta = (struct damage_meta *)gst_buffer_add_meta(buffer, info(), NULL);
    meta->taken = taken;
    meta->welcome = 0;
    meta->count = count;
    if (count)
        memcpy(meta->rects, rects, count * sizeof *rects);
    meta->share = share ? *share : (struct oriel_share){.cover = ORIEL_COVER_NONE};
}

const struct oriel_rect *oriel_damage_get(GstBuffer *buffer, size_t *count) {
    struct damage_meta *meta = (struct damage_meta *)gst_buffer_get_meta(buffer, api_type());
    *count = meta ? meta->count : 0;
    return meta ? meta->rects : NULL;
}

const struct oriel_share *oriel_damage_share(GstBuffer *buffer) {
    static const struct oriel_share nothing = {.cover = ORIEL_COVER_NONE};
    struct damage_meta *meta = (struct damage_meta *)gst_buffer_get_meta(buffer, api_type());
    return meta ? &meta->share : &nothing;
}

gint64 oriel_damage_taken(GstBuffer *buffer) {
    struct damage_meta *meta = (struct damage_meta *)gst_buffer_get_meta(buffer, api_type());
    return meta ? meta->taken : -1;
}

void oriel_damage_set_welcome(GstBuffer *buffer, gint64 since) {
    struct damage_meta *meta = (struct damage_meta *)gst_buffer_get_meta(buffer, api_type());
    if (meta)
        meta->welcome = since;
}

gint64 oriel_damage_welcome(GstBuffer *buffer) {
    struct damage_meta *meta = (struct damage_meta *)gst_buffer_get_meta(buffer, api_type());
    return meta ? meta->welcome : 0;
}

GstEvent *oriel_demand_new(gint64 not_before, gint64 again) {
    return gst_event_new_custom(
        GST_EVENT_CUSTOM_UPSTREAM,
        gst_structure_new(DEMAND, "not-before", G_TYPE_INT64, not_before, "again", G_TYPE_INT64, again, NULL));
}

gboolean oriel_demand_parse(GstEvent *event, gint64 *not_before, gint64 *again) {
    const GstStructure *s = GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_UPSTREAM ? gst_event_get_structure(event) : NULL;
    return s && gst_structure_has_name(s, DEMAND) &&
           gst_structure_get(s, "not-before", G_TYPE_INT64, not_before, "again", G_TYPE_INT64, again, NULL);
}
