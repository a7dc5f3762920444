/* pipelines/vp8enc as an element: properties, events, timestamps and what it tells the source. What it makes of
 * pictures is test_vp8coder's business. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gst/video/video.h>
#include <string.h>

#include "clock.h"
#include "damage.h"
#include "vp8enc.h"

struct rig {
    GstElement *encoder;
    GstPad *in, *out; /* ours: towards the encoder, and behind it */
    GQueue packets;   /* of GstBuffer * */
    gint64 not_before, again;
    unsigned demands;
    unsigned width, height;
    guint64 serial;
    GstClockTime pts;
};

static GstFlowReturn take(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
    g_queue_push_tail(&((struct rig *)gst_pad_get_element_private(pad))->packets, buffer);
    return GST_FLOW_OK;
}

static gboolean hear(GstPad *pad, GstObject *parent, GstEvent *event) {
    struct rig *rig = gst_pad_get_element_private(pad);
    rig->demands += oriel_demand_parse(event, &rig->not_before, &rig->again);
    gst_event_unref(event);
    return TRUE;
}

static void caps(struct rig *rig, unsigned width, unsigned height) {
    g_autoptr(GstCaps) c =
        gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, (int)width, "height",
                            G_TYPE_INT, (int)height, "framerate", GST_TYPE_FRACTION, 0, 1, NULL);
    rig->width = width;
    rig->height = height;
    assert_true(gst_pad_push_event(rig->in, gst_event_new_caps(c)));
}

static GstStaticPadTemplate anything =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static void open_rig(struct rig *rig) {
    *rig = (struct rig){.encoder = g_object_new(oriel_vp8_enc_get_type(), NULL), .pts = GST_SECOND};
    gst_object_ref_sink(rig->encoder);
    rig->in = gst_pad_new("src", GST_PAD_SRC);
    rig->out = gst_pad_new_from_static_template(&anything, "sink");
    gst_pad_set_element_private(rig->in, rig);
    gst_pad_set_element_private(rig->out, rig);
    gst_pad_set_event_function(rig->in, hear);
    gst_pad_set_chain_function(rig->out, take);
    g_autoptr(GstPad) sink = gst_element_get_static_pad(rig->encoder, "sink");
    g_autoptr(GstPad) src = gst_element_get_static_pad(rig->encoder, "src");
    assert_int_equal(gst_pad_link(rig->in, sink), GST_PAD_LINK_OK);
    assert_int_equal(gst_pad_link(src, rig->out), GST_PAD_LINK_OK);
    gst_pad_set_active(rig->in, TRUE);
    gst_pad_set_active(rig->out, TRUE);
    gst_element_set_state(rig->encoder, GST_STATE_PLAYING);
    gst_pad_push_event(rig->in, gst_event_new_stream_start("test"));
    caps(rig, 320, 240);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(rig->in, gst_event_new_segment(&segment));
}

static void close_rig(struct rig *rig) {
    gst_element_set_state(rig->encoder, GST_STATE_NULL);
    g_queue_clear_full(&rig->packets, (GDestroyNotify)gst_buffer_unref);
    gst_object_unref(rig->in);
    gst_object_unref(rig->out);
    gst_object_unref(rig->encoder);
}

/* A picture of stripes, with the damage of `rect` (NULL: a repetition), or without the meta. */
static void push(struct rig *rig, unsigned seed, const struct oriel_rect *rect, gboolean meta) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, rig->width, rig->height);
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, info.size, NULL);
    GstMapInfo map;
    assert_true(gst_buffer_map(buffer, &map, GST_MAP_WRITE));
    memset(map.data, 128, map.size);
    for (unsigned y = 0; y < rig->height; y++)
        for (unsigned x = 0; x < rig->width; x++)
            map.data[y * (unsigned)info.stride[0] + x] = (x * (seed + 1) + y) % 13 < 6 ? 230 : 20;
    gst_buffer_unmap(buffer, &map);
    if (meta)
        oriel_damage_add(buffer, rect, rect ? 1 : 0, oriel_monotonic(), NULL);
    GST_BUFFER_OFFSET(buffer) = rig->serial++;
    GST_BUFFER_PTS(buffer) = rig->pts += 33 * GST_MSECOND;
    assert_int_equal(gst_pad_push(rig->in, buffer), GST_FLOW_OK);
}

static void push_all(struct rig *rig, unsigned seed) {
    push(rig, seed, &(struct oriel_rect){0, 0, (uint16_t)rig->width, (uint16_t)rig->height}, TRUE);
}

/* The next packet, or NULL. */
static GstBuffer *packet(struct rig *rig) {
    return g_queue_pop_head(&rig->packets);
}

static gboolean is_key(GstBuffer *buffer) {
    guint8 first;
    gst_buffer_extract(buffer, 0, &first, 1);
    assert_int_equal(!(first & 1), !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT));
    return !(first & 1);
}

static void test_first_picture(void **state) {
    struct rig rig;
    open_rig(&rig);
    push_all(&rig, 1);
    g_autoptr(GstBuffer) first = packet(&rig);
    assert_non_null(first);
    assert_null(packet(&rig));
    assert_true(is_key(first));
    assert_int_equal(GST_BUFFER_PTS(first), rig.pts);
    assert_int_equal(rig.demands, 1);
    assert_true(rig.again > oriel_monotonic() && rig.again < oriel_monotonic() + 2 * ORIEL_SECOND);
    g_autoptr(GstCaps) c = gst_pad_get_current_caps(rig.out);
    const GstStructure *s = gst_caps_get_structure(c, 0);
    assert_true(gst_structure_has_name(s, "video/x-vp8"));
    assert_string_equal(gst_structure_get_string(s, "profile"), "0");
    size_t count;
    assert_null(oriel_damage_get(first, &count));
    close_rig(&rig);
}

static void test_nothing_for_a_repetition(void **state) {
    struct rig rig;
    open_rig(&rig);
    push_all(&rig, 1);
    gst_buffer_unref(packet(&rig));
    push(&rig, 1, NULL, TRUE); /* at once: there is nothing to sharpen yet */
    assert_null(packet(&rig));
    assert_int_equal(rig.demands, 2);
    close_rig(&rig);
}

static size_t size_of_change(struct rig *rig, const struct oriel_rect *rect, gboolean meta) {
    g_usleep(35000);
    push(rig, 2, rect, meta);
    g_autoptr(GstBuffer) made = packet(rig);
    return made ? gst_buffer_get_size(made) : 0;
}

/* Of a picture that differs everywhere: only the damage is encoded, unless it can't be known. */
static void test_damage_meta(void **state) {
    const struct oriel_rect small = {32, 32, 16, 16};
    size_t sizes[3];
    for (int i = 0; i < 3; i++) {
        struct rig rig;
        open_rig(&rig);
        g_object_set(rig.encoder, "bitrate", 100000, NULL);
        push_all(&rig, 1);
        gst_buffer_unref(packet(&rig));
        rig.serial += i == 1; /* one was dropped on the way */
        sizes[i] = size_of_change(&rig, &small, i != 2);
        close_rig(&rig);
    }
    assert_in_range(sizes[0], 50, 1500);
    assert_true(sizes[1] > 10 * sizes[0]);
    assert_true(sizes[2] > 10 * sizes[0]);
}

static void test_keyframe_event_wakes_the_source(void **state) {
    struct rig rig;
    open_rig(&rig);
    push_all(&rig, 1);
    gst_buffer_unref(packet(&rig));
    unsigned before = rig.demands;
    g_usleep(300000); /* the first keyframe has arrived by now */
    gst_pad_push_event(rig.out, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
    assert_int_equal(rig.demands, before + 1);
    assert_int_equal(rig.again, 0);
    push(&rig, 1, NULL, TRUE);
    g_autoptr(GstBuffer) key = packet(&rig);
    assert_non_null(key);
    assert_true(is_key(key));
    close_rig(&rig);
}

static void test_new_size(void **state) {
    struct rig rig;
    open_rig(&rig);
    push_all(&rig, 1);
    gst_buffer_unref(packet(&rig));
    caps(&rig, 97, 51);
    push_all(&rig, 1);
    g_autoptr(GstBuffer) key = packet(&rig);
    assert_true(key && is_key(key));
    guint8 header[10];
    gst_buffer_extract(key, 0, header, sizeof header);
    assert_int_equal(header[6] | header[7] << 8, 97);
    assert_int_equal(header[8] | header[9] << 8, 51);
    close_rig(&rig);
}

static void test_frame_rate_and_bitrate_hold_from_the_next_picture(void **state) {
    struct rig rig;
    open_rig(&rig);
    g_object_set(rig.encoder, "max-frame-rate", 10, NULL);
    int64_t before = oriel_monotonic();
    push_all(&rig, 1);
    gst_buffer_unref(packet(&rig));
    assert_true(rig.not_before >= before + 50 * ORIEL_MILLISECOND);
    assert_true(rig.not_before <= oriel_monotonic() + 100 * ORIEL_MILLISECOND);
    g_object_set(rig.encoder, "max-frame-rate", 60, "bitrate", 50, "burst", 100, NULL);
    gboolean dropped = FALSE;
    for (int i = 0; i < 50 && !dropped; i++) { /* the debt is paid within 100 ms, and the machine may be busy */
        g_usleep(40000);
        before = oriel_monotonic();
        push_all(&rig, 3);
        g_queue_clear_full(&rig.packets, (GDestroyNotify)gst_buffer_unref);
        const gint64 paid = rig.not_before;
        push_all(&rig, 4);
        if (paid <= before + 50 * ORIEL_MILLISECOND || oriel_monotonic() >= paid)
            continue;
        assert_null(packet(&rig)); /* dropped before it is encoded */
        dropped = TRUE;
    }
    assert_true(dropped);
    close_rig(&rig);
}

static void test_properties(void **state) {
    static const struct {
        const char *name;
        gint64 min, max;
    } properties[] = {{"bitrate", 50, 100000},     {"burst", 100, 5000},     {"max-frame-rate", 1, 60},
                      {"target-quantizer", 0, 63}, {"max-quantizer", 0, 63}, {"threads", 0, 16}};
    struct rig rig;
    open_rig(&rig);
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(rig.encoder), properties[i].name);
        assert_true(G_IS_PARAM_SPEC_UINT(spec));
        assert_int_equal(G_PARAM_SPEC_UINT(spec)->minimum, properties[i].min);
        assert_int_equal(G_PARAM_SPEC_UINT(spec)->maximum, properties[i].max);
        for (int end = 0; end < 2; end++) {
            guint value, set = (guint)(end ? properties[i].max : properties[i].min);
            g_object_set(rig.encoder, properties[i].name, set, NULL);
            g_object_get(rig.encoder, properties[i].name, &value, NULL);
            assert_int_equal(value, set);
        }
    }
    GParamSpec *speed = g_object_class_find_property(G_OBJECT_GET_CLASS(rig.encoder), "speed");
    assert_int_equal(G_PARAM_SPEC_INT(speed)->minimum, -16);
    assert_int_equal(G_PARAM_SPEC_INT(speed)->maximum, -1);
    g_object_set(rig.encoder, "target-quantizer", 60, "max-quantizer", 10, NULL); /* the target wins */
    push_all(&rig, 1);
    g_autoptr(GstBuffer) made = packet(&rig);
    assert_non_null(made);
    close_rig(&rig);
}

static gpointer set_often(gpointer encoder) {
    for (guint i = 0; i < 500; i++)
        g_object_set(encoder, "bitrate", 1000 + i * 10, "max-quantizer", 40 + i % 20, NULL);
    return NULL;
}

static void test_set_while_it_runs(void **state) {
    struct rig rig;
    open_rig(&rig);
    GThread *thread = g_thread_new("setter", set_often, rig.encoder);
    for (unsigned i = 0; i < 20; i++)
        push_all(&rig, i);
    g_thread_join(thread);
    guint value;
    g_object_get(rig.encoder, "bitrate", &value, NULL);
    assert_int_equal(value, 5990);
    close_rig(&rig);
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_picture), cmocka_unit_test(test_nothing_for_a_repetition),
        cmocka_unit_test(test_damage_meta),   cmocka_unit_test(test_keyframe_event_wakes_the_source),
        cmocka_unit_test(test_new_size),      cmocka_unit_test(test_frame_rate_and_bitrate_hold_from_the_next_picture),
        cmocka_unit_test(test_properties),    cmocka_unit_test(test_set_while_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
