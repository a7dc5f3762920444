/* Opens the camera that core chose (choice/cameras.h): oriel-camera's part of backend.h. */
#include "camera.h"

#include <stdio.h>
#include <string.h>

struct oriel_backend *oriel_backend_open(const char *name, const struct oriel_backend_wish *wish,
                                         char error[ORIEL_BACKEND_ERROR_SIZE]) {
    static const struct oriel_backend_ops *const backends[] = {&oriel_backend_v4l2, &oriel_backend_camera_file,
#ifdef ORIEL_HAVE_PIPEWIRE
                                                               &oriel_backend_pipewire,
#endif
                                                               &oriel_backend_test};
    oriel_camera_warm_up();
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (strcmp(name, backends[i]->name) == 0)
            return backends[i]->open(wish, error);
    if (strcmp(name, "pipewire") == 0)
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "this build of Oriel has no PipeWire (libpipewire-0.3)");
    else
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "'%.20s' is no kind of camera: this is a fault in orield", name);
    return NULL;
}
