/* See exact.h. */
#include "exact.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "classifier.h"
#include "differ.h"
#include "flight.h"
#include "image.h"
#include "journal.h"
#include "mover.h"
#include "priority.h"
#include "runs.h"

#define BEHIND (20 * ORIEL_MILLISECOND) /* until it is looked again whether what was sent has come */
#define TILE_LIFE (5 * ORIEL_SECOND)    /* unacknowledged for so long, a tile is cut anew */
#define LOSSY 0.01                      /* of the packets: reason enough to send a small message twice */
#define QUIET (2 * ORIEL_SECOND)        /* a record that tells nothing may wait for so long, and a beat, to be told */

enum {
    CHUNKS_AT_ONCE = 8,           /* before the lock is given away */
    PICTURES = 30,                /* a second, as many as there may be */
    TWICE_SHARE = 8,              /* of the rate, for what goes a second time */
    SMALL_MAX = 8,                /* rectangles of a small change */
    VIDEO_BLOCK = 16 * 16,        /* pixels */
    AT_ONCE_AREA_MAX = 128 * 128, /* of one that is encoded at once, if runs.h does not suit it */
};

struct oriel_exact {
    void (*send)(void *user, const void *bytes, size_t length);
    void *user;
    GThread *thread;
    GMutex lock; /* of all that follows */
    GCond wake;
    gboolean quit, open;
    gboolean fresh; /* the next picture begins an epoch */
    gboolean owing; /* the video has left something out */
    uint16_t epoch;
    unsigned width, height;
    uint8_t *shadow; /* what the page shall show: B, G, R, 255 */
    uint32_t rtp;    /* of the newest picture */
    struct oriel_classifier classifier;
    struct oriel_flight flight;
    struct oriel_cache cache;
    struct oriel_mover mover;
    unsigned moves;          /* how many there were */
    struct oriel_rect moved; /* around where they went to, while tiles are on their way that they move; width 0 */
    uint32_t tile;           /* number of the next */
    struct oriel_journal journal;
    enum oriel_exact_state told; /* with the newest of its records */
    int64_t asleep;              /* until when the thread sleeps; 0: it does not */
    gboolean encoding;           /* a tile is being cut, */
    struct oriel_rect cut;       /* from here */
    double tile_bits;            /* of a block of the video, lately; 0: nobody knows */
    struct oriel_exact_counts counts;
};

static void give(struct oriel_exact *e, const uint8_t *bytes, size_t length) {
    e->counts.bytes += length;
    e->send(e->user, bytes, length);
}

/* ---- records ---- */

/* Small tiles are there with their record, or neither is. */
static enum oriel_exact_state state(const struct oriel_exact *e) {
    unsigned coming = e->encoding;
    for (unsigned i = 0; i < e->flight.count; i++)
        coming += !e->flight.tiles[i]->small;
    if (oriel_classifier_complete(&e->classifier) && !coming)
        return ORIEL_EXACT_EXACT;
    return oriel_classifier_moves(&e->classifier) ? ORIEL_EXACT_MOTION : ORIEL_EXACT_SETTLING;
}

/* From `from` on as many as fit; the length of the message. */
static size_t write_records(struct oriel_exact *e, uint32_t from, uint8_t message[ORIEL_EXACT_MESSAGE_MAX],
                            int64_t now) {
    e->told = state(e);
    return oriel_journal_write(&e->journal, e->epoch, e->width, e->height, e->told, from, message, now);
}

static void send_records(struct oriel_exact *e, int64_t now) {
    uint8_t message[ORIEL_EXACT_MESSAGE_MAX];
    give(e, message, write_records(e, e->journal.first, message, now));
}

static void begin(struct oriel_exact *e) {
    e->fresh = FALSE;
    e->epoch++;
    e->moved.width = 0;
    oriel_journal_begin(&e->journal);
    oriel_flight_clear(&e->flight);
    oriel_classifier_start(&e->classifier, e->width, e->height);
}

static void record(struct oriel_exact *e, gboolean frame, const struct oriel_move *moves, size_t move_count,
                   const struct oriel_differ *differ) {
    struct oriel_exact_record *r = oriel_journal_add(&e->journal);
    r->rtp = e->rtp;
    r->frame = frame;
    r->move_count = (uint8_t)move_count;
    r->count = (uint8_t)differ->count;
    memcpy(r->rects, differ->rects, differ->count * sizeof *differ->rects);
    if (move_count)
        memcpy(r->moves, moves, move_count * sizeof *moves);
}

/* ---- pictures ---- */

static gboolean resize(struct oriel_exact *e, unsigned width, unsigned height) {
    free(e->shadow);
    e->shadow = malloc((size_t)width * height * 4);
    e->width = e->shadow ? width : 0;
    e->height = height;
    e->fresh = TRUE;
    return e->shadow != NULL;
}

static void drop_stale(struct oriel_exact *e) {
    gboolean moved = FALSE;
    for (unsigned i = e->flight.count; i-- > 0;) {
        if (!e->flight.tiles[i]->moved && oriel_classifier_lacks_all(&e->classifier, &e->flight.tiles[i]->head.rect))
            oriel_tile_free(oriel_flight_take(&e->flight, i));
        else
            moved = moved || e->flight.tiles[i]->moved;
    }
    if (!moved && !e->encoding)
        e->moved.width = 0;
}

static void move(struct oriel_exact *e, const struct oriel_move *m, int64_t now) {
    const struct oriel_rect to = {m->x, m->y, m->from.width, m->from.height};
    e->moves++;
    oriel_moves_apply(m, e->shadow, (size_t)e->width * 4);
    oriel_classifier_moved(&e->classifier, m, now);
    for (unsigned i = 0; i < e->flight.count; i++)
        if (oriel_rects_overlap(&e->flight.tiles[i]->head.rect, &m->from) || e->flight.tiles[i]->moved)
            e->flight.tiles[i]->moved = true;
    oriel_share_cover(&e->moved, &to);
}

/* What has only moved is moved here as the page will do it: what remains to differ is what has really changed. */
static size_t move_all(struct oriel_exact *e, const struct oriel_frame_reader *reader, const struct oriel_rect *damage,
                       size_t count, struct oriel_move moves[ORIEL_EXACT_MOVES_MAX], int64_t now) {
    size_t found = oriel_mover_find(&e->mover, reader, e->shadow, e->width, damage, count, moves);
    for (size_t i = 0; i < found; i++)
        move(e, &moves[i], now);
    return found;
}

/* One more rectangle that the video must show. */
static void owe(void *user, const struct oriel_rect *r) {
    struct oriel_share *share = user;
    oriel_share_add(share->owed, &share->owed_count, r);
}

/* All that the page may lack when it presents the frame of this picture: what it has not acknowledged, it may lack. */
static void owe_all(const struct oriel_exact *e, struct oriel_share *share) {
    oriel_classifier_each_lack(&e->classifier, owe, share);
    for (unsigned i = 0; i < e->flight.count; i++)
        owe(share, &e->flight.tiles[i]->head.rect);
    if (e->encoding)
        owe(share, &e->cut);
    if (e->moved.width)
        owe(share, &e->moved);
}

/* A small change goes up with its record, in one message if it suits; what is neither small nor simple is left to the
 * thread. */
static void small_tile(struct oriel_exact *e, const struct oriel_rect *r, struct oriel_exact_bundle *bundle,
                       size_t reserve, int64_t now) {
    uint8_t message[ORIEL_EXACT_MESSAGE_MAX], image[ORIEL_EXACT_MESSAGE_MAX];
    size_t room = oriel_exact_bundle_room(bundle), stride = (size_t)e->width * 4, length = 0;
    const uint8_t *pixels = e->shadow + r->y * stride + r->x * 4u;
    struct oriel_exact_tile_head head = {.tile = e->tile, .rtp = e->rtp, .rect = *r, .slot = ORIEL_EXACT_NO_SLOT};
    if (!oriel_flight_has_room_small(&e->flight))
        return;
    if (room > reserve + ORIEL_EXACT_SMALL_HEAD)
        length = oriel_runs_encode(pixels, stride, r->width, r->height, image, room - reserve - ORIEL_EXACT_SMALL_HEAD);
    gboolean added = FALSE;
    if (length) {
        oriel_exact_bundle_add(bundle, message, oriel_exact_write_small(e->epoch, &head, image, length, message));
        added = oriel_flight_add_small(&e->flight, &head, g_memdup2(image, length), length, now);
    } else if (oriel_flight_has_room(&e->flight) && (unsigned)r->width * r->height <= AT_ONCE_AREA_MAX) {
        uint8_t *bytes = oriel_image_encode(pixels, stride, r->width, r->height, &length);
        added = bytes && oriel_flight_add(&e->flight, &head, bytes, length, now);
    }
    if (!added)
        return;
    e->tile++;
    e->counts.tiles++;
    oriel_classifier_cost(&e->classifier, r, length);
    oriel_classifier_took(&e->classifier, r, now);
}

static gboolean send_chunks(struct oriel_exact *e, int64_t now);
static void unlock(struct oriel_exact *e);

/* On a way that loses packets it goes twice, if that is little of all that may leave: who looks sees each picture, and
 * at once, and it takes fewer bytes than most pictures. */
static gboolean is_worth_two(struct oriel_exact *e, size_t length, int64_t now) {
    struct oriel_budget *budget = e->flight.budget;
    if (!budget || oriel_budget_loss(budget) < LOSSY ||
        (double)length * 8 * PICTURES > oriel_budget_target(budget) / TWICE_SHARE)
        return FALSE;
    oriel_budget_spend(budget, ORIEL_BUDGET_TILES, length, now);
    oriel_budget_left(budget, ORIEL_BUDGET_TILES, length);
    return TRUE;
}

/* The newest records, and with them what is small. */
static void tell(struct oriel_exact *e, const struct oriel_differ *differ, gboolean small, int64_t now) {
    struct oriel_exact_bundle bundle;
    uint8_t message[ORIEL_EXACT_MESSAGE_MAX];
    size_t reserve, length;
    uint32_t from = oriel_journal_newest(&e->journal, &reserve);
    oriel_exact_bundle_start(&bundle, e->epoch);
    for (unsigned i = 0; small && i < differ->count && differ->count <= SMALL_MAX; i++)
        small_tile(e, &differ->rects[i], &bundle, reserve + ORIEL_EXACT_PART_HEAD, now);
    oriel_exact_bundle_add(&bundle, message, write_records(e, from, message, now));
    const uint8_t *bytes = oriel_exact_bundle_end(&bundle, &length);
    give(e, bytes, length);
    if (is_worth_two(e, length, now))
        give(e, bytes, length);
    if (small)
        send_chunks(e, now);
}

static void next_picture(struct oriel_exact *e, const struct oriel_frame_reader *reader,
                         const struct oriel_rect *damage, size_t count, struct oriel_share *share) {
    int64_t now = oriel_monotonic();
    const struct oriel_rect whole = {0, 0, (uint16_t)e->width, (uint16_t)e->height};
    struct oriel_differ differ = {0};
    struct oriel_move moves[ORIEL_EXACT_MOVES_MAX];
    size_t moved = 0;
    gboolean frame = FALSE;
    if (e->fresh || oriel_journal_is_deaf(&e->journal, now)) {
        oriel_frame_reader_pixels(reader, &whole, e->shadow, (size_t)e->width * 4);
        begin(e);
        differ.rects[differ.count++] = whole;
        owe(share, &whole);
        frame = TRUE;
    } else {
        moved = move_all(e, reader, damage, count, moves, now);
        oriel_differ(&differ, reader, e->shadow, e->width, damage, count);
    }
    if (differ.count) {
        double rate = e->flight.budget ? oriel_budget_target(e->flight.budget) : 0;
        oriel_classifier_changed(&e->classifier, differ.rects, differ.count, rate, now);
        frame = frame || !e->journal.heard || oriel_classifier_moves_in(&e->classifier, differ.rects, differ.count);
    }
    if (moved || differ.count)
        drop_stale(e);
    frame = frame || (moved && !e->journal.heard);
    share->cover = !e->journal.heard ? ORIEL_COVER_NONE : frame ? ORIEL_COVER_SOON : ORIEL_COVER_NOW;
    share->tile_bits = (unsigned)e->tile_bits;
    e->owing = TRUE;
    if (frame)
        owe_all(e, share);
    record(e, frame, moves, moved, &differ);
    /* At rest the page need not know at once that there was nothing. */
    gboolean quiet = e->journal.heard && !frame && !moved && !differ.count && e->told == ORIEL_EXACT_EXACT &&
                     state(e) == ORIEL_EXACT_EXACT && now - e->journal.told_at < QUIET;
    if (quiet)
        return;
    oriel_journal_count_as_told(&e->journal, now);
    if (e->journal.heard || e->journal.next == 1)
        tell(e, &differ, !frame, now);
}

void oriel_exact_picture(void *user, const struct oriel_frame_reader *reader, const struct oriel_rect *damage,
                         size_t count, GstClockTime pts, struct oriel_share *share) {
    struct oriel_exact *e = user;
    const struct oriel_frame_info *info = oriel_frame_reader_info(reader);
    g_mutex_lock(&e->lock);
    gboolean good = e->open;
    if (good && (info->width != e->width || info->height != e->height))
        good = resize(e, info->width, info->height);
    if (good) {
        e->rtp = (uint32_t)gst_util_uint64_scale_int(pts, 90000, GST_SECOND);
        next_picture(e, reader, damage, count, share);
    } else {
        e->fresh = TRUE;
        if (e->owing)
            owe(share, &(struct oriel_rect){0, 0, (uint16_t)info->width, (uint16_t)info->height});
        e->owing = FALSE;
    }
    unlock(e);
}

void oriel_exact_looks(void *user, gboolean looks) {
    struct oriel_exact *e = user;
    g_mutex_lock(&e->lock);
    oriel_classifier_look(&e->classifier, looks, oriel_monotonic());
    unlock(e);
}

/* ---- the thread ---- */

static void copy_tile(const struct oriel_exact *e, const struct oriel_rect *r, uint8_t *to) {
    for (unsigned row = 0; row < r->height; row++)
        memcpy(to + (size_t)row * r->width * 4, e->shadow + ((size_t)(r->y + row) * e->width + r->x) * 4,
               r->width * 4u);
}

static int64_t thread_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * ORIEL_SECOND + t.tv_nsec;
}

/* A tile that was cut, and whose way is not begun. */
struct cutting {
    struct oriel_exact_tile_head head;
    uint16_t epoch;
    unsigned moves;
    gboolean named; /* it may be kept in the page, as this */
    struct oriel_cache_image image;
};

static gboolean has_moved(const struct oriel_exact *e, const struct cutting *c) {
    return c->moves != e->moves;
}

/* Whether it is still of use. */
static gboolean holds(const struct oriel_exact *e, const struct cutting *c) {
    return c->epoch == e->epoch && !e->fresh &&
           (has_moved(e, c) || !oriel_classifier_lacks_all(&e->classifier, &c->head.rect));
}

/* A tile won't come: the page lacks it again; where it is part of what has moved, nobody knows what else. */
static void lost(struct oriel_exact *e, const struct oriel_rect *rect, gboolean moved) {
    oriel_classifier_lacks(&e->classifier, rect);
    e->fresh = e->fresh || moved;
}

/* What the page has of it in another image, by references to parts of that; the rest is lacked still. FALSE: it has not
 * half of it in any. */
static gboolean fly_in_parts(struct oriel_exact *e, const struct cutting *c) {
    struct oriel_cache_part parts[ORIEL_CACHE_CELLS];
    struct oriel_exact_tile_head head = {.tile = e->tile, .rtp = c->head.rtp};
    size_t count = oriel_cache_parts(&e->cache, &c->image, &head.slot, parts);
    if (!count || e->flight.count + count > ORIEL_FLIGHT_TILES)
        return FALSE;
    memcpy(head.name, e->cache.slots[head.slot].image.name, sizeof head.name);
    for (size_t i = 0; i < count; i++) {
        head.from_x = parts[i].rect.x;
        head.from_y = parts[i].rect.y;
        head.rect = parts[i].rect;
        head.rect.x = (uint16_t)(head.rect.x + c->head.rect.x);
        head.rect.y = (uint16_t)(head.rect.y + c->head.rect.y);
        if (!parts[i].same)
            oriel_classifier_untake(&e->classifier, &head.rect);
        else if (oriel_flight_add(&e->flight, &head, NULL, 0, oriel_monotonic()))
            head.tile = ++e->tile;
        else
            oriel_classifier_lacks(&e->classifier, &head.rect);
    }
    return TRUE;
}

static void learn_price(struct oriel_exact *e, const struct oriel_rect *r, size_t length) {
    double bits = (double)length * 8 * VIDEO_BLOCK / ((double)r->width * r->height);
    e->tile_bits = e->tile_bits > 0 ? (3 * e->tile_bits + bits) / 4 : bits;
    oriel_classifier_cost(&e->classifier, r, length);
}

/* By reference, if the page has it. Else encoded, with the lock open. */
static void fly(struct oriel_exact *e, struct cutting *c, const uint8_t *pixels) {
    struct oriel_exact_tile_head *head = &c->head;
    uint8_t *bytes = NULL;
    size_t length = 0;
    head->slot = c->named ? oriel_cache_find(&e->cache, head->name) : ORIEL_EXACT_NO_SLOT;
    if (head->slot == ORIEL_EXACT_NO_SLOT) {
        if (c->named && !has_moved(e, c) && fly_in_parts(e, c))
            return;
        g_mutex_unlock(&e->lock);
        int64_t from = thread_time();
        bytes = oriel_image_encode(pixels, head->rect.width * 4u, head->rect.width, head->rect.height, &length);
        int64_t took = thread_time() - from;
        g_mutex_lock(&e->lock);
        e->counts.encode_ns += (guint64)took;
        if (bytes && c->epoch == e->epoch)
            learn_price(e, &head->rect, length);
        if (!holds(e, c)) {
            free(bytes);
            return;
        }
        if (!bytes) {
            lost(e, &head->rect, has_moved(e, c));
            return;
        }
        if (c->named)
            head->slot = oriel_cache_place(&e->cache, &c->image, length);
    } else
        oriel_classifier_cost(&e->classifier, &head->rect, ORIEL_EXACT_CHUNK_HEAD);
    head->tile = e->tile++;
    if (oriel_flight_add(&e->flight, head, bytes, length, oriel_monotonic()))
        e->flight.tiles[e->flight.count - 1]->moved = has_moved(e, c);
    else
        lost(e, &head->rect, has_moved(e, c));
}

/* Cuts the next tile. */
static gboolean cut(struct oriel_exact *e, uint8_t *pixels, int64_t now) {
    struct cutting c = {.head = {.rtp = e->rtp}, .epoch = e->epoch, .moves = e->moves};
    const struct oriel_rect *r = &c.head.rect;
    if (!e->journal.heard || !oriel_flight_has_room(&e->flight) ||
        !oriel_classifier_take(&e->classifier, now, &c.head.rect))
        return FALSE;
    c.named = (unsigned)r->width * r->height >= ORIEL_CACHE_AREA_MIN;
    copy_tile(e, r, pixels);
    e->counts.tiles++;
    e->encoding = TRUE;
    e->cut = *r;
    if (c.named) {
        uint8_t key[ORIEL_CACHE_KEY];
        memcpy(key, e->cache.key, sizeof key);
        g_mutex_unlock(&e->lock);
        c.named = oriel_cache_name(key, pixels, r->width, r->height, &c.image);
        memcpy(c.head.name, c.image.name, sizeof c.head.name);
        g_mutex_lock(&e->lock);
    }
    if (holds(e, &c))
        fly(e, &c, pixels);
    e->encoding = FALSE;
    return TRUE;
}

static void give_up_old(struct oriel_exact *e, int64_t now) {
    for (unsigned i = e->flight.count; i-- > 0;)
        if (now - e->flight.tiles[i]->made > TILE_LIFE) {
            struct oriel_tile *tile = oriel_flight_take(&e->flight, i);
            lost(e, &tile->head.rect, tile->moved);
            oriel_tile_free(tile);
        }
}

static gboolean send_chunks(struct oriel_exact *e, int64_t now) {
    const struct oriel_tile *tile;
    unsigned chunk, sent = 0;
    uint8_t message[ORIEL_EXACT_MESSAGE_MAX];
    for (; sent < CHUNKS_AT_ONCE && oriel_flight_next(&e->flight, now, &tile, &chunk); sent++) {
        struct oriel_exact_tile_head head = tile->head;
        size_t at = (size_t)chunk * ORIEL_EXACT_CHUNK_MAX;
        head.index = (uint16_t)chunk;
        give(e, message,
             !tile->bytes  ? oriel_exact_write_reference(e->epoch, &head, message)
             : tile->small ? oriel_exact_write_small(e->epoch, &head, tile->bytes, tile->length, message)
                           : oriel_exact_write_chunk(e->epoch, &head, tile->bytes + at, tile->length - at, message));
    }
    return sent > 0;
}

/* When there is something to do for the thread: now or later. */
static int64_t due(const struct oriel_exact *e, int64_t now) {
    if (!e->open || e->fresh)
        return INT64_MAX;
    if (state(e) != e->told)
        return now;
    int64_t flight = oriel_flight_due(&e->flight, now), records = INT64_MAX, tile = INT64_MAX;
    if (oriel_journal_waits(&e->journal))
        records = e->journal.waiting_since + oriel_flight_patience(&e->flight);
    if (e->journal.heard && oriel_flight_has_room(&e->flight))
        tile = oriel_classifier_due(&e->classifier);
    return MIN(MIN(records, flight), tile);
}

/* Does one thing that is due, or says when something will be. */
static int64_t step(struct oriel_exact *e, uint8_t *pixels, int64_t now) {
    if (!e->open || e->fresh)
        return INT64_MAX;
    if (oriel_journal_waits(&e->journal) && e->journal.waiting_since + oriel_flight_patience(&e->flight) <= now) {
        send_records(e, now);
        return now;
    }
    give_up_old(e, now);
    if (send_chunks(e, now) || cut(e, pixels, now))
        return now;
    if (state(e) != e->told)
        send_records(e, now);
    return due(e, now);
}

/* Gives the lock back, and has the thread do what is due before it would look. */
static void unlock(struct oriel_exact *e) {
    gboolean wake = due(e, oriel_monotonic()) < e->asleep;
    g_mutex_unlock(&e->lock);
    if (wake)
        g_cond_signal(&e->wake);
}

static gpointer run(gpointer user) {
    struct oriel_exact *e = user;
    uint8_t *pixels = malloc((size_t)ORIEL_TILE_SIDE * ORIEL_TILE_SIDE * 4);
    oriel_step_back();
    g_mutex_lock(&e->lock);
    while (!e->quit && pixels) {
        int64_t now = oriel_monotonic(), wake = step(e, pixels, now);
        if (wake <= now) {
            /* Who brings a picture must not stand in line. */
            g_mutex_unlock(&e->lock);
            g_mutex_lock(&e->lock);
            continue;
        }
        e->asleep = wake;
        if (wake == INT64_MAX)
            g_cond_wait(&e->wake, &e->lock);
        else
            g_cond_wait_until(&e->wake, &e->lock, wake / 1000 + 1);
        e->asleep = 0;
    }
    g_mutex_unlock(&e->lock);
    free(pixels);
    return NULL;
}

/* ---- the page ---- */

static void acknowledge(struct oriel_exact *e, const struct oriel_exact_heard *h, int64_t now) {
    gboolean first = !e->journal.heard, more = oriel_journal_acked(&e->journal, h->number, now);
    if (more && first) /* what happened since the first is new to it */
        send_records(e, now);
    oriel_flight_clock(&e->flight, h->at);
    for (unsigned i = 0; i < h->count; i++) {
        struct oriel_tile *tile = oriel_flight_ack(&e->flight, &h->ranges[i], now);
        if (tile)
            oriel_cache_set(&e->cache, tile->head.slot, tile->head.name, true);
        oriel_tile_free(tile);
    }
    /* At the end of an interruption: later ones have come. */
    if (oriel_journal_waits(&e->journal) && oriel_flight_overtaken(&e->flight, e->journal.waiting_since))
        send_records(e, now);
    /* A small tile comes with its record, or that has come without. */
    if (more && h->count < ORIEL_EXACT_RANGES_MAX)
        oriel_flight_passed(&e->flight, oriel_journal_acked_rtp(&e->journal));
}

/* The page has not what a reference names: the tile is cut anew. */
static void missed(struct oriel_exact *e, uint32_t number) {
    for (unsigned i = 0; i < e->flight.count; i++)
        if (e->flight.tiles[i]->head.tile == number && !e->flight.tiles[i]->bytes) {
            struct oriel_tile *tile = oriel_flight_take(&e->flight, i);
            oriel_cache_set(&e->cache, tile->head.slot, tile->head.name, false);
            lost(e, &tile->head.rect, tile->moved);
            oriel_tile_free(tile);
            return;
        }
}

gboolean oriel_exact_heard(struct oriel_exact *e, const void *bytes, size_t length) {
    struct oriel_exact_heard heard;
    if (!oriel_exact_read(bytes, length, &heard))
        return FALSE;
    g_mutex_lock(&e->lock);
    if (e->open && !e->fresh && heard.epoch == e->epoch) {
        if (heard.kind == ORIEL_EXACT_ACK)
            acknowledge(e, &heard, oriel_monotonic());
        else
            missed(e, heard.number);
    }
    struct oriel_budget_ack acks[ORIEL_FLIGHT_ACKS];
    unsigned count = oriel_flight_tell(&e->flight, acks);
    unlock(e);
    if (count)
        oriel_budget_acked(e->flight.budget, acks, count, oriel_monotonic());
    return TRUE;
}

/* ---- life ---- */

struct oriel_exact *oriel_exact_new(struct oriel_budget *budget,
                                    void (*send)(void *user, const void *bytes, size_t length), void *user) {
    struct oriel_exact *e = g_new0(struct oriel_exact, 1);
    e->send = send;
    e->user = user;
    e->fresh = TRUE;
    g_mutex_init(&e->lock);
    g_cond_init(&e->wake);
    oriel_flight_start(&e->flight, budget);
    e->thread = g_thread_new("exact", run, e);
    return e;
}

void oriel_exact_free(struct oriel_exact *e) {
    if (!e)
        return;
    g_mutex_lock(&e->lock);
    e->quit = TRUE;
    g_cond_signal(&e->wake);
    g_mutex_unlock(&e->lock);
    g_thread_join(e->thread);
    oriel_flight_clear(&e->flight);
    oriel_classifier_clear(&e->classifier);
    free(e->shadow);
    g_mutex_clear(&e->lock);
    g_cond_clear(&e->wake);
    g_free(e);
}

void oriel_exact_open(struct oriel_exact *e, gboolean open) {
    g_mutex_lock(&e->lock);
    e->open = open && oriel_cache_start(&e->cache);
    e->fresh = TRUE;
    g_mutex_unlock(&e->lock);
}

int64_t oriel_exact_ready(struct oriel_exact *e, int64_t now) {
    g_mutex_lock(&e->lock);
    bool behind = e->open && e->journal.heard && oriel_flight_is_behind(&e->flight, now);
    g_mutex_unlock(&e->lock);
    return behind ? now + BEHIND : now;
}

void oriel_exact_counts(struct oriel_exact *e, struct oriel_exact_counts *counts) {
    g_mutex_lock(&e->lock);
    *counts = e->counts;
    g_mutex_unlock(&e->lock);
}
