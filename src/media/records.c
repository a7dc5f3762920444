/* See records.h. */
#include "records.h"

#include "factory.h"

enum { HEADER = 13, EPOCH = 3, LENGTH = 11, NONCE_AND_TAG = 8 + 16 };

bool oriel_records_usable(const guint8 *datagram, gsize length) {
    gsize at = 0;
    while (length - at >= HEADER) {
        const guint8 *record = datagram + at;
        gsize size = GST_READ_UINT16_BE(record + LENGTH);
        if (size > length - at - HEADER || (GST_READ_UINT16_BE(record + EPOCH) > 0 && size < NONCE_AND_TAG))
            return false;
        at += HEADER + size;
    }
    return at == length && length > 0;
}

static bool buffer_usable(GstBuffer *buffer) {
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return false;
    bool usable = oriel_records_usable(map.data, map.size);
    gst_buffer_unmap(buffer, &map);
    return usable;
}

static GstPadProbeReturn look(GstPad *pad, GstPadProbeInfo *info, gpointer unused) {
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
        return buffer_usable(GST_PAD_PROBE_INFO_BUFFER(info)) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
    for (guint i = 0; i < gst_buffer_list_length(list); i++)
        if (!buffer_usable(gst_buffer_list_get(list, i)))
            return GST_PAD_PROBE_DROP; /* what is lost with it comes again */
    return GST_PAD_PROBE_OK;
}

static void element_added(GstBin *bin, GstBin *parent, GstElement *element, gpointer unused) {
    if (!oriel_made_by(element, "dtlsdec"))
        return;
    g_autoptr(GstPad) sink = gst_element_get_static_pad(element, "sink");
    gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, look, NULL, NULL);
}

void oriel_records_guard(GstBin *bin) {
    g_signal_connect(bin, "deep-element-added", G_CALLBACK(element_added), NULL);
}
