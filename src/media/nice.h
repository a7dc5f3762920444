/* How libnice looks for a way to the agent's browser.
 *
 * Policy: no TCP, no UPnP: libnice as it comes opens listeners for them. Its checks double as keep-alive. The first
 * pair that answers is taken (aggressive nomination, which every full ICE agent understands), and a better one when
 * that answers: GStreamer asks for regular nomination, which costs one round trip more, and two seconds where all but
 * one of the browser's candidates are silent, as those behind a NAT are. GStreamer has no setting for it and libnice
 * takes it only when an agent is made; so the program's own nice_agent_new_full, which libgstwebrtcnice.so finds before
 * libnice's (meson.build exports it), hands the call on without that option. Were it not found one day, nothing would
 * change but that time, and a warning says so. A question is asked five times within 10 s, not three times within 2: so
 * long our own offer, and what else stands in the queue of a slow uplink, may hold it up. */
#ifndef ORIEL_NICE_H
#define ORIEL_NICE_H

#include <glib-object.h>

/* Of a new agent. */
void oriel_nice_set(GObject *agent);

#endif
