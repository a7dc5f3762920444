/* orielframesrc: a live GStreamer source of the pictures that capture shares (src/ipc/frames.h), as I420 with the
 * cursor.
 *
 * Policy: a buffer's time is the capture time, on a pipeline whose clock is CLOCK_MONOTONIC. At most `fps` pictures a
 * second, the newest wins, nothing queues here. When the screen rests the last picture is repeated so that the encoder
 * can sharpen it: 10 a second for 2 s, then 1 a second, because Chrome asks for a keyframe after 3 s of silence.
 * Capture is asked for nothing until oriel_frame_source_run. A new size of the screen comes as new caps.
 * What capture does wrong ends the stream with an element error that says it (GST_RESOURCE_ERROR_READ).
 *
 * Threads: any, except that the frame reader belongs to the streaming thread. */
#ifndef ORIEL_FRAMESOURCE_H
#define ORIEL_FRAMESOURCE_H

#include <gst/gst.h>

#include "frames.h"

/* A floating reference. Owns `fd`, the frame socket, from now on. `fps` ≥ 1 is the most that will be asked for. */
GstElement *oriel_frame_source_new(int fd, unsigned fps);

/* Starts (or pauses) capture. */
void oriel_frame_source_run(GstElement *source, gboolean run);

/* The size of the newest picture that left; 0, 0 before one has. */
void oriel_frame_source_size(GstElement *source, unsigned *width, unsigned *height);

/* The rectangles by which this picture differs from the one before it (GST_BUFFER_OFFSET counts pictures, so that a gap
 * shows), none for a repetition. Lives as long as `buffer`. */
const struct oriel_rect *oriel_frame_source_damage(GstBuffer *buffer, size_t *count);

#endif
