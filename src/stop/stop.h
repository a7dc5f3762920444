/* Stops the session of this device without orield: asks the launcher's stop socket (launch/stopper.h), and kills the
 * launcher where it does not answer in time, with which every helper dies. libc only, nothing is allocated, nothing
 * waits longer than ORIEL_STOP_PATIENCE. */
#ifndef ORIEL_STOP_H
#define ORIEL_STOP_H

#include <stdbool.h>

#define ORIEL_STOP_DEFAULT_SOCKET "/run/oriel/stop.sock"
enum { ORIEL_STOP_PATIENCE = 60 }; /* ms */

struct oriel_stop_result {
    unsigned killed; /* helpers; 0: nothing ran */
    unsigned left;   /* of them not gone yet when the launcher answered */
    bool hard;       /* the launcher hung: it was killed, and orield has to be started again */
};

/* `by`: ORIEL_STOP_BY_PERSON or _SHELL ('p' or 's'). 0, or -errno: nothing was stopped; -ENOENT and -ECONNREFUSED: no
 * orield runs, -EACCES: this user may not, -ETIMEDOUT: it hangs and this user may not kill it. */
int oriel_stop_session(const char *path, char by, struct oriel_stop_result *result);

/* Whether somebody would answer there: 0, or -errno. Stops nothing. */
int oriel_stop_probe(const char *path);

#endif
