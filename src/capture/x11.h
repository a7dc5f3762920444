/* Inside of the x11 backend: what x11.c (connection, damage), x11_image.c (pixels), x11_cursor.c and x11_monitor.c
 * (which part of the screen) share. */
#ifndef ORIEL_CAPTURE_X11_H
#define ORIEL_CAPTURE_X11_H

#include <xcb/damage.h>
#include <xcb/randr.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <xcb/xfixes.h>

#include "backend.h"

/* How pixels come from the server into the ring, best first. */
enum oriel_x11_way {
    ORIEL_X11_PIXMAP, /* the server copies into shared pixmaps that are the ring's buffers: exact place, any rectangle
                       */
    ORIEL_X11_SHM,    /* MIT-SHM GetImage into the ring (whole rows) or into a scratch picture, copied from there */
    ORIEL_X11_PLAIN,  /* GetImage over the socket: a display without MIT-SHM 1.2, or not on this machine */
    ORIEL_X11_WAYS,
};

struct oriel_x11 {
    struct oriel_backend base;
    xcb_connection_t *connection;
    char display[80]; /* for messages */
    xcb_window_t root;
    uint8_t depth;
    int events; /* seen, not yet returned by dispatch() */

    char monitor[64]; /* "": all of the screen */
    unsigned root_width, root_height;
    int origin_x, origin_y; /* of the picture, in the root window */
    uint8_t randr_event;    /* first event number of the extension; 0: not watched */
    bool layout_changed;    /* the picture may have another place or size */

    uint8_t damage_event; /* first event number of the extension */
    xcb_damage_damage_t damage;
    xcb_xfixes_region_t parts;
    uint32_t subtract_sequence; /* damage reported before this request was collected by it */

    enum oriel_x11_way way;
    struct oriel_ring *ring; /* borrowed */
    xcb_shm_seg_t segment;   /* the ring; 0: none */
    xcb_gcontext_t gc;
    xcb_pixmap_t pixmaps[ORIEL_RING_BUFFERS];
    xcb_shm_seg_t scratch_segment; /* ORIEL_X11_SHM only: one picture */
    uint8_t *scratch;
    size_t scratch_size;

    uint8_t cursor_event;
    uint8_t input_opcode; /* of the X input extension; 0: absent */
    bool shape_changed, shape_visible;
    bool motion_watched;
    int hot_x, hot_y;
};

/* True, with `error` filled, when the connection has ended. */
bool oriel_x11_broken(struct oriel_x11 *x11);
void oriel_x11_log_error(const char *what, const xcb_generic_error_t *error);

/* The best way that this server allows, not better than `best`. Before the first attach. */
void oriel_x11_image_choose(struct oriel_x11 *x11, enum oriel_x11_way best);
const char *oriel_x11_way_name(enum oriel_x11_way way);
/* As ops.attach; falls to the next way when the server refuses one. */
int oriel_x11_image_attach(struct oriel_x11 *x11, struct oriel_ring *ring);
int oriel_x11_image_grab(struct oriel_x11 *x11, unsigned index, const struct oriel_region *region);
/* ORIEL_X11_PIXMAP only: asks for a copy of `parts`, a region of the root window; done with the next reply. */
void oriel_x11_image_copy(struct oriel_x11 *x11, unsigned index, xcb_xfixes_region_t parts);

/* Finds the monitor that is wanted, and watches it. False, with `error` filled: there is none. */
bool oriel_x11_monitor_init(struct oriel_x11 *x11, char error[ORIEL_BACKEND_ERROR_SIZE]);
/* True when `event` was one of screen or monitors; layout_changed is set when it may matter. */
bool oriel_x11_monitor_event(struct oriel_x11 *x11, const xcb_generic_event_t *event);
/* Brings place and size of the picture up to date, with ORIEL_EVENT_SIZE in `events` when they are others. False, with
 * base.error filled: the monitor is gone. */
bool oriel_x11_monitor_update(struct oriel_x11 *x11);
/* The size of the root window, as a reply told it. */
void oriel_x11_monitor_root(struct oriel_x11 *x11, unsigned width, unsigned height);

/* Looks for the extensions. */
void oriel_x11_cursor_init(struct oriel_x11 *x11);
/* Asks for the cursor's events, or no more. */
void oriel_x11_cursor_watch(struct oriel_x11 *x11, bool on);
/* True when `event` was the cursor's. */
bool oriel_x11_cursor_event(struct oriel_x11 *x11, const xcb_generic_event_t *event);
/* Watches motion again after an event of it; to be sent before the request that asks for the place. */
void oriel_x11_cursor_rewatch(struct oriel_x11 *x11);
/* Brings base.cursor up to date; `pointer` is the request that asks for its place. */
void oriel_x11_cursor_update(struct oriel_x11 *x11, xcb_query_pointer_cookie_t pointer);

/* As oriel_backend_x11.open, but pixels come by no better way than `best`: how tests reach the others. */
struct oriel_backend *oriel_x11_open(const struct oriel_backend_wish *wish, enum oriel_x11_way best,
                                     char error[ORIEL_BACKEND_ERROR_SIZE]);

#endif
