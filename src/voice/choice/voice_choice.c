/* See voice_choice.h. */
#include "voice_choice.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CARDS "/dev/snd"

static const char *said(const char *text) {
    return text && *text ? text : NULL;
}

static bool is_socket(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* A card has a control device; a folder with only "timer" and "seq" in it is none. */
static bool has_card(void) {
    DIR *folder = opendir(CARDS);
    bool found = false;
    for (struct dirent *entry; folder && !found && (entry = readdir(folder));)
        found = strncmp(entry->d_name, "controlC", 8) == 0;
    if (folder)
        closedir(folder);
    return found;
}

/* Where the server's socket is: as oriel.conf says, as the environment says, or where each user's or the system's is.
 */
static void find_server(const char *wished, const char *variable, const char *name, const char *system,
                        char path[ORIEL_VOICE_PATH_SIZE]) {
    const char *named = variable ? said(getenv(variable)) : NULL, *runtime = said(getenv("XDG_RUNTIME_DIR"));
    if (named && strncmp(named, "unix:", 5) == 0)
        named += 5;
    *path = '\0';
    if (said(wished)) {
        snprintf(path, ORIEL_VOICE_PATH_SIZE, "%s", wished);
        return;
    }
    if (named && *named == '/') {
        snprintf(path, ORIEL_VOICE_PATH_SIZE, "%s", named);
        return;
    }
    if (runtime)
        snprintf(path, ORIEL_VOICE_PATH_SIZE, "%s/%s", runtime, name);
    if (!runtime || (!is_socket(path) && is_socket(system)))
        snprintf(path, ORIEL_VOICE_PATH_SIZE, "%s", system);
}

static void take_server(struct oriel_voice_choice *c, const char *backend, const char *server, const char *title) {
    snprintf(c->backend, sizeof c->backend, "%s", backend);
    snprintf(c->server, sizeof c->server, "%s", server);
    snprintf(c->path, sizeof c->path, "%s", server);
    char *slash = strrchr(c->path, '/');
    if (slash && slash > c->path)
        *slash = '\0';
    snprintf(c->why, sizeof c->why, "%s: %s %s", title, server, is_socket(server) ? "is there" : "is not there");
}

static void take_alsa(struct oriel_voice_choice *c, bool card) {
    snprintf(c->backend, sizeof c->backend, "alsa");
    snprintf(c->path, sizeof c->path, CARDS);
    c->device = true;
    snprintf(c->why, sizeof c->why, card ? "ALSA: there is a card in " CARDS : "ALSA: there is no card in " CARDS);
}

void oriel_voice_choose(const struct oriel_voice_wish *wish, struct oriel_voice_choice *c) {
    char pulse[ORIEL_VOICE_PATH_SIZE], pipewire[ORIEL_VOICE_PATH_SIZE];
    const char *backend = said(wish->backend) ? wish->backend : "auto";
    bool any = strcmp(backend, "auto") == 0, card = has_card();
    memset(c, 0, sizeof *c);
    find_server(wish->server, "PULSE_SERVER", "pulse/native", "/run/pulse/native", pulse);
    find_server(any ? NULL : wish->server, NULL, "pipewire-0", "/run/pipewire/pipewire-0", pipewire);
    if (strcmp(backend, "pulse") == 0 || (any && (is_socket(pulse) || said(wish->server))))
        take_server(c, "pulse", pulse, "PulseAudio's protocol");
    else if (strcmp(backend, "pipewire") == 0 || (any && is_socket(pipewire)))
        take_server(c, "pipewire", pipewire, "PipeWire");
    else if (strcmp(backend, "alsa") == 0 || (any && card))
        take_alsa(c, card);
    else
        snprintf(c->why, sizeof c->why,
                 "this device has no sound: neither a sound server (%.120s, %.120s) nor a sound card (" CARDS ")",
                 pulse, pipewire);
}
