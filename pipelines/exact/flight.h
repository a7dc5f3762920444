/* Tiles on their way to the page: what is sent next, what again, and how much at once.
 *
 * Policy: a tile goes in chunks of one packet, each acknowledged by itself, and again when no acknowledgement has come
 * in the time that a round trip takes (its mean and four times its deviation) and the page may keep it back; then after
 * twice that, and so on, but at once when what was sent well after it has come and it was sent again before, or
 * nothing had come for so long: an interruption has ended. What may be on its way at once is a window of bytes: it
 * grows by what is acknowledged while round trips stay short, and shrinks when they get longer (a queue builds up on
 * the path) or when chunks are lost; so the video's packets never stand behind more than some tens of milliseconds of
 * tiles. While round trips are short it is at least what the rate of all that leaves brings out in one, and beyond
 * that it grows by half as much: whether loss is the way's own, the estimator knows better. Within the window each
 * chunk asks the budget of all that leaves, which has them wait for pictures, and learns from their acknowledgements.
 * The newest picture's tiles go first. Pure: times are given. One thread. */
#ifndef ORIEL_EXACT_FLIGHT_H
#define ORIEL_EXACT_FLIGHT_H

#include "budget.h"
#include "clock.h"
#include "wire.h"

enum { ORIEL_FLIGHT_TILES = 96, ORIEL_FLIGHT_ACKS = 256 };

/* The page may keep an acknowledgement back for so long, to say more with it: also after each small tile that follows
 * the one before within that time, until so much longer after the first. */
#define ORIEL_FLIGHT_ACK_DELAY (45 * ORIEL_MILLISECOND)
#define ORIEL_FLIGHT_ACK_LONGER (90 * ORIEL_MILLISECOND)

struct oriel_flight_chunk {
    int64_t sent; /* the last time */
    uint8_t times;
    bool acked;
};

struct oriel_tile {
    struct oriel_exact_tile_head head;
    uint8_t *bytes; /* NULL: a reference to the page's cache, which is one chunk */
    size_t length;
    int64_t made;
    bool small;           /* an image by runs.h, which is one chunk */
    bool passed;          /* small, and lost: oriel_flight_passed */
    bool moved;           /* something of it is elsewhere now: it must arrive, whatever became of its own place */
    unsigned next, acked; /* the first chunk that was never sent; how many have come */
    struct oriel_flight_chunk *chunks;
};

struct oriel_flight {
    struct oriel_tile *tiles[ORIEL_FLIGHT_TILES];
    unsigned count;
    size_t in_flight, window;                        /* bytes */
    bool queued;                                     /* the last round trip was longer than that way takes */
    int64_t trip, deviation, shrunk_at;              /* round trips; 0: none yet */
    int64_t shortest, shortest_now, shortest_since;  /* the least of the last 10 to 20 s; since when the newer is */
    struct oriel_budget *budget;                     /* NULL: none */
    int64_t held;                                    /* the budget refused; when to ask again; 0: it did not */
    int64_t newest;                                  /* the latest time that something that came was sent at */
    uint32_t page_at;                                /* the page's last time */
    int64_t page_now;                                /* the same in ns, without a wrap */
    struct oriel_budget_ack acks[ORIEL_FLIGHT_ACKS]; /* that the budget is to be told of */
    unsigned ack_count;
    int64_t small_at; /* when the last small tile left */
    /* Of what was acknowledged: when last; the bytes since `lately`, and what that was a second before it; the shortest
     * round trip since then, and before; when a queue last stood. */
    int64_t answered_at, lately, least, least_before, stood_at;
    size_t came_bytes;
    double came;
    int64_t mended; /* after an interruption this, of what was sent in it, was the first to come */
};

void oriel_flight_start(struct oriel_flight *f, struct oriel_budget *budget);
/* A page that has nothing: the window begins anew. */
void oriel_flight_clear(struct oriel_flight *f);
void oriel_tile_free(struct oriel_tile *tile);

/* Takes `bytes`, of malloc, also when it fails: without memory, or with ORIEL_FLIGHT_TILES on their way. head->count
 * is filled in. */
bool oriel_flight_add(struct oriel_flight *f, const struct oriel_exact_tile_head *head, uint8_t *bytes, size_t length,
                      int64_t now);

/* One more of one chunk by runs.h, which leaves with this. */
bool oriel_flight_add_small(struct oriel_flight *f, const struct oriel_exact_tile_head *head, uint8_t *bytes,
                            size_t length, int64_t now);

/* The chunk to be sent now; it counts as sent. False: none, before oriel_flight_due. */
bool oriel_flight_next(struct oriel_flight *f, int64_t now, const struct oriel_tile **tile, unsigned *chunk);
int64_t oriel_flight_due(const struct oriel_flight *f, int64_t now);

/* Whether there is room for one more tile, and something of it could leave at once. */
bool oriel_flight_has_room(const struct oriel_flight *f);
/* Or for a small one, which does not stand behind what is older than it. */
bool oriel_flight_has_room_small(const struct oriel_flight *f);

/* Whether what is sent now would only stand in the way's queue, where one stood lately, behind more tiles than the way
 * brings in a round trip: what is small leaves unasked, and the rate that is believed may be too high. Only where tiles
 * are much of what there is, and while the page answers. */
bool oriel_flight_is_behind(const struct oriel_flight *f, int64_t now);

/* By the page's clock its next acknowledgements left then. */
void oriel_flight_clock(struct oriel_flight *f, uint32_t at);

/* The page has these chunks. The tile, when that was all of it: it is no longer on its way, and the caller's. */
struct oriel_tile *oriel_flight_ack(struct oriel_flight *f, const struct oriel_exact_range *range, int64_t now);

/* Moves what the budget is to be told to `acks`, for the caller to do it without a lock. */
unsigned oriel_flight_tell(struct oriel_flight *f, struct oriel_budget_ack acks[ORIEL_FLIGHT_ACKS]);

/* The page has the message that brought the small tiles of up to this RTP time, or a later one that would not have
 * been sent without: those that it has not acknowledged were lost, and are due. */
void oriel_flight_passed(struct oriel_flight *f, uint32_t rtp);

/* Whether something has come that was sent so much later that this would have come, too. */
bool oriel_flight_overtaken(const struct oriel_flight *f, int64_t sent);

/* How long to wait for an acknowledgement. */
int64_t oriel_flight_patience(const struct oriel_flight *f);

/* Takes the tile at `index` off its way; the caller's. */
struct oriel_tile *oriel_flight_take(struct oriel_flight *f, unsigned index);

#endif
