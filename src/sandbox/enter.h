/* What oriel-enter and its filters agree on (src/launch/enter.c). */
#ifndef ORIEL_ENTER_H
#define ORIEL_ENTER_H

/* The descriptor that a program is started from: above the most that a helper may have, so that none can come there
 * again and no second program can ever be started. */
enum { ORIEL_ENTER_FD = 1000, ORIEL_ENTER_FDS_MAX = 256 };

#endif
