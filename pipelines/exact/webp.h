/* Pixels to lossless WebP, which every browser decodes by itself. Thread-safe.
 *
 * Measured, 720p in tiles of 256, one core of a shared 2-core VM: processor time of encoding, bytes
 *
 *                       page of text        drawn picture       screenshot of the panel
 *   WebP level 0        10 ms,  49 K        12 ms,  67 K        22 ms, 127 K
 *   WebP level 1        21 ms,  29 K        42 ms,  21 K        31 ms, 112 K
 *   WebP level 3        30 ms,  25 K        77 ms,  19 K        62 ms,  95 K
 *   zstd 1 as it is      3 ms,  79 K         3 ms, 297 K         5 ms, 190 K
 *   zstd 3, filtered     8 ms,  60 K         8 ms,  39 K        11 ms, 265 K
 *   deflate 6, filtered 22 ms,  48 K        18 ms,  35 K        44 ms, 232 K
 *
 * (filtered: as PNG does, the best of none, left and up for each row; the screenshot has a palette, which that does not
 * suit.) Below some 12 Mbit/s level 1 has a page of text there first of all, and a device's uplink is below. Besides,
 * no browser decodes zstd of pixels without a module of its own. */
#ifndef ORIEL_EXACT_WEBP_H
#define ORIEL_EXACT_WEBP_H

#include <stddef.h>
#include <stdint.h>

/* `pixels`: B, G, R, unused, rows of `stride` bytes. The image, for free(3); NULL without memory. */
uint8_t *oriel_webp_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, size_t *length);

#endif
