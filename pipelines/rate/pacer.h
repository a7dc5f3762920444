/* The queue in front of the network: what leaves next, and when.
 *
 * Policy: voice at once; then repeats; then pictures, in order, as the budget allows, quicker only while a probe runs.
 * When nothing waits and a probe needs packets, it asks for padding, if the estimator lets it. The queue is short
 * because capture waits for it (oriel_budget_ready): it holds the picture that was made last, or, if that is more than
 * the way can take, the rest of it. Repeats older than ORIEL_PACER_REPEAT_LIFE are of no use any more and are dropped.
 * Items are pointers that it does not look into. Pure but for the budget and the estimator; one thread at a time. */
#ifndef ORIEL_RATE_PACER_H
#define ORIEL_RATE_PACER_H

#include <glib.h>

#include "estimator.h"

enum { ORIEL_PACER_CLASSES = ORIEL_BUDGET_VIDEO + 1 };

#define ORIEL_PACER_REPEAT_LIFE ORIEL_SECOND

struct oriel_pacer {
    struct oriel_budget *budget;
    struct oriel_estimator *estimator;
    GQueue queues[ORIEL_PACER_CLASSES];
    size_t bytes[ORIEL_PACER_CLASSES];
    void (*drop)(void *item);
};

/* `drop` is given what does not leave. */
void oriel_pacer_start(struct oriel_pacer *p, struct oriel_budget *budget, struct oriel_estimator *estimator,
                       void (*drop)(void *item));
void oriel_pacer_clear(struct oriel_pacer *p);

void oriel_pacer_add(struct oriel_pacer *p, enum oriel_budget_class class, void *item, size_t bytes, int64_t now);

struct oriel_pacer_item {
    void *item;
    enum oriel_budget_class class;
    uint16_t probe;
};

enum oriel_pacer_next {
    ORIEL_PACER_SEND,    /* the item leaves now, and is counted */
    ORIEL_PACER_PADDING, /* a probe needs a packet, and nothing waits */
    ORIEL_PACER_WAIT,    /* until `again` */
    ORIEL_PACER_NOTHING, /* nothing waits */
};
enum oriel_pacer_next oriel_pacer_next(struct oriel_pacer *p, int64_t now, struct oriel_pacer_item *item,
                                       int64_t *again);

#endif
