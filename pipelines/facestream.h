/* The graph from the agent's camera, as RTP, to pictures. Its drawing is in facestream.c.
 *
 * Policy: what comes is an attacker's: it is decoded here, in media's sandbox, and only pixels go on. Bounded before
 * the decoder: pictures of at most ORIEL_FACE_PIXELS, at most ORIEL_FACE_RATE a second; what is more is dropped up to
 * the next keyframe. Nothing is kept: a picture that nobody takes at once is gone. Threads: `picture` comes on the
 * streaming one. */
#ifndef ORIEL_FACESTREAM_H
#define ORIEL_FACESTREAM_H

#include <gst/gst.h>
#include <stdint.h>

enum { ORIEL_FACE_SIDE_MIN = 16, ORIEL_FACE_SIDE_MAX = 1280, ORIEL_FACE_PIXELS = 640 * 480, ORIEL_FACE_RATE = 30 };

/* I420. */
struct oriel_face_picture {
    unsigned width, height;
    const uint8_t *planes[3];
    int strides[3];
};

/* A bin with one pad, "sink", floating; NULL with `error` set when an element is missing. */
GstElement *oriel_face_stream_new(void (*picture)(void *user, const struct oriel_face_picture *picture), void *user,
                                  GError **error);

/* For tests: whether a frame of VP8 may go to the decoder, now (monotonic ns). */
struct oriel_face_gate {
    gboolean shut; /* until a keyframe that fits */
    struct {
        double holds;
        int64_t at;
    } rate;
};
gboolean oriel_face_may_decode(struct oriel_face_gate *gate, const uint8_t *frame, gsize length, int64_t now);

#endif
