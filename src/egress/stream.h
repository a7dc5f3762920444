/* A connected TCP socket, with or without TLS, that carries messages.
 *
 *   queue() -> [control 8 KiB] \
 *           -> [media 48 KiB]  -> out 4 KiB -> TLS -> socket         socket -> TLS -> deframer -> in.next()
 *
 * Policy: a message that has begun to be written is written whole; only what still waits may be dropped. STUN goes
 * first and has a queue of its own, because it keeps the allocation alive and media can't push it out; media drops its
 * oldest, and what waited for 100 ms. Little is handed to the kernel ahead of time (TCP_NOTSENT_LOWAT): what lies there
 * can't be dropped any more. Several small messages go in one write, hence in one TLS record, of at most 4 KiB.
 * Limits: those of the picture; nothing is allocated later on. One thread. */
#ifndef ORIEL_EGRESS_STREAM_H
#define ORIEL_EGRESS_STREAM_H

#include "delay.h"
#include "framing.h"
#include "queue.h"
#include "tls.h"

enum { ORIEL_STREAM_OUT = 4096, ORIEL_STREAM_CONTROL = 8 * 1024, ORIEL_STREAM_MEDIA = 48 * 1024 };

struct oriel_stream {
    int fd;                /* owned */
    struct oriel_tls *tls; /* owned; NULL: plain, or no TLS yet */
    bool more;             /* read() has left bytes that no poll(2) will tell of */
    uint64_t written;      /* bytes of messages that have begun to be written */
    size_t out_at, out_end;
    struct oriel_queue control, media;
    struct oriel_delay *delay; /* where it is noted how long media's messages waited; NULL: nowhere */
    struct oriel_deframer in;
    uint8_t out[ORIEL_STREAM_OUT], control_bytes[ORIEL_STREAM_CONTROL], media_bytes[ORIEL_STREAM_MEDIA];
};

/* Takes the fd, and closes it if there is no memory. */
struct oriel_stream *oriel_stream_new(int fd);
void oriel_stream_free(struct oriel_stream *s);

/* Reads once into `in`. 1: bytes came · 0: none now · -errno, -EPIPE: the other side has ended. */
int oriel_stream_read(struct oriel_stream *s);
/* A checked message, without padding, that came at `now`. It goes out with the next flush(). */
void oriel_stream_queue(struct oriel_stream *s, enum oriel_frame_kind kind, const uint8_t *message, size_t length,
                        int64_t now);
/* Writes what the socket takes. 0 or -errno. */
int oriel_stream_flush(struct oriel_stream *s, int64_t now);
/* What to poll for. */
short oriel_stream_events(const struct oriel_stream *s);

#endif
