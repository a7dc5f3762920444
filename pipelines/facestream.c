/* See facestream.h.
 *
 *              RTP  +---------------+  VP8, if it   +--------+ I420 +---------+
 *    webrtcbin ---->| rtpvp8depay   +--------------->| vp8dec +----->| appsink | ---> picture()
 *                   | asks for      |  is small and  |        |      +---------+
 *                   | keyframes     |  slow enough   +--------+
 *                   +---------------+ */
#include "facestream.h"

#include <gst/video/video.h>

#include "bucket.h"
#include "clock.h"

#define GRAPH                                                                                                          \
    "rtpvp8depay name=depay request-keyframe=true wait-for-keyframe=true ! vp8dec threads=1 ! "                        \
    "video/x-raw,format=I420 ! appsink name=pictures sync=false async=false max-buffers=1 drop=true emit-signals=true"

/* RFC 6386, section 9.1. */
enum { HEAD = 10 };

static gboolean is_keyframe(const uint8_t *frame, gsize length) {
    return length > 0 && !(frame[0] & 1);
}

static gboolean fits(const uint8_t *frame, gsize length) {
    if (length < HEAD || frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a)
        return FALSE;
    unsigned width = (frame[6] | (unsigned)frame[7] << 8) & 0x3fff,
             height = (frame[8] | (unsigned)frame[9] << 8) & 0x3fff;
    return width >= ORIEL_FACE_SIDE_MIN && height >= ORIEL_FACE_SIDE_MIN && width <= ORIEL_FACE_SIDE_MAX &&
           height <= ORIEL_FACE_SIDE_MAX && width * height <= ORIEL_FACE_PIXELS;
}

gboolean oriel_face_may_decode(struct oriel_face_gate *gate, const uint8_t *frame, gsize length, int64_t now) {
    gboolean key = is_keyframe(frame, length);
    struct oriel_bucket bucket = {ORIEL_FACE_RATE, ORIEL_FACE_RATE, gate->rate.holds, gate->rate.at};
    gboolean slow = oriel_bucket_take(&bucket, now);
    gate->rate.holds = bucket.holds;
    gate->rate.at = bucket.at;
    if (length == 0 || !slow || (key && !fits(frame, length)))
        gate->shut = TRUE;
    else if (key)
        gate->shut = FALSE;
    return !gate->shut;
}

struct face {
    void (*picture)(void *user, const struct oriel_face_picture *picture);
    void *user;
    struct oriel_face_gate gate; /* the streaming thread's */
};

static GstPadProbeReturn on_frame(GstPad *pad, GstPadProbeInfo *info, gpointer user) {
    struct face *f = user;
    guint8 head[HEAD];
    gsize n = gst_buffer_extract(GST_PAD_PROBE_INFO_BUFFER(info), 0, head, sizeof head);
    return oriel_face_may_decode(&f->gate, head, n, oriel_monotonic()) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static GstFlowReturn on_sample(GstElement *sink, gpointer user) {
    struct face *f = user;
    g_autoptr(GstSample) sample = NULL;
    GstVideoInfo info;
    GstVideoFrame frame;
    g_signal_emit_by_name(sink, "pull-sample", &sample);
    if (!sample || !gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
        !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ))
        return GST_FLOW_OK;
    struct oriel_face_picture picture = {.width = (unsigned)GST_VIDEO_INFO_WIDTH(&info),
                                         .height = (unsigned)GST_VIDEO_INFO_HEIGHT(&info)};
    for (guint i = 0; i < 3; i++) {
        picture.planes[i] = GST_VIDEO_FRAME_PLANE_DATA(&frame, i);
        picture.strides[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, i);
    }
    f->picture(f->user, &picture);
    gst_video_frame_unmap(&frame);
    return GST_FLOW_OK;
}

GstElement *oriel_face_stream_new(void (*picture)(void *user, const struct oriel_face_picture *picture), void *user,
                                  GError **error) {
    GstElement *bin = gst_parse_bin_from_description(GRAPH, FALSE, error);
    if (!bin)
        return NULL;
    struct face *f = g_new0(struct face, 1);
    *f = (struct face){.picture = picture, .user = user, .gate.shut = TRUE};
    g_object_set_data_full(G_OBJECT(bin), "oriel-face", f, g_free);
    gst_object_set_name(GST_OBJECT(bin), "face");
    g_autoptr(GstElement) depay = gst_bin_get_by_name(GST_BIN(bin), "depay");
    g_autoptr(GstElement) sink = gst_bin_get_by_name(GST_BIN(bin), "pictures");
    g_autoptr(GstPad) in = gst_element_get_static_pad(depay, "sink");
    g_autoptr(GstPad) frames = gst_element_get_static_pad(depay, "src");
    gst_element_add_pad(bin, gst_ghost_pad_new("sink", in));
    gst_pad_add_probe(frames, GST_PAD_PROBE_TYPE_BUFFER, on_frame, f, NULL);
    g_signal_connect(sink, "new-sample", G_CALLBACK(on_sample), f);
    return bin;
}
