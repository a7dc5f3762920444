/* Which screen will be captured, why, and what of the file system that needs: the one place that knows it.
 *
 * Three ask: oriel-capture, which then opens it; orield, whose sandbox lets nothing else through to capture; and
 * `oriel doctor`, which explains. So this is a library of its own that links libc and nothing else.
 * Policy of "auto": the X display, when oriel.conf or DISPLAY names one, even if it does not answer: a machine with a
 * desktop must not be shown by a framebuffer that the desktop doesn't draw in. Else the framebuffer, when it is there
 * and readable. Else nothing: never the test pattern, as somebody who supports a machine must not be shown a picture
 * that is not the machine's. Looks at files and environment, and connects to the X server's socket for an instant;
 * reads no pixels and no cookie. Not thread-safe (getenv). */
#ifndef ORIEL_CAPTURE_CHOICE_H
#define ORIEL_CAPTURE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#define ORIEL_CAPTURE_DEVICE "/dev/fb0" /* where oriel.conf names none */

/* [capture] of oriel.conf; NULL and "" are "not said". */
struct oriel_capture_wish {
    const char *backend, *display, *xauthority, *device;
};

enum { ORIEL_CAPTURE_FILES_MAX = 2, ORIEL_CAPTURE_PATH_SIZE = 512 };

struct oriel_capture_choice {
    char backend[8]; /* "x11", "fbdev", "test"; "": nothing can be captured, and `why` says what to set */
    char why[400];   /* for people: "DISPLAY in the environment is :0" */
    bool found;      /* what it needs is there: the X server's socket accepts, the framebuffer can be read */
    char display[80], xauthority[ORIEL_CAPTURE_PATH_SIZE], device[ORIEL_CAPTURE_PATH_SIZE]; /* those that count */
    /* What capture opens, beyond libraries and /dev/null; each may be missing now and there when it is opened. */
    struct {
        char path[ORIEL_CAPTURE_PATH_SIZE];
        enum { ORIEL_FILE_SOCKET, ORIEL_FILE_COOKIE, ORIEL_FILE_DEVICE } kind;
    } files[ORIEL_CAPTURE_FILES_MAX];
    unsigned file_count;
    bool network; /* the display is on another machine: capture needs a TCP connection to it */
};

void oriel_capture_choose(const struct oriel_capture_wish *wish, struct oriel_capture_choice *choice);

#endif
