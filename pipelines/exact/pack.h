/* Images of tiles, for what screens show: flat areas, glyphs that come again, edges that are blends of two colours.
 *
 * Each pixel is told by what followed the same six neighbours before, else as its left or upper neighbour, as a colour
 * that was there, as a blend on a line between two colours, or anew; each of these decisions by a binary range coder
 * whose probabilities learn (PROTOCOL.md, Exact layer). Of the tiles of the demo panel it makes 0.62 of what WebP
 * does, in a fifth of the time (image.h); of films more, so that it gives up as soon as the rows so far take much more
 * than their part of the room: those are for WebP. Pure. */
#ifndef ORIEL_EXACT_PACK_H
#define ORIEL_EXACT_PACK_H

#include <stddef.h>
#include <stdint.h>

/* `pixels`: B, G, R, unused, rows of `stride` bytes. How many bytes of `out`; 0: more than `room`, or no memory. */
size_t oriel_pack_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, uint8_t *out,
                         size_t room);

#endif
