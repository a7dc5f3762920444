/* See frames.h. */
#include "frames.h"

void oriel_rects_write(const struct oriel_rect *rects, size_t count, uint8_t *bytes) {
    for (size_t i = 0; i < count; i++) {
        const uint16_t values[4] = {rects[i].x, rects[i].y, rects[i].width, rects[i].height};
        for (unsigned j = 0; j < 4; j++) {
            *bytes++ = (uint8_t)values[j];
            *bytes++ = (uint8_t)(values[j] >> 8);
        }
    }
}

static uint16_t get_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

void oriel_rects_read(const void *bytes, size_t count, struct oriel_rect *rects) {
    const uint8_t *b = bytes;
    for (size_t i = 0; i < count; i++, b += ORIEL_RECT_SIZE)
        rects[i] = (struct oriel_rect){get_u16(b), get_u16(b + 2), get_u16(b + 4), get_u16(b + 6)};
}
