/* One direction of the emulated link: what becomes of each packet, and when. Pure: it is told the time, in ns.
 *
 *     push -> queue (drop-tail) -> the wire, at a rate -> lost? -> delay, jitter, reordering -> take
 *
 * A packet that is lost has used the wire, as on a radio. Times are reckoned from when the last packet left the wire,
 * not from when somebody looked, so who looks late delivers late but no slower. Chance comes from a seed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LANE_MOST_BYTES = 16 << 20 }; /* queued: what no setting allows more of */
#define LANE_NEVER INT64_MAX

struct lane_settings {
    double rate;              /* bit/s on the wire, IP headers included; 0: without limit */
    int64_t delay, jitter;    /* ns; jitter: up to that much more, drawn anew after as long a time, order kept */
    int64_t queue_time;       /* drop-tail: ns that the queue takes at this rate; 0: no such limit */
    double queue_bytes;       /* drop-tail: 0: no such limit */
    double loss;              /* 0 … 1, of each packet by itself */
    double bad, length, harm; /* Gilbert-Elliott: share of packets in the bad state, how many in a row on average, and
                                 0 … 1 of them are lost there */
    double reorder;           /* 0 … 1: comes `late` ns after its time, and others overtake it */
    int64_t late;
    bool hold; /* nothing leaves the queue (a radio that looks around); what comes is queued */
    bool cut;  /* what is on its way is lost, and all that comes */
};

/* Since the start. Bytes are of IP packets. */
struct lane_counters {
    uint64_t in_packets, in_bytes, wire_packets, wire_bytes, out_packets, out_bytes;
    uint64_t dropped, lost, cut, reordered; /* packets: queue full; by chance; while cut */
};

struct lane_packet {
    struct lane_packet *next;
    int64_t arrived, due;
    size_t size;
    uint8_t bytes[];
};

struct lane;

struct lane *lane_new(uint64_t seed);
void lane_free(struct lane *lane);
const struct lane_settings *lane_settings(const struct lane *lane);
void lane_set(struct lane *lane, const struct lane_settings *settings, int64_t now);
void lane_push(struct lane *lane, const void *bytes, size_t size, int64_t now);
/* The next packet that is due, the caller's to free(); NULL: none. */
struct lane_packet *lane_take(struct lane *lane, int64_t now);
/* When something happens by itself; LANE_NEVER. */
int64_t lane_next(const struct lane *lane);
const struct lane_counters *lane_counters(const struct lane *lane);
size_t lane_queued(const struct lane *lane); /* bytes, without the part of the first that is on the wire */
/* The longest that a packet waited before the wire began to take it, of those since this was asked last; ns. One that
 * waits still counts with what it has waited. */
int64_t lane_waited(struct lane *lane, int64_t now);
