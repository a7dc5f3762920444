/* See image.h. */
#include "image.h"

#include <stdlib.h>

#include "pack.h"
#include "webp.h"

enum {
    LARGE = 128 * 128, /* pixels; in what is smaller, WebP's tables weigh too much */
    DENSE = 24,        /* pixels to a byte, or fewer: it may be smaller as a WebP; text and tables are not */
};

/* Of a page of text, or a chart, a pixel takes less than half a byte. */
static size_t room(unsigned width, unsigned height) {
    return 256 + (size_t)width * height / 2;
}

static uint8_t *smaller(uint8_t *packed, size_t *length, const uint8_t *pixels, size_t stride, unsigned width,
                        unsigned height) {
    size_t other;
    uint8_t *webp = oriel_webp_encode(pixels, stride, width, height, &other);
    if (!webp || other >= *length) {
        free(webp);
        return packed;
    }
    free(packed);
    *length = other;
    return webp;
}

uint8_t *oriel_image_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, size_t *length) {
    uint8_t *bytes = malloc(room(width, height));
    if (!bytes)
        return NULL;
    *length = oriel_pack_encode(pixels, stride, width, height, bytes, room(width, height));
    if (!*length) {
        free(bytes);
        return oriel_webp_encode(pixels, stride, width, height, length);
    }
    uint8_t *fitting = realloc(bytes, *length);
    bytes = fitting ? fitting : bytes;
    size_t area = (size_t)width * height;
    return area >= LARGE && *length * DENSE > area ? smaller(bytes, length, pixels, stride, width, height) : bytes;
}
