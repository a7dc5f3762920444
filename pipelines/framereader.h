/* Media's end of the frame protocol (src/ipc/frames.h): shared pictures in, I420 with the cursor out.
 *
 * Policy: capture is not trusted. Every index, size, rectangle, mask, generation and file descriptor is checked before
 * it is used; what breaks the protocol ends the reader with a sentence. Only what is damaged is converted and copied.
 * The shared memory is read in one place, when a FRAME comes; its buffer goes back to capture when there is time for
 * the next picture, for that is what capture waits for. The newest picture wins: what older FRAMEs damaged adds up in
 * one picture, and nothing queues. For the exact layer the pixels are kept as they are besides. Colours: BT.601,
 * limited range, as libyuv converts and VP8 implies. Libc, libyuv and ipc only: tests need no pipeline. Limits: one
 * thread at a time. Capture can still change pixels while they are read; that spoils its own picture only. */
#ifndef ORIEL_FRAMEREADER_H
#define ORIEL_FRAMEREADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"

enum {
    ORIEL_FRAME_ERROR_SIZE = 160,
    ORIEL_FRAME_DAMAGE_MAX = ORIEL_FRAME_RECTS_MAX + 2, /* and where the cursor was, and where it is */
};

/* What there is to show; filled by oriel_frame_reader_receive. */
struct oriel_frame_info {
    uint32_t generation; /* 0: no picture has arrived yet */
    unsigned width, height;
    int64_t time;          /* CLOCK_MONOTONIC ns of the newest FRAME, as capture says: may be any number */
    unsigned damage_count; /* since the last oriel_frame_reader_draw; all in one rectangle when there were too many */
    struct oriel_rect damage[ORIEL_FRAME_RECTS_MAX];
};

/* Where to draw: I420 planes of the reader's present size; chroma planes are (width+1)/2 by (height+1)/2. */
struct oriel_i420 {
    uint8_t *planes[3];
    int strides[3];
};

struct oriel_frame_reader;

/* Owns `fd` from now on, and makes it non-blocking. NULL without memory. */
struct oriel_frame_reader *oriel_frame_reader_new(int fd);
void oriel_frame_reader_free(struct oriel_frame_reader *reader);

/* For poll(2); stays the reader's. */
int oriel_frame_reader_fd(const struct oriel_frame_reader *reader);

/* Asks capture for `fps` frames a second at most, 0 to pause. 0, -EPIPE: capture is gone, -EPROTO: it does not read. */
int oriel_frame_reader_run(struct oriel_frame_reader *reader, unsigned fps);

/* Handles messages that wait (16 at most, then poll again), without blocking. 1: something new to show · 0: nothing new
 * · -EPIPE: capture closed · -EPROTO: capture broke the protocol. After an error the reader is only good for
 * oriel_frame_reader_error and free. */
int oriel_frame_reader_receive(struct oriel_frame_reader *reader);

/* Why the last call failed, for people. */
const char *oriel_frame_reader_error(const struct oriel_frame_reader *reader);

/* Valid until the next call with `reader`. */
const struct oriel_frame_info *oriel_frame_reader_info(const struct oriel_frame_reader *reader);

/* The masks of the newest picture, which are in its pixels already: what the agent is to be told is hidden. They may
 * reach over the picture's edges. Valid until the next oriel_frame_reader_receive. */
const struct oriel_rect *oriel_frame_reader_masks(const struct oriel_frame_reader *reader, unsigned *count);

/* How often they have changed. */
unsigned oriel_frame_reader_masks_told(const struct oriel_frame_reader *reader);

/* There is time for the next picture: gives the buffer of the last one back to capture. As oriel_frame_reader_run. */
int oriel_frame_reader_ready(struct oriel_frame_reader *reader);

/* Brings `out` up to date, which must hold what the last call left there (anything, when all is damaged), cursor
 * included. What differs from that goes to `damage`; how many. info.generation must not be 0. */
unsigned oriel_frame_reader_draw(struct oriel_frame_reader *reader, const struct oriel_i420 *out,
                                 struct oriel_rect damage[ORIEL_FRAME_DAMAGE_MAX]);

/* Keeps the newest picture's own pixels as well, for oriel_frame_reader_pixels. Before the first message. */
void oriel_frame_reader_keep(struct oriel_frame_reader *reader);

/* The pixels of `rect`, which must lie in the picture, as they were at the last draw, cursor included: B, G, R and 255.
 * Between that draw and the next receive. */
void oriel_frame_reader_pixels(const struct oriel_frame_reader *reader, const struct oriel_rect *rect, uint8_t *out,
                               size_t stride);

#endif
