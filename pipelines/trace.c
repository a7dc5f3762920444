/* See trace.h. */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

enum { OPEN = 4, DONE = 128 };

struct picture {
    uint64_t id;
    int64_t at; /* the end of its last stage; 0: unused */
    unsigned next;
    unsigned us[ORIEL_STAGES];
};

struct oriel_trace {
    GMutex lock;
    struct picture open[OPEN]; /* under way: a graph without a queue has one at a time */
    unsigned newest;
    unsigned done[ORIEL_STAGES][DONE];
    unsigned count, all; /* in `done`; since the last summary */
};

struct oriel_trace *oriel_trace_new(void) {
    struct oriel_trace *trace = g_new0(struct oriel_trace, 1);
    g_mutex_init(&trace->lock);
    return trace;
}

void oriel_trace_free(struct oriel_trace *trace) {
    if (trace)
        g_mutex_clear(&trace->lock);
    g_free(trace);
}

static unsigned microseconds(int64_t from, int64_t to) {
    int64_t us = (to - from) / 1000;
    return us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (unsigned)us;
}

void oriel_trace_converted(struct oriel_trace *trace, uint64_t id, int64_t captured, int64_t taken, int64_t now) {
    g_mutex_lock(&trace->lock);
    trace->newest = (trace->newest + 1) % OPEN;
    struct picture *p = &trace->open[trace->newest];
    *p = (struct picture){.id = id, .at = now, .next = ORIEL_STAGE_ENCODE};
    p->us[ORIEL_STAGE_CAPTURE] = microseconds(captured, taken);
    p->us[ORIEL_STAGE_CONVERT] = microseconds(taken, now);
    g_mutex_unlock(&trace->lock);
}

/* The picture under way with that id that waits for this stage; ends the stage. */
static struct picture *pass(struct oriel_trace *trace, uint64_t id, enum oriel_stage stage, int64_t now) {
    for (unsigned i = 0; i < OPEN; i++) {
        struct picture *p = &trace->open[i];
        if (!p->at || p->id != id || p->next != stage)
            continue;
        p->us[stage] = microseconds(p->at, now);
        p->at = now;
        p->next = stage + 1;
        return p;
    }
    return NULL;
}

void oriel_trace_encoded(struct oriel_trace *trace, uint64_t id, int64_t now) {
    g_mutex_lock(&trace->lock);
    pass(trace, id, ORIEL_STAGE_ENCODE, now);
    g_mutex_unlock(&trace->lock);
}

void oriel_trace_sent(struct oriel_trace *trace, uint64_t id, int64_t now) {
    g_mutex_lock(&trace->lock);
    struct picture *p = pass(trace, id, ORIEL_STAGE_PACKETIZE, now);
    if (p) {
        for (int i = 0; i < ORIEL_STAGES; i++)
            trace->done[i][trace->all % DONE] = p->us[i];
        trace->all++;
        trace->count = MIN(trace->all, DONE);
        p->at = 0;
    }
    g_mutex_unlock(&trace->lock);
}

static int by_size(const void *a, const void *b) {
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

void oriel_trace_summarise(struct oriel_trace *trace, struct oriel_trace_summary *summary) {
    *summary = (struct oriel_trace_summary){0};
    g_mutex_lock(&trace->lock);
    summary->pictures = trace->all;
    for (int i = 0; i < ORIEL_STAGES && trace->count; i++) {
        qsort(trace->done[i], trace->count, sizeof **trace->done, by_size);
        summary->stages[i].p50 = trace->done[i][(trace->count - 1) / 2];
        summary->stages[i].max = trace->done[i][trace->count - 1];
    }
    trace->count = trace->all = 0;
    g_mutex_unlock(&trace->lock);
}
