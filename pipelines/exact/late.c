/* See late.h. */
#include "late.h"

#include "clock.h"

#define FAR (4 * ORIEL_SECOND / 30)
#define LATE (700 * ORIEL_MILLISECOND)
#define LENGTH (5 * ORIEL_SECOND)
#define LENGTH_MAX (8 * LENGTH)

bool oriel_late(struct oriel_late *l, int64_t waits, int64_t trip, int64_t now) {
    if (trip > FAR && waits > trip + LATE) {
        bool again = l->length && now - l->until < l->length;
        if (!again)
            l->length = LENGTH;
        else if (now >= l->until && l->length < LENGTH_MAX)
            l->length *= 2;
        l->until = now + l->length;
    }
    return now < l->until;
}
