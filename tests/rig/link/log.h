/* What passed, in steps of 50 ms, as lines of a file:
 *
 *     MS up|down IN_BYTES WIRE_BYTES WAITED_MS QUEUED_BYTES DROPPED LOST LATE_MS
 *
 * MS is CLOCK_MONOTONIC's at the step's begin; steps without anything have no line. WAITED is the longest that a packet
 * was in the queue, LATE how much later than due we gave one on (how busy this machine is). */
#pragma once
#include <stdio.h>

#include "lane.h"

enum { LOG_STEP_MS = 50 };

struct log {
    FILE *file;
    int64_t step; /* its begin; ns */
    struct lane_counters before[2];
    int64_t late[2];
    int64_t latest; /* of all */
};

/* Writes the step that is over, if one is. To be called before anything is done at that time. */
void log_tick(struct log *log, struct lane *lanes[2], int64_t now);
/* What passed of the present step; it gets one more line when it is over. */
void log_write(struct log *log, struct lane *lanes[2], int64_t now);
void log_late(struct log *log, int lane, int64_t late);
