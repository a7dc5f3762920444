/* Core and capture. Capture lives for one session; core kills it to end it. */
#ifndef ORIEL_IPC_CORE_CAPTURE_H
#define ORIEL_IPC_CORE_CAPTURE_H

#include "frames.h"

/* Core to capture. */
enum {
    /* s backend ("auto", "x11", "fbdev", "hmi", "test") · s X display ("" = the environment's DISPLAY) · s Xauthority
     * file ("" = the environment's) · s monitor of it ("" = all, "primary", or its name) · s framebuffer device · u
     * frames a second at most · fd: the frame socket to media (frames.h). Once; only MASKS and PUSHER may come before
     * it. */
    ORIEL_CAPTURE_START = 1,
    /* b rectangles (frames.h): all masks from now on, 32 at most · u how many of them, the first, are in the picture's
     * pixels; the others are in those of the X screen, of which the picture may be a monitor. Any time, also before
     * START: then the first picture has them. Capture reads what waits here before it takes a frame, and takes none
     * unmasked after it. Empty rectangles and ones that don't lie within 4096x4096 are an error; what lies outside of
     * the picture is cut off, and holds again when the picture grows. */
    ORIEL_CAPTURE_MASKS = 2,
    /* fd: the socket to the HMI that pushes its own picture (frames.h, "A pusher"). With backend "hmi": once before
     * START, and again when the HMI came back. */
    ORIEL_CAPTURE_PUSHER = 3,
};

/* Capture to core. */
enum {
    /* s backend chosen and why · u width · u height. Once, before any frame. */
    ORIEL_CAPTURE_READY = 1,
    /* s detail for people: what failed and what to do. Capture ends after it. */
    ORIEL_CAPTURE_FAILED = 2,
    /* u x · u y · u width · u height: where on the X screen the picture lies, in its pixels. Only
     * with a monitor: before READY, and with each new generation. */
    ORIEL_CAPTURE_PLACE = 3,
};

static const struct oriel_ipc_type oriel_core_to_capture_types[] = {
    {ORIEL_CAPTURE_START, "start", "sssssu", 1},
    {ORIEL_CAPTURE_MASKS, "masks", "bu", 0},
    {ORIEL_CAPTURE_PUSHER, "pusher", "", 1},
};
static const struct oriel_ipc_type oriel_capture_to_core_types[] = {
    {ORIEL_CAPTURE_READY, "ready", "suu", 0},
    {ORIEL_CAPTURE_FAILED, "failed", "s", 0},
    {ORIEL_CAPTURE_PLACE, "place", "uuuu", 0},
};
static const struct oriel_ipc_table oriel_core_to_capture __attribute__((unused)) = {
    "core to capture", oriel_core_to_capture_types, sizeof oriel_core_to_capture_types / sizeof(struct oriel_ipc_type)};
static const struct oriel_ipc_table oriel_capture_to_core __attribute__((unused)) = {
    "capture to core", oriel_capture_to_core_types, sizeof oriel_capture_to_core_types / sizeof(struct oriel_ipc_type)};

#endif
