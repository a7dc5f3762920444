/* The figures of a session, each second of which it is live: what its pictures took, and what the way does. Core gets
 * all of them (ORIEL_MEDIA_STATS, ORIEL_MEDIA_WAY), the page what it shows: its way, and where a picture's time went.
 *
 * Policy: they are of the second that has passed, but for bytes and for what was made good, which are of the whole
 * session. While the picture is at rest nothing of the way changes, and the page is not told again. Main thread. */
#ifndef ORIEL_FIGURES_H
#define ORIEL_FIGURES_H

#include <gst/gst.h>

#include "allocator.h"
#include "page.h"
#include "transport.h"

struct oriel_figures {
    GstElement *screen;
    struct oriel_transport *transport;
    const struct oriel_allocator *allocator;
    unsigned egress[2];            /* us through it, median and most, as core said last */
    char way[ORIEL_PAGE_WAY_SIZE]; /* what the page knows of the way; "": nothing */
    guint64 pictures_before, bytes_before;
    unsigned loss_permille; /* as the receiver reported last */
};

/* To core by its channel, and to the page. 0, or a negative errno: core takes no messages. */
int oriel_figures_send(struct oriel_figures *figures, int core);

#endif
