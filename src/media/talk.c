/* See talk.h. */
#include "talk.h"

#include <stdlib.h>
#include <string.h>

#include "bucket.h"
#include "core_media.h"

struct line {
    gint64 id;
    char *text;
};

struct oriel_talk {
    const struct oriel_talk_out *out;
    void *user;
    bool open;
    guint can;
    guint32 taken, heard; /* the agent's last line that went to core; that the panel has */
    gint64 said;          /* the person's last */
    char *news;           /* what core has to tell the page, the newest; NULL: nothing yet */
    GQueue waiting;       /* of struct line: the person's that the page has not acknowledged */
    struct oriel_bucket chat, points, strokes;
};

static void line_free(gpointer data) {
    struct line *line = data;
    g_free(line->text);
    g_free(line);
}

struct oriel_talk *oriel_talk_new(const struct oriel_talk_out *out, void *user) {
    struct oriel_talk *t = g_new0(struct oriel_talk, 1);
    t->out = out;
    t->user = user;
    /* As fast as people type and point; the console keeps below. */
    t->chat = (struct oriel_bucket){.most = 8, .a_second = 2};
    t->points = t->strokes = (struct oriel_bucket){.most = 40, .a_second = 40};
    g_queue_init(&t->waiting);
    return t;
}

void oriel_talk_free(struct oriel_talk *t) {
    if (!t)
        return;
    g_queue_clear_full(&t->waiting, line_free);
    g_free(t->news);
    g_free(t);
}

/* ---- to the page ---- */

static void send_line(struct oriel_talk *t, const struct line *line) {
    char *text = oriel_page_write_chat(line->id, line->text);
    if (text)
        t->out->to_page(t->user, text);
    free(text);
}

static void send_heard(struct oriel_talk *t) {
    char text[128];
    oriel_page_write_heard(t->heard, text);
    t->out->to_page(t->user, text);
}

static void send_panel(struct oriel_talk *t) {
    char text[128];
    oriel_page_write_panel(t->can, text);
    t->out->to_page(t->user, text);
}

void oriel_talk_open(struct oriel_talk *t) {
    t->open = true;
    send_panel(t);
    if (t->news)
        t->out->to_page(t->user, t->news);
    if (t->heard)
        send_heard(t);
    for (GList *at = t->waiting.head; at; at = at->next)
        send_line(t, at->data);
}

void oriel_talk_closed(struct oriel_talk *t) {
    t->open = false;
}

void oriel_talk_anew(struct oriel_talk *t) {
    t->open = false;
    t->taken = t->heard = 0;
    t->said = 0;
    for (GList *at = t->waiting.head; at; at = at->next)
        ((struct line *)at->data)->id = ++t->said;
}

bool oriel_talk_say(struct oriel_talk *t, const char *text) {
    if (t->waiting.length >= ORIEL_TALK_WAITING_MAX)
        return false;
    struct line *line = g_new(struct line, 1);
    *line = (struct line){++t->said, g_strdup(text)};
    g_queue_push_tail(&t->waiting, line);
    if (t->open)
        send_line(t, line);
    return true;
}

void oriel_talk_heard(struct oriel_talk *t, guint32 id) {
    t->heard = MAX(t->heard, MIN(id, t->taken));
    if (t->open)
        send_heard(t);
}

void oriel_talk_panel(struct oriel_talk *t, guint can) {
    t->can = can;
    if (t->open)
        send_panel(t);
}

void oriel_talk_tell(struct oriel_talk *t, const char *news) {
    g_free(t->news);
    t->news = g_strdup(news);
    if (t->open)
        t->out->to_page(t->user, news);
}

/* ---- from the page ---- */

/* The next in order is taken, one that was there before acknowledged again; what lies beyond a gap comes again. */
static void chat(struct oriel_talk *t, const struct oriel_page_message *m, gint64 now) {
    if (m->id <= t->heard && oriel_bucket_take(&t->chat, now))
        send_heard(t);
    if (m->id != (gint64)t->taken + 1 || m->id > G_MAXUINT32 || !oriel_bucket_take(&t->chat, now))
        return;
    t->taken++;
    t->out->to_core_chat(t->user, t->taken, m->text);
}

static bool acknowledged(struct oriel_talk *t, gint64 id) {
    if (id > t->said)
        return false;
    for (struct line *line; (line = g_queue_peek_head(&t->waiting)) && line->id <= id;)
        line_free(g_queue_pop_head(&t->waiting));
    return true;
}

static void draw(struct oriel_talk *t, const struct oriel_page_message *m, gint64 now) {
    static const guint kinds[] = {[ORIEL_PAGE_POINT] = ORIEL_DRAW_POINT,
                                  [ORIEL_PAGE_MARK] = ORIEL_DRAW_MARK,
                                  [ORIEL_PAGE_DRAW] = ORIEL_DRAW_STROKE,
                                  [ORIEL_PAGE_CLEAR] = ORIEL_DRAW_CLEAR};
    guint8 points[ORIEL_DRAW_POINTS_MAX * ORIEL_DRAW_POINT_SIZE];
    if (!oriel_bucket_take(m->kind == ORIEL_PAGE_POINT ? &t->points : &t->strokes, now))
        return;
    for (gsize i = 0; i < 2 * m->count; i++) {
        points[2 * i] = (guint8)(m->points[i] & 0xff);
        points[2 * i + 1] = (guint8)(m->points[i] >> 8);
    }
    t->out->to_core_draw(t->user, kinds[m->kind], (guint32)m->id, points, m->count * ORIEL_DRAW_POINT_SIZE);
}

bool oriel_talk_page(struct oriel_talk *t, const struct oriel_page_message *m, gint64 now) {
    switch (m->kind) {
    case ORIEL_PAGE_CHAT:
        if (m->id == 0)
            return false;
        chat(t, m, now);
        return true;
    case ORIEL_PAGE_HEARD:
        return acknowledged(t, m->id);
    case ORIEL_PAGE_POINT:
    case ORIEL_PAGE_MARK:
    case ORIEL_PAGE_DRAW:
    case ORIEL_PAGE_CLEAR:
        draw(t, m, now);
        return true;
    case ORIEL_PAGE_PING:
    case ORIEL_PAGE_CAMERA:
        break;
    }
    return false;
}
