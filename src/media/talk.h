/* What agent and person say and show to each other, between the page's data channel and core: text chat both ways, the
 * agent's pointer and drawing one way (signaling/PROTOCOL.md, Chat and drawing).
 *
 * Policy: a line is delivered in order and once, also when the path is renewed in between: each has a number, is
 * acknowledged, and comes again on a new channel until it is. What comes too fast is not taken: a line comes again by
 * the page itself, of a drawing the next point makes up for it. A page that acknowledges nothing breaks the protocol.
 * Nothing is kept of what was delivered. One thread, no I/O: what is to be sent goes by the callbacks. */
#ifndef ORIEL_TALK_H
#define ORIEL_TALK_H

#include <glib.h>
#include <stdbool.h>

#include "page.h"

enum { ORIEL_TALK_WAITING_MAX = 128 }; /* lines of the person's that the page has not acknowledged */

struct oriel_talk_out {
    void (*to_page)(void *user, const char *text);
    void (*to_core_chat)(void *user, guint32 id, const char *text);
    void (*to_core_draw)(void *user, guint kind, guint32 stroke, const guint8 *points, gsize size);
};

struct oriel_talk;

/* `out` must live on. */
struct oriel_talk *oriel_talk_new(const struct oriel_talk_out *out, void *user);
void oriel_talk_free(struct oriel_talk *talk);

/* The channel is open, for the first time or anew. */
void oriel_talk_open(struct oriel_talk *talk);
void oriel_talk_closed(struct oriel_talk *talk);

/* It is another page: both sides number their lines anew, those that it has not acknowledged too. */
void oriel_talk_anew(struct oriel_talk *talk);

/* From the page: of the kinds from ORIEL_PAGE_CHAT on. `now` is monotonic. False: it breaks the protocol. */
bool oriel_talk_page(struct oriel_talk *talk, const struct oriel_page_message *message, gint64 now);

/* From core. False: the page does not acknowledge what it is told. */
bool oriel_talk_say(struct oriel_talk *talk, const char *text);
void oriel_talk_heard(struct oriel_talk *talk, guint32 id);
void oriel_talk_panel(struct oriel_talk *talk, guint can);
/* A message of core's for the page, as it stands. The newest is told again on a new channel. */
void oriel_talk_tell(struct oriel_talk *talk, const char *news);

#endif
