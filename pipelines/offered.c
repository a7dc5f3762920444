/* See offered.h. */
#include "offered.h"

#include <gst/rtp/rtp.h>

#include "capturetime.h"
#include "playoutdelay.h"

gboolean oriel_offered_extend(GstElement *pay, const char *mid, GstElement *bin, GError **error) {
    g_autoptr(GstRTPHeaderExtension) twcc = gst_rtp_header_extension_create_from_uri(ORIEL_URI_TWCC);
    g_autoptr(GstRTPHeaderExtension) name = gst_rtp_header_extension_create_from_uri(ORIEL_URI_MID);
    g_autoptr(GstRTPHeaderExtension) delay = gst_object_ref_sink(oriel_playout_delay_new(ORIEL_ID_PLAYOUT_DELAY));
    g_autoptr(GstRTPHeaderExtension) time = gst_object_ref_sink(oriel_capture_time_new(ORIEL_ID_CAPTURE_TIME, bin));
    if (!twcc || !name) {
        g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                    "GStreamer's rtpmanager plugin is missing; install Debian's gstreamer1.0-plugins-good");
        return FALSE;
    }
    gst_rtp_header_extension_set_id(twcc, ORIEL_ID_TWCC);
    gst_rtp_header_extension_set_id(name, ORIEL_ID_MID);
    g_object_set(name, "mid", mid, NULL);
    GstRTPHeaderExtension *all[] = {twcc, name, delay, time};
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        g_signal_emit_by_name(pay, "add-extension", all[i]);
    return TRUE;
}
