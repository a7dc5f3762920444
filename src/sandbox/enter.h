/* What oriel-enter, its filters and the launcher agree on (src/launch/enter.c). */
#ifndef ORIEL_ENTER_H
#define ORIEL_ENTER_H

enum {
    /* The descriptor that a program is started from: above the most that a helper may have, so that none can come there
     * again and no second program can ever be started. */
    ORIEL_ENTER_FD = 1000,
    ORIEL_ENTER_FDS_MAX = 256,
    ORIEL_ENTER_GOOD = 77, /* exit status: the sandbox stands, and there was nothing to start */
    ORIEL_ENTER_BAD = 78,  /* it does not, or the program can't be started */
};

#endif
