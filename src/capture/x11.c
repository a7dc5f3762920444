/* Backend "x11": the screen of an X server, or one monitor of it. Connection and damage; pixels are x11_image.c's, the
 * cursor x11_cursor.c's, place and size x11_monitor.c's.
 *
 * Policy: damage is watched at report level NonEmpty, one event until it is collected, however much is drawn: a busy
 * screen costs one wake-up a frame, a still one none. collect() takes it in one round trip, together with the size and
 * the pointer's place, and take() the pixels with them: the server itself clips the copy to the damage. Nothing that
 * other programs on the display could notice is selected, grabbed or drawn. Requests that race with a resize fail with
 * BadMatch and are made again. Rotation and scaling are the server's: the screen is read upright, as programs draw it.
 * Limits: depth 24 or 32 with 8 bits a colour in the machine's byte order. A server that hangs stops capture too:
 * core's kill ends it. */
#include "x11.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

bool oriel_x11_broken(struct oriel_x11 *x11) {
    int code = xcb_connection_has_error(x11->connection);
    if (!code)
        return false;
    snprintf(x11->base.error, sizeof x11->base.error,
             "the X server of display '%s' has gone (%s): capture ends with it; a new session tries again",
             x11->display, code == XCB_CONN_CLOSED_MEM_INSUFFICIENT ? "out of memory" : "it closed the connection");
    return true;
}

void oriel_x11_log_error(const char *what, const xcb_generic_error_t *error) {
    oriel_debug("x11: %s: error %u of request %u.%u", what, error->error_code, error->major_code, error->minor_code);
}

static void handle_event(struct oriel_x11 *x11, const xcb_generic_event_t *event) {
    uint8_t type = event->response_type & 0x7f;
    if (event->response_type == 0) {
        oriel_x11_log_error("unexpected", (const xcb_generic_error_t *)event);
    } else if (type == x11->damage_event + XCB_DAMAGE_NOTIFY) {
        /* An event from before the last Subtract tells of damage that this one has collected. */
        if ((int32_t)(event->full_sequence - x11->subtract_sequence) >= 0)
            x11->events |= ORIEL_EVENT_DAMAGE;
    } else if (oriel_x11_monitor_event(x11, event)) {
        /* seen to when all events are read */
    } else if (oriel_x11_cursor_event(x11, event)) {
        x11->events |= ORIEL_EVENT_CURSOR;
    }
}

/* Events that came along with replies are in xcb's queue, where poll() does not see them. */
static void handle_queued(struct oriel_x11 *x11) {
    xcb_generic_event_t *event;
    while ((event = xcb_poll_for_queued_event(x11->connection))) {
        handle_event(x11, event);
        free(event);
    }
}

/* After requests whose result was `r`. */
static int finished(struct oriel_x11 *x11, int r) {
    handle_queued(x11);
    while (x11->layout_changed && !oriel_x11_broken(x11)) {
        if (!oriel_x11_monitor_update(x11))
            return oriel_x11_broken(x11) ? -EPIPE : -ENODEV;
        handle_queued(x11);
    }
    return oriel_x11_broken(x11) ? -EPIPE : r;
}

static int x11_dispatch(struct oriel_backend *backend) {
    struct oriel_x11 *x11 = (struct oriel_x11 *)backend;
    xcb_generic_event_t *event;
    while ((event = xcb_poll_for_event(x11->connection))) {
        handle_event(x11, event);
        free(event);
    }
    int r = finished(x11, 0);
    if (r < 0)
        return r;
    int events = x11->events;
    x11->events = 0;
    return events;
}

static int x11_start(struct oriel_backend *backend) {
    struct oriel_x11 *x11 = (struct oriel_x11 *)backend;
    x11->damage = xcb_generate_id(x11->connection);
    xcb_damage_create(x11->connection, x11->damage, x11->root, XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
    oriel_x11_cursor_watch(x11, true);
    xcb_flush(x11->connection);
    x11->events |= ORIEL_EVENT_DAMAGE | ORIEL_EVENT_CURSOR;
    return oriel_x11_broken(x11) ? -EPIPE : 0;
}

static void x11_stop(struct oriel_backend *backend) {
    struct oriel_x11 *x11 = (struct oriel_x11 *)backend;
    if (!x11->damage)
        return;
    oriel_x11_cursor_watch(x11, false);
    xcb_damage_destroy(x11->connection, x11->damage);
    x11->damage = XCB_NONE;
    xcb_flush(x11->connection);
    x11->events &= ORIEL_EVENT_SIZE;
}

/* One round trip: what is damaged, where the pointer is, how large the screen is. With `index` not negative, what is
 * damaged comes into that buffer before the replies. */
static int ask(struct oriel_x11 *x11, int index, struct oriel_region *region) {
    const struct oriel_backend *backend = &x11->base;
    xcb_connection_t *c = x11->connection;
    x11->subtract_sequence = xcb_damage_subtract(c, x11->damage, XCB_NONE, x11->parts).sequence;
    if (index >= 0)
        oriel_x11_image_copy(x11, (unsigned)index, x11->parts);
    xcb_xfixes_fetch_region_cookie_t fetch = xcb_xfixes_fetch_region(c, x11->parts);
    xcb_get_geometry_cookie_t geometry = xcb_get_geometry(c, x11->root);
    oriel_x11_cursor_rewatch(x11);
    xcb_query_pointer_cookie_t pointer = xcb_query_pointer(c, x11->root);
    xcb_xfixes_fetch_region_reply_t *parts = xcb_xfixes_fetch_region_reply(c, fetch, NULL);
    xcb_get_geometry_reply_t *size = xcb_get_geometry_reply(c, geometry, NULL);
    oriel_x11_cursor_update(x11, pointer);
    if (size)
        oriel_x11_monitor_root(x11, size->width, size->height);
    if (parts) {
        const xcb_rectangle_t *rects = xcb_xfixes_fetch_region_rectangles(parts);
        int count = xcb_xfixes_fetch_region_rectangles_length(parts);
        for (int i = 0; i < count; i++)
            oriel_region_add(region, backend->width, backend->height, rects[i].x - x11->origin_x,
                             rects[i].y - x11->origin_y, rects[i].width, rects[i].height);
    }
    free(parts);
    free(size);
    int r = finished(x11, 0);
    if (r < 0)
        return r;
    int events = x11->events & ORIEL_EVENT_SIZE;
    x11->events &= ~ORIEL_EVENT_SIZE;
    return events;
}

static int x11_collect(struct oriel_backend *backend, struct oriel_region *region) {
    return ask((struct oriel_x11 *)backend, -1, region);
}

static int x11_take(struct oriel_backend *backend, unsigned index, struct oriel_region *region) {
    struct oriel_x11 *x11 = (struct oriel_x11 *)backend;
    bool copies = x11->way == ORIEL_X11_PIXMAP && x11->ring;
    int events = ask(x11, copies ? (int)index : -1, region);
    return events < 0 || !copies ? events : events | ORIEL_EVENT_TAKEN;
}

static int x11_attach(struct oriel_backend *backend, struct oriel_ring *ring) {
    struct oriel_x11 *x11 = (struct oriel_x11 *)backend;
    return finished(x11, oriel_x11_image_attach(x11, ring));
}

static int x11_grab(struct oriel_backend *backend, unsigned index, const struct oriel_region *region) {
    struct oriel_x11 *x11 = (struct oriel_x11 *)backend;
    int r = finished(x11, oriel_x11_image_grab(x11, index, region));
    /* What was read may have been another monitor's, then. */
    return r == 0 && x11->events & ORIEL_EVENT_SIZE ? -EAGAIN : r;
}

static void x11_close(struct oriel_backend *backend) {
    struct oriel_x11 *x11 = (struct oriel_x11 *)backend;
    oriel_x11_image_attach(x11, NULL);
    xcb_disconnect(x11->connection);
    free(x11);
}

static bool open_failed(char error[ORIEL_BACKEND_ERROR_SIZE], const char *display, const char *why) {
    snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
             "X display '%.60s' can't be opened: %s; check [capture] display and xauthority in oriel.conf", display,
             why);
    return false;
}

static bool connect_display(struct oriel_x11 *x11, const char *display, const char *xauthority,
                            char error[ORIEL_BACKEND_ERROR_SIZE]) {
    if (!*display)
        display = getenv("DISPLAY");
    if (!display || !*display)
        return open_failed(error, "", "neither oriel.conf nor DISPLAY in the environment names one");
    snprintf(x11->display, sizeof x11->display, "%.60s", display);
    if (*xauthority) {
        if (access(xauthority, R_OK) < 0) {
            char why[160];
            snprintf(why, sizeof why, "its Xauthority file '%.80s' can't be read (%s)", xauthority, strerror(errno));
            return open_failed(error, display, why);
        }
        /* Xlib's convention, which libXau inside of xcb follows; there is no call that takes a path. */
        setenv("XAUTHORITY", xauthority, 1);
    }
    int screen;
    x11->connection = xcb_connect(display, &screen);
    switch (xcb_connection_has_error(x11->connection)) {
    case 0:
        break;
    case XCB_CONN_CLOSED_PARSE_ERR:
        return open_failed(error, display, "that is no display name like ':0'");
    case XCB_CONN_CLOSED_INVALID_SCREEN:
        return open_failed(error, display, "it has no such screen");
    default:
        return open_failed(error, display, "no X server answers there, or it doesn't let this user in");
    }
    xcb_screen_iterator_t screens = xcb_setup_roots_iterator(xcb_get_setup(x11->connection));
    while (screen-- > 0 && screens.rem > 1)
        xcb_screen_next(&screens);
    x11->root = screens.data->root;
    x11->depth = screens.data->root_depth;
    x11->base.width = x11->root_width = screens.data->width_in_pixels;
    x11->base.height = x11->root_height = screens.data->height_in_pixels;
    return true;
}

static const xcb_visualtype_t *root_visual(struct oriel_x11 *x11) {
    xcb_screen_iterator_t screens = xcb_setup_roots_iterator(xcb_get_setup(x11->connection));
    while (screens.data->root != x11->root)
        xcb_screen_next(&screens);
    for (xcb_depth_iterator_t d = xcb_screen_allowed_depths_iterator(screens.data); d.rem; xcb_depth_next(&d))
        for (xcb_visualtype_iterator_t v = xcb_depth_visuals_iterator(d.data); v.rem; xcb_visualtype_next(&v))
            if (v.data->visual_id == screens.data->root_visual)
                return v.data;
    return NULL;
}

/* The pixels must be BGRX as they are: nothing converts them. */
static bool check_format(struct oriel_x11 *x11, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    const xcb_setup_t *setup = xcb_get_setup(x11->connection);
    const xcb_visualtype_t *visual = root_visual(x11);
    uint8_t bits = 0;
    for (xcb_format_iterator_t f = xcb_setup_pixmap_formats_iterator(setup); f.rem; xcb_format_next(&f))
        if (f.data->depth == x11->depth)
            bits = f.data->bits_per_pixel;
    if ((x11->depth == 24 || x11->depth == 32) && bits == 32 && setup->image_byte_order == XCB_IMAGE_ORDER_LSB_FIRST &&
        visual && visual->red_mask == 0xff0000 && visual->green_mask == 0xff00 && visual->blue_mask == 0xff)
        return true;
    snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
             "X display '%s' has depth %u with %u bits a pixel%s; Oriel reads depth 24 or 32 as BGRX: set the X "
             "server's DefaultDepth to 24",
             x11->display, x11->depth, bits,
             setup->image_byte_order == XCB_IMAGE_ORDER_LSB_FIRST ? "" : ", high byte first");
    return false;
}

static bool check_extensions(struct oriel_x11 *x11, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    xcb_connection_t *c = x11->connection;
    const char *missing = NULL;
    xcb_prefetch_extension_data(c, &xcb_xfixes_id);
    xcb_prefetch_extension_data(c, &xcb_shm_id);
    const xcb_query_extension_reply_t *damage = xcb_get_extension_data(c, &xcb_damage_id);
    const xcb_query_extension_reply_t *xfixes = xcb_get_extension_data(c, &xcb_xfixes_id);
    if (!damage || !damage->present)
        missing = "DAMAGE";
    else if (!xfixes || !xfixes->present)
        missing = "XFIXES";
    if (missing) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
                 "X display '%s' has no %s extension, which Oriel needs to see what changes: enable it in the X server",
                 x11->display, missing);
        return false;
    }
    x11->damage_event = damage->first_event;
    xcb_damage_query_version_cookie_t d = xcb_damage_query_version(c, 1, 1);
    xcb_xfixes_query_version_cookie_t f = xcb_xfixes_query_version(c, 4, 0);
    free(xcb_damage_query_version_reply(c, d, NULL));
    free(xcb_xfixes_query_version_reply(c, f, NULL));
    return true;
}

struct oriel_backend *oriel_x11_open(const struct oriel_backend_wish *wish, enum oriel_x11_way best,
                                     char error[ORIEL_BACKEND_ERROR_SIZE]) {
    struct oriel_x11 *x11 = calloc(1, sizeof *x11);
    if (!x11) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "out of memory");
        return NULL;
    }
    x11->base.ops = &oriel_backend_x11;
    x11->base.format = ORIEL_FORMAT_BGRX;
    snprintf(x11->monitor, sizeof x11->monitor, "%.63s", wish->monitor);
    if (!connect_display(x11, wish->display, wish->xauthority, error) || !check_format(x11, error) ||
        !check_extensions(x11, error) || !oriel_x11_monitor_init(x11, error)) {
        if (x11->connection)
            xcb_disconnect(x11->connection);
        free(x11);
        return NULL;
    }
    x11->base.fd = xcb_get_file_descriptor(x11->connection);
    x11->parts = xcb_generate_id(x11->connection);
    xcb_xfixes_create_region(x11->connection, x11->parts, 0, NULL);
    oriel_x11_cursor_init(x11);
    oriel_x11_image_choose(x11, best);
    snprintf(x11->base.about, sizeof x11->base.about, "x11: display %s%s%s, %ux%u, pixels by %s", x11->display,
             *x11->monitor ? ", monitor " : "", x11->monitor, x11->base.width, x11->base.height,
             oriel_x11_way_name(x11->way));
    return &x11->base;
}

static struct oriel_backend *x11_open(const struct oriel_backend_wish *wish, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    return oriel_x11_open(wish, ORIEL_X11_PIXMAP, error);
}

const struct oriel_backend_ops oriel_backend_x11 = {
    .name = "x11",
    .open = x11_open,
    .attach = x11_attach,
    .start = x11_start,
    .stop = x11_stop,
    .dispatch = x11_dispatch,
    .collect = x11_collect,
    .grab = x11_grab,
    .take = x11_take,
    .close = x11_close,
};
