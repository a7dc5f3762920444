/* The RTP header extension "playout-delay", always 0/0: the receiver shows each picture as soon as it is decoded.
 * http://www.webrtc.org/experiments/rtp-hdrext/playout-delay: 3 bytes, 12 bits minimum and 12 bits maximum, in 10 ms.
 * Chrome leaves out its jitter delay and its own pacing only when both are 0. Written on every packet, ignored when
 * read. */
#ifndef ORIEL_PLAYOUTDELAY_H
#define ORIEL_PLAYOUTDELAY_H

#include <gst/rtp/rtp.h>

#define ORIEL_PLAYOUT_DELAY_URI "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

/* A floating reference, with its id (1..14) set. */
GstRTPHeaderExtension *oriel_playout_delay_new(guint id);

#endif
