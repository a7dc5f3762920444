/* RTP as it is offered: the m-lines' names (MID, RFC 8843), payload types and header extensions. A payload type or id
 * means nothing outside of the session; each m-line has its own, so that a packet tells by its payload type where it
 * belongs. Retransmissions have payload types that webrtcbin takes beside these. */
#ifndef ORIEL_OFFERED_H
#define ORIEL_OFFERED_H

#include <gst/gst.h>

#define ORIEL_MID_SCREEN "screen"
#define ORIEL_MID_CAMERA "camera"
#define ORIEL_MID_VOICE "voice"
#define ORIEL_MID_FACE "face"

#define ORIEL_PAYLOAD_SCREEN 96
#define ORIEL_PAYLOAD_CAMERA 98
#define ORIEL_PAYLOAD_VOICE 111
#define ORIEL_PAYLOAD_FACE 100

#define ORIEL_URI_TWCC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define ORIEL_URI_MID "urn:ietf:params:rtp-hdrext:sdes:mid"

#define ORIEL_ID_TWCC 1
#define ORIEL_ID_MID 2
#define ORIEL_ID_PLAYOUT_DELAY 3
#define ORIEL_ID_CAPTURE_TIME 4
#define ORIEL_ID_DEPENDENCIES 5

/* Gives a payloader of a picture all of them. `bin` is what the pictures' times are of. False with `error` set. */
gboolean oriel_offered_extend(GstElement *pay, const char *mid, GstElement *bin, GError **error);

#endif
