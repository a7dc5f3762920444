/* See camera.h. By libyuv, whose MJPEG decoder is libjpeg-turbo's. MJPEG is full-range BT.601, YUYV limited. */
#include "camera.h"

#include <errno.h>
#include <libyuv.h>
#include <libyuv/cpu_id.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void oriel_camera_warm_up(void) {
    TestCpuFlag(kCpuInitialized);
}

bool oriel_camera_size(const char *text, unsigned *width, unsigned *height) {
    int end = 0;
    return strspn(text, "0123456789x") == strlen(text) && sscanf(text, "%4ux%4u%n", width, height, &end) == 2 &&
           !text[end] && *width >= ORIEL_FRAME_SIDE_MIN && *height >= ORIEL_FRAME_SIDE_MIN &&
           *width <= ORIEL_FRAME_SIDE_MAX && *height <= ORIEL_FRAME_SIDE_MAX && *width % 2 == 0 && *height % 2 == 0;
}

struct planes {
    uint8_t *y, *u, *v;
    int stride, half;
};

static struct planes planes_of(const struct oriel_camera_picture *p) {
    size_t luma = (size_t)p->width * p->height;
    return (struct planes){p->planes, p->planes + luma, p->planes + luma + luma / 4, (int)p->width, (int)p->width / 2};
}

int oriel_camera_decode(struct oriel_camera_picture *p, const uint8_t *bytes, size_t length, size_t stride) {
    int width = (int)p->width, height = (int)p->height, jpeg_width = 0, jpeg_height = 0;
    if (!p->planes && !(p->planes = malloc((size_t)width * (size_t)height * 3 / 2)))
        return -ENOMEM;
    struct planes to = planes_of(p);
    if (p->format == ORIEL_CAMERA_YUYV) {
        if (stride < 2 * p->width || length < stride * (p->height - 1) + 2 * p->width)
            return -EBADMSG;
        YUY2ToI420(bytes, (int)stride, to.y, to.stride, to.u, to.half, to.v, to.half, width, height);
        return 0;
    }
    if (MJPGSize(bytes, length, &jpeg_width, &jpeg_height) != 0 || jpeg_width != width || jpeg_height != height)
        return -EBADMSG;
    return MJPGToI420(bytes, length, to.y, to.stride, to.u, to.half, to.v, to.half, width, height, width, height) == 0
               ? 0
               : -EBADMSG;
}

void oriel_camera_draw(const struct oriel_camera_picture *p, const struct oriel_ring *ring, unsigned index) {
    uint8_t *to = oriel_ring_at(ring, index, 0, 0);
    if (!p->planes) {
        memset(to, 0, ring->stride * (size_t)p->height);
        return;
    }
    struct planes from = planes_of(p);
    int (*convert)(const uint8_t *, int, const uint8_t *, int, const uint8_t *, int, uint8_t *, int, int, int) =
        p->format == ORIEL_CAMERA_MJPEG ? J420ToARGB : I420ToARGB;
    convert(from.y, from.stride, from.u, from.half, from.v, from.half, to, (int)ring->stride, (int)p->width,
            (int)p->height);
}

void oriel_camera_picture_clear(struct oriel_camera_picture *p) {
    free(p->planes);
    p->planes = NULL;
}
