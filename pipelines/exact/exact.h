/* The exact layer: what has settled or changes little, as lossless tiles for the page to lay over the video.
 *
 *   orielframesrc --each picture--> shadow, what differs --> records, small tiles -----------> the page, in one message
 *         ^                              |
 *         | what is left to              |
 *         | the video (share.h)      classifier --> tile --image-> flight --chunks--> the page, by and by
 *         +------------------------------+          (a thread of its own) <------------- acknowledgements
 *
 * Policy: the page must know of each picture how it differs from the one before (a record), or it can't know which
 * tile still holds; so records are repeated until they are acknowledged, and where the way loses packets what is small
 * goes twice, as long as that is little. What a picture changes is left out of the video unless something moves in it;
 * then a frame shows all of it, and what the page may lack besides. A small change goes up with its record, on the
 * streaming thread, before the video has its turn; the rest when the classifier says so, newest first, and holds from
 * the RTP time of the picture that it was cut from. A tile whose every pixel has changed since is not sent any further.
 * The video is never waited for nor held up: what is more than small is encoded on a thread of lower priority. A page
 * that has not acknowledged anything is not relied on: the video leaves nothing out. A new page, a new size, or a page
 * that does not acknowledge any more is a new epoch: everything anew, and at once by the video.
 *
 * Its pace: flight.h; which records wait for an acknowledgement: journal.h; how many moves a picture: mover.h.
 *
 * Threads: any. `send` is called on the streaming thread and on ours, with a lock held: it must not call back. */
#ifndef ORIEL_EXACT_EXACT_H
#define ORIEL_EXACT_EXACT_H

#include <gst/gst.h>

#include "budget.h"
#include "framereader.h"
#include "share.h"

struct oriel_exact;

struct oriel_exact_counts {
    guint64 tiles, bytes; /* tiles cut, bytes handed to `send`, since the start */
    guint64 encode_ns;    /* processor time of the thread's encoding */
};

/* `budget`: of all that leaves, and outlives it; NULL: none. It is told of acknowledgements without a lock held. */
struct oriel_exact *oriel_exact_new(struct oriel_budget *budget,
                                    void (*send)(void *user, const void *bytes, size_t length), void *user);
void oriel_exact_free(struct oriel_exact *exact);

/* A page listens from now on, and has nothing; or none does any more. */
void oriel_exact_open(struct oriel_exact *exact, gboolean open);

/* An oriel_picture_watcher (framesource.h). */
void oriel_exact_picture(void *exact, const struct oriel_frame_reader *reader, const struct oriel_rect *damage,
                         size_t count, GstClockTime pts, struct oriel_share *share);

/* An oriel_looks_watcher (framesource.h). */
void oriel_exact_looks(void *exact, gboolean looks);

/* A message of the page. FALSE: it breaks the protocol. */
gboolean oriel_exact_heard(struct oriel_exact *exact, const void *bytes, size_t length);

/* When a picture is to be taken up at the earliest: `now`, or later while what was told of those before it stands in a
 * queue. */
int64_t oriel_exact_ready(struct oriel_exact *exact, int64_t now);

void oriel_exact_counts(struct oriel_exact *exact, struct oriel_exact_counts *counts);

#endif
