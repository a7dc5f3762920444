/* A screen by ximagesrc, vp8enc and webrtcbin with sensible settings, and nothing clever: what Oriel is compared with.
 * No code of Oriel is in it. bench-webrtcbin KBITS sends the screen of $DISPLAY; signaling is lines:
 *   out: offer BASE64, candidate MLINE TEXT      in: answer BASE64, candidate MLINE TEXT
 * Limits: one receiver, a fixed bitrate (webrtcbin has no rate control), loopback only. End of stdin ends it. */
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Leaky: when the encoder is late, the newest picture is the one that waits. */
static const char graph[] =
    "ximagesrc use-damage=false show-pointer=true ! video/x-raw,framerate=30/1 ! "
    "queue max-size-buffers=1 leaky=downstream ! videoconvert n-threads=2 ! video/x-raw,format=I420 ! "
    "queue max-size-buffers=1 leaky=downstream ! "
    "vp8enc deadline=1 cpu-used=8 threads=2 lag-in-frames=0 end-usage=cbr target-bitrate=%u000 min-quantizer=4 "
    "max-quantizer=56 undershoot=100 overshoot=15 buffer-initial-size=500 buffer-optimal-size=600 buffer-size=1000 "
    "static-threshold=100 max-intra-bitrate=300 keyframe-max-dist=3000 ! "
    "rtpvp8pay pt=96 mtu=1200 picture-id-mode=15-bit ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! "
    "webrtcbin name=peer bundle-policy=max-bundle latency=0";

static GMainLoop *loop;

static void on_offer(GstPromise *promise, void *peer) {
    const GstStructure *reply = gst_promise_get_reply(promise);
    GstWebRTCSessionDescription *offer = NULL;
    gst_structure_get(reply, "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, NULL);
    g_signal_emit_by_name(peer, "set-local-description", offer, NULL);
    g_autofree char *text = gst_sdp_message_as_text(offer->sdp);
    g_autofree char *coded = g_base64_encode((const guchar *)text, strlen(text));
    printf("offer %s\n", coded);
    gst_webrtc_session_description_free(offer);
    gst_promise_unref(promise);
}

static void on_negotiation_needed(GstElement *peer, void *data) {
    (void)data;
    g_signal_emit_by_name(peer, "create-offer", NULL, gst_promise_new_with_change_func(on_offer, peer, NULL));
}

static void on_candidate(GstElement *peer, guint mline, char *candidate, void *data) {
    (void)peer, (void)data;
    printf("candidate %u %s\n", mline, candidate);
}

static void take_answer(GstElement *peer, const char *coded) {
    gsize length;
    g_autofree guchar *text = g_base64_decode(coded, &length);
    GstSDPMessage *sdp;
    gst_sdp_message_new(&sdp);
    if (gst_sdp_message_parse_buffer(text, (guint)length, sdp) != GST_SDP_OK)
        g_error("the answer is no SDP");
    GstWebRTCSessionDescription *answer = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
    g_signal_emit_by_name(peer, "set-remote-description", answer, NULL);
    gst_webrtc_session_description_free(answer);
}

static void on_line(GObject *source, GAsyncResult *result, void *peer) {
    g_autofree char *line = g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(source), result, NULL, NULL);
    if (!line) {
        g_main_loop_quit(loop);
        return;
    }
    unsigned mline;
    int used = 0;
    if (g_str_has_prefix(line, "answer "))
        take_answer(peer, line + strlen("answer "));
    else if (sscanf(line, "candidate %u %n", &mline, &used) == 1 && used)
        g_signal_emit_by_name(peer, "add-ice-candidate", mline, line + used);
    g_data_input_stream_read_line_async(G_DATA_INPUT_STREAM(source), G_PRIORITY_DEFAULT, NULL, on_line, peer);
}

static gboolean on_message(GstBus *bus, GstMessage *message, void *data) {
    (void)bus, (void)data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        g_autoptr(GError) error = NULL;
        gst_message_parse_error(message, &error, NULL);
        g_printerr("bench-webrtcbin: %s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
        exit(1);
    }
    return G_SOURCE_CONTINUE;
}

/* webrtcbin would open sockets on every address of the machine. */
static void only_loopback(GstElement *peer) {
    g_autoptr(GObject) ice = NULL, agent = NULL;
    gboolean added = FALSE;
    g_object_get(peer, "ice-agent", &ice, NULL);
    g_object_get(ice, "agent", &agent, NULL);
    g_object_set(agent, "upnp", FALSE, "ice-tcp", FALSE, NULL);
    g_signal_emit_by_name(ice, "add-local-ip-address", "127.0.0.1", &added);
    if (!added)
        g_error("ICE would not take 127.0.0.1");
}

int main(int argc, char **argv) {
    unsigned kbits = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (!kbits) {
        g_printerr("usage: bench-webrtcbin KBITS\n");
        return 2;
    }
    gst_init(NULL, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    loop = g_main_loop_new(NULL, FALSE);
    g_autofree char *text = g_strdup_printf(graph, kbits);
    g_autoptr(GError) error = NULL;
    GstElement *pipeline = gst_parse_launch(text, &error);
    if (error) {
        g_printerr("bench-webrtcbin: %s\n", error->message);
        return 1;
    }
    GstElement *peer = gst_bin_get_by_name(GST_BIN(pipeline), "peer");
    only_loopback(peer);
    g_signal_connect(peer, "on-negotiation-needed", G_CALLBACK(on_negotiation_needed), NULL);
    g_signal_connect(peer, "on-ice-candidate", G_CALLBACK(on_candidate), NULL);
    g_autoptr(GArray) transceivers = NULL;
    g_signal_emit_by_name(peer, "get-transceivers", &transceivers);
    for (guint i = 0; i < transceivers->len; i++)
        g_object_set(g_array_index(transceivers, GstWebRTCRTPTransceiver *, i), "direction",
                     GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "do-nack", TRUE, NULL);
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
    gst_bus_add_watch(bus, on_message, NULL);
    g_autoptr(GInputStream) in = g_unix_input_stream_new(STDIN_FILENO, FALSE);
    g_autoptr(GDataInputStream) lines = g_data_input_stream_new(in);
    g_data_input_stream_read_line_async(lines, G_PRIORITY_DEFAULT, NULL, on_line, peer);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_main_loop_run(loop);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    return 0;
}
