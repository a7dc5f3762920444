/* WebRTC of one session: its m-lines (mlines.h) and data channels (channels.h), offered once. webrtcbin is behind it.
 *
 * Policy: one transport a process; nothing listens (no TCP, no UPnP). By relay, only the TURN server is spoken to and
 * only relay candidates are told; direct, with addresses given, nothing else is bound or told. The peer's certificate
 * is checked by fingerprint.h; what comes from the peer's page by sdp.h. Events come on the thread of the default main
 * context, one after the other, none after `failed`. Limits: 1.22's webrtcbin neither renegotiates nor restarts ICE,
 * and may hang when it is closed: a new path is a new webrtcbin (the old one is closed on a thread that may never end),
 * and who closes must be ready to _exit. */
#ifndef ORIEL_TRANSPORT_H
#define ORIEL_TRANSPORT_H

#include <gst/gst.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "estimator.h"

#include "mlines.h"

/* Where the packets go. */
struct oriel_transport_path {
    bool relay;
    const char *addresses;           /* direct: IP literals joined by commas, "" = all */
    const char *username, *password; /* relay: for the TURN server at ORIEL_INSIDE_ADDRESS */
    bool exact;                      /* with a channel for the exact layer */
    struct oriel_budget *budget;     /* of everything that is sent, and who estimates it */
    struct oriel_estimator *estimator;
};

/* The events up to `channel_open` come once, and once more after each oriel_transport_renew(). */
struct oriel_transport_events {
    /* Our SDP, and the fingerprint of our certificate. First. */
    void (*offer)(void *user, const char *sdp, const char *fingerprint);
    /* "" ends the candidates. */
    void (*candidate)(void *user, unsigned mline, const char *candidate);
    /* The answer was taken. `dependencies`: the browser reads the screen's dependency descriptors. */
    void (*answered)(void *user, bool dependencies);
    /* ICE and DTLS are up. */
    void (*connected)(void *user);
    /* The first packet of a picture has left. */
    void (*sending)(void *user);
    void (*channel_open)(void *user);
    void (*channel_message)(void *user, const char *bytes, size_t length);
    /* The exact layer's channel is open, or has closed, which is no failure. */
    void (*exact_open)(void *user, bool open);
    /* On any thread. False: the protocol does not have it. */
    bool (*exact_message)(void *user, const void *bytes, size_t length);
    /* This connection is no more, or can't be had; the transport goes on with the next oriel_transport_renew(). Nothing
     * else comes of it. */
    void (*lost)(void *user, const char *detail);
    /* Over. `reason` is one of ORIEL_MEDIA_FAILED. */
    void (*failed)(void *user, const char *reason, const char *detail);
};

struct oriel_transport_counts {
    uint64_t bytes;         /* RTP sent, headers and repeats included */
    unsigned loss_permille; /* as the receiver reported last */
    unsigned round_trip_ms; /* 0 before the first report */
};

struct oriel_transport;

/* Takes the bins of `ends`, floating. NULL with `error` set when it can't be built. `events` must live on. */
struct oriel_transport *oriel_transport_new(const struct oriel_mline_end ends[ORIEL_MLINES], const char *fingerprint,
                                            const struct oriel_transport_path *path,
                                            const struct oriel_transport_events *events, void *user, GError **error);

/* The connection is done for: who waits until it takes a tile does so no longer, and it takes nothing of the budget
 * any more, which is renewed now. Before each oriel_transport_renew(). */
void oriel_transport_give_up(struct oriel_transport *transport);

/* A new connection in place of the old one, whatever state that is in. The screen must not be running; it is to be run
 * again after `connected`. False with `error` set when it can't be built: the transport is over then. */
bool oriel_transport_renew(struct oriel_transport *transport, GError **error);

/* Whose certificate the next connection must have. */
void oriel_transport_agent(struct oriel_transport *transport, const char *fingerprint);

/* From a verified message. What is wrong with it comes as `failed`. */
void oriel_transport_set_answer(struct oriel_transport *transport, const char *sdp);

/* Unusable ones are dropped. Early ones wait for the answer. */
void oriel_transport_add_candidate(struct oriel_transport *transport, const char *candidate);

/* Opens or shuts the gate of an m-line, by what the person granted. The screen's is open from the start. Any thread. */
void oriel_transport_open(struct oriel_transport *transport, enum oriel_mline mline, bool open);

/* Sends a text on the data channel, if it is open. */
void oriel_transport_send(struct oriel_transport *transport, const char *text);

/* Sends bytes on the exact layer's channel, if it is open. Any thread. */
void oriel_transport_send_exact(struct oriel_transport *transport, const void *bytes, size_t length);

void oriel_transport_counts(struct oriel_transport *transport, struct oriel_transport_counts *counts);

/* How many datagrams have come, by all connections; wraps. */
unsigned oriel_transport_arrivals(struct oriel_transport *transport);

/* `left` is called on the streaming thread with the time of each picture whose last packet has left; before that
 * nothing may flow. */
void oriel_transport_watch(struct oriel_transport *transport, void (*left)(void *user, GstClockTime pts), void *user);

/* CLOCK_MONOTONIC ns of RTP timestamp 0. */
int64_t oriel_transport_time_zero(struct oriel_transport *transport);

/* Stops, on this thread; may hang for good. The peer is not told here: orield tells it that the session ended. The
 * memory is left to the end of the process. */
void oriel_transport_close(struct oriel_transport *transport);

#endif
