/* Where a picture's time goes on its way through media, for each one and in sum.
 *
 *     change on the screen --capture--> taken up --convert--> I420 --encode--> VP8 --packetize--> last packet in RTP
 *
 * `capture` has the time that the change waited, too, while an older picture was encoded or sent. A picture is told by
 * its timestamp. Those that the encoder left out are forgotten. Repetitions are not looked at: nothing waits for them.
 * Thread-safe. */
#ifndef ORIEL_TRACE_H
#define ORIEL_TRACE_H

#include <glib.h>
#include <stdint.h>

enum oriel_stage {
    ORIEL_STAGE_CAPTURE,
    ORIEL_STAGE_CONVERT,
    ORIEL_STAGE_ENCODE,
    ORIEL_STAGE_PACKETIZE,
    ORIEL_STAGES,
};

struct oriel_trace_stage {
    unsigned p50, max; /* us */
};

struct oriel_trace_summary {
    unsigned pictures;
    struct oriel_trace_stage stages[ORIEL_STAGES];
};

struct oriel_trace;

struct oriel_trace *oriel_trace_new(void);
void oriel_trace_free(struct oriel_trace *trace);

/* Times in CLOCK_MONOTONIC ns; `id` tells the picture. In this order for each; anything else is ignored. */
void oriel_trace_converted(struct oriel_trace *trace, uint64_t id, int64_t captured, int64_t taken, int64_t now);
void oriel_trace_encoded(struct oriel_trace *trace, uint64_t id, int64_t now);
void oriel_trace_sent(struct oriel_trace *trace, uint64_t id, int64_t now);

/* Of the pictures since the last call, at most the last 128. */
void oriel_trace_summarise(struct oriel_trace *trace, struct oriel_trace_summary *summary);

#endif
