/* pipelines/camerastream with a real socket: the camera is asked for a picture only when the way has room for it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "camerastream.h"
#include "clock.h"
#include "frames.h"

enum { WIDTH = 64, HEIGHT = 48, WAIT_MS = 20000 };

static struct oriel_ipc_message message;
static gint room = TRUE; /* atomic */
static gint asked;

static int64_t when(void *user, int64_t now) {
    g_atomic_int_inc((gint *)user);
    return g_atomic_int_get(&room) ? now : now + 20 * ORIEL_MILLISECOND;
}

static void send_buffers(int fd) {
    size_t size = WIDTH * HEIGHT * 4;
    int memory = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(memory, (off_t)size), 0);
    assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    assert_int_equal(oriel_ipc_send(fd, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, 1u, (uint32_t)ORIEL_FORMAT_BGRX,
                                    (unsigned)WIDTH, (unsigned)HEIGHT, (unsigned)WIDTH * 4, 1u, (uint64_t)size, memory),
                     0);
    close(memory);
}

static void send_frame(int fd) {
    const uint16_t rect[4] = {0, 0, WIDTH, HEIGHT};
    assert_int_equal(oriel_ipc_send(fd, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, 1u, 0u,
                                    (uint64_t)oriel_monotonic(), (const void *)rect, sizeof rect, 0u, 0u, 0u),
                     0);
}

/* Whether the camera is told anything in that time. */
static bool told(int fd, int ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) == 1;
}

static void expect(int fd, uint16_t id) {
    assert_true(told(fd, WAIT_MS));
    assert_int_equal(oriel_ipc_receive(fd, &oriel_media_to_capture, &message), 1);
    assert_int_equal(message.type->id, id);
}

static void on_packet(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer packets) {
    g_async_queue_push(packets, GINT_TO_POINTER(1));
}

static void test_waits_for_the_way(void **state) {
    int s[2];
    g_autoptr(GError) error = NULL;
    g_autoptr(GAsyncQueue) packets = g_async_queue_new();
    struct oriel_camera_stream *stream = oriel_camera_stream_new(&error);
    assert_non_null(stream);
    assert_int_equal(oriel_ipc_pair(s), 0);
    GstElement *pipeline = gst_pipeline_new(NULL), *sink = gst_element_factory_make("fakesink", NULL);
    g_object_set(sink, "signal-handoffs", TRUE, "sync", FALSE, "async", FALSE, NULL);
    g_signal_connect(sink, "handoff", G_CALLBACK(on_packet), packets);
    gst_bin_add_many(GST_BIN(pipeline), oriel_camera_stream_bin(stream), sink, NULL);
    assert_true(gst_element_link(oriel_camera_stream_bin(stream), sink));
    g_autoptr(GstClock) clock = gst_system_clock_obtain();
    gst_pipeline_use_clock(GST_PIPELINE(pipeline), clock);
    assert_int_not_equal(gst_element_set_state(pipeline, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);

    oriel_camera_stream_pace(stream, when, &asked);
    oriel_camera_stream_open(stream, s[1], 25, 1000);
    oriel_camera_stream_run(stream, TRUE);
    expect(s[0], ORIEL_FRAMES_RUN);
    send_buffers(s[0]);
    send_frame(s[0]);
    assert_non_null(g_async_queue_timeout_pop(packets, WAIT_MS * 1000));
    expect(s[0], ORIEL_FRAMES_RELEASE);
    g_atomic_int_set(&room, FALSE);
    send_frame(s[0]); /* it was asked for that one before */
    assert_non_null(g_async_queue_timeout_pop(packets, WAIT_MS * 1000));
    gint before = g_atomic_int_get(&asked);
    assert_false(told(s[0], 150));
    assert_in_range(g_atomic_int_get(&asked) - before, 1, 40); /* it looks again, and does not spin */
    g_atomic_int_set(&room, TRUE);
    expect(s[0], ORIEL_FRAMES_RELEASE);

    g_atomic_int_set(&room, FALSE);
    int64_t from = oriel_monotonic();
    oriel_camera_stream_close(stream); /* nor does it hang */
    assert_true(oriel_monotonic() - from < 10 * ORIEL_SECOND);
    close(s[0]);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
}

int main(int argc, char **argv) {
    gst_init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
