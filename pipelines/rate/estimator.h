/* What the way to the agent takes: everything that is known of it, joined into one target for everything that leaves.
 *
 *   TWCC feedback --twcc--> packets --+--> arrival groups --> trendline --+
 *   tiles' acknowledgements ----------+                                   v
 *                                     +--> acked rate -----------------> AIMD --> loss --> target, cap --> budget
 *                                     +--> probe results -----------------^
 *
 * Policy: GoogCC's parts (each says its own), and of our own:
 * - tiles are packets of a second way with a clock of its own, the page's, which is late when the page is busy: its
 * queue counts only where RTP says nothing, and while they fill the target, and its burst without a queue is as good as
 * a probe;
 * - a queue of more than 100 ms while less arrives than is sent is a link that has just become slower: the rate goes to
 * what arrives at once, without waiting for a trend; what stood in that queue already says whether that was too deep;
 * - a trend without a queue that two messages tell of is jitter, and no reason to send less;
 * - what is on its way is capped at the target times the shortest round trip, the time between feedback, and 30 ms.
 * At the start, until the first picture's feedback tells what the way takes: ten packets at most, as many as TCP begins
 * with (RFC 6928), or 100 ms of a rate that is known from before, and one picture, of which the estimator's first probe
 * is made; no padding. Who tells nothing for two seconds won't tell: from then on there is no cap.
 * Without feedback for SILENCE while something is on its way, the way is taken for
 * cut: a few packets may leave each time, the rate is held, and what was on its way counts as gone;
 * - a queue that somebody else keeps full is none of ours (rival.h); nor is one that has stood for 3 s though we gave
 * way: if it was as long all the time, the way has become longer, else somebody fills it, and we take back what we
 * gave;
 * - nothing is judged from what an idle screen sends: the rate is held then.
 * Thread-safe. `changed` is called without a lock, on the thread that brought the news. */
#ifndef ORIEL_RATE_ESTIMATOR_H
#define ORIEL_RATE_ESTIMATOR_H

#include "path.h"

enum oriel_rate_state {
    ORIEL_RATE_START,   /* nothing is known yet */
    ORIEL_RATE_FREE,    /* there is less to send than the way takes */
    ORIEL_RATE_FULL,    /* there is more to send than the way takes */
    ORIEL_RATE_QUEUING, /* more was sent than the way takes */
    ORIEL_RATE_SILENT,  /* nothing comes back */
};

struct oriel_rate_figures {
    double estimate, target; /* bit/s: of the way, and what is sent at most (it can be configured lower) */
    double sent;             /* bit/s in the last second */
    int64_t trip, queue;     /* ns: shortest round trip lately; what the last packets waited on the way */
    int64_t waiting;         /* ns: what waits here, at the target */
    double loss;             /* 0..1 */
    enum oriel_rate_state state;
};

struct oriel_rate_heard {
    uint16_t number;
    bool lost;
    int64_t remote;
};

struct oriel_estimator;

/* bit/s to begin with: most of what such a path took the last time; 0: nobody knows. */
double oriel_estimator_start(double last);

/* Sets `budget` from now on. */
struct oriel_estimator *oriel_estimator_new(struct oriel_budget *budget, double start, double max, int64_t now);
void oriel_estimator_free(struct oriel_estimator *e);

/* `fate`: what became of each RTP packet; of the same once more, when it came after all. NULL: that is all for now. */
void oriel_estimator_listen(struct oriel_estimator *e, void (*changed)(void *user, double target),
                            void (*fate)(void *user, const struct oriel_rate_packet *packet), void *user);

/* From now on all that it is told is written down (record.h), which outlives it; before anything is. */
struct oriel_record;
void oriel_estimator_record(struct oriel_estimator *e, struct oriel_record *record, int64_t now);

/* A new connection by a new path: all begins anew, from where oriel_estimator_start() says for what the last path took.
 */
void oriel_estimator_renew(struct oriel_estimator *e, int64_t now);

/* An RTP packet has left, with that transport-wide number. */
void oriel_estimator_sent(struct oriel_estimator *e, uint16_t number, const struct oriel_rate_packet *packet);

/* One feedback message, in the order of numbers. */
void oriel_estimator_heard(struct oriel_estimator *e, const struct oriel_rate_heard *heard, size_t count, int64_t now);

/* A few times a second. */
void oriel_estimator_tick(struct oriel_estimator *e, int64_t now);

/* For the pacer: the probe that what leaves now is part of, 0: none; when its next packet may leave; and that it did.
 */
uint16_t oriel_estimator_probe(struct oriel_estimator *e, int64_t now, int64_t *due);
/* Whether a probe may be filled up with padding. */
bool oriel_estimator_pads(struct oriel_estimator *e);
void oriel_estimator_probe_sent(struct oriel_estimator *e, uint16_t probe, size_t bytes, int64_t now);

/* The shortest round trip lately, ns; 0: not known. */
int64_t oriel_estimator_trip(struct oriel_estimator *e);

void oriel_estimator_figures(struct oriel_estimator *e, struct oriel_rate_figures *figures, int64_t now);

#endif
