/* The data channels of a connection: the page's ("oriel", texts, in order) and the exact layer's ("oriel-exact",
 * bytes).
 *
 * Policy: only the device opens channels; another one, text where bytes belong, bytes where text belongs, or more than
 * a message of the exact layer may have is a breach of the protocol. Threads: the events come on webrtcbin's.
 *
 * The exact layer's messages, one for each picture and soon one back, don't take the way that webrtcbin has for them,
 * by a thread of the channel's (appsrc) there and one of its own here: once the channel is open they are handed to
 * SCTP, and taken from it, on the thread that has them. Where that can't be, they go webrtcbin's way. */
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
/* Hands a message to SCTP at once; when SCTP has no room for it, it is lost (sctpproxy.h). False: it must go by the
 * channel, because another thread is at it, or the channel is not open yet. Any thread. */
bool oriel_channel_send_now(GObject *channel, const void *bytes, size_t length);
/* Its connection is dead, and will be closed: whoever waits there does so no longer. */
void oriel_channel_give_up(GObject *channel);
/* A channel that the page opens is a breach: once it is there, and, as each stream of SCTP's takes a thread and many at
 * once would take all that media may have, as soon as there are more streams than channels of ours. */
void oriel_channel_guard(GstElement *webrtc, const struct oriel_channel_events *events, void *user);

#endif
