/* What captures pictures of one kind of screen: the contract between capture.c and its backends, one file each.
 *
 *      open -> attach -> start -> { dispatch -> collect -> grab, or dispatch -> take } … -> stop … -> close
 *
 * Policy: open() looks, it does not read pixels; pixels are read between start() and stop(), and come into the shared
 * memory by grab() alone, which writes the rectangles that it is given and not a pixel beside them: what lies under a
 * mask is not among them. A backend says that something changed (dispatch), then what (collect), then fetches it
 * (grab); capture decides when, by frame rate and back-pressure. At rest a backend wakes nobody, or, where the screen
 * has no events, as seldom and shortly as it can. What a backend needs of the file system is told by choice/choice.c.
 * A call that returns a negative value has failed for good and said why in `error` (a sentence for people: what
 * failed, what to do), except -EAGAIN. Owner: capture's one thread; nothing here is shared with another. */
#ifndef ORIEL_CAPTURE_BACKEND_H
#define ORIEL_CAPTURE_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "region.h"
#include "ring.h"

enum { ORIEL_BACKEND_ERROR_SIZE = 500, ORIEL_BACKEND_ABOUT_SIZE = 500 };

/* What dispatch() and collect() report; a mask. */
enum {
    ORIEL_EVENT_DAMAGE = 1, /* pixels changed: collect() says where */
    ORIEL_EVENT_CURSOR = 2, /* the cursor's place or shape may have changed: collect() brings `cursor` up to date */
    ORIEL_EVENT_SIZE = 4,   /* size, format or place are new: attach() a new ring */
    ORIEL_EVENT_TAKEN = 8,  /* take() alone: what it reported is in the buffer */
};

/* As in ORIEL_CAPTURE_START. Never NULL. */
struct oriel_backend_wish {
    const char *display, *xauthority, *monitor, *device;
    int pusher;    /* "hmi": the socket to the HMI, open()'s from then on; -1: none */
    unsigned rate; /* frames a second at most */
};

struct oriel_cursor {
    int32_t x, y; /* of its top left corner, in the picture's pixels */
    bool shown;
    uint32_t serial; /* another number for another shape; 0: there was none yet */
    uint32_t width, height;
    /* B, G, R, A premultiplied in memory order */
    uint8_t pixels[ORIEL_CURSOR_SIDE_MAX * ORIEL_CURSOR_SIDE_MAX * 4];
};

struct oriel_backend {
    const struct oriel_backend_ops *ops;
    int fd;                 /* readable: dispatch() has something to do; -1: it has nothing now */
    bool steady;            /* pictures come all the time: without any for SILENT_S it has failed */
    unsigned width, height; /* of the picture, as dispatch() and collect() saw it last */
    uint32_t format;        /* of frames.h, likewise */
    bool placed;            /* a part of a display, at: */
    unsigned x, y;          /* likewise */
    unsigned rate;          /* frames a second that capture takes at most; set by it before start() and at any time */
    struct oriel_cursor cursor;
    char about[ORIEL_BACKEND_ABOUT_SIZE]; /* what was opened, for the log and for READY */
    char error[ORIEL_BACKEND_ERROR_SIZE];
};

struct oriel_backend_ops {
    const char *name;
    /* NULL: `error` says why. */
    struct oriel_backend *(*open)(const struct oriel_backend_wish *wish, char error[ORIEL_BACKEND_ERROR_SIZE]);
    /* Makes `ring` (of the backend's width, height and format) the place where grab() writes; borrowed until the next
     * attach() or close(). NULL detaches. */
    int (*attach)(struct oriel_backend *backend, struct oriel_ring *ring);
    /* Begins, ends the watch for changes. The first collect() after start() reports the whole picture or nothing: the
     * caller fetches all of it anyway. */
    int (*start)(struct oriel_backend *backend);
    void (*stop)(struct oriel_backend *backend);
    /* Reads what waits at `fd`; never blocks. Events, or negative. */
    int (*dispatch)(struct oriel_backend *backend);
    /* Adds what changed since the last call to `region`. Events (of which only SIZE means something), or negative. */
    int (*collect)(struct oriel_backend *backend, struct oriel_region *region);
    /* Brings the rectangles of `region` in buffer `index` to what the screen shows now. 0 · -EAGAIN: the screen is
     * just changing its size or place, call again later · other negative. */
    int (*grab)(struct oriel_backend *backend, unsigned index, const struct oriel_region *region);
    void (*close)(struct oriel_backend *backend);
    /* NULL, or as collect(), and with TAKEN what it adds to `region` is in buffer `index` as grab() would have put it
     * there. Not where there are masks. */
    int (*take)(struct oriel_backend *backend, unsigned index, struct oriel_region *region);
    /* "hmi" only, else NULL: the HMI came back, with this socket in place of the one before. 0 or negative. */
    int (*adopt)(struct oriel_backend *backend, int pusher);
};

extern const struct oriel_backend_ops oriel_backend_test;
extern const struct oriel_backend_ops oriel_backend_fbdev;
extern const struct oriel_backend_ops oriel_backend_x11;
extern const struct oriel_backend_ops oriel_backend_hmi;

/* Opens the backend that `name` and choice/choice.c mean; its `about` says why. NULL: `error` says why not. */
struct oriel_backend *oriel_backend_open(const char *name, const struct oriel_backend_wish *wish,
                                         char error[ORIEL_BACKEND_ERROR_SIZE]);

#endif
