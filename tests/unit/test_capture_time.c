/* pipelines/capturetime: the wall clock time of the capture, in NTP's format, on the packets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "capturetime.h"
#include "clock.h"

#define SINCE_1900 2208988800.0

static double wall(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(const guint8 *bytes) {
    return (double)GST_READ_UINT32_BE(bytes) - SINCE_1900 + (double)GST_READ_UINT32_BE(bytes + 4) / 4294967296.0;
}

static void test_bytes(void **state) {
    GstElement *element = gst_object_ref_sink(gst_bin_new(NULL));
    gst_element_set_base_time(element, (GstClockTime)oriel_monotonic() - 5 * GST_SECOND);
    g_autoptr(GstRTPHeaderExtension) extension = gst_object_ref_sink(oriel_capture_time_new(4, element));
    assert_int_equal(gst_rtp_header_extension_get_id(extension), 4);
    assert_string_equal(gst_rtp_header_extension_get_uri(extension),
                        "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time");
    g_autoptr(GstBuffer) picture = gst_buffer_new_allocate(NULL, 20, NULL);
    assert_int_equal(gst_rtp_header_extension_get_max_size(extension, picture), 8);
    guint8 bytes[9];
    GST_BUFFER_PTS(picture) = 4750 * GST_MSECOND; /* 250 ms ago */
    memset(bytes, 0xaa, sizeof bytes);
    GST_OBJECT_LOCK(element); /* as who changes its state does, and waits for whoever writes this */
    assert_int_equal(
        gst_rtp_header_extension_write(extension, picture, GST_RTP_HEADER_EXTENSION_ONE_BYTE, picture, bytes, 9), 8);
    GST_OBJECT_UNLOCK(element);
    assert_true(wall() - seconds(bytes) > 0.249 && wall() - seconds(bytes) < 0.5);
    assert_int_equal(bytes[8], 0xaa);
    assert_true(
        gst_rtp_header_extension_write(extension, picture, GST_RTP_HEADER_EXTENSION_ONE_BYTE, picture, bytes, 7) < 0);
    GST_BUFFER_PTS(picture) = GST_CLOCK_TIME_NONE; /* nothing rather than something wrong */
    assert_int_equal(
        gst_rtp_header_extension_write(extension, picture, GST_RTP_HEADER_EXTENSION_ONE_BYTE, picture, bytes, 9), 0);
    gst_object_unref(element);
    GST_BUFFER_PTS(picture) = 0;
    assert_int_equal(
        gst_rtp_header_extension_write(extension, picture, GST_RTP_HEADER_EXTENSION_ONE_BYTE, picture, bytes, 9), 0);
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
