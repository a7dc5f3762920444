/* See sharpen.h. */
#include "sharpen.h"

#include "clock.h"

#define STEP (ORIEL_SECOND / ORIEL_SHARPEN_RATE)
#define SETTLED (80 * ORIEL_MILLISECOND)
#define RESTED (300 * ORIEL_MILLISECOND)
/* It takes so long after a change until another one may come, when nothing else holds it up. */
#define WELCOME (40 * ORIEL_MILLISECOND)
/* One may be lost, and the next comes within 3 s all the same. */
#define BEAT (1400 * ORIEL_MILLISECOND)

/* A keyframe takes so many times as long as its bits do at the rate. */
#define KEY_PATIENCE 1.25

/* A motion is coarser than fair only where its pictures would come more seldom than this, seconds. */
#define MOTION_SELDOM 0.125

/* What takes the way for longer than LONG is painted in parts of PAINT_PART; what moves is seen from further away, and
 * from nearer again where that takes NEARER, seconds. */
#define LONG 0.5
#define NEARER 0.35
#define PAINT_PART 0.2
/* What changed twice while it was painted is painted again when it has rested for so long. */
#define OVERTAKEN_REST (2 * ORIEL_SECOND)
/* So long after a rough keyframe nobody needs another one. */
#define ROUGH_PATIENCE (1500 * ORIEL_MILLISECOND)

/* Tiles are dear that cost so many times as much as painting. They are looked at again after this time. */
#define DEAR 1.5
#define LOOK (200 * ORIEL_MILLISECOND)

/* A step waits until the bucket has this many seconds of the bitrate for it, so that it is worth its work. */
#define STEP_SECONDS 0.05

/* Mean squared errors of 38.4 and 37.6 dB: what moves, and becomes exact when it stops, need not be better, nor worse.
 */
#define BETTER 9.4
#define WORSE 11.3

enum {
    MOTION_FINEST = 12,  /* what moves on is not looked at closely; it is sharpened when it stops */
    COVERED_FINEST = 28, /* and becomes exact then, or lies under tiles */
    MOTION_FAIR = 44,    /* coarser, text is hard to read */
    ROUGH_BELOW = 400,   /* kbit/s */
    FILTER_FROM = 26,    /* below this quantizer the loop filter costs text more than it gives */
    LAST_STEP = 4,       /* the target is not approached by less than this */
    OVERTAKEN = 2,
};

bool oriel_sharpen_start(struct oriel_sharpen *s, unsigned width, unsigned height,
                         const struct oriel_sharpen_settings *settings, int64_t now) {
    if (!oriel_activemap_resize(&s->map, width, height, now))
        return false;
    s->want_key = true;
    s->covered_finest = COVERED_FINEST;
    s->changed_at = s->stepped_at = s->sent_at = now - RESTED;
    s->settings = *settings;
    oriel_bits_init(&s->rate, settings->kbits, settings->burst, now);
    return true;
}

void oriel_sharpen_clear(struct oriel_sharpen *s) {
    oriel_activemap_clear(&s->map);
}

void oriel_sharpen_set(struct oriel_sharpen *s, const struct oriel_sharpen_settings *settings, int64_t now) {
    if (settings->kbits != s->settings.kbits || settings->burst != s->settings.burst)
        oriel_bits_set(&s->rate, settings->kbits, settings->burst, now);
    s->settings = *settings;
}

void oriel_sharpen_leave(struct oriel_sharpen *s, unsigned tile_bits, int64_t now) {
    const struct oriel_rect all = {0, 0, UINT16_MAX, UINT16_MAX};
    bool dear = tile_bits > DEAR * oriel_bits_cost(&s->rate, ORIEL_BITS_PAGE, 1, MOTION_FAIR);
    if (s->left && dear)
        oriel_activemap_owe(&s->map, &all, now);
    else if (s->painting && !dear)
        oriel_activemap_defer_changed(&s->map);
    else if (!s->left)
        return;
    s->left = !dear;
    s->painting = dear;
    s->unsure = s->left && !tile_bits;
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

static unsigned finest(const struct oriel_sharpen *s, enum oriel_bits_kind kind) {
    unsigned quantizer = s->settings.target_quantizer;
    if (kind == ORIEL_BITS_MOTION && quantizer < MOTION_FINEST)
        quantizer = MOTION_FINEST;
    if (s->covered && quantizer < s->covered_finest)
        quantizer = s->covered_finest;
    return least(quantizer, s->settings.max_quantizer);
}

/* First it gets coarser, then it comes more seldom, then coarser still. */
static unsigned motion_quantizer(const struct oriel_sharpen *s, enum oriel_bits_kind kind, size_t blocks) {
    unsigned most = s->settings.max_quantizer;
    unsigned quantizer = oriel_bits_quantizer(&s->rate, kind, blocks, oriel_bits_budget(&s->rate, kind),
                                              finest(s, ORIEL_BITS_MOTION), most);
    if (quantizer <= MOTION_FAIR)
        return quantizer;
    return oriel_bits_quantizer(&s->rate, kind, blocks, MOTION_SELDOM * s->rate.bits_per_second, MOTION_FAIR, most);
}

/* Of the way, at its coarsest, seconds. */
static double takes(const struct oriel_sharpen *s, enum oriel_bits_kind kind, size_t blocks) {
    return oriel_bits_cost(&s->rate, kind, blocks, s->settings.max_quantizer) / s->rate.bits_per_second;
}

static bool takes_long(const struct oriel_sharpen *s, enum oriel_bits_kind kind, size_t blocks) {
    return takes(s, kind, blocks) > LONG;
}

static enum oriel_bits_kind motion_from(unsigned distance) {
    return (enum oriel_bits_kind)(ORIEL_BITS_MOTION + distance);
}

/* As near as the way allows. */
static void choose_distance(struct oriel_sharpen *s, size_t blocks) {
    if (s->distance && takes(s, motion_from(s->distance - 1), blocks) < NEARER)
        s->distance--;
    while (motion_from(s->distance) < ORIEL_BITS_MOTION_8 && takes_long(s, motion_from(s->distance), blocks))
        s->distance++;
}

/* A row of blocks at least. */
static void plan_part(struct oriel_sharpen *s, struct oriel_plan *plan) {
    double bits = PAINT_PART * s->rate.bits_per_second;
    unsigned fair = least(MOTION_FAIR, s->settings.max_quantizer);
    size_t most = (size_t)(bits / oriel_bits_cost(&s->rate, plan->change, 1, fair));
    plan->changed = oriel_activemap_take_part(&s->map, most < s->map.columns ? s->map.columns : most);
    plan->part = true;
    plan->change_quantizer =
        oriel_bits_quantizer(&s->rate, plan->change, plan->changed, bits, fair, s->settings.max_quantizer);
}

static void plan_motion(struct oriel_sharpen *s, struct oriel_plan *plan) {
    plan->changed = oriel_activemap_take_changed(&s->map);
    choose_distance(s, plan->changed);
    plan->change = motion_from(s->distance);
    plan->afar = 1U << s->distance;
    plan->change_quantizer = motion_quantizer(s, plan->change, plan->changed);
}

static void plan_whole(struct oriel_sharpen *s, struct oriel_plan *plan) {
    plan->changed = oriel_activemap_take_changed(&s->map);
    plan->rough = plan->key && s->settings.kbits < ROUGH_BELOW && takes_long(s, ORIEL_BITS_KEY, plan->changed);
    plan->change_quantizer = plan->rough ? s->settings.max_quantizer
                                         : oriel_bits_quantizer(&s->rate, plan->change, plan->changed,
                                                                oriel_bits_budget(&s->rate, plan->change),
                                                                finest(s, plan->change), s->settings.max_quantizer);
}

/* A page that is painted stays what it is; a small thing that moves beside it changes little of it. */
static bool is_overtaken(struct oriel_sharpen *s, int64_t now) {
    if (s->overtaken && now - s->overtaken_at >= OVERTAKEN_REST)
        s->overtaken = 0;
    if (2 * oriel_activemap_changed_at(&s->map, now) > s->map.changed && (s->painting || s->overtaken == OVERTAKEN)) {
        s->overtaken += s->overtaken < OVERTAKEN;
        s->overtaken_at = now;
    }
    return s->overtaken == OVERTAKEN;
}

static void plan_change(struct oriel_sharpen *s, struct oriel_plan *plan, int64_t now) {
    bool overtaken = is_overtaken(s, now);
    if (plan->key)
        oriel_activemap_damage_all(&s->map, now);
    /* What moves on while we are busy with what was before has not rested. */
    bool rested = now - s->changed_at >= RESTED && (!s->welcome || now - s->welcome >= RESTED - WELCOME);
    plan->change = plan->key                       ? ORIEL_BITS_KEY
                   : s->painting                   ? ORIEL_BITS_PAGE
                   : plan->from != ORIEL_SLOT_LAST ? ORIEL_BITS_RECOVER
                   : rested                        ? ORIEL_BITS_PAGE
                                                   : ORIEL_BITS_MOTION;
    bool lasts = !plan->key && takes_long(s, plan->change, s->map.changed);
    if (plan->change == ORIEL_BITS_MOTION || (lasts && overtaken))
        plan_motion(s, plan);
    else if (lasts)
        plan_part(s, plan);
    else
        plan_whole(s, plan);
    plan->filter = plan->change_quantizer >= FILTER_FROM;
}

/* The coarse blocks, all of them if the budget allows a step that is worth it, else as many as it does. */
static void plan_sharpening(struct oriel_sharpen *s, struct oriel_plan *plan, int64_t now) {
    unsigned target = s->settings.target_quantizer;
    struct oriel_coarse coarse = oriel_activemap_coarse(&s->map, target, now - SETTLED);
    if (!coarse.count || now - s->stepped_at < STEP)
        return;
    double bits = oriel_bits_budget(&s->rate, ORIEL_BITS_SHARPEN);
    if (plan->changed)
        bits -= oriel_bits_cost(&s->rate, plan->change, plan->changed, plan->change_quantizer);
    if (bits <= 0)
        return;
    unsigned half = coarse.worst / 2 < target + LAST_STEP ? target : coarse.worst / 2;
    unsigned quantizer =
        oriel_bits_quantizer(&s->rate, ORIEL_BITS_SHARPEN, coarse.count, bits, target, s->settings.max_quantizer);
    if (quantizer > half)
        quantizer = half;
    else if (quantizer < target + LAST_STEP)
        quantizer = target;
    double each = oriel_bits_cost(&s->rate, ORIEL_BITS_SHARPEN, 1, quantizer);
    size_t most = bits / each < (double)coarse.count ? (size_t)(bits / each) + 1 : coarse.count;
    plan->sharpened = oriel_activemap_take_coarse(&s->map, quantizer, now - SETTLED, most);
    plan->sharpen_quantizer = quantizer;
}

/* While a page is painted it is a part as any other: what was painted since is painted again. */
static void plan_recovery(struct oriel_sharpen *s, struct oriel_plan *plan) {
    if (plan->key || s->from == ORIEL_SLOT_LAST)
        return;
    unsigned coarsest = s->settings.max_quantizer;
    double all = oriel_bits_cost(&s->rate, ORIEL_BITS_RECOVER, oriel_activemap_since(&s->map, s->from), coarsest);
    if (all > oriel_bits_budget(&s->rate, ORIEL_BITS_RECOVER) && !s->painting) {
        if (!s->hurry)
            return;
        plan->key = all > oriel_bits_cost(&s->rate, ORIEL_BITS_KEY, s->map.count, coarsest);
    }
    if (plan->key)
        return;
    plan->from = s->from;
    oriel_activemap_revert(&s->map, plan->from);
}

struct oriel_plan oriel_sharpen_plan(struct oriel_sharpen *s, int64_t now) {
    struct oriel_plan plan = {.kind = ORIEL_PLAN_NOTHING};
    oriel_bits_advance(&s->rate, now);
    oriel_activemap_begin(&s->map);
    if (oriel_bits_ready(&s->rate, now) <= now) {
        plan.key = s->want_key;
        plan_recovery(s, &plan);
        if (plan.key || s->map.changed)
            plan_change(s, &plan, now);
        if (!plan.key && !s->covered && plan.afar <= 1)
            plan_sharpening(s, &plan, now);
    }
    plan.into = s->into;
    if (plan.changed || plan.sharpened || plan.from != ORIEL_SLOT_LAST)
        plan.kind = ORIEL_PLAN_PICTURE;
    else if (now - s->sent_at >= BEAT - BEAT / 50)
        plan.kind = ORIEL_PLAN_BEAT;
    if (plan.kind == ORIEL_PLAN_BEAT && !s->keep_beat)
        plan.into = ORIEL_SLOT_LAST;
    return plan;
}

/* Who did not wait for the screen does not know how often it would have changed. */
static double motion_interval(const struct oriel_sharpen *s, int64_t now) {
    int64_t frame = ORIEL_SECOND / s->settings.fps;
    bool held_up = s->welcome && now - s->welcome < frame;
    return (double)(held_up ? frame : now - s->changed_at) / ORIEL_SECOND;
}

/* Half a period early is in time, or whoever was late once would stay so: a source of just that rate leaves no time to
 * catch up in. The periods are a little short, or it would lose every other picture. */
static void pace(struct oriel_sharpen *s, int64_t now) {
    int64_t frame = ORIEL_SECOND / s->settings.fps, next = s->paced + frame * 15 / 16;
    s->paced = next > now + frame / 2 ? next : now + frame / 2;
}

void oriel_sharpen_done(struct oriel_sharpen *s, const struct oriel_plan *plan, double bits, int64_t now) {
    s->sent_at = now;
    oriel_bits_spend(&s->rate, bits);
    if (plan->kind != ORIEL_PLAN_PICTURE) {
        oriel_activemap_kept(&s->map, ORIEL_SLOT_LAST, plan->into);
        s->into = ORIEL_SLOT_LAST;
        return;
    }
    double change = oriel_bits_cost(&s->rate, plan->change, plan->changed, plan->change_quantizer);
    double sharpen = oriel_bits_cost(&s->rate, ORIEL_BITS_SHARPEN, plan->sharpened, plan->sharpen_quantizer);
    double share = plan->changed ? change / (change + sharpen) : 0;
    if (!plan->rough)
        oriel_bits_learn(&s->rate, plan->change, plan->changed, plan->change_quantizer, bits * share);
    oriel_bits_learn(&s->rate, ORIEL_BITS_SHARPEN, plan->sharpened, plan->sharpen_quantizer, bits * (1 - share));
    if (plan->changed) {
        if (oriel_bits_is_motion(plan->change))
            oriel_bits_moved(&s->rate, motion_interval(s, now));
        s->changed_at = now;
        pace(s, now);
    }
    if (plan->sharpened)
        s->stepped_at = now;
    if (plan->key) {
        s->want_key = false;
        int64_t patience = (int64_t)(KEY_PATIENCE * bits / s->rate.bits_per_second * ORIEL_SECOND);
        s->key_until = now + (plan->rough && patience < ROUGH_PATIENCE ? ROUGH_PATIENCE : patience);
    }
    unsigned quality = plan->afar > 1 ? s->settings.max_quantizer : plan->change_quantizer;
    oriel_activemap_encoded(&s->map, quality, plan->sharpen_quantizer,
                            plan->changed && plan->filter ? plan->change_quantizer : 0);
    if (plan->key)
        oriel_activemap_kept_everywhere(&s->map);
    else
        oriel_activemap_kept(&s->map, plan->from, plan->into);
    s->from = s->into = ORIEL_SLOT_LAST;
    if (plan->rough) {
        oriel_activemap_damage_all(&s->map, now);
        s->map.part = 0;
    }
    s->painting = plan->rough || (plan->part && s->map.changed);
}

/* What was coarser for want of room tells nothing of how coarse it may be. */
void oriel_sharpen_judge(struct oriel_sharpen *s, const struct oriel_plan *plan, double error) {
    if (plan->change != ORIEL_BITS_MOTION)
        return;
    if (error > WORSE)
        s->covered_finest = s->covered_finest > COVERED_FINEST + 2 ? s->covered_finest - 2 : COVERED_FINEST;
    else if (error < BETTER && plan->change_quantizer <= s->covered_finest && s->covered_finest < MOTION_FAIR)
        s->covered_finest++;
}

struct oriel_sharpen_times oriel_sharpen_times(struct oriel_sharpen *s, int64_t now) {
    oriel_bits_advance(&s->rate, now);
    int64_t ready = oriel_bits_ready(&s->rate, now);
    if (ready < s->paced)
        ready = s->paced;
    struct oriel_sharpen_times times = {.not_before = ready, .again = s->sent_at + BEAT};
    if (s->want_key || s->map.changed) {
        times.again = ready;
        return times;
    }
    if (s->from != ORIEL_SLOT_LAST) { /* a recovery that waits */
        times.again = now + ORIEL_SECOND / s->settings.fps;
        return times;
    }
    if (s->unsure && times.again > now + LOOK)
        times.again = now + LOOK;
    if (s->covered)
        return times;
    struct oriel_coarse coarse = oriel_activemap_coarse(&s->map, s->settings.target_quantizer, INT64_MAX);
    if (!coarse.count)
        return times;
    int64_t step = s->stepped_at + STEP > coarse.touched + SETTLED ? s->stepped_at + STEP : coarse.touched + SETTLED;
    double missing = STEP_SECONDS - oriel_bits_budget(&s->rate, ORIEL_BITS_SHARPEN) / s->rate.bits_per_second;
    if (missing > 0 && step < now + (int64_t)(missing * ORIEL_SECOND))
        step = now + (int64_t)(missing * ORIEL_SECOND);
    if (step < ready)
        step = ready;
    if (step < times.again)
        times.again = step;
    return times;
}
