/* How many datagrams have come by any connection so far, whatever is in them: a browser whose page is too busy to say
 * anything still sends its RTCP. STUN is not among them, libnice keeps it. Nothing is verified: who wants to know
 * whether it is the browser that lives listens to its page. */
#ifndef ORIEL_ARRIVALS_H
#define ORIEL_ARRIVALS_H

#include <gst/gst.h>

/* Counts for each nicesrc that is ever in `bin`; `count` is atomic, wraps, and must live on. */
void oriel_arrivals_watch(GstBin *bin, gint *count);

#endif
