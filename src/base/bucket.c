/* See bucket.h. */
#include "bucket.h"

#include "clock.h"

bool oriel_bucket_take(struct oriel_bucket *b, int64_t now) {
    double holds = b->at ? b->holds + (double)(now - b->at) / ORIEL_SECOND * b->a_second : b->most;
    b->holds = holds < b->most ? holds : b->most;
    b->at = now;
    if (b->holds < 1)
        return false;
    b->holds -= 1;
    return true;
}
