/* Voice between RTP and the sound socket (sound.h): what the person says is encoded, what the agent says decoded. Its
 * drawing is in speech.c. Policy: without a sound socket nothing is encoded and nothing decoded is kept. Threads: the
 * functions from one; it reads the socket on a thread of its own. */
#ifndef ORIEL_SPEECH_H
#define ORIEL_SPEECH_H

#include <gst/gst.h>

/* A bin named "voice" with the pads "src" and "sink", both RTP; a floating reference. NULL with `error` set when an
 * element is missing. */
GstElement *oriel_speech_new(GError **error);
/* The RTP caps of its pads; the caller unrefs. */
GstCaps *oriel_speech_caps(GstElement *speech);

/* From now on this socket, which it owns; -1: none. */
void oriel_speech_connect(GstElement *speech, int sound);

/* What the receiver reports as lost, in 1/1000: by it the encoder adds what repairs. `kbits`: what the way has for all;
 * under 300 the packets are larger and fewer. */
void oriel_speech_adapt(GstElement *speech, unsigned loss_permille, unsigned kbits);

#endif
