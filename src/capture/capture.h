/* The work of oriel-capture: one screen, from START on the control channel until core closes it.
 * Exit statuses: 0: core ended it · 1: it failed (FAILED says why) · 2: not started by orield. */
#ifndef ORIEL_CAPTURE_CAPTURE_H
#define ORIEL_CAPTURE_CAPTURE_H

enum { ORIEL_CAPTURE_CONTROL_FD = 3 };

/* Takes over `control`, the socket to core (core_capture.h). Returns the exit status. */
int oriel_capture_run(int control);

#endif
