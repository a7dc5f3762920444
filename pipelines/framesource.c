/* See framesource.h. */
#include "framesource.h"

#include <errno.h>
#include <gst/base/gstpushsrc.h>
#include <gst/video/video.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "damage.h"
#include "framereader.h"

#define REPEAT_FAST (100 * ORIEL_MILLISECOND)
#define REPEAT_SLOW ORIEL_SECOND
#define SHARPEN_TIME (2 * ORIEL_SECOND)
#define DEAF_LONG (10 * ORIEL_MILLISECOND)
#define FRESHEN (3 * ORIEL_MILLISECOND)
#define PATIENCE (25 * ORIEL_MILLISECOND) /* what is foretold of the way holds for so long; it may be free sooner */
#define NEVER INT64_MAX

struct _OrielFrameSrc {
    GstPushSrc parent;
    unsigned fps;
    gint wanted;              /* atomic: whether capture shall run */
    gint flushing;            /* atomic */
    int wake;                 /* eventfd: `wanted` or `flushing` changed */
    gint size;                /* atomic: width << 16 | height of the newest picture */
    GMutex lock;              /* of the next two, which come with the encoder's demand */
    GThread *pushing;         /* atomic: the streaming thread; it need not be woken */
    gint64 not_before, again; /* monotonic; `again` is -1 while the encoder has said nothing */

    oriel_picture_watcher watcher;     /* NULL: nobody; set before the start */
    oriel_looks_watcher looks_watcher; /* NULL: nobody */
    void *watcher_user;
    oriel_masks_watcher masks_watcher; /* likewise */
    void *masks_user;
    int64_t (*when)(void *user, int64_t now); /* NULL: at any time; set before the start */
    void *when_user;

    /* The streaming thread's. */
    struct oriel_frame_reader *reader;
    unsigned masks_told; /* those that the watcher knows */
    gboolean running;
    gboolean news;       /* a picture that has not been pushed */
    gboolean deaf;       /* what capture sends has not been read for a while */
    gboolean blind;      /* no change would be taken up now */
    int64_t settled;     /* when to give up waiting for a newer one than the news; 0: now */
    uint32_t generation; /* of the caps */
    GstVideoInfo info;   /* of the caps */
    GstBuffer *picture;  /* kept up to date; NULL: there is none yet */
    gboolean drawn;      /* it shows something that may be repeated */
    guint64 serial;      /* of the next picture */
    GstClockTime last_pts;
    int64_t last_push, last_change; /* monotonic */
    int64_t taken;                  /* when the picture was taken up that is about to be pushed */
    int64_t welcome;                /* since when another change could have been taken up at any time; 0: it can't */
    int64_t earliest;               /* when the frame rate allows the next picture */
    struct oriel_share left_out;    /* of pictures that were not handed on; the list of that name */
};

G_DECLARE_FINAL_TYPE(OrielFrameSrc, oriel_frame_src, ORIEL, FRAME_SRC, GstPushSrc)
G_DEFINE_TYPE(OrielFrameSrc, oriel_frame_src, GST_TYPE_PUSH_SRC)

static GstStaticPadTemplate template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("I420")));

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
    self->drawn = FALSE;
    return oriel_frame_reader_run(self->reader, wanted ? self->fps : 0);
}

/* When the encoder wants the last picture again; -1: it says nothing. */
static int64_t demanded_again(OrielFrameSrc *self) {
    g_mutex_lock(&self->lock);
    int64_t demanded = self->again;
    g_mutex_unlock(&self->lock);
    return demanded;
}

/* When the last picture shall be pushed again. */
static int64_t again(OrielFrameSrc *self) {
    int64_t demanded = demanded_again(self);
    if (!self->drawn)
        return NEVER;
    if (demanded >= 0)
        return demanded;
    return self->last_push + (self->last_push - self->last_change < SHARPEN_TIME ? REPEAT_FAST : REPEAT_SLOW);
}

/* When the way has room for a picture; 0: now. */
static int64_t way_free(OrielFrameSrc *self) {
    int64_t now = oriel_monotonic(), at = self->when ? self->when(self->when_user, now) : 0;
    return at > now ? at : 0;
}

/* When the next picture may come: not before the encoder wants it and the way has room for it. */
static int64_t earliest(OrielFrameSrc *self) {
    g_mutex_lock(&self->lock);
    int64_t demanded = self->not_before;
    g_mutex_unlock(&self->lock);
    return MAX(MAX(demanded, self->earliest), way_free(self));
}

/* When the next picture is due, if capture sends nothing more. */
static int64_t due(OrielFrameSrc *self) {
    if (!self->running)
        return NEVER;
    if (self->news)
        return MAX(earliest(self), self->settled);
    int64_t repeat = again(self);
    return repeat == NEVER ? NEVER : MAX(repeat, way_free(self));
}

static void tell_masks(OrielFrameSrc *self) {
    unsigned count, told = oriel_frame_reader_masks_told(self->reader);
    const struct oriel_rect *masks = oriel_frame_reader_masks(self->reader, &count);
    if (told != self->masks_told && self->masks_watcher)
        self->masks_watcher(self->masks_user, masks, count);
    self->masks_told = told;
}

static int receive(OrielFrameSrc *self) {
    int result = oriel_frame_reader_receive(self->reader);
    tell_masks(self);
    if (result > 0 && self->running) {
        self->settled = 0;
        self->news = TRUE;
    }
    if (result >= 0 && oriel_frame_reader_info(self->reader)->generation == 0) {
        self->news = FALSE; /* a new generation has begun */
        self->drawn = FALSE;
    }
    return result;
}

/* What came while the encoder was busy for long is as old as that; capture makes a newer one as soon as it is read. So
 * that one has a moment to come. */
static int listen_again(OrielFrameSrc *self, int64_t now) {
    self->deaf = FALSE;
    if (now - self->last_push < DEAF_LONG)
        return 0;
    int result = receive(self);
    if (self->news)
        self->settled = now + FRESHEN;
    return result;
}

/* Whether a change would be taken up, from `since` on if it is. */
static void look(OrielFrameSrc *self, gboolean looks, int64_t since) {
    if (looks == self->blind && self->looks_watcher)
        self->looks_watcher(self->watcher_user, looks);
    self->blind = !looks;
    self->welcome = !looks ? 0 : self->welcome ? self->welcome : since;
}

/* Waits until a picture is due; reads what capture sends meanwhile, as soon as the encoder is ready for it. */
static GstFlowReturn wait_for_picture(OrielFrameSrc *self) {
    for (;;) {
        if (g_atomic_int_get(&self->flushing))
            return GST_FLOW_FLUSHING;
        if (apply_wanted(self) < 0)
            return broken(self);
        int64_t now = oriel_monotonic(), ready = earliest(self), at = due(self);
        /* What only the frame rate holds up, capture does not bring earlier: nobody need wake up to say so. */
        gboolean listen = ready <= MAX(now, self->last_change + ORIEL_SECOND / self->fps) || !self->running;
        look(self, listen, MAX(now, ready));
        self->deaf = self->deaf || !listen;
        if (listen && oriel_frame_reader_ready(self->reader) < 0)
            return broken(self);
        if (listen && self->deaf) {
            if (listen_again(self, now) < 0)
                return broken(self);
            continue;
        }
        if (!listen && ready < at)
            at = MIN(ready, now + PATIENCE);
        else if (at <= now) {
            /* What has come in the meantime is newer than what is about to be pushed. */
            if (listen && receive(self) < 0)
                return broken(self);
            if (due(self) <= now)
                return GST_FLOW_OK;
            continue;
        }
        struct timespec wait = {.tv_sec = (at - now) / ORIEL_SECOND, .tv_nsec = (at - now) % ORIEL_SECOND};
        struct pollfd fds[] = {{.fd = self->wake, .events = POLLIN},
                               {.fd = oriel_frame_reader_fd(self->reader), .events = POLLIN}};
        if (ppoll(fds, listen ? 2 : 1, at == NEVER ? NULL : &wait, NULL) < 0 && errno != EINTR)
            return GST_FLOW_ERROR;
        if (fds[0].revents)
            drain(self);
        if (listen && fds[1].revents && receive(self) < 0)
            return broken(self);
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
    gst_clear_buffer(&self->picture);
    self->picture = gst_buffer_new_allocate(NULL, self->info.size, NULL);
    self->generation = info->generation;
    return self->picture && gst_base_src_set_caps(GST_BASE_SRC(self), caps);
}

/* Brings `picture` up to date, and says what differs from the one before. */
static GstFlowReturn draw(OrielFrameSrc *self, const struct oriel_frame_info *info,
                          struct oriel_rect damage[ORIEL_DAMAGE_MAX], unsigned *count) {
    if (info->generation != self->generation && !set_size(self, info))
        return GST_FLOW_NOT_NEGOTIATED;
    GstVideoFrame frame;
    /* Copies the pixels only if somebody still reads the last ones. */
    if (!gst_video_frame_map(&frame, &self->info, self->picture, GST_MAP_READWRITE))
        return GST_FLOW_ERROR;
    struct oriel_i420 planes;
    for (guint i = 0; i < 3; i++) {
        planes.planes[i] = GST_VIDEO_FRAME_PLANE_DATA(&frame, i);
        planes.strides[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, i);
    }
    *count = oriel_frame_reader_draw(self->reader, &planes, damage);
    gst_video_frame_unmap(&frame);
    self->drawn = TRUE;
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

/* The next picture: what differs in it from the one before, and what is left of it to the video. */
static GstFlowReturn take(OrielFrameSrc *self, struct oriel_rect damage[ORIEL_DAMAGE_MAX], unsigned *count,
                          struct oriel_share *share) {
    GstFlowReturn result = wait_for_picture(self);
    if (result != GST_FLOW_OK)
        return result;
    int64_t now = self->taken = oriel_monotonic(), time = now;
    *count = 0;
    *share = (struct oriel_share){.cover = ORIEL_COVER_NONE};
    if (self->news) {
        const struct oriel_frame_info *info = oriel_frame_reader_info(self->reader);
        time = info->time;
        result = draw(self, info, damage, count);
        if (result != GST_FLOW_OK)
            return result;
        self->news = FALSE;
        self->last_change = now;
        /* Capture does the pacing: this stops only one that sends more than it was asked for, with slack for jitter. */
        int64_t interval = ORIEL_SECOND / self->fps;
        self->earliest = MAX(self->earliest + interval * 9 / 10, now + interval / 2);
    }
    self->last_pts = timestamp(self, time, now);
    if (self->watcher)
        self->watcher(self->watcher_user, self->reader, damage, *count, self->last_pts, share);
    return GST_FLOW_OK;
}

/* A picture of which the video shows nothing is not handed on, if the encoder wants none: it hears of it with the next.
 */
static gboolean leave_out(OrielFrameSrc *self, const struct oriel_rect *damage, unsigned count,
                          const struct oriel_share *share) {
    if (share->cover != ORIEL_COVER_NOW || share->owed_count || demanded_again(self) <= oriel_monotonic())
        return FALSE;
    for (unsigned i = 0; i < count; i++)
        oriel_share_add(self->left_out.left_out, &self->left_out.left_out_count, &damage[i]);
    self->welcome = 0;
    return TRUE;
}

static GstFlowReturn create(GstPushSrc *source, GstBuffer **buffer) {
    OrielFrameSrc *self = ORIEL_FRAME_SRC(source);
    struct oriel_rect damage[ORIEL_DAMAGE_MAX];
    struct oriel_share share;
    unsigned count;
    g_atomic_pointer_set(&self->pushing, g_thread_self());
    do {
        GstFlowReturn result = take(self, damage, &count, &share);
        if (result != GST_FLOW_OK)
            return result;
    } while (leave_out(self, damage, count, &share));
    g_mutex_lock(&self->lock);
    self->again = self->again < 0 ? -1 : NEVER; /* the encoder will say anew */
    g_mutex_unlock(&self->lock);
    self->deaf = TRUE;
    self->last_push = self->taken;
    share.left_out_count = self->left_out.left_out_count;
    memcpy(share.left_out, self->left_out.left_out, share.left_out_count * sizeof *share.left_out);
    self->left_out.left_out_count = 0;
    *buffer = gst_buffer_copy(self->picture);
    oriel_damage_add(*buffer, damage, count, self->taken, &share);
    if (count) {
        oriel_damage_set_welcome(*buffer, self->welcome);
        self->welcome = 0;
    }
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

static gboolean event(GstBaseSrc *source, GstEvent *event) {
    OrielFrameSrc *self = ORIEL_FRAME_SRC(source);
    gint64 not_before, again_at;
    if (!oriel_demand_parse(event, &not_before, &again_at))
        return GST_BASE_SRC_CLASS(oriel_frame_src_parent_class)->event(source, event);
    g_mutex_lock(&self->lock);
    self->not_before = not_before;
    self->again = MAX(again_at, 0);
    g_mutex_unlock(&self->lock);
    if (g_atomic_pointer_get(&self->pushing) != g_thread_self())
        wake(self);
    return TRUE;
}

static void finalize(GObject *object) {
    OrielFrameSrc *self = ORIEL_FRAME_SRC(object);
    oriel_frame_reader_free(self->reader);
    gst_clear_buffer(&self->picture);
    g_mutex_clear(&self->lock);
    close(self->wake);
    G_OBJECT_CLASS(oriel_frame_src_parent_class)->finalize(object);
}

static void oriel_frame_src_class_init(OrielFrameSrcClass *class) {
    G_OBJECT_CLASS(class)->finalize = finalize;
    gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &template);
    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Oriel frame source", "Source/Video",
                                          "Pictures of a screen that another process shares", "Oriel");
    GST_BASE_SRC_CLASS(class)->negotiate = negotiate;
    GST_BASE_SRC_CLASS(class)->event = event;
    GST_BASE_SRC_CLASS(class)->unlock = unlock;
    GST_BASE_SRC_CLASS(class)->unlock_stop = unlock_stop;
    GST_PUSH_SRC_CLASS(class)->create = create;
}

static void oriel_frame_src_init(OrielFrameSrc *self) {
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->last_pts = GST_CLOCK_TIME_NONE;
    self->again = -1;
    g_mutex_init(&self->lock);
    gst_base_src_set_live(GST_BASE_SRC(self), TRUE);
    gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME);
}

GType oriel_frame_source_get_type(void) {
    return oriel_frame_src_get_type();
}

void oriel_frame_source_open(GstElement *source, int fd, unsigned fps) {
    OrielFrameSrc *self = ORIEL_FRAME_SRC(source);
    g_return_if_fail(!self->reader);
    self->fps = fps;
    self->reader = oriel_frame_reader_new(fd);
    if (!self->reader)
        g_error("no memory for the frame reader");
}

void oriel_frame_source_watch(GstElement *source, oriel_picture_watcher picture, oriel_looks_watcher looks,
                              void *user) {
    OrielFrameSrc *self = ORIEL_FRAME_SRC(source);
    g_return_if_fail(self->reader);
    oriel_frame_reader_keep(self->reader);
    self->watcher = picture;
    self->looks_watcher = looks;
    self->watcher_user = user;
}

void oriel_frame_source_again(GstElement *source) {
    OrielFrameSrc *self = ORIEL_FRAME_SRC(source);
    g_mutex_lock(&self->lock);
    self->again = 0;
    g_mutex_unlock(&self->lock);
    wake(self);
}

void oriel_frame_source_watch_masks(GstElement *source, oriel_masks_watcher masks, void *user) {
    ORIEL_FRAME_SRC(source)->masks_watcher = masks;
    ORIEL_FRAME_SRC(source)->masks_user = user;
}

void oriel_frame_source_pace(GstElement *source, int64_t (*when)(void *user, int64_t now), void *user) {
    ORIEL_FRAME_SRC(source)->when = when;
    ORIEL_FRAME_SRC(source)->when_user = user;
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
