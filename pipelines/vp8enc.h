/* orielvp8enc: I420 of a screen to VP8. A GstVideoEncoder around vp8coder.h, which says what it does.
 *
 *   property          range          default
 *   bitrate           50 .. 100000   4000     kbit/s
 *   burst             100 .. 5000    600      ms of the bitrate that a screen at rest may send at once
 *   max-frame-rate    1 .. 60        30       pictures with a change, a second
 *   target-quantizer  0 .. 63        4        what has settled is encoded by this one, and then no more
 *   max-quantizer     0 .. 63        56       nothing is coarser; below target-quantizer it counts as that
 *   speed             -16 .. -1      -6, ARM -12   libvpx's cpu-used; less is quicker and larger
 *   threads           0 .. 16        0        0: by the size of the picture and the number of processors
 *
 * The first five can be set at any time, on any thread, and hold from the next picture on; speed and threads from the
 * next size on. It has no signals. A keyframe comes with the first picture, a new size, and GstForceKeyUnit events.
 * With oriel_vp8_enc_refer() pictures refer to what those references say, and are marked for dependencies.h.
 *
 * Pictures should come from orielframesrc: with the damage meta (without it everything is taken for changed) and by the
 * demand that it sends upstream after each picture (damage.h). A picture may yield nothing, when the bitrate's bucket
 * is in debt or nothing is left to do; what it changed then goes into the next. Timestamps pass through; there is no
 * latency. What libvpx refuses is an element error (GST_STREAM_ERROR_ENCODE). */
#ifndef ORIEL_VP8ENC_H
#define ORIEL_VP8ENC_H

#include <gst/gst.h>

#include "references.h"

GType oriel_vp8_enc_get_type(void);

/* Before the first picture; they must outlive it. */
void oriel_vp8_enc_refer(GstElement *encoder, struct oriel_references *references);

#endif
