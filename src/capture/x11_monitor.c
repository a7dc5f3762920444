/* Which part of the X screen is the picture: all of it, or one monitor (RandR 1.5).
 *
 * Policy: a monitor is named as `xrandr --listmonitors` names it, or "primary": the one that RandR marks so, else the
 * first. When it gets another place or size, a new generation begins; what was read from its old place meanwhile is not
 * sent. When it goes, capture ends: the person agreed to that monitor, so no other one takes its place.
 * Nobody is asked at rest: the layout is read again after RandR's events and the root window's ConfigureNotify, which
 * also comes from servers without RandR and for monitors that a program made (RRSetMonitor). The size of the whole
 * screen also comes with each collect().
 * Limits: an output that mirrors another is one monitor with it. Blanking (DPMS, screen saver) makes no event: the
 * picture stays as programs draw it. */
#include "x11.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_primary_wanted(const struct oriel_x11 *x11) {
    return strcmp(x11->monitor, "primary") == 0;
}

static void name_of(struct oriel_x11 *x11, xcb_atom_t atom, char name[64]) {
    xcb_get_atom_name_reply_t *reply =
        xcb_get_atom_name_reply(x11->connection, xcb_get_atom_name(x11->connection, atom), NULL);
    int length = reply ? xcb_get_atom_name_name_length(reply) : 0;
    snprintf(name, 64, "%.*s", length < 63 ? length : 63, reply ? xcb_get_atom_name_name(reply) : "");
    free(reply);
}

/* The one that is wanted; NULL: none of them. */
static const xcb_randr_monitor_info_t *find(struct oriel_x11 *x11, const xcb_randr_get_monitors_reply_t *monitors) {
    const xcb_randr_monitor_info_t *found = NULL;
    xcb_randr_monitor_info_iterator_t i = xcb_randr_get_monitors_monitors_iterator(monitors);
    for (; i.rem; xcb_randr_monitor_info_next(&i)) {
        char name[64];
        if (is_primary_wanted(x11)) {
            if (!found || (i.data->primary && !found->primary))
                found = i.data;
            continue;
        }
        name_of(x11, i.data->name, name);
        if (strcmp(name, x11->monitor) == 0)
            return i.data;
    }
    return found;
}

/* "HDMI-1 (1920x1080, primary), DP-2 (1280x1024)" */
static void list(struct oriel_x11 *x11, const xcb_randr_get_monitors_reply_t *monitors, char *text, size_t size) {
    size_t used = 0;
    snprintf(text, size, "none");
    xcb_randr_monitor_info_iterator_t i = xcb_randr_get_monitors_monitors_iterator(monitors);
    for (; i.rem && used < size; xcb_randr_monitor_info_next(&i)) {
        char name[64];
        name_of(x11, i.data->name, name);
        used += (size_t)snprintf(text + used, size - used, "%s%s (%ux%u%s)", used ? ", " : "", name, i.data->width,
                                 i.data->height, i.data->primary ? ", primary" : "");
    }
}

static bool absent(struct oriel_x11 *x11, const xcb_randr_get_monitors_reply_t *monitors,
                   char error[ORIEL_BACKEND_ERROR_SIZE]) {
    char names[240] = "unknown";
    if (monitors)
        list(x11, monitors, names, sizeof names);
    snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
             "X display '%s' has no monitor '%s'; it has: %s. Set [capture] monitor in oriel.conf to one of them, to "
             "primary, or to nothing for all of the screen",
             x11->display, x11->monitor, names);
    return false;
}

/* Another place or size is another picture. What reaches over the screen's edges can't be read. */
static void set_area(struct oriel_x11 *x11, int x, int y, unsigned width, unsigned height) {
    int x2 = x + (int)width, y2 = y + (int)height;
    x = x < 0 ? 0 : x;
    y = y < 0 ? 0 : y;
    x2 = x2 > (int)x11->root_width ? (int)x11->root_width : x2;
    y2 = y2 > (int)x11->root_height ? (int)x11->root_height : y2;
    width = x2 > x ? (unsigned)(x2 - x) : 0;
    height = y2 > y ? (unsigned)(y2 - y) : 0;
    if (x == x11->origin_x && y == x11->origin_y && width == x11->base.width && height == x11->base.height)
        return;
    x11->origin_x = x;
    x11->origin_y = y;
    x11->base.placed = *x11->monitor;
    x11->base.x = (unsigned)x;
    x11->base.y = (unsigned)y;
    x11->base.width = width;
    x11->base.height = height;
    x11->events |= ORIEL_EVENT_SIZE;
}

static bool read_layout(struct oriel_x11 *x11, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    x11->layout_changed = false;
    if (!*x11->monitor) {
        set_area(x11, 0, 0, x11->root_width, x11->root_height);
        return true;
    }
    xcb_randr_get_monitors_reply_t *monitors =
        xcb_randr_get_monitors_reply(x11->connection, xcb_randr_get_monitors(x11->connection, x11->root, 1), NULL);
    const xcb_randr_monitor_info_t *m = monitors ? find(x11, monitors) : NULL;
    if (m)
        set_area(x11, m->x, m->y, m->width, m->height);
    else
        absent(x11, monitors, error);
    free(monitors);
    return m != NULL;
}

bool oriel_x11_monitor_update(struct oriel_x11 *x11) {
    return read_layout(x11, x11->base.error);
}

void oriel_x11_monitor_root(struct oriel_x11 *x11, unsigned width, unsigned height) {
    if (width == x11->root_width && height == x11->root_height)
        return;
    x11->root_width = width;
    x11->root_height = height;
    x11->layout_changed = true;
}

bool oriel_x11_monitor_event(struct oriel_x11 *x11, const xcb_generic_event_t *event) {
    uint8_t type = event->response_type & 0x7f;
    if (type == XCB_CONFIGURE_NOTIFY) {
        const xcb_configure_notify_event_t *configure = (const xcb_configure_notify_event_t *)event;
        if (configure->window == x11->root) {
            oriel_x11_monitor_root(x11, configure->width, configure->height);
            x11->layout_changed |= *x11->monitor != '\0';
        }
        return true;
    }
    if (!x11->randr_event ||
        (type != x11->randr_event + XCB_RANDR_SCREEN_CHANGE_NOTIFY && type != x11->randr_event + XCB_RANDR_NOTIFY))
        return false;
    x11->layout_changed = true;
    return true;
}

bool oriel_x11_monitor_init(struct oriel_x11 *x11, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    xcb_connection_t *c = x11->connection;
    uint32_t structure = XCB_EVENT_MASK_STRUCTURE_NOTIFY;
    xcb_change_window_attributes(c, x11->root, XCB_CW_EVENT_MASK, &structure);
    if (!*x11->monitor)
        return true;
    const xcb_query_extension_reply_t *randr = xcb_get_extension_data(c, &xcb_randr_id);
    xcb_randr_query_version_reply_t *version =
        randr && randr->present ? xcb_randr_query_version_reply(c, xcb_randr_query_version(c, 1, 5), NULL) : NULL;
    bool good = version && (version->major_version > 1 || version->minor_version >= 5);
    free(version);
    if (!good) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
                 "X display '%s' has no RandR 1.5, which Oriel needs to find monitor '%s': set [capture] monitor in "
                 "oriel.conf to nothing for all of the screen",
                 x11->display, x11->monitor);
        return false;
    }
    x11->randr_event = randr->first_event;
    xcb_randr_select_input(c, x11->root,
                           XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE | XCB_RANDR_NOTIFY_MASK_CRTC_CHANGE |
                               XCB_RANDR_NOTIFY_MASK_OUTPUT_CHANGE);
    bool found = read_layout(x11, error);
    x11->events = 0;
    return found;
}
