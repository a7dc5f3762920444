/* See classifier.h. */
#include "classifier.h"

#include <math.h>
#include <stdlib.h>

#define BUSY 2.5f                        /* steadily changing: 5 times a second and more, and not just twice */
#define FORGET (500 * ORIEL_MILLISECOND) /* the time constant of `busy` */
#define RESTED (250 * ORIEL_MILLISECOND) /* without a change for so long, and not busy before, a cell was at rest */
#define RELAPSE ORIEL_SECOND             /* moving again so soon after it settled, a cell gets more patience */
#define SETTLE_MAX (3 * ORIEL_SETTLE_TIME)
#define SETTLE_RUSHED_MAX (2 * ORIEL_SECOND)

enum { PATIENCE_MAX = 2, SMALL_SHARE = 16 }; /* busy, up to a sixteenth of the picture is small */

bool oriel_classifier_start(struct oriel_classifier *c, unsigned width, unsigned height) {
    oriel_classifier_clear(c);
    *c = (struct oriel_classifier){.width = width,
                                   .height = height,
                                   .columns = (width + ORIEL_CELL - 1) / ORIEL_CELL,
                                   .rows = (height + ORIEL_CELL - 1) / ORIEL_CELL};
    c->cells = calloc((size_t)c->columns * c->rows, sizeof *c->cells);
    c->piece = calloc((size_t)c->columns * c->rows, sizeof *c->piece);
    c->moved = calloc((size_t)c->columns * c->rows, sizeof *c->moved);
    return c->cells && c->piece && c->moved;
}

void oriel_classifier_clear(struct oriel_classifier *c) {
    free(c->cells);
    free(c->piece);
    free(c->moved);
    *c = (struct oriel_classifier){0};
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

static unsigned most(unsigned a, unsigned b) {
    return a > b ? a : b;
}

static struct oriel_rect meet(const struct oriel_rect *a, const struct oriel_rect *b) {
    unsigned left = most(a->x, b->x), top = most(a->y, b->y);
    unsigned right = least((unsigned)a->x + a->width, (unsigned)b->x + b->width);
    unsigned bottom = least((unsigned)a->y + a->height, (unsigned)b->y + b->height);
    if (left >= right || top >= bottom)
        return (struct oriel_rect){0};
    return (struct oriel_rect){(uint16_t)left, (uint16_t)top, (uint16_t)(right - left), (uint16_t)(bottom - top)};
}

static void join(struct oriel_rect *to, const struct oriel_rect *other) {
    if (!other->width)
        return;
    if (!to->width) {
        *to = *other;
        return;
    }
    unsigned left = least(to->x, other->x), top = least(to->y, other->y);
    unsigned right = most((unsigned)to->x + to->width, (unsigned)other->x + other->width);
    unsigned bottom = most((unsigned)to->y + to->height, (unsigned)other->y + other->height);
    *to = (struct oriel_rect){(uint16_t)left, (uint16_t)top, (uint16_t)(right - left), (uint16_t)(bottom - top)};
}

static struct oriel_rect place(const struct oriel_classifier *c, unsigned column, unsigned row) {
    unsigned x = column * ORIEL_CELL, y = row * ORIEL_CELL;
    return (struct oriel_rect){(uint16_t)x, (uint16_t)y, (uint16_t)least(ORIEL_CELL, c->width - x),
                               (uint16_t)least(ORIEL_CELL, c->height - y)};
}

/* The cells that a rectangle touches. */
struct span {
    unsigned left, top, right, bottom; /* the last two not among them */
};

static struct span span(const struct oriel_rect *r) {
    return (struct span){r->x / ORIEL_CELL, r->y / ORIEL_CELL, (r->x + r->width + ORIEL_CELL - 1u) / ORIEL_CELL,
                         (r->y + r->height + ORIEL_CELL - 1u) / ORIEL_CELL};
}

/* In which all times of cells are. */
static int64_t seen(const struct oriel_classifier *c, int64_t now) {
    return (c->away ? c->away : now) - c->missed;
}

void oriel_classifier_look(struct oriel_classifier *c, bool looks, int64_t now) {
    if (looks == !c->away)
        return;
    c->missed += looks ? now - c->away : 0;
    c->away = looks ? 0 : now;
}

static float busy_now(const struct oriel_cell *cell, int64_t now) {
    return cell->busy > 0 ? cell->busy * expf(-(float)(now - cell->changed) / (float)FORGET) : 0;
}

static bool is_busy(const struct oriel_cell *cell, int64_t now) {
    return busy_now(cell, now) > BUSY || (cell->rushed && cell->changed == now);
}

/* Gathers the busy cells that hang together with `first` in c->piece; how many, and how many pixels of them change. */
static unsigned gather(struct oriel_classifier *c, unsigned first, int64_t now, unsigned *area) {
    unsigned count = 0;
    c->cells[first].counted = true;
    c->piece[count++] = first;
    for (unsigned at = 0; at < count; at++) {
        unsigned i = c->piece[at], column = i % c->columns, row = i / c->columns;
        const unsigned sides[] = {column ? i - 1 : i, column + 1 < c->columns ? i + 1 : i, row ? i - c->columns : i,
                                  row + 1 < c->rows ? i + c->columns : i};
        *area += c->cells[i].area;
        for (unsigned side = 0; side < 4; side++) {
            struct oriel_cell *cell = &c->cells[sides[side]];
            if (cell->counted || !is_busy(cell, now))
                continue;
            cell->counted = true;
            c->piece[count++] = sides[side];
        }
    }
    return count;
}

static void set_motion(struct oriel_cell *cell, bool motion, int64_t now) {
    if (cell->motion == motion)
        return;
    if (!motion) { /* what it was a part of has come to rest */
        cell->motion = false;
        cell->settled = now;
        return;
    }
    bool relapse = cell->settled && now - cell->settled < RELAPSE;
    cell->motion = true;
    cell->patience = relapse ? (uint8_t)least(cell->patience + 1u, PATIENCE_MAX) : 0;
}

/* A film of few pictures a second is not at rest between two of them: it has settled when the next is late by a
 * quarter of the interval: `busy` nears 1 / (1 - exp(-interval / FORGET)). */
static int64_t settle_time(const struct oriel_cell *cell) {
    if (cell->rushed) {
        int64_t late = cell->interval / 4 * 5;
        return late < ORIEL_SETTLE_TIME ? ORIEL_SETTLE_TIME : late < SETTLE_RUSHED_MAX ? late : SETTLE_RUSHED_MAX;
    }
    float often = cell->busy > BUSY ? cell->busy : BUSY;
    int64_t time = (int64_t)(-1.25f * logf(1 - 1 / often) * (float)FORGET);
    time = (time < ORIEL_SETTLE_TIME ? ORIEL_SETTLE_TIME : time) << cell->patience;
    return time < SETTLE_MAX ? time : SETTLE_MAX;
}

/* What changes sooner than tiles of all that changes with it can arrive. */
static void find_rushed(struct oriel_classifier *c, double rate, int64_t now) {
    double bits = 0;
    for (unsigned i = 0; i < c->columns * c->rows; i++)
        if (c->cells[i].changed == now)
            bits += (double)c->cells[i].price * c->cells[i].area;
    double takes = rate > 0 ? bits / rate * ORIEL_SECOND : 0;
    for (unsigned i = 0; i < c->columns * c->rows; i++)
        if (c->cells[i].changed == now) {
            c->cells[i].rushed = (double)c->cells[i].interval < takes;
            c->cells[i].rested = c->cells[i].rested && !c->cells[i].rushed;
        }
}

/* Most of what this picture changed was at rest: it is another page, and what was video in it is no more. */
static bool is_flip(const struct oriel_classifier *c, int64_t now) {
    uint64_t rested = 0, busy = 0;
    for (unsigned i = 0; i < c->columns * c->rows; i++)
        if (c->cells[i].changed == now)
            *(c->cells[i].rested ? &rested : &busy) += c->cells[i].area;
    return rested > busy;
}

/* Of what one picture changed, what moves. */
static void judge(struct oriel_classifier *c, int64_t now) {
    unsigned count = c->columns * c->rows;
    bool flip = is_flip(c, now);
    for (unsigned i = 0; i < count; i++) {
        struct oriel_cell *cell = &c->cells[i];
        if (flip && cell->changed == now)
            set_motion(cell, false, now);
        if (flip || cell->changed != now || !is_busy(cell, now) || cell->counted)
            continue;
        unsigned area = 0, cells = gather(c, i, now, &area);
        for (unsigned k = 0; k < cells; k++)
            if (c->cells[c->piece[k]].changed == now)
                set_motion(&c->cells[c->piece[k]], area > c->width * c->height / SMALL_SHARE, now);
    }
    for (unsigned i = 0; i < count; i++) {
        struct oriel_cell *cell = &c->cells[i];
        cell->counted = false;
        if (cell->changed == now)
            cell->due = cell->motion ? now + settle_time(cell) : now;
    }
}

void oriel_classifier_changed(struct oriel_classifier *c, const struct oriel_rect *rects, size_t count, double rate,
                              int64_t time) {
    int64_t now = seen(c, time);
    for (size_t i = 0; i < count; i++) {
        struct span s = span(&rects[i]);
        for (unsigned row = s.top; row < s.bottom; row++)
            for (unsigned column = s.left; column < s.right; column++) {
                struct oriel_cell *cell = &c->cells[row * c->columns + column];
                struct oriel_rect own = place(c, column, row), part = meet(&own, &rects[i]);
                join(&cell->lacks, &part);
                bool again = cell->changed == now && cell->busy > 0;
                cell->area = (again ? cell->area : 0) + (unsigned)part.width * part.height;
                if (again)
                    continue;
                float busy = busy_now(cell, now);
                cell->rested = now - cell->changed > RESTED && busy <= BUSY;
                cell->busy = busy + 1;
                cell->interval = now - cell->changed;
                cell->changed = now;
            }
    }
    find_rushed(c, rate, now);
    judge(c, now);
}

void oriel_classifier_cost(struct oriel_classifier *c, const struct oriel_rect *tile, size_t bytes) {
    struct span s = span(tile);
    for (unsigned row = s.top; row < s.bottom; row++)
        for (unsigned column = s.left; column < s.right; column++)
            c->cells[row * c->columns + column].price = (float)bytes * 8 / ((float)tile->width * tile->height);
}

void oriel_classifier_lacks(struct oriel_classifier *c, const struct oriel_rect *rect) {
    struct span s = span(rect);
    for (unsigned row = s.top; row < s.bottom; row++)
        for (unsigned column = s.left; column < s.right; column++) {
            struct oriel_rect own = place(c, column, row), part = meet(&own, rect);
            join(&c->cells[row * c->columns + column].lacks, &part);
        }
}

void oriel_classifier_moved(struct oriel_classifier *c, const struct oriel_move *move, int64_t now) {
    struct span s = span(&move->from);
    size_t count = 0;
    for (unsigned row = s.top; row < s.bottom; row++)
        for (unsigned column = s.left; column < s.right; column++) {
            struct oriel_rect part = meet(&c->cells[row * c->columns + column].lacks, &move->from);
            if (!part.width)
                continue;
            part.x = (uint16_t)(part.x - move->from.x + move->x);
            part.y = (uint16_t)(part.y - move->from.y + move->y);
            c->moved[count++] = part;
        }
    for (size_t i = 0; i < count; i++)
        oriel_classifier_lacks(c, &c->moved[i]);
    const struct oriel_rect to = {move->x, move->y, move->from.width, move->from.height};
    s = span(&to);
    for (unsigned row = s.top; row < s.bottom; row++)
        for (unsigned column = s.left; column < s.right; column++) {
            struct oriel_cell *cell = &c->cells[row * c->columns + column];
            struct oriel_rect own = place(c, column, row), part = meet(&own, &to);
            if (!cell->motion || part.width != own.width || part.height != own.height)
                continue;
            set_motion(cell, false, seen(c, now));
            cell->due = cell->settled;
        }
}

bool oriel_classifier_lacks_all(const struct oriel_classifier *c, const struct oriel_rect *rect) {
    struct span s = span(rect);
    for (unsigned row = s.top; row < s.bottom; row++)
        for (unsigned column = s.left; column < s.right; column++) {
            struct oriel_rect own = place(c, column, row), part = meet(&own, rect);
            struct oriel_rect both = meet(&c->cells[row * c->columns + column].lacks, &part);
            if (both.width != part.width || both.height != part.height)
                return false;
        }
    return true;
}

static bool ready(const struct oriel_cell *cell, int64_t now) {
    return cell->lacks.width && cell->due <= now;
}

static void took(struct oriel_cell *cell, int64_t now) {
    join(&cell->took, &cell->lacks);
    cell->lacks = (struct oriel_rect){0};
    if (cell->motion) {
        cell->motion = false;
        cell->settled = now;
    }
}

void oriel_classifier_untake(struct oriel_classifier *c, const struct oriel_rect *part) {
    struct span s = span(part);
    for (unsigned row = s.top; row < s.bottom; row++)
        for (unsigned column = s.left; column < s.right; column++) {
            struct oriel_cell *cell = &c->cells[row * c->columns + column];
            struct oriel_rect again = meet(&cell->took, part);
            join(&cell->lacks, &again);
        }
}

void oriel_classifier_took(struct oriel_classifier *c, const struct oriel_rect *rect, int64_t time) {
    int64_t now = seen(c, time);
    struct span s = span(rect);
    for (unsigned row = s.top; row < s.bottom; row++)
        for (unsigned column = s.left; column < s.right; column++) {
            struct oriel_cell *cell = &c->cells[row * c->columns + column];
            struct oriel_rect both = meet(&cell->lacks, rect);
            if (both.width == cell->lacks.width && both.height == cell->lacks.height)
                took(cell, now);
        }
}

bool oriel_classifier_take(struct oriel_classifier *c, int64_t time, struct oriel_rect *tile) {
    int64_t now = seen(c, time);
    unsigned count = c->columns * c->rows, seed = count;
    for (unsigned i = 0; i < count; i++)
        if (ready(&c->cells[i], now) && (seed == count || c->cells[i].changed > c->cells[seed].changed))
            seed = i;
    if (seed == count)
        return false;
    unsigned left = seed % c->columns / ORIEL_TILE_CELLS * ORIEL_TILE_CELLS;
    unsigned top = seed / c->columns / ORIEL_TILE_CELLS * ORIEL_TILE_CELLS;
    unsigned right = least(left + ORIEL_TILE_CELLS, c->columns), bottom = least(top + ORIEL_TILE_CELLS, c->rows);
    struct oriel_rect all = {0};
    unsigned needed = 0;
    for (unsigned row = top; row < bottom; row++)
        for (unsigned column = left; column < right; column++) {
            struct oriel_cell *cell = &c->cells[row * c->columns + column];
            cell->took.width = 0;
            if (!ready(cell, now))
                continue;
            join(&all, &cell->lacks);
            needed += (unsigned)cell->lacks.width * cell->lacks.height;
        }
    /* Far apart, they go one by one. */
    if ((unsigned)all.width * all.height > 2 * needed) {
        *tile = c->cells[seed].lacks;
        took(&c->cells[seed], now);
        return true;
    }
    /* Mostly lacking, it goes whole: the same content is the same tile then, whatever was there before. */
    struct oriel_rect block = place(c, left, top), corner = place(c, right - 1, bottom - 1);
    join(&block, &corner);
    *tile = 2 * needed >= (unsigned)block.width * block.height ? block : all;
    for (unsigned row = top; row < bottom; row++)
        for (unsigned column = left; column < right; column++)
            if (ready(&c->cells[row * c->columns + column], now))
                took(&c->cells[row * c->columns + column], now);
    return true;
}

int64_t oriel_classifier_due(const struct oriel_classifier *c) {
    int64_t due = INT64_MAX;
    for (unsigned i = 0; i < c->columns * c->rows; i++)
        if (c->cells[i].lacks.width && c->cells[i].due < due)
            due = c->cells[i].due;
    bool unknown = due == INT64_MAX || (c->away && due > seen(c, c->away));
    return unknown ? INT64_MAX : due + c->missed;
}

bool oriel_classifier_complete(const struct oriel_classifier *c) {
    for (unsigned i = 0; i < c->columns * c->rows; i++)
        if (c->cells[i].lacks.width)
            return false;
    return true;
}

bool oriel_classifier_moves_in(const struct oriel_classifier *c, const struct oriel_rect *rects, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct span s = span(&rects[i]);
        for (unsigned row = s.top; row < s.bottom; row++)
            for (unsigned column = s.left; column < s.right; column++)
                if (c->cells[row * c->columns + column].motion)
                    return true;
    }
    return false;
}

void oriel_classifier_each_lack(const struct oriel_classifier *c, void (*lack)(void *user, const struct oriel_rect *),
                                void *user) {
    for (unsigned i = 0; i < c->columns * c->rows; i++)
        if (c->cells[i].lacks.width)
            lack(user, &c->cells[i].lacks);
}

bool oriel_classifier_moves(const struct oriel_classifier *c) {
    for (unsigned i = 0; i < c->columns * c->rows; i++)
        if (c->cells[i].motion)
            return true;
    return false;
}
