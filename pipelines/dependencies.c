/* See dependencies.h. */
#include "dependencies.h"

#include <string.h>

enum { KEY = 0, AFTER_ONE = 1 };      /* templates */
enum { SAME_LAYER = 0, NO_MORE = 3 }; /* next_layer_idc */
enum { SWITCH = 2 };                  /* decode target indication: what comes after needs nothing before it */
enum { MANDATORY = 3 };

struct _OrielDependencies {
    GstRTPHeaderExtension parent;
    gboolean begun;
    guint16 number; /* the picture of the last packet */
};

G_DECLARE_FINAL_TYPE(OrielDependencies, oriel_dependencies, ORIEL, DEPENDENCIES, GstRTPHeaderExtension)
G_DEFINE_TYPE(OrielDependencies, oriel_dependencies, GST_TYPE_RTP_HEADER_EXTENSION)

/* ---- the mark ---- */

typedef struct {
    GstMeta meta;
    struct oriel_reference_made made;
} Mark;

static gboolean mark_init(GstMeta *meta, gpointer unused, GstBuffer *buffer) {
    ((Mark *)meta)->made = (struct oriel_reference_made){0};
    return TRUE;
}

static gboolean mark_transform(GstBuffer *to, GstMeta *meta, GstBuffer *from, GQuark type, gpointer data) {
    if (GST_META_TRANSFORM_IS_COPY(type))
        oriel_dependencies_add(to, &((Mark *)meta)->made);
    return TRUE;
}

static GType mark_api(void) {
    static gsize type;
    static const gchar *const tags[] = {NULL};
    if (g_once_init_enter(&type))
        g_once_init_leave(&type, gst_meta_api_type_register("OrielDependenciesMarkAPI", (const gchar **)tags));
    return type;
}

static const GstMetaInfo *mark_info(void) {
    static const GstMetaInfo *info;
    if (g_once_init_enter(&info))
        g_once_init_leave(&info, gst_meta_register(mark_api(), "OrielDependenciesMark", sizeof(Mark), mark_init, NULL,
                                                   mark_transform));
    return info;
}

void oriel_dependencies_add(GstBuffer *picture, const struct oriel_reference_made *made) {
    ((Mark *)gst_buffer_add_meta(picture, mark_info(), NULL))->made = *made;
}

/* ---- bits ---- */

struct bits {
    guint64 value; /* from the highest bit on */
    guint count;
};

static void put(struct bits *b, guint count, guint64 value) {
    b->count += count;
    b->value |= value << (64 - b->count);
}

/* Two templates of one layer and one decode target, without chains and sizes. */
static void put_structure(struct bits *b) {
    put(b, 6, 0); /* the first template's id */
    put(b, 5, 0); /* decode targets less one */
    put(b, 2, SAME_LAYER);
    put(b, 2, NO_MORE);
    put(b, 2, SWITCH);
    put(b, 2, SWITCH);
    put(b, 1, 0); /* a keyframe needs nothing */
    put(b, 1, 1); /* the other one that is 0 more than one before, and nothing else */
    put(b, 4, 0);
    put(b, 1, 0);
    put(b, 1, 0); /* chains */
    put(b, 1, 0); /* no sizes */
}

static void put_distance(struct bits *b, guint back) {
    guint size = back <= 16 ? 1 : back <= 256 ? 2 : 3; /* in 4 bits */
    put(b, 2, size);
    put(b, 4 * size, back - 1);
    put(b, 2, 0); /* nothing else */
}

gsize oriel_dependencies_write(const struct oriel_reference_made *made, gboolean first, gboolean last,
                               guint8 bytes[ORIEL_DEPENDENCIES_SIZE]) {
    struct bits b = {0};
    gboolean structure = first && !made->back, custom = made->back > 1;
    put(&b, 1, first);
    put(&b, 1, last);
    put(&b, 6, made->back ? AFTER_ONE : KEY);
    put(&b, 16, made->number);
    if (structure || custom) {
        put(&b, 1, structure);
        put(&b, 1, 0); /* active decode targets */
        put(&b, 1, 0); /* own decode target indications */
        put(&b, 1, custom);
        put(&b, 1, 0); /* own chains */
        if (structure)
            put_structure(&b);
        if (custom)
            put_distance(&b, made->back);
    }
    guint64 wire = GUINT64_TO_BE(b.value);
    memcpy(bytes, &wire, sizeof wire);
    return (b.count + 7) / 8;
}

gboolean oriel_dependencies_read(const guint8 *bytes, gsize size, guint16 *number, gboolean *first, gboolean *last) {
    if (size < MANDATORY)
        return FALSE;
    *first = (bytes[0] & 0x80) != 0;
    *last = (bytes[0] & 0x40) != 0;
    *number = GST_READ_UINT16_BE(bytes + 1);
    return TRUE;
}

/* ---- the extension ---- */

static GstRTPHeaderExtensionFlags flags(GstRTPHeaderExtension *extension) {
    return GST_RTP_HEADER_EXTENSION_ONE_BYTE | GST_RTP_HEADER_EXTENSION_TWO_BYTE;
}

static gsize max_size(GstRTPHeaderExtension *extension, const GstBuffer *buffer) {
    return ORIEL_DEPENDENCIES_SIZE;
}

/* The marker bit is on the last packet of a picture. */
static gboolean is_last(GstBuffer *packet) {
    guint8 byte = 0;
    gst_buffer_extract(packet, 1, &byte, 1);
    return (byte & 0x80) != 0;
}

static gssize write_descriptor(GstRTPHeaderExtension *extension, const GstBuffer *input,
                               GstRTPHeaderExtensionFlags write_flags, GstBuffer *output, guint8 *data, gsize size) {
    OrielDependencies *self = ORIEL_DEPENDENCIES(extension);
    const Mark *mark = (const Mark *)gst_buffer_get_meta((GstBuffer *)input, mark_api());
    if (size < ORIEL_DEPENDENCIES_SIZE || !mark)
        return mark ? -1 : 0;
    gboolean first = !self->begun || self->number != mark->made.number;
    self->begun = TRUE;
    self->number = mark->made.number;
    return (gssize)oriel_dependencies_write(&mark->made, first, is_last(output), data);
}

static gboolean read_nothing(GstRTPHeaderExtension *extension, GstRTPHeaderExtensionFlags read_flags,
                             const guint8 *data, gsize size, GstBuffer *buffer) {
    return TRUE;
}

static void oriel_dependencies_class_init(OrielDependenciesClass *class) {
    GstRTPHeaderExtensionClass *extension = GST_RTP_HEADER_EXTENSION_CLASS(class);
    extension->get_supported_flags = flags;
    extension->get_max_size = max_size;
    extension->write = write_descriptor;
    extension->read = read_nothing;
    gst_rtp_header_extension_class_set_uri(extension, ORIEL_DEPENDENCIES_URI);
    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Dependency descriptor",
                                          GST_RTP_HDREXT_ELEMENT_CLASS, "Says which picture a picture needs", "Oriel");
}

static void oriel_dependencies_init(OrielDependencies *self) {
}

GstRTPHeaderExtension *oriel_dependencies_new(guint id) {
    GstRTPHeaderExtension *extension = g_object_new(oriel_dependencies_get_type(), NULL);
    gst_rtp_header_extension_set_id(extension, id);
    return extension;
}
