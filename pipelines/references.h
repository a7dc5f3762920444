/* Which pictures the agent's decoder has for certain, and so what the next one may refer to: recovery from loss without
 * a keyframe, and before the browser asks for one.
 *
 *   the encoder: next, made --> pictures and what they refer to      +--> a packet is lost beyond repair: the next
 *   the estimator: fate ------> which of their packets came ---------+    picture refers to one that is certain
 *                                                                    +--> all came, and what it refers to is certain:
 *                                                                         certain
 *
 * Policy: each picture refers to the last one. Golden and altref hold two earlier ones by turns: one is certain, the
 * other a newer one that is to become so; then they change places, so that what recovery starts from is about as old as
 * it takes to hear of it. A lost packet is the repeat's business first (RTX). It is beyond repair when its repeat is
 * lost as well, or none is heard of in the time that one takes. Packets of which nobody tells, because the feedback was
 * lost, count as come when none was asked for again in that time: if that is wrong, the browser sees from the
 * dependency descriptor that it can't decode what refers to them, and asks for a keyframe. Without anything certain a
 * keyframe comes after ORIEL_REFERENCES_RESORT, since repeats go on meanwhile. A browser that does not read the
 * descriptor takes every gap for a loss: for it all pictures refer to the last one, and nothing is kept.
 * Limits: the last 256 pictures and 4096 packets. Thread-safe; times are CLOCK_MONOTONIC ns. */
#ifndef ORIEL_REFERENCES_H
#define ORIEL_REFERENCES_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "path.h"
#include "slot.h"

#define ORIEL_REFERENCES_RESORT ORIEL_SECOND
#define ORIEL_REFERENCES_HURRY (400 * ORIEL_MILLISECOND)

struct oriel_references;

struct oriel_references *oriel_references_new(void);
void oriel_references_free(struct oriel_references *r);

/* A new connection: nothing is there. `can`: the browser reads the descriptor. */
void oriel_references_start(struct oriel_references *r, bool can);

/* What the next picture is to refer to, and where it is kept beside as the last. */
struct oriel_reference {
    enum oriel_slot from, into; /* `into` LAST: nowhere else */
    bool shown;                 /* what is shown now is certain: a picture that changes nothing need not be kept */
    bool hurry;                 /* `from` is wanted for long: repeats go on, but seem not to come */
    bool recoverable;           /* pictures must be decodable without the ones before them (see vp8coder.h) */
    bool key;                   /* nothing will do but a keyframe */
};
struct oriel_reference oriel_references_next(struct oriel_references *r, int64_t now);

/* A picture was made by that. `key`: it is a keyframe, whatever was planned; `lasting`: the next may refer to it. */
struct oriel_reference_made {
    uint16_t number; /* of pictures */
    uint16_t back;   /* the one that it refers to is so many before it; 0: none */
};
struct oriel_reference_made oriel_references_made(struct oriel_references *r, const struct oriel_reference *by,
                                                  bool key, bool lasting, int64_t now);

/* What became of a packet. */
void oriel_references_fate(struct oriel_references *r, const struct oriel_rate_packet *packet, int64_t now);
/* After some of them. True: the next picture is to be a recovery, and should be made now. */
bool oriel_references_judge(struct oriel_references *r, int64_t now);

struct oriel_references_counts {
    uint64_t recoveries, keyframes; /* since the start */
};
void oriel_references_count(struct oriel_references *r, struct oriel_references_counts *counts);

#endif
