/* The one budget of everything that leaves for the agent: RTP (voice, repeats, pictures) and the exact layer's tiles.
 *
 *   who sends --take / spend--> bucket, filled at the target -->  the network
 *   estimator <-- acked ------- tiles' acknowledgements; it sets the target and how much may be on its way
 *
 * Policy: a bucket of bytes fills at the target rate and holds ORIEL_BUDGET_BURST of it (at least a few packets), so
 * that a small change leaves at once. Who comes first: voice, which is never refused, then repeats, pictures, tiles; a
 * class is refused while one above it waits. Pictures and repeats may take the bucket into debt by one more burst,
 * tiles must pay at once. Pictures, repeats and tiles are also refused while more is on its way than the network takes
 * (`cap`): a link that slows down gets a short queue, and what waits, waits here, where it can still be replaced by
 * something newer; for pictures tiles count as half of it at most, since a busy page tells of them late. Tiles may also
 * borrow: while no picture has left for ORIEL_BUDGET_QUIET, nothing waits and the estimator sees no queue, what has a
 * window of its own over the path may find out by itself what it takes, and owes the pictures nothing for it. Before
 * anything is known of the path one picture is on its way at most (oriel_budget_hold). Nobody feeds the target on a
 * path that says nothing back: then it stays what it was made with, and nothing is capped.
 *
 * Numbers are bytes, bit/s and CLOCK_MONOTONIC ns. Thread-safe; no call takes longer than a few instructions, but for
 * oriel_budget_acked(), which calls the listener, with no lock held. */
#ifndef ORIEL_RATE_BUDGET_H
#define ORIEL_RATE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

/* In the order of priority. */
enum oriel_budget_class {
    ORIEL_BUDGET_AUDIO,
    ORIEL_BUDGET_RETRANSMISSION,
    ORIEL_BUDGET_VIDEO,
    ORIEL_BUDGET_TILES,
    ORIEL_BUDGET_CLASSES,
};

#define ORIEL_BUDGET_BURST (40 * ORIEL_MILLISECOND)
#define ORIEL_BUDGET_QUIET (300 * ORIEL_MILLISECOND)

/* One message that the other side has (`arrived` by its clock, any zero), or that is given up for lost. */
struct oriel_budget_ack {
    uint32_t bytes;
    int64_t sent, arrived;
    bool lost;
};

struct oriel_budget;

struct oriel_budget *oriel_budget_new(double bits_per_second, int64_t now);
void oriel_budget_free(struct oriel_budget *budget);

/* ---- who sends ---- */

/* What all together may send now, bit/s. */
double oriel_budget_target(struct oriel_budget *budget);

/* The shortest round trip lately, ns; 0: not known. And the share of packets that are lost. */
int64_t oriel_budget_trip(struct oriel_budget *budget);
double oriel_budget_loss(struct oriel_budget *budget);

/* Whether `bytes` may leave now: then they are counted as gone. If not, `again` is when to ask next, later than `now`.
 */
bool oriel_budget_take(struct oriel_budget *budget, enum oriel_budget_class class, size_t bytes, int64_t now,
                       int64_t *again);

/* Whether tiles may leave that oriel_budget_take refused, for a caller that looks at its acknowledgements before it
 * sends more. */
bool oriel_budget_borrow(struct oriel_budget *budget, size_t bytes, int64_t now);

/* `bytes` leave without asking. */
void oriel_budget_spend(struct oriel_budget *budget, enum oriel_budget_class class, size_t bytes, int64_t now);

/* How many bytes of the class wait now. Whoever was refused says so, and says 0 when nothing waits any more. */
void oriel_budget_wait(struct oriel_budget *budget, enum oriel_budget_class class, size_t bytes);

/* When a picture that is made now could start to leave: what waits in its class and above, and the debt, is gone by
 * then as far as anybody knows. `now` or later. */
int64_t oriel_budget_ready(struct oriel_budget *budget, int64_t now);

/* What became of tiles that were taken or spent: once for each message and each sending of it. */
void oriel_budget_acked(struct oriel_budget *budget, const struct oriel_budget_ack *acks, size_t count, int64_t now);

/* All that is on its way is forgotten: a new connection. */
void oriel_budget_renew(struct oriel_budget *budget, int64_t now);

/* ---- the estimator ---- */

/* From now on. `cap`: bytes that may be on their way; 0: any number. */
void oriel_budget_set(struct oriel_budget *budget, double bits_per_second, size_t cap, int64_t now);

/* The shortest round trip that is known of the path, ns; 0: none. And what it loses. */
void oriel_budget_tell_path(struct oriel_budget *budget, int64_t trip, double loss);

/* Whether one picture on its way is enough: no other is ready then. */
void oriel_budget_hold(struct oriel_budget *budget, bool hold);

/* Whether anything is lent; it is at first. */
void oriel_budget_lend(struct oriel_budget *budget, bool lend);

/* Packets of the class that came or are lost, where nothing is learnt from it. */
void oriel_budget_left(struct oriel_budget *budget, enum oriel_budget_class class, size_t bytes);

/* Bytes on their way, of all classes; of what was taken and spent, and not acked or left. And all but tiles. */
size_t oriel_budget_in_flight(struct oriel_budget *budget);
size_t oriel_budget_rtp_in_flight(struct oriel_budget *budget);

/* Bytes that wait, of all classes, and how long that takes at the target, ns. */
size_t oriel_budget_waiting(struct oriel_budget *budget, int64_t *takes);

/* Bytes of the class that were taken and spent since the start. */
uint64_t oriel_budget_sent(struct oriel_budget *budget, enum oriel_budget_class class);

/* Before anything is acked. */
void oriel_budget_listen(struct oriel_budget *budget,
                         void (*heard)(void *user, const struct oriel_budget_ack *acks, size_t count, int64_t now),
                         void *user);

#endif
