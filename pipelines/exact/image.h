/* The image of a tile: packed (pack.h), or a WebP where that is smaller, as of films and photographs. Thread-safe.
 *
 * Measured by build/tests/bench/bench-tiles, 720p in tiles of 256, one core of a busy 2-core VM: processor time of
 * encoding, of decoding (all in C), bytes
 *
 *                       page of text           drawn picture          the demo panel
 *   packed             5.7, 5.7 ms,  15 K      16,  13 ms,  60 K     7.7, 7.4 ms,  42 K
 *   WebP level 0         9, 2.0 ms,  47 K      11, 2.9 ms,  68 K      15, 7.7 ms, 238 K
 *   WebP level 1        20, 1.7 ms,  29 K      40, 2.1 ms,  22 K      11, 1.4 ms,  61 K
 *   WebP level 3        29, 1.7 ms,  26 K      72, 2.1 ms,  19 K      62, 2.5 ms,  51 K
 *   runs (runs.h)      0.8, 0.7 ms,  55 K     0.7, 0.7 ms, 303 K     0.6, 0.6 ms,  93 K
 *   zstd 1 as it is      3, 2.1 ms,  75 K       3, 1.7 ms, 264 K       2, 1.4 ms,  82 K
 *   zstd 3, filtered    12, 3.3 ms,  60 K      11, 2.7 ms,  39 K      12, 2.7 ms,  99 K
 *   deflate 6, filtered 25, 5.6 ms,  48 K      22, 5.7 ms,  35 K      22, 6.4 ms, 107 K
 *
 * (filtered: as PNG does, the best of none, left and up for each row.) What counts is when the page has it: encoding,
 * the way, decoding. The page unpacks in JavaScript, some 50 ns a pixel but for rows that are as the one above, which
 * is less than the way takes for what WebP is larger. The drawn picture has smooth surfaces, of which WebP predicts
 * each pixel: what is dense when it is packed is tried as a WebP, too (tile by tile: 40 ms, 13 K). A small change that
 * fits into one packet with its record either way goes by runs.h: 160x56 of text are 217 bytes packed, 0.07 ms, and 659
 * by runs, 0.01 ms. */
#ifndef ORIEL_EXACT_IMAGE_H
#define ORIEL_EXACT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* `pixels`: B, G, R, unused, rows of `stride` bytes. For free(3); NULL without memory. */
uint8_t *oriel_image_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, size_t *length);

#endif
