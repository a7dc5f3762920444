/* Images of small tiles: quicker made and quicker shown than packed ones, and as small where there is little in them.
 *
 * A stream of tokens, pixel by pixel in rows (PROTOCOL.md, Exact layer): as above, as before, a colour that was there
 * lately, a new one. It is given up as soon as it is larger than the room it has, so that a picture that does not suit
 * costs little. Pure. */
#ifndef ORIEL_EXACT_RUNS_H
#define ORIEL_EXACT_RUNS_H

#include <stddef.h>
#include <stdint.h>

/* `pixels`: B, G, R, 255, rows of `stride` bytes. How many bytes of `out`; 0: more than `room`. */
size_t oriel_runs_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, uint8_t *out,
                         size_t room);

#endif
