/* See nice.h. */
#include "nice.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

enum { REGULAR_NOMINATION = 1 << 0, AGGRESSIVE = 1, QUESTIONS = 5 }; /* libnice's numbers (agent.h); ours */

/* libnice's, of whose headers nothing else is needed. */
GObject *nice_agent_new_full(GMainContext *context, int compatibility, int options);

GObject *nice_agent_new_full(GMainContext *context, int compatibility, int options) {
    GObject *(*theirs)(GMainContext *, int, int) = NULL;
    /* Who calls us has loaded it. */
    void *library = dlopen("libnice.so.10", RTLD_LAZY | RTLD_NOLOAD);
    if (library)
        *(void **)&theirs = dlsym(library, "nice_agent_new_full");
    if (!theirs) {
        oriel_error("libnice is not there: %s", dlerror());
        _exit(EXIT_FAILURE);
    }
    return theirs(context, compatibility, options & ~REGULAR_NOMINATION);
}

void oriel_nice_set(GObject *agent) {
    int nomination = AGGRESSIVE;
    g_object_set(agent, "upnp", FALSE, "ice-tcp", FALSE, "keepalive-conncheck", TRUE, "stun-max-retransmissions",
                 QUESTIONS, NULL);
    g_object_get(agent, "nomination-mode", &nomination, NULL);
    if (nomination != AGGRESSIVE)
        oriel_warning("libnice nominates as GStreamer asks for it: connections come up later");
}
