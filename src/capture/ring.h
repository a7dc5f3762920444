/* The picture buffers that capture shares with media (frames.h): one memfd of ORIEL_RING_BUFFERS buffers.
 *
 * A buffer is either free or with media. Each buffer has its own stale region: what changed on the screen since that
 * buffer was filled; only this has to be fetched into it. Damage is added to all buffers, those with media too.
 *
 *      free --oriel_ring_sent--> with media --oriel_ring_release--> free
 *
 * Policy: the size is sealed before anybody else sees the memfd, and oriel_ring_seal() then closes it to new writable
 * mappings, so that media can only read. Of the free buffers the one that misses least is filled: a quick reader so
 * keeps one buffer warm in the caches and the others are never touched, that is, cost no memory.
 * Owner: capture's one thread. */
#ifndef ORIEL_CAPTURE_RING_H
#define ORIEL_CAPTURE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "region.h"

enum { ORIEL_RING_BUFFERS = 3 };

struct oriel_ring {
    int fd;          /* owned */
    uint8_t *pixels; /* our writable mapping of ORIEL_RING_BUFFERS * size bytes */
    uint32_t generation;
    uint32_t format;        /* ORIEL_FORMAT_… */
    unsigned width, height; /* pixels */
    unsigned pixel;         /* bytes of one */
    uint32_t stride;        /* bytes, a multiple of 64 */
    size_t size;            /* bytes of a buffer, a multiple of the page size */
    struct {
        bool with_media;
        struct oriel_region stale;
    } buffers[ORIEL_RING_BUFFERS];
};

/* A new ring whose buffers are free and wholly stale. 0, or -errno (-ERANGE: a side outside of
 * ORIEL_FRAME_SIDE_MIN … ORIEL_FRAME_SIDE_MAX). */
int oriel_ring_new(uint32_t format, unsigned width, unsigned height, uint32_t generation, struct oriel_ring **ret_ring);
/* NULL is fine. Media's mapping of the memfd lives on by itself. */
void oriel_ring_free(struct oriel_ring *ring);
/* No writable mappings and no other seals from now on; to be called when the backend has mapped the memfd and before
 * media gets it. 0 or -errno. */
int oriel_ring_seal(struct oriel_ring *ring);

/* Where the pixel x, y of a buffer is. */
uint8_t *oriel_ring_at(const struct oriel_ring *ring, unsigned index, unsigned x, unsigned y);

void oriel_ring_damage(struct oriel_ring *ring, const struct oriel_region *region);
void oriel_ring_damage_all(struct oriel_ring *ring);
/* The free buffer to fill next, or -1. It stays free until oriel_ring_sent(). */
int oriel_ring_next(const struct oriel_ring *ring);
/* The buffer was brought up to date and given to media. */
void oriel_ring_sent(struct oriel_ring *ring, unsigned index);
/* 0 · -ESTALE: of an older generation, to be ignored · -EPROTO: a generation that never was, no such buffer, or one
 * that media doesn't have. */
int oriel_ring_release(struct oriel_ring *ring, uint32_t generation, uint32_t index);

#endif
