/* capture of one monitor of several, on a real X server whose monitors the test makes (RandR 1.5). */
#include "capture_rig.h"

#include <sys/uio.h>
#include <xcb/xcbext.h>

static xcb_atom_t atom_of(struct screen *s, const char *name) {
    xcb_intern_atom_reply_t *reply =
        xcb_intern_atom_reply(s->connection, xcb_intern_atom(s->connection, 0, (uint16_t)strlen(name), name), NULL);
    xcb_atom_t atom = reply->atom;
    free(reply);
    return atom;
}

static void delete_monitor(struct screen *s, const char *name) {
    xcb_generic_error_t *error =
        xcb_request_check(s->connection, xcb_randr_delete_monitor_checked(s->connection, s->root, atom_of(s, name)));
    free(error); /* there was none */
}

/* Makes or changes one, which for others happens at once: the server has no request to change one. Not by
 * xcb_randr_set_monitor: that of libxcb 1.15 fails its own assertion. */
static void set_monitor(struct screen *s, const char *name, bool primary, int16_t x, int16_t y, uint16_t width,
                        uint16_t height) {
    struct {
        uint32_t head; /* filled by xcb */
        xcb_window_t window;
        xcb_randr_monitor_info_t info;
    } body = {.window = s->root,
              .info = {.name = atom_of(s, name), .primary = primary, .x = x, .y = y, .width = width, .height = height}};
    struct iovec parts[3] = {{0}, {0}, {&body, sizeof body}};
    const xcb_protocol_request_t request = {
        .count = 1, .ext = &xcb_randr_id, .opcode = XCB_RANDR_SET_MONITOR, .isvoid = 1};
    xcb_grab_server(s->connection);
    delete_monitor(s, name);
    unsigned sequence = xcb_send_request(s->connection, XCB_REQUEST_CHECKED, parts + 2, &request);
    xcb_ungrab_server(s->connection);
    assert_null(xcb_request_check(s->connection, (xcb_void_cookie_t){sequence}));
}

static void at(struct capture *c, int x, int y) {
    c->origin_x = x;
    c->origin_y = y;
}

static void begin_monitor(struct capture *c, struct screen *s, const char *monitor, int x, int y) {
    begin_with(c, &(struct wish){.backend = "x11", .display = s->display, .monitor = monitor, .rate = 60}, 60);
    at(c, x, y);
    settle_on(c, s, 0, 0);
}

static void expect_new_place(struct capture *c, struct screen *s, unsigned width, unsigned height) {
    uint32_t before = c->generation;
    assert_true(next_frame(c, WAIT));
    assert_int_equal(c->generation, before + 1);
    assert_int_equal(c->frame_generation, before + 1);
    assert_int_equal(c->width, width);
    assert_int_equal(c->height, height);
    expect_all_damaged(c);
    expect_screen(c, s, c->index);
    release(c, c->generation, c->index);
    settle(c);
}

static void one_monitor(const char *option, const char *value, bool brief) {
    struct screen s;
    struct capture c;
    assert_true(screen_start(&s, "1280x720x24", option, value));
    screen_open(&s);
    for (int i = 0; i < 64; i++)
        draw(&s, i % 8 * 160, i / 8 * 90, 160, 90, (uint32_t)i * 0x030507);
    set_monitor(&s, "LEFT", false, 0, 0, 500, 720);
    set_monitor(&s, "RIGHT", true, 500, 21, 640, 401);
    begin_monitor(&c, &s, "RIGHT", 500, 21);
    assert_non_null(strstr(c.text, "monitor RIGHT, 640x401"));
    assert_memory_equal(c.place, ((unsigned[]){500, 21, 640, 401}), sizeof c.place);
    draw(&s, 510, 31, 20, 10, 0xff0000);
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.rect_count, 1);
    assert_memory_equal(&c.rects[0], (&(struct oriel_rect){10, 10, 20, 10}), 8);
    expect_screen(&c, &s, c.index);
    release(&c, c.generation, c.index);
    settle(&c);
    if (brief) {
        end(&c);
        screen_stop(&s);
        return;
    }
    draw(&s, 10, 10, 400, 400, 0x00ff00); /* not ours */
    assert_false(next_frame(&c, QUIET));
    draw(&s, 0, 0, 1280, 720, 0x0000ff); /* in part */
    assert_true(next_frame(&c, WAIT));
    expect_all_damaged(&c);
    release(&c, c.generation, c.index);
    settle(&c);
    for (int i = 0; i < 64; i++)
        draw(&s, i % 8 * 160, i / 8 * 90, 160, 90, (uint32_t)i * 0x070503);
    settle(&c);
    /* The other one changes: nothing to us. Ours is moved, then resized. */
    set_monitor(&s, "LEFT", false, 0, 0, 400, 300);
    assert_false(next_frame(&c, QUIET));
    set_monitor(&s, "RIGHT", true, 601, 300, 640, 401);
    at(&c, 601, 300);
    expect_new_place(&c, &s, 640, 401);
    set_monitor(&s, "RIGHT", true, 601, 300, 320, 200);
    expect_new_place(&c, &s, 320, 200);
    set_monitor(&s, "RIGHT", true, 1000, 500, 640, 480); /* over the edge of the screen */
    at(&c, 1000, 500);
    expect_new_place(&c, &s, 280, 220);
    delete_monitor(&s, "RIGHT");
    expect_said(&c);
    assert_memory_equal(c.place, ((unsigned[]){1000, 500, 280, 220}), sizeof c.place); /* the last of its three */
    assert_int_equal(message.type->id, ORIEL_CAPTURE_FAILED);
    assert_non_null(strstr(message.fields[0].bytes, "no monitor 'RIGHT'; it has: "));
    assert_non_null(strstr(message.fields[0].bytes, "LEFT (400x300)"));
    assert_int_equal(ended(&c), 1);
    screen_stop(&s);
}

static void test_one_monitor(void **state) {
    one_monitor("-extension", "DOUBLE-BUFFER", false);
    one_monitor("-extension", "MIT-SHM", true); /* pixels over the socket */
}

static void test_primary_monitor(void **state) {
    struct screen s;
    struct capture c;
    assert_true(screen_start(&s, "800x600x24", "-extension", "DOUBLE-BUFFER"));
    screen_open(&s);
    assert_int_equal(
        start_with(&c, &(struct wish){.backend = "x11", .display = s.display, .monitor = "HDMI-7", .rate = 60}),
        ORIEL_CAPTURE_FAILED);
    assert_non_null(strstr(c.text, "no monitor 'HDMI-7'; it has: screen (800x600"));
    assert_int_equal(ended(&c), 1);
    begin_monitor(&c, &s, "primary", 0, 0); /* Xvfb's only one */
    assert_int_equal(c.width, 800);
    end(&c);
    set_monitor(&s, "A", false, 0, 0, 300, 300);
    set_monitor(&s, "B", true, 300, 0, 310, 320);
    begin_monitor(&c, &s, "primary", 300, 0);
    assert_int_equal(c.width, 310);
    set_monitor(&s, "B", false, 300, 0, 310, 320); /* another one takes its part */
    set_monitor(&s, "A", true, 0, 0, 300, 300);
    at(&c, 0, 0);
    settle_on(&c, &s, 300, 300);
    end(&c);
    screen_stop(&s);
    assert_true(screen_start(&s, "800x600x24", "-extension", "RANDR"));
    assert_int_equal(start_with(&c, &(struct wish){.backend = "x11", .display = s.display, .monitor = "A", .rate = 60}),
                     ORIEL_CAPTURE_FAILED);
    assert_non_null(strstr(c.text, "has no RandR 1.5, which Oriel needs to find monitor 'A'"));
    assert_int_equal(ended(&c), 1);
    screen_stop(&s);
}

/* An HMI knows places of the X screen: its masks hide the same there, wherever the monitor is. */
static void settle_on_masks(struct capture *c, uint16_t x, uint16_t y) {
    int64_t until = oriel_monotonic() + WAIT * ORIEL_MILLISECOND;
    do
        settle(c);
    while ((c->mask_count != 2 || c->masks[1].x != x || c->masks[1].y != y) && oriel_monotonic() < until);
}

static void test_masks_of_a_monitor(void **state) {
    const struct oriel_rect masks[] = {{0, 0, 40, 20}, {320, 120, 60, 30}};
    struct screen s;
    struct capture c;
    assert_true(screen_start(&s, "800x600x24", "-extension", "DOUBLE-BUFFER"));
    screen_open(&s);
    set_monitor(&s, "B", true, 300, 100, 400, 320);
    begin_monitor(&c, &s, "B", 300, 100);
    send_masks_of(&c, masks, 2, 1);
    settle_on_masks(&c, 20, 20);
    assert_int_equal(c.mask_count, 2);
    assert_memory_equal(&c.masks[0], (&(struct oriel_rect){0, 0, 40, 20}), 8);
    assert_memory_equal(&c.masks[1], (&(struct oriel_rect){20, 20, 60, 30}), 8);
    settle_on(&c, &s, 400, 320);
    set_monitor(&s, "B", true, 290, 110, 400, 320); /* the masks of the screen stay where they are on it */
    at(&c, 290, 110);
    settle_on_masks(&c, 30, 10);
    assert_memory_equal(&c.masks[1], (&(struct oriel_rect){30, 10, 60, 30}), 8);
    settle_on(&c, &s, 400, 320);
    end(&c);
    screen_stop(&s);
}

/* The pointer belongs to the monitor that it is on. */
static void test_cursor_of_a_monitor(void **state) {
    struct screen s;
    struct capture c;
    assert_true(screen_start(&s, "800x600x24", "-extension", "DOUBLE-BUFFER"));
    screen_open(&s);
    set_cursor(&s, make_cursor(&s, 16, 12, 4, 2, false));
    set_monitor(&s, "B", true, 300, 100, 400, 320);
    warp(&s, 350, 150);
    begin_monitor(&c, &s, "B", 300, 100);
    assert_true(c.cursor_shown);
    assert_int_equal(c.cursor_x, 46);
    assert_int_equal(c.cursor_y, 48);
    xcb_test_fake_input(s.connection, XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, s.root, 295, 150, 0);
    screen_sync(&s);
    assert_true(next_frame(&c, WAIT));
    assert_true(c.cursor_shown); /* half of it is in */
    assert_int_equal(c.cursor_x, -9);
    release(&c, c.generation, c.index);
    settle(&c);
    xcb_test_fake_input(s.connection, XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, s.root, 100, 150, 0);
    screen_sync(&s);
    assert_true(next_frame(&c, WAIT));
    assert_false(c.cursor_shown);
    release(&c, c.generation, c.index);
    settle(&c);
    for (int16_t i = 0; i < 10; i++) {
        xcb_test_fake_input(s.connection, XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, s.root, 100 + i, 50, 0);
        screen_sync(&s);
    }
    assert_false(next_frame(&c, QUIET));
    end(&c);
    screen_stop(&s);
}

static void set_crtc(struct screen *s, xcb_randr_crtc_t crtc, xcb_randr_mode_t mode, uint16_t rotation,
                     xcb_randr_output_t output) {
    xcb_randr_set_crtc_config_reply_t *reply = xcb_randr_set_crtc_config_reply(
        s->connection,
        xcb_randr_set_crtc_config(s->connection, crtc, XCB_CURRENT_TIME, XCB_CURRENT_TIME, 0, 0, mode, rotation,
                                  mode ? 1 : 0, &output),
        NULL);
    assert_non_null(reply);
    assert_int_equal(reply->status, XCB_RANDR_SET_CONFIG_SUCCESS);
    free(reply);
}

/* As `xrandr --rotate` does it. Xvfb can't; Xephyr, a window on it, can. */
static void rotate(struct screen *s, uint16_t rotation) {
    static xcb_randr_mode_t mode; /* the one of the unrotated screen */
    xcb_connection_t *x = s->connection;
    xcb_randr_get_screen_resources_reply_t *r =
        xcb_randr_get_screen_resources_reply(x, xcb_randr_get_screen_resources(x, s->root), NULL);
    xcb_randr_crtc_t crtc = xcb_randr_get_screen_resources_crtcs(r)[0];
    xcb_randr_get_crtc_info_reply_t *info =
        xcb_randr_get_crtc_info_reply(x, xcb_randr_get_crtc_info(x, crtc, r->config_timestamp), NULL);
    bool upright = rotation & (XCB_RANDR_ROTATION_ROTATE_0 | XCB_RANDR_ROTATION_ROTATE_180);
    assert_true(info->rotations & rotation);
    mode = mode ? mode : info->mode;
    xcb_grab_server(x);
    set_crtc(s, crtc, XCB_NONE, XCB_RANDR_ROTATION_ROTATE_0, XCB_NONE);
    xcb_randr_set_screen_size(x, s->root, upright ? 640 : 400, upright ? 400 : 640, 169, 106);
    set_crtc(s, crtc, mode, rotation, xcb_randr_get_screen_resources_outputs(r)[0]);
    xcb_ungrab_server(x);
    free(info);
    free(r);
}

static void test_rotation(void **state) {
    struct screen s;
    setenv("DISPLAY", shared.display, 1);
    const char *const argv[] = {"Xephyr",    "-displayfd", "4",        "-screen", "640x400",
                                "-nolisten", "tcp",        "-noreset", NULL};
    bool there = screen_launch(&s, argv);
    unsetenv("DISPLAY");
    if (!there)
        skip(); /* Xephyr, which can be rotated, can't be started: is the package xserver-xephyr installed? */
    screen_open(&s);
    static const char *const monitors[] = {"", "primary"};
    for (unsigned i = 0; i < 2; i++) {
        struct capture c;
        begin_monitor(&c, &s, monitors[i], 0, 0);
        static const uint16_t turns[2][2] = {{XCB_RANDR_ROTATION_ROTATE_90, XCB_RANDR_ROTATION_ROTATE_180},
                                             {XCB_RANDR_ROTATION_ROTATE_270, XCB_RANDR_ROTATION_ROTATE_0}};
        for (unsigned turn = 0; turn < 2; turn++) {
            rotate(&s, turns[i][turn]);
            draw(&s, 20, 30, 111, 55, 0x4080c0 + turn);
            settle_on(&c, &s, turn ? 640 : 400, turn ? 400 : 640);
        }
        end(&c);
    }
    screen_stop(&s);
}

int main(void) {
    if (!begin_shared())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_monitor),        cmocka_unit_test(test_primary_monitor),
        cmocka_unit_test(test_masks_of_a_monitor), cmocka_unit_test(test_cursor_of_a_monitor),
        cmocka_unit_test(test_rotation),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    screen_stop(&shared);
    return failed;
}
