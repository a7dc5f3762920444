/* Backend "v4l2": a camera of Video4Linux, by the streaming I/O that every driver has.
 *
 * Policy: the largest picture that is not larger than wished for, YUYV when the camera gives it at two thirds of the
 * wished rate (no decoder, no artefacts), else MJPEG; then what the driver makes of that. The camera runs between start
 * and stop only: its lamp says when it is looked through. Of several pictures that wait the newest counts. A damaged
 * one is left out; a camera that gives nothing else, or nothing at all, has failed: a picture that stands still would
 * be taken for what is there now. One that is pulled out fails with ENODEV, which core takes for what it is.
 * Limits: 4 buffers, or as many as the driver insists on; even sides up to ORIEL_FRAME_SIDE_MAX; the first 64 formats
 * and sizes that a driver names; whole pictures (interlaced in one buffer, not field by field), in one plane. */
#include "camera.h"
#include "cameras.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BUFFERS = 4, LOOK_MAX = 64, DAMAGED_MAX = 60 };

struct v4l2 {
    struct oriel_backend base;
    struct oriel_camera_picture picture;
    struct oriel_ring *ring;
    char name[ORIEL_CAMERA_NAME_SIZE];
    int device; /* base.fd while it runs: one that does not is always readable, with an error */
    size_t stride;
    struct {
        uint8_t *bytes;
        size_t size;
    } buffers[VIDEO_MAX_FRAME];
    unsigned count;
    int newest; /* the buffer with a picture that nobody has looked at; -1: none */
    size_t length;
    unsigned bad, damaged; /* in a row: buffers without a picture, pictures that can't be decoded */
};

/* What a format can do best. */
struct offer {
    uint32_t pixels; /* V4L2_PIX_FMT_… */
    unsigned width, height;
    double rate;
};

static int call(int fd, unsigned long request, void *argument) {
    int r;
    do
        r = ioctl(fd, request, argument);
    while (r < 0 && errno == EINTR);
    return r;
}

/* ---- which picture ---- */

static unsigned fit(unsigned wish, unsigned min, unsigned max, unsigned step) {
    unsigned value = wish < max ? wish : max;
    value = step && value > min ? min + (value - min) / step * step : value;
    return value < min ? 0 : value & ~1u;
}

static void look_at_size(const struct v4l2_frmsizeenum *size, unsigned width, unsigned height, struct offer *best) {
    unsigned w = size->discrete.width, h = size->discrete.height;
    if (size->type != V4L2_FRMSIZE_TYPE_DISCRETE) {
        w = fit(width, size->stepwise.min_width, size->stepwise.max_width, size->stepwise.step_width);
        h = fit(height, size->stepwise.min_height, size->stepwise.max_height, size->stepwise.step_height);
    }
    if (w < ORIEL_FRAME_SIDE_MIN || h < ORIEL_FRAME_SIDE_MIN || w > width || h > height || (w | h) & 1)
        return;
    if ((uint64_t)w * h > (uint64_t)best->width * best->height) {
        best->width = w;
        best->height = h;
    }
}

static double frames_a_second(struct v4l2_fract interval) {
    return interval.numerator ? (double)interval.denominator / interval.numerator : 0;
}

static double best_rate(int fd, const struct offer *o) {
    double best = 0;
    for (unsigned i = 0; i < LOOK_MAX; i++) {
        struct v4l2_frmivalenum f = {.index = i, .pixel_format = o->pixels, .width = o->width, .height = o->height};
        if (call(fd, VIDIOC_ENUM_FRAMEINTERVALS, &f) < 0)
            break;
        double rate = frames_a_second(f.type == V4L2_FRMIVAL_TYPE_DISCRETE ? f.discrete : f.stepwise.min);
        best = rate > best ? rate : best;
    }
    return best;
}

static struct offer look_at_format(int fd, uint32_t pixels, unsigned width, unsigned height) {
    struct offer best = {.pixels = pixels};
    bool named = false;
    for (unsigned i = 0; i < LOOK_MAX; i++) {
        struct v4l2_frmsizeenum size = {.index = i, .pixel_format = pixels};
        if (call(fd, VIDIOC_ENUM_FRAMESIZES, &size) < 0)
            break;
        named = true;
        look_at_size(&size, width, height, &best);
    }
    if (!named) { /* a driver that does not say: the wish, which it makes its own of */
        best.width = width;
        best.height = height;
    }
    if (best.width)
        best.rate = best_rate(fd, &best);
    return best;
}

static bool gives(int fd, uint32_t pixels) {
    for (unsigned i = 0; i < LOOK_MAX; i++) {
        struct v4l2_fmtdesc format = {.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
        if (call(fd, VIDIOC_ENUM_FMT, &format) < 0)
            return false;
        if (format.pixelformat == pixels)
            return true;
    }
    return false;
}

static uint64_t area(const struct offer *o) {
    return (uint64_t)o->width * o->height;
}

/* width 0: it has nothing for us. */
static struct offer choose(int fd, unsigned width, unsigned height, unsigned rate) {
    struct offer plain = {0}, jpeg = {0};
    if (gives(fd, V4L2_PIX_FMT_YUYV))
        plain = look_at_format(fd, V4L2_PIX_FMT_YUYV, width, height);
    if (gives(fd, V4L2_PIX_FMT_MJPEG))
        jpeg = look_at_format(fd, V4L2_PIX_FMT_MJPEG, width, height);
    bool fast = plain.rate == 0 || plain.rate * 3 >= rate * 2; /* 0: it does not say */
    if (plain.width && (!jpeg.width || (fast && area(&plain) >= area(&jpeg))))
        return plain;
    return jpeg.width ? jpeg : plain;
}

/* ---- opening ---- */

/* What there is against a format that the driver made of ours; NULL: nothing. */
static const char *unusable(const struct v4l2_pix_format *got, uint32_t wanted) {
    if (got->pixelformat != wanted)
        return "it gives another format than it names";
    if ((got->width | got->height) & 1 || got->width < ORIEL_FRAME_SIDE_MIN || got->height < ORIEL_FRAME_SIDE_MIN ||
        got->width > ORIEL_FRAME_SIDE_MAX || got->height > ORIEL_FRAME_SIDE_MAX)
        return "its pictures have an odd side, or are too small or too large: set another [camera] size";
    if (wanted == V4L2_PIX_FMT_YUYV && got->bytesperline && got->bytesperline < 2 * got->width)
        return "its rows are shorter than its pictures";
    switch (got->field) {
    case V4L2_FIELD_ANY: /* of a driver that does not say */
    case V4L2_FIELD_NONE:
    case V4L2_FIELD_INTERLACED:
    case V4L2_FIELD_INTERLACED_TB:
    case V4L2_FIELD_INTERLACED_BT:
        return NULL;
    default:
        return "it gives half pictures (the fields of an interlaced one) one by one";
    }
}

/* NULL, or why not. */
static const char *set_format(struct v4l2 *v, const struct offer *o, unsigned rate) {
    struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    format.fmt.pix = (struct v4l2_pix_format){
        .width = o->width, .height = o->height, .pixelformat = o->pixels, .field = V4L2_FIELD_NONE};
    if (call(v->device, VIDIOC_S_FMT, &format) < 0)
        return strerror(errno);
    const struct v4l2_pix_format *got = &format.fmt.pix;
    const char *why = unusable(got, o->pixels);
    if (why)
        return why;
    v->base.width = v->picture.width = got->width;
    v->base.height = v->picture.height = got->height;
    v->picture.format = o->pixels == V4L2_PIX_FMT_MJPEG ? ORIEL_CAMERA_MJPEG : ORIEL_CAMERA_YUYV;
    v->stride = got->bytesperline ? got->bytesperline : 2 * (size_t)got->width;
    struct v4l2_streamparm parameters = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    parameters.parm.capture.timeperframe = (struct v4l2_fract){1, rate};
    call(v->device, VIDIOC_S_PARM, &parameters); /* one that can't has its own rate */
    return NULL;
}

static bool map_buffers(struct v4l2 *v) {
    struct v4l2_requestbuffers request = {
        .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (call(v->device, VIDIOC_REQBUFS, &request) < 0)
        return false;
    v->count = request.count < VIDEO_MAX_FRAME ? request.count : VIDEO_MAX_FRAME;
    if (v->count < 2) {
        errno = ENOMEM;
        return false;
    }
    for (unsigned i = 0; i < v->count; i++) {
        struct v4l2_buffer b = {.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (call(v->device, VIDIOC_QUERYBUF, &b) < 0)
            return false;
        void *at = mmap(NULL, b.length, PROT_READ, MAP_SHARED, v->device, (off_t)b.m.offset);
        if (at == MAP_FAILED)
            return false;
        v->buffers[i].bytes = at;
        v->buffers[i].size = b.length;
    }
    return true;
}

static void v4l2_close(struct oriel_backend *backend) {
    struct v4l2 *v = (struct v4l2 *)backend;
    for (unsigned i = 0; i < v->count; i++)
        if (v->buffers[i].bytes)
            munmap(v->buffers[i].bytes, v->buffers[i].size);
    if (v->device >= 0)
        close(v->device);
    oriel_camera_picture_clear(&v->picture);
    free(v);
}

/* False: `error` says why. */
static bool open_device(struct v4l2 *v, const struct oriel_backend_wish *wish, char *error) {
    unsigned width, height;
    struct v4l2_capability about = {0};
    if (!oriel_camera_size(wish->monitor, &width, &height)) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "'%.40s' is no size of a camera's picture: WIDTHxHEIGHT, both even",
                 wish->monitor);
        return false;
    }
    v->device = open(wish->device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (v->device < 0 || call(v->device, VIDIOC_QUERYCAP, &about) < 0) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "the camera %.200s can't be opened: %s", wish->device,
                 strerror(errno));
        return false;
    }
    oriel_camera_take_name(about.card, sizeof about.card, v->name);
    struct offer o = choose(v->device, width, height, wish->rate);
    if (!o.width) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
                 "the camera %s (%.200s) has neither YUYV nor MJPEG of at most %ux%u: set another [camera] size",
                 v->name, wish->device, width, height);
        return false;
    }
    errno = 0;
    const char *why = set_format(v, &o, wish->rate);
    if (!why && map_buffers(v))
        return true;
    snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "the camera %s (%.200s) can't be used: %s%s", v->name, wish->device,
             why ? why : strerror(errno), errno == EBUSY ? ": another program has it" : "");
    return false;
}

static struct oriel_backend *v4l2_open(const struct oriel_backend_wish *wish, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    struct v4l2 *v = calloc(1, sizeof *v);
    if (!v) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "no memory");
        return NULL;
    }
    v->base = (struct oriel_backend){.ops = &oriel_backend_v4l2, .fd = -1, .steady = true, .format = ORIEL_FORMAT_BGRX};
    v->device = v->newest = -1;
    if (!open_device(v, wish, error)) {
        v4l2_close(&v->base);
        return NULL;
    }
    snprintf(v->base.about, sizeof v->base.about, "v4l2: %s, %s of %ux%u, from %.200s", v->name,
             v->picture.format == ORIEL_CAMERA_MJPEG ? "MJPEG" : "YUYV", v->base.width, v->base.height, wish->device);
    return &v->base;
}

/* ---- pictures ---- */

static int v4l2_attach(struct oriel_backend *backend, struct oriel_ring *ring) {
    ((struct v4l2 *)backend)->ring = ring;
    return 0;
}

static int give_up(struct v4l2 *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int give_up(struct v4l2 *v, const char *format, ...) {
    va_list args;
    int n = snprintf(v->base.error, sizeof v->base.error, "the camera %s ", v->name);
    va_start(args, format);
    vsnprintf(v->base.error + n, sizeof v->base.error - (size_t)n, format, args);
    va_end(args);
    return -ENODEV;
}

/* By errno. */
static int failed(struct v4l2 *v, const char *what) {
    if (errno == ENODEV || errno == ENXIO)
        return give_up(v, "was pulled out");
    return give_up(v, "%s: %s%s", what, strerror(errno),
                   errno == ENOSPC  ? ": its USB bus has no room for it: set a smaller [camera] size, or plug it in "
                                      "elsewhere"
                   : errno == EBUSY ? ": another program has it"
                                    : "");
}

/* One more of them. */
static int count(struct v4l2 *v, unsigned *in_a_row) {
    if (++*in_a_row < DAMAGED_MAX)
        return 0;
    return give_up(v, "gives damaged pictures only: %s of %ux%u were agreed on",
                   v->picture.format == ORIEL_CAMERA_MJPEG ? "JPEGs (of the usual kinds, 4:2:0, 4:2:2, 4:4:4 or grey)"
                                                           : "rows of YUYV",
                   v->base.width, v->base.height);
}

static int queue(struct v4l2 *v, unsigned index) {
    struct v4l2_buffer b = {.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    return call(v->device, VIDIOC_QBUF, &b);
}

static int v4l2_start(struct oriel_backend *backend) {
    struct v4l2 *v = (struct v4l2 *)backend;
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    v->newest = -1;
    v->bad = v->damaged = 0;
    for (unsigned i = 0; i < v->count; i++)
        if (queue(v, i) < 0)
            return failed(v, "takes no buffer");
    if (call(v->device, VIDIOC_STREAMON, &type) < 0)
        return failed(v, "can't be switched on");
    backend->fd = v->device;
    return 0;
}

static void v4l2_stop(struct oriel_backend *backend) {
    struct v4l2 *v = (struct v4l2 *)backend;
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    call(v->device, VIDIOC_STREAMOFF, &type); /* gives all buffers back */
    v->newest = -1;
    backend->fd = -1;
}

static int v4l2_dispatch(struct oriel_backend *backend) {
    struct v4l2 *v = (struct v4l2 *)backend;
    while (backend->fd >= 0) {
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (call(v->device, VIDIOC_DQBUF, &b) < 0) {
            if (errno != EAGAIN)
                return failed(v, "gives no pictures");
            break;
        }
        if (b.index >= v->count)
            return errno = EPROTO, failed(v, "gives a buffer that it was not given");
        bool good = !(b.flags & V4L2_BUF_FLAG_ERROR) && b.bytesused && b.bytesused <= v->buffers[b.index].size;
        int old = good ? v->newest : (int)b.index;
        if (good) {
            v->newest = (int)b.index;
            v->length = b.bytesused;
            v->bad = 0;
        }
        if (old >= 0 && queue(v, (unsigned)old) < 0)
            return failed(v, "takes no buffer back");
        if (!good && count(v, &v->bad) < 0)
            return -ENODEV;
    }
    return v->newest >= 0 ? ORIEL_EVENT_DAMAGE : 0;
}

static int v4l2_collect(struct oriel_backend *backend, struct oriel_region *region) {
    struct v4l2 *v = (struct v4l2 *)backend;
    if (v4l2_dispatch(backend) < 0)
        return -ENODEV;
    if (v->newest < 0)
        return 0;
    unsigned index = (unsigned)v->newest;
    v->newest = -1;
    int r = oriel_camera_decode(&v->picture, v->buffers[index].bytes, v->length, v->stride);
    if (queue(v, index) < 0)
        return failed(v, "takes no buffer back");
    if (r < 0)
        return count(v, &v->damaged);
    v->damaged = 0;
    oriel_region_add(region, backend->width, backend->height, 0, 0, backend->width, backend->height);
    return 0;
}

static int v4l2_grab(struct oriel_backend *backend, unsigned index, const struct oriel_region *region) {
    struct v4l2 *v = (struct v4l2 *)backend;
    oriel_camera_draw(&v->picture, v->ring, index);
    return 0;
}

const struct oriel_backend_ops oriel_backend_v4l2 = {
    .name = "v4l2",
    .open = v4l2_open,
    .attach = v4l2_attach,
    .start = v4l2_start,
    .stop = v4l2_stop,
    .dispatch = v4l2_dispatch,
    .collect = v4l2_collect,
    .grab = v4l2_grab,
    .close = v4l2_close,
};
