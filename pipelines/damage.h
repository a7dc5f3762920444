/* What the frame source and the screen encoder say to each other, through whatever lies between them in a graph.
 *
 * Downstream, a GstMeta on each picture: the rectangles by which it differs from the picture before it (none: it is a
 * repetition), and what the video has to do with it, beside the exact layer (struct oriel_share);
 * GST_BUFFER_OFFSET counts pictures, so that one that was dropped between the two shows. Why not
 * GstVideoRegionOfInterestMeta: that is a list of regions of which encoders make quantizers, one meta a rectangle, and
 * a picture without any means nothing by it; here it means that nothing changed. Upstream, an event after each picture:
 * when the encoder wants the next one. An encoder that sends none gets each picture that there is, and repetitions
 * until it had time to become sharp (framesource.h). Thread-safe as GStreamer's own. */
#ifndef ORIEL_DAMAGE_H
#define ORIEL_DAMAGE_H

#include <gst/gst.h>

#include "share.h"

/* At most ORIEL_DAMAGE_MAX rectangles. `taken`: when the source took the picture up, CLOCK_MONOTONIC ns. `share`: NULL,
 * nothing covers it. */
void oriel_damage_add(GstBuffer *buffer, const struct oriel_rect *rects, size_t count, gint64 taken,
                      const struct oriel_share *share);

/* NULL: not known, everything may have changed. Else it lives as long as `buffer`. */
const struct oriel_rect *oriel_damage_get(GstBuffer *buffer, size_t *count);
/* As long as `buffer`; of one without the meta: nothing covers it. */
const struct oriel_share *oriel_damage_share(GstBuffer *buffer);
/* -1 without the meta. */
gint64 oriel_damage_taken(GstBuffer *buffer);
/* Since when another changed picture could have been taken up after the one before: until then the encoder or the way
 * was busy. 0: at any time, or not said. */
void oriel_damage_set_welcome(GstBuffer *buffer, gint64 since);
gint64 oriel_damage_welcome(GstBuffer *buffer);

/* Times are CLOCK_MONOTONIC ns. `not_before`: a changed picture is welcome from then on. `again`: the last one once
 * more, if there was no other until then. */
GstEvent *oriel_demand_new(gint64 not_before, gint64 again);
gboolean oriel_demand_parse(GstEvent *event, gint64 *not_before, gint64 *again);

#endif
