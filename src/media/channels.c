/* See channels.h. */
#include "channels.h"

#include <string.h>

#include "wire.h"

struct listener {
    const struct oriel_channel_events *events;
    void *user;
};

static struct listener *listener_new(const struct oriel_channel_events *events, void *user) {
    struct listener *l = g_new(struct listener, 1); /* never freed: a webrtcbin that hangs may still call */
    *l = (struct listener){events, user};
    return l;
}

static void on_open(GObject *channel, gpointer user) {
    struct listener *l = user;
    l->events->open(l->user, true);
}

static void on_close(GObject *channel, gpointer user) {
    struct listener *l = user;
    l->events->open(l->user, false);
}

static void on_text(GObject *channel, char *text, gpointer user) {
    struct listener *l = user;
    l->events->message(l->user, text ? text : "", text ? strlen(text) : 0);
}

static void on_bytes(GObject *channel, GBytes *data, gpointer user) {
    struct listener *l = user;
    gsize length = 0;
    const void *bytes = data ? g_bytes_get_data(data, &length) : NULL;
    if (length > ORIEL_EXACT_MESSAGE_MAX)
        l->events->breach(l->user, "the page sent a message on the exact layer's channel that is too long");
    else
        l->events->message(l->user, bytes, length);
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
static void on_foreign(GstElement *webrtc, GObject *channel, gpointer user) {
    struct listener *l = user;
    l->events->breach(l->user, "the page opened a data channel; only the device opens one");
}

static GObject *make(GstElement *webrtc, const char *label, GstStructure *options, struct listener *l, GError **error) {
    GObject *channel = NULL;
    g_signal_emit_by_name(webrtc, "create-data-channel", label, options, &channel);
    if (!channel) {
        g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                    "no data channel: GStreamer's sctp plugin (gstreamer1.0-plugins-bad) is missing");
        return NULL;
    }
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
    if (channel) {
        g_signal_connect(channel, "on-message-data", G_CALLBACK(on_bytes), l);
        g_signal_connect(channel, "on-message-string", G_CALLBACK(on_wrong_text), l);
    }
    return channel;
}

void oriel_channel_guard(GstElement *webrtc, const struct oriel_channel_events *events, void *user) {
    g_signal_connect(webrtc, "on-data-channel", G_CALLBACK(on_foreign), listener_new(events, user));
}
