/* Which layer shows what: damage over time in, tiles of the exact layer out.
 *
 *   a change of what was at rest ............ exact, at once: typing, a clock, a page flip
 *   changes all the time, a small part ...... exact, each: gauges, a progress bar
 *   changes all the time, a large part ...... motion: the video alone, until it has been quiet for ORIEL_SETTLE_TIME or
 *                                             a quarter more than the time between changes; what moves again soon
 *                                             after that must be quiet for longer (hysteresis)
 *   a page flip over that ................... exact, at once: most of what changes in one picture was at rest
 *   a film that stood still for a moment .... motion: what was busy lately is not at rest yet (a film of 30 pictures a
 *                                             second for 0.9 s, one of 10 for 0.4 s)
 *   changes sooner than its tiles arrive .... motion, however slow: a film on a link that takes few of its pictures
 *                                             would else lose all of the link to tiles of which none is ever whole
 *
 * While nobody looks at the screen, because the way has no room for what would be seen, no time passes here: a film of
 * which few pictures are taken up has neither come to rest nor settled between them.
 *
 * Policy: cells of 64x64 pixels decide for themselves; how much of the picture is busy in one piece decides for that
 * piece, so that a gauge beside a film is exact. What the page lacks is a box a cell. A tile is those boxes of one
 * aligned block of 4x4 cells, in one rectangle (the whole block, if that is most of it: so the cache finds a page
 * again); the newest change goes first, of equally new ones the topmost, leftmost, as one reads. Pure: times are given.
 * One thread. */
#ifndef ORIEL_EXACT_CLASSIFIER_H
#define ORIEL_EXACT_CLASSIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "frames.h"
#include "moves.h"

enum { ORIEL_CELL = 64, ORIEL_TILE_CELLS = 4, ORIEL_TILE_SIDE = ORIEL_CELL * ORIEL_TILE_CELLS };

#define ORIEL_SETTLE_TIME (80 * ORIEL_MILLISECOND)

struct oriel_cell {
    struct oriel_rect lacks,
        took; /* of it the page lacks this, width 0: nothing; lacked this before a tile was taken */
    int64_t changed, due, settled; /* the last change; when what it lacks may go; when it left motion; 0: never */
    int64_t interval;              /* between the last change and the one before */
    unsigned area;                 /* pixels of the last change */
    float price;                   /* bits of a pixel, of its last tile; 0: nobody knows */
    float busy;                    /* changes lately: at f a second it nears f/2 */
    uint8_t patience;              /* the settle time is doubled as often */
    bool rested;                   /* it was at rest before that */
    bool rushed;                   /* it changed sooner than its tile could have arrived */
    bool motion, counted;          /* `counted`: in a piece, while these are looked for */
};

struct oriel_classifier {
    unsigned width, height, columns, rows;
    struct oriel_cell *cells;
    struct oriel_rect *moved; /* what the page lacks of what moves, while that is looked at */
    unsigned *piece;          /* cells of one piece, while it is looked for */
    int64_t away, missed;     /* since when nobody looks, 0: somebody does; how long nobody did before that */
};

/* For pictures of that size, of which the page has nothing. False without memory. */
bool oriel_classifier_start(struct oriel_classifier *c, unsigned width, unsigned height);
void oriel_classifier_clear(struct oriel_classifier *c);

/* Whether somebody looks from now on, as it is at first. */
void oriel_classifier_look(struct oriel_classifier *c, bool looks, int64_t now);

/* One picture differs from the one before by these, which lie in it. `rate`: bits a second that may leave; 0: any. */
void oriel_classifier_changed(struct oriel_classifier *c, const struct oriel_rect *rects, size_t count, double rate,
                              int64_t now);

/* A tile of this came to so many bytes. */
void oriel_classifier_cost(struct oriel_classifier *c, const struct oriel_rect *tile, size_t bytes);

/* The page lacks this, though nothing changed: a tile was given up. */
void oriel_classifier_lacks(struct oriel_classifier *c, const struct oriel_rect *rect);

/* The page moves what it has. So what it lacks there, it lacks at the new place, too; but that may go at once: what is
 * known to be the same elsewhere is no film. */
void oriel_classifier_moved(struct oriel_classifier *c, const struct oriel_move *move, int64_t now);

/* Whether the page lacks every pixel of this. */
bool oriel_classifier_lacks_all(const struct oriel_classifier *c, const struct oriel_rect *rect);

/* Takes the tile that is to be sent next: from here on the page is not said to lack it. */
bool oriel_classifier_take(struct oriel_classifier *c, int64_t now, struct oriel_rect *tile);

/* Of the tile that was taken last this part is not sent: what the page lacked of it, it lacks again. */
void oriel_classifier_untake(struct oriel_classifier *c, const struct oriel_rect *part);

/* That was sent in another way. */
void oriel_classifier_took(struct oriel_classifier *c, const struct oriel_rect *rect, int64_t now);

/* When the next tile is due: now or later; INT64_MAX: not before somebody looks, or never. */
int64_t oriel_classifier_due(const struct oriel_classifier *c);
/* Whether the page lacks nothing. */
bool oriel_classifier_complete(const struct oriel_classifier *c);

/* Whether a cell is video now; one that these rectangles touch. */
bool oriel_classifier_moves(const struct oriel_classifier *c);
bool oriel_classifier_moves_in(const struct oriel_classifier *c, const struct oriel_rect *rects, size_t count);

/* What the page lacks, cell by cell. */
void oriel_classifier_each_lack(const struct oriel_classifier *c, void (*lack)(void *user, const struct oriel_rect *),
                                void *user);

#endif
