/* Core and egress. Egress lives for one session; core hangs up to end it, and kills it when it does not end soon. */
#ifndef ORIEL_IPC_CORE_EGRESS_H
#define ORIEL_IPC_CORE_EGRESS_H

#include "channel.h"

/* Core to egress. */
enum {
    /* s TURN servers: 1 to 8 RFC 7065 URIs, comma-separated, the preferred first ("turn:host" is UDP to 3478,
     * "turn:host:3478?transport=tcp", "turns:host:443" is TLS) · s proxy ("" or host:port, HTTP CONNECT; for TCP and
     * TLS) · s CA file ("" = the system's) · s what PATH gave to be remembered ("" = nothing yet) · s, s media's user
     * name and password at the servers, of at most 128 characters, by which what it leaves there is released ("": it is
     * not) · u milliseconds in which a way other than the preferred one must be found (200 … 60000; 2000 is usual) ·
     * fd: the inside socket, UDP, bound to 127.0.0.1 and a port by its number (3478) in media's network, not connected.
     * First, once. */
    ORIEL_EGRESS_START = 1,
    /* Media makes a new transport: it needs another path, since an allocation belongs to its ports. As if the path had
     * been lost, but without LOST. */
    ORIEL_EGRESS_RENEW = 2,
};

/* Egress to core. */
enum {
    /* There is a path: datagrams move. Again after each LOST and RENEW, and then the allocation is gone: media has to
     * make a new transport. s transport ("udp", "tcp", "tls") · s what people read: server, address, proxy · s to be
     * remembered for the next START · u milliseconds that it took · u generation: 1, 2, … */
    ORIEL_EGRESS_PATH = 1,
    /* The path broke, or was not to be had again; egress goes on trying. s detail for people · u generation that was
     * lost */
    ORIEL_EGRESS_LOST = 2,
    /* At most once a second, and only when something has changed; all since START. t bytes out · t bytes in · u
     * datagrams dropped on their way out (no path, or it is slower than media) · u on their way in · u refused: neither
     * STUN nor ChannelData, or too long, from either side; and since the last STATS: u, u microseconds that media's
     * datagrams took through egress, median and most */
    ORIEL_EGRESS_STATS = 3,
    /* s detail for people: what failed and what to do. Egress ends after it. */
    ORIEL_EGRESS_FAILED = 4,
};

static const struct oriel_ipc_type oriel_core_to_egress_types[] = {
    {ORIEL_EGRESS_START, "start", "ssssssu", 1},
    {ORIEL_EGRESS_RENEW, "renew", "", 0},
};
static const struct oriel_ipc_type oriel_egress_to_core_types[] = {
    {ORIEL_EGRESS_PATH, "path", "sssuu", 0},
    {ORIEL_EGRESS_LOST, "lost", "su", 0},
    {ORIEL_EGRESS_STATS, "stats", "ttuuuuu", 0},
    {ORIEL_EGRESS_FAILED, "failed", "s", 0},
};
static const struct oriel_ipc_table oriel_core_to_egress __attribute__((unused)) = {
    "core to egress", oriel_core_to_egress_types, sizeof oriel_core_to_egress_types / sizeof(struct oriel_ipc_type)};
static const struct oriel_ipc_table oriel_egress_to_core __attribute__((unused)) = {
    "egress to core", oriel_egress_to_core_types, sizeof oriel_egress_to_core_types / sizeof(struct oriel_ipc_type)};

#endif
