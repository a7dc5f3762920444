/* Whether this machine's network has changed under a socket: an address or a route came or went (rtnetlink).
 *
 * Policy: what the kernel says is a hint to look, no more: most of it (lifetimes that routers renew) changes nothing
 * for a socket. Nothing is bound: the kernel gives the socket its number with the first message that leaves by it. No
 * wake-up while nothing changes. */
#ifndef ORIEL_NETWORK_H
#define ORIEL_NETWORK_H

#include <stdbool.h>

/* A descriptor that becomes readable at each change, or -errno. */
int oriel_network_watch(void);
/* Takes what lies there. */
void oriel_network_clear(int watch);
/* The kernel would reach the peer of this connected socket from another address now: what the socket sends is lost, or
 * goes a way that nobody wants any more. False: it would not, there is no way at all, or it is no such socket. */
bool oriel_network_moved(int socket);

#endif
