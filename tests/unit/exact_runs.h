/* Decodes the images of small tiles, written after signaling/PROTOCOL.md (Exact layer). */
#ifndef EXACT_RUNS_H
#define EXACT_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `out`: width*height pixels 0xffRRGGBB. False: it is no such image. */
static inline bool runs_decode(const uint8_t *bytes, size_t length, unsigned width, unsigned height, uint32_t *out) {
    uint32_t lately[64], before = 0xff000000;
    size_t at = 0, to = 0, size = (size_t)width * height;
    for (unsigned i = 0; i < 64; i++)
        lately[i] = 0xff000000;
    while (at < length) {
        unsigned kind = bytes[at] >> 6, number = bytes[at] & 63;
        at++;
        if (kind == 3) {
            if (at + 3 > length || to == size)
                return false;
            uint32_t pixel = (uint32_t)bytes[at] << 16 | (uint32_t)bytes[at + 1] << 8 | bytes[at + 2];
            at += 3;
            lately[(pixel * 0x9e3779b1u) >> 26] = pixel | 0xff000000;
            out[to++] = pixel | 0xff000000;
        } else if (kind == 2) {
            if (to == size)
                return false;
            out[to++] = lately[number];
        } else {
            size_t run = number + 1;
            if (number == 63)
                for (unsigned shift = 0;; shift += 7) {
                    if (at == length || shift > 28)
                        return false;
                    run += (size_t)(bytes[at] & 127) << shift;
                    if (!(bytes[at++] & 128))
                        break;
                }
            if (to + run > size || (kind == 0 && to < width))
                return false;
            for (size_t end = to + run; to < end; to++)
                out[to] = kind == 0 ? out[to - width] : before;
        }
        before = out[to - 1];
    }
    return to == size;
}

#endif
