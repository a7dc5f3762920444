/* See record.h. */
#include "record.h"

#include <glib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define TENTH (ORIEL_MILLISECOND / 10)
#define QUARTER (ORIEL_MILLISECOND / 4)

enum { LINE_MAX_BYTES = 960, WORD_MAX = 64 };

struct oriel_record {
    void (*write)(void *user, const char *line);
    void *user;
    char line[LINE_MAX_BYTES];
    size_t used;
    int64_t at; /* that the words so far come to; tenths of a ms */
    struct last {
        int64_t at;
        bool known;
    } remote, page; /* of the other side's clocks, the newest that was written */
    bool waits;
    uint16_t next, probe;
    uint64_t tiles;
    /* Packets alike, of which no word was written yet. */
    char letter;
    uint32_t bytes;
    unsigned alike;
    double estimate;
};

struct oriel_record *oriel_record_new(void (*write)(void *user, const char *line), void *user) {
    struct oriel_record *r = g_new0(struct oriel_record, 1);
    r->write = write;
    r->user = user;
    return r;
}

static bool has_room(const struct oriel_record *r) {
    return r->used + 2 * WORD_MAX < sizeof r->line;
}

static void end_line(struct oriel_record *r) {
    if (r->used)
        r->write(r->user, r->line);
    r->used = 0;
    r->line[0] = '\0';
}

static void G_GNUC_PRINTF(2, 3) put(struct oriel_record *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int length = vsnprintf(r->line + r->used, WORD_MAX, format, args);
    va_end(args);
    r->used += (size_t)CLAMP(length, 0, WORD_MAX - 1);
}

/* As what it is more than the one before. */
static void put_time(struct oriel_record *r, struct last *last, int64_t time) {
    put(r, "%" G_GINT64_FORMAT, last->known ? time - last->at : 0);
    *last = (struct last){time, true};
}

static void begin_word(struct oriel_record *r) {
    if (!has_room(r))
        end_line(r);
    if (r->used)
        put(r, " ");
}

/* Within a word, which goes on in another line if need be. */
static void separate(struct oriel_record *r, char by) {
    put(r, "%c", by);
    if (!has_room(r))
        end_line(r);
}

static void write_alike(struct oriel_record *r) {
    if (!r->alike)
        return;
    begin_word(r);
    put(r, r->alike > 1 ? "%c%u*%u" : "%c%u", r->letter, r->bytes, r->alike);
    r->alike = 0;
}

static void pass(struct oriel_record *r, int64_t now) {
    int64_t to = now / TENTH;
    if (to <= r->at)
        return;
    write_alike(r);
    begin_word(r);
    put(r, "+%" G_GINT64_FORMAT, to - r->at);
    r->at = to;
}

static void count_tiles(struct oriel_record *r, uint64_t tiles) {
    if (tiles == r->tiles)
        return;
    write_alike(r);
    begin_word(r);
    put(r, "t%" G_GUINT64_FORMAT, tiles - r->tiles);
    r->tiles = tiles;
}

void oriel_record_free(struct oriel_record *r) {
    if (!r)
        return;
    write_alike(r);
    end_line(r);
    g_free(r);
}

void oriel_record_start(struct oriel_record *r, double rate, double max, int64_t now) {
    if (!r)
        return;
    write_alike(r);
    end_line(r);
    r->at = r->at ? r->at : now / TENTH;
    pass(r, now);
    begin_word(r);
    put(r, "=%.0f,%.0f", rate, max);
    r->remote.known = r->page.known = false;
    r->estimate = rate;
}

void oriel_record_sent(struct oriel_record *r, uint16_t number, const struct oriel_rate_packet *k, uint64_t tiles) {
    static const char letters[ORIEL_BUDGET_CLASSES] = {
        [ORIEL_BUDGET_AUDIO] = 'a', [ORIEL_BUDGET_RETRANSMISSION] = 'r', [ORIEL_BUDGET_VIDEO] = 'v'};
    if (!r || !letters[k->class])
        return;
    pass(r, k->sent);
    count_tiles(r, tiles);
    if (r->alike &&
        (r->letter != letters[k->class] || r->bytes != k->bytes || r->probe != k->probe || r->next != number))
        write_alike(r);
    if (r->next != number) {
        begin_word(r);
        put(r, "#%u", number);
    }
    if (r->probe != k->probe) {
        begin_word(r);
        put(r, "p%u", k->probe);
    }
    r->letter = letters[k->class];
    r->bytes = k->bytes;
    r->alike++;
    r->probe = k->probe;
    r->next = (uint16_t)(number + 1);
}

void oriel_record_waits(struct oriel_record *r, bool waits, int64_t now) {
    if (!r || waits == r->waits)
        return;
    pass(r, now);
    write_alike(r);
    begin_word(r);
    put(r, "w%d", waits);
    r->waits = waits;
}

void oriel_record_heard(struct oriel_record *r, const struct oriel_rate_heard *heard, size_t count, int64_t now) {
    if (!r || !count)
        return;
    pass(r, now);
    write_alike(r);
    begin_word(r);
    put(r, "h%u:", heard[0].number);
    for (size_t i = 0; i < count; i++) {
        if (i)
            separate(r, ',');
        if (i && heard[i].number != (uint16_t)(heard[i - 1].number + 1))
            put(r, "#%u,", heard[i].number);
        if (heard[i].lost) {
            put(r, "-");
            continue;
        }
        put_time(r, &r->remote, heard[i].remote / QUARTER);
    }
}

void oriel_record_acked(struct oriel_record *r, const struct oriel_budget_ack *acks, size_t count, uint64_t tiles,
                        int64_t now) {
    if (!r || !count)
        return;
    pass(r, now);
    count_tiles(r, tiles);
    write_alike(r);
    begin_word(r);
    put(r, "k");
    for (size_t i = 0; i < count; i++) {
        if (i)
            separate(r, ';');
        put(r, "%u,%" G_GINT64_FORMAT ",", acks[i].bytes, (now - acks[i].sent) / TENTH);
        if (acks[i].lost) {
            put(r, "-");
            continue;
        }
        put_time(r, &r->page, acks[i].arrived / TENTH);
    }
}

void oriel_record_estimate(struct oriel_record *r, double target) {
    if (!r)
        return;
    if (fabs(target - r->estimate) > 0.01 * r->estimate) {
        begin_word(r);
        put(r, "e%.0f", target / 1e3);
        r->estimate = target;
    }
    end_line(r);
}
