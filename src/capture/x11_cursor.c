/* The x11 backend's cursor: its place and its shape, never in the pixels.
 *
 * Policy: shapes are told by XFIXES when another one is displayed. The place has no event of its own in the core
 * protocol that a bystander gets without taking it from others; raw motion of the X input extension (2.2) is for
 * bystanders. Only motion and touch are asked for: no buttons, no keys. While the pointer moves, one event a frame is
 * wanted, so after the first the watch is off until the place has been read.
 * Limits: a place set by a program (XWarpPointer) makes no raw event: it is seen with the next frame, or with the look
 * that capture.c takes after each burst. Shapes are cut to ORIEL_CURSOR_SIDE_MAX. X tells nobody that a program hid
 * the cursor by XFixesHideCursor; panels hide it by an empty shape, or have none: both are seen. */
#include "x11.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xinput.h>

#include "log.h"

void oriel_x11_cursor_init(struct oriel_x11 *x11) {
    xcb_connection_t *c = x11->connection;
    x11->cursor_event = xcb_get_extension_data(c, &xcb_xfixes_id)->first_event + XCB_XFIXES_CURSOR_NOTIFY;
    const xcb_query_extension_reply_t *input = xcb_get_extension_data(c, &xcb_input_id);
    if (!input || !input->present)
        return;
    xcb_input_xi_query_version_reply_t *version =
        xcb_input_xi_query_version_reply(c, xcb_input_xi_query_version(c, 2, 2), NULL);
    if (version && version->major_version == 2 && version->minor_version >= 2)
        x11->input_opcode = input->major_opcode;
    else
        oriel_info("x11: no X input extension 2.2: a cursor that moves over a still picture is shown late");
    free(version);
}

static void watch_motion(struct oriel_x11 *x11, bool on) {
    if (!x11->input_opcode)
        return;
    struct {
        xcb_input_event_mask_t head;
        uint32_t mask;
    } select = {{.deviceid = XCB_INPUT_DEVICE_ALL_MASTER, .mask_len = 1}, 0};
    if (on)
        select.mask = XCB_INPUT_XI_EVENT_MASK_RAW_MOTION | XCB_INPUT_XI_EVENT_MASK_RAW_TOUCH_BEGIN |
                      XCB_INPUT_XI_EVENT_MASK_RAW_TOUCH_UPDATE;
    xcb_input_xi_select_events(x11->connection, x11->root, 1, &select.head);
}

void oriel_x11_cursor_watch(struct oriel_x11 *x11, bool on) {
    watch_motion(x11, on);
    xcb_xfixes_select_cursor_input(x11->connection, x11->root, on ? XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR : 0);
    x11->shape_changed = on;
    x11->motion_watched = on;
}

bool oriel_x11_cursor_event(struct oriel_x11 *x11, const xcb_generic_event_t *event) {
    uint8_t type = event->response_type & 0x7f;
    if (type == x11->cursor_event) {
        x11->shape_changed = true;
        return true;
    }
    if (type != XCB_GE_GENERIC || !x11->input_opcode ||
        ((const xcb_ge_generic_event_t *)event)->extension != x11->input_opcode)
        return false;
    if (x11->motion_watched) {
        watch_motion(x11, false);
        xcb_flush(x11->connection);
        x11->motion_watched = false;
    }
    return true;
}

static void take_shape(struct oriel_x11 *x11, const xcb_xfixes_get_cursor_image_reply_t *image) {
    struct oriel_cursor *cursor = &x11->base.cursor;
    const uint32_t *from = xcb_xfixes_get_cursor_image_cursor_image(image);
    unsigned width = image->width < ORIEL_CURSOR_SIDE_MAX ? image->width : ORIEL_CURSOR_SIDE_MAX;
    unsigned height = image->height < ORIEL_CURSOR_SIDE_MAX ? image->height : ORIEL_CURSOR_SIDE_MAX;
    bool visible = false;
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++) {
            uint32_t pixel = htole32(from[(size_t)y * image->width + x]);
            memcpy(cursor->pixels + ((size_t)y * width + x) * 4, &pixel, sizeof pixel);
            visible |= from[(size_t)y * image->width + x] >> 24 != 0;
        }
    x11->shape_visible = visible;
    x11->hot_x = image->xhot;
    x11->hot_y = image->yhot;
    cursor->width = width;
    cursor->height = height;
    cursor->serial = image->cursor_serial ? image->cursor_serial : 1;
}

void oriel_x11_cursor_update(struct oriel_x11 *x11, xcb_query_pointer_cookie_t pointer) {
    xcb_connection_t *c = x11->connection;
    struct oriel_cursor *cursor = &x11->base.cursor;
    if (x11->shape_changed) {
        xcb_generic_error_t *error = NULL;
        xcb_xfixes_get_cursor_image_reply_t *image =
            xcb_xfixes_get_cursor_image_reply(c, xcb_xfixes_get_cursor_image(c), &error);
        x11->shape_changed = false;
        x11->shape_visible = false; /* no image: the server has no cursor at all */
        if (image)
            take_shape(x11, image);
        free(image);
        free(error);
    }
    xcb_query_pointer_reply_t *place = xcb_query_pointer_reply(c, pointer, NULL);
    cursor->shown = place && place->same_screen && x11->shape_visible;
    if (place) {
        cursor->x = place->root_x - x11->hot_x - x11->origin_x;
        cursor->y = place->root_y - x11->hot_y - x11->origin_y;
        /* On another monitor it is no news: its moves there make no frames. */
        cursor->shown = cursor->shown && cursor->x + (int)cursor->width > 0 && cursor->y + (int)cursor->height > 0 &&
                        cursor->x < (int)x11->base.width && cursor->y < (int)x11->base.height;
    }
    free(place);
}

void oriel_x11_cursor_rewatch(struct oriel_x11 *x11) {
    if (x11->motion_watched)
        return;
    watch_motion(x11, true);
    x11->motion_watched = true;
}
