/* SCTP's timer thread, which GStreamer's usrsctp wakes 100 times a second as long as the process lives, with its steps
 * taken ten at a time.
 *
 * usrsctp counts 10 ms each time nanosleep(2) returns, whatever time has passed, and has no setting for it; and its
 * other mode, without a thread, is not to be had from GStreamer. So the program's own nanosleep, which libgstsctp.so
 * finds before libc's (meson.build exports it), lets that thread sleep for ORIEL_SCTP_STEP, and then returns at once
 * until the steps are made up for. Its clock is right again after each sleep, and what is due in between is up to a
 * step early, never late: a delayed acknowledgement after 100 to 200 ms, a repetition after 0.9 to 1 s.
 *
 * Policy: that thread is known by the name that usrsctp gives it; every other one sleeps as with libc's function. Were
 * the thread named differently one day, nothing would change but the processor time. */
#ifndef ORIEL_SCTPTIMER_H
#define ORIEL_SCTPTIMER_H

#include "clock.h"

#define ORIEL_SCTP_STEP (100 * ORIEL_MILLISECOND)

/* From now on; before the first data channel. */
void oriel_sctp_timer_slow(void);

#endif
