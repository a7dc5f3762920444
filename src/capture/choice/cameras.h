/* Which cameras there are: for core, which lists them and starts one; for its sandbox, which shows that one alone; and
 * for `oriel doctor`. libc only.
 *
 * A *place* is where a camera can be, by the configuration: /dev/videoN, a file that stands for one (for tests and
 * demos), or the test picture. Places are fixed at start; what is there comes and goes. To look is to ask the driver
 * for its name and formats: it opens the device for an instant and takes no picture (no lamp goes on). Not thread-safe
 * on one place. */
#ifndef ORIEL_CAPTURE_CAMERAS_H
#define ORIEL_CAPTURE_CAMERAS_H

#include <stdbool.h>
#include <stddef.h>

enum { ORIEL_CAMERAS_MAX = 16, ORIEL_CAMERA_PATH_SIZE = 128, ORIEL_CAMERA_NAME_SIZE = 64 };

struct oriel_camera_place {
    enum { ORIEL_CAMERA_V4L2, ORIEL_CAMERA_FILE, ORIEL_CAMERA_TEST, ORIEL_CAMERA_PIPEWIRE } kind;
    char path[ORIEL_CAMERA_PATH_SIZE]; /* "" of the test picture; of PipeWire its socket */
    char node[ORIEL_CAMERA_NAME_SIZE]; /* of PipeWire: which; "": the first that it has */
};

/* What is at a place now. */
struct oriel_camera_found {
    char name[ORIEL_CAMERA_NAME_SIZE]; /* as the driver says, printable ASCII; of a file its own name */
    char port[ORIEL_CAMERA_NAME_SIZE]; /* where it is plugged in, likewise: tells two of one name apart. "": unknown */
    char why[160];                     /* when there is none that can be used: why */
    bool busy;                         /* likewise: there is one, which another program has */
};

/* `text` of [camera] devices: "auto" is /dev/video0 to 15, else "test" and absolute paths joined by ';'. What ends in
 * .mjpeg or .yuyv is a file. Their number, or -1: it is no such list. */
int oriel_camera_places(const char *text, struct oriel_camera_place places[ORIEL_CAMERAS_MAX]);

/* False: nothing there, or nothing that can be used. */
bool oriel_camera_look(const struct oriel_camera_place *place, struct oriel_camera_found *found);

/* A camera's name as a driver says it: whoever plugs it in chooses that. */
void oriel_camera_take_name(const unsigned char *name, size_t size, char out[ORIEL_CAMERA_NAME_SIZE]);

/* The backend for it, as ORIEL_CAPTURE_START names it. */
const char *oriel_camera_backend(const struct oriel_camera_place *place);

#endif
