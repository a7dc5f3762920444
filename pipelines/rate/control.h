/* orielrate: the GStreamer element between the streams of a session and its RTP session (webrtcbin's
 * request-aux-sender): all RTP that leaves passes the pacer here, and TWCC feedback comes back through it to the
 * estimator.
 *
 *   voice, pictures --funnel--> rtprtxsend --> [orielrate: pacer] --> rtpsession (numbers, SRTP) --> network
 *                                   ^ repeats asked     |  ^                    |
 *                                   +-- as padding -----+  +-- RTPTWCCPackets --+
 *
 * Policy: it never blocks who pushes, so that voice does not stand behind a picture: what may not leave yet is queued
 * and leaves on a thread of its own, which sleeps while nothing waits and nothing is on its way. What may leave leaves
 * within the push, as if it were not there. Whose turn it is, the payload type says. Padding for probes are repeats of
 * some of the last packets, small ones on a slow way, which receivers drop. A repeat that is asked for again while it
 * waits here, or may stand in the way's queue, is sent once, each time for twice as long: Chrome asks every 100 ms,
 * whatever the round trip. Thread-safe. */
#ifndef ORIEL_RATE_CONTROL_H
#define ORIEL_RATE_CONTROL_H

#include <gst/gst.h>

#include "estimator.h"

/* A floating reference. Both must outlive it. */
GstElement *oriel_rate_control_new(struct oriel_budget *budget, struct oriel_estimator *estimator);

/* Packets of that payload type are of that class; before anything flows. All others are repeats. */
void oriel_rate_control_class(GstElement *control, unsigned payload, enum oriel_budget_class class);

/* The connection is given up, whatever it still does: nothing leaves by it any more, and budget and estimator, which
 * are the next one's, hear nothing of it. What waited is dropped. */
void oriel_rate_control_end(GstElement *control);

/* A packet leaves the RTP session, within the push of the element. */
void oriel_rate_control_left(GstElement *control, GstBuffer *packet);

#endif
