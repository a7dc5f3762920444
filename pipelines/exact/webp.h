/* Pixels to lossless WebP, which every browser decodes by itself. Thread-safe.
 *
 * Measured by build/tests/bench/bench-tiles, 720p in tiles of 256, one core of a busy 2-core VM: processor time of
 * encoding, of decoding, bytes
 *
 *                       page of text           drawn picture          the demo panel
 *   WebP level 0         9, 2.0 ms,  47 K      11, 2.9 ms,  68 K      15, 7.7 ms, 238 K
 *   WebP level 1        20, 1.7 ms,  29 K      40, 2.1 ms,  22 K      11, 1.4 ms,  60 K
 *   WebP level 3        29, 1.7 ms,  26 K      72, 2.1 ms,  19 K      56, 2.3 ms,  50 K
 *   runs (runs.h)      0.8, 0.7 ms,  55 K     0.7, 0.7 ms, 303 K     0.6, 0.6 ms,  93 K
 *   zstd 1 as it is      3, 2.1 ms,  75 K       3, 1.7 ms, 264 K       2, 1.4 ms,  82 K
 *   zstd 3, filtered    12, 3.3 ms,  60 K      11, 2.7 ms,  39 K      12, 2.7 ms,  99 K
 *   deflate 6, filtered 25, 5.6 ms,  48 K      22, 5.7 ms,  35 K      22, 6.4 ms, 107 K
 *
 * (filtered: as PNG does, the best of none, left and up for each row; the panel has few colours, which that does not
 * suit.) What counts is when the page has it: encoding, the way, decoding. Against zstd 1, the quickest but for runs,
 * level 1 costs 17 ms more for a page of text and saves 46 K, which is as long at 22 Mbit/s; a device's uplink is
 * slower. Besides, no browser decodes zstd or deflate of pixels without code of its own. Small changes (160x56 of text:
 * 0.12 ms, 356 bytes; runs: less than 0.01 ms, 659 bytes) fit into one packet either way, so there runs.h wins. */
#ifndef ORIEL_EXACT_WEBP_H
#define ORIEL_EXACT_WEBP_H

#include <stddef.h>
#include <stdint.h>

/* `pixels`: B, G, R, unused, rows of `stride` bytes. The image, for free(3); NULL without memory. */
uint8_t *oriel_webp_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, size_t *length);

#endif
