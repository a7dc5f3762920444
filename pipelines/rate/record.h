/* What the estimator is told, as text, so that a network that somebody had can be replayed in a test.
 *
 * A line is complete with each message of feedback. Its words:
 *   =1000000,32000000   a path begins: bit/s to begin with, and at most
 *   +12                 1.2 ms pass
 *   #512                the next RTP packet has this number; else it is one more than the last
 *   p3                  what leaves is of this probe; p0: of none
 *   v1100 v1100*3       RTP packets leave, as many: a voice, r repeats, v pictures; bytes of each
 *   t1150               bytes of tiles have left
 *   w1                  more waits to be sent than a moment takes; w0: not any more
 *   h512:0,3,-,12       feedback, of the packets from 512 on: so many quarters of a ms later than the one that came
 *                       before, or lost; #520: of this one next
 *   k1150,305,12;900,80,-
 *                       of tiles: bytes, sent 30.5 ms ago, arrived 1.2 ms later than the one before by the page's
 *                       clock, or lost
 *   e1234               the estimate is 1234 kbit/s: for people, and to compare with
 * Nothing of what was sent is in it, and no address.
 *
 * A line has at most 960 bytes: a word that is longer goes on in the next one, after its `,` or `;`. Not thread-safe.
 */
#ifndef ORIEL_RATE_RECORD_H
#define ORIEL_RATE_RECORD_H

#include "estimator.h"

/* In the environment of oriel-media: it writes such lines into its log, after ORIEL_RECORD_WORD. */
#define ORIEL_RECORD_VARIABLE "ORIEL_RECORD_WAY"
#define ORIEL_RECORD_WORD "way "

struct oriel_record;

/* `write` is given each line, without an end, whoever calls. */
struct oriel_record *oriel_record_new(void (*write)(void *user, const char *line), void *user);
/* With what there is of a line. NULL is none, here and below. */
void oriel_record_free(struct oriel_record *r);

void oriel_record_start(struct oriel_record *r, double rate, double max, int64_t now);
/* `tiles`: bytes of tiles that have left since the start. */
void oriel_record_sent(struct oriel_record *r, uint16_t number, const struct oriel_rate_packet *packet, uint64_t tiles);
void oriel_record_waits(struct oriel_record *r, bool waits, int64_t now);
void oriel_record_heard(struct oriel_record *r, const struct oriel_rate_heard *heard, size_t count, int64_t now);
void oriel_record_acked(struct oriel_record *r, const struct oriel_budget_ack *acks, size_t count, uint64_t tiles,
                        int64_t now);
/* After either. */
void oriel_record_estimate(struct oriel_record *r, double target);

#endif
