/* The wire between Oriel's processes: typed messages with file descriptors over a unix SOCK_SEQPACKET pair.
 *
 * Policy: each pair of processes has one table of messages for each direction (core_*.h). A message that is not in the
 * table, or whose fields or number of fds differ from it, is a broken peer: -EPROTO, and the caller ends the
 * connection. Nobody trusts a length or a string that arrived: strings are checked for their terminating NUL, for inner
 * NULs and for UTF-8 by the receiver of their meaning.
 *
 * A packet: u16 type, u16 zero, u32 length of the fields, then the fields, all little-endian. Fields by the letters of
 * the table: `u` u32 · `t` u64 · `s` u32 length, that many bytes, NUL (not counted) · `b` u32 length, bytes.
 *
 * Limits: a packet of at most 96 KiB, at most 4 fds. Not thread-safe: one thread a direction of a channel. */
#ifndef ORIEL_IPC_CHANNEL_H
#define ORIEL_IPC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORIEL_IPC_PACKET_MAX = 96 * 1024, ORIEL_IPC_FDS_MAX = 4, ORIEL_IPC_FIELDS_MAX = 16 };

struct oriel_ipc_type {
    uint16_t id;
    const char *name;
    const char *fields;
    unsigned fds;
};

struct oriel_ipc_table {
    const char *name; /* for error messages: "core to media" */
    const struct oriel_ipc_type *types;
    size_t count;
};

/* One received message. Field pointers point into the message itself: they live until it is received into again. */
struct oriel_ipc_message {
    const struct oriel_ipc_type *type;
    int fds[ORIEL_IPC_FDS_MAX]; /* owned: taken by oriel_ipc_take_fd, the rest closed by oriel_ipc_message_clear */
    unsigned fd_count;
    union {
        uint64_t number;
        struct {
            const char *bytes; /* NUL-terminated for `s` */
            size_t length;
        };
    } fields[ORIEL_IPC_FIELDS_MAX];
    size_t length;
    char packet[ORIEL_IPC_PACKET_MAX];
};

/* Whether `fd` can be an end of a channel, as a helper asks of what it was started with. */
bool oriel_ipc_is_channel(int fd);

/* A connected pair, close-on-exec, with room for the largest packet. 0 or -errno. */
int oriel_ipc_pair(int fds[2]);

/* Sends message `id` of `table`. `args` are the fields in the table's order: u: uint32_t · t: uint64_t · s: const char
 * * (not NULL) · b: const void *, size_t; after them one int for each fd (duplicated by the kernel, still the
 * caller's). 0 · -EAGAIN: the peer does not read (the caller decides: broken, or try again) · -EMSGSIZE · -EPIPE: the
 * peer is gone. */
int oriel_ipc_send(int fd, const struct oriel_ipc_table *table, unsigned id, ...);

/* Receives one message into `message`, which must be zeroed or cleared. Never blocks on a non-blocking fd.
 * 1: a message · 0: the peer closed · -EAGAIN · -EPROTO: not a message of `table`. */
int oriel_ipc_receive(int fd, const struct oriel_ipc_table *table, struct oriel_ipc_message *message);

/* The fd at `index` passes to the caller; -1 if it was taken already. */
int oriel_ipc_take_fd(struct oriel_ipc_message *message, unsigned index);
void oriel_ipc_message_clear(struct oriel_ipc_message *message);

#endif
