/* Pixels to lossless WebP, which every browser decodes by itself. Thread-safe. */
#ifndef ORIEL_EXACT_WEBP_H
#define ORIEL_EXACT_WEBP_H

#include <stddef.h>
#include <stdint.h>

/* `pixels`: B, G, R, unused, rows of `stride` bytes. The image, for free(3); NULL without memory. */
uint8_t *oriel_webp_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, size_t *length);

#endif
