/* See report.h. */
#include "report.h"

/* The receiver's report about our stream, out of the RTP session's own source. */
static void read_report(const GValue *source, struct oriel_transport_counts *counts) {
    g_autoptr(GstStructure) stats = NULL;
    gboolean internal = FALSE, have = FALSE;
    guint lost = 0, trip = 0;
    g_object_get(g_value_get_object(source), "stats", &stats, NULL);
    gst_structure_get(stats, "internal", G_TYPE_BOOLEAN, &internal, "have-rb", G_TYPE_BOOLEAN, &have, "rb-fractionlost",
                      G_TYPE_UINT, &lost, "rb-round-trip", G_TYPE_UINT, &trip, NULL);
    if (!have)
        return;
    counts->loss_permille = MAX(counts->loss_permille, lost * 1000 / 256);
    counts->round_trip_ms = MAX(counts->round_trip_ms, (guint)((guint64)trip * 1000 / 65536));
}

void oriel_report_read(GstElement *webrtc, struct oriel_transport_counts *counts) {
    g_autoptr(GstElement) rtpbin = gst_bin_get_by_name(GST_BIN(webrtc), "rtpbin");
    g_autoptr(GObject) session = NULL;
    g_signal_emit_by_name(rtpbin, "get-internal-session", 0, &session);
    if (!session)
        return;
    G_GNUC_BEGIN_IGNORE_DEPRECATIONS
    GValueArray *sources = NULL;
    g_object_get(session, "sources", &sources, NULL);
    for (guint i = 0; sources && i < sources->n_values; i++)
        read_report(g_value_array_get_nth(sources, i), counts);
    g_clear_pointer(&sources, g_value_array_free);
    G_GNUC_END_IGNORE_DEPRECATIONS
}
