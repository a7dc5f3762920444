/* The launcher's stop socket: how a session is stopped without core (src/stop, oriel-stop(1)).
 *
 * Policy: root, orield's own user and the users of [consent] may. One packet says who it is (ORIEL_STOP_BY_…) and is
 * the stop; the answer is one packet of two bytes: how many helpers were killed, and how many of them are not gone yet.
 * Nobody is hurried: between connect() and send() a busy machine can keep a caller waiting for as long as it likes, and
 * a stop is not lost for that. Who is silent holds up nobody else, and goes when more than 8 wait. libc only. */
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
/* The next that may stop, which may have said nothing yet. -1: none, or one that may not. */
int oriel_launch_stop_accept(int listener, const struct oriel_launch_stop *stop);
/* 1: it said the stop, and who it is; 0: nothing yet; -1: it went without (oriel_stop_probe()). Never waits. */
int oriel_launch_stop_hear(int fd, char *by);
void oriel_launch_stop_answer(int fd, unsigned killed, unsigned left);

#endif
