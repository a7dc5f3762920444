/* pipelines/screen: the shipped graph from the frame socket to RTP packets, as webrtcbin gets them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <gst/rtp/rtp.h>
#include <gst/video/video.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capturetime.h"
#include "channel.h"
#include "clock.h"
#include "frames.h"
#include "playoutdelay.h"
#include "screen.h"

enum { WIDTH = 160, HEIGHT = 96, WAIT_MS = 20000 };

struct rig {
    int socket;
    GstElement *pipeline, *screen, *sink;
    GAsyncQueue *packets; /* of GstSample * */
    uint8_t *memory;
};

static struct oriel_ipc_message message;

static void on_packet(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer packets) {
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);
    g_async_queue_push(packets, gst_sample_new(buffer, caps, NULL, NULL));
}

static void open_rig(struct rig *rig) {
    int s[2];
    g_autofree char *graph = NULL;
    g_autoptr(GError) error = NULL;
    memset(rig, 0, sizeof *rig);
    assert_true(g_file_get_contents(SOURCE_ROOT "/pipelines/graphs/vp8.pipeline", &graph, NULL, NULL));
    assert_int_equal(oriel_ipc_pair(s), 0);
    rig->socket = s[0];
    rig->packets = g_async_queue_new_full((GDestroyNotify)gst_sample_unref);
    rig->screen = oriel_screen_new(graph, s[1], 30, 4000, &error);
    if (!rig->screen)
        fail_msg("%s", error->message);
    rig->pipeline = gst_pipeline_new(NULL);
    rig->sink = gst_element_factory_make("fakesink", NULL);
    g_object_set(rig->sink, "signal-handoffs", TRUE, "sync", FALSE, "async", FALSE, NULL);
    g_signal_connect(rig->sink, "handoff", G_CALLBACK(on_packet), rig->packets);
    gst_bin_add_many(GST_BIN(rig->pipeline), rig->screen, rig->sink, NULL);
    g_autoptr(GstCaps) caps = oriel_screen_caps(rig->screen);
    assert_true(gst_element_link_filtered(rig->screen, rig->sink, caps)); /* as the transceiver's preferences do */
    g_autoptr(GstClock) clock = gst_system_clock_obtain();
    gst_pipeline_use_clock(GST_PIPELINE(rig->pipeline), clock);
    assert_int_not_equal(gst_element_set_state(rig->pipeline, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
}

static void close_rig(struct rig *rig) {
    gst_element_set_state(rig->pipeline, GST_STATE_NULL);
    gst_object_unref(rig->pipeline);
    g_async_queue_unref(rig->packets);
    munmap(rig->memory, WIDTH * HEIGHT * 4);
    close(rig->socket);
}

static void send_buffers(struct rig *rig) {
    size_t size = WIDTH * HEIGHT * 4;
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    rig->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (size_t i = 0; i < size; i++)
        rig->memory[i] = (uint8_t)(i * i / 77);
    assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, 1u,
                                    (uint32_t)ORIEL_FORMAT_BGRX, (uint32_t)WIDTH, (uint32_t)HEIGHT, (uint32_t)WIDTH * 4,
                                    1u, (uint64_t)size, fd),
                     0);
    close(fd);
}

static void send_frame(struct rig *rig, int64_t time) {
    const uint16_t rect[4] = {0, 0, 32, 16};
    assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, 1u, 0u, (uint64_t)time,
                                    (const void *)rect, sizeof rect, 0u, 0u, 0u),
                     0);
}

static void expect_message(struct rig *rig, uint16_t id) {
    struct pollfd p = {.fd = rig->socket, .events = POLLIN};
    assert_int_equal(poll(&p, 1, WAIT_MS), 1);
    assert_int_equal(oriel_ipc_receive(rig->socket, &oriel_media_to_capture, &message), 1);
    assert_int_equal(message.type->id, id);
}

/* The packets of a picture: the last has the marker. How many; the last one to `last`. */
static unsigned picture(struct rig *rig, GstSample **last) {
    for (unsigned count = 1;; count++) {
        GstSample *sample = g_async_queue_timeout_pop(rig->packets, WAIT_MS * 1000);
        assert_non_null(sample);
        GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
        assert_true(gst_rtp_buffer_map(gst_sample_get_buffer(sample), GST_MAP_READ, &rtp));
        gboolean marker = gst_rtp_buffer_get_marker(&rtp);
        assert_true(gst_rtp_buffer_get_packet_len(&rtp) <= 1200 + 40); /* and its header extensions */
        gst_rtp_buffer_unmap(&rtp);
        if (marker) {
            *last = sample;
            return count;
        }
        gst_sample_unref(sample);
    }
}

static void test_from_screen_to_rtp(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig);
    assert_null(g_async_queue_timeout_pop(rig.packets, 50000)); /* not before it runs */
    oriel_screen_run(rig.screen, TRUE);
    expect_message(&rig, ORIEL_FRAMES_RUN);
    int64_t time = oriel_monotonic() - 4 * ORIEL_MILLISECOND;
    send_frame(&rig, time);
    g_autoptr(GstSample) last = NULL;
    picture(&rig, &last);
    expect_message(&rig, ORIEL_FRAMES_RELEASE);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gpointer data;
    guint size;
    assert_true(gst_rtp_buffer_map(gst_sample_get_buffer(last), GST_MAP_READ, &rtp));
    int64_t since = time - (int64_t)gst_element_get_base_time(rig.pipeline);
    assert_in_range(gst_rtp_buffer_get_timestamp(&rtp), (uint64_t)since * 9 / 100000 - 1,
                    (uint64_t)since * 9 / 100000 + 1);
    assert_true(gst_rtp_buffer_get_extension_onebyte_header(&rtp, 3, 0, &data, &size)); /* playout delay */
    assert_int_equal(size, 3);
    assert_true(gst_rtp_buffer_get_extension_onebyte_header(&rtp, 4, 0, &data, &size)); /* capture time */
    assert_int_equal(size, 8);
    gst_rtp_buffer_unmap(&rtp);
    GstStructure *caps = gst_caps_get_structure(gst_sample_get_caps(last), 0);
    assert_string_equal(gst_structure_get_string(caps, "encoding-name"), "VP8");
    assert_string_equal(gst_structure_get_string(caps, "extmap-3"), ORIEL_PLAYOUT_DELAY_URI);
    assert_string_equal(gst_structure_get_string(caps, "extmap-4"), ORIEL_CAPTURE_TIME_URI);
    close_rig(&rig);
}

static void test_counts_and_trace(void **state) {
    struct rig rig;
    struct oriel_screen_counts counts;
    struct oriel_trace_summary trace;
    open_rig(&rig);
    send_buffers(&rig);
    oriel_screen_counts(rig.screen, &counts);
    assert_int_equal(counts.width, 0);
    g_usleep(20000); /* what follows is captured after the start */
    oriel_screen_run(rig.screen, TRUE);
    expect_message(&rig, ORIEL_FRAMES_RUN);
    for (int i = 0; i < 3; i++) {
        int64_t time = oriel_monotonic() - 2 * ORIEL_MILLISECOND;
        send_frame(&rig, time);
        GstSample *last;
        do /* sharpening may come between */
            picture(&rig, &last);
        while (GST_BUFFER_PTS(gst_sample_get_buffer(last)) !=
                   (GstClockTime)time - gst_element_get_base_time(rig.pipeline) &&
               (gst_sample_unref(last), TRUE));
        oriel_screen_sent(rig.screen, GST_BUFFER_PTS(gst_sample_get_buffer(last)));
        gst_sample_unref(last);
        g_usleep(40000);
    }
    oriel_screen_counts(rig.screen, &counts);
    assert_int_equal(counts.width, WIDTH);
    assert_int_equal(counts.height, HEIGHT);
    assert_true(counts.pictures >= 3);
    oriel_screen_trace(rig.screen, &trace);
    assert_int_equal(trace.pictures, 3);
    assert_in_range(trace.stages[ORIEL_STAGE_CAPTURE].p50, 2000, 500000);
    assert_in_range(trace.stages[ORIEL_STAGE_ENCODE].p50, 20, 500000);
    assert_true(trace.stages[ORIEL_STAGE_CONVERT].max >= trace.stages[ORIEL_STAGE_CONVERT].p50);
    close_rig(&rig);
}

static void test_bad_graph_closes_the_socket(void **state) {
    int s[2];
    g_autoptr(GError) error = NULL;
    assert_int_equal(oriel_ipc_pair(s), 0);
    assert_null(oriel_screen_new("nonsense", s[1], 30, 4000, &error));
    assert_true(strstr(error->message, "nonsense"));
    struct pollfd p = {.fd = s[0], .events = POLLIN};
    assert_int_equal(poll(&p, 1, WAIT_MS), 1);
    assert_true(p.revents & POLLHUP);
    close(s[0]);
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_screen_to_rtp),
        cmocka_unit_test(test_counts_and_trace),
        cmocka_unit_test(test_bad_graph_closes_the_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
