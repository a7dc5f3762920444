/* See shortcut.h. */
#include "shortcut.h"

#include "factory.h"

struct way {
    GstElement *queue;
    GstPad *out;    /* its */
    gboolean empty; /* it was; of the thread that receives */
};

static void way_free(gpointer user) {
    struct way *w = user;
    gst_object_unref(w->out);
    g_free(w);
}

static GstPadProbeReturn on_packet(GstPad *pad, GstPadProbeInfo *info, gpointer user) {
    struct way *w = user;
    guint waiting = 0;
    if (!w->empty)
        g_object_get(w->queue, "current-level-buffers", &waiting, NULL);
    w->empty = !waiting;
    if (!w->empty)
        return GST_PAD_PROBE_OK;
    GstBuffer *packet = GST_PAD_PROBE_INFO_BUFFER(info);
    info->data = NULL;
    GST_PAD_PROBE_INFO_FLOW_RETURN(info) = gst_pad_push(w->out, packet);
    return GST_PAD_PROBE_HANDLED;
}

static gboolean before_dtls(GstPad *out) {
    g_autoptr(GstPad) peer = gst_pad_get_peer(out);
    g_autoptr(GstElement) next = peer ? gst_pad_get_parent_element(peer) : NULL;
    return oriel_made_by(next, "dtlssrtpdec");
}

void oriel_shortcut(GstElement *webrtc) {
    g_autoptr(GstIterator) queues = gst_bin_iterate_all_by_element_factory_name(GST_BIN(webrtc), "queue");
    g_auto(GValue) value = G_VALUE_INIT;
    GstIteratorResult result;
    while ((result = gst_iterator_next(queues, &value)) == GST_ITERATOR_OK || result == GST_ITERATOR_RESYNC) {
        if (result == GST_ITERATOR_RESYNC) { /* an element came or went meanwhile */
            gst_iterator_resync(queues);
            continue;
        }
        g_autoptr(GstElement) queue = g_value_dup_object(&value);
        g_value_reset(&value);
        g_autoptr(GstPad) in = gst_element_get_static_pad(queue, "sink");
        g_autoptr(GstPad) out = gst_element_get_static_pad(queue, "src");
        if (!before_dtls(out))
            continue;
        struct way *w = g_new0(struct way, 1);
        w->queue = queue; /* its pad goes before it */
        w->out = g_steal_pointer(&out);
        gst_pad_add_probe(in, GST_PAD_PROBE_TYPE_BUFFER, on_packet, w, way_free);
    }
}
