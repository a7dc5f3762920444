/* The graph from shared pictures of a camera to RTP. Its drawing is in camerastream.c.
 *
 * A camera comes and goes while the session lives, and the scope with it, but its m-line is there from the start: so
 * this is built once, and pictures are let in when there is a camera (oriel_camera_stream_open). Encoded as video, not
 * as a screen: every picture whole, at a steady rate, the rate of bits kept by the quantizer, and where that is low by
 * a smaller picture (camerasize.h). Policy: the process that gives the pictures is not trusted (framereader.h), and its
 * end is no failure: it was switched off, pulled out or killed, and core knows which. Nothing is taken from it before
 * oriel_camera_stream_run. The newest picture wins; at most one waits, and while the way is full
 * (oriel_camera_stream_pace) the camera is not asked for another. Threads: the main one calls; a thread of its own
 * reads. */
#ifndef ORIEL_CAMERASTREAM_H
#define ORIEL_CAMERASTREAM_H

#include <gst/gst.h>

struct oriel_camera_stream;

/* NULL with `error` set when an element is missing. Lives as long as its bin. */
struct oriel_camera_stream *oriel_camera_stream_new(GError **error);

/* With one pad, "src"; floating. */
GstElement *oriel_camera_stream_bin(struct oriel_camera_stream *stream);
/* The RTP caps of its pad; the caller unrefs. */
GstCaps *oriel_camera_stream_caps(struct oriel_camera_stream *stream);

/* Takes `fd`, the frame socket, in place of the one before. */
void oriel_camera_stream_open(struct oriel_camera_stream *stream, int fd, unsigned fps, unsigned kbits);
void oriel_camera_stream_close(struct oriel_camera_stream *stream);
/* What it may take, bit/s, from the next picture on. Any thread. */
void oriel_camera_stream_rate(struct oriel_camera_stream *stream, double bits_per_second);
/* Before the first camera: none of its pictures is asked for before the time that `when` gives, CLOCK_MONOTONIC ns,
 * `now` or later; it is asked on the stream's own thread. */
void oriel_camera_stream_pace(struct oriel_camera_stream *stream, int64_t (*when)(void *user, int64_t now), void *user);
/* Lets pictures in, with a keyframe first, or stops them. Holds for cameras that are opened later, too. */
void oriel_camera_stream_run(struct oriel_camera_stream *stream, gboolean run);

#endif
