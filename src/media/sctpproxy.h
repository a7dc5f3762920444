/* Between SCTP and the page's, on the device: a performance-enhancing proxy (RFC 3135), which acknowledges for the
 * page, and repeats for SCTP.
 *
 * SCTP need not repeat messages of the exact layer (pipelines/exact sends again what is still of use), and the one
 * budget of all that leaves tells how much may leave. But usrsctp's congestion control, which cannot be chosen or set
 * through GStreamer, begins with 4 KiB a round trip, and halves what may be on its way for each packet lost (RFC 9260,
 * section 7.2): on a long way that loses 0.5 % it lets a few messages a second through, and keeps what tells of a
 * picture behind tiles, where the budget has the video at thirty pictures a second. So its packets are read on their
 * way out (sctppacket.h) and
 *
 *   - answered at once: a message has come as soon as it has left (a local acknowledgement). The page's selective
 *     acknowledgements are rewritten accordingly on their way in;
 *   - the page is told in turn not to wait for what was lost (FORWARD TSN, RFC 3758), with whatever leaves next, until
 *     it has understood; since packets may overtake each other, not before ORIEL_SCTP_PROXY_LATE;
 *   - a message of another stream (texts, in order) must come. Were it alone not to have come, SCTP would take it for
 *     lost at the third answer to those that follow, and again and again, long before the page can have said anything:
 *     on a long way that was the end of the association (usrsctp gives up what it has repeated 30 times). So it counts
 *     as come, too, as long as there is a copy here, which leaves again (a local retransmission), with whatever leaves,
 *     until the page has it: every ORIEL_SCTP_PROXY_LATE once the page says that it lacks, else every
 *     ORIEL_SCTP_PROXY_AGAIN;
 *   - a page can make SCTP keep what has left, by acknowledging nothing; whoever hands SCTP more than it has room for
 *     waits there, for as long as the page likes. So what SCTP keeps is counted, and a message of the exact layer's for
 *     which there is no room is not handed in: it is lost on its way.
 *
 * Policy: beyond some copies, what the page has not acknowledged stays SCTP's to repeat. How much room the page says it
 * has is believed in no case. What else can't be read, or tells of more than was sent, goes on to SCTP as it is. Pure
 * functions on packets and given times; a lock, since packets come and go on two threads. */
#ifndef ORIEL_SCTPPROXY_H
#define ORIEL_SCTPPROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "sctppacket.h"

#define ORIEL_SCTP_PROXY_LATE (100 * ORIEL_MILLISECOND)
#define ORIEL_SCTP_PROXY_AGAIN ORIEL_SECOND

struct oriel_sctp_proxy;

/* One reference. `stream`: the exact layer's. */
struct oriel_sctp_proxy *oriel_sctp_proxy_new(uint16_t stream);
struct oriel_sctp_proxy *oriel_sctp_proxy_ref(struct oriel_sctp_proxy *proxy);
void oriel_sctp_proxy_unref(void *proxy);

/* A message of `stream` is to be handed to SCTP. False: it must not be. */
bool oriel_sctp_proxy_take(struct oriel_sctp_proxy *proxy, uint16_t stream, size_t length);

/* A packet that leaves. True: it was changed. What SCTP is to be answered comes to `answer`, of length 0 if nothing. */
bool oriel_sctp_proxy_sent(struct oriel_sctp_proxy *proxy, struct oriel_sctp_packet *packet,
                           struct oriel_sctp_packet *answer, int64_t now);

/* One that has come from the page. True: it was changed. */
bool oriel_sctp_proxy_came(struct oriel_sctp_proxy *proxy, struct oriel_sctp_packet *packet, int64_t now);

#endif
