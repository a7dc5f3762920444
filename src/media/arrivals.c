/* See arrivals.h. */
#include "arrivals.h"

#include "factory.h"

static GstPadProbeReturn count_one(GstPad *pad, GstPadProbeInfo *info, gpointer count) {
    g_atomic_int_inc((gint *)count);
    return GST_PAD_PROBE_OK;
}

static void element_added(GstBin *bin, GstBin *parent, GstElement *element, gpointer count) {
    if (!oriel_made_by(element, "nicesrc"))
        return;
    g_autoptr(GstPad) src = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, count_one, count, NULL);
}

void oriel_arrivals_watch(GstBin *bin, gint *count) {
    g_signal_connect(bin, "deep-element-added", G_CALLBACK(element_added), count);
}
