/* See framesource.h. */
#include "framesource.h"

#include <errno.h>
#include <gst/base/gstpushsrc.h>
#include <gst/video/video.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "framereader.h"

#define REPEAT_FAST (100 * ORIEL_MILLISECOND)
#define REPEAT_SLOW ORIEL_SECOND
#define SHARPEN_TIME (2 * ORIEL_SECOND)
#define NEVER INT64_MAX

struct _OrielFrameSrc {
    GstPushSrc parent;
    unsigned fps;
    gint wanted;   /* atomic: whether capture shall run */
    gint flushing; /* atomic */
    int wake;      /* eventfd: `wanted` or `flushing` changed */
    gint size;     /* atomic: width << 16 | height of the newest picture */

    /* The streaming thread's. */
    struct oriel_frame_reader *reader;
    gboolean running;
    gboolean news;       /* a picture that has not been pushed */
    uint32_t generation; /* of the caps */
    GstVideoInfo info;   /* of the caps */
    GstBufferPool *pool; /* of the caps */
    GstBuffer *last;     /* the newest picture pushed, to be repeated */
    guint64 serial;      /* of the next picture */
    GstClockTime last_pts;
    int64_t last_push, last_change; /* monotonic */
    int64_t earliest;               /* when the frame rate allows the next picture */
};

G_DECLARE_FINAL_TYPE(OrielFrameSrc, oriel_frame_src, ORIEL, FRAME_SRC, GstPushSrc)
G_DEFINE_TYPE(OrielFrameSrc, oriel_frame_src, GST_TYPE_PUSH_SRC)

static GstStaticPadTemplate template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("I420")));

static G_DEFINE_QUARK(oriel - damage, damage)

    const struct oriel_rect *oriel_frame_source_damage(GstBuffer *buffer, size_t *count) {
    GBytes *bytes = gst_mini_object_get_qdata(GST_MINI_OBJECT(buffer), damage_quark());
    gsize size = 0;
    const struct oriel_rect *rects = bytes ? g_bytes_get_data(bytes, &size) : NULL;
    *count = size / sizeof *rects;
    return rects;
}

static void wake(OrielFrameSrc *self) {
    uint64_t one = 1;
    ssize_t written = write(self->wake, &one, sizeof one);
    (void)written; /* a full counter wakes as well */
}

static void drain(OrielFrameSrc *self) {
    uint64_t count;
    ssize_t got = read(self->wake, &count, sizeof count);
    (void)got; /* nothing to drain is fine */
}

static GstFlowReturn broken(OrielFrameSrc *self) {
    GST_ELEMENT_ERROR(self, RESOURCE, READ, ("%s", oriel_frame_reader_error(self->reader)), (NULL));
    return GST_FLOW_ERROR;
}

/* Tells capture what is wanted. A pause forgets the picture: after it the newest one comes anew. */
static int apply_wanted(OrielFrameSrc *self) {
    gboolean wanted = g_atomic_int_get(&self->wanted);
    if (wanted == self->running)
        return 0;
    self->running = wanted;
    self->news = FALSE;
    gst_clear_buffer(&self->last);
    return oriel_frame_reader_run(self->reader, wanted ? self->fps : 0);
}

/* When the next picture is due, if capture sends nothing more. */
static int64_t due(OrielFrameSrc *self) {
    if (!self->running)
        return NEVER;
    if (self->news)
        return self->earliest;
    if (!self->last)
        return NEVER;
    return self->last_push + (self->last_push - self->last_change < SHARPEN_TIME ? REPEAT_FAST : REPEAT_SLOW);
}

/* Waits until a picture is due; reads what capture sends meanwhile. */
static GstFlowReturn wait_for_picture(OrielFrameSrc *self) {
    for (;;) {
        if (g_atomic_int_get(&self->flushing))
            return GST_FLOW_FLUSHING;
        if (apply_wanted(self) < 0)
            return broken(self);
        int64_t at = due(self), now = oriel_monotonic();
        if (at <= now)
            return GST_FLOW_OK;
        struct timespec wait = {.tv_sec = (at - now) / ORIEL_SECOND, .tv_nsec = (at - now) % ORIEL_SECOND};
        struct pollfd fds[] = {{.fd = oriel_frame_reader_fd(self->reader), .events = POLLIN},
                               {.fd = self->wake, .events = POLLIN}};
        if (ppoll(fds, 2, at == NEVER ? NULL : &wait, NULL) < 0 && errno != EINTR)
            return GST_FLOW_ERROR;
        if (fds[1].revents)
            drain(self);
        if (!fds[0].revents)
            continue;
        int result = oriel_frame_reader_receive(self->reader);
        if (result < 0)
            return broken(self);
        if (result && self->running)
            self->news = TRUE;
        if (oriel_frame_reader_info(self->reader)->generation == 0) {
            self->news = FALSE; /* a new generation has begun */
            gst_clear_buffer(&self->last);
        }
    }
}

static gboolean set_size(OrielFrameSrc *self, const struct oriel_frame_info *info) {
    gst_video_info_set_format(&self->info, GST_VIDEO_FORMAT_I420, info->width, info->height);
    /* Pictures come when something changes, so there is no frame rate; BT.601 is what the reader converts to. */
    self->info.fps_n = 0;
    self->info.fps_d = 1;
    gst_video_colorimetry_from_string(&self->info.colorimetry, GST_VIDEO_COLORIMETRY_BT601);
    g_autoptr(GstCaps) caps = gst_video_info_to_caps(&self->info);
    gst_caps_set_simple(caps, "max-framerate", GST_TYPE_FRACTION, self->fps, 1, NULL);
    if (self->pool) {
        gst_buffer_pool_set_active(self->pool, FALSE);
        gst_object_unref(self->pool);
    }
    self->pool = gst_video_buffer_pool_new();
    GstStructure *config = gst_buffer_pool_get_config(self->pool);
    gst_buffer_pool_config_set_params(config, caps, (guint)self->info.size, 0, 0);
    if (!gst_buffer_pool_set_config(self->pool, config) || !gst_buffer_pool_set_active(self->pool, TRUE))
        return FALSE;
    self->generation = info->generation;
    return gst_base_src_set_caps(GST_BASE_SRC(self), caps);
}

/* The newest picture becomes `last`. */
static GstFlowReturn draw(OrielFrameSrc *self, const struct oriel_frame_info *info) {
    if (info->generation != self->generation && !set_size(self, info))
        return GST_FLOW_NOT_NEGOTIATED;
    gst_clear_buffer(&self->last); /* first, so that its memory can serve again */
    g_autoptr(GstBuffer) buffer = NULL;
    GstFlowReturn result = gst_buffer_pool_acquire_buffer(self->pool, &buffer, NULL);
    if (result != GST_FLOW_OK)
        return result;
    GstVideoFrame frame;
    if (!gst_video_frame_map(&frame, &self->info, buffer, GST_MAP_WRITE))
        return GST_FLOW_ERROR;
    struct oriel_i420 out;
    for (guint i = 0; i < 3; i++) {
        out.planes[i] = GST_VIDEO_FRAME_PLANE_DATA(&frame, i);
        out.strides[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, i);
    }
    oriel_frame_reader_draw(self->reader, &out);
    gst_video_frame_unmap(&frame);
    self->last = g_steal_pointer(&buffer);
    g_atomic_int_set(&self->size, (gint)(info->width << 16 | info->height));
    return GST_FLOW_OK;
}

/* `time` as running time: never before the start, in the future, or not after the picture before. */
static GstClockTime timestamp(OrielFrameSrc *self, int64_t time, int64_t now) {
    GstClockTime base = gst_element_get_base_time(GST_ELEMENT(self));
    GstClockTime at = (GstClockTime)(time < 0 || time > now ? now : time);
    GstClockTime pts = at > base ? at - base : 0;
    if (GST_CLOCK_TIME_IS_VALID(self->last_pts) && pts < self->last_pts + GST_MSECOND)
        pts = self->last_pts + GST_MSECOND;
    return pts;
}

static GstFlowReturn create(GstPushSrc *source, GstBuffer **buffer) {
    OrielFrameSrc *self = ORIEL_FRAME_SRC(source);
    GstFlowReturn result = wait_for_picture(self);
    if (result != GST_FLOW_OK)
        return result;
    int64_t now = oriel_monotonic(), time = now;
    g_autoptr(GBytes) damage = NULL;
    if (self->news) {
        const struct oriel_frame_info *info = oriel_frame_reader_info(self->reader);
        damage = g_bytes_new(info->damage, info->damage_count * sizeof *info->damage);
        result = draw(self, info);
        if (result != GST_FLOW_OK)
            return result;
        time = info->time;
        self->news = FALSE;
        self->last_change = now;
        /* Capture does the pacing: this stops only one that sends more than it was asked for, with slack for jitter. */
        int64_t interval = ORIEL_SECOND / self->fps;
        self->earliest = MAX(self->earliest + interval * 9 / 10, now + interval / 2);
    }
    *buffer = gst_buffer_copy(self->last); /* shares the pixels */
    if (damage)
        gst_mini_object_set_qdata(GST_MINI_OBJECT(*buffer), damage_quark(), g_steal_pointer(&damage),
                                  (GDestroyNotify)g_bytes_unref);
    self->last_push = now;
    self->last_pts = timestamp(self, time, now);
    GST_BUFFER_OFFSET(*buffer) = self->serial++;
    GST_BUFFER_PTS(*buffer) = self->last_pts;
    GST_BUFFER_DURATION(*buffer) = GST_SECOND / self->fps;
    return GST_FLOW_OK;
}

/* Caps are known only when capture has told its size: create() sets them. */
static gboolean negotiate(GstBaseSrc *source) {
    return TRUE;
}

static gboolean unlock(GstBaseSrc *source) {
    g_atomic_int_set(&ORIEL_FRAME_SRC(source)->flushing, TRUE);
    wake(ORIEL_FRAME_SRC(source));
    return TRUE;
}

static gboolean unlock_stop(GstBaseSrc *source) {
    g_atomic_int_set(&ORIEL_FRAME_SRC(source)->flushing, FALSE);
    return TRUE;
}

static void finalize(GObject *object) {
    OrielFrameSrc *self = ORIEL_FRAME_SRC(object);
    oriel_frame_reader_free(self->reader);
    gst_clear_buffer(&self->last);
    if (self->pool) {
        gst_buffer_pool_set_active(self->pool, FALSE);
        gst_object_unref(self->pool);
    }
    close(self->wake);
    G_OBJECT_CLASS(oriel_frame_src_parent_class)->finalize(object);
}

static void oriel_frame_src_class_init(OrielFrameSrcClass *class) {
    G_OBJECT_CLASS(class)->finalize = finalize;
    gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &template);
    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Oriel frame source", "Source/Video",
                                          "Pictures of a screen that another process shares", "Oriel");
    GST_BASE_SRC_CLASS(class)->negotiate = negotiate;
    GST_BASE_SRC_CLASS(class)->unlock = unlock;
    GST_BASE_SRC_CLASS(class)->unlock_stop = unlock_stop;
    GST_PUSH_SRC_CLASS(class)->create = create;
}

static void oriel_frame_src_init(OrielFrameSrc *self) {
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->last_pts = GST_CLOCK_TIME_NONE;
    gst_base_src_set_live(GST_BASE_SRC(self), TRUE);
    gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME);
}

GstElement *oriel_frame_source_new(int fd, unsigned fps) {
    OrielFrameSrc *self = g_object_new(oriel_frame_src_get_type(), NULL);
    self->fps = fps;
    self->reader = oriel_frame_reader_new(fd);
    if (!self->reader)
        g_error("no memory for the frame reader");
    return GST_ELEMENT(self);
}

void oriel_frame_source_run(GstElement *source, gboolean run) {
    g_atomic_int_set(&ORIEL_FRAME_SRC(source)->wanted, run);
    wake(ORIEL_FRAME_SRC(source));
}

void oriel_frame_source_size(GstElement *source, unsigned *width, unsigned *height) {
    unsigned size = (unsigned)g_atomic_int_get(&ORIEL_FRAME_SRC(source)->size);
    *width = size >> 16;
    *height = size & 0xffff;
}
