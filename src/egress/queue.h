/* Messages that wait for a stream which is slower than media.
 *
 * Policy: it drops rather than grows, and it drops the oldest: what waited longest is worth least to somebody who
 * watches live, and whoever sends notices the gap soonest that way. What has waited for AGE_MAX is dropped as well,
 * however much room there is: behind it everything else would be late. A stream keeps a second, small queue for STUN
 * (stream.h) that media can't push anything out of.
 * Limits: the bytes given to init, headers included. One thread. */
#ifndef ORIEL_EGRESS_QUEUE_H
#define ORIEL_EGRESS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oriel_queue {
    uint8_t *bytes;
    size_t size, head, used;
    int64_t age_max;  /* nanoseconds; 0: nothing grows old */
    uint64_t dropped; /* messages, since init */
};

void oriel_queue_init(struct oriel_queue *q, void *bytes, size_t size, int64_t age_max);
/* Always takes it, unless it is longer than the whole queue. `length` is at most 65535; `now` is the time of one clock
 * that never goes back. */
void oriel_queue_push(struct oriel_queue *q, const void *message, size_t length, int64_t now);
/* Takes the first message that is not too old out, if it fits into `room` bytes; its length, else 0. */
size_t oriel_queue_pop(struct oriel_queue *q, void *out, size_t room, int64_t now);

/* When the first message was pushed, as push() was told; 0: there is none. */
int64_t oriel_queue_time(const struct oriel_queue *q);

#endif
