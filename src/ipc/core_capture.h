/* Core and capture. Capture lives for one session; core kills it to end it. */
#ifndef ORIEL_IPC_CORE_CAPTURE_H
#define ORIEL_IPC_CORE_CAPTURE_H

#include "channel.h"

/* Core to capture. */
enum {
    /* s backend ("auto", "x11", "test") · s X display ("" = the environment's DISPLAY) · s Xauthority file ("" = the
     * environment's) · u frames a second at most · fd: the frame socket to media (frames.h). First, once. */
    ORIEL_CAPTURE_START = 1,
};

/* Capture to core. */
enum {
    /* s backend chosen and why · u width · u height. Once, before any frame. */
    ORIEL_CAPTURE_READY = 1,
    /* s detail for people: what failed and what to do. Capture ends after it. */
    ORIEL_CAPTURE_FAILED = 2,
};

static const struct oriel_ipc_type oriel_core_to_capture_types[] = {
    {ORIEL_CAPTURE_START, "start", "sssu", 1},
};
static const struct oriel_ipc_type oriel_capture_to_core_types[] = {
    {ORIEL_CAPTURE_READY, "ready", "suu", 0},
    {ORIEL_CAPTURE_FAILED, "failed", "s", 0},
};
static const struct oriel_ipc_table oriel_core_to_capture __attribute__((unused)) = {
    "core to capture", oriel_core_to_capture_types, sizeof oriel_core_to_capture_types / sizeof(struct oriel_ipc_type)};
static const struct oriel_ipc_table oriel_capture_to_core __attribute__((unused)) = {
    "capture to core", oriel_capture_to_core_types, sizeof oriel_capture_to_core_types / sizeof(struct oriel_ipc_type)};

#endif
