/* The messages of the data channel "oriel" (signaling/PROTOCOL.md, Data channel): the page's, read strictly, and the
 * device's. Policy: one JSON object of at most 4 KiB with exactly its members; whatever is not a known message breaks
 * the protocol. Thread-safe, no I/O. */
#ifndef ORIEL_PAGE_H
#define ORIEL_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "estimator.h"
#include "references.h"
#include "frames.h"
#include "trace.h"

enum {
    ORIEL_PAGE_MESSAGE_MAX = 4096,
    ORIEL_PAGE_ERROR_SIZE = 256,
    ORIEL_PAGE_TEXT_MAX = 500,  /* characters of a line of chat */
    ORIEL_PAGE_POINTS_MAX = 32, /* of one message */
};

enum oriel_page_kind {
    ORIEL_PAGE_PING,   /* {"t":"ping","id":7} */
    ORIEL_PAGE_CHAT,   /* {"t":"chat","id":1,"text":"…"} */
    ORIEL_PAGE_HEARD,  /* {"t":"heard","id":1}: the page has our chat up to this one */
    ORIEL_PAGE_POINT,  /* {"t":"point","at":[x,y]} */
    ORIEL_PAGE_MARK,   /* {"t":"mark","at":[x,y]} */
    ORIEL_PAGE_DRAW,   /* {"t":"draw","stroke":1,"points":[x,y,x,y]} */
    ORIEL_PAGE_CLEAR,  /* {"t":"clear"} */
    ORIEL_PAGE_CAMERA, /* {"t":"camera","use":1}: the camera of this number, 0: none */
};

struct oriel_page_message {
    enum oriel_page_kind kind;
    int64_t id;                                 /* ping, chat, heard; draw: of the stroke; from 0 */
    char text[4 * ORIEL_PAGE_TEXT_MAX + 1];     /* chat: UTF-8, as the page sent it */
    uint16_t points[2 * ORIEL_PAGE_POINTS_MAX]; /* x, y of the picture: 0 left and top, 65535 right and bottom */
    size_t count;                               /* of them, in points */
};

/* 0, or -EPROTO with `error` filled. */
int oriel_page_read(const void *bytes, size_t length, struct oriel_page_message *message,
                    char error[ORIEL_PAGE_ERROR_SIZE]);

/* `now`: CLOCK_MONOTONIC in microseconds. */
void oriel_page_write_pong(int64_t id, int64_t now, char out[128]);

/* Where the time of the pictures of the last second went. */
enum { ORIEL_PAGE_TRACE_SIZE = 320 };
bool oriel_page_write_trace(const struct oriel_trace_summary *trace, const unsigned egress[2],
                            char out[ORIEL_PAGE_TRACE_SIZE]);

/* What the way to the agent takes, and what was made of its losses. */
enum { ORIEL_PAGE_WAY_SIZE = 256 };
void oriel_page_write_way(const struct oriel_rate_figures *rate, const struct oriel_references_counts *made,
                          char out[ORIEL_PAGE_WAY_SIZE]);

/* What is hidden in the picture: all of it, until the next. At most ORIEL_MASKS_MAX rectangles. */
enum { ORIEL_PAGE_MASKS_SIZE = 64 + ORIEL_MASKS_MAX * 24 };
void oriel_page_write_masks(const struct oriel_rect *masks, unsigned count, char out[ORIEL_PAGE_MASKS_SIZE]);

/* The picture with RTP timestamp 0 shows the screen of time `at`, in microseconds of the same clock. */
void oriel_page_write_time(int64_t at, char out[128]);

/* A line of the person's chat; the caller frees. */
char *oriel_page_write_chat(int64_t id, const char *text);
/* The person's panel has the agent's chat up to this one. */
void oriel_page_write_heard(int64_t id, char out[128]);
/* What the panel can show: `can` is of ORIEL_PANEL_… (core_media.h). */
void oriel_page_write_panel(unsigned can, char out[128]);

/* How it stands with the person's voice: `bits` is of ORIEL_TALK_… (core_media.h); the caller frees. */
char *oriel_page_write_voice(unsigned bits, const char *why);

#endif
