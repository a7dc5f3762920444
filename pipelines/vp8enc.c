/* See vp8enc.h. */
#include "vp8enc.h"

#include <gst/video/video.h>
#include <string.h>

#include "clock.h"
#include "damage.h"
#include "dependencies.h"
#include "vp8coder.h"

#if defined(__arm__) || defined(__aarch64__)
#define SPEED -12
#else
#define SPEED -6
#endif

struct _OrielVp8Enc {
    GstVideoEncoder parent;
    /* Under the object's lock. */
    struct oriel_vp8_settings settings;
    int64_t key_until;                   /* the last keyframe is on its way */
    gint changed;                        /* atomic: the settings, since the coder got them */
    struct oriel_references *references; /* NULL: each picture refers to the last one */
    /* The streaming thread's. */
    struct oriel_vp8 *coder; /* NULL before the first caps */
    unsigned width, height;
    guint64 next; /* GST_BUFFER_OFFSET of the next picture, when none was lost */
};

G_DECLARE_FINAL_TYPE(OrielVp8Enc, oriel_vp8_enc, ORIEL, VP8_ENC, GstVideoEncoder)
G_DEFINE_TYPE(OrielVp8Enc, oriel_vp8_enc, GST_TYPE_VIDEO_ENCODER)

enum { BITRATE = 1, BURST, MAX_FRAME_RATE, TARGET_QUANTIZER, MAX_QUANTIZER, SPEED_SETTING, THREADS };

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS("video/x-raw, format = (string) I420, width = (int) [ 16, 4096 ], height = "
                                            "(int) [ 16, 4096 ], framerate = (fraction) [ 0, 2147483647 ]"));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-vp8, profile = (string) 0"));

/* ---- properties ---- */

static unsigned *unsigned_setting(OrielVp8Enc *self, guint id) {
    struct oriel_vp8_settings *s = &self->settings;
    switch (id) {
    case BITRATE:
        return &s->sharpen.kbits;
    case BURST:
        return &s->sharpen.burst;
    case MAX_FRAME_RATE:
        return &s->sharpen.fps;
    case TARGET_QUANTIZER:
        return &s->sharpen.target_quantizer;
    case MAX_QUANTIZER:
        return &s->sharpen.max_quantizer;
    case THREADS:
        return &s->threads;
    default:
        return NULL;
    }
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
    OrielVp8Enc *self = ORIEL_VP8_ENC(object);
    GST_OBJECT_LOCK(self);
    unsigned *setting = unsigned_setting(self, id);
    if (setting)
        *setting = g_value_get_uint(value);
    else if (id == SPEED_SETTING)
        self->settings.speed = g_value_get_int(value);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    g_atomic_int_set(&self->changed, TRUE);
    GST_OBJECT_UNLOCK(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
    OrielVp8Enc *self = ORIEL_VP8_ENC(object);
    GST_OBJECT_LOCK(self);
    unsigned *setting = unsigned_setting(self, id);
    if (setting)
        g_value_set_uint(value, *setting);
    else if (id == SPEED_SETTING)
        g_value_set_int(value, self->settings.speed);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    GST_OBJECT_UNLOCK(self);
}

static struct oriel_vp8_settings current(OrielVp8Enc *self) {
    GST_OBJECT_LOCK(self);
    struct oriel_vp8_settings settings = self->settings;
    g_atomic_int_set(&self->changed, FALSE);
    GST_OBJECT_UNLOCK(self);
    settings.sharpen.max_quantizer = MAX(settings.sharpen.max_quantizer, settings.sharpen.target_quantizer);
    return settings;
}

/* ---- pictures ---- */

static gboolean set_format(GstVideoEncoder *encoder, GstVideoCodecState *state) {
    OrielVp8Enc *self = ORIEL_VP8_ENC(encoder);
    unsigned width = (unsigned)GST_VIDEO_INFO_WIDTH(&state->info),
             height = (unsigned)GST_VIDEO_INFO_HEIGHT(&state->info);
    if (!self->coder || width != self->width || height != self->height) {
        char error[ORIEL_VP8_ERROR_SIZE];
        struct oriel_vp8_settings settings = current(self);
        oriel_vp8_free(self->coder);
        self->coder = oriel_vp8_new(width, height, &settings, oriel_monotonic(), error);
        if (!self->coder) {
            GST_ELEMENT_ERROR(self, STREAM, ENCODE, ("%s", error), (NULL));
            return FALSE;
        }
        self->width = width;
        self->height = height;
    }
    GstCaps *caps = gst_caps_new_simple("video/x-vp8", "profile", G_TYPE_STRING, "0", NULL);
    gst_video_codec_state_unref(gst_video_encoder_set_output_state(encoder, caps, state));
    gst_video_encoder_set_latency(encoder, 0, 0);
    return gst_video_encoder_negotiate(encoder);
}

static void take_damage(OrielVp8Enc *self, GstBuffer *buffer, int64_t now) {
    size_t count;
    const struct oriel_rect *rects = oriel_damage_get(buffer, &count);
    if (rects && GST_BUFFER_OFFSET(buffer) == self->next)
        oriel_vp8_share(self->coder, rects, count, oriel_damage_share(buffer), now);
    else
        oriel_vp8_damage_all(self->coder, now);
    oriel_vp8_welcome(self->coder, oriel_damage_welcome(buffer));
    self->next = GST_BUFFER_OFFSET_IS_VALID(buffer) ? GST_BUFFER_OFFSET(buffer) + 1 : GST_BUFFER_OFFSET_NONE;
}

static GstFlowReturn fail(OrielVp8Enc *self, GstVideoCodecFrame *frame, const char *why) {
    GST_ELEMENT_ERROR(self, STREAM, ENCODE, ("%s", why), (NULL));
    gst_video_encoder_finish_frame(GST_VIDEO_ENCODER(self), frame);
    return GST_FLOW_ERROR;
}

/* What the next picture is to refer to. */
static void refer(OrielVp8Enc *self, int64_t now) {
    struct oriel_reference by = oriel_references_next(self->references, now);
    if (by.recoverable)
        oriel_vp8_refer(self->coder, by.from, by.into, !by.shown, by.hurry);
    if (by.key && now >= oriel_vp8_key_until(self->coder))
        oriel_vp8_force_key(self->coder);
}

/* What it refers to, where the browser reads it. */
static void mark(OrielVp8Enc *self, GstBuffer *buffer, const struct oriel_vp8_packet *packet, int64_t now) {
    const struct oriel_reference by = {.from = packet->from, .into = packet->into};
    struct oriel_reference_made made =
        oriel_references_made(self->references, &by, packet->key, packet->kind == ORIEL_PLAN_PICTURE, now);
    oriel_dependencies_add(buffer, &made);
}

/* The packet, if there is one, into the frame. */
static GstFlowReturn fill(OrielVp8Enc *self, GstVideoCodecFrame *frame, const struct oriel_vp8_packet *packet,
                          int64_t now) {
    if (packet->kind == ORIEL_PLAN_NOTHING)
        return GST_FLOW_OK;
    GstFlowReturn result = gst_video_encoder_allocate_output_frame(GST_VIDEO_ENCODER(self), frame, packet->size);
    if (result != GST_FLOW_OK)
        return result;
    gst_buffer_fill(frame->output_buffer, 0, packet->bytes, packet->size);
    if (self->references)
        mark(self, frame->output_buffer, packet, now);
    if (packet->key)
        GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT(frame);
    return GST_FLOW_OK;
}

static GstFlowReturn handle_frame(GstVideoEncoder *encoder, GstVideoCodecFrame *frame) {
    OrielVp8Enc *self = ORIEL_VP8_ENC(encoder);
    int64_t now = oriel_monotonic();
    if (g_atomic_int_get(&self->changed)) {
        struct oriel_vp8_settings settings = current(self);
        oriel_vp8_set(self->coder, &settings.sharpen, now);
    }
    take_damage(self, frame->input_buffer, now);
    if (GST_VIDEO_CODEC_FRAME_IS_FORCE_KEYFRAME(frame))
        oriel_vp8_force_key(self->coder);
    if (self->references)
        refer(self, now);
    GstVideoInfo info;
    GstVideoFrame video;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, self->width, self->height);
    if (!gst_video_frame_map(&video, &info, frame->input_buffer, GST_MAP_READ))
        return fail(self, frame, "a picture can't be read");
    struct oriel_i420 picture;
    for (guint i = 0; i < 3; i++) {
        picture.planes[i] = GST_VIDEO_FRAME_PLANE_DATA(&video, i);
        picture.strides[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&video, i);
    }
    struct oriel_vp8_packet packet;
    char error[ORIEL_VP8_ERROR_SIZE];
    int result = oriel_vp8_encode(self->coder, &picture, now, &packet, error);
    gst_video_frame_unmap(&video);
    if (result < 0)
        return fail(self, frame, error);
    GstFlowReturn flow = fill(self, frame, &packet, now);
    GST_OBJECT_LOCK(self);
    self->key_until = oriel_vp8_key_until(self->coder);
    GST_OBJECT_UNLOCK(self);
    /* Downstream sends it before this returns, so that the next is asked for when this one is gone. */
    GstFlowReturn pushed = gst_video_encoder_finish_frame(encoder, frame);
    struct oriel_sharpen_times times = oriel_vp8_times(self->coder, oriel_monotonic());
    gst_pad_push_event(GST_VIDEO_ENCODER_SINK_PAD(encoder), oriel_demand_new(times.not_before, times.again));
    return flow != GST_FLOW_OK ? flow : pushed;
}

/* Somebody needs a keyframe, and the screen may be at rest. A PLI while the last one is on its way comes from who waits
 * for it, and goes no further: the base class would take its request for pending. With all headers (a FIR, or a new
 * connection) it is somebody who can't have it. */
static gboolean src_event(GstVideoEncoder *encoder, GstEvent *event) {
    OrielVp8Enc *self = ORIEL_VP8_ENC(encoder);
    gboolean all = TRUE, key = gst_video_event_is_force_key_unit(event);
    GST_OBJECT_LOCK(self);
    int64_t until = self->key_until;
    GST_OBJECT_UNLOCK(self);
    if (key && gst_video_event_parse_upstream_force_key_unit(event, NULL, &all, NULL) && !all &&
        oriel_monotonic() < until) {
        gst_event_unref(event);
        return TRUE;
    }
    gboolean handled = GST_VIDEO_ENCODER_CLASS(oriel_vp8_enc_parent_class)->src_event(encoder, event);
    if (key)
        gst_pad_push_event(GST_VIDEO_ENCODER_SINK_PAD(encoder), oriel_demand_new(0, 0));
    return handled;
}

/* Nothing of a raw picture's metas is true of an encoded one. */
static gboolean transform_meta(GstVideoEncoder *encoder, GstVideoCodecFrame *frame, GstMeta *meta) {
    return FALSE;
}

static gboolean stop(GstVideoEncoder *encoder) {
    OrielVp8Enc *self = ORIEL_VP8_ENC(encoder);
    g_clear_pointer(&self->coder, oriel_vp8_free);
    return TRUE;
}

static gboolean flush(GstVideoEncoder *encoder) {
    ORIEL_VP8_ENC(encoder)->next = GST_BUFFER_OFFSET_NONE;
    return TRUE;
}

/* ---- the class ---- */

static void finalize(GObject *object) {
    oriel_vp8_free(ORIEL_VP8_ENC(object)->coder);
    G_OBJECT_CLASS(oriel_vp8_enc_parent_class)->finalize(object);
}

static void install(GObjectClass *class, guint id, const char *name, const char *nick, const char *blurb, guint min,
                    guint max, guint otherwise, GParamFlags playing) {
    g_object_class_install_property(class, id,
                                    g_param_spec_uint(name, nick, blurb, min, max, otherwise,
                                                      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | playing));
}

static void oriel_vp8_enc_class_init(OrielVp8EncClass *class) {
    GObjectClass *object = G_OBJECT_CLASS(class);
    GstVideoEncoderClass *encoder = GST_VIDEO_ENCODER_CLASS(class);
    object->finalize = finalize;
    object->set_property = set_property;
    object->get_property = get_property;
    install(object, BITRATE, "bitrate", "Bitrate", "Target bitrate in kbit/s", 50, 100000, 4000,
            GST_PARAM_MUTABLE_PLAYING);
    install(object, BURST, "burst", "Burst", "Milliseconds of the bitrate that may be sent at once after a rest", 100,
            5000, 600, GST_PARAM_MUTABLE_PLAYING);
    install(object, MAX_FRAME_RATE, "max-frame-rate", "Maximum frame rate", "Changed pictures a second at most", 1, 60,
            30, GST_PARAM_MUTABLE_PLAYING);
    install(object, TARGET_QUANTIZER, "target-quantizer", "Target quantizer",
            "Quantizer that settled blocks are sharpened to", 0, 63, 4, GST_PARAM_MUTABLE_PLAYING);
    install(object, MAX_QUANTIZER, "max-quantizer", "Maximum quantizer", "Coarsest quantizer", 0, 63, 56,
            GST_PARAM_MUTABLE_PLAYING);
    install(object, THREADS, "threads", "Threads", "Number of threads, 0: by size and processors", 0, 16, 0,
            GST_PARAM_MUTABLE_READY);
    g_object_class_install_property(
        object, SPEED_SETTING,
        g_param_spec_int("speed", "Speed", "libvpx's cpu-used", -16, -1, SPEED,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &sink_template);
    gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &src_template);
    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Oriel VP8 encoder", "Codec/Encoder/Video",
                                          "VP8 of a screen: what changed, and then sharper", "Oriel");
    encoder->set_format = set_format;
    encoder->handle_frame = handle_frame;
    encoder->src_event = src_event;
    encoder->transform_meta = transform_meta;
    encoder->stop = stop;
    encoder->flush = flush;
}

static void oriel_vp8_enc_init(OrielVp8Enc *self) {
    self->settings = (struct oriel_vp8_settings){
        .sharpen = {.kbits = 4000, .burst = 600, .fps = 30, .target_quantizer = 4, .max_quantizer = 56},
        .speed = SPEED};
    self->next = GST_BUFFER_OFFSET_NONE;
}

void oriel_vp8_enc_refer(GstElement *encoder, struct oriel_references *references) {
    ORIEL_VP8_ENC(encoder)->references = references;
}
