/* Core and media. Media lives for one session; core kills it to end it. */
#ifndef ORIEL_IPC_CORE_MEDIA_H
#define ORIEL_IPC_CORE_MEDIA_H

#include "channel.h"

/* Core to media. */
enum {
    /* s session · s fingerprint that the peer's certificate must have (32 upper-case hex pairs and colons, SHA-256) ·
     * s path ("relay": TURN only, by the RELAY_SOCKET; "direct": host candidates) · s with "direct": local addresses to
     * gather on, comma-separated IP literals ("" = all) · s, s with "relay": TURN user name and password · u bitrate
     * kbit/s · u frames a second at most · u whether there is an exact layer (0/1) · s text of the pipeline graph
     * (pipelines/graph.h) · u kbit/s that the way took at the end of the last session, 0: not known · fd: the frame
     * socket to capture (frames.h). First, once. */
    ORIEL_MEDIA_START = 1,
    /* s SDP of the agent's answer, from a verified message */
    ORIEL_MEDIA_ANSWER = 2,
    /* u mline · s candidate ("" = end of candidates) */
    ORIEL_MEDIA_REMOTE_CANDIDATE = 3,
    /* The way out is a new one, and with it the relay: make a new transport, with an OFFER and candidates of its own;
     * the DTLS certificate, capture and encoder stay. u number of this renewal, from 1 */
    ORIEL_MEDIA_RENEW = 4,
    /* u, u microseconds that packets took through egress in the last second, median and most; 0 without a relay, and
     * before the first. For the page; comes after each STATS that finds them changed. */
    ORIEL_MEDIA_EGRESS = 5,
    /* u 1: no picture is asked of capture, encoded or sent from now on; 0: again, with a keyframe first. Any time after
     * START, whatever the transport does meanwhile. */
    ORIEL_MEDIA_FREEZE = 6,
    /* s fingerprint that the certificate must have from the next RENEW on: the agent's page was loaded anew, and
     * nothing of what was said to the one before is known to it. */
    ORIEL_MEDIA_AGENT = 7,
    /* u, bits of ORIEL_TALK_…: how it stands with the person's voice · s what of it does not work, and why, for people.
     * Without ON no sound is sent, and none is taken, from here on. Any time after START, at each change. */
    ORIEL_MEDIA_VOICE = 10,
    /* fd: the sound socket to voice (sound.h), in place of the one before. Any time after START. */
    ORIEL_MEDIA_SOUND = 11,
    /* u, bits of ORIEL_PANEL_…: what the program at the panel can show now. Any time after START, at each change. */
    ORIEL_MEDIA_PANEL = 20,
    /* u id of the agent's CHAT that the person's panel has now, and all before it */
    ORIEL_MEDIA_HEARD = 21,
    /* s a line of the person's: clean, at most 500 characters */
    ORIEL_MEDIA_SAY = 22,
    /* u frames a second · u kbit/s · fd: the frame socket of a camera that is about to run (frames.h); in place of one
     * that was on. Only under the scope `camera`. */
    ORIEL_MEDIA_CAMERA_ON = 23,
    /* No camera any more: nothing of it is sent from now on. */
    ORIEL_MEDIA_CAMERA_OFF = 24,
    /* s a message for the page, as PROTOCOL.md has it: which cameras there are. The newest is told again on a new path.
     */
    ORIEL_MEDIA_TELL = 25,
    /* fd: the frame socket by which the HMI gets the agent's camera; in place of one before. Only under `face`. */
    ORIEL_MEDIA_FACE_ON = 26,
    /* Nothing of it is let in or shown from now on. */
    ORIEL_MEDIA_FACE_OFF = 27,
};

enum { ORIEL_TALK_ON = 1, ORIEL_TALK_MICROPHONE = 2, ORIEL_TALK_SPEAKER = 4, ORIEL_TALK_MUTED = 8 };

/* What a program at the panel may be able to show. */
enum { ORIEL_PANEL_CHAT = 1, ORIEL_PANEL_DRAW = 2, ORIEL_PANEL_FACE = 4 };

/* Media to core. */
enum {
    /* u number of the newest RENEW, 0: none yet · s fingerprint of our DTLS certificate · s SDP of the offer, without
     * candidates. Once for START and for a RENEW that no other follows at once. */
    ORIEL_MEDIA_OFFER = 1,
    /* u mline · s candidate ("" = end of candidates) */
    ORIEL_MEDIA_LOCAL_CANDIDATE = 2,
    /* ICE and DTLS are up and the first picture has left. Once for each OFFER. */
    ORIEL_MEDIA_LIVE = 3,
    /* Once a second from LIVE on: u width · u height · u frames sent in this second · u kbit/s sent · u loss in 1/1000
     * as the receiver reports · u round trip ms · t bytes sent since the start · and where the time of the changed
     * pictures of this second went, median and most in us: u u capture · u u convert · u u encode · u u packetize
     * (pipelines/trace.h; 0 when there were none) */
    ORIEL_MEDIA_STATS = 4,
    /* s one of the end reasons media-failed, capture-failed, peer-lost, protocol, fingerprint · s detail for people.
       Media ends after it. */
    ORIEL_MEDIA_FAILED = 5,
    /* fd: the UDP socket that plays the TURN server to media, bound to 127.0.0.1:3478 in media's network namespace: for
     * oriel-egress. Once, before the first OFFER, with path "relay". */
    ORIEL_MEDIA_RELAY_SOCKET = 6,
    /* s detail for people: there is no connection (any more), or nothing has come from the agent's page for 4 s. No
     * picture is taken until a RENEW. At most once for each OFFER. */
    ORIEL_MEDIA_LOST = 7,
    /* Before each STATS: u kbit/s that the way to the agent takes, as far as is known · u ms that packets wait on it ·
     * u ms that they wait here · u state, of enum oriel_rate_state (pipelines/rate/estimator.h) · u recoveries and u
     * keyframes since the start: pictures that a loss made necessary, or that somebody asked for */
    ORIEL_MEDIA_WAY = 8,
    /* u id, from 1 without a gap · s a line of the agent's, at most 500 characters. It comes until it is HEARD. */
    ORIEL_MEDIA_CHAT = 20,
    /* u kind · u number of the stroke · b points of u16 x · u16 y, in 1/65535 of the picture: what the agent points at
     * (one), marks (one) or draws (at most 32); CLEAR has none */
    ORIEL_MEDIA_DRAW = 21,
    /* u number of the camera that the agent wants, 0: none */
    ORIEL_MEDIA_CAMERA_USE = 22,
};

enum { ORIEL_DRAW_POINT = 1, ORIEL_DRAW_MARK = 2, ORIEL_DRAW_STROKE = 3, ORIEL_DRAW_CLEAR = 4 };
enum { ORIEL_DRAW_POINTS_MAX = 32, ORIEL_DRAW_POINT_SIZE = 4 };

/* Exit status of media when the peer's certificate was not the announced one. No message is sent first: the handshake
 * is cut inside the verification, before any key exists. */
enum { ORIEL_MEDIA_EXIT_FINGERPRINT = 86 };

static const struct oriel_ipc_type oriel_core_to_media_types[] = {
    {ORIEL_MEDIA_START, "start", "ssssssuuusu", 1},
    {ORIEL_MEDIA_ANSWER, "answer", "s", 0},
    {ORIEL_MEDIA_REMOTE_CANDIDATE, "remote-candidate", "us", 0},
    {ORIEL_MEDIA_RENEW, "renew", "u", 0},
    {ORIEL_MEDIA_EGRESS, "egress", "uu", 0},
    {ORIEL_MEDIA_FREEZE, "freeze", "u", 0},
    {ORIEL_MEDIA_AGENT, "agent", "s", 0},
    {ORIEL_MEDIA_VOICE, "voice", "us", 0},
    {ORIEL_MEDIA_SOUND, "sound", "", 1},
    {ORIEL_MEDIA_PANEL, "panel", "u", 0},
    {ORIEL_MEDIA_HEARD, "heard", "u", 0},
    {ORIEL_MEDIA_SAY, "say", "s", 0},
    {ORIEL_MEDIA_CAMERA_ON, "camera-on", "uu", 1},
    {ORIEL_MEDIA_CAMERA_OFF, "camera-off", "", 0},
    {ORIEL_MEDIA_TELL, "tell", "s", 0},
    {ORIEL_MEDIA_FACE_ON, "face-on", "", 1},
    {ORIEL_MEDIA_FACE_OFF, "face-off", "", 0},
};
static const struct oriel_ipc_type oriel_media_to_core_types[] = {
    {ORIEL_MEDIA_OFFER, "offer", "uss", 0},
    {ORIEL_MEDIA_LOCAL_CANDIDATE, "local-candidate", "us", 0},
    {ORIEL_MEDIA_LIVE, "live", "", 0},
    {ORIEL_MEDIA_STATS, "stats", "uuuuuutuuuuuuuu", 0},
    {ORIEL_MEDIA_FAILED, "failed", "ss", 0},
    {ORIEL_MEDIA_RELAY_SOCKET, "relay-socket", "", 1},
    {ORIEL_MEDIA_WAY, "way", "uuuuuu", 0},
    {ORIEL_MEDIA_LOST, "lost", "s", 0},
    {ORIEL_MEDIA_CHAT, "chat", "us", 0},
    {ORIEL_MEDIA_DRAW, "draw", "uub", 0},
    {ORIEL_MEDIA_CAMERA_USE, "camera-use", "u", 0},
};
static const struct oriel_ipc_table oriel_core_to_media __attribute__((unused)) = {
    "core to media", oriel_core_to_media_types, sizeof oriel_core_to_media_types / sizeof(struct oriel_ipc_type)};
static const struct oriel_ipc_table oriel_media_to_core __attribute__((unused)) = {
    "media to core", oriel_media_to_core_types, sizeof oriel_media_to_core_types / sizeof(struct oriel_ipc_type)};

#endif
