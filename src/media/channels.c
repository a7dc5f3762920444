/* See channels.h. */
#include "channels.h"

#include <gst/sctp/sctpreceivemeta.h>
#include <gst/sctp/sctpsendmeta.h>
#include <stdio.h>
#include <string.h>

#include "factory.h"
#include "sctpproxy.h"
#include "wire.h"

enum {
    PPID_BINARY = 53, /* RFC 8831, section 8 */
    OWN_CHANNELS = 2  /* that the device opens */
};

struct listener {
    const struct oriel_channel_events *events;
    void *user;
    GstElement *webrtc;
    gint id;      /* of the channel's stream */
    GstPad *out;  /* atomic: where SCTP takes messages; NULL: not yet, or only by webrtcbin's way */
    gint streams; /* that brought something */
};

static struct listener *listener_new(const struct oriel_channel_events *events, void *user) {
    struct listener *l = g_new(struct listener, 1); /* never freed: a webrtcbin that hangs may still call */
    *l = (struct listener){.events = events, .user = user};
    return l;
}

static void take_bytes(struct listener *l, const void *bytes, gsize length) {
    if (length > ORIEL_EXACT_MESSAGE_MAX)
        l->events->breach(l->user, "the page sent a message on the exact layer's channel that is too long");
    else
        l->events->message(l->user, bytes, length);
}

/* ---- past webrtcbin's threads ---- */

/* Of the pad that brings what comes on the channel. All but plain messages stay webrtcbin's. */
static GstPadProbeReturn on_received(GstPad *pad, GstPadProbeInfo *info, gpointer l) {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    const GstSctpReceiveMeta *meta = gst_sctp_buffer_get_receive_meta(buffer);
    GstMapInfo map;
    if (!meta || meta->ppid != PPID_BINARY || !gst_buffer_map(buffer, &map, GST_MAP_READ))
        return GST_PAD_PROBE_OK;
    take_bytes(l, map.data, map.size);
    gst_buffer_unmap(buffer, &map);
    return GST_PAD_PROBE_DROP;
}

static GstElement *sctp(struct listener *l, const char *factory) {
    g_autoptr(GstIterator) all = gst_bin_iterate_all_by_element_factory_name(GST_BIN(l->webrtc), factory);
    g_auto(GValue) value = G_VALUE_INIT;
    return gst_iterator_next(all, &value) == GST_ITERATOR_OK ? g_value_dup_object(&value) : NULL;
}

/* Once for each channel that brought something. */
static void on_sctp_pad(GstElement *decoder, GstPad *pad, gpointer user) {
    struct listener *l = user;
    g_autofree char *name = g_strdup_printf("src_%d", l->id);
    if (g_str_equal(GST_PAD_NAME(pad), name))
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_received, l, NULL);
}

/* ---- what SCTP hears of its messages ---- */

enum { ANSWER = GST_BUFFER_FLAG_LAST }; /* a flag: it is no packet of the page's */

struct ear {
    struct oriel_sctp_proxy *proxy;
    GstPad *in;      /* of what comes; NULL: it is that pad's */
    guint16 channel; /* whose messages it hears */
};

static void ear_free(gpointer user) {
    struct ear *ear = user;
    oriel_sctp_proxy_unref(ear->proxy);
    gst_clear_object(&ear->in);
    g_free(ear);
}

static GstPadProbeReturn on_packet(GstPad *pad, GstPadProbeInfo *info, gpointer user) {
    struct ear *ear = user;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    struct oriel_sctp_packet packet, answer;
    packet.length = gst_buffer_get_size(buffer);
    answer.length = 0;
    if (packet.length > sizeof packet.bytes || GST_BUFFER_FLAG_IS_SET(buffer, ANSWER))
        return GST_PAD_PROBE_OK;
    gst_buffer_extract(buffer, 0, packet.bytes, packet.length);
    if (ear->in ? oriel_sctp_proxy_sent(ear->proxy, &packet, &answer, oriel_monotonic())
                : oriel_sctp_proxy_came(ear->proxy, &packet, oriel_monotonic())) {
        GST_PAD_PROBE_INFO_DATA(info) = gst_buffer_new_memdup(packet.bytes, packet.length);
        gst_buffer_unref(buffer);
    }
    if (answer.length) {
        buffer = gst_buffer_new_memdup(answer.bytes, answer.length);
        GST_BUFFER_FLAG_SET(buffer, ANSWER);
        gst_pad_chain(ear->in, buffer);
    }
    return GST_PAD_PROBE_OK;
}

/* Whichever way it comes to SCTP. */
static GstPadProbeReturn on_message(GstPad *pad, GstPadProbeInfo *info, gpointer user) {
    struct ear *ear = user;
    bool room = oriel_sctp_proxy_take(ear->proxy, ear->channel, gst_buffer_get_size(GST_PAD_PROBE_INFO_BUFFER(info)));
    return room ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static void listen_in(GstPad *pad, GstPadProbeCallback heard, struct ear what) {
    oriel_sctp_proxy_ref(what.proxy);
    if (what.in)
        gst_object_ref(what.in);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, heard, g_memdup2(&what, sizeof what), ear_free);
}

static gboolean listen_to_channel(GstElement *encoder, GstPad *pad, gpointer proxy) {
    unsigned stream;
    if (sscanf(GST_PAD_NAME(pad), "sink_%u", &stream) == 1)
        listen_in(pad, on_message, (struct ear){.proxy = proxy, .channel = (guint16)stream});
    return TRUE;
}

static void answer_for_page(GstElement *encoder, GstElement *decoder, gint stream) {
    g_autoptr(GstPad) out = gst_element_get_static_pad(encoder, "src");
    g_autoptr(GstPad) in = gst_element_get_static_pad(decoder, "sink");
    struct oriel_sctp_proxy *proxy = oriel_sctp_proxy_new((uint16_t)stream);
    listen_in(out, on_packet, (struct ear){.proxy = proxy, .in = in});
    listen_in(in, on_packet, (struct ear){.proxy = proxy});
    gst_element_foreach_sink_pad(encoder, listen_to_channel, proxy);
    oriel_sctp_proxy_unref(proxy);
}

static void hasten(GObject *channel, struct listener *l) {
    g_autoptr(GstElement) decoder = sctp(l, "sctpdec");
    g_autoptr(GstElement) encoder = sctp(l, "sctpenc");
    if (!decoder || !encoder)
        return;
    g_object_get(channel, "id", &l->id, NULL);
    answer_for_page(encoder, decoder, l->id);
    g_autofree char *in = g_strdup_printf("src_%d", l->id), *out = g_strdup_printf("sink_%d", l->id);
    g_autoptr(GstPad) there = gst_element_get_static_pad(decoder, in);
    if (there)
        on_sctp_pad(decoder, there, l);
    else
        g_signal_connect(decoder, "pad-added", G_CALLBACK(on_sctp_pad), l);
    g_atomic_pointer_set(&l->out, gst_element_get_static_pad(encoder, out));
}

bool oriel_channel_send_now(GObject *channel, const void *bytes, size_t length) {
    struct listener *l = g_object_get_data(channel, "oriel-listener");
    GstPad *out = g_atomic_pointer_get(&l->out);
    if (!out || !GST_PAD_STREAM_TRYLOCK(out))
        return false;
    GstBuffer *buffer = gst_buffer_new_memdup(bytes, length);
    gst_sctp_buffer_add_send_meta(buffer, PPID_BINARY, FALSE, GST_SCTP_SEND_META_PARTIAL_RELIABILITY_RTX, 0);
    GstFlowReturn result = gst_pad_chain(out, buffer);
    GST_PAD_STREAM_UNLOCK(out);
    return result == GST_FLOW_OK;
}

void oriel_channel_give_up(GObject *channel) {
    struct listener *l = g_object_get_data(channel, "oriel-listener");
    GstPad *out = g_atomic_pointer_get(&l->out);
    g_atomic_pointer_set(&l->out, NULL);
    if (out)
        gst_pad_send_event(out, gst_event_new_flush_start());
}

/* ---- webrtcbin's signals ---- */

static void on_open(GObject *channel, gpointer user) {
    struct listener *l = user;
    if (l->webrtc)
        hasten(channel, l);
    l->events->open(l->user, true);
}

static void on_close(GObject *channel, gpointer user) {
    struct listener *l = user;
    g_atomic_pointer_set(&l->out, NULL);
    l->events->open(l->user, false);
}

static void on_text(GObject *channel, char *text, gpointer user) {
    struct listener *l = user;
    l->events->message(l->user, text ? text : "", text ? strlen(text) : 0);
}

static void on_bytes(GObject *channel, GBytes *data, gpointer user) {
    gsize length = 0;
    const void *bytes = data ? g_bytes_get_data(data, &length) : NULL;
    take_bytes(user, bytes, length);
}

static void on_wrong_bytes(GObject *channel, GBytes *data, gpointer user) {
    struct listener *l = user;
    l->events->breach(l->user, "the page sent binary data, which the protocol does not have");
}

static void on_wrong_text(GObject *channel, char *text, gpointer user) {
    struct listener *l = user;
    l->events->breach(l->user, "the page sent text on the exact layer's channel, which the protocol does not have");
}

/* Each would be memory, and none is part of the protocol. */
static void foreign(struct listener *l) {
    l->events->breach(l->user, "the page opened a data channel; only the device opens one");
}

static void on_foreign(GstElement *webrtc, GObject *channel, gpointer user) {
    foreign(user);
}

static void on_stream(GstElement *decoder, GstPad *pad, gpointer user) {
    struct listener *l = user;
    if (g_atomic_int_add(&l->streams, 1) >= OWN_CHANNELS)
        foreign(l);
}

static void on_element(GstBin *bin, GstBin *parent, GstElement *element, gpointer l) {
    if (oriel_made_by(element, "sctpdec"))
        g_signal_connect(element, "pad-added", G_CALLBACK(on_stream), l);
}

static GObject *make(GstElement *webrtc, const char *label, GstStructure *options, struct listener *l, GError **error) {
    GObject *channel = NULL;
    g_signal_emit_by_name(webrtc, "create-data-channel", label, options, &channel);
    if (!channel) {
        g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                    "no data channel: GStreamer's sctp plugin (gstreamer1.0-plugins-bad) is missing");
        return NULL;
    }
    g_object_set_data(channel, "oriel-listener", l);
    /* Nobody waits for the buffer to run low: without a threshold each message that leaves would wake a thread. */
    g_object_set(channel, "buffered-amount-low-threshold", G_MAXUINT64, NULL);
    g_signal_connect(channel, "on-open", G_CALLBACK(on_open), l);
    g_signal_connect(channel, "on-close", G_CALLBACK(on_close), l);
    return channel;
}

GObject *oriel_channel_page(GstElement *webrtc, const struct oriel_channel_events *events, void *user, GError **error) {
    struct listener *l = listener_new(events, user);
    g_autoptr(GstStructure) options = gst_structure_new("options", "ordered", G_TYPE_BOOLEAN, TRUE, NULL);
    GObject *channel = make(webrtc, "oriel", options, l, error);
    if (channel) {
        g_signal_connect(channel, "on-message-string", G_CALLBACK(on_text), l);
        g_signal_connect(channel, "on-message-data", G_CALLBACK(on_wrong_bytes), l);
    }
    return channel;
}

/* Unordered and without retransmission by SCTP, whose timers are slow: pipelines/exact sends again by itself. */
GObject *oriel_channel_exact(GstElement *webrtc, const struct oriel_channel_events *events, void *user,
                             GError **error) {
    struct listener *l = listener_new(events, user);
    g_autoptr(GstStructure) options =
        gst_structure_new("options", "ordered", G_TYPE_BOOLEAN, FALSE, "max-retransmits", G_TYPE_INT, 0, NULL);
    GObject *channel = make(webrtc, "oriel-exact", options, l, error);
    l->webrtc = webrtc;
    if (channel) {
        g_signal_connect(channel, "on-message-data", G_CALLBACK(on_bytes), l);
        g_signal_connect(channel, "on-message-string", G_CALLBACK(on_wrong_text), l);
    }
    return channel;
}

void oriel_channel_guard(GstElement *webrtc, const struct oriel_channel_events *events, void *user) {
    struct listener *l = listener_new(events, user);
    g_signal_connect(webrtc, "on-data-channel", G_CALLBACK(on_foreign), l);
    g_signal_connect(webrtc, "deep-element-added", G_CALLBACK(on_element), l);
}
