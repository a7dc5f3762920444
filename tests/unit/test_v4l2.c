/* capture/v4l2 and capture/choice/cameras against a driver that is made here: what the kernel would be asked is
 * answered by ioctl() below (linked in its place), the pictures are in a memfd. What it is asked, and in which order,
 * is checked. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "camera.h"
#include "cameras.h"

enum { MOST = 6, SIZE = 640 * 480 * 2 + 8 * 4096 }; /* whole pages */

/* ---- the driver ---- */

static struct {
    const uint32_t *formats;    /* 0-terminated */
    const unsigned (*sizes)[2]; /* 0-terminated; NULL: it does not say */
    double rate_of_yuyv;        /* at its largest size; 0: it does not say */
    uint32_t format;            /* as set */
    unsigned width, height;
    bool queued[MOST], on, gone, busy;
    unsigned can;                /* V4L2_CAP_… */
    unsigned buffers;            /* at least; 0: as many as are asked for */
    unsigned padding;            /* bytes behind each row */
    struct v4l2_pix_format made; /* what it makes of a format, where it is not 0 */
    int no_stream, no_picture;   /* errno */
    int filled[MOST], n_filled;  /* in the order in which they were filled */
    uint32_t flags, length;      /* of the next that are given out */
    unsigned asked_rate;
} driver;

static char path[64];

static int no(int number) {
    errno = number;
    return -1;
}

static int answer_format(struct v4l2_format *f) {
    bool known = false;
    for (const uint32_t *at = driver.formats; *at; at++)
        known |= *at == f->fmt.pix.pixelformat;
    if (!known || driver.busy)
        return no(driver.busy ? EBUSY : EINVAL);
    if (!driver.sizes) { /* as some do: the nearest */
        f->fmt.pix.width = 352;
        f->fmt.pix.height = 288;
    }
    if (driver.made.width) {
        f->fmt.pix.width = driver.made.width;
        f->fmt.pix.height = driver.made.height;
    }
    if (driver.made.field)
        f->fmt.pix.field = driver.made.field;
    driver.format = f->fmt.pix.pixelformat;
    driver.width = f->fmt.pix.width;
    driver.height = f->fmt.pix.height;
    f->fmt.pix.bytesperline = driver.format == V4L2_PIX_FMT_YUYV ? 2 * driver.width + driver.padding : 0;
    if (driver.made.bytesperline)
        f->fmt.pix.bytesperline = driver.made.bytesperline;
    if (driver.made.pixelformat)
        f->fmt.pix.pixelformat = driver.made.pixelformat;
    return 0;
}

static int answer_size(struct v4l2_frmsizeenum *s) {
    for (unsigned i = 0; driver.sizes && i <= s->index; i++)
        if (!driver.sizes[i][0])
            return no(EINVAL);
    if (!driver.sizes)
        return no(ENOTTY);
    s->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    s->discrete.width = driver.sizes[s->index][0];
    s->discrete.height = driver.sizes[s->index][1];
    return 0;
}

static int answer_rate(struct v4l2_frmivalenum *f) {
    double rate = f->pixel_format == V4L2_PIX_FMT_YUYV ? driver.rate_of_yuyv : 30;
    if (f->index || !rate)
        return no(EINVAL);
    f->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    f->discrete = (struct v4l2_fract){10, (uint32_t)(rate * 10)};
    return 0;
}

static int answer_dequeue(struct v4l2_buffer *b) {
    if (driver.gone || driver.no_picture)
        return no(driver.gone ? ENODEV : driver.no_picture);
    if (!driver.n_filled)
        return no(EAGAIN);
    b->index = (uint32_t)driver.filled[0];
    b->bytesused = driver.length;
    b->flags = driver.flags;
    memmove(driver.filled, driver.filled + 1, sizeof driver.filled - sizeof driver.filled[0]);
    driver.n_filled--;
    assert_true(driver.queued[b->index]);
    driver.queued[b->index] = false;
    return 0;
}

static int answer(unsigned long request, void *argument) {
    struct v4l2_capability *about = argument;
    struct v4l2_fmtdesc *format = argument;
    struct v4l2_buffer *buffer = argument;
    switch (request) {
    case VIDIOC_QUERYCAP:
        strcpy((char *)about->card, "Cam\033[2J 1");
        about->capabilities = V4L2_CAP_DEVICE_CAPS;
        about->device_caps = driver.can;
        strcpy((char *)about->bus_info, "usb-0000:00:14.0-2");
        return 0;
    case VIDIOC_ENUM_FMT:
        for (unsigned i = 0; i <= format->index; i++)
            if (!driver.formats[i])
                return no(EINVAL);
        format->pixelformat = driver.formats[format->index];
        return 0;
    case VIDIOC_ENUM_FRAMESIZES:
        return answer_size(argument);
    case VIDIOC_ENUM_FRAMEINTERVALS:
        return answer_rate(argument);
    case VIDIOC_S_FMT:
        return answer_format(argument);
    case VIDIOC_S_PARM:
        driver.asked_rate = ((struct v4l2_streamparm *)argument)->parm.capture.timeperframe.denominator;
        return 0;
    case VIDIOC_REQBUFS:
        if (driver.buffers > ((struct v4l2_requestbuffers *)argument)->count)
            ((struct v4l2_requestbuffers *)argument)->count = driver.buffers;
        return 0;
    case VIDIOC_QUERYBUF:
        buffer->length = SIZE;
        buffer->m.offset = buffer->index * SIZE;
        return 0;
    case VIDIOC_QBUF:
        assert_true(buffer->index < MOST && !driver.queued[buffer->index]);
        driver.queued[buffer->index] = true;
        return 0;
    case VIDIOC_DQBUF:
        return answer_dequeue(argument);
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF:
        if (request == VIDIOC_STREAMON && driver.no_stream)
            return no(driver.no_stream);
        for (unsigned i = 0; request == VIDIOC_STREAMON && i < driver.buffers; i++)
            assert_true(driver.queued[i]);
        driver.on = request == VIDIOC_STREAMON;
        if (!driver.on)
            memset(driver.queued, 0, sizeof driver.queued);
        driver.n_filled = 0;
        return 0;
    }
    return no(ENOTTY);
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...) {
    va_list args;
    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    return answer(request, argument);
}

/* A picture in one colour comes in buffer `index`. */
static void fill(unsigned index, uint8_t luma) {
    int fd = open(path, O_RDWR);
    uint8_t *bytes = mmap(NULL, MOST * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(bytes, MAP_FAILED);
    for (unsigned i = 0; i < (driver.width * 2 + driver.padding) * driver.height; i += 2) {
        bytes[index * SIZE + i] = i % (driver.width * 2 + driver.padding) < driver.width * 2 ? luma : 255;
        bytes[index * SIZE + i + 1] = 128;
    }
    munmap(bytes, MOST * SIZE);
    close(fd);
    driver.filled[driver.n_filled++] = (int)index;
}

/* ---- */

static const uint32_t both[] = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV, 0}, other[] = {V4L2_PIX_FMT_H264, 0},
                      plain[] = {V4L2_PIX_FMT_YUYV, 0}, jpeg[] = {V4L2_PIX_FMT_MJPEG, 0};
static const unsigned usual[][2] = {{320, 240}, {640, 480}, {1280, 720}, {1920, 1080}, {0, 0}},
                      odd[][2] = {{641, 480}, {0, 0}};

static int set_up(void **state) {
    memset(&driver, 0, sizeof driver);
    driver.formats = both;
    driver.sizes = usual;
    driver.rate_of_yuyv = 30;
    driver.can = V4L2_CAP_STREAMING | V4L2_CAP_VIDEO_CAPTURE;
    strcpy(path, "/tmp/oriel-camera-XXXXXX");
    int fd = mkstemp(path);
    int r = ftruncate(fd, (off_t)MOST * SIZE);
    close(fd);
    return r;
}

static int tear_down(void **state) {
    return unlink(path);
}

static char error[ORIEL_BACKEND_ERROR_SIZE];

static unsigned wished_rate = 30;

static struct oriel_backend *try_open(const char *size) {
    const struct oriel_backend_wish wish = {
        .display = "", .xauthority = "", .monitor = size, .device = path, .rate = wished_rate};
    return oriel_backend_v4l2.open(&wish, error);
}

/* Ready to start, with a ring of one buffer, which is the caller's. */
static struct oriel_backend *attached(struct oriel_ring **ring) {
    struct oriel_backend *b = try_open("640x480");
    assert_non_null(b);
    *ring = NULL;
    assert_int_equal(oriel_ring_new(b->format, b->width, b->height, 1, ring), 0);
    assert_int_equal(b->ops->attach(b, *ring), 0);
    return b;
}

static void chooses(const char *wish, uint32_t format, unsigned width, unsigned height) {
    struct oriel_backend *b = try_open(wish);
    if (!b)
        fail_msg("%s", error);
    assert_int_equal(driver.format, format);
    assert_int_equal(b->width, width);
    assert_int_equal(b->height, height);
    assert_int_equal(driver.asked_rate, wished_rate);
    b->ops->close(b);
}

static void test_which_picture(void **state) {
    chooses("640x480", V4L2_PIX_FMT_YUYV, 640, 480);
    chooses("1000x700", V4L2_PIX_FMT_YUYV, 640, 480); /* never larger than wished for */
    driver.rate_of_yuyv = 10;                         /* USB is too slow for it */
    chooses("640x480", V4L2_PIX_FMT_MJPEG, 640, 480);
    wished_rate = 15; /* for which it is not */
    chooses("640x480", V4L2_PIX_FMT_YUYV, 640, 480);
    wished_rate = 30;
    driver.formats = plain;
    chooses("640x480", V4L2_PIX_FMT_YUYV, 640, 480); /* better than nothing */
    driver.formats = jpeg;
    chooses("640x480", V4L2_PIX_FMT_MJPEG, 640, 480);
    driver.sizes = NULL; /* a driver that does not say, and makes its own of the wish */
    chooses("640x480", V4L2_PIX_FMT_MJPEG, 352, 288);
    driver.made = (struct v4l2_pix_format){.width = 320, .height = 180, .field = V4L2_FIELD_INTERLACED};
    chooses("640x480", V4L2_PIX_FMT_MJPEG, 320, 180);
}

static void refuses(struct v4l2_pix_format made, const char *why) {
    driver.made = made;
    assert_null(try_open("640x480"));
    if (!strstr(error, why))
        fail_msg("'%s' does not say '%s'", error, why);
}

static void test_cameras_that_can_t_be_used(void **state) {
    const char *const sizes[] = {"", "640", "641x480", "10x10", "640x480 ", "5000x5000"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_null(try_open(sizes[i]));
        assert_non_null(strstr(error, "is no size"));
    }
    driver.sizes = odd;
    assert_null(try_open("1280x720"));
    assert_non_null(strstr(error, "neither YUYV nor MJPEG"));
    driver.sizes = usual;
    driver.busy = true;
    assert_null(try_open("640x480"));
    assert_non_null(strstr(error, "Device or resource busy: another program has it"));
    driver.busy = false;
    driver.formats = plain;
    refuses((struct v4l2_pix_format){.field = V4L2_FIELD_ALTERNATE}, "(the fields of an interlaced one) one by one");
    refuses((struct v4l2_pix_format){.field = V4L2_FIELD_SEQ_TB}, "one by one");
    refuses((struct v4l2_pix_format){.width = 320, .height = 241}, "odd side");
    refuses((struct v4l2_pix_format){.width = 8000, .height = 6000}, "too large");
    refuses((struct v4l2_pix_format){.bytesperline = 640}, "rows are shorter");
    refuses((struct v4l2_pix_format){.pixelformat = V4L2_PIX_FMT_H264}, "another format than it names");
}

static void test_a_driver_s_own_ways(void **state) {
    driver.formats = plain;
    driver.buffers = MOST; /* it does not run with fewer */
    driver.padding = 64;   /* behind each row */
    struct oriel_ring *ring;
    struct oriel_backend *b = attached(&ring);
    struct oriel_region region = {0};
    driver.no_stream = ENOSPC;
    assert_int_equal(b->ops->start(b), -ENODEV);
    assert_non_null(strstr(b->error, "its USB bus has no room for it"));
    b->ops->stop(b);
    driver.no_stream = 0;
    assert_int_equal(b->fd, -1); /* poll(2) of a camera that does not run says at once that there is an error */
    assert_int_equal(b->ops->start(b), 0);
    assert_true(b->fd >= 0 && driver.queued[MOST - 1]);
    driver.length = (640 * 2 + 64) * 480;
    fill(MOST - 1, 200);
    assert_int_equal(b->ops->dispatch(b), ORIEL_EVENT_DAMAGE);
    assert_int_equal(b->ops->collect(b, &region), 0);
    assert_int_equal(b->ops->grab(b, 0, &region), 0);
    for (unsigned y = 0; y < 480; y += 479)
        for (unsigned x = 0; x < 640; x += 639)
            assert_in_range(*oriel_ring_at(ring, 0, x, y), 210, 220); /* and nothing of the padding */
    b->ops->stop(b);
    assert_int_equal(b->fd, -1);
    assert_int_equal(b->ops->start(b), 0);
    driver.no_picture = EIO;
    assert_int_equal(b->ops->dispatch(b), -ENODEV);
    assert_string_equal(b->error, "the camera Cam[2J 1 gives no pictures: Input/output error");
    b->ops->close(b);
    oriel_ring_free(ring);
}

/* Between damaged ones one that is good is enough. */
static void test_nothing_but_damage(void **state) {
    for (unsigned error_flag = 0; error_flag < 2; error_flag++) {
        struct oriel_ring *ring;
        struct oriel_backend *b = attached(&ring);
        struct oriel_region region = {0};
        int r = 0, n = 0;
        assert_int_equal(b->ops->start(b), 0);
        for (; n < 200 && r >= 0; n++) {
            bool good = n == 40;
            driver.flags = error_flag && !good ? V4L2_BUF_FLAG_ERROR : 0;
            driver.length = error_flag || good ? 640 * 2 * 480 : 100;
            fill(1, 20);
            r = b->ops->collect(b, &region);
        }
        assert_int_equal(r, -ENODEV);
        assert_int_equal(n, 41 + 60);
        assert_non_null(strstr(b->error, "damaged pictures only: rows of YUYV of 640x480 were agreed on"));
        driver.flags = 0;
        b->ops->stop(b);
        b->ops->close(b);
        oriel_ring_free(ring);
    }
}

static uint8_t pixel(struct oriel_ring *ring, unsigned index) {
    return *oriel_ring_at(ring, index, ring->width / 2, ring->height / 2);
}

static void test_pictures(void **state) {
    struct oriel_ring *ring;
    struct oriel_backend *b = attached(&ring);
    struct oriel_region region = {0};
    assert_false(driver.on); /* its lamp is dark */
    assert_int_equal(b->ops->start(b), 0);
    assert_true(driver.on && driver.queued[0] && driver.queued[3]);
    assert_int_equal(b->ops->grab(b, 0, &region), 0); /* before there is a picture */
    assert_int_equal(pixel(ring, 0), 0);
    driver.length = SIZE;
    fill(2, 60);
    fill(0, 200); /* the newest of two counts */
    assert_int_equal(b->ops->dispatch(b), ORIEL_EVENT_DAMAGE);
    assert_true(driver.queued[2] && !driver.queued[0]);
    assert_int_equal(b->ops->collect(b, &region), 0);
    assert_int_equal(oriel_region_area(&region), 640 * 480);
    assert_true(driver.queued[0]);
    assert_int_equal(b->ops->grab(b, 1, &region), 0);
    assert_in_range(pixel(ring, 1), 210, 220); /* 1.164 * (200 - 16) */
    /* Damaged ones change nothing. */
    region.count = 0;
    driver.flags = V4L2_BUF_FLAG_ERROR;
    fill(1, 20);
    assert_int_equal(b->ops->dispatch(b), 0);
    driver.flags = 0;
    driver.length = 100; /* less than a picture */
    fill(3, 20);
    assert_int_equal(b->ops->dispatch(b), ORIEL_EVENT_DAMAGE);
    assert_int_equal(b->ops->collect(b, &region), 0);
    assert_int_equal(region.count, 0);
    for (int i = 0; i < 4; i++)
        assert_true(driver.queued[i]);
    b->ops->stop(b);
    assert_false(driver.on);
    assert_int_equal(b->ops->start(b), 0);
    driver.gone = true;
    assert_int_equal(b->ops->dispatch(b), -ENODEV);
    assert_string_equal(b->error, "the camera Cam[2J 1 was pulled out");
    b->ops->stop(b);
    b->ops->close(b);
    oriel_ring_free(ring);
}

static void test_jpegs_that_are_none(void **state) {
    struct oriel_camera_picture p = {.width = 64, .height = 64, .format = ORIEL_CAMERA_MJPEG};
    uint8_t bytes[4096];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37);
    assert_int_equal(oriel_camera_decode(&p, bytes, sizeof bytes, 0), -EBADMSG);
    memcpy(bytes, "\xff\xd8\xff\xc0\x00\x11\x08\x00\x40\x00\x40\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01", 21);
    assert_int_equal(oriel_camera_decode(&p, bytes, 21, 0), -EBADMSG);
    assert_int_equal(oriel_camera_decode(&p, bytes, 0, 0), -EBADMSG);
    oriel_camera_picture_clear(&p);
}

/* As many cameras give it: without the tables that everybody has; with bytes behind it, or cut off. */
static void test_jpeg_without_tables(void **state) {
    static const uint8_t avi1[] = /* red, 16x16, 4:2:2 */
        "\xff\xd8\xff\xe0\x00\x10\x41\x56\x49\x31\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xdb\x00\x43\x00\x10"
        "\x0b\x0c\x0e\x0c\x0a\x10\x0e\x0d\x0e\x12\x11\x10\x13\x18\x28\x1a\x18\x16\x16\x18\x31\x23\x25\x1d\x28\x3a"
        "\x33\x3d\x3c\x39\x33\x38\x37\x40\x48\x5c\x4e\x40\x44\x57\x45\x37\x38\x50\x6d\x51\x57\x5f\x62\x67\x68\x67"
        "\x3e\x4d\x71\x79\x70\x64\x78\x5c\x65\x67\x63\xff\xdb\x00\x43\x01\x11\x12\x12\x18\x15\x18\x2f\x1a\x1a\x2f"
        "\x63\x42\x38\x42\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63"
        "\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63\x63"
        "\x63\x63\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03\x01\x21\x00\x02\x11\x01\x03\x11\x01\xff\xda\x00\x0c\x03"
        "\x01\x00\x02\x11\x03\x11\x00\x3f\x00\xcb\xa2\xb8\x8f\xa6\x0a\x28\x03\xff\xd9";
    struct oriel_camera_picture p = {.width = 16, .height = 16, .format = ORIEL_CAMERA_MJPEG};
    uint8_t bytes[1024] = {0};
    memcpy(bytes, avi1, sizeof avi1);
    assert_int_equal(oriel_camera_decode(&p, bytes, sizeof avi1 - 1, 0), 0);
    assert_in_range(p.planes[100], 84, 92);
    assert_int_equal(oriel_camera_decode(&p, bytes, sizeof bytes, 0), 0);
    assert_int_equal(oriel_camera_decode(&p, bytes, sizeof avi1 - 5, 0), -EBADMSG);
    oriel_camera_picture_clear(&p);
}

static void test_places(void **state) {
    struct oriel_camera_place places[ORIEL_CAMERAS_MAX];
    struct oriel_camera_found found;
    assert_int_equal(oriel_camera_places("auto", places), 16);
    assert_string_equal(places[15].path, "/dev/video15");
    assert_int_equal(oriel_camera_places("", places), 0);
    assert_int_equal(oriel_camera_places("/dev/video3;test;/a/b.mjpeg", places), 3);
    assert_int_equal(places[1].kind, ORIEL_CAMERA_TEST);
    assert_int_equal(places[2].kind, ORIEL_CAMERA_FILE);
    assert_int_equal(oriel_camera_places("pipewire:/run/pw;pipewire:/run/pw:cam.1", places), 2);
    assert_int_equal(places[0].kind, ORIEL_CAMERA_PIPEWIRE);
    assert_string_equal(places[0].path, "/run/pw");
    assert_string_equal(places[0].node, "");
    assert_string_equal(places[1].path, "/run/pw");
    assert_string_equal(places[1].node, "cam.1");
    assert_string_equal(oriel_camera_backend(&places[1]), "pipewire");
    assert_int_equal(oriel_camera_places("pipewire:run/pw", places), -1);
    assert_int_equal(oriel_camera_places("pipewire:", places), -1);
    assert_int_equal(oriel_camera_places("video0", places), -1);
    assert_int_equal(oriel_camera_places("/1;/2;/3;/4;/5;/6;/7;/8;/9;/10;/11;/12;/13;/14;/15;/16;/17", places), -1);
    assert_int_equal(oriel_camera_places(path, places), 1);
    assert_true(oriel_camera_look(&places[0], &found));
    assert_string_equal(found.name, "Cam[2J 1"); /* who plugs it in chooses its name */
    assert_string_equal(found.port, "usb-0000:00:14.0-2");
    static const struct {
        unsigned can;
        const char *why;
    } others[] = {
        {V4L2_CAP_STREAMING | V4L2_CAP_VIDEO_M2M, "is no camera"},
        {V4L2_CAP_STREAMING | V4L2_CAP_META_CAPTURE, "is no camera"}, /* of UVC, beside the camera */
        {V4L2_CAP_READWRITE | V4L2_CAP_VIDEO_CAPTURE, "can't stream"},
        {V4L2_CAP_STREAMING | V4L2_CAP_VIDEO_CAPTURE_MPLANE, "gives its pictures in several planes only: use it by"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        driver.can = others[i].can;
        assert_false(oriel_camera_look(&places[0], &found));
        assert_non_null(strstr(found.why, others[i].why));
    }
    driver.can = V4L2_CAP_STREAMING | V4L2_CAP_VIDEO_CAPTURE;
    driver.formats = other;
    assert_false(oriel_camera_look(&places[0], &found));
    assert_string_equal(found.why, "gives neither MJPEG nor YUYV");
    assert_int_equal(oriel_camera_places("/nowhere/video0", places), 1);
    assert_false(oriel_camera_look(&places[0], &found));
    assert_string_equal(found.why, "No such file or directory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_which_picture),
        TEST(test_cameras_that_can_t_be_used),
        TEST(test_pictures),
        TEST(test_jpegs_that_are_none),
        TEST(test_a_driver_s_own_ways),
        TEST(test_nothing_but_damage),
        TEST(test_jpeg_without_tables),
        TEST(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
