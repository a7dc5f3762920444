/* See sctptimer.h. */
#include "sctptimer.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define NAME "SCTP timer"

enum { NAME_SIZE = 16, HURRY = 3 };

enum whose { UNKNOWN, OTHER, SCTP };

static gint slow, hurrying; /* atomic */
static _Thread_local enum whose whose;
static _Thread_local int64_t given; /* up to when the thread has been told that time has passed, monotonic */

void oriel_sctp_timer_slow(void) {
    g_atomic_int_set(&slow, TRUE);
}

void oriel_sctp_timer_hurry(bool hurry) {
    g_atomic_int_set(&hurrying, hurry);
}

static bool is_timer(void) {
    char name[NAME_SIZE] = "";
    if (whose == UNKNOWN) {
        prctl(PR_GET_NAME, name);
        whose = strcmp(name, NAME) == 0 ? SCTP : OTHER;
        given = oriel_monotonic();
    }
    return whose == SCTP;
}

static int sleep_for(const struct timespec *request, struct timespec *remaining) {
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, request, remaining);
    errno = error ? error : errno;
    return error ? -1 : 0;
}

/* As libc's, but for that thread. */
int nanosleep(const struct timespec *request, struct timespec *remaining) {
    if (!g_atomic_int_get(&slow) || !is_timer())
        return sleep_for(request, remaining);
    int64_t now = oriel_monotonic(), asked = request->tv_sec * ORIEL_SECOND + request->tv_nsec;
    if (g_atomic_int_get(&hurrying))
        asked /= HURRY;
    if (now - given > ORIEL_SCTP_LATE)
        given = now - ORIEL_SCTP_LATE;
    int64_t left = given + ORIEL_SCTP_STEP - now;
    if (given + asked > now && left > 0) {
        const struct timespec step = {.tv_sec = left / ORIEL_SECOND, .tv_nsec = left % ORIEL_SECOND};
        if (sleep_for(&step, remaining) < 0)
            return -1;
    }
    given += asked;
    return 0;
}
