/* Scope-bound clean-up for the libc programs (GLib ones use g_auto*). `_cleanup_(f)` calls f(&variable) at scope end.
 */
#ifndef ORIEL_CLEANUP_H
#define ORIEL_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void oriel_free_p(void *p) {
    free(*(void **)p);
}

static inline void oriel_close_p(int *fd) {
    if (*fd >= 0)
        close(*fd);
}

#define _cleanup_free_ _cleanup_(oriel_free_p)
#define _cleanup_close_ _cleanup_(oriel_close_p)

#endif
