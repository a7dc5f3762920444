/* See screen.h.
 *
 *     the frame socket                                                    webrtcbin
 *           |                                                                 |
 *    +------v------+      +------------+      +-----------+      a=extmap: twcc, mid, playout-delay,
 *    | orielframe- | I420 |            | VP8  |           | RTP  capture time, dependency descriptor
 *    |     src     +----->| orielvp8enc+----->| rtpvp8pay +------------------+
 *    |   "frames"  |<.....|  "encoder" |      |   "pay"   |
 *    +-------------+      +-----^------+      +-----------+
 *                 "the next one  |
 *                   at … "       keyframes on demand (PLI, FIR)
 *
 * This is pipelines/graphs/vp8.pipeline; another graph can stand in its place (graph.h). One thread runs it all: while
 * a picture is encoded and sent, the next waits on the screen, where it is newest. */
#include "screen.h"

#include <gst/video/video.h>
#include <unistd.h>

#include "capturetime.h"
#include "clock.h"
#include "damage.h"
#include "dependencies.h"
#include "framesource.h"
#include "graph.h"
#include "offered.h"
#include "playoutdelay.h"
#include "vp8enc.h"

enum { MTU = 1200, THREADS_MAX = 4, KBITS_MIN = 50 };

static GstElement *child(GstElement *screen, const char *name) {
    return gst_bin_get_by_name(GST_BIN(screen), name);
}

/* Whether pictures say what they refer to: those of our own encoder. */
static gboolean refers(GstElement *screen) {
    g_autoptr(GstElement) encoder = child(screen, "encoder");
    return G_OBJECT_TYPE(encoder) == oriel_vp8_enc_get_type();
}

/* With the SSRC, so that webrtcbin offers it and that of the retransmissions as a pair (FID, RFC 5576, section 4.2):
 * without it Chromium pairs them by their payload types, but Firefox takes no retransmission, and a lost packet stops
 * its picture until a keyframe. */
GstCaps *oriel_screen_caps(GstElement *screen) {
    g_autoptr(GstElement) pay = child(screen, "pay");
    guint ssrc;
    g_object_get(pay, "ssrc", &ssrc, NULL);
    gboolean h264 = g_str_equal(GST_OBJECT_NAME(gst_element_get_factory(pay)), "rtph264pay");
    GstCaps *caps = gst_caps_new_simple(
        "application/x-rtp", "media", G_TYPE_STRING, "video", "encoding-name", G_TYPE_STRING, h264 ? "H264" : "VP8",
        "clock-rate", G_TYPE_INT, 90000, "payload", G_TYPE_INT, ORIEL_PAYLOAD_SCREEN, "ssrc", G_TYPE_UINT, ssrc,
        "a-mid", G_TYPE_STRING, ORIEL_MID_SCREEN, "rtcp-fb-nack-pli", G_TYPE_BOOLEAN, TRUE, "rtcp-fb-ccm-fir",
        G_TYPE_BOOLEAN, TRUE, "rtcp-fb-transport-cc", G_TYPE_BOOLEAN, TRUE, "extmap-" G_STRINGIFY(ORIEL_ID_TWCC),
        G_TYPE_STRING, ORIEL_URI_TWCC, "extmap-" G_STRINGIFY(ORIEL_ID_MID), G_TYPE_STRING, ORIEL_URI_MID,
        "extmap-" G_STRINGIFY(ORIEL_ID_PLAYOUT_DELAY), G_TYPE_STRING, ORIEL_PLAYOUT_DELAY_URI,
        "extmap-" G_STRINGIFY(ORIEL_ID_CAPTURE_TIME), G_TYPE_STRING, ORIEL_CAPTURE_TIME_URI, NULL);
    if (h264)
        gst_caps_set_simple(caps, "packetization-mode", G_TYPE_STRING, "1", "profile-level-id", G_TYPE_STRING, "42e01f",
                            "level-asymmetry-allowed", G_TYPE_STRING, "1", NULL);
    if (refers(screen))
        gst_caps_set_simple(caps, "extmap-" G_STRINGIFY(ORIEL_ID_DEPENDENCIES), G_TYPE_STRING, ORIEL_DEPENDENCIES_URI,
                            NULL);
    return caps;
}

static gboolean set_up_payloader(GstElement *screen, GstElement *pay, GError **error) {
    /* RTP time 0 is running time 0: the data channel tells the page which clock time that is. */
    g_object_set(pay, "pt", ORIEL_PAYLOAD_SCREEN, "ssrc", g_random_int(), "mtu", MTU, "timestamp-offset", 0,
                 "perfect-rtptime", FALSE, NULL);
    g_autoptr(GstRTPHeaderExtension) needs = gst_object_ref_sink(oriel_dependencies_new(ORIEL_ID_DEPENDENCIES));
    if (refers(screen))
        g_signal_emit_by_name(pay, "add-extension", needs);
    return oriel_offered_extend(pay, ORIEL_MID_SCREEN, screen, error);
}

/* What the screen keeps for itself, with the bin. */
struct inside {
    gsize pictures; /* atomic */
    struct oriel_trace *trace;
    GstElement *bin; /* not owned */
    unsigned kbits;  /* at most */
};

static void inside_free(gpointer user) {
    struct inside *in = user;
    oriel_trace_free(in->trace);
    g_free(in);
}

static struct inside *inside(GstElement *screen) {
    return g_object_get_data(G_OBJECT(screen), "oriel-inside");
}

static GstPadProbeReturn on_converted(GstPad *pad, GstPadProbeInfo *info, gpointer user) {
    struct inside *in = user;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    size_t count;
    if (oriel_damage_get(buffer, &count) && count) {
        gint64 captured = (gint64)(gst_element_get_base_time(in->bin) + GST_BUFFER_PTS(buffer));
        oriel_trace_converted(in->trace, GST_BUFFER_PTS(buffer), captured, oriel_damage_taken(buffer),
                              oriel_monotonic());
    }
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn on_encoded(GstPad *pad, GstPadProbeInfo *info, gpointer user) {
    struct inside *in = user;
    g_atomic_pointer_add(&in->pictures, 1);
    oriel_trace_encoded(in->trace, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)), oriel_monotonic());
    return GST_PAD_PROBE_OK;
}

static void watch(GstElement *screen, unsigned kbits) {
    struct inside *in = g_new0(struct inside, 1);
    in->trace = oriel_trace_new();
    in->bin = screen;
    in->kbits = kbits;
    g_object_set_data_full(G_OBJECT(screen), "oriel-inside", in, inside_free);
    g_autoptr(GstElement) frames = child(screen, "frames");
    g_autoptr(GstElement) encoder = child(screen, "encoder");
    g_autoptr(GstPad) converted = gst_element_get_static_pad(frames, "src");
    g_autoptr(GstPad) encoded = gst_element_get_static_pad(encoder, "src");
    gst_pad_add_probe(converted, GST_PAD_PROBE_TYPE_BUFFER, on_converted, in, NULL);
    gst_pad_add_probe(encoded, GST_PAD_PROBE_TYPE_BUFFER, on_encoded, in, NULL);
}

GstElement *oriel_screen_new(const char *graph, int frames, unsigned fps, unsigned kbits, GError **error) {
    struct oriel_graph_numbers numbers = {
        .kbits = kbits, .fps = fps, .threads = MIN((guint)g_get_num_processors(), THREADS_MAX)};
    GstElement *screen = oriel_graph_parse(graph, &numbers, error);
    g_autoptr(GstElement) pay = screen ? child(screen, "pay") : NULL;
    g_autoptr(GstElement) source = screen ? child(screen, "frames") : NULL;
    if (!screen || !set_up_payloader(screen, pay, error)) {
        close(frames);
        if (screen)
            gst_object_unref(gst_object_ref_sink(screen));
        return NULL;
    }
    oriel_frame_source_open(source, frames, fps);
    watch(screen, kbits);
    return screen;
}

void oriel_screen_watch(GstElement *screen, oriel_picture_watcher picture, oriel_looks_watcher looks, void *user) {
    g_autoptr(GstElement) source = child(screen, "frames");
    oriel_frame_source_watch(source, picture, looks, user);
}

void oriel_screen_refer(GstElement *screen, struct oriel_references *references) {
    g_autoptr(GstElement) encoder = child(screen, "encoder");
    if (refers(screen))
        oriel_vp8_enc_refer(encoder, references);
}

void oriel_screen_again(GstElement *screen) {
    g_autoptr(GstElement) source = child(screen, "frames");
    oriel_frame_source_again(source);
}

void oriel_screen_watch_masks(GstElement *screen, oriel_masks_watcher masks, void *user) {
    g_autoptr(GstElement) source = child(screen, "frames");
    oriel_frame_source_watch_masks(source, masks, user);
}

void oriel_screen_pace(GstElement *screen, int64_t (*when)(void *user, int64_t now), void *user) {
    g_autoptr(GstElement) source = child(screen, "frames");
    oriel_frame_source_pace(source, when, user);
}

/* Each encoder has its own name for it. */
static void set_bitrate(GstElement *encoder, unsigned kbits) {
    GObjectClass *class = G_OBJECT_GET_CLASS(encoder);
    if (g_object_class_find_property(class, "bitrate"))
        g_object_set(encoder, "bitrate", kbits, NULL);
    else if (g_object_class_find_property(class, "target-bitrate"))
        g_object_set(encoder, "target-bitrate", kbits * 1000, NULL);
    else if (g_object_class_find_property(class, "extra-controls")) {
        g_autoptr(GstStructure) controls =
            gst_structure_new("controls", "video_bitrate", G_TYPE_INT, (int)kbits * 1000, NULL);
        g_object_set(encoder, "extra-controls", controls, NULL);
    }
}

void oriel_screen_rate(GstElement *screen, double bits_per_second) {
    g_autoptr(GstElement) encoder = child(screen, "encoder");
    set_bitrate(encoder, (unsigned)CLAMP(bits_per_second / 1000, KBITS_MIN, inside(screen)->kbits));
}

void oriel_screen_sent(GstElement *screen, GstClockTime pts) {
    oriel_trace_sent(inside(screen)->trace, pts, oriel_monotonic());
}

void oriel_screen_trace(GstElement *screen, struct oriel_trace_summary *summary) {
    oriel_trace_summarise(inside(screen)->trace, summary);
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
    counts->pictures = (gsize)g_atomic_pointer_get(&inside(screen)->pictures);
}
