/* One TURN server by one transport: its name is looked up, then its addresses are tried one after the other, a quarter
 * of a second apart or as soon as the one before has failed (RFC 8305), until one path is proven or all have failed.
 *
 * Policy: with a proxy, TCP and TLS go through it and only through it, and the server's name is the proxy's to look up;
 * UDP can't and goes directly. Limits: 4 addresses. One thread. */
#ifndef ORIEL_EGRESS_ROUTE_H
#define ORIEL_EGRESS_ROUTE_H

#include "path.h"
#include "resolve.h"

struct oriel_route {
    const struct oriel_server *server, *proxy; /* borrowed; proxy NULL: none */
    oriel_tls_context *context;                /* borrowed */
    bool found;                                /* `addresses` are there */
    struct oriel_addresses addresses;
    size_t begun; /* so many of them have a path */
    struct oriel_path *paths[ORIEL_ADDRESSES_MAX];
    int64_t next, deadline;
    enum oriel_path_state reached;      /* by the address that got furthest */
    char error[ORIEL_EGRESS_TEXT_SIZE]; /* when it has failed: why that one did */
};

/* It has `life` ns in all. */
void oriel_route_begin(struct oriel_route *r, int64_t life, int64_t now);
/* Goes on as far as it goes now. 1: a path is proven · 0: not yet · -1: failed, see `error`. */
int oriel_route_step(struct oriel_route *r, struct oriel_resolver *resolver, int64_t now);
/* When step() wants to be called without an event. */
int64_t oriel_route_time(const struct oriel_route *r);
/* The proven path becomes the caller's. */
struct oriel_path *oriel_route_take(struct oriel_route *r);
/* Closes what there is. */
void oriel_route_end(struct oriel_route *r);

#endif
