/* pipelines/playoutdelay: three zero bytes on each packet, by its own URI. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "playoutdelay.h"

static void test_bytes(void **state) {
    g_autoptr(GstRTPHeaderExtension) extension = gst_object_ref_sink(oriel_playout_delay_new(3));
    g_autoptr(GstBuffer) packet = gst_buffer_new_allocate(NULL, 20, NULL);
    assert_int_equal(gst_rtp_header_extension_get_id(extension), 3);
    assert_string_equal(gst_rtp_header_extension_get_uri(extension),
                        "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay");
    assert_int_equal(gst_rtp_header_extension_get_max_size(extension, packet), 3);
    guint8 bytes[4] = {1, 2, 3, 4};
    assert_int_equal(
        gst_rtp_header_extension_write(extension, packet, GST_RTP_HEADER_EXTENSION_ONE_BYTE, packet, bytes, 4), 3);
    assert_memory_equal(bytes, ((guint8[]){0, 0, 0, 4}), 4);
}

/* As the payloader uses it: on the packets, and told in their caps. */
static void test_in_a_packet(void **state) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GstElement) pipeline =
        gst_parse_launch("videotestsrc num-buffers=1 ! vp8enc deadline=1 ! rtpvp8pay name=pay ! fakesink name=sink "
                         "enable-last-sample=true sync=false",
                         &error);
    assert_null(error);
    g_autoptr(GstElement) pay = gst_bin_get_by_name(GST_BIN(pipeline), "pay");
    g_autoptr(GstElement) sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    g_autoptr(GstRTPHeaderExtension) extension = gst_object_ref_sink(oriel_playout_delay_new(3));
    g_signal_emit_by_name(pay, "add-extension", extension);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
    g_autoptr(GstMessage) end = gst_bus_timed_pop_filtered(bus, 10 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    assert_non_null(end);
    assert_int_equal(GST_MESSAGE_TYPE(end), GST_MESSAGE_EOS);
    g_autoptr(GstSample) sample = NULL;
    g_object_get(sink, "last-sample", &sample, NULL);
    GstStructure *caps = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
    assert_string_equal(gst_structure_get_string(caps, "extmap-3"), ORIEL_PLAYOUT_DELAY_URI);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gpointer data;
    guint size;
    assert_true(gst_rtp_buffer_map(gst_sample_get_buffer(sample), GST_MAP_READ, &rtp));
    assert_true(gst_rtp_buffer_get_extension_onebyte_header(&rtp, 3, 0, &data, &size));
    assert_int_equal(size, 3);
    assert_memory_equal(data, "\0\0\0", 3);
    gst_rtp_buffer_unmap(&rtp);
    gst_element_set_state(pipeline, GST_STATE_NULL);
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes), cmocka_unit_test(test_in_a_packet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
