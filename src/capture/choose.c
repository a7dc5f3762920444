/* Opens the backend that choice/choice.c chose. */
#include "backend.h"

#include <stdio.h>
#include <string.h>

#include "choice.h"

static const struct oriel_backend_ops *const backends[] = {
#ifdef ORIEL_HAVE_X11
    &oriel_backend_x11,
#endif
    &oriel_backend_fbdev,
    &oriel_backend_hmi,
    &oriel_backend_test,
};

struct oriel_backend *oriel_backend_open(const char *name, const struct oriel_backend_wish *wish,
                                         char error[ORIEL_BACKEND_ERROR_SIZE]) {
    struct oriel_capture_choice choice;
    oriel_capture_choose(
        &(struct oriel_capture_wish){
            .backend = name, .display = wish->display, .xauthority = wish->xauthority, .device = wish->device},
        &choice);
    if (!*choice.backend) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "%s", choice.why);
        return NULL;
    }
    const struct oriel_backend_wish resolved = {choice.display, wish->xauthority, wish->monitor,
                                                choice.device,  wish->pusher,     wish->rate};
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (strcmp(choice.backend, backends[i]->name) == 0) {
            bool is_test = backends[i] == &oriel_backend_test; /* whose "display" is no display */
            struct oriel_backend *backend = backends[i]->open(is_test ? wish : &resolved, error);
            size_t length = backend ? strlen(backend->about) : 0;
            if (backend && strcmp(name, "auto") == 0)
                snprintf(backend->about + length, sizeof backend->about - length, "; auto chose %s: %s", choice.backend,
                         choice.why);
            return backend;
        }
    snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
             "backend %s is not in this oriel-capture: it was built without (meson -D%s=enabled)", choice.backend,
             choice.backend);
    return NULL;
}
