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

enum { MOST = 4, SIZE = 640 * 480 * 2 };

/* ---- the driver ---- */

static struct {
    const uint32_t *formats;    /* 0-terminated */
    const unsigned (*sizes)[2]; /* 0-terminated; NULL: it does not say */
    double rate_of_yuyv;        /* at its largest size; 0: it does not say */
    uint32_t format;            /* as set */
    unsigned width, height;
    bool queued[MOST], on, gone, busy, codec;
    int filled[MOST], n_filled; /* in the order in which they were filled */
    uint32_t flags, length;     /* of the next that are given out */
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
    driver.format = f->fmt.pix.pixelformat;
    driver.width = f->fmt.pix.width;
    driver.height = f->fmt.pix.height;
    f->fmt.pix.bytesperline = driver.format == V4L2_PIX_FMT_YUYV ? 2 * driver.width : 0;
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
    if (driver.gone)
        return no(ENODEV);
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
        about->device_caps = V4L2_CAP_STREAMING | (driver.codec ? V4L2_CAP_VIDEO_M2M : V4L2_CAP_VIDEO_CAPTURE);
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
        return 0; /* as many as were asked for */
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
    for (unsigned i = 0; i < driver.width * driver.height * 2; i += 2) {
        bytes[index * SIZE + i] = luma;
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

static struct oriel_backend *try_open(const char *size) {
    const struct oriel_backend_wish wish = {.display = "", .xauthority = "", .monitor = size, .device = path};
    return oriel_backend_v4l2.open(&wish, error);
}

static void chooses(const char *wish, uint32_t format, unsigned width, unsigned height) {
    struct oriel_backend *b = try_open(wish);
    if (!b)
        fail_msg("%s", error);
    assert_int_equal(driver.format, format);
    assert_int_equal(b->width, width);
    assert_int_equal(b->height, height);
    assert_int_equal(driver.asked_rate, 30);
    b->ops->close(b);
}

static void test_which_picture(void **state) {
    chooses("640x480", V4L2_PIX_FMT_YUYV, 640, 480);
    chooses("1000x700", V4L2_PIX_FMT_YUYV, 640, 480); /* never larger than wished for */
    driver.rate_of_yuyv = 10;                         /* USB is too slow for it */
    chooses("640x480", V4L2_PIX_FMT_MJPEG, 640, 480);
    driver.formats = plain;
    chooses("640x480", V4L2_PIX_FMT_YUYV, 640, 480); /* better than nothing */
    driver.formats = jpeg;
    chooses("640x480", V4L2_PIX_FMT_MJPEG, 640, 480);
    driver.sizes = NULL; /* a driver that does not say, and makes its own of the wish */
    chooses("640x480", V4L2_PIX_FMT_MJPEG, 352, 288);
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
    assert_non_null(strstr(error, "another program has it"));
}

static uint8_t pixel(struct oriel_ring *ring, unsigned index) {
    return *oriel_ring_at(ring, index, ring->width / 2, ring->height / 2);
}

static void test_pictures(void **state) {
    struct oriel_backend *b = try_open("640x480");
    struct oriel_ring *ring = NULL;
    struct oriel_region region = {0};
    assert_non_null(b);
    assert_int_equal(oriel_ring_new(b->format, b->width, b->height, 1, &ring), 0);
    assert_int_equal(b->ops->attach(b, ring), 0);
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
    for (int i = 0; i < MOST; i++)
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
    driver.codec = true;
    assert_false(oriel_camera_look(&places[0], &found));
    assert_string_equal(found.why, "is no camera");
    driver.codec = false;
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
        TEST(test_which_picture), TEST(test_cameras_that_can_t_be_used),
        TEST(test_pictures),      TEST(test_jpegs_that_are_none),
        TEST(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
