/* See voice_choice.h. */
#include "voice_choice.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CARDS "/dev/snd"
#define PULSE "pulse/native"
#define PULSE_OF_SYSTEM "/run/pulse/native"
#define PIPEWIRE "pipewire-0"
#define PIPEWIRE_OF_SYSTEM "/run/pipewire/pipewire-0"

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

static void folder_of(const char *socket, char path[ORIEL_VOICE_PATH_SIZE]) {
    snprintf(path, ORIEL_VOICE_PATH_SIZE, "%s", socket);
    char *slash = strrchr(path, '/');
    if (slash && slash > path)
        *slash = '\0';
}

static void take_server(struct oriel_voice_choice *c, const char *backend, const char *server, const char *title) {
    snprintf(c->backend, sizeof c->backend, "%s", backend);
    snprintf(c->server, sizeof c->server, "%s", server);
    folder_of(server, c->path);
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
    find_server(wish->server, "PULSE_SERVER", PULSE, PULSE_OF_SYSTEM, pulse);
    find_server(any ? NULL : wish->server, NULL, PIPEWIRE, PIPEWIRE_OF_SYSTEM, pipewire);
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

/* Of PipeWire the socket alone: in its folder is all that a user's programs talk by. */
unsigned oriel_voice_places(const struct oriel_voice_wish *wish, struct oriel_voice_place places[ORIEL_VOICE_PLACES]) {
    struct oriel_voice_choice choice;
    const char *runtime = said(getenv("XDG_RUNTIME_DIR"));
    char pulse[ORIEL_VOICE_PATH_SIZE];
    unsigned count = 0;
    oriel_voice_choose(wish, &choice);
    memset(places, 0, ORIEL_VOICE_PLACES * sizeof *places);
    if (said(wish->server) || (said(wish->backend) && strcmp(wish->backend, "auto") != 0)) {
        snprintf(places[0].path, sizeof places[0].path, "%s", choice.path);
        places[0].device = choice.device;
        return 1;
    }
    find_server(NULL, "PULSE_SERVER", PULSE, PULSE_OF_SYSTEM, pulse);
    folder_of(pulse, places[count++].path);
    if (runtime)
        snprintf(places[count++].path, ORIEL_VOICE_PATH_SIZE, "%s/" PIPEWIRE, runtime);
    snprintf(places[count++].path, ORIEL_VOICE_PATH_SIZE, PIPEWIRE_OF_SYSTEM);
    places[count] = (struct oriel_voice_place){.path = CARDS, .device = true};
    return count + 1;
}
