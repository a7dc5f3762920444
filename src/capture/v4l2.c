/* Backend "v4l2": a camera of Video4Linux, by the streaming I/O that every driver has.
 *
 * Policy: the largest picture that is not larger than wished for, YUYV when the camera gives it at two thirds of the
 * wished rate (no decoder, no artefacts), else MJPEG; then what the driver makes of that. The camera runs between start
 * and stop only: its lamp says when it is looked through. Of several pictures that wait the newest counts. A damaged
 * one is left out. A camera that is pulled out fails with ENODEV, which core takes for what it is.
 * Limits: 4 buffers; even sides up to ORIEL_FRAME_SIDE_MAX; the first 64 formats and sizes that a driver names. */
#include "camera.h"
#include "cameras.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BUFFERS = 4, LOOK_MAX = 64 };

struct v4l2 {
    struct oriel_backend base;
    struct oriel_camera_picture picture;
    struct oriel_ring *ring;
    char name[ORIEL_CAMERA_NAME_SIZE];
    size_t stride;
    struct {
        uint8_t *bytes;
        size_t size;
    } buffers[BUFFERS];
    unsigned count;
    int newest; /* the buffer with a picture that nobody has looked at; -1: none */
    size_t length;
    bool running;
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

static bool set_format(struct v4l2 *v, const struct offer *o, unsigned rate) {
    struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    format.fmt.pix = (struct v4l2_pix_format){
        .width = o->width, .height = o->height, .pixelformat = o->pixels, .field = V4L2_FIELD_NONE};
    if (call(v->base.fd, VIDIOC_S_FMT, &format) < 0)
        return false;
    const struct v4l2_pix_format *got = &format.fmt.pix;
    if (got->pixelformat != o->pixels || (got->width | got->height) & 1 || got->width < ORIEL_FRAME_SIDE_MIN ||
        got->height < ORIEL_FRAME_SIDE_MIN || got->width > ORIEL_FRAME_SIDE_MAX || got->height > ORIEL_FRAME_SIDE_MAX) {
        errno = EINVAL;
        return false;
    }
    v->base.width = v->picture.width = got->width;
    v->base.height = v->picture.height = got->height;
    v->picture.format = o->pixels == V4L2_PIX_FMT_MJPEG ? ORIEL_CAMERA_MJPEG : ORIEL_CAMERA_YUYV;
    v->stride = got->bytesperline ? got->bytesperline : 2 * (size_t)got->width;
    struct v4l2_streamparm parameters = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    parameters.parm.capture.timeperframe = (struct v4l2_fract){1, rate};
    call(v->base.fd, VIDIOC_S_PARM, &parameters); /* one that can't has its own rate */
    return true;
}

static bool map_buffers(struct v4l2 *v) {
    struct v4l2_requestbuffers request = {
        .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (call(v->base.fd, VIDIOC_REQBUFS, &request) < 0)
        return false;
    v->count = request.count < BUFFERS ? request.count : BUFFERS;
    if (v->count < 2) {
        errno = ENOMEM;
        return false;
    }
    for (unsigned i = 0; i < v->count; i++) {
        struct v4l2_buffer b = {.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (call(v->base.fd, VIDIOC_QUERYBUF, &b) < 0)
            return false;
        void *at = mmap(NULL, b.length, PROT_READ, MAP_SHARED, v->base.fd, (off_t)b.m.offset);
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
    if (backend->fd >= 0)
        close(backend->fd);
    oriel_camera_picture_clear(&v->picture);
    free(v);
}

/* False: `error` says why. */
static bool open_device(struct v4l2 *v, const struct oriel_backend_wish *wish, char *error) {
    unsigned width, height, rate = 30;
    struct v4l2_capability about = {0};
    if (!oriel_camera_size(wish->monitor, &width, &height)) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "'%.40s' is no size of a camera's picture: WIDTHxHEIGHT, both even",
                 wish->monitor);
        return false;
    }
    v->base.fd = open(wish->device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (v->base.fd < 0 || call(v->base.fd, VIDIOC_QUERYCAP, &about) < 0) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "the camera %.200s can't be opened: %s", wish->device,
                 strerror(errno));
        return false;
    }
    oriel_camera_take_name(about.card, sizeof about.card, v->name);
    struct offer o = choose(v->base.fd, width, height, rate);
    if (!o.width) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
                 "the camera %s (%.200s) has neither YUYV nor MJPEG of at most %ux%u: set another [camera] size",
                 v->name, wish->device, width, height);
        return false;
    }
    if (set_format(v, &o, rate) && map_buffers(v))
        return true;
    snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "the camera %s (%.200s) can't be used: %s%s", v->name, wish->device,
             strerror(errno), errno == EBUSY ? ": another program has it" : "");
    return false;
}

static struct oriel_backend *v4l2_open(const struct oriel_backend_wish *wish, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    struct v4l2 *v = calloc(1, sizeof *v);
    if (!v) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "no memory");
        return NULL;
    }
    v->base = (struct oriel_backend){.ops = &oriel_backend_v4l2, .fd = -1, .format = ORIEL_FORMAT_BGRX};
    v->newest = -1;
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

static int failed(struct v4l2 *v, const char *what) {
    bool gone = errno == ENODEV || errno == ENXIO;
    snprintf(v->base.error, sizeof v->base.error, gone ? "the camera %s was pulled out" : "the camera %s: %s: %s",
             v->name, what, strerror(errno));
    return -ENODEV;
}

static int queue(struct v4l2 *v, unsigned index) {
    struct v4l2_buffer b = {.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    return call(v->base.fd, VIDIOC_QBUF, &b);
}

static int v4l2_start(struct oriel_backend *backend) {
    struct v4l2 *v = (struct v4l2 *)backend;
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    v->newest = -1;
    for (unsigned i = 0; i < v->count; i++)
        if (queue(v, i) < 0)
            return failed(v, "a buffer can't be given to it");
    if (call(backend->fd, VIDIOC_STREAMON, &type) < 0)
        return failed(v, "it can't be switched on");
    v->running = true;
    return 0;
}

static void v4l2_stop(struct oriel_backend *backend) {
    struct v4l2 *v = (struct v4l2 *)backend;
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    call(backend->fd, VIDIOC_STREAMOFF, &type); /* gives all buffers back */
    v->newest = -1;
    v->running = false;
}

static int v4l2_dispatch(struct oriel_backend *backend) {
    struct v4l2 *v = (struct v4l2 *)backend;
    while (v->running) {
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (call(backend->fd, VIDIOC_DQBUF, &b) < 0) {
            if (errno != EAGAIN)
                return failed(v, "it gives no pictures");
            break;
        }
        if (b.index >= v->count)
            return errno = EPROTO, failed(v, "it gives a buffer that it was not given");
        bool good = !(b.flags & V4L2_BUF_FLAG_ERROR) && b.bytesused && b.bytesused <= v->buffers[b.index].size;
        int old = good ? v->newest : (int)b.index;
        if (good) {
            v->newest = (int)b.index;
            v->length = b.bytesused;
        }
        if (old >= 0 && queue(v, (unsigned)old) < 0)
            return failed(v, "a buffer can't be given back to it");
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
    if (oriel_camera_decode(&v->picture, v->buffers[index].bytes, v->length, v->stride) == 0)
        oriel_region_add(region, backend->width, backend->height, 0, 0, backend->width, backend->height);
    return queue(v, index) < 0 ? failed(v, "a buffer can't be given back to it") : 0;
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
