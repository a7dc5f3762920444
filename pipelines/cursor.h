/* Blends a cursor onto an I420 picture, or onto a part of one of B, G, R, A.
 * Policy: pixels are B, G, R, A, premultiplied; what lies outside the picture is cut off; chroma is the mean of the 2x2
 * pixels that share it, also where the cursor covers only some of them. BT.601, limited range. Thread-safe. */
#ifndef ORIEL_CURSOR_H
#define ORIEL_CURSOR_H

#include <stdint.h>

#include "framereader.h"

/* `x`, `y`: the cursor's top left corner in the picture, any number. `pixels`: cursor_width * cursor_height * 4 bytes.
 */
void oriel_cursor_blend(const struct oriel_i420 *picture, unsigned width, unsigned height, const uint8_t *pixels,
                        unsigned cursor_width, unsigned cursor_height, int32_t x, int32_t y);

/* The same onto `out`, the pixels of the picture's `part`, rows of `stride` bytes. */
void oriel_cursor_blend_pixels(uint8_t *out, size_t stride, const struct oriel_rect *part, const uint8_t *pixels,
                               unsigned cursor_width, unsigned cursor_height, int32_t x, int32_t y);

#endif
