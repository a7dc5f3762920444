/* pipelines/camerastream: from shared pictures to RTP and through a decoder. What the rate leaves of the size, without
 * anything but the stream telling the receiver. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <gst/video/video.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "camerastream.h"
#include "clock.h"
#include "frames.h"

enum { FPS = 30, WIDTH = 640, HEIGHT = 360, WAIT_MS = 20000 };

struct rig {
    int socket;
    GstElement *pipeline;
    struct oriel_camera_stream *stream;
    GAsyncQueue *pictures; /* of GstSample *, decoded */
    uint32_t *memory;
    gint ssrcs, ssrc; /* how many there were */
};

static struct oriel_ipc_message message;

static void on_picture(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer pictures) {
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);
    g_async_queue_push(pictures, gst_sample_new(buffer, caps, NULL, NULL));
}

static void on_packet(GstElement *identity, GstBuffer *buffer, gpointer user) {
    struct rig *rig = user;
    guint8 head[12];
    gst_buffer_extract(buffer, 0, head, sizeof head);
    gint ssrc = (gint)GST_READ_UINT32_BE(head + 8);
    if (ssrc != rig->ssrc || !rig->ssrcs)
        rig->ssrcs++;
    rig->ssrc = ssrc;
}

static void send_buffers(struct rig *rig) {
    size_t size = (size_t)WIDTH * HEIGHT * 4;
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    rig->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (size_t i = 0; i < WIDTH * HEIGHT; i++) /* left red, right blue */
        rig->memory[i] = i % WIDTH < WIDTH / 2 ? 0xffc82828 : 0xff283cc8;
    assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, 1u,
                                    (uint32_t)ORIEL_FORMAT_BGRX, (uint32_t)WIDTH, (uint32_t)HEIGHT, (uint32_t)WIDTH * 4,
                                    1u, (uint64_t)size, fd),
                     0);
    close(fd);
}

static void open_camera(struct rig *rig, unsigned kbits) {
    int s[2];
    assert_int_equal(oriel_ipc_pair(s), 0);
    rig->socket = s[0];
    oriel_camera_stream_open(rig->stream, s[1], FPS, kbits);
    send_buffers(rig);
}

static void close_camera(struct rig *rig) {
    oriel_camera_stream_close(rig->stream);
    munmap(rig->memory, (size_t)WIDTH * HEIGHT * 4);
    close(rig->socket);
}

static int open_rig(void **state) {
    static struct rig rig;
    g_autoptr(GError) error = NULL;
    rig = (struct rig){.pictures = g_async_queue_new_full((GDestroyNotify)gst_sample_unref)};
    rig.stream = oriel_camera_stream_new(&error);
    assert_non_null(rig.stream);
    rig.pipeline = gst_pipeline_new(NULL);
    GstElement *watch = gst_element_factory_make("identity", NULL), *sink = gst_element_factory_make("fakesink", NULL);
    GstElement *depay = gst_element_factory_make("rtpvp8depay", NULL),
               *decode = gst_element_factory_make("vp8dec", NULL);
    g_object_set(sink, "signal-handoffs", TRUE, "sync", FALSE, "async", FALSE, NULL);
    g_signal_connect(sink, "handoff", G_CALLBACK(on_picture), rig.pictures);
    g_signal_connect(watch, "handoff", G_CALLBACK(on_packet), &rig);
    GstElement *bin = oriel_camera_stream_bin(rig.stream);
    gst_bin_add_many(GST_BIN(rig.pipeline), bin, watch, depay, decode, sink, NULL);
    assert_true(gst_element_link_many(bin, watch, depay, decode, sink, NULL));
    g_autoptr(GstClock) clock = gst_system_clock_obtain();
    gst_pipeline_use_clock(GST_PIPELINE(rig.pipeline), clock);
    assert_int_not_equal(gst_element_set_state(rig.pipeline, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    *state = &rig;
    return 0;
}

static int close_rig(void **state) {
    struct rig *rig = *state;
    gst_element_set_state(rig->pipeline, GST_STATE_NULL);
    gst_object_unref(rig->pipeline);
    g_async_queue_unref(rig->pictures);
    return 0;
}

/* Whatever the stream says to the camera; whether it asked for a picture or gave a buffer back. */
static void listen(struct rig *rig, int wait) {
    struct pollfd p = {.fd = rig->socket, .events = POLLIN};
    if (poll(&p, 1, wait) == 1)
        while (oriel_ipc_receive(rig->socket, &oriel_media_to_capture, &message) > 0)
            oriel_ipc_message_clear(&message);
}

/* Sends one picture after the other until one of that size (0: of any) comes out; it. */
static GstSample *picture_of(struct rig *rig, int width) {
    const uint16_t all[4] = {0, 0, WIDTH, HEIGHT};
    for (int64_t end = oriel_monotonic() + WAIT_MS * ORIEL_MILLISECOND; oriel_monotonic() < end;) {
        assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, 1u, 0u,
                                        (uint64_t)oriel_monotonic(), (const void *)all, sizeof all, 0u, 0u, 0u),
                         0);
        listen(rig, 33);
        GstSample *sample;
        while ((sample = g_async_queue_timeout_pop(rig->pictures, 1000))) {
            int got = 0;
            gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(sample), 0), "width", &got);
            if (!width || got == width)
                return sample;
            gst_sample_unref(sample);
        }
    }
    fail_msg("no picture of a width of %d within %d ms", width, WAIT_MS);
    return NULL;
}

/* What was changed at that time is not in force at once: a busy machine may make no picture before it is. */
static void expect_still(struct rig *rig, int width, int64_t since) {
    GstSample *sample = picture_of(rig, 0);
    int got = 0;
    gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(sample), 0), "width", &got);
    if (oriel_monotonic() - since < ORIEL_SECOND)
        assert_int_equal(got, width);
    gst_sample_unref(sample);
}

/* Red to the left, blue to the right, as it was given. */
static void expect(struct rig *rig, int width) {
    GstSample *sample = picture_of(rig, width);
    GstVideoInfo info;
    GstVideoFrame frame;
    assert_true(gst_video_info_from_caps(&info, gst_sample_get_caps(sample)));
    assert_int_equal(info.height * WIDTH, width * HEIGHT);
    assert_true(gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ));
    for (guint plane = 1; plane < 3; plane++) {
        const guint8 *row = (const guint8 *)frame.data[plane] + info.height / 4 * frame.info.stride[plane];
        int left = row[info.width / 8], right = row[info.width * 3 / 8];
        assert_true(plane == 1 ? right > left + 60 : left > right + 60);
    }
    gst_video_frame_unmap(&frame);
    gst_sample_unref(sample);
}

static void test_size_follows_the_rate(void **state) {
    struct rig *rig = *state;
    oriel_camera_stream_run(rig->stream, TRUE);
    open_camera(rig, 1500);
    expect(rig, WIDTH);
    int64_t changed = oriel_monotonic();
    oriel_camera_stream_rate(rig->stream, 100e3);
    expect_still(rig, WIDTH, changed);
    oriel_clock_advance(2 * ORIEL_SECOND);
    expect(rig, WIDTH / 2);
    changed = oriel_monotonic();
    oriel_camera_stream_rate(rig->stream, 1e6);
    expect_still(rig, WIDTH / 2, changed);
    oriel_clock_advance(6 * ORIEL_SECOND);
    expect(rig, WIDTH);
    assert_int_equal(rig->ssrcs, 1); /* one stream all the time */
    close_camera(rig);
    open_camera(rig, 100); /* the next one begins as it may */
    expect(rig, WIDTH / 2);
    close_camera(rig);
    assert_int_equal(rig->ssrcs, 1);
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_size_follows_the_rate, open_rig, close_rig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
