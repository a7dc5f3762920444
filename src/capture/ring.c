/* See ring.h. */
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* Linux 5.1, absent from older headers */
#endif

enum { STRIDE_ALIGNMENT = 64 };

static size_t round_up(size_t value, size_t to) {
    return (value + to - 1) / to * to;
}

static int map_memory(struct oriel_ring *ring) {
    size_t total = ring->size * ORIEL_RING_BUFFERS;
    ring->fd = memfd_create("oriel-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (ring->fd < 0 || ftruncate(ring->fd, (off_t)total) < 0 ||
        fcntl(ring->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
        return -errno;
    void *pixels = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
    if (pixels == MAP_FAILED)
        return -errno;
    ring->pixels = pixels;
    return 0;
}

int oriel_ring_new(uint32_t format, unsigned width, unsigned height, uint32_t generation,
                   struct oriel_ring **ret_ring) {
    if (width < ORIEL_FRAME_SIDE_MIN || width > ORIEL_FRAME_SIDE_MAX || height < ORIEL_FRAME_SIDE_MIN ||
        height > ORIEL_FRAME_SIDE_MAX)
        return -ERANGE;
    struct oriel_ring *ring = calloc(1, sizeof *ring);
    if (!ring)
        return -ENOMEM;
    ring->fd = -1;
    ring->generation = generation;
    ring->format = format;
    ring->width = width;
    ring->height = height;
    ring->pixel = format == ORIEL_FORMAT_RGB565 ? 2 : 4;
    ring->stride = (uint32_t)round_up(width * ring->pixel, STRIDE_ALIGNMENT);
    ring->size = round_up((size_t)ring->stride * height, (size_t)sysconf(_SC_PAGESIZE));
    int r = map_memory(ring);
    if (r < 0) {
        oriel_ring_free(ring);
        return r;
    }
    oriel_ring_damage_all(ring);
    *ret_ring = ring;
    return 0;
}

void oriel_ring_free(struct oriel_ring *ring) {
    if (!ring)
        return;
    if (ring->pixels)
        munmap(ring->pixels, ring->size * ORIEL_RING_BUFFERS);
    if (ring->fd >= 0)
        close(ring->fd);
    free(ring);
}

int oriel_ring_seal(struct oriel_ring *ring) {
    /* A kernel before 5.1 doesn't know this seal (EINVAL); media maps read-only anyway. */
    if (fcntl(ring->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0 && errno != EINVAL)
        return -errno;
    return fcntl(ring->fd, F_ADD_SEALS, F_SEAL_SEAL) < 0 ? -errno : 0;
}

uint8_t *oriel_ring_at(const struct oriel_ring *ring, unsigned index, unsigned x, unsigned y) {
    return ring->pixels + index * ring->size + (size_t)y * ring->stride + (size_t)x * ring->pixel;
}

void oriel_ring_damage(struct oriel_ring *ring, const struct oriel_region *region) {
    for (unsigned i = 0; i < ORIEL_RING_BUFFERS; i++)
        oriel_region_join(&ring->buffers[i].stale, region);
}

void oriel_ring_damage_all(struct oriel_ring *ring) {
    for (unsigned i = 0; i < ORIEL_RING_BUFFERS; i++)
        oriel_region_add(&ring->buffers[i].stale, ring->width, ring->height, 0, 0, ring->width, ring->height);
}

int oriel_ring_next(const struct oriel_ring *ring) {
    int best = -1;
    uint64_t best_area = UINT64_MAX;
    for (unsigned i = 0; i < ORIEL_RING_BUFFERS; i++) {
        uint64_t area = oriel_region_area(&ring->buffers[i].stale);
        if (!ring->buffers[i].with_media && area < best_area) {
            best_area = area;
            best = (int)i;
        }
    }
    return best;
}

void oriel_ring_sent(struct oriel_ring *ring, unsigned index) {
    ring->buffers[index].with_media = true;
    ring->buffers[index].stale.count = 0;
}

int oriel_ring_release(struct oriel_ring *ring, uint32_t generation, uint32_t index) {
    if (generation != ring->generation)
        return generation && generation < ring->generation ? -ESTALE : -EPROTO;
    if (index >= ORIEL_RING_BUFFERS || !ring->buffers[index].with_media)
        return -EPROTO;
    ring->buffers[index].with_media = false;
    return 0;
}
