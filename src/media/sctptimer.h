/* SCTP's timer thread, which GStreamer's usrsctp wakes 100 times a second as long as the process lives, with its steps
 * taken twenty at a time.
 *
 * usrsctp counts 10 ms each time nanosleep(2) returns, whatever time has passed, and has no setting for it; and its
 * other mode, without a thread, is not to be had from GStreamer. So the program's own nanosleep, which libgstsctp.so
 * finds before libc's (meson.build exports it), lets that thread sleep for ORIEL_SCTP_STEP, and then returns at once
 * until the steps are made up for. Its clock is right again after each sleep, and what is due in between is up to a
 * step early, never late: a delayed acknowledgement within 200 ms, a repetition after 0.8 to 1 s. That holds on a
 * loaded machine, too, where its own clock goes several times too slowly, and what was lost is repeated as much later;
 * only what the thread was held up for beyond ORIEL_SCTP_LATE is not made up for, since then everything else was.
 *
 * usrsctp waits 3 s before it repeats what nobody has acknowledged yet (RFC 4960); RFC 9260 says 1 s. While a
 * connection comes up, and one lost packet means no data channel for so long, its clock goes three times as fast.
 *
 * Policy: that thread is known by the name that usrsctp gives it; every other one sleeps as with libc's function. Were
 * the thread named differently one day, nothing would change but the processor time. */
#ifndef ORIEL_SCTPTIMER_H
#define ORIEL_SCTPTIMER_H

#include <stdbool.h>

#include "clock.h"

#define ORIEL_SCTP_STEP (200 * ORIEL_MILLISECOND)
#define ORIEL_SCTP_LATE (500 * ORIEL_MILLISECOND)

/* From now on; before the first data channel. */
void oriel_sctp_timer_slow(void);
/* While nothing has come by a data channel yet. Any thread. */
void oriel_sctp_timer_hurry(bool hurry);

#endif
