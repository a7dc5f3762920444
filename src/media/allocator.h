/* The bitrate allocator: what the way takes, as the estimator says (rate/estimator.h), is shared out between the
 * screen and the camera, and what was lost is made good (references.h).
 *
 * Policy: a tenth is left to voice, tiles and what is sent again, which ask the budget (rate/budget.h) like everything
 * else; of the target the camera gets up to 40 %, and no more than it may take at most; the screen has the rest. The
 * first picture, by which the way is found out, is a rough one. A picture is made only while what waits for the way
 * takes no longer than 30 ms, and what the exact layer has sent does not stand in a queue. Threads: the estimator calls
 * on those that bring feedback, screen and camera ask on theirs; the rest is the main one's. It lives as long as the
 * process does. */
#ifndef ORIEL_ALLOCATOR_H
#define ORIEL_ALLOCATOR_H

#include <gst/gst.h>
#include <stdbool.h>

#include "budget.h"
#include "camerastream.h"
#include "estimator.h"
#include "exact.h"
#include "references.h"

struct oriel_allocator {
    GstElement *screen;
    struct oriel_camera_stream *camera;
    gint camera_kbits; /* atomic: what it may take at most; 0: there is none */
    struct oriel_budget *budget;
    struct oriel_estimator *estimator;
    struct oriel_references *references;
    struct oriel_exact *exact; /* whose owner sets it, before anything is sent; NULL: there is none */
};

/* `kbits`: the most that the video alone may take; `exact`: there is the exact layer, and no such limit. `last`: kbit/s
 * that the way took last time; 0: nobody knows. Before anything is sent. */
struct oriel_allocator *oriel_allocator_new(GstElement *screen, struct oriel_camera_stream *camera, unsigned kbits,
                                            bool exact, unsigned last);

/* The camera may take so much from now on; 0: it is off. */
void oriel_allocator_camera(struct oriel_allocator *allocator, unsigned kbits);

#endif
