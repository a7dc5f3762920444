/* See choice.h. */
#include "choice.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define X_SOCKETS "/tmp/.X11-unix/X" /* and the display's number: where every X server of this machine listens */

static const char *said(const char *text) {
    return text && *text ? text : NULL;
}

__attribute__((format(printf, 2, 3))) static void because(struct oriel_capture_choice *choice, const char *format,
                                                          ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(choice->why, sizeof choice->why, format, args);
    va_end(args);
}

static void need(struct oriel_capture_choice *choice, const char *path, int kind) {
    if (choice->file_count == ORIEL_CAPTURE_FILES_MAX)
        return;
    snprintf(choice->files[choice->file_count].path, ORIEL_CAPTURE_PATH_SIZE, "%s", path);
    choice->files[choice->file_count++].kind = kind;
}

/* "" when the display is not on this machine. */
static void socket_of(const char *display, char path[ORIEL_CAPTURE_PATH_SIZE]) {
    *path = '\0';
    if (*display == '/') {
        snprintf(path, ORIEL_CAPTURE_PATH_SIZE, "%s", display);
        return;
    }
    if (strncmp(display, "unix:", 5) == 0)
        display += 4;
    size_t digits = *display == ':' ? strspn(display + 1, "0123456789") : 0;
    if (digits && digits <= 5)
        snprintf(path, ORIEL_CAPTURE_PATH_SIZE, X_SOCKETS "%.*s", (int)digits, display + 1);
}

/* 0 or errno. */
static int try_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    if (fd >= 0)
        close(fd);
    return r;
}

static void need_cookie(struct oriel_capture_choice *choice, const char *configured) {
    const char *home = said(getenv("HOME")), *cookie = said(configured);
    if (!cookie)
        cookie = said(getenv("XAUTHORITY"));
    if (cookie)
        snprintf(choice->xauthority, sizeof choice->xauthority, "%s", cookie);
    else if (home)
        snprintf(choice->xauthority, sizeof choice->xauthority, "%s/.Xauthority", home);
    if (*choice->xauthority == '/')
        need(choice, choice->xauthority, ORIEL_FILE_COOKIE);
}

static void choose_x11(const struct oriel_capture_wish *wish, struct oriel_capture_choice *choice) {
    const char *display = said(wish->display), *from = "oriel.conf";
    if (!display) {
        display = said(getenv("DISPLAY"));
        from = "DISPLAY in the environment";
    }
    strcpy(choice->backend, "x11");
    if (!display) {
        because(choice, "neither oriel.conf nor DISPLAY in the environment names an X display");
        return;
    }
    snprintf(choice->display, sizeof choice->display, "%.79s", display);
    need_cookie(choice, wish->xauthority);
    char path[ORIEL_CAPTURE_PATH_SIZE];
    socket_of(display, path);
    choice->network = !*path;
    if (!*path) {
        choice->found = true; /* as far as can be seen from here */
        because(choice, "%s names the X display %.79s, which is not on this machine", from, display);
        return;
    }
    need(choice, path, ORIEL_FILE_SOCKET);
    int r = try_socket(path);
    choice->found = r == 0;
    if (r == 0)
        because(choice, "%s names the X display %.79s, and %.100s accepts connections", from, display, path);
    else
        because(choice, "%s names the X display %.79s, but %.100s does not accept connections (%s)", from, display,
                path, strerror(r));
}

static void choose_fbdev(const struct oriel_capture_wish *wish, struct oriel_capture_choice *choice) {
    const char *device = said(wish->device) ? wish->device : ORIEL_CAPTURE_DEVICE;
    strcpy(choice->backend, "fbdev");
    snprintf(choice->device, sizeof choice->device, "%s", device);
    need(choice, device, ORIEL_FILE_DEVICE);
    choice->found = access(device, R_OK) == 0;
    if (choice->found)
        because(choice, "the framebuffer %.200s can be read", device);
    else
        because(choice, "the framebuffer %.200s can't be read (%s)%s", device, strerror(errno),
                errno == EACCES ? ": orield's user must be in the group video" : "");
}

/* The display of an X server that runs here though nobody named it: only to be told. */
static bool unnamed_display(char display[16]) {
    for (unsigned i = 0; i < 10; i++) {
        char path[sizeof X_SOCKETS + 2];
        snprintf(path, sizeof path, X_SOCKETS "%u", i);
        snprintf(display, 16, ":%u", i);
        if (try_socket(path) == 0)
            return true;
    }
    return false;
}

static void choose_auto(const struct oriel_capture_wish *wish, struct oriel_capture_choice *choice) {
    if (said(wish->display) || said(getenv("DISPLAY"))) {
        choose_x11(wish, choice);
        return;
    }
    choose_fbdev(wish, choice);
    char why[sizeof choice->why], display[16];
    snprintf(why, sizeof why, "%s", choice->why);
    if (choice->found) {
        because(choice, "no X display is named, and %.360s", why);
        return;
    }
    *choice->backend = '\0'; /* the file stays named: it may come */
    if (unnamed_display(display))
        because(choice,
                "there is no screen to capture: no X display is named, and %.250s. An X server runs as %s: set "
                "[capture] display and xauthority in oriel.conf",
                why, display);
    else
        because(choice,
                "there is no screen to capture: no X display is named, and %.250s. Set [capture] display or device in "
                "oriel.conf",
                why);
}

void oriel_capture_choose(const struct oriel_capture_wish *wish, struct oriel_capture_choice *choice) {
    *choice = (struct oriel_capture_choice){0};
    const char *backend = said(wish->backend) ? wish->backend : "auto";
    if (strcmp(backend, "auto") == 0) {
        choose_auto(wish, choice);
    } else if (strcmp(backend, "x11") == 0) {
        choose_x11(wish, choice);
    } else if (strcmp(backend, "fbdev") == 0) {
        choose_fbdev(wish, choice);
    } else if (strcmp(backend, "hmi") == 0) {
        strcpy(choice->backend, "hmi");
        choice->found = true;
        because(choice, "oriel.conf says that the HMI hands over its own picture (oriel_set_surface() of liboriel)");
    } else if (strcmp(backend, "test") == 0) {
        strcpy(choice->backend, "test");
        choice->found = true;
        because(choice, "oriel.conf asks for the test pattern, which needs no screen");
    } else {
        because(choice,
                "'%.40s' is no capture backend: [capture] backend in oriel.conf is auto, x11, fbdev, hmi or test",
                backend);
    }
}
