/* See camerastream.h.
 *
 *    a thread reads the
 *      frame socket, and                    one waits,
 *   scales (camerasize.h)                 the newest wins
 *           |        +---------------+      +--------+  VP8 +-----------+ RTP: twcc, mid, playout-delay,
 *           +------->|    appsrc     | I420 | vp8enc +----->| rtpvp8pay +------> capture time
 *                    |"camera-frames"+----->|        |      |   "pay"   |
 *                    +---------------+      +--------+      +-----------+ */
#include "camerastream.h"

#include <errno.h>
#include <gst/video/video.h>
#include <libyuv/scale.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "camerasize.h"
#include "capturetime.h"
#include "clock.h"
#include "framereader.h"
#include "offered.h"
#include "playoutdelay.h"

#define MTU "1200"

/* libwebrtc's settings for a camera, as far as vp8enc has them. */
#define GRAPH                                                                                                          \
    "appsrc name=camera-frames is-live=true format=time max-buffers=1 leaky-type=downstream ! "                        \
    "vp8enc name=encoder end-usage=cbr keyframe-mode=disabled deadline=1 cpu-used=-6 lag-in-frames=0 "                 \
    "min-quantizer=2 max-quantizer=56 undershoot=100 overshoot=15 buffer-initial-size=500 buffer-optimal-size=600 "    \
    "buffer-size=1000 static-threshold=1 max-intra-bitrate=300 dropframe-threshold=30 resize-allowed=false "           \
    "noise-sensitivity=0 auto-alt-ref=false error-resilient=default timebase=1/90000 ! "                               \
    "rtpvp8pay name=pay picture-id-mode=15-bit mtu=" MTU " timestamp-offset=0 perfect-rtptime=false"

struct oriel_camera_stream {
    GstElement *bin, *source, *encoder;
    guint32 ssrc;
    unsigned fps;
    int64_t (*when)(void *user, int64_t now); /* NULL: at any time; set before the first camera */
    void *when_user;
    gint rate;         /* atomic: what it may take, bit/s */
    gint wanted, over; /* atomic: whether pictures shall come; whether the thread shall end */
    int wake;          /* eventfd: one of the two has changed */
    GThread *thread;   /* NULL: no camera */

    /* The thread's. */
    struct oriel_frame_reader *reader;
    gboolean running;
    uint32_t generation; /* of `info` */
    GstVideoInfo info;   /* of `picture`, as the camera gives it */
    GstBuffer *picture;
    GstVideoInfo sent; /* of the caps */
    struct oriel_camera_fit fit;
    GstClockTime last_pts;
};

/* ---- the thread ---- */

static void set_info(struct oriel_camera_stream *s, GstVideoInfo *info, unsigned width, unsigned height) {
    gst_video_info_set_format(info, GST_VIDEO_FORMAT_I420, width, height);
    info->fps_n = (gint)s->fps;
    info->fps_d = 1;
    gst_video_colorimetry_from_string(&info->colorimetry, GST_VIDEO_COLORIMETRY_BT601);
}

static gboolean set_size(struct oriel_camera_stream *s, const struct oriel_frame_info *info) {
    set_info(s, &s->info, info->width, info->height);
    gst_clear_buffer(&s->picture);
    s->picture = gst_buffer_new_allocate(NULL, s->info.size, NULL);
    s->generation = info->generation;
    return s->picture != NULL;
}

/* Brings `picture` up to date; copied only if somebody still reads the last one. */
static gboolean draw(struct oriel_camera_stream *s) {
    GstVideoFrame frame;
    if (!gst_video_frame_map(&frame, &s->info, s->picture, GST_MAP_READWRITE))
        return FALSE;
    struct oriel_i420 planes;
    for (guint i = 0; i < 3; i++) {
        planes.planes[i] = GST_VIDEO_FRAME_PLANE_DATA(&frame, i);
        planes.strides[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, i);
    }
    struct oriel_rect damage[ORIEL_FRAME_DAMAGE_MAX];
    oriel_frame_reader_draw(s->reader, &planes, damage);
    gst_video_frame_unmap(&frame);
    return TRUE;
}

/* The time of capture as running time: not before the start, not in the future, and later than the one before. */
static GstClockTime timestamp(struct oriel_camera_stream *s, int64_t time) {
    int64_t now = oriel_monotonic(), base = (int64_t)gst_element_get_base_time(s->bin);
    int64_t at = (time < 0 || time > now ? now : time) - base;
    GstClockTime pts = at > 0 ? (GstClockTime)at : 0;
    if (GST_CLOCK_TIME_IS_VALID(s->last_pts) && pts < s->last_pts + GST_MSECOND)
        pts = s->last_pts + GST_MSECOND;
    return s->last_pts = pts;
}

static gboolean scale(struct oriel_camera_stream *s, GstBuffer *to) {
    GstVideoFrame from, out;
    if (!gst_video_frame_map(&from, &s->info, s->picture, GST_MAP_READ))
        return FALSE;
    gboolean mapped = gst_video_frame_map(&out, &s->sent, to, GST_MAP_WRITE);
    if (mapped) {
        const uint8_t *const *in = (const uint8_t *const *)from.data;
        I420Scale(in[0], from.info.stride[0], in[1], from.info.stride[1], in[2], from.info.stride[2], from.info.width,
                  from.info.height, out.data[0], out.info.stride[0], out.data[1], out.info.stride[1], out.data[2],
                  out.info.stride[2], out.info.width, out.info.height, kFilterBox);
        gst_video_frame_unmap(&out);
    }
    gst_video_frame_unmap(&from);
    return mapped;
}

/* The picture as large as the rate allows. A new size makes the encoder begin anew, with a keyframe: the receiver takes
 * that from the stream, and nothing is negotiated. NULL: it can't be. */
static GstBuffer *fitted(struct oriel_camera_stream *s) {
    unsigned width, height;
    oriel_camera_fit(&s->fit, (unsigned)s->info.width, (unsigned)s->info.height, s->fps, g_atomic_int_get(&s->rate),
                     oriel_boottime(), &width, &height);
    if ((int)width != s->sent.width || (int)height != s->sent.height || s->sent.fps_n != s->info.fps_n) {
        set_info(s, &s->sent, width, height);
        g_autoptr(GstCaps) caps = gst_video_info_to_caps(&s->sent);
        g_object_set(s->source, "caps", caps, NULL);
    }
    if (s->fit.halvings == 0)
        return gst_buffer_copy(s->picture);
    GstBuffer *small = gst_buffer_new_allocate(NULL, s->sent.size, NULL);
    if (small && !scale(s, small))
        gst_clear_buffer(&small);
    return small;
}

static gboolean push(struct oriel_camera_stream *s) {
    const struct oriel_frame_info *info = oriel_frame_reader_info(s->reader);
    if (info->generation == 0)
        return TRUE;
    if ((info->generation != s->generation && !set_size(s, info)) || !draw(s))
        return FALSE;
    g_autoptr(GstBuffer) buffer = fitted(s);
    if (!buffer)
        return FALSE;
    GstFlowReturn flow;
    GST_BUFFER_PTS(buffer) = timestamp(s, info->time);
    g_signal_emit_by_name(s->source, "push-buffer", buffer, &flow);
    return flow == GST_FLOW_OK || flow == GST_FLOW_FLUSHING;
}

static int apply_wanted(struct oriel_camera_stream *s) {
    gboolean wanted = g_atomic_int_get(&s->wanted);
    if (wanted == s->running)
        return 0;
    s->running = wanted;
    return oriel_frame_reader_run(s->reader, wanted ? s->fps : 0);
}

/* Asks for the next picture, unless the way is full; how long then not, ns: 0: it did. */
static int ask(struct oriel_camera_stream *s, int64_t *wait) {
    int64_t now = oriel_monotonic(), at = s->when ? s->when(s->when_user, now) : now;
    *wait = at > now ? MIN(at - now, ORIEL_SECOND / 2) : 0; /* who said so may say otherwise by then */
    return *wait ? 0 : oriel_frame_reader_ready(s->reader);
}

static gpointer read_pictures(gpointer user) {
    struct oriel_camera_stream *s = user;
    struct pollfd fds[] = {{.fd = s->wake, .events = POLLIN},
                           {.fd = oriel_frame_reader_fd(s->reader), .events = POLLIN}};
    int result = 0;
    int64_t wait;
    while (!g_atomic_int_get(&s->over) && result >= 0) {
        if ((result = apply_wanted(s)) < 0 || (result = ask(s, &wait)) < 0)
            break;
        if (ppoll(fds, 2, wait ? &(struct timespec){.tv_nsec = wait} : NULL, NULL) < 0 && errno != EINTR)
            break;
        uint64_t count;
        if (fds[0].revents && read(s->wake, &count, sizeof count) < 0)
            count = 0;
        if (fds[1].revents)
            result = oriel_frame_reader_receive(s->reader);
        if (result > 0 && s->running && !push(s))
            break;
    }
    if (result == -EPROTO)
        GST_WARNING("camera: %s", oriel_frame_reader_error(s->reader));
    g_clear_pointer(&s->reader, oriel_frame_reader_free); /* at once: the camera shall not wait for us */
    return NULL;
}

/* ---- the main thread ---- */

static void wake(struct oriel_camera_stream *s) {
    uint64_t one = 1;
    ssize_t written = write(s->wake, &one, sizeof one);
    (void)written; /* a full counter wakes as well */
}

struct oriel_camera_stream *oriel_camera_stream_new(GError **error) {
    struct oriel_camera_stream *s = g_new0(struct oriel_camera_stream, 1);
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->last_pts = GST_CLOCK_TIME_NONE;
    s->ssrc = g_random_int();
    s->bin = gst_parse_bin_from_description(GRAPH, FALSE, error);
    g_autoptr(GstElement) pay = s->bin ? gst_bin_get_by_name(GST_BIN(s->bin), "pay") : NULL;
    if (!pay || !oriel_offered_extend(pay, ORIEL_MID_CAMERA, s->bin, error))
        return NULL;
    gst_object_set_name(GST_OBJECT(s->bin), "camera");
    g_object_set(pay, "pt", ORIEL_PAYLOAD_CAMERA, "ssrc", s->ssrc, NULL);
    g_autoptr(GstPad) out = gst_element_get_static_pad(pay, "src");
    gst_element_add_pad(s->bin, gst_ghost_pad_new("src", out));
    s->source = gst_bin_get_by_name(GST_BIN(s->bin), "camera-frames");
    s->encoder = gst_bin_get_by_name(GST_BIN(s->bin), "encoder");
    g_object_set(s->encoder, "threads", (gint)CLAMP(g_get_num_processors() / 2, 1, 2), NULL);
    return s;
}

GstElement *oriel_camera_stream_bin(struct oriel_camera_stream *s) {
    return s->bin;
}

/* With the SSRC: pipelines/screen.c says why. */
GstCaps *oriel_camera_stream_caps(struct oriel_camera_stream *s) {
    return gst_caps_new_simple(
        "application/x-rtp", "media", G_TYPE_STRING, "video", "encoding-name", G_TYPE_STRING, "VP8", "clock-rate",
        G_TYPE_INT, 90000, "payload", G_TYPE_INT, ORIEL_PAYLOAD_CAMERA, "ssrc", G_TYPE_UINT, s->ssrc, "a-mid",
        G_TYPE_STRING, ORIEL_MID_CAMERA, "rtcp-fb-nack-pli", G_TYPE_BOOLEAN, TRUE, "rtcp-fb-ccm-fir", G_TYPE_BOOLEAN,
        TRUE, "rtcp-fb-transport-cc", G_TYPE_BOOLEAN, TRUE, "extmap-" G_STRINGIFY(ORIEL_ID_TWCC), G_TYPE_STRING,
        ORIEL_URI_TWCC, "extmap-" G_STRINGIFY(ORIEL_ID_MID), G_TYPE_STRING, ORIEL_URI_MID,
        "extmap-" G_STRINGIFY(ORIEL_ID_PLAYOUT_DELAY), G_TYPE_STRING, ORIEL_PLAYOUT_DELAY_URI,
        "extmap-" G_STRINGIFY(ORIEL_ID_CAPTURE_TIME), G_TYPE_STRING, ORIEL_CAPTURE_TIME_URI, NULL);
}

static void force_keyframe(struct oriel_camera_stream *s) {
    g_autoptr(GstPad) out = gst_element_get_static_pad(s->encoder, "src");
    gst_pad_send_event(out, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

void oriel_camera_stream_open(struct oriel_camera_stream *s, int fd, unsigned fps, unsigned kbits) {
    oriel_camera_stream_close(s);
    s->fps = fps;
    s->running = FALSE;
    s->generation = 0;
    s->reader = oriel_frame_reader_new(fd);
    if (!s->reader)
        g_error("no memory for the frame reader");
    s->fit = (struct oriel_camera_fit){0};
    oriel_camera_stream_rate(s, kbits * 1e3);
    force_keyframe(s);
    g_atomic_int_set(&s->over, FALSE);
    s->thread = g_thread_new("camera", read_pictures, s);
}

void oriel_camera_stream_close(struct oriel_camera_stream *s) {
    if (!s->thread)
        return;
    g_atomic_int_set(&s->over, TRUE);
    wake(s);
    g_thread_join(g_steal_pointer(&s->thread));
}

void oriel_camera_stream_rate(struct oriel_camera_stream *s, double bits_per_second) {
    g_atomic_int_set(&s->rate, (gint)bits_per_second);
    g_object_set(s->encoder, "target-bitrate", (gint)bits_per_second, NULL);
}

void oriel_camera_stream_pace(struct oriel_camera_stream *s, int64_t (*when)(void *user, int64_t now), void *user) {
    s->when = when;
    s->when_user = user;
}

void oriel_camera_stream_run(struct oriel_camera_stream *s, gboolean run) {
    if (g_atomic_int_get(&s->wanted) == run)
        return;
    if (run)
        force_keyframe(s);
    g_atomic_int_set(&s->wanted, run);
    wake(s);
}
