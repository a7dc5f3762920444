/* pipelines/rate/control: the element, with a program on both sides of it: what leaves when, and what it hears. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gst/rtp/rtp.h>

#include "clock.h"
#include "control.h"

enum { VIDEO = 96, REPEAT = 97, AUDIO = 111, TWCC = 1, SSRC = 77 };

static struct oriel_budget *budget;
static struct oriel_estimator *estimator;
static GstElement *control;
static GstPad *in, *out;
static GMutex lock;
static GCond wake;
static unsigned came[128], repeats[16], asked; /* `repeats`: by the number of what they repeat */
static guint16 number, sequence;               /* the next of both sides */
static guint asked_for;

/* Numbers and tells, as rtpsession does. */
static GstFlowReturn take(GstPad *pad, GstObject *parent, GstBuffer *packet) {
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    guint8 bytes[2];
    packet = gst_buffer_make_writable(packet);
    GST_WRITE_UINT16_BE(bytes, number++);
    gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp);
    gst_rtp_buffer_add_extension_onebyte_header(&rtp, TWCC, bytes, 2);
    guint8 payload = gst_rtp_buffer_get_payload_type(&rtp);
    guint16 repeated = payload == REPEAT ? GST_READ_UINT16_BE(gst_rtp_buffer_get_payload(&rtp)) : 0;
    gst_rtp_buffer_unmap(&rtp);
    oriel_rate_control_left(control, packet);
    gst_buffer_unref(packet);
    g_mutex_lock(&lock);
    came[payload]++;
    repeats[repeated % 16]++;
    g_cond_broadcast(&wake);
    g_mutex_unlock(&lock);
    return GST_FLOW_OK;
}

static GstBuffer *packet_of(guint8 payload, guint size) {
    GstBuffer *packet = gst_rtp_buffer_new_allocate(size, 0, 0);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp);
    gst_rtp_buffer_set_payload_type(&rtp, payload);
    gst_rtp_buffer_set_ssrc(&rtp, SSRC);
    gst_rtp_buffer_set_seq(&rtp, sequence++);
    gst_rtp_buffer_unmap(&rtp);
    return packet;
}

static GstBuffer *repeat_of(guint16 what) {
    GstBuffer *packet = packet_of(REPEAT, 1000);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp);
    GST_WRITE_UINT16_BE(gst_rtp_buffer_get_payload(&rtp), what);
    gst_rtp_buffer_unmap(&rtp);
    return packet;
}

/* rtprtxsend: gives a repeat when it is asked for one. */
static gboolean on_request(GstPad *pad, GstObject *parent, GstEvent *event) {
    const GstStructure *s = gst_event_get_structure(event);
    guint ssrc = 0, repeated = 0;
    gboolean request = s && gst_structure_has_name(s, "GstRTPRetransmissionRequest") &&
                       gst_structure_get(s, "ssrc", G_TYPE_UINT, &ssrc, "seqnum", G_TYPE_UINT, &repeated, NULL) &&
                       ssrc == SSRC;
    gst_event_unref(event);
    if (request) {
        g_mutex_lock(&lock);
        asked++;
        asked_for = repeated;
        g_mutex_unlock(&lock);
        gst_pad_push(in, repeat_of(15));
    }
    return TRUE;
}

static int start_at(double rate) {
    budget = oriel_budget_new(rate, oriel_monotonic());
    estimator = oriel_estimator_new(budget, rate, 1e6, oriel_monotonic());
    control = gst_object_ref_sink(oriel_rate_control_new(budget, estimator));
    oriel_rate_control_class(control, VIDEO, ORIEL_BUDGET_VIDEO);
    oriel_rate_control_class(control, AUDIO, ORIEL_BUDGET_AUDIO);
    in = gst_pad_new("in", GST_PAD_SRC);
    out = gst_pad_new("out", GST_PAD_SINK);
    gst_pad_set_event_function(in, on_request);
    gst_pad_set_chain_function(out, take);
    g_autoptr(GstPad) sink = gst_element_get_static_pad(control, "sink");
    g_autoptr(GstPad) src = gst_element_get_static_pad(control, "src");
    gst_pad_set_active(in, TRUE);
    gst_pad_set_active(out, TRUE);
    assert_int_equal(gst_pad_link(in, sink), GST_PAD_LINK_OK);
    assert_int_equal(gst_pad_link(src, out), GST_PAD_LINK_OK);
    gst_element_set_state(control, GST_STATE_PLAYING);
    g_autoptr(GstCaps) caps = gst_caps_new_empty_simple("application/x-rtp");
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(in, gst_event_new_stream_start("test"));
    gst_pad_push_event(in, gst_event_new_caps(caps));
    gst_pad_push_event(in, gst_event_new_segment(&segment));
    memset(came, 0, sizeof came);
    memset(repeats, 0, sizeof repeats);
    asked = number = 0;
    return 0;
}

static int start(void **state) {
    return start_at(1e6);
}

static int start_slow(void **state) {
    return start_at(1e5);
}

static int stop(void **state) {
    gst_element_set_state(control, GST_STATE_NULL);
    gst_object_unref(control);
    gst_object_unref(in);
    gst_object_unref(out);
    oriel_estimator_free(estimator);
    oriel_budget_free(budget);
    return 0;
}

static void wait_for(guint8 payload, unsigned count) {
    gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
    g_mutex_lock(&lock);
    while (came[payload] < count)
        if (!g_cond_wait_until(&wake, &lock, end))
            fail_msg("%u of %u packets of type %u came", came[payload], count, payload);
    g_mutex_unlock(&lock);
}

static void test_small_things_pass_at_once(void **state) {
    gst_pad_push(in, packet_of(VIDEO, 300));
    assert_int_equal(came[VIDEO], 1); /* within the push */
}

static void test_voice_passes_a_large_picture(void **state) {
    GstBufferList *list = gst_buffer_list_new();
    for (int i = 0; i < 60; i++)
        gst_buffer_list_add(list, packet_of(VIDEO, 1000));
    gst_pad_push_list(in, list);
    g_mutex_lock(&lock);
    unsigned before = came[VIDEO];
    g_mutex_unlock(&lock);
    assert_true(before < 60);
    gst_pad_push(in, packet_of(AUDIO, 80));
    wait_for(AUDIO, 1);
    g_mutex_lock(&lock);
    unsigned then = came[VIDEO];
    g_mutex_unlock(&lock);
    assert_true(then < 60);
    wait_for(VIDEO, 60); /* and nothing is lost */
}

static void test_a_repeat_that_waits_is_not_queued_again(void **state) {
    GstBufferList *list = gst_buffer_list_new();
    for (int i = 0; i < 60; i++)
        gst_buffer_list_add(list, packet_of(VIDEO, 1000));
    gst_pad_push_list(in, list);
    for (int i = 0; i < 5; i++) {
        gst_pad_push(in, repeat_of(7));
        gst_pad_push(in, repeat_of(8));
    }
    wait_for(VIDEO, 60);
    assert_int_equal(repeats[7], 1);
    assert_int_equal(repeats[8], 1);
    gst_pad_push(in, repeat_of(7)); /* that one was lost: nobody told of a round trip */
    wait_for(REPEAT, 3);
    for (int i = 0; i < 200 && repeats[7] < 2; i++)
        g_usleep(10000);
    assert_int_equal(repeats[7], 2);
}

/* Of what left the first `count` have come, but for one, and the last of them `late`. */
G_GNUC_BEGIN_IGNORE_DEPRECATIONS
static void tell_of(guint count, guint lost, GstClockTime late) {
    GValueArray *packets = g_value_array_new(2);
    for (guint i = 0; i < count; i++) {
        GValue value = G_VALUE_INIT;
        g_value_init(&value, GST_TYPE_STRUCTURE);
        g_value_take_boxed(&value, gst_structure_new("RTPTWCCPacket", "seqnum", G_TYPE_UINT, i, "remote-ts",
                                                     G_TYPE_UINT64, i * 1000 + (i + 1 == count ? late : 0), "lost",
                                                     G_TYPE_BOOLEAN, i == lost, NULL));
        g_value_array_append(packets, &value);
        g_value_unset(&value);
    }
    GstStructure *s = gst_structure_new("RTPTWCCPackets", "packets", g_value_array_get_type(), packets, NULL);
    g_value_array_free(packets);
    gst_pad_push_event(out, gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, s));
}
G_GNUC_END_IGNORE_DEPRECATIONS

static void tell(guint lost) {
    tell_of(number, lost, 0);
}

/* Chrome asks again after a round trip of its own, in which it may stand in the queue. */
static void test_a_repeat_goes_once_while_it_may_stand_in_the_queue(void **state) {
    for (int i = 0; i < 10; i++)
        gst_pad_push(in, packet_of(VIDEO, 300));
    wait_for(VIDEO, 10);
    tell_of(9, G_MAXUINT, 30 * GST_SECOND); /* what is not told of yet keeps it from probing */
    gst_pad_push(in, repeat_of(7));
    wait_for(REPEAT, 1);
    gst_pad_push(in, repeat_of(7));
    gst_pad_push(in, repeat_of(8));
    wait_for(REPEAT, 2);
    assert_int_equal(repeats[7], 1);
    assert_int_equal(repeats[8], 1);
}

/* What a probe takes is taken from the pictures. */
static void test_a_slow_way_is_probed_by_small_packets(void **state) {
    for (int i = 0; i < 3; i++)
        gst_pad_push(in, packet_of(VIDEO, 1000));
    guint small = sequence;
    gst_pad_push(in, packet_of(VIDEO, 200));
    gst_pad_push(in, packet_of(VIDEO, 1000));
    wait_for(VIDEO, 5);
    tell(G_MAXUINT);
    gst_pad_push(in, packet_of(VIDEO, 1000));
    wait_for(REPEAT, 1);
    g_mutex_lock(&lock);
    assert_int_equal(asked_for, small);
    g_mutex_unlock(&lock);
}

static void test_probes_are_repeats(void **state) {
    for (int i = 0; i < 2; i++)
        gst_pad_push(in, packet_of(VIDEO, 1000));
    wait_for(VIDEO, 2);
    assert_int_equal(asked, 0); /* before anything is known the picture is all */
    tell(G_MAXUINT);
    gst_pad_push(in, packet_of(VIDEO, 1000));
    wait_for(REPEAT, 3);
    assert_true(asked >= 3);
}

static void test_feedback_is_heard(void **state) {
    gst_pad_push(in, packet_of(VIDEO, 300));
    gst_pad_push(in, packet_of(VIDEO, 300));
    wait_for(VIDEO, 2);
    assert_true(oriel_budget_in_flight(budget) > 600);
    tell(1);
    struct oriel_rate_figures figures;
    oriel_estimator_figures(estimator, &figures, oriel_monotonic());
    assert_int_not_equal(figures.state, ORIEL_RATE_START);
}

/* It goes on for a while after the budget is another connection's. */
static void test_a_connection_that_is_given_up_takes_nothing(void **state) {
    int64_t takes;
    for (unsigned i = 0; i < 50 || oriel_budget_waiting(budget, &takes) <= 20 * 1100; i++)
        gst_pad_push(in, packet_of(VIDEO, 1100));
    int64_t now = oriel_monotonic();
    oriel_rate_control_end(control);
    oriel_estimator_renew(estimator, now);
    gst_pad_push(in, packet_of(VIDEO, 1100));
    gst_pad_push(in, packet_of(AUDIO, 100));
    g_usleep(60000);
    assert_int_equal(oriel_budget_waiting(budget, &takes), 0);
    assert_int_equal(oriel_budget_in_flight(budget), 0);
    assert_int_equal(came[AUDIO], 0);
    assert_int_equal(oriel_budget_ready(budget, now), now); /* for the next one's first picture */
}

int main(int argc, char **argv) {
    gst_init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_small_things_pass_at_once, start, stop),
        cmocka_unit_test_setup_teardown(test_voice_passes_a_large_picture, start, stop),
        cmocka_unit_test_setup_teardown(test_a_repeat_that_waits_is_not_queued_again, start, stop),
        cmocka_unit_test_setup_teardown(test_a_repeat_goes_once_while_it_may_stand_in_the_queue, start, stop),
        cmocka_unit_test_setup_teardown(test_a_slow_way_is_probed_by_small_packets, start_slow, stop),
        cmocka_unit_test_setup_teardown(test_probes_are_repeats, start, stop),
        cmocka_unit_test_setup_teardown(test_feedback_is_heard, start, stop),
        cmocka_unit_test_setup_teardown(test_a_connection_that_is_given_up_takes_nothing, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
