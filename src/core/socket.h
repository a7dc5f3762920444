/* The unix sockets that core offers on the device itself: SOCK_SEQPACKET, one JSON object a packet; or SOCK_STREAM, one
 * a line. */
#ifndef ORIEL_SOCKET_H
#define ORIEL_SOCKET_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

enum { ORIEL_SOCKET_PACKET_MAX = 8192 };

/* A listening socket at `path`, non-blocking; its directory is made (0755) when missing. A socket file that nobody
 * listens on any more is replaced; a live one is an error. `mode` are its permissions. -1 with `error` set. */
int oriel_socket_listen(const char *path, int type, mode_t mode, GError **error);
/* Whether it is a SOCK_STREAM, whose messages are lines. */
bool oriel_socket_has_lines(int fd);
/* The uid at the other end, or (uid_t)-1. */
uid_t oriel_socket_peer(int fd);
/* One JSON object (stolen), as a packet or a line. False: the peer is gone or does not read. */
bool oriel_socket_send(int fd, void *json);
/* The same, with a descriptor (duplicated; still the caller's). */
bool oriel_socket_send_fd(int fd, void *json, int passed);
/* Closes so that the peer reads what it was sent before it reads the end, whatever it has sent itself meanwhile. */
void oriel_socket_close(int fd);

#endif
