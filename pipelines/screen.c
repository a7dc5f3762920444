/* See screen.h.
 *
 *     the frame socket                                                                          webrtcbin
 *           |                                                                                       |
 *    +------v------+      +---------+      +----------+      +-----------+      a=extmap: twcc,     |
 *    | orielframe- | I420 |  queue  | I420 |  vp8enc  | VP8  | rtpvp8pay | RTP  mid, playout-delay  |
 *    |     src     +----->| 1 frame +----->|          +----->|           +--------------------------+
 *    |   "frames"  |      |  leaky  |      | "encoder"|      |   "pay"   |
 *    +-------------+      +---------+      +-----^----+      +-----------+
 *                                                |
 *                            keyframes on demand (PLI, FIR)
 *
 * The queue is the only place where pictures are dropped, before the encoder, the older one first: what is encoded is
 * sent. The encoder's settings are those that libwebrtc uses for shared screens, as far as vp8enc has them: hold the
 * size, keep text sharp, let the frame rate fall, no keyframe unless somebody needs one. */
#include "screen.h"

#include <gst/video/video.h>
#include <unistd.h>

#include "framesource.h"
#include "playoutdelay.h"

#if defined(__arm__) || defined(__aarch64__)
#define CPU_USED -12
#else
#define CPU_USED -6
#endif

enum {
    MIN_QUANTIZER = 2,
    MAX_QUANTIZER = 56,
    MTU = 1200,
    THREADS_MAX = 4,
    PIXELS_PER_THREAD = 640 * 400, /* below this a second thread costs more than it gives */
};

#define URI_TWCC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define URI_MID "urn:ietf:params:rtp-hdrext:sdes:mid"

/* RTP as it is offered. A payload type or id means nothing outside of the session. */
#define PAYLOAD 96
#define MID "video"
#define ID_TWCC 1
#define ID_MID 2
#define ID_PLAYOUT_DELAY 3

/* With the SSRC, so that webrtcbin offers it and that of the retransmissions as a pair (FID, RFC 5576, section 4.2):
 * without it Chromium pairs them by their payload types, but Firefox takes no retransmission, and a lost packet stops
 * its picture until a keyframe. */
GstCaps *oriel_screen_caps(GstElement *screen) {
    g_autoptr(GstElement) pay = gst_bin_get_by_name(GST_BIN(screen), "pay");
    guint ssrc;
    g_object_get(pay, "ssrc", &ssrc, NULL);
    return gst_caps_new_simple(
        "application/x-rtp", "media", G_TYPE_STRING, "video", "encoding-name", G_TYPE_STRING, "VP8", "clock-rate",
        G_TYPE_INT, 90000, "payload", G_TYPE_INT, PAYLOAD, "ssrc", G_TYPE_UINT, ssrc, "a-mid", G_TYPE_STRING, MID,
        "rtcp-fb-nack-pli", G_TYPE_BOOLEAN, TRUE, "rtcp-fb-ccm-fir", G_TYPE_BOOLEAN, TRUE, "rtcp-fb-transport-cc",
        G_TYPE_BOOLEAN, TRUE, "extmap-" G_STRINGIFY(ID_TWCC), G_TYPE_STRING, URI_TWCC, "extmap-" G_STRINGIFY(ID_MID),
        G_TYPE_STRING, URI_MID, "extmap-" G_STRINGIFY(ID_PLAYOUT_DELAY), G_TYPE_STRING, ORIEL_PLAYOUT_DELAY_URI, NULL);
}

static GstElement *make(const char *factory, const char *name, GError **error) {
    GstElement *element = gst_element_factory_make(factory, name);
    if (!element)
        g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                    "the GStreamer element %s is missing; install Debian's gstreamer1.0-plugins-good and -bad",
                    factory);
    return element;
}

static GstElement *make_queue(GError **error) {
    GstElement *queue = make("queue", "newest", error);
    if (queue) {
        gst_util_set_object_arg(G_OBJECT(queue), "leaky", "downstream");
        g_object_set(queue, "max-size-buffers", 1, "max-size-bytes", 0, "max-size-time", (guint64)0, NULL);
    }
    return queue;
}

static GstElement *make_encoder(unsigned kbits, GError **error) {
    GstElement *encoder = make("vp8enc", "encoder", error);
    if (!encoder)
        return NULL;
    gst_util_set_object_arg(G_OBJECT(encoder), "end-usage", "cbr");
    gst_util_set_object_arg(G_OBJECT(encoder), "keyframe-mode", "disabled");
    g_object_set(encoder, "deadline", (gint64)1, "cpu-used", CPU_USED, "lag-in-frames", 0, "target-bitrate",
                 (gint)kbits * 1000, "min-quantizer", MIN_QUANTIZER, "max-quantizer", MAX_QUANTIZER, "undershoot", 100,
                 "overshoot", 15, "buffer-initial-size", 500, "buffer-optimal-size", 600, "buffer-size", 1000,
                 "static-threshold", 100, "max-intra-bitrate", 300, "dropframe-threshold", 0, "resize-allowed", FALSE,
                 "noise-sensitivity", 0, "auto-alt-ref", FALSE, NULL);
    gst_util_set_object_arg(G_OBJECT(encoder), "timebase", "1/90000");
    return encoder;
}

static GstElement *make_payloader(GError **error) {
    GstElement *pay = make("rtpvp8pay", "pay", error);
    if (!pay)
        return NULL;
    gst_util_set_object_arg(G_OBJECT(pay), "picture-id-mode", "15-bit");
    /* RTP time 0 is running time 0: the data channel tells the page which clock time that is. */
    g_object_set(pay, "pt", PAYLOAD, "ssrc", g_random_int(), "mtu", MTU, "timestamp-offset", 0, "perfect-rtptime",
                 FALSE, NULL);
    g_autoptr(GstRTPHeaderExtension) twcc = gst_rtp_header_extension_create_from_uri(URI_TWCC);
    g_autoptr(GstRTPHeaderExtension) mid = gst_rtp_header_extension_create_from_uri(URI_MID);
    g_autoptr(GstRTPHeaderExtension) delay = gst_object_ref_sink(oriel_playout_delay_new(ID_PLAYOUT_DELAY));
    if (!twcc || !mid) {
        g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                    "GStreamer's rtpmanager plugin is missing; install Debian's gstreamer1.0-plugins-good");
        gst_object_unref(gst_object_ref_sink(pay));
        return NULL;
    }
    gst_rtp_header_extension_set_id(twcc, ID_TWCC);
    gst_rtp_header_extension_set_id(mid, ID_MID);
    g_object_set(mid, "mid", MID, NULL);
    g_signal_emit_by_name(pay, "add-extension", twcc);
    g_signal_emit_by_name(pay, "add-extension", mid);
    g_signal_emit_by_name(pay, "add-extension", delay);
    return pay;
}

/* The encoder reads its number of threads when it starts on a new size. */
static GstPadProbeReturn choose_threads(GstPad *pad, GstPadProbeInfo *info, gpointer encoder) {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
    if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS)
        return GST_PAD_PROBE_OK;
    GstCaps *caps;
    GstVideoInfo video;
    gst_event_parse_caps(event, &caps);
    if (gst_video_info_from_caps(&video, caps)) {
        gint useful = 1 + video.width * video.height / PIXELS_PER_THREAD;
        g_object_set(encoder, "threads", MIN(MIN(useful, (gint)g_get_num_processors()), THREADS_MAX), NULL);
    }
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn count_picture(GstPad *pad, GstPadProbeInfo *info, gpointer pictures) {
    g_atomic_pointer_add((gsize *)pictures, 1);
    return GST_PAD_PROBE_OK;
}

static void add_probes(GstElement *screen, GstElement *encoder) {
    gsize *pictures = g_new0(gsize, 1);
    g_object_set_data_full(G_OBJECT(screen), "oriel-pictures", pictures, g_free);
    g_autoptr(GstPad) in = gst_element_get_static_pad(encoder, "sink");
    g_autoptr(GstPad) out = gst_element_get_static_pad(encoder, "src");
    gst_pad_add_probe(in, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, choose_threads, encoder, NULL);
    gst_pad_add_probe(out, GST_PAD_PROBE_TYPE_BUFFER, count_picture, pictures, NULL);
}

GstElement *oriel_screen_new(int frames, unsigned fps, unsigned kbits, GError **error) {
    GstElement *screen = gst_bin_new("screen");
    GstElement *source = oriel_frame_source_new(frames, fps);
    gst_object_set_name(GST_OBJECT(source), "frames");
    gst_bin_add(GST_BIN(screen), source);
    GstElement *queue = make_queue(error);
    GstElement *encoder = queue ? make_encoder(kbits, error) : NULL;
    GstElement *pay = encoder ? make_payloader(error) : NULL;
    if (pay)
        gst_bin_add_many(GST_BIN(screen), queue, encoder, pay, NULL);
    if (!pay || !gst_element_link_many(source, queue, encoder, pay, NULL)) {
        if (!pay) {
            g_clear_pointer(&encoder, gst_object_unref);
            g_clear_pointer(&queue, gst_object_unref);
        }
        gst_object_unref(gst_object_ref_sink(screen));
        return NULL;
    }
    g_autoptr(GstPad) out = gst_element_get_static_pad(pay, "src");
    gst_element_add_pad(screen, gst_ghost_pad_new("src", out));
    add_probes(screen, encoder);
    return screen;
}

static GstElement *child(GstElement *screen, const char *name) {
    return gst_bin_get_by_name(GST_BIN(screen), name);
}

void oriel_screen_run(GstElement *screen, gboolean run) {
    g_autoptr(GstElement) source = child(screen, "frames");
    g_autoptr(GstElement) encoder = child(screen, "encoder");
    if (run) {
        g_autoptr(GstPad) out = gst_element_get_static_pad(encoder, "src");
        gst_pad_send_event(out, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
    }
    oriel_frame_source_run(source, run);
}

void oriel_screen_counts(GstElement *screen, struct oriel_screen_counts *counts) {
    g_autoptr(GstElement) source = child(screen, "frames");
    oriel_frame_source_size(source, &counts->width, &counts->height);
    gsize *pictures = g_object_get_data(G_OBJECT(screen), "oriel-pictures");
    counts->pictures = (gsize)g_atomic_pointer_get(pictures);
}
