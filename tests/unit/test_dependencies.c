/* pipelines/dependencies: the descriptor's bits, read as its specification says; and on a payloader's packets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "dependencies.h"

enum { ID = 5 };

struct reader {
    const guint8 *bytes;
    guint at, size; /* bits */
};

static guint get(struct reader *r, guint count) {
    guint value = 0;
    for (; count; count--, r->at++) {
        assert_true(r->at < r->size);
        value = value << 1 | (r->bytes[r->at / 8] >> (7 - r->at % 8) & 1);
    }
    return value;
}

struct read {
    guint first, last, template, number, structure, distance; /* 0: none of its own */
};

static void read_structure(struct reader *r) {
    assert_int_equal(get(r, 6), 0); /* template_id_offset */
    assert_int_equal(get(r, 5), 0); /* one decode target */
    assert_int_equal(get(r, 2), 0); /* the next template is of the same layer */
    assert_int_equal(get(r, 2), 3); /* there is no other */
    assert_int_equal(get(r, 2), 2); /* template 0: a switch */
    assert_int_equal(get(r, 2), 2);
    assert_int_equal(get(r, 1), 0); /* it needs nothing */
    assert_int_equal(get(r, 1), 1); /* template 1 the one before */
    assert_int_equal(get(r, 4), 0);
    assert_int_equal(get(r, 1), 0);
    assert_int_equal(get(r, 1), 0); /* no chains: a number below 2, in one bit */
    assert_int_equal(get(r, 1), 0); /* no sizes */
}

static struct read parse(const guint8 *bytes, gsize size) {
    struct reader r = {bytes, 0, (guint)size * 8};
    struct read read = {0};
    read.first = get(&r, 1);
    read.last = get(&r, 1);
    read.template = get(&r, 6);
    read.number = get(&r, 16);
    if (size > 3) {
        read.structure = get(&r, 1);
        assert_int_equal(get(&r, 2), 0);
        guint custom = get(&r, 1);
        assert_int_equal(get(&r, 1), 0);
        if (read.structure)
            read_structure(&r);
        if (custom) {
            read.distance = get(&r, 4 * get(&r, 2)) + 1;
            assert_int_equal(get(&r, 2), 0);
        }
    }
    assert_true(r.size - r.at < 8);
    while (r.at < r.size)
        assert_int_equal(get(&r, 1), 0);
    return read;
}

static struct read written(guint16 number, guint16 back, gboolean first, gboolean last, gsize expected) {
    guint8 bytes[ORIEL_DEPENDENCIES_SIZE];
    const struct oriel_reference_made made = {number, back};
    gsize size = oriel_dependencies_write(&made, first, last, bytes);
    assert_int_equal(size, expected);
    struct read read = parse(bytes, size);
    guint16 told;
    gboolean begins, ends;
    assert_true(oriel_dependencies_read(bytes, size, &told, &begins, &ends));
    assert_int_equal(read.number, number);
    assert_int_equal(told, number);
    assert_true(begins == first && ends == last && read.first == (guint)first && read.last == (guint)last);
    return read;
}

static void test_bits(void **state) {
    struct read read = written(1, 0, TRUE, FALSE, 8);
    assert_true(read.structure && read.template == 0);
    read = written(1, 0, FALSE, TRUE, 3); /* once a keyframe */
    assert_true(!read.structure && read.template == 0);
    read = written(65535, 1, TRUE, TRUE, 3);
    assert_true(!read.structure && read.template == 1 && !read.distance);
    static const struct {
        guint16 back;
        gsize size;
    } distances[] = {{2, 5}, {16, 5}, {17, 6}, {256, 6}, {257, 6}, {4096, 6}};
    for (gsize i = 0; i < G_N_ELEMENTS(distances); i++) {
        read = written((guint16)(70000 + i), distances[i].back, i % 2, TRUE, distances[i].size);
        assert_true(!read.structure && read.template == 1);
        assert_int_equal(read.distance, distances[i].back);
    }
    guint16 number;
    gboolean first, last;
    assert_false(oriel_dependencies_read((const guint8 *)"\0\0", 2, &number, &first, &last));
}

static guint16 made_number = 7;

static GstPadProbeReturn mark(GstPad *pad, GstPadProbeInfo *info, gpointer unused) {
    GstBuffer *buffer = info->data = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    gboolean key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    const struct oriel_reference_made made = {made_number++, key ? 0 : 1};
    oriel_dependencies_add(buffer, &made);
    return GST_PAD_PROBE_OK;
}

static guint packets, firsts, lasts, structures;

static gboolean look(GstBuffer **buffer, guint index, gpointer unused) {
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gpointer data;
    guint size;
    assert_true(gst_rtp_buffer_map(*buffer, GST_MAP_READ, &rtp));
    assert_true(gst_rtp_buffer_get_extension_onebyte_header(&rtp, ID, 0, &data, &size));
    struct read read = parse(data, size);
    assert_int_equal(read.last, gst_rtp_buffer_get_marker(&rtp));
    assert_int_equal(read.number, 7 + lasts);
    packets++;
    firsts += read.first;
    lasts += read.last;
    structures += read.structure;
    gst_rtp_buffer_unmap(&rtp);
    return TRUE;
}

static GstPadProbeReturn look_at(GstPad *pad, GstPadProbeInfo *info, gpointer unused) {
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
        gst_buffer_list_foreach(GST_PAD_PROBE_INFO_BUFFER_LIST(info), look, NULL);
    else
        look((GstBuffer **)&info->data, 0, NULL);
    return GST_PAD_PROBE_OK;
}

/* Pictures of many packets: the first, the last and those between. */
static void test_on_packets(void **state) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GstElement) pipeline = gst_parse_launch(
        "videotestsrc num-buffers=4 pattern=snow ! vp8enc deadline=1 name=encoder ! rtpvp8pay name=pay "
        "mtu=400 ! fakesink sync=false",
        &error);
    assert_null(error);
    g_autoptr(GstElement) encoder = gst_bin_get_by_name(GST_BIN(pipeline), "encoder");
    g_autoptr(GstElement) pay = gst_bin_get_by_name(GST_BIN(pipeline), "pay");
    g_autoptr(GstPad) encoded = gst_element_get_static_pad(encoder, "src");
    g_autoptr(GstPad) out = gst_element_get_static_pad(pay, "src");
    g_autoptr(GstRTPHeaderExtension) extension = gst_object_ref_sink(oriel_dependencies_new(ID));
    gst_pad_add_probe(encoded, GST_PAD_PROBE_TYPE_BUFFER, mark, NULL, NULL);
    gst_pad_add_probe(out, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, look_at, NULL, NULL);
    g_signal_emit_by_name(pay, "add-extension", extension);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
    g_autoptr(GstMessage) end = gst_bus_timed_pop_filtered(bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    assert_non_null(end);
    assert_int_equal(GST_MESSAGE_TYPE(end), GST_MESSAGE_EOS);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    assert_int_equal(firsts, 4);
    assert_int_equal(lasts, 4);
    assert_int_equal(structures, 1);
    assert_true(packets > 20);
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bits), cmocka_unit_test(test_on_packets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
