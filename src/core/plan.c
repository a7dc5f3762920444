/* See plan.h. A backend of capture that needs a device or a socket names it here. */
#include "plan.h"

#include <string.h>
#include <unistd.h>

#include "cameras.h"
#include "choice.h"
#include "provider.h"
#include "voice_choice.h"

struct oriel_plan {
    struct oriel_launch_plan launch;
    GArray *paths;
    GPtrArray *texts; /* what the paths are */
    GArray *users;    /* who may stop */
};

static void see(struct oriel_plan *p, enum oriel_process process, char *path, bool device) {
    g_ptr_array_add(p->texts, path);
    struct oriel_launch_path entry = {process, path, device};
    if (*path)
        g_array_append_val(p->paths, entry);
}

/* The X server's socket and cookie, or the framebuffer: capture/choice knows. */
static void see_screen(struct oriel_plan *p, const struct oriel_config *c) {
    struct oriel_capture_choice choice;
    oriel_capture_choose(&(struct oriel_capture_wish){.backend = c->capture_backend,
                                                      .display = c->capture_display,
                                                      .xauthority = c->capture_xauthority,
                                                      .device = c->capture_device},
                         &choice);
    if (choice.network)
        p->launch.refusals[ORIEL_PROCESS_CAPTURE] = "cannot start oriel-capture: the X display is reached by network, "
                                                    "which capture does not have; give a local "
                                                    "one as [capture] display=:0";
    for (unsigned i = 0; i < choice.file_count; i++)
        see(p, ORIEL_PROCESS_CAPTURE, g_strdup(choice.files[i].path), choice.files[i].kind == ORIEL_FILE_DEVICE);
}

/* In the order of the places: core names one by its number among those that have a path. */
static void see_cameras(struct oriel_plan *p, const struct oriel_config *c) {
    struct oriel_camera_place places[ORIEL_CAMERAS_MAX];
    int count = oriel_camera_places(c->camera_devices, places);
    for (int i = 0; i < count; i++)
        if (places[i].kind != ORIEL_CAMERA_TEST)
            see(p, ORIEL_PROCESS_CAMERA, g_strdup(places[i].path), places[i].kind == ORIEL_CAMERA_V4L2);
}

/* The sound server's socket and the cards, as far as they may be chosen: voice/choice knows. */
static void see_sound(struct oriel_plan *p, const struct oriel_config *c) {
    static const char *const meanings[] = {"/usr/share/alsa", "/etc/asound.conf"}; /* of the names of cards */
    struct oriel_voice_place places[ORIEL_VOICE_PLACES];
    unsigned count = oriel_voice_places(&(struct oriel_voice_wish){c->voice_backend, c->voice_server}, places);
    for (unsigned i = 0; i < count; i++) {
        see(p, ORIEL_PROCESS_VOICE, g_strdup(places[i].path), places[i].device);
        for (unsigned k = 0; places[i].device && k < G_N_ELEMENTS(meanings); k++)
            see(p, ORIEL_PROCESS_VOICE, g_strdup(meanings[k]), false);
    }
}

struct oriel_plan *oriel_plan_new(const struct oriel_config *c) {
    struct oriel_plan *p = g_new0(struct oriel_plan, 1);
    p->paths = g_array_new(FALSE, TRUE, sizeof(struct oriel_launch_path));
    p->texts = g_ptr_array_new_with_free_func(g_free);
    p->users = g_array_new(FALSE, FALSE, sizeof(uid_t));
    oriel_provider_users(c->consent_users, p->users, NULL); /* a name that is none refuses the start later */
    see(p, ORIEL_PROCESS_SIGNAL, g_strdup(c->broker_ca), false);
    see(p, ORIEL_PROCESS_SIGNAL, g_strdup(c->broker_certificate), false);
    see(p, ORIEL_PROCESS_SIGNAL, g_strdup(c->broker_key), false);
    see(p, ORIEL_PROCESS_EGRESS, g_strdup(c->relay_ca), false);
    see_screen(p, c);
    see_cameras(p, c);
    see_sound(p, c);
    p->launch.helpers = c->helpers;
    p->launch.kinds = oriel_launch_kinds;
    p->launch.kind_count = ORIEL_PROCESSES;
    p->launch.paths = (const struct oriel_launch_path *)p->paths->data;
    p->launch.path_count = p->paths->len;
    p->launch.network[ORIEL_PROCESS_MEDIA] = strcmp(c->media_path, "direct") == 0;
    p->launch.unprotected = strcmp(c->sandbox_without, "run-unprotected") == 0;
    p->launch.stop = (struct oriel_launch_stop){c->stop_socket, (const uid_t *)p->users->data, p->users->len};
    p->launch.log = strcmp(c->sandbox_violations, "log") == 0;
    return p;
}

const struct oriel_launch_plan *oriel_plan_launch(const struct oriel_plan *p) {
    return &p->launch;
}

void oriel_plan_free(struct oriel_plan *p) {
    g_array_unref(p->paths);
    g_ptr_array_unref(p->texts);
    g_array_unref(p->users);
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
