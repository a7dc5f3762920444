/* The launcher's stop socket: how a session is stopped without core (src/stop, oriel-stop(1)).
 *
 * Policy: root, orield's own user and the users of [consent] may. One packet says who it is (ORIEL_STOP_BY_…) and is
 * the stop; the answer is one packet of two bytes: how many helpers were killed, and how many of them are not gone yet.
 * A connection that says nothing within 20 ms is closed. One at a time, 8 may wait. libc only. */
#ifndef ORIEL_LAUNCH_STOP_H
#define ORIEL_LAUNCH_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ORIEL_STOP_BY_PERSON 'p' /* at the panel, or by the hardware line */
#define ORIEL_STOP_BY_SHELL 's'

struct oriel_launch_stop {
    const char *path;   /* NULL: there is none */
    const uid_t *users; /* beside root and our own */
    size_t user_count;
};

/* The listening descriptor, of this process: by SO_PEERCRED whoever connects knows which to kill if it does not answer.
 * -errno. */
int oriel_launch_stop_listen(const struct oriel_launch_stop *stop);
/* The next that may stop, and who that is. -1: none, or one that may not. */
int oriel_launch_stop_accept(int listener, const struct oriel_launch_stop *stop, char *by);
void oriel_launch_stop_answer(int fd, unsigned killed, unsigned left);

#endif
