/* See webp.h. */
#include "webp.h"

#include <stdlib.h>
#include <string.h>
#include <webp/encode.h>

enum { LEVEL = 1 };

static int append(const uint8_t *bytes, size_t length, const WebPPicture *picture) {
    return WebPMemoryWrite(bytes, length, picture);
}

uint8_t *oriel_webp_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, size_t *length) {
    WebPConfig config;
    WebPPicture picture;
    WebPMemoryWriter out;
    if (!WebPConfigInit(&config) || !WebPConfigLosslessPreset(&config, LEVEL) || !WebPPictureInit(&picture))
        return NULL;
    picture.use_argb = 1;
    picture.width = (int)width;
    picture.height = (int)height;
    WebPMemoryWriterInit(&out);
    picture.writer = append;
    picture.custom_ptr = &out;
    int good = WebPPictureImportBGRX(&picture, pixels, (int)stride) && WebPEncode(&config, &picture);
    WebPPictureFree(&picture);
    uint8_t *bytes = good ? malloc(out.size) : NULL;
    if (bytes) {
        memcpy(bytes, out.mem, out.size);
        *length = out.size;
    }
    WebPMemoryWriterClear(&out);
    return bytes;
}
