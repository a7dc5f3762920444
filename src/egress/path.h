/* One attempt to reach one TURN server at one address, and, when it succeeds, the path itself.
 *
 *   UDP   connecting -------------------------------> proving -> proven
 *   TCP   connecting [-> proxying] -----------------> proving -> proven          any -> failed
 *   TLS   connecting [-> proxying] -> handshaking --> proving -> proven
 *
 * Policy: a path is proven by an answer to an Allocate request of our own without credentials (turn.h), so that nothing
 * that merely accepts connections is taken for a TURN server. Every socket is connected before anything leaves by it,
 * never bound, never listening. A failed attempt says why and is never made with less. The path's time limit is its
 * owner's business. One thread. */
#ifndef ORIEL_EGRESS_PATH_H
#define ORIEL_EGRESS_PATH_H

#include <sys/socket.h>

#include "stream.h"
#include "turn.h"

enum oriel_path_state {
    ORIEL_PATH_CONNECTING,
    ORIEL_PATH_PROXYING,
    ORIEL_PATH_HANDSHAKING,
    ORIEL_PATH_PROVING,
    ORIEL_PATH_PROVEN,
    ORIEL_PATH_FAILED,
};

struct oriel_path {
    enum oriel_path_state state;
    enum oriel_path_state reached;             /* where it failed; CONNECTING: nobody was heard */
    const struct oriel_server *server, *proxy; /* borrowed; proxy NULL: none */
    oriel_tls_context *context;                /* borrowed; for TLS */
    int fd;                                    /* of UDP, and of TCP before there is a stream: -1 then */
    struct oriel_stream *stream;               /* of TCP and TLS */
    uint8_t transaction[12];                   /* of the question that waits for its answer */
    struct oriel_turn_challenge challenge;     /* what the server answers it with, and the newest since */
    bool allocated;                            /* media has an allocation by it; its owner's */
    unsigned requests;                         /* so many were sent */
    int64_t next;                              /* when to send it again */
    size_t slot;                               /* its place in poll(2)'s list; its owner's */
    char at[64];                               /* the address in words */
    char error[ORIEL_EGRESS_TEXT_SIZE];        /* when failed */
};

/* Begins. `address` is the server's, or the proxy's if there is one. NULL: no memory. */
struct oriel_path *oriel_path_new(const struct oriel_server *server, const struct oriel_server *proxy,
                                  oriel_tls_context *context, const struct sockaddr *address, int64_t now);
void oriel_path_free(struct oriel_path *p);

int oriel_path_fd(const struct oriel_path *p);
short oriel_path_events(const struct oriel_path *p);
/* When step() wants to be called without an event; INT64_MAX: never. */
int64_t oriel_path_time(const struct oriel_path *p);
/* Goes on as far as it goes now. Not for a proven one. */
void oriel_path_step(struct oriel_path *p, int64_t now);

/* Sends the question, the first time or once more, by whatever the path is. 0 or -errno. */
int oriel_path_ask(struct oriel_path *p, int64_t now);
/* A new question: the answers to older ones are none any more. */
void oriel_path_new_question(struct oriel_path *p);

/* The path in words: "TLS to host:443 (192.0.2.1:443)". */
void oriel_path_describe(const struct oriel_path *p, char out[ORIEL_EGRESS_TEXT_SIZE]);

#endif
