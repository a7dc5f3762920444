/* The RTP header extension "abs-capture-time": when the picture was on the screen, in the device's wall clock.
 * http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time: 8 bytes, NTP time in 32.32 fixed point; its optional
 * second half (an estimated offset to the receiver) is not sent, since the clock is that of our RTCP sender reports.
 * Written on every packet, ignored when read. */
#ifndef ORIEL_CAPTURETIME_H
#define ORIEL_CAPTURETIME_H

#include <gst/rtp/rtp.h>

#define ORIEL_CAPTURE_TIME_URI "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"

/* A floating reference, with its id (1..14) set. Timestamps are running times of `element`, whose clock is
 * CLOCK_MONOTONIC; not the payloader itself, which is locked while it writes extensions. */
GstRTPHeaderExtension *oriel_capture_time_new(guint id, GstElement *element);

#endif
