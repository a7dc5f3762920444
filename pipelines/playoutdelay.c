/* See playoutdelay.h. */
#include "playoutdelay.h"

#include <string.h>

enum { SIZE = 3 };

struct _OrielPlayoutDelay {
    GstRTPHeaderExtension parent;
};

G_DECLARE_FINAL_TYPE(OrielPlayoutDelay, oriel_playout_delay, ORIEL, PLAYOUT_DELAY, GstRTPHeaderExtension)
G_DEFINE_TYPE(OrielPlayoutDelay, oriel_playout_delay, GST_TYPE_RTP_HEADER_EXTENSION)

static GstRTPHeaderExtensionFlags flags(GstRTPHeaderExtension *extension) {
    return GST_RTP_HEADER_EXTENSION_ONE_BYTE | GST_RTP_HEADER_EXTENSION_TWO_BYTE;
}

static gsize max_size(GstRTPHeaderExtension *extension, const GstBuffer *buffer) {
    return SIZE;
}

static gssize write_zero(GstRTPHeaderExtension *extension, const GstBuffer *input,
                         GstRTPHeaderExtensionFlags write_flags, GstBuffer *output, guint8 *data, gsize size) {
    if (size < SIZE)
        return -1;
    memset(data, 0, SIZE);
    return SIZE;
}

static gboolean read_nothing(GstRTPHeaderExtension *extension, GstRTPHeaderExtensionFlags read_flags,
                             const guint8 *data, gsize size, GstBuffer *buffer) {
    return TRUE;
}

static void oriel_playout_delay_class_init(OrielPlayoutDelayClass *class) {
    GstRTPHeaderExtensionClass *extension = GST_RTP_HEADER_EXTENSION_CLASS(class);
    extension->get_supported_flags = flags;
    extension->get_max_size = max_size;
    extension->write = write_zero;
    extension->read = read_nothing;
    gst_rtp_header_extension_class_set_uri(extension, ORIEL_PLAYOUT_DELAY_URI);
    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Playout delay", GST_RTP_HDREXT_ELEMENT_CLASS,
                                          "Asks the receiver for no delay", "Oriel");
}

static void oriel_playout_delay_init(OrielPlayoutDelay *self) {
}

GstRTPHeaderExtension *oriel_playout_delay_new(guint id) {
    GstRTPHeaderExtension *extension = g_object_new(oriel_playout_delay_get_type(), NULL);
    gst_rtp_header_extension_set_id(extension, id);
    return extension;
}
