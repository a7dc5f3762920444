/* The frame protocol: pictures of a screen from capture to media, through shared memory.
 *
 * Capture makes one memfd with `count` buffers of `size` bytes each and sends it (BUFFERS). It fills a buffer that is
 * free, sends FRAME with its index, and does not touch the buffer until media sends RELEASE for it, which also says
 * that media has time for the next. At most one FRAME that media has not read waits: capture fills a buffer only when
 * media has asked (RUN) and a buffer is free; meanwhile damage adds up, so that the next FRAME always shows the newest
 * screen. Nothing is captured before RUN or after RUN with 0. A new size or format is a new generation: a new memfd in
 * a new BUFFERS; indices of an older generation are forgotten (RELEASE for them is ignored), and the first FRAME of a
 * generation damages all of it.
 *
 * Pixels: format BGRX is B, G, R, unused in memory order; rows of `stride` bytes, a multiple of 4, top row first; the
 * picture of buffer i begins at i*size. The memfd is sealed against shrinking (F_SEAL_SHRINK) before it is sent, and
 * media checks seal and size before it maps it, read-only: no peer can make the other one fault. The cursor is not in
 * the pixels: its place travels with each FRAME, its shape by CURSOR when it changes. A FRAME with no rectangles says
 * that only the cursor moved. Times are CLOCK_MONOTONIC nanoseconds: when the first change that this frame shows was
 * reported. */
#ifndef ORIEL_IPC_FRAMES_H
#define ORIEL_IPC_FRAMES_H

#include "channel.h"

enum { ORIEL_FORMAT_BGRX = 1 };

enum {
    ORIEL_FRAME_SIDE_MIN = 16,
    ORIEL_FRAME_SIDE_MAX = 4096,
    ORIEL_FRAME_BUFFERS_MAX = 4,
    ORIEL_FRAME_RECTS_MAX = 64,
    ORIEL_CURSOR_SIDE_MAX = 128,
};

/* A damaged rectangle inside the picture; on the wire 8 bytes: four little-endian u16 in this order. */
struct oriel_rect {
    uint16_t x, y, width, height;
};

/* Capture to media. */
enum {
    /* u generation (1, 2, …) · u format · u width · u height · u stride · u count · t size; fd: the memfd */
    ORIEL_FRAMES_BUFFERS = 1,
    /* u generation · u index · t time · b rectangles · u cursor x · u cursor y (two's complement; its top left corner)
     * · u cursor shown (0/1) */
    ORIEL_FRAMES_FRAME = 2,
    /* u width · u height · b width*height*4 bytes of B, G, R, A premultiplied */
    ORIEL_FRAMES_CURSOR = 3,
};

/* Media to capture. */
enum {
    /* u frames a second at most; 0 pauses. Going from 0 to more damages the whole picture. */
    ORIEL_FRAMES_RUN = 1,
    /* u generation · u index */
    ORIEL_FRAMES_RELEASE = 2,
};

static const struct oriel_ipc_type oriel_capture_to_media_types[] = {
    {ORIEL_FRAMES_BUFFERS, "buffers", "uuuuuut", 1},
    {ORIEL_FRAMES_FRAME, "frame", "uutbuuu", 0},
    {ORIEL_FRAMES_CURSOR, "cursor", "uub", 0},
};
static const struct oriel_ipc_type oriel_media_to_capture_types[] = {
    {ORIEL_FRAMES_RUN, "run", "u", 0},
    {ORIEL_FRAMES_RELEASE, "release", "uu", 0},
};
static const struct oriel_ipc_table oriel_capture_to_media
    __attribute__((unused)) = {"capture to media", oriel_capture_to_media_types,
                               sizeof oriel_capture_to_media_types / sizeof(struct oriel_ipc_type)};
static const struct oriel_ipc_table oriel_media_to_capture
    __attribute__((unused)) = {"media to capture", oriel_media_to_capture_types,
                               sizeof oriel_media_to_capture_types / sizeof(struct oriel_ipc_type)};

#endif
