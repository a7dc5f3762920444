/* See plan.h. A backend of capture that needs a device or a socket names it here. */
#include "plan.h"

#include <string.h>
#include <unistd.h>

struct oriel_plan {
    struct oriel_launch_plan launch;
    GArray *paths;
    GPtrArray *texts; /* what the paths are */
};

static void see(struct oriel_plan *p, enum oriel_process process, char *path, bool device) {
    g_ptr_array_add(p->texts, path);
    struct oriel_launch_path entry = {process, path, device};
    if (*path)
        g_array_append_val(p->paths, entry);
}

char *oriel_plan_x_socket(const char *display) {
    const char *colon = strrchr(display, ':');
    if (!*display)
        return g_strdup("");
    if (!colon || !g_ascii_isdigit(colon[1]) || (colon != display && !g_str_has_prefix(display, "unix:")))
        return NULL;
    return g_strdup_printf("/tmp/.X11-unix/X%.*s", (int)strspn(colon + 1, "0123456789"), colon + 1);
}

/* What of the X server capture sees: the one socket, and the cookie. */
static void see_display(struct oriel_plan *p, const struct oriel_config *c) {
    const char *display = *c->capture_display ? c->capture_display : g_getenv("DISPLAY");
    const char *cookie = *c->capture_xauthority ? c->capture_xauthority : g_getenv("XAUTHORITY");
    if (strcmp(c->capture_backend, "test") == 0)
        return;
    char *socket = oriel_plan_x_socket(display ? display : "");
    if (!socket) {
        p->launch.refusals[ORIEL_PROCESS_CAPTURE] = "cannot start oriel-capture: the X display is reached by network, "
                                                    "which capture does not have; give a local "
                                                    "one as [capture] display=:0";
        return;
    }
    see(p, ORIEL_PROCESS_CAPTURE, socket, false);
    see(p, ORIEL_PROCESS_CAPTURE,
        cookie && g_path_is_absolute(cookie) ? g_strdup(cookie)
                                             : g_build_filename(g_get_home_dir(), ".Xauthority", NULL),
        false);
}

struct oriel_plan *oriel_plan_new(const struct oriel_config *c) {
    struct oriel_plan *p = g_new0(struct oriel_plan, 1);
    p->paths = g_array_new(FALSE, TRUE, sizeof(struct oriel_launch_path));
    p->texts = g_ptr_array_new_with_free_func(g_free);
    see(p, ORIEL_PROCESS_SIGNAL, g_strdup(c->broker_ca), false);
    see(p, ORIEL_PROCESS_SIGNAL, g_strdup(c->broker_certificate), false);
    see(p, ORIEL_PROCESS_SIGNAL, g_strdup(c->broker_key), false);
    see(p, ORIEL_PROCESS_EGRESS, g_strdup(c->relay_ca), false);
    see_display(p, c);
    p->launch.helpers = c->helpers;
    p->launch.kinds = oriel_launch_kinds;
    p->launch.kind_count = ORIEL_PROCESSES;
    p->launch.paths = (const struct oriel_launch_path *)p->paths->data;
    p->launch.path_count = p->paths->len;
    p->launch.network[ORIEL_PROCESS_MEDIA] = strcmp(c->media_path, "direct") == 0;
    p->launch.unprotected = strcmp(c->sandbox_without, "run-unprotected") == 0;
    p->launch.log = strcmp(c->sandbox_violations, "log") == 0;
    return p;
}

const struct oriel_launch_plan *oriel_plan_launch(const struct oriel_plan *p) {
    return &p->launch;
}

void oriel_plan_free(struct oriel_plan *p) {
    g_array_unref(p->paths);
    g_ptr_array_unref(p->texts);
    g_free(p);
}

void oriel_plan_find_helpers(struct oriel_config *config) {
    if (*config->helpers)
        return;
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = self ? g_path_get_dirname(self) : g_strdup(".");
    g_autofree char *beside = g_build_filename(directory, "oriel-signal", NULL);
    g_free(config->helpers);
    config->helpers = g_strdup(access(beside, X_OK) == 0 ? directory : DEFAULT_HELPERS);
}
