/* pipelines/framesource in a real pipeline, fed by a real socket: times, sizes, repetitions, pauses and ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <gst/video/video.h>
#include <libyuv/convert.h>
#include <poll.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "damage.h"
#include "framesource.h"

enum { FPS = 50, WAIT_MS = 20000 };

struct rig {
    int socket;
    GstElement *pipeline, *source, *sink;
    GAsyncQueue *pictures; /* of GstSample * */
    uint8_t *memory;
    unsigned width, height;
};

static struct oriel_ipc_message message;
static oriel_picture_watcher watcher; /* of the next rig */

static void on_picture(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer pictures) {
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);
    g_async_queue_push(pictures, gst_sample_new(buffer, caps, NULL, NULL));
}

static gint covered, watched, blind; /* atomic: whether all is shown by tiles; pictures that were seen; nobody looks */

static void cover(void *user, const struct oriel_frame_reader *reader, const struct oriel_rect *damaged, size_t count,
                  GstClockTime at, struct oriel_share *share) {
    share->cover = g_atomic_int_get(&covered) ? ORIEL_COVER_NOW : ORIEL_COVER_SOON;
    g_atomic_int_inc(&watched);
}

static void on_looks(void *user, gboolean looks) {
    g_atomic_int_set(&blind, !looks);
}

static void open_rig(struct rig *rig) {
    int s[2];
    memset(rig, 0, sizeof *rig);
    assert_int_equal(oriel_ipc_pair(s), 0);
    rig->socket = s[0];
    rig->pictures = g_async_queue_new_full((GDestroyNotify)gst_sample_unref);
    rig->pipeline = gst_pipeline_new(NULL);
    rig->source = g_object_new(oriel_frame_source_get_type(), NULL);
    oriel_frame_source_open(rig->source, s[1], FPS);
    if (watcher)
        oriel_frame_source_watch(rig->source, watcher, on_looks, NULL);
    rig->sink = gst_element_factory_make("fakesink", NULL);
    g_object_set(rig->sink, "signal-handoffs", TRUE, "sync", FALSE, "async", FALSE, NULL);
    g_signal_connect(rig->sink, "handoff", G_CALLBACK(on_picture), rig->pictures);
    gst_bin_add_many(GST_BIN(rig->pipeline), rig->source, rig->sink, NULL);
    assert_true(gst_element_link(rig->source, rig->sink));
    g_autoptr(GstClock) clock = gst_system_clock_obtain();
    gst_pipeline_use_clock(GST_PIPELINE(rig->pipeline), clock);
    assert_int_not_equal(gst_element_set_state(rig->pipeline, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
}

static void close_rig(struct rig *rig) {
    int64_t before = oriel_monotonic();
    gst_element_set_state(rig->pipeline, GST_STATE_NULL);
    assert_true(oriel_monotonic() - before < 10 * ORIEL_SECOND); /* it does not wait for a picture */
    gst_object_unref(rig->pipeline);
    g_async_queue_unref(rig->pictures);
    if (rig->memory)
        munmap(rig->memory, (size_t)rig->width * rig->height * 4);
    if (rig->socket >= 0)
        close(rig->socket);
}

static void send_buffers(struct rig *rig, uint32_t generation, unsigned width, unsigned height) {
    size_t size = (size_t)width * height * 4;
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    if (rig->memory)
        munmap(rig->memory, (size_t)rig->width * rig->height * 4);
    rig->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (size_t i = 0; i < size; i++)
        rig->memory[i] = (uint8_t)(i * 7 + i / 1000 + generation);
    rig->width = width;
    rig->height = height;
    assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, generation,
                                    (uint32_t)ORIEL_FORMAT_BGRX, width, height, width * 4, 1u, (uint64_t)size, fd),
                     0);
    close(fd);
}

static void send_frame(struct rig *rig, uint32_t generation, int64_t time) {
    const uint16_t rect[4] = {2, 4, 6, 8};
    assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, generation, 0u,
                                    (uint64_t)time, (const void *)rect, sizeof rect, 0u, 0u, 0u),
                     0);
}

/* The next message to capture of kind `id`; its first field. */
static uint64_t expect_message(struct rig *rig, uint16_t id) {
    struct pollfd p = {.fd = rig->socket, .events = POLLIN};
    assert_int_equal(poll(&p, 1, WAIT_MS), 1);
    assert_int_equal(oriel_ipc_receive(rig->socket, &oriel_media_to_capture, &message), 1);
    assert_int_equal(message.type->id, id);
    return message.fields[0].number;
}

static GstSample *expect_picture(struct rig *rig) {
    GstSample *sample = g_async_queue_timeout_pop(rig->pictures, WAIT_MS * 1000);
    assert_non_null(sample);
    return sample;
}

static GstClockTime pts(GstSample *sample) {
    return GST_BUFFER_PTS(gst_sample_get_buffer(sample));
}

static size_t damage(GstSample *sample) {
    size_t count;
    assert_non_null(oriel_damage_get(gst_sample_get_buffer(sample), &count));
    return count;
}

/* Pixel by pixel what libyuv makes of the shared memory. */
static void assert_picture(struct rig *rig, GstSample *sample) {
    GstVideoInfo info;
    GstVideoFrame frame;
    assert_true(gst_video_info_from_caps(&info, gst_sample_get_caps(sample)));
    assert_int_equal(info.width, rig->width);
    assert_int_equal(info.height, rig->height);
    assert_int_equal(info.colorimetry.matrix, GST_VIDEO_COLOR_MATRIX_BT601);
    assert_true(gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ));
    int width = info.width, chroma = (width + 1) / 2, height = info.height, half = (height + 1) / 2;
    g_autofree uint8_t *y = g_malloc((gsize)(width * height)), *u = g_malloc((gsize)(chroma * half)),
                       *v = g_malloc((gsize)(chroma * half));
    ARGBToI420(rig->memory, width * 4, y, width, u, chroma, v, chroma, width, height);
    const uint8_t *planes[] = {y, u, v};
    for (guint i = 0; i < 3; i++)
        for (int row = 0; row < (i ? half : height); row++)
            assert_memory_equal((uint8_t *)GST_VIDEO_FRAME_PLANE_DATA(&frame, i) +
                                    row * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, i),
                                planes[i] + row * (i ? chroma : width), (size_t)(i ? chroma : width));
    gst_video_frame_unmap(&frame);
}

static void run(struct rig *rig) {
    oriel_frame_source_run(rig->source, TRUE);
    assert_int_equal(expect_message(rig, ORIEL_FRAMES_RUN), FPS);
}

static void test_picture_and_time(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig, 1, 101, 67);
    assert_null(g_async_queue_timeout_pop(rig.pictures, 50000)); /* nothing before it was asked */
    run(&rig);
    int64_t time = oriel_monotonic() - 3 * ORIEL_MILLISECOND;
    send_frame(&rig, 1, time);
    g_autoptr(GstSample) sample = expect_picture(&rig);
    assert_picture(&rig, sample);
    assert_true(pts(sample) == (GstClockTime)time - gst_element_get_base_time(rig.pipeline));
    assert_int_equal(damage(sample), 1);
    assert_int_equal(expect_message(&rig, ORIEL_FRAMES_RELEASE), 1);
    unsigned width, height;
    oriel_frame_source_size(rig.source, &width, &height);
    assert_int_equal(width, 101);
    assert_int_equal(height, 67);
    close_rig(&rig);
}

static void test_repeats_until_sharp(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig, 1, 64, 48);
    run(&rig);
    send_frame(&rig, 1, oriel_monotonic());
    g_autoptr(GstSample) first = expect_picture(&rig);
    GstClockTime last = pts(first);
    for (int i = 0; i < 3; i++) {
        g_autoptr(GstSample) repeated = expect_picture(&rig);
        assert_in_range(pts(repeated) - last, 90 * GST_MSECOND, 400 * GST_MSECOND);
        assert_int_equal(damage(repeated), 0);
        assert_picture(&rig, repeated);
        last = pts(repeated);
    }
    /* A change that was captured before the last repetition still comes after it. */
    send_frame(&rig, 1, oriel_monotonic() - ORIEL_SECOND);
    g_autoptr(GstSample) next = expect_picture(&rig);
    assert_true(pts(next) > last);
    close_rig(&rig);
}

/* As an encoder in the place of the sink would. */
static void demand(struct rig *rig, int64_t not_before, int64_t again) {
    g_autoptr(GstPad) pad = gst_element_get_static_pad(rig->sink, "sink");
    gst_pad_push_event(pad, oriel_demand_new(not_before, again));
}

/* And no other, as long as it is not asked for. */
static void show_first(struct rig *rig) {
    send_buffers(rig, 1, 64, 48);
    run(rig);
    demand(rig, 0, INT64_MAX);
    send_frame(rig, 1, oriel_monotonic());
    gst_sample_unref(expect_picture(rig));
    expect_message(rig, ORIEL_FRAMES_RELEASE);
}

static void test_demand_sets_the_pace(void **state) {
    struct rig rig;
    open_rig(&rig);
    show_first(&rig);
    assert_null(g_async_queue_timeout_pop(rig.pictures, 300000)); /* nothing is repeated unless it is asked for */
    int64_t at = oriel_monotonic() + ORIEL_SECOND;
    demand(&rig, at, at + 10 * ORIEL_SECOND);
    send_frame(&rig, 1, oriel_monotonic());
    g_usleep(20000);
    send_frame(&rig, 1, oriel_monotonic()); /* two for which there is no time make one */
    g_autoptr(GstSample) late = expect_picture(&rig);
    assert_true(oriel_monotonic() >= at);
    assert_int_equal(damage(late), 2);
    assert_null(g_async_queue_timeout_pop(rig.pictures, 100000));
    demand(&rig, 0, 0); /* somebody needs a keyframe: at once */
    g_autoptr(GstSample) again = expect_picture(&rig);
    assert_true(oriel_monotonic() < at + 10 * ORIEL_SECOND); /* before it was due anyway */
    assert_int_equal(damage(again), 0);
    close_rig(&rig);
}

static void test_capture_waits_for_the_encoder(void **state) {
    struct rig rig;
    open_rig(&rig);
    show_first(&rig);
    int64_t at = oriel_monotonic() + ORIEL_SECOND;
    demand(&rig, at, INT64_MAX);
    send_frame(&rig, 1, oriel_monotonic());
    struct pollfd p = {.fd = rig.socket, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 100), 0); /* it does not get its buffer back as long as there is no time */
    gst_sample_unref(expect_picture(&rig));
    expect_message(&rig, ORIEL_FRAMES_RELEASE);
    assert_true(oriel_monotonic() >= at);
    close_rig(&rig);
}

static gint way_busy; /* atomic */

static int64_t when_free(void *user, int64_t now) {
    return g_atomic_int_get(&way_busy) ? now + 3600 * ORIEL_SECOND : now;
}

/* What was foretold of the way when it was full does not hold once it is free; and meanwhile no change would have been
 * taken up. */
static void test_a_way_that_is_free_sooner(void **state) {
    struct rig rig;
    watcher = cover;
    open_rig(&rig);
    watcher = NULL;
    oriel_frame_source_pace(rig.source, when_free, NULL);
    show_first(&rig);
    g_atomic_int_set(&way_busy, TRUE);
    demand(&rig, 0, INT64_MAX); /* it looks at the way again */
    send_frame(&rig, 1, oriel_monotonic());
    assert_null(g_async_queue_timeout_pop(rig.pictures, 200000));
    assert_true(g_atomic_int_get(&blind));
    int64_t free = oriel_monotonic();
    g_atomic_int_set(&way_busy, FALSE);
    g_autoptr(GstSample) late = expect_picture(&rig);
    assert_int_equal(damage(late), 1);
    assert_true(oriel_damage_welcome(gst_sample_get_buffer(late)) >= free);
    assert_false(g_atomic_int_get(&blind));
    close_rig(&rig);
}

/* What waited while the encoder was busy is replaced by what capture makes when it is read: within 3 ms, in which a
 * busy machine may not let us run, but not every time. */
static void test_newest_after_a_slow_picture(void **state) {
    struct rig rig;
    open_rig(&rig);
    show_first(&rig);
    int changes = 0;
    for (int i = 0; i < 50 && changes != 2; i++) {
        demand(&rig, oriel_monotonic() + 60 * ORIEL_MILLISECOND, INT64_MAX);
        g_usleep(1000);
        send_frame(&rig, 1, oriel_monotonic());
        int bytes = 1;
        while (bytes > 0) { /* as capture does: when the first is read it makes another */
            assert_int_equal(ioctl(rig.socket, SIOCOUTQ, &bytes), 0);
            g_usleep(50);
        }
        send_frame(&rig, 1, oriel_monotonic());
        g_autoptr(GstSample) picture = expect_picture(&rig);
        changes = damage(picture);
        demand(&rig, 0, INT64_MAX); /* the other one, if it comes by itself */
        if (changes == 1)
            gst_sample_unref(expect_picture(&rig));
    }
    assert_int_equal(changes, 2);
    close_rig(&rig);
}

/* What tiles show does not wake the encoder; it hears of it with the next picture that it wants, or must have. */
static void test_what_is_left_out_is_told_later(void **state) {
    struct rig rig;
    watcher = cover;
    g_atomic_int_set(&covered, TRUE);
    open_rig(&rig);
    watcher = NULL;
    send_buffers(&rig, 1, 64, 48);
    run(&rig);
    send_frame(&rig, 1, oriel_monotonic());
    gst_sample_unref(expect_picture(&rig)); /* nothing was demanded yet */
    expect_message(&rig, ORIEL_FRAMES_RELEASE);
    demand(&rig, 0, INT64_MAX);
    for (int i = 0; i < 3; i++) {
        int before = g_atomic_int_get(&watched);
        send_frame(&rig, 1, oriel_monotonic());
        while (g_atomic_int_get(&watched) == before)
            g_usleep(500);
        expect_message(&rig, ORIEL_FRAMES_RELEASE);
    }
    assert_int_equal(g_async_queue_length(rig.pictures), 0);
    g_atomic_int_set(&covered, FALSE);
    send_frame(&rig, 1, oriel_monotonic());
    g_autoptr(GstSample) next = expect_picture(&rig);
    const struct oriel_share *share = oriel_damage_share(gst_sample_get_buffer(next));
    assert_int_equal(damage(next), 1);
    assert_int_equal(share->left_out_count, 3);
    assert_memory_equal(&share->left_out[2], (&(struct oriel_rect){2, 4, 6, 8}), sizeof(struct oriel_rect));
    g_atomic_int_set(&covered, TRUE);
    demand(&rig, 0, 0); /* such as for a keyframe */
    g_autoptr(GstSample) again = expect_picture(&rig);
    assert_int_equal(oriel_damage_share(gst_sample_get_buffer(again))->left_out_count, 0);
    close_rig(&rig);
}

/* Whoever still holds an older picture keeps it as it was. */
static void test_pictures_held_downstream_stay(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig, 1, 64, 48);
    run(&rig);
    send_frame(&rig, 1, oriel_monotonic());
    g_autoptr(GstSample) first = expect_picture(&rig);
    expect_message(&rig, ORIEL_FRAMES_RELEASE);
    GstMapInfo map;
    assert_true(gst_buffer_map(gst_sample_get_buffer(first), &map, GST_MAP_READ));
    g_autofree uint8_t *before = g_memdup2(map.data, map.size);
    memset(rig.memory, 0, (size_t)64 * 48 * 4);
    send_frame(&rig, 1, oriel_monotonic());
    GstSample *next = expect_picture(&rig);
    while (!damage(next)) { /* a repetition of the first */
        gst_sample_unref(next);
        next = expect_picture(&rig);
    }
    assert_memory_equal(map.data, before, map.size);
    GstMapInfo other;
    assert_true(gst_buffer_map(gst_sample_get_buffer(next), &other, GST_MAP_READ));
    assert_int_equal(other.data[5 * 64 + 4], 16);
    assert_int_equal(other.data[40 * 64 + 40], before[40 * 64 + 40]); /* not damaged */
    gst_buffer_unmap(gst_sample_get_buffer(next), &other);
    gst_buffer_unmap(gst_sample_get_buffer(first), &map);
    gst_sample_unref(next);
    close_rig(&rig);
}

static void test_lying_times(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig, 1, 64, 48);
    run(&rig);
    GstClockTime last = 0;
    const int64_t times[] = {INT64_MIN, INT64_MAX, -1, 0, 1};
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        send_frame(&rig, 1, times[i]);
        assert_int_equal(expect_message(&rig, ORIEL_FRAMES_RELEASE), 1);
        g_autoptr(GstSample) sample = expect_picture(&rig);
        GstClockTime now = (GstClockTime)oriel_monotonic() - gst_element_get_base_time(rig.pipeline);
        assert_in_range(pts(sample), last, now + 100 * GST_MSECOND);
        last = pts(sample) + 1;
    }
    close_rig(&rig);
}

static void test_new_size(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig, 1, 64, 48);
    run(&rig);
    send_frame(&rig, 1, oriel_monotonic());
    gst_sample_unref(expect_picture(&rig));
    send_buffers(&rig, 2, 33, 17);
    send_frame(&rig, 2, oriel_monotonic());
    GstSample *sample = expect_picture(&rig);
    GstVideoInfo info;
    while (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) && info.width == 64) { /* a repetition */
        gst_sample_unref(sample);
        sample = expect_picture(&rig);
    }
    assert_picture(&rig, sample);
    gst_sample_unref(sample);
    close_rig(&rig);
}

static void test_frame_rate_is_kept(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig, 1, 64, 48);
    run(&rig);
    int64_t start = oriel_monotonic();
    while (oriel_monotonic() - start < 400 * ORIEL_MILLISECOND) { /* five times as many as were asked for */
        send_frame(&rig, 1, oriel_monotonic());
        expect_message(&rig, ORIEL_FRAMES_RELEASE);
        g_usleep(1000000 / (5 * FPS));
    }
    int limit = (int)((oriel_monotonic() - start) * FPS * 10 / 9 / ORIEL_SECOND) + 3;
    assert_in_range(g_async_queue_length(rig.pictures), 5, limit);
    close_rig(&rig);
}

static void test_pause(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig, 1, 64, 48);
    run(&rig);
    send_frame(&rig, 1, oriel_monotonic());
    gst_sample_unref(expect_picture(&rig));
    expect_message(&rig, ORIEL_FRAMES_RELEASE);
    oriel_frame_source_run(rig.source, FALSE);
    assert_int_equal(expect_message(&rig, ORIEL_FRAMES_RUN), 0);
    send_frame(&rig, 1, oriel_monotonic()); /* was under way */
    expect_message(&rig, ORIEL_FRAMES_RELEASE);
    g_autoptr(GstSample) one = g_async_queue_timeout_pop(rig.pictures, 50000); /* at most a repetition from before */
    GstSample *other = g_async_queue_timeout_pop(rig.pictures, 250000);
    assert_null(other);
    close_rig(&rig);
}

static void expect_error(struct rig *rig, const char *why) {
    g_autoptr(GstBus) bus = gst_element_get_bus(rig->pipeline);
    g_autoptr(GstMessage) found = gst_bus_timed_pop_filtered(bus, WAIT_MS * GST_MSECOND, GST_MESSAGE_ERROR);
    g_autoptr(GError) error = NULL;
    assert_non_null(found);
    gst_message_parse_error(found, &error, NULL);
    assert_true(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ));
    if (!strstr(error->message, why))
        fail_msg("the error is \"%s\", not about \"%s\"", error->message, why);
}

static void test_capture_ends(void **state) {
    struct rig rig;
    open_rig(&rig);
    close(rig.socket);
    rig.socket = -1;
    expect_error(&rig, "ended");
    close_rig(&rig);
}

static void test_capture_lies(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig, 1, 64, 48);
    run(&rig);
    send_frame(&rig, 9, oriel_monotonic());
    expect_error(&rig, "generation 9");
    close_rig(&rig);
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picture_and_time),
        cmocka_unit_test(test_repeats_until_sharp),
        cmocka_unit_test(test_demand_sets_the_pace),
        cmocka_unit_test(test_capture_waits_for_the_encoder),
        cmocka_unit_test(test_a_way_that_is_free_sooner),
        cmocka_unit_test(test_newest_after_a_slow_picture),
        cmocka_unit_test(test_what_is_left_out_is_told_later),
        cmocka_unit_test(test_pictures_held_downstream_stay),
        cmocka_unit_test(test_lying_times),
        cmocka_unit_test(test_new_size),
        cmocka_unit_test(test_frame_rate_is_kept),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_capture_ends),
        cmocka_unit_test(test_capture_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
