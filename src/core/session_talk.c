/* What agent and person say and show to each other in a session: see session.h.
 *
 * Policy: part of the scope `view`, so it goes on exactly as long as the session. A line is cleaned before anybody sees
 * it, and acknowledged when the person's panel has it: one that comes while no panel is connected waits for the next
 * one. Nothing is drawn over a picture that stands still. What was said is in no log; the end's record counts the
 * lines. */
#include "session_private.h"

#include <string.h>

#include "core_media.h"
#include "provider.h"
#include "text.h"

/* False: there is no panel that can show it now. Of a line in which nothing is left there is nothing to tell. */
static bool deliver(struct oriel_session *s, const char *clean) {
    if (*clean && !s->ops->tell(s->user, json_pack("{s:s, s:s, s:s}", "t", "chat", "session", s->id, "text", clean)))
        return false;
    s->lines += *clean != '\0';
    return true;
}

void oriel_session_chat(struct oriel_session *s, guint id, const char *text) {
    g_autofree char *clean = oriel_text_clean(text, ORIEL_CHAT_MAX);
    if (!oriel_session_open(s) || s->unsaid->len >= ORIEL_UNSAID_MAX)
        return; /* not acknowledged */
    if (!s->unsaid->len && deliver(s, clean)) {
        s->ops->heard(s->user, id);
    } else {
        g_ptr_array_add(s->unsaid, g_steal_pointer(&clean));
        s->unheard = id;
    }
}

void oriel_session_talk_panel(struct oriel_session *s) {
    while (oriel_session_open(s) && s->unsaid->len && deliver(s, g_ptr_array_index(s->unsaid, 0))) {
        g_ptr_array_remove_index(s->unsaid, 0);
        if (s->unheard > s->unsaid->len) /* else they are of a page that is gone */
            s->ops->heard(s->user, s->unheard - s->unsaid->len);
    }
}

void oriel_session_voice(struct oriel_session *s, json_t *state) {
    if (s->state < ORIEL_SESSION_STARTING || s->state > ORIEL_SESSION_LIVE) {
        json_decref(state);
        return;
    }
    json_object_set_new(state, "t", json_string("voice"));
    json_object_set_new(state, "session", json_string(s->id));
    s->ops->tell(s->user, state);
}

void oriel_session_say(struct oriel_session *s, const char *text) {
    g_autofree char *clean = oriel_text_clean(text, ORIEL_CHAT_MAX);
    if (!oriel_session_open(s) || !*clean)
        return;
    s->lines++;
    s->ops->say(s->user, clean);
}

bool oriel_session_draw(struct oriel_session *s, guint kind, guint stroke, const uint8_t *points, size_t size) {
    static const char *const kinds[] = {[ORIEL_DRAW_POINT] = "point",
                                        [ORIEL_DRAW_MARK] = "mark",
                                        [ORIEL_DRAW_STROKE] = "stroke",
                                        [ORIEL_DRAW_CLEAR] = "clear"};
    size_t count = size / ORIEL_DRAW_POINT_SIZE;
    bool one = kind == ORIEL_DRAW_POINT || kind == ORIEL_DRAW_MARK;
    if (kind < ORIEL_DRAW_POINT || kind > ORIEL_DRAW_CLEAR || size % ORIEL_DRAW_POINT_SIZE ||
        count > ORIEL_DRAW_POINTS_MAX || (one && count != 1) || (kind == ORIEL_DRAW_STROKE) > count ||
        (kind == ORIEL_DRAW_CLEAR && count))
        return false;
    if (!oriel_session_open(s) || s->paused)
        return true;
    g_autoptr(GString) list = g_string_new(NULL);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = points + i * ORIEL_DRAW_POINT_SIZE;
        g_string_append_printf(list, "%s%u,%u", i ? " " : "", p[0] | (guint)p[1] << 8, p[2] | (guint)p[3] << 8);
    }
    s->ops->tell(s->user, json_pack("{s:s, s:s, s:s, s:I, s:s}", "t", "draw", "session", s->id, "kind", kinds[kind],
                                    "stroke", (json_int_t)stroke, "points", list->str));
    return true;
}

void oriel_session_talk_clear(struct oriel_session *s) {
    g_ptr_array_set_size(s->unsaid, 0);
    s->lines = s->unheard = 0;
}
