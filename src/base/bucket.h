/* A token bucket: so many at once, so many a second after that. No lock, no clock of its own. */
#ifndef ORIEL_BUCKET_H
#define ORIEL_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct oriel_bucket {
    double most, a_second;
    double holds;
    int64_t at; /* ns, of any clock that doesn't go back; 0: not used yet, and so full */
};

/* Takes one. False: there is none. */
bool oriel_bucket_take(struct oriel_bucket *bucket, int64_t now);

#endif
