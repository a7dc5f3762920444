/* Names to addresses, without ever waiting for it.
 *
 * Policy: IP literals are taken as they are and start nothing. For a name, one thread runs getaddrinfo(3), which asks
 * whatever this system asks (hosts file, DNS); the order of the addresses is getaddrinfo's (RFC 6724). A thread that
 * takes too long is left to itself: it holds nothing but its own job.
 * Limits: 9 names at a time, 4 addresses of each. One thread calls all this; the others only see their job. */
#ifndef ORIEL_EGRESS_RESOLVE_H
#define ORIEL_EGRESS_RESOLVE_H

#include <sys/socket.h>

#include "uri.h"

enum { ORIEL_ADDRESSES_MAX = 4, ORIEL_NAMES_MAX = ORIEL_SERVERS_MAX + 1 };

struct oriel_addresses {
    size_t count;
    struct sockaddr_storage list[ORIEL_ADDRESSES_MAX];
};

struct oriel_resolver {
    int fd; /* becomes readable when an answer has come: oriel_resolver_clear() */
    size_t count;
    struct oriel_job *jobs[ORIEL_NAMES_MAX];
};

/* False: no file descriptor for it. */
bool oriel_resolver_init(struct oriel_resolver *r);
/* The addresses of a server's host, with its port. The first call for a name starts it. 1: there they are · 0: not yet
 * · -1: there are none, see `error`. */
int oriel_resolver_find(struct oriel_resolver *r, const struct oriel_server *server, struct oriel_addresses *out,
                        char error[ORIEL_EGRESS_TEXT_SIZE]);
void oriel_resolver_clear(struct oriel_resolver *r);
/* Forgets all names, those still being asked for too: the network may be another one now. */
void oriel_resolver_forget(struct oriel_resolver *r);

#endif
