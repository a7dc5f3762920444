/* See exact.h. */
#include "exact.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "classifier.h"
#include "differ.h"
#include "flight.h"
#include "mover.h"
#include "priority.h"
#include "webp.h"

#define TILE_LIFE (5 * ORIEL_SECOND) /* unacknowledged for so long, a tile is cut anew */

enum {
    RECORDS_MAX = 128,  /* unacknowledged: beyond it the page is lost */
    RECORDS_AGAIN = 4,  /* how many go with each new one */
    CHUNKS_AT_ONCE = 8, /* before the lock is given away */
};

struct oriel_exact {
    void (*send)(void *user, const void *bytes, size_t length);
    void *user;
    GThread *thread;
    GMutex lock; /* of all that follows */
    GCond wake;
    gboolean quit, open;
    gboolean fresh; /* the next picture begins an epoch */
    uint16_t epoch;
    unsigned width, height;
    uint8_t *shadow; /* what the page shall show: B, G, R, 255 */
    uint32_t rtp;    /* of the newest picture */
    struct oriel_classifier classifier;
    struct oriel_flight flight;
    struct oriel_cache cache;
    struct oriel_mover mover;
    unsigned moves;                                 /* how many there were */
    uint32_t tile;                                  /* number of the next */
    struct oriel_exact_record records[RECORDS_MAX]; /* by number, modulo */
    uint32_t first, next;                           /* unacknowledged: from first, before next */
    int64_t waiting_since;                          /* for the acknowledgement of the first of them, monotonic */
    enum oriel_exact_state told;                    /* with them */
    gboolean encoding;                              /* a tile is being cut */
    struct oriel_exact_counts counts;
};

static void give(struct oriel_exact *e, const uint8_t *bytes, size_t length) {
    e->counts.bytes += length;
    e->send(e->user, bytes, length);
}

/* ---- records ---- */

static enum oriel_exact_state state(const struct oriel_exact *e) {
    if (oriel_classifier_due(&e->classifier) == INT64_MAX && !e->flight.count && !e->encoding)
        return ORIEL_EXACT_EXACT;
    return oriel_classifier_moves(&e->classifier) ? ORIEL_EXACT_MOTION : ORIEL_EXACT_SETTLING;
}

/* From `from` on as many as fit. */
static void send_records(struct oriel_exact *e, uint32_t from, int64_t now) {
    const struct oriel_exact_record *list[RECORDS_MAX];
    uint8_t message[ORIEL_EXACT_MESSAGE_MAX];
    size_t count = 0, length;
    for (uint32_t n = from; n != e->next; n++)
        list[count++] = &e->records[n % RECORDS_MAX];
    e->told = state(e);
    oriel_exact_write_records(e->epoch, e->width, e->height, e->told, list, count, message, &length);
    give(e, message, length);
    if (from == e->first)
        e->waiting_since = now;
}

static void begin(struct oriel_exact *e) {
    e->fresh = FALSE;
    e->epoch++;
    e->first = e->next = 0;
    oriel_flight_clear(&e->flight);
    oriel_flight_start(&e->flight);
    oriel_classifier_start(&e->classifier, e->width, e->height);
}

/* `move`: NULL, nothing has. */
static void record(struct oriel_exact *e, const struct oriel_move *move, const struct oriel_rect *rects, size_t count,
                   int64_t now) {
    if (e->next - e->first == RECORDS_MAX) { /* the page does not hear us */
        e->fresh = TRUE;
        return;
    }
    struct oriel_exact_record *r = &e->records[e->next % RECORDS_MAX];
    *r = (struct oriel_exact_record){.number = e->next++, .rtp = e->rtp, .count = (uint8_t)count};
    memcpy(r->rects, rects, count * sizeof *rects);
    if (move)
        r->moves[r->move_count++] = *move;
    uint32_t waiting = e->next - e->first;
    /* The newest goes at any rate; if the older ones are too large for one message, alone. */
    uint32_t from = e->next - (waiting < RECORDS_AGAIN ? waiting : RECORDS_AGAIN);
    size_t size = 0;
    for (uint32_t n = from; n != e->next; n++)
        size += oriel_exact_record_size(&e->records[n % RECORDS_MAX]);
    send_records(e, size + ORIEL_EXACT_RECORDS_HEAD > ORIEL_EXACT_MESSAGE_MAX ? e->next - 1 : from, now);
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
    for (unsigned i = e->flight.count; i-- > 0;)
        if (!e->flight.tiles[i]->moved && oriel_classifier_lacks_all(&e->classifier, &e->flight.tiles[i]->head.rect))
            oriel_tile_free(oriel_flight_take(&e->flight, i));
}

static gboolean overlap(const struct oriel_rect *a, const struct oriel_rect *b) {
    return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height;
}

/* What has only moved is moved here as the page will do it: what remains to differ is what has really changed. */
static gboolean move(struct oriel_exact *e, const struct oriel_frame_reader *reader, const struct oriel_rect *damage,
                     size_t count, struct oriel_move *found) {
    if (!oriel_mover_find(&e->mover, reader, e->shadow, e->width, damage, count, found))
        return FALSE;
    e->moves++;
    oriel_moves_apply(found, e->shadow, (size_t)e->width * 4);
    oriel_classifier_moved(&e->classifier, found);
    for (unsigned i = 0; i < e->flight.count; i++)
        if (overlap(&e->flight.tiles[i]->head.rect, &found->from))
            e->flight.tiles[i]->moved = true;
    return TRUE;
}

void oriel_exact_picture(void *user, const struct oriel_frame_reader *reader, const struct oriel_rect *damage,
                         size_t count, GstClockTime pts) {
    struct oriel_exact *e = user;
    const struct oriel_frame_info *info = oriel_frame_reader_info(reader);
    g_mutex_lock(&e->lock);
    gboolean good = e->open;
    if (good && (info->width != e->width || info->height != e->height))
        good = resize(e, info->width, info->height);
    if (!good) {
        e->fresh = TRUE;
        g_mutex_unlock(&e->lock);
        return;
    }
    int64_t now = oriel_monotonic();
    struct oriel_rect whole = {0, 0, (uint16_t)e->width, (uint16_t)e->height};
    struct oriel_differ differ = {0};
    struct oriel_move found;
    gboolean moved = FALSE;
    e->rtp = (uint32_t)gst_util_uint64_scale_int(pts, 90000, GST_SECOND);
    if (e->fresh) {
        oriel_frame_reader_pixels(reader, &whole, e->shadow, (size_t)e->width * 4);
        begin(e);
        differ.rects[differ.count++] = whole;
    } else {
        moved = move(e, reader, damage, count, &found);
        oriel_differ(&differ, reader, e->shadow, e->width, damage, count);
    }
    if (differ.count) {
        oriel_classifier_changed(&e->classifier, differ.rects, differ.count, now);
        drop_stale(e);
    }
    record(e, moved ? &found : NULL, differ.rects, differ.count, now);
    g_cond_signal(&e->wake);
    g_mutex_unlock(&e->lock);
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
    gboolean named; /* it may be kept in the page */
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

/* By reference, if the page has it. Else encoded, with the lock open. */
static void fly(struct oriel_exact *e, struct cutting *c, const uint8_t *pixels) {
    struct oriel_exact_tile_head *head = &c->head;
    uint8_t *bytes = NULL;
    size_t length = 0;
    head->slot = c->named ? oriel_cache_find(&e->cache, head->name) : ORIEL_EXACT_NO_SLOT;
    if (head->slot == ORIEL_EXACT_NO_SLOT) {
        g_mutex_unlock(&e->lock);
        int64_t from = thread_time();
        bytes = oriel_webp_encode(pixels, head->rect.width, head->rect.height, &length);
        int64_t took = thread_time() - from;
        g_mutex_lock(&e->lock);
        e->counts.encode_ns += (guint64)took;
        if (!holds(e, c)) {
            free(bytes);
            return;
        }
        if (!bytes) {
            lost(e, &head->rect, has_moved(e, c));
            return;
        }
        if (c->named)
            head->slot = oriel_cache_place(&e->cache, head->name, length);
    }
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
    if (!oriel_flight_has_room(&e->flight) || !oriel_classifier_take(&e->classifier, now, &c.head.rect))
        return FALSE;
    c.named = (unsigned)r->width * r->height >= ORIEL_CACHE_AREA_MIN;
    copy_tile(e, r, pixels);
    e->counts.tiles++;
    e->encoding = TRUE;
    if (c.named) {
        uint8_t key[ORIEL_CACHE_KEY];
        memcpy(key, e->cache.key, sizeof key);
        g_mutex_unlock(&e->lock);
        c.named = oriel_cache_name(key, pixels, r->width, r->height, c.head.name);
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
             tile->bytes ? oriel_exact_write_chunk(e->epoch, &head, tile->bytes + at, tile->length - at, message)
                         : oriel_exact_write_reference(e->epoch, &head, message));
    }
    return sent > 0;
}

/* Does one thing that is due, or says when something will be. */
static int64_t step(struct oriel_exact *e, uint8_t *pixels, int64_t now) {
    if (!e->open || e->fresh)
        return INT64_MAX;
    int64_t wake = INT64_MAX;
    if (e->first != e->next) {
        wake = e->waiting_since + oriel_flight_patience(&e->flight);
        if (wake <= now) {
            send_records(e, e->first, now);
            return now;
        }
    }
    give_up_old(e, now);
    if (send_chunks(e, now) || cut(e, pixels, now))
        return now;
    if (state(e) != e->told)
        send_records(e, e->first, now);
    int64_t due = oriel_flight_due(&e->flight, now);
    if (oriel_flight_has_room(&e->flight))
        due = MIN(due, oriel_classifier_due(&e->classifier));
    return MIN(wake, due);
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
        } else if (wake == INT64_MAX)
            g_cond_wait(&e->wake, &e->lock);
        else
            g_cond_wait_until(&e->wake, &e->lock, wake / 1000 + 1);
    }
    g_mutex_unlock(&e->lock);
    free(pixels);
    return NULL;
}

/* ---- the page ---- */

static void acknowledge(struct oriel_exact *e, const struct oriel_exact_heard *h, int64_t now) {
    if (h->number != e->first && h->number - e->first <= e->next - e->first) {
        e->first = h->number;
        e->waiting_since = now;
    }
    for (unsigned i = 0; i < h->count; i++) {
        struct oriel_tile *tile = oriel_flight_ack(&e->flight, &h->ranges[i], now);
        if (tile)
            oriel_cache_set(&e->cache, tile->head.slot, tile->head.name, true);
        oriel_tile_free(tile);
    }
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
        g_cond_signal(&e->wake);
    }
    g_mutex_unlock(&e->lock);
    return TRUE;
}

/* ---- life ---- */

struct oriel_exact *oriel_exact_new(void (*send)(void *user, const void *bytes, size_t length), void *user) {
    struct oriel_exact *e = g_new0(struct oriel_exact, 1);
    e->send = send;
    e->user = user;
    e->fresh = TRUE;
    g_mutex_init(&e->lock);
    g_cond_init(&e->wake);
    oriel_flight_start(&e->flight);
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

void oriel_exact_counts(struct oriel_exact *e, struct oriel_exact_counts *counts) {
    g_mutex_lock(&e->lock);
    *counts = e->counts;
    g_mutex_unlock(&e->lock);
}
