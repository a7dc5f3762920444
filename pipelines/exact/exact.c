/* See exact.h. */
#include "exact.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "classifier.h"
#include "differ.h"
#include "flight.h"
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
    uint32_t tile;                                  /* number of the next */
    struct oriel_exact_record records[RECORDS_MAX]; /* by number, modulo */
    uint32_t first, next;                           /* unacknowledged: from first, before next */
    int64_t recorded;                               /* when records were sent last, monotonic */
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
    e->recorded = now;
}

static void begin(struct oriel_exact *e) {
    e->fresh = FALSE;
    e->epoch++;
    e->first = e->next = 0;
    oriel_flight_clear(&e->flight);
    oriel_flight_start(&e->flight);
    oriel_classifier_start(&e->classifier, e->width, e->height);
}

static void record(struct oriel_exact *e, const struct oriel_rect *rects, size_t count, int64_t now) {
    if (e->next - e->first == RECORDS_MAX) { /* the page does not hear us */
        e->fresh = TRUE;
        return;
    }
    struct oriel_exact_record *r = &e->records[e->next % RECORDS_MAX];
    *r = (struct oriel_exact_record){.number = e->next++, .rtp = e->rtp, .count = (uint8_t)count};
    memcpy(r->rects, rects, count * sizeof *rects);
    uint32_t waiting = e->next - e->first;
    /* The newest goes at any rate; if the older ones are too large for one message, alone. */
    uint32_t from = e->next - (waiting < RECORDS_AGAIN ? waiting : RECORDS_AGAIN);
    size_t size = 0;
    for (uint32_t n = from; n != e->next; n++)
        size += 9 + (size_t)e->records[n % RECORDS_MAX].count * ORIEL_RECT_SIZE;
    send_records(e, size + 9 > ORIEL_EXACT_MESSAGE_MAX ? e->next - 1 : from, now);
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
        if (oriel_classifier_lacks_all(&e->classifier, &e->flight.tiles[i]->head.rect))
            oriel_tile_free(oriel_flight_take(&e->flight, i));
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
    e->rtp = (uint32_t)gst_util_uint64_scale_int(pts, 90000, GST_SECOND);
    if (e->fresh) {
        oriel_frame_reader_pixels(reader, &whole, e->shadow, (size_t)e->width * 4);
        begin(e);
        differ.rects[differ.count++] = whole;
    } else
        oriel_differ(&differ, reader, e->shadow, e->width, damage, count);
    if (differ.count) {
        oriel_classifier_changed(&e->classifier, differ.rects, differ.count, now);
        drop_stale(e);
    }
    record(e, differ.rects, differ.count, now);
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

/* A tile has been cut, and nothing has come between. */
static gboolean holds(const struct oriel_exact *e, uint16_t epoch, const struct oriel_rect *r) {
    return epoch == e->epoch && !e->fresh && !oriel_classifier_lacks_all(&e->classifier, r);
}

/* By reference, if the page has it; `named`: it may be kept there. Else encoded, with the lock open. */
static void fly(struct oriel_exact *e, struct oriel_exact_tile_head *head, const uint8_t *pixels, gboolean named) {
    uint16_t epoch = e->epoch;
    uint8_t *bytes = NULL;
    size_t length = 0;
    head->slot = named ? oriel_cache_find(&e->cache, head->name) : ORIEL_EXACT_NO_SLOT;
    if (head->slot == ORIEL_EXACT_NO_SLOT) {
        g_mutex_unlock(&e->lock);
        int64_t from = thread_time();
        bytes = oriel_webp_encode(pixels, head->rect.width, head->rect.height, &length);
        int64_t took = thread_time() - from;
        g_mutex_lock(&e->lock);
        e->counts.encode_ns += (guint64)took;
        if (!holds(e, epoch, &head->rect)) {
            free(bytes);
            return;
        }
        if (named && bytes)
            head->slot = oriel_cache_place(&e->cache, head->name, length);
        if (!bytes) {
            oriel_classifier_lacks(&e->classifier, &head->rect);
            return;
        }
    }
    head->tile = e->tile++;
    if (!oriel_flight_add(&e->flight, head, bytes, length, oriel_monotonic()))
        oriel_classifier_lacks(&e->classifier, &head->rect);
}

/* Cuts the next tile. */
static gboolean cut(struct oriel_exact *e, uint8_t *pixels, int64_t now) {
    struct oriel_exact_tile_head head = {.rtp = e->rtp};
    if (!oriel_flight_has_room(&e->flight) || !oriel_classifier_take(&e->classifier, now, &head.rect))
        return FALSE;
    const struct oriel_rect *r = &head.rect;
    uint16_t epoch = e->epoch;
    gboolean named = (unsigned)r->width * r->height >= ORIEL_CACHE_AREA_MIN;
    copy_tile(e, r, pixels);
    e->counts.tiles++;
    e->encoding = TRUE;
    if (named) {
        g_mutex_unlock(&e->lock);
        named = oriel_cache_name(&e->cache, pixels, r->width, r->height, head.name);
        g_mutex_lock(&e->lock);
    }
    if (holds(e, epoch, r))
        fly(e, &head, pixels, named);
    e->encoding = FALSE;
    return TRUE;
}

static void give_up_old(struct oriel_exact *e, int64_t now) {
    for (unsigned i = e->flight.count; i-- > 0;)
        if (now - e->flight.tiles[i]->made > TILE_LIFE) {
            oriel_classifier_lacks(&e->classifier, &e->flight.tiles[i]->head.rect);
            oriel_tile_free(oriel_flight_take(&e->flight, i));
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
        wake = e->recorded + oriel_flight_patience(&e->flight);
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
    if (h->number - e->first <= e->next - e->first)
        e->first = h->number;
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
            oriel_classifier_lacks(&e->classifier, &tile->head.rect);
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
