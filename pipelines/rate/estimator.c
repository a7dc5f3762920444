/* See estimator.h. */
#include "estimator.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "acked.h"
#include "aimd.h"
#include "alr.h"
#include "loss.h"
#include "pairs.h"
#include "probe.h"
#include "record.h"
#include "rival.h"
#include "shortest.h"
#include "train.h"
#include "twcc.h"
#include "way.h"

#define RATE_MIN 50e3
#define START_RATE 1e6
#define START_SHARE 0.75
#define START_MIN 100e3
#define START_MAX 8e6
#define START_PATIENCE (2 * ORIEL_SECOND)
#define START_TIME (100 * ORIEL_MILLISECOND) /* of the rate, may be on its way */
#define QUEUE_LONG (100 * ORIEL_MILLISECOND)
#define QUEUE_CALM (25 * ORIEL_MILLISECOND)
#define RECENT (200 * ORIEL_MILLISECOND) /* RTP's word is better than tiles' for so long */
#define SILENCE (400 * ORIEL_MILLISECOND)
#define CAP_SLACK (15 * ORIEL_MILLISECOND)
#define FEEDBACK_MAX (250 * ORIEL_MILLISECOND)
#define FEEDBACK_FIRST (100 * ORIEL_MILLISECOND)
#define LEND_AFTER (3 * ORIEL_SECOND) /* more was sent than the way takes */
#define TRYING (500 * ORIEL_MILLISECOND)
#define FATES_MAX 512
#define WIDER 2.5 /* than what is believed */

enum { CAP_MIN = 4 * 1200, CAP_SILENT = 3 * 1200, CAP_START = 10 * 1460, PACKET_MAX = 1300 };

struct oriel_estimator {
    GMutex lock;
    struct oriel_budget *budget;
    double max;
    struct oriel_twcc twcc;
    struct oriel_way rtp, tiles;
    struct oriel_train train;
    struct oriel_acked acked;
    struct oriel_aimd aimd;
    struct oriel_alr alr;
    struct oriel_loss loss;
    struct oriel_probe probe;
    struct oriel_rival rival;
    struct oriel_pairs pairs;
    struct oriel_shortest trip;
    int64_t decided_at;
    int64_t heard_at, interval; /* feedback: the last; the usual time between two */
    int64_t waited_at;          /* when something last had to wait */
    int64_t overused_at;
    int64_t sent_from;
    uint64_t sent_bytes; /* since sent_from */
    double sent_rate, target, told;
    bool starting;    /* what the way takes is not known yet */
    int64_t first_at; /* when the first RTP packet left; 0: none has */
    bool heard, silent;
    struct oriel_rate_packet fates[FATES_MAX];
    unsigned fate_count;
    struct oriel_record *record; /* NULL: nothing is written down */
    void (*changed)(void *user, double target);
    void (*fate)(void *user, const struct oriel_rate_packet *packet);
    void *user;
};

/* ---- small parts ---- */

/* What may be on its way before anything is known. */
static size_t start_cap(const struct oriel_estimator *e) {
    return (size_t)fmax(CAP_START, e->target / 8 * START_TIME / ORIEL_SECOND);
}

static void start(struct oriel_estimator *e, double rate, int64_t now) {
    oriel_way_start(&e->rtp, now);
    oriel_way_start(&e->tiles, now);
    oriel_acked_start(&e->acked);
    oriel_aimd_start(&e->aimd, rate, RATE_MIN, e->max);
    oriel_alr_start(&e->alr, now);
    oriel_loss_start(&e->loss);
    oriel_rival_start(&e->rival);
    oriel_probe_start(&e->probe, rate, e->max, now);
    oriel_shortest_start(&e->trip, now);
    e->train = (struct oriel_train){0};
    e->pairs = (struct oriel_pairs){0};
    e->twcc.started = false;
    e->heard = e->silent = false;
    e->interval = FEEDBACK_FIRST;
    e->heard_at = e->overused_at = e->waited_at = 0;
    e->target = rate;
    e->starting = true;
    e->first_at = 0;
    oriel_budget_set(e->budget, rate, start_cap(e), now);
    oriel_budget_hold(e->budget, true);
    oriel_budget_lend(e->budget, true);
    oriel_record_start(e->record, rate, e->max, now);
}

double oriel_estimator_start(double last) {
    return last > 0 ? fmin(fmax(last * START_SHARE, START_MIN), START_MAX) : START_RATE;
}

static void on_tiles(void *user, const struct oriel_budget_ack *acks, size_t count, int64_t now);

struct oriel_estimator *oriel_estimator_new(struct oriel_budget *budget, double rate, double max, int64_t now) {
    struct oriel_estimator *e = g_new0(struct oriel_estimator, 1);
    g_mutex_init(&e->lock);
    e->budget = budget;
    e->max = max;
    e->sent_from = now;
    start(e, rate, now);
    oriel_budget_listen(budget, on_tiles, e);
    return e;
}

void oriel_estimator_free(struct oriel_estimator *e) {
    if (!e)
        return;
    oriel_budget_listen(e->budget, NULL, NULL);
    g_mutex_clear(&e->lock);
    g_free(e);
}

void oriel_estimator_listen(struct oriel_estimator *e, void (*changed)(void *user, double target),
                            void (*fate)(void *user, const struct oriel_rate_packet *packet), void *user) {
    e->user = user;
    e->fate = fate;
    e->changed = changed;
}

void oriel_estimator_record(struct oriel_estimator *e, struct oriel_record *record, int64_t now) {
    e->record = record;
    oriel_record_start(record, e->target, e->max, now);
}

/* ---- the target ---- */

/* The one that is to be believed. */
static const struct oriel_way *believed(const struct oriel_estimator *e) {
    return e->rtp.heard_at + RECENT >= e->tiles.heard_at ? &e->rtp : &e->tiles;
}

/* Few tiles, acknowledged late by a page that is busy, speak of no queue. */
static bool vague(const struct oriel_estimator *e) {
    return believed(e) == &e->tiles && e->alr.limited;
}

static int64_t standing(const struct oriel_estimator *e) {
    return vague(e) ? 0 : believed(e)->standing;
}

static size_t cap(const struct oriel_estimator *e) {
    if (e->starting)
        return start_cap(e);
    if (!e->heard)
        return 0;
    if (e->silent)
        return CAP_SILENT;
    int64_t trip = oriel_shortest_get(&e->trip, FEEDBACK_FIRST) + (e->rival.there ? standing(e) : 0);
    double bytes = e->target / 8 * (double)(trip + e->interval + CAP_SLACK) / ORIEL_SECOND;
    return (size_t)fmax(bytes, CAP_MIN);
}

/* Less than the target while a queue stands, so that it drains. */
static double paced(const struct oriel_estimator *e) {
    int64_t queue = standing(e);
    return e->target * (queue > ORIEL_WAY_STANDS && !e->rival.there ? 0.75 : 1);
}

/* Tiles have a window of their own: where they alone tell of a queue, it is theirs. */
static void set_budget(struct oriel_estimator *e, int64_t now) {
    oriel_budget_set(e->budget, paced(e), cap(e), now);
    oriel_budget_tell_path(e->budget, oriel_shortest_get(&e->trip, 0), oriel_loss_average(&e->loss));
    bool calm = believed(e) == &e->tiles || standing(e) < ORIEL_WAY_STANDS;
    oriel_budget_lend(e->budget, !e->silent && calm && (!e->overused_at || now - e->overused_at > LEND_AFTER));
}

static bool trying(const struct oriel_estimator *e, int64_t now) {
    return !e->alr.limited || (e->waited_at && now - e->waited_at < TRYING);
}

static void fall(struct oriel_estimator *e, double before, int64_t now) {
    if (e->aimd.rate >= before)
        return;
    oriel_probe_fell(&e->probe, before, e->aimd.rate, now);
    oriel_way_slowed(&e->rtp, now);
}

/* Whether all of the first picture has been told of; without one, anything. */
static bool told(const struct oriel_estimator *e) {
    return e->first_at ? !oriel_budget_rtp_in_flight(e->budget) : e->tiles.heard_at != 0;
}

static enum oriel_rate_use judge(const struct oriel_estimator *e, double busy, int64_t queue) {
    const struct oriel_way *way = believed(e);
    if (e->rival.there)
        return ORIEL_RATE_UNDERUSED;
    if (e->starting && !told(e))
        return ORIEL_RATE_NORMAL; /* the first picture is sent quicker than most ways take it: that is the question */
    enum oriel_rate_use use = vague(e) ? ORIEL_RATE_NORMAL : way->trendline.use;
    /* A trend alone is no queue: packets come late and together on any radio. */
    if (oriel_way_lasting(way) < QUEUE_CALM)
        use = ORIEL_RATE_NORMAL;
    /* And what came while there was none is not what the way takes. */
    if (use == ORIEL_RATE_OVERUSED && busy <= 0)
        use = ORIEL_RATE_UNDERUSED;
    if (busy > 0 &&
        ((queue > QUEUE_LONG && busy < 0.9 * e->aimd.rate) || (queue > ORIEL_WAY_STANDS && busy < 0.6 * e->aimd.rate)))
        use = ORIEL_RATE_OVERUSED;
    /* What was sent before the rate fell says what the way takes, and nothing of whether it has fallen enough. */
    return use == ORIEL_RATE_OVERUSED && way->newest <= e->aimd.decreased && busy >= e->aimd.rate ? ORIEL_RATE_UNDERUSED
                                                                                                  : use;
}

/* The first picture is told of, or nobody tells: the rate is what is known now. */
static void end_start(struct oriel_estimator *e, bool probed, int64_t now) {
    e->starting = false;
    oriel_budget_hold(e->budget, false);
    if (e->heard && !probed)
        oriel_probe_start(&e->probe, e->target, e->max, now);
}

static void look_whether_started(struct oriel_estimator *e, double before, double probed, int64_t now) {
    if (e->starting && (told(e) || probed > 0 || e->aimd.rate < before))
        end_start(e, probed > 0, now);
}

static void contend(struct oriel_estimator *e, int64_t trip, int64_t now) {
    double rate = oriel_rival_rate(&e->rival, e->aimd.rate, MIN(now - e->decided_at, ORIEL_SECOND / 4), trip, now);
    if (rate < e->aimd.rate || trying(e, now))
        oriel_aimd_set(&e->aimd, rate, now);
}

static void decide(struct oriel_estimator *e, double probed, int64_t now) {
    int64_t trip = oriel_shortest_get(&e->trip, FEEDBACK_FIRST), queue = standing(e);
    double acked = oriel_acked_rate(&e->acked), busy = oriel_acked_busy(&believed(e)->acked), before = e->aimd.rate;
    enum oriel_rate_use use = judge(e, busy, queue);
    if (busy > 0 && (use == ORIEL_RATE_OVERUSED || queue > ORIEL_WAY_STANDS))
        acked = busy;
    if (use == ORIEL_RATE_OVERUSED)
        e->overused_at = now;
    oriel_aimd_update(&e->aimd, use, acked, trip, !trying(e, now), now);
    if (use != ORIEL_RATE_OVERUSED && believed(e) == &e->rtp && e->rtp.newest <= e->aimd.decreased && !e->rival.there)
        oriel_aimd_corrected(&e->aimd, busy, now);
    if (e->rival.there)
        contend(e, trip + queue, now);
    e->decided_at = now;
    if (use == ORIEL_RATE_OVERUSED)
        fall(e, before, now);
    else if (probed > 0) {
        oriel_aimd_probed(&e->aimd, probed, now);
        if (e->starting)
            oriel_aimd_set(&e->aimd, probed, now);
        if (e->aimd.rate > before)
            oriel_loss_forget(&e->loss, e->aimd.rate);
    }
    double by_loss = oriel_loss_update(&e->loss, e->aimd.rate, acked, e->alr.limited, now);
    e->target = fmax(e->rival.there ? e->aimd.rate : by_loss, RATE_MIN); /* loss is what the two agree by */
    bool calm = use != ORIEL_RATE_OVERUSED && queue < QUEUE_CALM && oriel_loss_average(&e->loss) < 0.1;
    look_whether_started(e, before, probed, now);
    if (!e->starting)
        oriel_probe_consider(&e->probe, e->target, trying(e, now), calm, now);
    set_budget(e, now);
}

/* With the lock; gives it away. */
static void finish(struct oriel_estimator *e) {
    struct oriel_rate_packet fates[FATES_MAX];
    unsigned count = e->fate_count;
    memcpy(fates, e->fates, count * sizeof *fates);
    e->fate_count = 0;
    double target = e->target;
    bool news = !e->starting && fabs(target - e->told) > 0.01 * e->told;
    if (news)
        e->told = target;
    g_mutex_unlock(&e->lock);
    for (unsigned i = 0; i < count && e->fate; i++)
        e->fate(e->user, &fates[i]);
    if (count && e->fate)
        e->fate(e->user, NULL);
    if (news && e->changed)
        e->changed(e->user, target);
}

/* ---- what is heard ---- */

static void received(struct oriel_estimator *e, struct oriel_way *w, const struct oriel_rate_packet *k, int64_t now) {
    struct oriel_acked_packet acked;
    oriel_way_received(w, k, e->target, e->alr.limited, now, &acked);
    oriel_acked_add(&e->acked, &acked, e->alr.limited);
}

/* It did not go, though we have sent less. As long as it was all the time, it is none: the way has become longer. Else
 * it is somebody else's, and what was given up for it is taken back. */
static void stands(struct oriel_estimator *e, int64_t now) {
    if (e->rtp.most - e->rtp.least < QUEUE_CALM || e->aimd.decreased < e->rtp.since) {
        oriel_way_lengthen(&e->rtp, now);
        return;
    }
    e->rival.there = true;
    if (e->rtp.came > e->aimd.rate)
        oriel_aimd_set(&e->aimd, e->rtp.came, now);
}

static void tell(struct oriel_estimator *e, const struct oriel_rate_packet *k) {
    if (e->fate_count < FATES_MAX)
        e->fates[e->fate_count++] = *k;
}

/* Whether the way has become wider. */
static void look_for_more(struct oriel_estimator *e, int64_t now) {
    double rate = oriel_pairs_heard(&e->pairs, e->max, now);
    if (rate > WIDER * e->target && trying(e, now) && standing(e) < QUEUE_CALM && !e->rival.there)
        oriel_probe_invite(&e->probe, e->target, rate, now);
}

static void one(struct oriel_estimator *e, const struct oriel_rate_heard *h, int64_t now, int64_t *newest) {
    struct oriel_rate_packet k;
    while (oriel_twcc_gone(&e->twcc, h->number, &k)) {
        oriel_budget_left(e->budget, k.class, k.bytes);
        k.untold = true;
        tell(e, &k);
    }
    if (!oriel_twcc_heard(&e->twcc, h->number, h->lost, h->remote, &k))
        return;
    oriel_budget_left(e->budget, k.class, k.bytes);
    oriel_loss_add(&e->loss, &k);
    oriel_rival_count(&e->rival, k.lost);
    tell(e, &k);
    if (!k.lost) {
        received(e, &e->rtp, &k, now);
        oriel_pairs_add(&e->pairs, &k);
        *newest = MAX(*newest, k.sent);
    }
    oriel_probe_heard(&e->probe, &k);
}

static void spoke(struct oriel_estimator *e, int64_t newest, int64_t now) {
    if (newest)
        oriel_shortest_add(&e->trip, now - newest, now);
    if (e->heard_at && now - e->heard_at < FEEDBACK_MAX)
        e->interval += (now - e->heard_at - e->interval) / 8;
    e->heard_at = now;
    e->heard = true;
    e->silent = false;
}

void oriel_estimator_heard(struct oriel_estimator *e, const struct oriel_rate_heard *heard, size_t count, int64_t now) {
    g_mutex_lock(&e->lock);
    int64_t newest = 0;
    oriel_record_heard(e->record, heard, count, now);
    oriel_way_begin(&e->rtp);
    for (size_t i = 0; i < count; i++)
        one(e, &heard[i], now, &newest);
    if (oriel_way_end(&e->rtp, e->rival.there, now))
        stands(e, now);
    oriel_rival_heard(&e->rival, e->rtp.newest, e->rtp.standing, e->aimd.decreased);
    e->rtp.heard_at = now;
    spoke(e, newest, now);
    decide(e, oriel_probe_result(&e->probe, now), now);
    look_for_more(e, now);
    oriel_record_estimate(e->record, e->target);
    finish(e);
}

/* The rate that a burst of tiles speaks for, and which is more than is believed; 0: none. */
static double ride(struct oriel_estimator *e, const struct oriel_rate_packet *k) {
    double rate = oriel_train_ride(&e->train, k, e->tiles.queue > QUEUE_CALM);
    return rate > e->aimd.rate ? rate : 0;
}

static void on_tiles(void *user, const struct oriel_budget_ack *acks, size_t count, int64_t now) {
    struct oriel_estimator *e = user;
    g_mutex_lock(&e->lock);
    int64_t newest = 0;
    double ridden = 0;
    oriel_record_acked(e->record, acks, count, oriel_budget_sent(e->budget, ORIEL_BUDGET_TILES), now);
    oriel_way_begin(&e->tiles);
    for (size_t i = 0; i < count; i++) {
        const struct oriel_rate_packet k = {.class = ORIEL_BUDGET_TILES,
                                            .bytes = acks[i].bytes,
                                            .lost = acks[i].lost,
                                            .sent = acks[i].sent,
                                            .arrived = acks[i].arrived};
        oriel_loss_add(&e->loss, &k);
        oriel_alr_sent(&e->alr, k.bytes, e->target, now);
        if (k.lost)
            continue;
        received(e, &e->tiles, &k, now);
        ridden = fmax(ridden, ride(e, &k));
        newest = MAX(newest, k.sent);
    }
    if (oriel_way_end(&e->tiles, e->rival.there, now))
        oriel_way_lengthen(&e->tiles, now);
    /* Lost is what our own timer says: that is no word from the page. */
    if (newest) {
        oriel_shortest_add(&e->trip, now - newest, now);
        e->heard = true;
        e->silent = false;
        e->heard_at = MAX(e->heard_at, now - e->interval);
        e->tiles.heard_at = now;
    }
    decide(e, ridden, now);
    oriel_record_estimate(e->record, e->target);
    finish(e);
}

/* ---- what is sent ---- */

void oriel_estimator_sent(struct oriel_estimator *e, uint16_t number, const struct oriel_rate_packet *k) {
    g_mutex_lock(&e->lock);
    struct oriel_rate_packet sent = *k;
    sent.beside = oriel_budget_sent(e->budget, ORIEL_BUDGET_TILES);
    oriel_record_sent(e->record, number, k, sent.beside);
    oriel_twcc_sent(&e->twcc, number, &sent);
    if (!e->first_at)
        e->first_at = k->sent;
    oriel_alr_sent(&e->alr, k->bytes, e->target, k->sent);
    g_mutex_unlock(&e->lock);
}

uint16_t oriel_estimator_probe(struct oriel_estimator *e, int64_t now, int64_t *due) {
    double rate;
    g_mutex_lock(&e->lock);
    bool full = e->starting && oriel_budget_rtp_in_flight(e->budget) + PACKET_MAX > start_cap(e);
    uint16_t id = full ? 0 : oriel_probe_current(&e->probe, now, &rate);
    *due = oriel_probe_due(&e->probe, id);
    g_mutex_unlock(&e->lock);
    return id;
}

bool oriel_estimator_pads(struct oriel_estimator *e) {
    g_mutex_lock(&e->lock);
    bool pads = !e->starting;
    if (!pads)
        oriel_probe_end(&e->probe);
    g_mutex_unlock(&e->lock);
    return pads;
}

void oriel_estimator_probe_sent(struct oriel_estimator *e, uint16_t id, size_t bytes, int64_t now) {
    g_mutex_lock(&e->lock);
    oriel_probe_sent(&e->probe, id, bytes, now);
    g_mutex_unlock(&e->lock);
}

/* ---- time ---- */

static void count_sent(struct oriel_estimator *e, int64_t now) {
    uint64_t all = 0;
    for (unsigned i = 0; i < ORIEL_BUDGET_CLASSES; i++)
        all += oriel_budget_sent(e->budget, i);
    if (now - e->sent_from < ORIEL_SECOND)
        return;
    e->sent_rate = (double)(all - e->sent_bytes) * 8 * ORIEL_SECOND / (double)(now - e->sent_from);
    e->sent_bytes = all;
    e->sent_from = now;
}

void oriel_estimator_tick(struct oriel_estimator *e, int64_t now) {
    struct oriel_rate_packet k;
    int64_t takes;
    g_mutex_lock(&e->lock);
    count_sent(e, now);
    bool waits = oriel_budget_waiting(e->budget, &takes) && takes > 10 * ORIEL_MILLISECOND;
    if (waits)
        e->waited_at = now;
    oriel_record_waits(e->record, waits, now);
    oriel_alr_sent(&e->alr, 0, e->target, now);
    /* What waits in a queue is on its way. */
    int64_t patience = e->heard ? SILENCE + 2 * oriel_shortest_get(&e->trip, 0) + e->rtp.queue : START_PATIENCE,
            oldest = oriel_twcc_oldest(&e->twcc);
    if (e->heard && oldest && now - oldest > patience && now - e->heard_at > patience)
        e->silent = true;
    while (oriel_twcc_expired(&e->twcc, now - patience, &k)) {
        oriel_budget_left(e->budget, k.class, k.bytes);
        k.lost = true;
        tell(e, &k);
    }
    if (e->starting && e->first_at && now - e->first_at > START_PATIENCE)
        end_start(e, false, now);
    if (e->heard || !e->starting)
        set_budget(e, now);
    finish(e);
}

/* Of a path that nobody answered on nothing was learnt: it stays where that one began. */
void oriel_estimator_renew(struct oriel_estimator *e, int64_t now) {
    g_mutex_lock(&e->lock);
    oriel_budget_renew(e->budget, now);
    start(e, e->heard ? oriel_estimator_start(e->target) : e->target, now);
    finish(e);
}

int64_t oriel_estimator_trip(struct oriel_estimator *e) {
    g_mutex_lock(&e->lock);
    int64_t trip = oriel_shortest_get(&e->trip, 0);
    g_mutex_unlock(&e->lock);
    return trip;
}

void oriel_estimator_figures(struct oriel_estimator *e, struct oriel_rate_figures *f, int64_t now) {
    int64_t takes;
    oriel_budget_waiting(e->budget, &takes);
    g_mutex_lock(&e->lock);
    *f = (struct oriel_rate_figures){.estimate = e->target,
                                     .target = e->target,
                                     .sent = e->sent_rate,
                                     .trip = oriel_shortest_get(&e->trip, 0),
                                     .queue = MAX(e->rtp.queue, e->tiles.queue),
                                     .waiting = takes,
                                     .loss = oriel_loss_average(&e->loss)};
    f->state = !e->heard || e->starting                                ? ORIEL_RATE_START
               : e->silent                                             ? ORIEL_RATE_SILENT
               : e->overused_at && now - e->overused_at < ORIEL_SECOND ? ORIEL_RATE_QUEUING
               : trying(e, now) && (e->target < 0.95 * e->max)         ? ORIEL_RATE_FULL
                                                                       : ORIEL_RATE_FREE;
    g_mutex_unlock(&e->lock);
}
