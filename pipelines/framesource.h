/* orielframesrc: a live GStreamer source of the pictures that capture shares (src/ipc/frames.h), as I420 with the
 * cursor.
 *
 * Policy: a buffer's time is the capture time, on a pipeline whose clock is CLOCK_MONOTONIC. At most `fps` pictures a
 * second, the newest wins, nothing queues here. One picture is kept and brought up to date where it is damaged; what
 * goes out shares its pixels, and is copied only if somebody downstream still holds them when they change.
 * The pace is the encoder's: without a queue between them it encodes, and sends, within the push of a picture, and says
 * when it wants the next (damage.h); until then capture is not given back its buffer and so makes none. An encoder that
 * says nothing gets the last picture again when the screen rests, so that it can sharpen it: 10 a second for 2 s, then
 * 1 a second, because Chrome asks for a keyframe after 3 s of silence. Capture is asked for nothing until
 * oriel_frame_source_run. A new size of the screen comes as new caps. What capture does wrong ends the stream with an
 * element error that says it (GST_RESOURCE_ERROR_READ).
 *
 * Threads: any, except that the frame reader belongs to the streaming thread. */
#ifndef ORIEL_FRAMESOURCE_H
#define ORIEL_FRAMESOURCE_H

#include <gst/gst.h>

#include "damage.h"
#include "framereader.h"

GType oriel_frame_source_get_type(void);

/* Before it is started. Owns `fd`, the frame socket, from now on. `fps` ≥ 1 is the most that will be asked for. */
void oriel_frame_source_open(GstElement *source, int fd, unsigned fps);

/* Before it is started: `picture` sees each picture that leaves, on the streaming thread just before it does, with what
 * differs from the one before (nothing: it is that one again). The reader has its pixels. It says what is left to the
 * video: `share` is all of it to begin with. `looks`, on that thread, too: whether a change would be taken up from now
 * on, as it is at first; while it would not, nobody knows whether the screen is at rest. */
typedef void (*oriel_picture_watcher)(void *user, const struct oriel_frame_reader *reader,
                                      const struct oriel_rect *damage, size_t count, GstClockTime pts,
                                      struct oriel_share *share);
typedef void (*oriel_looks_watcher)(void *user, gboolean looks);
void oriel_frame_source_watch(GstElement *source, oriel_picture_watcher picture, oriel_looks_watcher looks, void *user);

/* The picture once more, now. */
void oriel_frame_source_again(GstElement *source);
/* Before it is started: `masks` hears of what is hidden, all of it, when that has changed, on the streaming thread. */
typedef void (*oriel_masks_watcher)(void *user, const struct oriel_rect *masks, unsigned count);
void oriel_frame_source_watch_masks(GstElement *source, oriel_masks_watcher masks, void *user);
/* Before it is started: no picture leaves before the time that `when` gives, CLOCK_MONOTONIC ns, `now` or later; it is
 * asked on the streaming thread. */
void oriel_frame_source_pace(GstElement *source, int64_t (*when)(void *user, int64_t now), void *user);

/* Starts (or pauses) capture. */
void oriel_frame_source_run(GstElement *source, gboolean run);

/* The size of the newest picture that left; 0, 0 before one has. */
void oriel_frame_source_size(GstElement *source, unsigned *width, unsigned *height);

#endif
