/* The data channels of a connection: the page's ("oriel", texts, in order) and the exact layer's ("oriel-exact",
 * bytes).
 *
 * Policy: only the device opens channels; another one, text where bytes belong, bytes where text belongs, or more than
 * a message of the exact layer may have is a breach of the protocol. Threads: the events come on webrtcbin's. */
#ifndef ORIEL_CHANNELS_H
#define ORIEL_CHANNELS_H

#include <gst/gst.h>
#include <stdbool.h>

struct oriel_channel_events {
    void (*open)(void *user, bool open);
    void (*message)(void *user, const void *bytes, size_t length);
    void (*breach)(void *user, const char *detail);
};

/* On a webrtcbin that is READY. They live as long as it does. NULL with `error` set. */
GObject *oriel_channel_page(GstElement *webrtc, const struct oriel_channel_events *events, void *user, GError **error);
GObject *oriel_channel_exact(GstElement *webrtc, const struct oriel_channel_events *events, void *user, GError **error);
/* A channel that the page opens is a breach. */
void oriel_channel_guard(GstElement *webrtc, const struct oriel_channel_events *events, void *user);

#endif
