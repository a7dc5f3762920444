/* The way around a queue of webrtcbin's.
 *
 * All that comes from the network goes through it to another thread, so that libnice's need not wait for DTLS's
 * handshake. After that there is nothing to wait for, and each packet wakes a thread more than it must. Policy: from
 * now on packets are handed on by the thread that received them, as soon as the queue is empty; what is no packet goes
 * through it as ever. */
#ifndef ORIEL_SHORTCUT_H
#define ORIEL_SHORTCUT_H

#include <gst/gst.h>

/* When the webrtcbin is connected. */
void oriel_shortcut(GstElement *webrtc);

#endif
