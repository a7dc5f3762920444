/* The m-lines of a session: always the same, in the same order, offered once, because webrtcbin 1.22 can't change them
 * afterwards. Scopes come and go while a session lives; what is not granted has its m-line all the same, and carries
 * nothing: a gate before webrtcbin drops what would leave, one behind its decryption what comes, whatever was
 * negotiated.
 *
 * Policy: gates are shut until they are opened. What comes must have a payload type of an m-line that receives and is
 * open; else it is dropped before a jitter buffer, a depayloader or a decoder exists for it, and so are sources (SSRC)
 * beyond a few, and the reports of sources that were not let in. Where nothing is behind an m-line (a build without a
 * camera), webrtcbin is told that it is inactive. Threads: the gates may be opened and shut from any. */
#ifndef ORIEL_MLINES_H
#define ORIEL_MLINES_H

#include <gst/gst.h>
#include <stdbool.h>

enum oriel_mline {
    ORIEL_MLINE_SCREEN, /* video, sent */
    ORIEL_MLINE_CAMERA, /* video, sent */
    ORIEL_MLINE_VOICE,  /* audio, sent and received */
    ORIEL_MLINE_FACE,   /* video, received */
    ORIEL_MLINES,       /* behind them the data channels */
};

/* What is behind an m-line: a bin with a pad "src" of RTP where it is sent, and a pad "sink" where it is received.
 * NULL: nothing. `caps`: of the RTP, or NULL for the usual
 * ones; name and payload type are those of pipelines/offered.h. */
struct oriel_mline_end {
    GstElement *bin;
    GstCaps *caps;
};

struct oriel_mlines;

/* Takes the bins into `pipeline`. Never freed: webrtcbin may hang and still call. */
struct oriel_mlines *oriel_mlines_new(GstBin *pipeline, const struct oriel_mline_end ends[ORIEL_MLINES]);

/* Adds all of them to a webrtcbin that is not yet started, and links what is behind them; after
 * oriel_mlines_detach() to another one. False with `error` set. */
bool oriel_mlines_attach(struct oriel_mlines *mlines, GstElement *webrtc, GError **error);
void oriel_mlines_detach(struct oriel_mlines *mlines);

/* The offer, from which the payload types of what may come are learned. */
void oriel_mlines_offered(struct oriel_mlines *mlines, const char *sdp);
/* Those with something behind them, a bit each: for oriel_sdp_check_answer(). */
unsigned oriel_mlines_active(const struct oriel_mlines *mlines);

/* The connection is up, or not any more: without a peer a packet would be an error, and one that waits would only be
 * late. */
void oriel_mlines_connected(struct oriel_mlines *mlines, bool connected);
/* Opens or shuts a gate. */
void oriel_mlines_open(struct oriel_mlines *mlines, enum oriel_mline mline, bool open);

#endif
