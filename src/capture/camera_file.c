/* Backend "file": a file that stands for a camera, for machines without one: what would come from V4L2 goes through the
 * same decoder, at the same pace, again from the start at its end.
 *
 * NAME.mjpeg: JPEG pictures one behind the other, all of one size. NAME.yuyv: YUYV pictures of the size that is wished
 * for. Limits: 64 MiB, 4096 pictures. Its frames come at the rate that is asked for. */
#include "camera.h"

#include <errno.h>
#include <fcntl.h>
#include <libyuv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 20, PICTURES_MAX = 4096 };

struct file {
    struct oriel_backend base;
    struct oriel_camera_picture picture;
    struct oriel_ring *ring;
    uint8_t *bytes;
    size_t starts[PICTURES_MAX + 1]; /* of the pictures, and the end */
    unsigned count, now;
    bool fresh;
};

static void file_close(struct oriel_backend *backend) {
    struct file *f = (struct file *)backend;
    if (backend->fd >= 0)
        close(backend->fd);
    oriel_camera_picture_clear(&f->picture);
    free(f->bytes);
    free(f);
}

static uint8_t *read_file(const char *path, size_t *ret_length) {
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    if (good && (about.st_size == 0 || about.st_size > FILE_MAX)) {
        errno = about.st_size ? EFBIG : ENODATA;
        good = false;
    } else if (fd >= 0 && !good) {
        errno = EINVAL;
    }
    uint8_t *bytes = good ? malloc((size_t)about.st_size) : NULL;
    size_t length = 0;
    for (ssize_t n = 1; bytes && n > 0 && length<(size_t)about.st_size; length += n> 0 ? (size_t)n : 0)
        n = read(fd, bytes + length, (size_t)about.st_size - length);
    int number = errno;
    if (fd >= 0)
        close(fd);
    errno = number;
    *ret_length = length;
    return bytes;
}

/* Where a picture begins: FF D8 FF behind FF D9. */
static void split_jpegs(struct file *f, size_t length) {
    for (size_t i = 0; i + 2 < length && f->count < PICTURES_MAX; i++)
        if (f->bytes[i] == 0xff && f->bytes[i + 1] == 0xd8 && f->bytes[i + 2] == 0xff &&
            (i == 0 || (i >= 2 && f->bytes[i - 2] == 0xff && f->bytes[i - 1] == 0xd9)))
            f->starts[f->count++] = i;
    f->starts[f->count] = length;
}

static bool split(struct file *f, const char *path, size_t length) {
    int width = 0, height = 0;
    f->picture.format = strstr(path, ".mjpeg") ? ORIEL_CAMERA_MJPEG : ORIEL_CAMERA_YUYV;
    if (f->picture.format == ORIEL_CAMERA_MJPEG) {
        split_jpegs(f, length);
        if (!f->count || MJPGSize(f->bytes, f->starts[1], &width, &height) != 0 || width % 2 || height % 2)
            return false;
        f->picture.width = (unsigned)width;
        f->picture.height = (unsigned)height;
        return true;
    }
    size_t size = (size_t)f->picture.width * f->picture.height * 2;
    for (; f->count < PICTURES_MAX && (f->count + 1) * size <= length; f->count++)
        f->starts[f->count] = f->count * size;
    f->starts[f->count] = f->count * size;
    return f->count > 0;
}

static struct oriel_backend *file_open(const struct oriel_backend_wish *wish, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    struct file *f = calloc(1, sizeof *f);
    size_t length = 0;
    if (!f) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "no memory");
        return NULL;
    }
    f->base = (struct oriel_backend){.ops = &oriel_backend_camera_file, .fd = -1, .format = ORIEL_FORMAT_BGRX};
    if (!oriel_camera_size(wish->monitor, &f->picture.width, &f->picture.height))
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "'%.40s' is no size of a camera's picture: WIDTHxHEIGHT, both even",
                 wish->monitor);
    else if (!(f->bytes = read_file(wish->device, &length)))
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "the file %.300s that stands for a camera can't be read: %s",
                 wish->device, strerror(errno));
    else if (!split(f, wish->device, length))
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
                 "the file %.300s holds no picture of a camera: JPEGs of one even size in .mjpeg, YUYV of %ux%u in "
                 ".yuyv",
                 wish->device, f->picture.width, f->picture.height);
    else if ((f->base.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) < 0)
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "no timer: %s", strerror(errno));
    if (f->base.fd < 0) {
        file_close(&f->base);
        return NULL;
    }
    f->base.width = f->picture.width;
    f->base.height = f->picture.height;
    snprintf(f->base.about, sizeof f->base.about, "file: %u pictures of %ux%u, %s, from %.300s", f->count,
             f->base.width, f->base.height, f->picture.format == ORIEL_CAMERA_MJPEG ? "MJPEG" : "YUYV", wish->device);
    return &f->base;
}

static int file_attach(struct oriel_backend *backend, struct oriel_ring *ring) {
    ((struct file *)backend)->ring = ring;
    return 0;
}

static void set_timer(struct oriel_backend *backend, unsigned rate) {
    long period = rate ? 1000000000L / (long)rate : 0;
    struct itimerspec timer = {{period / 1000000000L, period % 1000000000L},
                               {period / 1000000000L, period % 1000000000L}};
    timerfd_settime(backend->fd, 0, &timer, NULL);
}

static int file_start(struct oriel_backend *backend) {
    set_timer(backend, backend->rate);
    return 0;
}

static void file_stop(struct oriel_backend *backend) {
    set_timer(backend, 0);
}

static int file_dispatch(struct oriel_backend *backend) {
    struct file *f = (struct file *)backend;
    uint64_t passed;
    if (read(backend->fd, &passed, sizeof passed) != sizeof passed)
        return 0;
    f->now = (unsigned)((f->now + passed) % f->count);
    f->fresh = true;
    return ORIEL_EVENT_DAMAGE;
}

static int file_collect(struct oriel_backend *backend, struct oriel_region *region) {
    struct file *f = (struct file *)backend;
    if (f->fresh && oriel_camera_decode(&f->picture, f->bytes + f->starts[f->now],
                                        f->starts[f->now + 1] - f->starts[f->now], 2 * (size_t)f->picture.width) == 0)
        oriel_region_add(region, backend->width, backend->height, 0, 0, backend->width, backend->height);
    f->fresh = false;
    return 0;
}

static int file_grab(struct oriel_backend *backend, unsigned index, const struct oriel_region *region) {
    struct file *f = (struct file *)backend;
    oriel_camera_draw(&f->picture, f->ring, index);
    return 0;
}

const struct oriel_backend_ops oriel_backend_camera_file = {
    .name = "file",
    .open = file_open,
    .attach = file_attach,
    .start = file_start,
    .stop = file_stop,
    .dispatch = file_dispatch,
    .collect = file_collect,
    .grab = file_grab,
    .close = file_close,
};
