/* The graph from shared pictures of a screen to RTP. Its drawing is in screen.c.
 * Policy: nothing is captured or encoded before oriel_screen_run. Threads: any. */
#ifndef ORIEL_SCREEN_H
#define ORIEL_SCREEN_H

#include <gst/gst.h>

#include "framesource.h"
#include "references.h"
#include "trace.h"

struct oriel_screen_counts {
    unsigned width, height; /* of the newest picture, 0 before one */
    guint64 pictures;       /* encoded since the start */
};

/* A bin named "screen" with one pad, "src"; a floating reference. `graph` is the text of a pipeline graph (graph.h).
 * Owns `frames`, the frame socket, from now on. NULL with `error` set when the graph is refused or an element is
 * missing. */
GstElement *oriel_screen_new(const char *graph, int frames, unsigned fps, unsigned kbits, GError **error);

/* The RTP caps of its pad, known before anything flows; the caller unrefs. */
GstCaps *oriel_screen_caps(GstElement *screen);

/* The encoder follows `bits_per_second` from its next picture on, but not beyond the bitrate that it was made with. */
void oriel_screen_rate(GstElement *screen, double bits_per_second);

/* Starts capture and encoding, with a keyframe first; or pauses both. */
void oriel_screen_run(GstElement *screen, gboolean run);

/* Before it is run: lets somebody see each picture that leaves the source, and whether it looks (framesource.h). */
void oriel_screen_watch(GstElement *screen, oriel_picture_watcher picture, oriel_looks_watcher looks, void *user);

/* Before it is run: what pictures refer to, by our own encoder; any other does as it likes. */
void oriel_screen_refer(GstElement *screen, struct oriel_references *references);

/* The picture once more, now: the watcher has something to say. */
void oriel_screen_again(GstElement *screen);
/* Before it is run: somebody hears of what is hidden (framesource.h). */
void oriel_screen_watch_masks(GstElement *screen, oriel_masks_watcher masks, void *user);
/* Before it is run: no picture is taken up before `when`, a CLOCK_MONOTONIC time, says so. */
void oriel_screen_pace(GstElement *screen, int64_t (*when)(void *user, int64_t now), void *user);

/* The last packet of the picture of time `pts` has left. */
void oriel_screen_sent(GstElement *screen, GstClockTime pts);

/* Where the time of the pictures since the last call went. */
void oriel_screen_trace(GstElement *screen, struct oriel_trace_summary *summary);

void oriel_screen_counts(GstElement *screen, struct oriel_screen_counts *counts);

#endif
