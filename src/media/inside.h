/* The TURN server as media sees it: a UDP socket of its own, on the loopback of its network namespace, whose other side
 * oriel-egress holds.
 *
 * Policy: media has no network but loopback. What WebRTC sends to ORIEL_INSIDE_ADDRESS comes out of this socket, which
 * is made here, inside, and handed out over the control channel; egress moves it to the real server and back. */
#ifndef ORIEL_INSIDE_H
#define ORIEL_INSIDE_H

#define ORIEL_INSIDE_ADDRESS "127.0.0.1"
enum { ORIEL_INSIDE_PORT = 3478 };

/* The socket, or -errno. The caller closes it once it is handed out. */
int oriel_inside_socket(void);

#endif
