/* What the sources of oriel-camera share: a camera's picture, MJPEG or YUYV, on its way into the shared memory.
 *
 * Policy: a picture is decoded only when it is about to be shown; one that is damaged is left out, and the one before
 * it stays. Cameras are plugged in by anybody, so nothing in a picture is believed: its size must be the one that was
 * agreed on. Limits: sides of ORIEL_FRAME_SIDE_MAX, even. One thread. */
#ifndef ORIEL_CAPTURE_CAMERA_H
#define ORIEL_CAPTURE_CAMERA_H

#include "backend.h"

enum oriel_camera_format { ORIEL_CAMERA_MJPEG, ORIEL_CAMERA_YUYV };

struct oriel_camera_picture {
    unsigned width, height;
    enum oriel_camera_format format;
    uint8_t *planes; /* I420, owned; NULL: none was decoded yet */
};

/* Before the lock: the library looks at the processor, for which it reads a file on some. */
void oriel_camera_warm_up(void);

/* Even sides within the limits, from "1280x720". */
bool oriel_camera_size(const char *text, unsigned *width, unsigned *height);

/* 0 · -EBADMSG: the picture is damaged or of another size · -ENOMEM. */
int oriel_camera_decode(struct oriel_camera_picture *picture, const uint8_t *bytes, size_t length, size_t stride);
/* Writes it into a buffer of the ring; black before there is one. */
void oriel_camera_draw(const struct oriel_camera_picture *picture, const struct oriel_ring *ring, unsigned index);
void oriel_camera_picture_clear(struct oriel_camera_picture *picture);

extern const struct oriel_backend_ops oriel_backend_v4l2;
extern const struct oriel_backend_ops oriel_backend_camera_file;
extern const struct oriel_backend_ops oriel_backend_pipewire; /* of a build with libpipewire */

#endif
