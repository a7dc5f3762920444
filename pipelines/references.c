/* See references.h. */
#include "references.h"

#include <glib.h>
#include <string.h>

/* The time in which a repeat is asked for, comes and is told of. */
#define PATIENCE_TRIPS 1.5
#define PATIENCE_MORE (100 * ORIEL_MILLISECOND)
#define TRIP_FIRST (200 * ORIEL_MILLISECOND)
#define STALE (2 * ORIEL_SECOND) /* what is not certain by then won't be */

/* BACK_MAX: what the descriptor can say; before that a reference is renewed. */
enum { PICTURES = 256, PACKETS = 4096, BACK_MAX = 4096, BACK_LONG = 1024 };

enum fate { AWAY, CAME, LOST, UNTOLD };

struct packet {
    uint16_t sequence, number;
    uint8_t fate;
    bool known;
};

struct picture {
    uint16_t number, of;
    bool known, key, lasting;
    bool certain, beyond;     /* the decoder has it; a packet won't come */
    bool founded;             /* what it refers to was certain when it was made */
    bool has_first, has_last; /* the sequence numbers of its packets */
    uint16_t first, last;
    unsigned came, lost, untold; /* packets */
    int64_t lost_at, untold_at, made_at;
};

struct slot {
    bool used, certain;
    uint16_t number;
};

struct oriel_references {
    GMutex lock;
    bool can;
    uint16_t number, last; /* of the newest picture; of the newest that the next may refer to */
    bool sure;             /* that one is certain */
    uint16_t from;         /* the oldest that matters to the newest */
    bool wanted;
    int64_t wanted_at, trip;
    struct slot slots[ORIEL_SLOTS]; /* LAST is not used */
    struct picture pictures[PICTURES];
    struct packet packets[PACKETS];
    struct oriel_references_counts counts;
};

struct oriel_references *oriel_references_new(void) {
    struct oriel_references *r = g_new0(struct oriel_references, 1);
    g_mutex_init(&r->lock);
    r->trip = TRIP_FIRST;
    return r;
}

void oriel_references_free(struct oriel_references *r) {
    if (!r)
        return;
    g_mutex_clear(&r->lock);
    g_free(r);
}

void oriel_references_start(struct oriel_references *r, bool can) {
    g_mutex_lock(&r->lock);
    r->can = can;
    r->wanted = r->sure = false;
    r->trip = TRIP_FIRST;
    r->from = (uint16_t)(r->number + 1);
    memset(r->slots, 0, sizeof r->slots);
    memset(r->pictures, 0, sizeof r->pictures);
    memset(r->packets, 0, sizeof r->packets);
    g_mutex_unlock(&r->lock);
}

static struct picture *find(struct oriel_references *r, uint16_t number) {
    struct picture *p = &r->pictures[number % PICTURES];
    return p->known && p->number == number ? p : NULL;
}

static bool before(uint16_t a, uint16_t b) {
    return (int16_t)(a - b) < 0;
}

/* ---- what is certain ---- */

static int64_t patience(const struct oriel_references *r) {
    return (int64_t)(PATIENCE_TRIPS * (double)r->trip) + PATIENCE_MORE;
}

static bool complete(const struct picture *p) {
    return p->has_first && p->has_last && !p->lost && !p->untold &&
           p->came == (unsigned)(uint16_t)(p->last - p->first) + 1;
}

static void look(struct oriel_references *r, struct picture *p, int64_t now) {
    if (p->lost && now - p->lost_at > patience(r))
        p->beyond = true;
    if (p->untold && now - p->untold_at > patience(r)) {
        p->came += p->untold;
        p->untold = 0;
    }
    const struct picture *of = p->key || p->founded ? NULL : find(r, p->of);
    if (p->certain || !complete(p) || !(p->key || p->founded || (of && of->certain)))
        return;
    p->certain = true;
    r->sure |= p->number == r->last;
    for (unsigned s = ORIEL_SLOT_GOLDEN; s < ORIEL_SLOTS; s++)
        r->slots[s].certain |= r->slots[s].used && r->slots[s].number == p->number;
}

/* The pictures that the newest one needs, oldest first, so that certainty goes from one to the next. */
static void look_at_all(struct oriel_references *r, int64_t now) {
    uint16_t count = (uint16_t)(r->number + 1 - r->from);
    if (count > INT16_MAX) /* there is none */
        return;
    bool gap = false;
    for (uint16_t i = count > PICTURES ? PICTURES : count; i > 0; i--) {
        struct picture *p = find(r, (uint16_t)(r->number + 1 - i));
        if (!p)
            continue;
        look(r, p, now);
        gap = gap || (p->beyond && p->lasting);
    }
    if (gap && !r->wanted)
        r->wanted_at = now;
    r->wanted = gap;
}

/* The newer of those that are certain; LAST: none is. */
static enum oriel_slot safe(const struct oriel_references *r) {
    enum oriel_slot best = ORIEL_SLOT_LAST;
    for (unsigned s = ORIEL_SLOT_GOLDEN; s < ORIEL_SLOTS; s++)
        if (r->slots[s].certain && (uint16_t)(r->number + 1 - r->slots[s].number) < BACK_MAX &&
            (best == ORIEL_SLOT_LAST || before(r->slots[best].number, r->slots[s].number)))
            best = s;
    return best;
}

/* Where the next picture is kept: not over the one that is certain, nor over one that may yet become so. */
static enum oriel_slot spare(struct oriel_references *r, bool recovers, int64_t now) {
    enum oriel_slot kept = safe(r);
    if (kept == ORIEL_SLOT_LAST)
        return ORIEL_SLOT_LAST;
    enum oriel_slot other = kept == ORIEL_SLOT_GOLDEN ? ORIEL_SLOT_ALTREF : ORIEL_SLOT_GOLDEN;
    const struct slot *s = &r->slots[other];
    const struct picture *p = s->used ? find(r, s->number) : NULL;
    bool hopeful = p && !p->certain && !p->beyond && !before(p->number, r->from) && now - p->made_at < STALE;
    return hopeful && !recovers ? ORIEL_SLOT_LAST : other;
}

struct oriel_reference oriel_references_next(struct oriel_references *r, int64_t now) {
    struct oriel_reference next = {.from = ORIEL_SLOT_LAST, .into = ORIEL_SLOT_LAST};
    g_mutex_lock(&r->lock);
    if (r->can) {
        look_at_all(r, now);
        next.recoverable = true;
        if (r->wanted)
            next.from = safe(r);
        next.hurry = r->wanted && now - r->wanted_at > ORIEL_REFERENCES_HURRY;
        next.key = r->wanted && next.from == ORIEL_SLOT_LAST && now - r->wanted_at > ORIEL_REFERENCES_RESORT;
        next.into = spare(r, next.from != ORIEL_SLOT_LAST, now);
        const struct slot *kept = &r->slots[safe(r)];
        next.shown =
            kept->certain && !before(kept->number, r->last) && (uint16_t)(r->number - kept->number) < BACK_LONG;
    }
    g_mutex_unlock(&r->lock);
    return next;
}

/* ---- pictures ---- */

static void keep(struct oriel_references *r, enum oriel_slot slot, uint16_t number) {
    if (slot != ORIEL_SLOT_LAST)
        r->slots[slot] = (struct slot){.used = true, .number = number};
}

struct oriel_reference_made oriel_references_made(struct oriel_references *r, const struct oriel_reference *by,
                                                  bool key, bool lasting, int64_t now) {
    g_mutex_lock(&r->lock);
    uint16_t number = ++r->number;
    bool recovers = !key && by->from != ORIEL_SLOT_LAST;
    struct picture *p = &r->pictures[number % PICTURES];
    *p = (struct picture){.number = number, .known = true, .key = key, .made_at = now};
    p->founded = recovers || (!key && r->sure);
    p->of = recovers ? r->slots[by->from].number : r->last;
    /* A picture that changes nothing can stand for the last one, before that is too far away to be named. */
    p->lasting = key || lasting || (uint16_t)(number - r->last) >= BACK_LONG;
    if (key || recovers) {
        r->from = number;
        r->wanted = false;
        r->counts.recoveries += recovers;
        r->counts.keyframes += key;
    }
    for (unsigned s = ORIEL_SLOT_GOLDEN; key && s < ORIEL_SLOTS; s++)
        keep(r, s, number);
    if (!key)
        keep(r, by->into, number);
    if (p->lasting) {
        r->last = number;
        r->sure = false;
    }
    if ((uint16_t)(number - r->from) >= PICTURES)
        r->from = (uint16_t)(number - PICTURES + 1);
    struct oriel_reference_made made = {.number = number, .back = key ? 0 : (uint16_t)(number - p->of)};
    g_mutex_unlock(&r->lock);
    return made;
}

/* ---- packets ---- */

static struct packet *packet_of(struct oriel_references *r, const struct oriel_rate_packet *k) {
    struct packet *q = &r->packets[k->sequence % PACKETS];
    if (!q->known || q->sequence != k->sequence || q->number != k->picture)
        *q = (struct packet){.sequence = k->sequence, .number = k->picture, .known = true, .fate = AWAY};
    return q;
}

static void move(struct picture *p, struct packet *q, enum fate to, int64_t now) {
    p->lost -= q->fate == LOST;
    p->untold -= q->fate == UNTOLD;
    if (to == LOST && !p->lost++)
        p->lost_at = now;
    if (to == UNTOLD) {
        p->untold++;
        p->untold_at = now;
    }
    p->came += to == CAME;
    p->beyond = p->beyond && p->lost;
    q->fate = to;
}

static void take(struct oriel_references *r, struct picture *p, const struct oriel_rate_packet *k, int64_t now) {
    struct packet *q = packet_of(r, k);
    if (k->first) {
        p->has_first = true;
        p->first = k->sequence;
    }
    if (k->last) {
        p->has_last = true;
        p->last = k->sequence;
    }
    if (q->fate == UNTOLD && !p->untold) /* it was counted as come */
        q->fate = CAME;
    if (q->fate == CAME)
        return;
    bool repeat = k->class == ORIEL_BUDGET_RETRANSMISSION;
    if (!k->lost && !k->untold)
        move(p, q, CAME, now);
    else if (repeat && k->lost && q->fate == LOST)
        p->beyond = true;
    else if (q->fate == AWAY || (q->fate == UNTOLD && k->lost))
        move(p, q, k->lost ? LOST : UNTOLD, now);
}

void oriel_references_fate(struct oriel_references *r, const struct oriel_rate_packet *k, int64_t now) {
    if (!k->described)
        return;
    g_mutex_lock(&r->lock);
    struct picture *p = r->can ? find(r, k->picture) : NULL;
    if (!k->lost && !k->untold)
        r->trip += (now - k->sent - r->trip) / 8;
    if (p)
        take(r, p, k, now);
    g_mutex_unlock(&r->lock);
}

bool oriel_references_judge(struct oriel_references *r, int64_t now) {
    g_mutex_lock(&r->lock);
    bool wanted = r->wanted;
    if (r->can)
        look_at_all(r, now);
    bool news = r->wanted && !wanted && safe(r) != ORIEL_SLOT_LAST;
    g_mutex_unlock(&r->lock);
    return news;
}

void oriel_references_count(struct oriel_references *r, struct oriel_references_counts *counts) {
    g_mutex_lock(&r->lock);
    *counts = r->counts;
    g_mutex_unlock(&r->lock);
}
