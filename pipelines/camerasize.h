/* How large a camera's picture is sent, by what it may take of the way: whole, or its sides by 2, 4 or 8.
 *
 * Policy: a picture of too many pixels for its bits is a smear and comes seldom, a smaller one of the same bits is
 * clear and comes in time. A size needs ORIEL_CAMERA_BITS a pixel (of 720p at 30 a second some 600 kbit/s, of 360p
 * 150): below that for a second it is halved, and doubled again when there was half as much more than the larger one
 * needs for five seconds (boot time), so that a rate that swings about a limit changes nothing. The first size of a
 * camera is right at once. Sides stay even, and no smaller than ORIEL_CAMERA_SIDE_MIN. Pure; who calls says what time
 * it is. */
#ifndef ORIEL_CAMERASIZE_H
#define ORIEL_CAMERASIZE_H

#include <stdint.h>

#define ORIEL_CAMERA_BITS 0.022 /* of a pixel of each picture, at least */
enum { ORIEL_CAMERA_SIDE_MIN = 90, ORIEL_CAMERA_HALVINGS = 3 };

struct oriel_camera_fit {
    unsigned halvings; /* of both sides */
    int64_t since;     /* the rate has asked for another size all the time; 0: it does not */
    int64_t at;        /* the last picture; 0: there was none */
};

/* The size of the picture of `width` and `height` that is about to be encoded, `fps` a second, with `rate` bit/s. */
void oriel_camera_fit(struct oriel_camera_fit *fit, unsigned width, unsigned height, unsigned fps, double rate,
                      int64_t now, unsigned *out_width, unsigned *out_height);

#endif
