/* See pacer.h. */
#include "pacer.h"

struct waiting {
    void *item;
    size_t bytes;
    int64_t since;
};

void oriel_pacer_start(struct oriel_pacer *p, struct oriel_budget *budget, struct oriel_estimator *estimator,
                       void (*drop)(void *item)) {
    *p = (struct oriel_pacer){.budget = budget, .estimator = estimator, .drop = drop};
    for (unsigned i = 0; i < ORIEL_PACER_CLASSES; i++)
        g_queue_init(&p->queues[i]);
}

static void *pop(struct oriel_pacer *p, enum oriel_budget_class class) {
    struct waiting *w = g_queue_pop_head(&p->queues[class]);
    void *item = w->item;
    p->bytes[class] -= w->bytes;
    oriel_budget_wait(p->budget, class, p->bytes[class]);
    g_free(w);
    return item;
}

void oriel_pacer_clear(struct oriel_pacer *p) {
    for (unsigned i = 0; i < ORIEL_PACER_CLASSES; i++)
        while (p->queues[i].length)
            p->drop(pop(p, i));
}

void oriel_pacer_add(struct oriel_pacer *p, enum oriel_budget_class class, void *item, size_t bytes, int64_t now) {
    struct waiting *w = g_new(struct waiting, 1);
    *w = (struct waiting){item, bytes, now};
    g_queue_push_tail(&p->queues[class], w);
    p->bytes[class] += bytes;
    oriel_budget_wait(p->budget, class, p->bytes[class]);
}

static void drop_old(struct oriel_pacer *p, int64_t now) {
    const struct waiting *w;
    while ((w = g_queue_peek_head(&p->queues[ORIEL_BUDGET_RETRANSMISSION])) && now - w->since > ORIEL_PACER_REPEAT_LIFE)
        p->drop(pop(p, ORIEL_BUDGET_RETRANSMISSION));
}

enum oriel_pacer_next oriel_pacer_next(struct oriel_pacer *p, int64_t now, struct oriel_pacer_item *item,
                                       int64_t *again) {
    int64_t due;
    drop_old(p, now);
    unsigned class = 0;
    while (class < ORIEL_PACER_CLASSES && !p->queues[class].length)
        class ++;
    if (class == ORIEL_PACER_CLASSES && !oriel_estimator_pads(p->estimator))
        return ORIEL_PACER_NOTHING; /* a probe begins with what is to be sent */
    uint16_t probe = class == ORIEL_BUDGET_AUDIO ? 0 : oriel_estimator_probe(p->estimator, now, &due);
    if (probe && due > now) {
        *again = due;
        return ORIEL_PACER_WAIT;
    }
    if (class == ORIEL_PACER_CLASSES)
        return probe ? ORIEL_PACER_PADDING : ORIEL_PACER_NOTHING;
    const struct waiting *w = g_queue_peek_head(&p->queues[class]);
    size_t bytes = w->bytes;
    if (probe)
        oriel_budget_spend(p->budget, class, bytes, now);
    else if (!oriel_budget_take(p->budget, class, bytes, now, again))
        return ORIEL_PACER_WAIT;
    if (probe)
        oriel_estimator_probe_sent(p->estimator, probe, bytes, now);
    *item = (struct oriel_pacer_item){pop(p, class), class, probe};
    return ORIEL_PACER_SEND;
}
