/* HTTP CONNECT (RFC 9110, section 9.3.6), the client's side of it.
 *
 * Policy: a reply is a status line, header fields and an empty line, each ended by CR LF, and nothing after them: the
 * other end of the tunnel never speaks first. 2xx is yes, all else no, with the proxy's own words for people. No login
 * is sent. Limits: a reply of at most 4 KiB. Pure functions. */
#ifndef ORIEL_EGRESS_PROXY_H
#define ORIEL_EGRESS_PROXY_H

#include <stddef.h>
#include <stdint.h>

#include "uri.h"

enum { ORIEL_PROXY_REPLY_MAX = 4096, ORIEL_PROXY_REQUEST_SIZE = 640 };

/* The length of the request for a tunnel to `server`. */
size_t oriel_proxy_request(const struct oriel_server *server, char out[ORIEL_PROXY_REQUEST_SIZE]);
/* What has arrived so far, from its beginning. 1: there is a tunnel · 0: more must come · -1: there is none, see
 * `error`. */
int oriel_proxy_reply(const char *bytes, size_t size, char error[ORIEL_EGRESS_TEXT_SIZE]);

#endif
