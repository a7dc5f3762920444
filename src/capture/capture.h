/* The work of oriel-capture and of oriel-camera: one screen or camera, from START on the control channel until core
 * closes it. Exit statuses: 0: core ended it · 1: it failed (FAILED says why) · 2: not started by orield. */
#ifndef ORIEL_CAPTURE_CAPTURE_H
#define ORIEL_CAPTURE_CAPTURE_H

#include "sandbox.h"

enum { ORIEL_CAPTURE_CONTROL_FD = 3 };

/* Takes over `control`, the socket to core (core_capture.h), and the lock of `process`. Returns the exit status. */
int oriel_capture_run(int control, enum oriel_process process);

#endif
