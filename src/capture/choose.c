/* Which backend captures: the one that the configuration names, or with "auto" the first that opens.
 * Policy: auto never falls back to the test pattern. Somebody who supports a machine must not be shown a picture that
 * is not the machine's; a machine without a screen gets an error that says what to set. */
#include "backend.h"

#include <stdio.h>
#include <string.h>

static const struct oriel_backend_ops *const backends[] = {
#ifdef ORIEL_HAVE_X11
    &oriel_backend_x11,
#endif
    &oriel_backend_test,
};

static struct oriel_backend *open_auto(const char *display, const char *xauthority,
                                       char error[ORIEL_BACKEND_ERROR_SIZE]) {
#ifdef ORIEL_HAVE_X11
    struct oriel_backend *backend = oriel_backend_x11.open(display, xauthority, error);
    if (backend) {
        size_t length = strlen(backend->about);
        snprintf(backend->about + length, sizeof backend->about - length, "; auto chose x11 as the display opened");
    }
    return backend;
#else
    snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
             "backend auto finds no screen: this oriel-capture was built without X11 (meson -Dx11=enabled)");
    return NULL;
#endif
}

struct oriel_backend *oriel_backend_open(const char *name, const char *display, const char *xauthority,
                                         char error[ORIEL_BACKEND_ERROR_SIZE]) {
    if (strcmp(name, "auto") == 0)
        return open_auto(display, xauthority, error);
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (strcmp(name, backends[i]->name) == 0)
            return backends[i]->open(display, xauthority, error);
    if (strcmp(name, "x11") == 0)
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
                 "backend x11 is not in this oriel-capture (built without X11): build with -Dx11=enabled");
    else
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
                 "'%.40s' is no capture backend: [capture] backend in oriel.conf is auto, x11 or test", name);
    return NULL;
}
