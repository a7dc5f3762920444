/* The frame protocol: pictures of a screen, through shared memory, from whoever has the pixels to media.
 *
 * Who has them is oriel-capture. The same wire is between capture and an HMI that pushes its own picture: then the HMI
 * is "the writer" and capture stands in media's place ("A pusher" below). It is that of channel.h; all numbers are
 * little-endian.
 *
 * Course. The writer makes one memfd with `count` buffers of `size` bytes each and sends it (BUFFERS). It fills a
 * buffer that is free, sends FRAME with its index, and does not touch the buffer until media sends RELEASE for it,
 * which also says that media has time for the next.
 * A new size, format or place on the screen is a new generation: a new memfd in a new BUFFERS, with a greater number.
 * RELEASE for an older generation is ignored, and the first FRAME of a generation damages all of it, whatever it says.
 *
 * Back-pressure. The writer fills a buffer only when media has asked (RUN), a buffer is free, and media has read every
 * packet before; meanwhile damage adds up, so that the next FRAME always shows the newest screen, and at most one
 * waits. So the writer never waits for media, and a media that sleeps, keeps its buffers or dies costs it nothing.
 * Nothing is taken from the screen before RUN or after RUN with 0.
 *
 * Pixels. Top row first, rows of `stride` bytes, a multiple of 4; the picture of buffer i begins at byte i*size; bytes
 * between rows and buffers mean nothing. BGRX: 4 bytes a pixel: B, G, R, unused. RGB565: a u16 a pixel: red in
 * bits 15-11, green in 10-5, blue in 4-0; media converts it, so that a small panel's memory is read and shared as it
 * is.
 *
 * Shared memory. The memfd is sealed against shrinking (F_SEAL_SHRINK) before it is sent, and media checks seal and
 * size before it maps it, read-only: no peer can make the other one fault. Media converts what a FRAME damages while
 * the buffer is its own, and releases it when it has time for the next: what it reads is whole, as long as the writer
 * keeps to its part. A writer that does not spoils its own picture, nothing else: media takes no length, offset or
 * decision from shared memory.
 *
 * Cursor. Not in the pixels: its place travels with each FRAME, its shape by CURSOR, before the first FRAME that
 * shows it. A FRAME with no rectangles says that only the cursor or the masks changed.
 *
 * Masks. Rectangles that the agent never sees. The writer puts ORIEL_MASK_BGRX or _RGB565 there instead of what the
 * screen shows, and the screen's pixels never enter the shared memory; what changes under a mask makes no damage and
 * no FRAME. MASKS tells media where they are, so that it can be said: before the first FRAME that has them.
 *
 * Times are CLOCK_MONOTONIC nanoseconds: when the first change that this frame shows was reported.
 *
 * A pusher. An HMI that sends its own pictures ([capture] backend=hmi) gets a socket to oriel-capture from core when
 * the person has agreed (src/hmi/PROVIDER.md, "frames"); liboriel speaks what follows. The socket ends with the
 * session, or with the HMI's connection to core; who connects again gets a new one and begins with generation 1. It is
 * trusted with its own picture and with nothing else: capture checks every field below, copies what is damaged around
 * the masks, and the first that is wrong ends the session with a sentence that names it. It sends BUFFERS at once,
 * FRAME after RUN, never CURSOR or MASKS (they go to core), and needs two buffers at least: capture keeps the newest
 * until the next comes. It must not draw into a buffer that it has sent and not got back. RUN's rate is a limit: what
 * comes faster than capture reads stays with the HMI, as damage.
 *
 * Limits: the constants below; 1 GiB of shared memory; one writer and one reader; a packet of at most 96 KiB. */
#ifndef ORIEL_IPC_FRAMES_H
#define ORIEL_IPC_FRAMES_H

#include "channel.h"

enum { ORIEL_FORMAT_BGRX = 1, ORIEL_FORMAT_RGB565 = 2 };

enum {
    ORIEL_FRAME_SIDE_MIN = 16,
    ORIEL_FRAME_SIDE_MAX = 4096,
    ORIEL_FRAME_STRIDE_MAX = 4 * 4 * ORIEL_FRAME_SIDE_MAX, /* bytes */
    ORIEL_FRAME_BUFFERS_MAX = 4,
    ORIEL_FRAME_RECTS_MAX = 64,
    ORIEL_CURSOR_SIDE_MAX = 128,
    ORIEL_MASKS_MAX = 32,
};

/* The grey of a mask, in both formats the same. */
#define ORIEL_MASK_BGRX 0x00424142u
#define ORIEL_MASK_RGB565 0x4208u

/* A rectangle of the picture. */
struct oriel_rect {
    uint16_t x, y, width, height;
};

/* A list of rectangles on the wire: 8 bytes each, u16 x · u16 y · u16 width · u16 height. */
enum { ORIEL_RECT_SIZE = 8 };
void oriel_rects_write(const struct oriel_rect *rects, size_t count, uint8_t *bytes);
void oriel_rects_read(const void *bytes, size_t count, struct oriel_rect *rects);

/* The writer to media. */
enum {
    /* u generation (1, 2, …) · u format · u width · u height · u stride · u count · t size; fd: the memfd */
    ORIEL_FRAMES_BUFFERS = 1,
    /* u generation · u index · t time · b rectangles, each inside of the picture and not empty · u cursor x · u cursor
     * y (two's complement; its top left corner) · u cursor shown (0/1) */
    ORIEL_FRAMES_FRAME = 2,
    /* u width · u height · b width*height*4 bytes of B, G, R, A premultiplied */
    ORIEL_FRAMES_CURSOR = 3,
    /* b rectangles, all that hold from the next FRAME on, at most ORIEL_MASKS_MAX; not empty, and within
     * ORIEL_FRAME_SIDE_MAX, though not always within the picture. None before the first. */
    ORIEL_FRAMES_MASKS = 4,
};

/* Media to the writer. */
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
    {ORIEL_FRAMES_MASKS, "masks", "b", 0},
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
