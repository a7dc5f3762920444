/* See camerasize.h. */
#include "camerasize.h"

#include <stdbool.h>

#include "clock.h"

#define DOWN_AFTER ORIEL_SECOND
#define UP_AFTER (5 * ORIEL_SECOND)
#define UP_MARGIN 1.5

static unsigned side(unsigned whole, unsigned halvings) {
    return halvings ? whole >> halvings & ~1u : whole;
}

static bool possible(unsigned width, unsigned height, unsigned halvings) {
    return halvings == 0 || (halvings <= ORIEL_CAMERA_HALVINGS && side(width, halvings) >= ORIEL_CAMERA_SIDE_MIN &&
                             side(height, halvings) >= ORIEL_CAMERA_SIDE_MIN);
}

static double needs(unsigned width, unsigned height, unsigned fps, unsigned halvings) {
    return (double)side(width, halvings) * side(height, halvings) * fps * ORIEL_CAMERA_BITS;
}

void oriel_camera_fit(struct oriel_camera_fit *f, unsigned width, unsigned height, unsigned fps, double rate,
                      int64_t now, unsigned *out_width, unsigned *out_height) {
    bool first = f->at == 0;
    f->at = now;
    while (!possible(width, height, f->halvings)) /* another camera */
        f->halvings--;
    for (;;) {
        bool down = rate < needs(width, height, fps, f->halvings) && possible(width, height, f->halvings + 1);
        bool up = f->halvings && rate > needs(width, height, fps, f->halvings - 1) * UP_MARGIN;
        if (!down && !up) {
            f->since = 0;
            break;
        }
        f->since = f->since ? f->since : now;
        if (!first && now - f->since < (down ? DOWN_AFTER : UP_AFTER))
            break;
        f->halvings = down ? f->halvings + 1 : f->halvings - 1;
        f->since = 0;
        if (!first)
            break;
    }
    *out_width = side(width, f->halvings);
    *out_height = side(height, f->halvings);
}
