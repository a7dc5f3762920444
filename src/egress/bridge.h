/* Moves datagrams between the inside socket, behind which media takes us for its TURN server, and the path to the real
 * one.
 *
 * Policy: media is not trusted, nor is the server. The inside socket is checked when it comes, and used without
 * relying on anything that media, which holds the same socket, could change: no call on it ever waits, and its sender's
 * address is looked at in each datagram. Media's transport is learnt from its first Allocate request, and the socket
 * connected to it; datagrams from elsewhere are dropped. Both ways only what framing.h takes for a message passes; all
 * else is counted. Media's first request, the one without credentials, is answered here, as the server has answered
 * ours: that saves a round trip. When a side is slower than the other, datagrams are dropped and counted.
 *
 * A path is broken when its connection ends; when a UDP socket gives nothing but errors for half a second; or when
 * media has sent and nothing has come back for 6 s. It is in doubt much sooner: when nothing has come back for 0.7 s,
 * or for two and a half times as long as an answer took in the last half minute. With nothing to send nothing is
 * watched: at rest there is no timer. Limits: batches of 16; nothing is allocated. One thread. */
#ifndef ORIEL_EGRESS_BRIDGE_H
#define ORIEL_EGRESS_BRIDGE_H

#include "path.h"

struct oriel_counters {
    uint64_t bytes_out, bytes_in;
    uint32_t dropped_out, dropped_in, refused;
};

struct oriel_bridge {
    int inside;             /* owned; -1: none yet */
    uint32_t media_address; /* of media's transport, in network order; 0: not learnt */
    uint16_t media_port;
    struct oriel_turn_credentials credentials; /* media's; none: nothing is released */
    unsigned idle_events;                      /* in a row: poll(2) told of something and nothing was there */
    struct oriel_path *path;                   /* owned; NULL: none, and nothing moves */
    struct oriel_counters counters;
    struct oriel_delay delay;
    int64_t sent;       /* when media sent last */
    int64_t unheard;    /* since when media has sent and nothing came back; 0: nothing is awaited */
    int64_t longest[2]; /* how long an answer took, of the present half minute and of the one before */
    int64_t turned;     /* when the present one began */
    bool fed;           /* something of the agent's has come by this path */
    int64_t failing;    /* since when a UDP socket has given errors only; 0: it has not */
    unsigned failures;  /* so many of them */
};

/* A UDP socket of IPv4 that is bound to 127.0.0.1 and not connected. It must have been bound to a port by its number:
 * one that the kernel chose is lost when the socket is disconnected from a transport of media. */
bool oriel_bridge_check(int fd, char error[ORIEL_EGRESS_TEXT_SIZE]);

/* Takes a proven path. What lies in the inside socket is sent on if `first`, else it is of a transport that has gone
 * with the path before, and is dropped; media's address is then learnt anew. false: the inside socket is no longer what
 * it was, see `error`. */
bool oriel_bridge_open(struct oriel_bridge *r, struct oriel_path *path, bool first, int64_t now,
                       char error[ORIEL_EGRESS_TEXT_SIZE]);
/* Closes the path, and releases what media has there at the server, if that can be said. */
void oriel_bridge_close(struct oriel_bridge *r);

/* After poll(2). false: media has broken its socket. */
bool oriel_bridge_inside(struct oriel_bridge *r, short events, int64_t now);
/* From when on the path is in doubt, if nothing comes until then; INT64_MAX: nothing is awaited. */
int64_t oriel_bridge_doubt(const struct oriel_bridge *r);
/* The longest that an answer took lately. */
int64_t oriel_bridge_usual(const struct oriel_bridge *r);
/* The server was shown to be there: it is not the path that is silent. */
void oriel_bridge_believe(struct oriel_bridge *r);
/* After poll(2), and at time(). false: the path is broken, see `error`. */
bool oriel_bridge_outside(struct oriel_bridge *r, short events, int64_t now, char error[ORIEL_EGRESS_TEXT_SIZE]);
/* When outside() wants to be called without an event; INT64_MAX: never. */
int64_t oriel_bridge_time(const struct oriel_bridge *r);

/* With what the present path counts itself. */
struct oriel_counters oriel_bridge_counters(const struct oriel_bridge *r);

#endif
