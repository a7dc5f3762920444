/* capture on a real X server: Xvfb, drawn upon by a second connection; the frames come through a real frame socket and
 * are compared bit by bit with what was drawn. */
#include "capture_rig.h"

#include "x11.h"

static void test_nothing_is_grabbed_before_run(void **state) {
    struct capture c;
    assert_int_equal(start(&c, "auto", shared.display, "", 30), ORIEL_CAPTURE_READY);
    assert_non_null(strstr(c.text, "x11"));
    assert_non_null(strstr(c.text, "auto"));
    assert_non_null(strstr(c.text, "shared pixmaps"));
    assert_int_equal(c.width, 1280);
    assert_int_equal(c.height, 720);
    assert_int_equal(next(&c, WAIT), ORIEL_FRAMES_BUFFERS);
    for (int i = 0; i < 5; i++)
        draw(&shared, i * 50, 10, 40, 40, 0x123456);
    assert_int_equal(next(&c, QUIET), 0);
    /* Not one page of the memory was ever written to. */
    struct stat memory;
    assert_int_equal(fstat(c.memory, &memory), 0);
    assert_int_equal(memory.st_blocks, 0);
    run(&c, 0);
    assert_int_equal(next(&c, QUIET), 0);
    fstat(c.memory, &memory);
    assert_int_equal(memory.st_blocks, 0);
    run(&c, 30);
    assert_true(next_frame(&c, WAIT));
    expect_all_damaged(&c);
    expect_screen(&c, &shared, c.index);
    end(&c);
}

static void test_damage_is_exact(void **state) {
    struct capture c;
    begin(&c, shared.display, 60);
    settle(&c);
    draw(&shared, 301, 203, 50, 31, 0xff8040);
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.rect_count, 1);
    assert_memory_equal(&c.rects[0], (&(struct oriel_rect){300, 202, 52, 32}), 8);
    const uint8_t *pixel = c.pixels + c.index * c.size + 203 * c.stride + 301 * 4;
    assert_memory_equal(pixel, "\x40\x80\xff", 3);
    expect_screen(&c, &shared, c.index);
    release(&c, c.generation, c.index);
    /* A window over it is part of the screen. */
    xcb_window_t window = xcb_generate_id(shared.connection);
    uint32_t values[] = {0x00ff7f, 1};
    xcb_create_window(shared.connection, XCB_COPY_FROM_PARENT, window, shared.root, 320, 210, 64, 64, 0,
                      XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT,
                      values);
    xcb_map_window(shared.connection, window);
    screen_sync(&shared);
    assert_true(next_frame(&c, WAIT));
    expect_screen(&c, &shared, c.index);
    assert_memory_equal(c.pixels + c.index * c.size + 240 * c.stride + 350 * 4, "\x7f\xff\x00", 3);
    release(&c, c.generation, c.index);
    xcb_destroy_window(shared.connection, window);
    screen_sync(&shared);
    end(&c);
}

/* Takes the next frame as a reader that keeps buffers for random times. Keeps at least one buffer free. */
static bool hold_frame(struct capture *c, bool held[ORIEL_FRAME_BUFFERS_MAX]) {
    if (!next_frame(c, WAIT))
        return false;
    for (unsigned i = 0; i < c->rect_count; i++)
        assert_true(c->rects[i].x % 2 == 0 && c->rects[i].y % 2 == 0 &&
                    c->rects[i].x + c->rects[i].width <= (int)c->width &&
                    c->rects[i].y + c->rects[i].height <= (int)c->height);
    assert_false(held[c->index]);
    held[c->index] = true;
    unsigned free_ones = 0;
    for (unsigned i = 0; i < c->count; i++)
        free_ones += !held[i];
    for (unsigned n = 0; n < c->count; n++) {
        unsigned i = (c->index + 1 + n + (unsigned)rand() % 2) % c->count;
        if (held[i] && i != c->index && (!free_ones || rand() % 3 == 0)) {
            held[i] = false;
            free_ones++;
            release(c, c->generation, i);
        }
    }
    return true;
}

/* Many changes while media holds buffers in any order: soon the newest frame is the whole screen, whatever its buffer
 * missed, and without more drawing. */
static void many_changes(struct screen *s, const char *way) {
    struct capture c;
    begin(&c, s->display, 60);
    assert_non_null(strstr(c.text, way));
    srand(1);
    bool held[ORIEL_FRAME_BUFFERS_MAX] = {false};
    uint32_t used = 0;
    for (int i = 0; i < 40; i++) {
        for (int n = rand() % 40; n >= 0; n--)
            draw(s, rand() % (int)s->width - 20, rand() % (int)s->height - 20, rand() % 90 + 1, rand() % 40 + 1,
                 (uint32_t)rand() & 0xffffff);
        if (i % 10 == 9) /* whole rows */
            draw(s, 0, rand() % 300, (int)s->width, 50, (uint32_t)rand() & 0xffffff);
        char where[64];
        while (!shows_screen(&c, s, c.index, where)) {
            if (!hold_frame(&c, held))
                fail_msg("no frame comes, but %s", where);
            used |= 1u << c.index;
        }
    }
    assert_int_equal(used, 7); /* the test has not gone past what it is about */
    end(&c);
}

static void test_many_changes(void **state) {
    many_changes(&shared, "shared pixmaps");
}

static void test_without_shared_memory(void **state) {
    struct screen s;
    assert_true(screen_start(&s, "801x603x24", "-extension", "MIT-SHM"));
    screen_open(&s);
    many_changes(&s, "images over the socket");
    screen_stop(&s);
}

/* Each way straight at the backend: whole rows, single rectangles, and more than are worth a reply each. */
static void test_every_way_gives_the_same_pixels(void **state) {
    char error[ORIEL_BACKEND_ERROR_SIZE];
    const struct oriel_backend_wish wish = {shared.display, "", "", ""};
    for (enum oriel_x11_way way = ORIEL_X11_PIXMAP; way < ORIEL_X11_WAYS; way++) {
        struct oriel_backend *b = oriel_x11_open(&wish, way, error);
        assert_non_null(b);
        assert_non_null(strstr(b->about, oriel_x11_way_name(way)));
        struct oriel_ring *ring;
        struct oriel_region region = {0};
        assert_int_equal(oriel_ring_new(ORIEL_FORMAT_BGRX, b->width, b->height, 1, &ring), 0);
        struct capture c = {.pixels = ring->pixels,
                            .width = ring->width,
                            .height = ring->height,
                            .stride = ring->stride,
                            .size = ring->size};
        assert_int_equal(b->ops->attach(b, ring), 0);
        assert_int_equal(b->ops->start(b), 0);
        assert_int_equal(b->ops->collect(b, &region), 0);
        assert_int_equal(b->ops->grab(b, 1, &ring->buffers[1].stale), 0);
        expect_screen(&c, &shared, 1);
        for (unsigned i = 0; i < 30; i++)
            draw(&shared, (int)i * 37, (int)i * 23, 100, 9, 0x010203 * i + (way + 1) * 0x100000);
        region.count = 0;
        assert_int_equal(b->ops->collect(b, &region), 0);
        assert_true(region.count > 8);
        assert_int_equal(b->ops->grab(b, 1, &region), 0);
        expect_screen(&c, &shared, 1);
        /* Not a pixel beside them is written: that is where masks are. */
        memset(ring->pixels + 2 * ring->size, 0x5a, ring->size);
        assert_int_equal(b->ops->grab(b, 2, &region), 0);
        c.pixels = ring->pixels;
        for (int y = 0; y < 720; y++)
            for (int x = 0; x < 1280; x++) {
                bool in = false;
                for (unsigned i = 0; i < region.count && !in; i++)
                    in = x >= region.rects[i].x && y >= region.rects[i].y &&
                         x < region.rects[i].x + region.rects[i].width &&
                         y < region.rects[i].y + region.rects[i].height;
                assert_memory_equal(oriel_ring_at(ring, 2, (unsigned)x, (unsigned)y),
                                    in ? (const char *)oriel_ring_at(ring, 1, (unsigned)x, (unsigned)y) : "ZZZZ", 4);
            }
        draw(&shared, 0, 100, 1280, 60, 0x556677 + way);
        draw(&shared, 31, 301, 333, 77, 0x665577 + way);
        draw(&shared, 901, 501, 111, 99, 0x775566 + way);
        region.count = 0;
        assert_int_equal(b->ops->collect(b, &region), 0);
        assert_int_equal(region.count, 3);
        assert_int_equal(b->ops->grab(b, 1, &region), 0);
        expect_screen(&c, &shared, 1);
        b->ops->stop(b);
        b->ops->close(b);
        oriel_ring_free(ring);
    }
}

static void test_back_pressure(void **state) {
    struct capture c;
    begin(&c, shared.display, 60);
    settle(&c);
    /* Media does not read: one frame waits, and no second. */
    for (int i = 0; i < 12; i++) {
        draw(&shared, 10 * i, 0, 10, 10, 0xff0000 + (uint32_t)i);
        usleep(20000);
    }
    assert_true(next_frame(&c, WAIT));
    uint32_t first = c.index;
    assert_true(c.rect_count == 1 && c.rects[0].width == 10);
    /* Read, not released: the rest comes at once, in another buffer, and shows the newest. */
    assert_true(next_frame(&c, WAIT));
    uint32_t second = c.index;
    assert_int_not_equal(second, first);
    assert_true(c.rect_count == 1 && c.rects[0].x == 10 && c.rects[0].width == 110);
    expect_screen(&c, &shared, second);
    draw(&shared, 500, 500, 10, 10, 0x00ff00);
    assert_true(next_frame(&c, WAIT));
    uint32_t third = c.index;
    assert_true(third != first && third != second);
    /* No buffer is left: nothing comes, and what media holds does not change. */
    draw(&shared, 0, 0, 10, 10, 0x0000ff);
    draw(&shared, 600, 500, 10, 10, 0x0000ff);
    assert_false(next_frame(&c, QUIET));
    assert_memory_equal(c.pixels + first * c.size, "\0\0\xff", 3);
    release(&c, c.generation, second);
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.index, second);
    assert_int_equal(c.rect_count, 2);
    expect_screen(&c, &shared, second);
    end(&c);
}

static void test_rate(void **state) {
    struct capture c;
    begin(&c, shared.display, 20);
    settle(&c);
    int64_t begun = oriel_monotonic();
    unsigned frames = 0;
    for (unsigned i = 0; oriel_monotonic() < begun + ORIEL_SECOND; i++) {
        draw(&shared, 700, 300, 20, 20, i);
        if (next(&c, 2) == ORIEL_FRAMES_FRAME) {
            frames++;
            release(&c, c.generation, c.index);
        }
    }
    /* At most 20 a second and the sixteenth by which the grid is narrower, the first one early; a busy machine makes
     * fewer. */
    unsigned most = 2 + (unsigned)((oriel_monotonic() - begun) * 20 * 17 / 16 / ORIEL_SECOND);
    assert_in_range(frames, 2, most);
    /* The first needed no waiting for a tick of 50 ms: not every time, at least. */
    int64_t least = INT64_MAX;
    for (unsigned i = 0; i < 20 && least >= 40 * ORIEL_MILLISECOND; i++) {
        settle(&c);
        int64_t drawn = oriel_monotonic();
        draw(&shared, 700, 300, 20, 20, 1000 + i);
        assert_true(next_frame(&c, WAIT));
        if (oriel_monotonic() - drawn < least)
            least = oriel_monotonic() - drawn;
        release(&c, c.generation, c.index);
    }
    assert_true(least < 40 * ORIEL_MILLISECOND);
    end(&c);
}

/* By the change, and by the replies to what it asks; not by the buffer that comes back. Replies may come one by one: so
 * not each time, and seldom on a busy machine. */
static void test_a_small_change_can_wake_it_but_twice(void **state) {
    struct capture c;
    begin(&c, shared.display, 60);
    settle(&c);
    unsigned few = 0;
    for (unsigned i = 0; i < 200 && few < 2; i++) {
        unsigned long before = wake_ups(&c);
        draw(&shared, 700, 300, 20, 20, i);
        assert_true(next_frame(&c, WAIT));
        assert_int_equal(c.rect_count, 1);
        expect_screen(&c, &shared, c.index);
        release(&c, c.generation, c.index);
        usleep(20000); /* the next is due at once */
        few += wake_ups(&c) - before <= 2;
    }
    assert_true(few >= 2);
    end(&c);
}

static void test_pause_and_resume(void **state) {
    struct capture c;
    begin(&c, shared.display, 60);
    settle(&c);
    run(&c, 0);
    usleep(20000);
    draw(&shared, 100, 600, 30, 30, 0xabcdef);
    assert_false(next_frame(&c, QUIET));
    run(&c, 30);
    assert_true(next_frame(&c, WAIT));
    expect_all_damaged(&c);
    expect_screen(&c, &shared, c.index);
    release(&c, c.generation, c.index);
    settle(&c);
    run(&c, 60); /* another rate is no new start */
    assert_false(next_frame(&c, QUIET));
    end(&c);
}

static void test_cursor(void **state) {
    struct capture c;
    warp(&shared, 200, 100);
    set_cursor(&shared, make_cursor(&shared, 14, 10, 3, 2, false));
    begin(&c, shared.display, 60);
    assert_true(c.cursor_shown);
    assert_int_equal(c.cursor_x, 197);
    assert_int_equal(c.cursor_y, 98);
    assert_int_equal(c.cursors, 1);
    assert_int_equal(c.cursor_width, 14);
    assert_int_equal(c.cursor_height, 10);
    for (unsigned i = 0; i < 14 * 10; i++)
        assert_memory_equal(c.cursor + i * 4, "\x00\x80\xff\xff", 4);
    expect_screen(&c, &shared, c.index); /* it is not in the pixels */

    /* The place travels with a frame; the shape only when it is another one. */
    warp(&shared, 1, 0);
    draw(&shared, 0, 0, 4, 4, 0x445566);
    settle_on(&c, &shared, 0, 0);
    assert_int_equal(c.cursor_x, -2);
    assert_int_equal(c.cursor_y, -2);
    assert_int_equal(c.cursors, 1);
    expect_screen(&c, &shared, c.index);

    /* A new shape alone: a frame without rectangles. */
    set_cursor(&shared, make_cursor(&shared, 20, 20, 0, 0, false));
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.rect_count, 0);
    assert_int_equal(c.cursors, 2);
    assert_int_equal(c.cursor_width, 20);
    assert_int_equal(c.cursor_x, 1);
    release(&c, c.generation, c.index);

    /* Soon after a frame a warp is seen without any drawing. */
    warp(&shared, 640, 360);
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.rect_count, 0);
    assert_int_equal(c.cursor_x, 640);
    release(&c, c.generation, c.index);
    settle(&c);

    set_cursor(&shared, make_cursor(&shared, 16, 16, 0, 0, true));
    assert_true(next_frame(&c, WAIT));
    assert_false(c.cursor_shown);
    assert_int_equal(c.cursors, 2);
    end(&c);
}

/* Motion from a device at rest: no drawing, no earlier frame. */
static void test_cursor_moves_alone(void **state) {
    struct capture c;
    set_cursor(&shared, make_cursor(&shared, 16, 16, 4, 4, false));
    begin(&c, shared.display, 60);
    settle(&c);
    for (int i = 0; i < 3; i++) {
        int16_t x = (int16_t)(100 + 50 * i);
        xcb_test_fake_input(shared.connection, XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, shared.root, x, 77, 0);
        screen_sync(&shared);
        assert_true(next_frame(&c, WAIT));
        assert_int_equal(c.rect_count, 0);
        assert_int_equal(c.cursor_x, x - 4);
        assert_int_equal(c.cursor_y, 73);
        assert_true(c.cursor_shown);
        release(&c, c.generation, c.index);
        settle(&c);
    }
    /* A fast pointer is paced, and ends where it is. */
    run(&c, 20);
    int64_t begun = oriel_monotonic();
    for (int16_t i = 0; i < 200; i++) {
        xcb_test_fake_input(shared.connection, XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, shared.root, 300 + i, 300, 0);
        screen_sync(&shared);
        usleep(1000);
    }
    unsigned limit = (unsigned)((oriel_monotonic() - begun) / (50 * ORIEL_MILLISECOND)) + 5, frames = 0;
    for (; next_frame(&c, QUIET); frames++)
        release(&c, c.generation, c.index);
    assert_true(frames > 0 && frames <= limit);
    assert_int_equal(c.cursor_x, 300 + 199 - 4);
    end(&c);
}

static void resize(struct screen *s, uint16_t width, uint16_t height) {
    xcb_randr_get_screen_resources_reply_t *r = xcb_randr_get_screen_resources_reply(
        s->connection, xcb_randr_get_screen_resources(s->connection, s->root), NULL);
    assert_non_null(r);
    /* Xvfb's only mode is its first size; without it any smaller size will do. */
    free(xcb_randr_set_crtc_config_reply(
        s->connection,
        xcb_randr_set_crtc_config(s->connection, xcb_randr_get_screen_resources_crtcs(r)[0], XCB_CURRENT_TIME,
                                  r->config_timestamp, 0, 0, XCB_NONE, XCB_RANDR_ROTATION_ROTATE_0, 0, NULL),
        NULL));
    free(r);
    assert_null(xcb_request_check(s->connection,
                                  xcb_randr_set_screen_size_checked(s->connection, s->root, width, height, 200, 150)));
    s->width = width;
    s->height = height;
}

static void resizes(const char *option, const char *value) {
    struct screen s;
    assert_true(screen_start(&s, "1280x720x24", option, value));
    screen_open(&s);
    struct capture c;
    begin(&c, s.display, 60);
    settle(&c);
    uint32_t old = c.index;
    resize(&s, 1001, 563); /* odd: chroma is for media to think of */
    draw(&s, 990, 550, 100, 100, 0x336699);
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.generation, 2);
    assert_int_equal(c.frame_generation, 2);
    assert_int_equal(c.width, 1001);
    assert_int_equal(c.height, 563);
    expect_all_damaged(&c);
    release(&c, 1, old); /* old ones are ignored */
    release(&c, 1, 77);
    release(&c, c.generation, c.index);
    settle_on(&c, &s, 1001, 563);
    draw(&s, 20, 20, 10, 10, 0x996633);
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.rect_count, 1);
    expect_screen(&c, &s, c.index);
    release(&c, c.generation, c.index);
    /* Back and forth while everything is drawn upon and media is slow. */
    for (uint16_t i = 0; i < 40; i++) {
        resize(&s, (uint16_t)(400 + i * 11), (uint16_t)(700 - i * 9));
        draw(&s, 0, 0, 1280, 720, i * 0x010203u);
        if (i % 7 == 0 && next_frame(&c, 20))
            release(&c, c.frame_generation, c.index);
    }
    settle_on(&c, &s, s.width, s.height);
    /* While paused too: the new size is told, the picture is not taken. */
    run(&c, 0);
    usleep(20000);
    resize(&s, 320, 240);
    assert_int_equal(next(&c, WAIT), ORIEL_FRAMES_BUFFERS);
    assert_int_equal(c.width, 320);
    assert_false(next_frame(&c, QUIET));
    struct stat memory;
    assert_int_equal(fstat(c.memory, &memory), 0);
    assert_int_equal(memory.st_blocks, 0);
    run(&c, 60);
    assert_true(next_frame(&c, WAIT));
    expect_screen(&c, &s, c.index);
    /* A screen that can't be shown ends it with a reason. */
    resize(&s, 320, 8);
    assert_true(wait_readable(c.control, WAIT));
    assert_int_equal(oriel_ipc_receive(c.control, &oriel_capture_to_core, &message), 1);
    assert_int_equal(message.type->id, ORIEL_CAPTURE_FAILED);
    assert_non_null(strstr(message.fields[0].bytes, "320x8"));
    assert_int_equal(ended(&c), 1);
    screen_stop(&s);
}

static void test_resize(void **state) {
    resizes("-extension", "DOUBLE-BUFFER"); /* that is, shared pixmaps */
}

static void test_resize_without_shared_memory(void **state) {
    resizes("-extension", "MIT-SHM");
}

static void test_pattern_through_the_socket(void **state) {
    struct capture c;
    assert_int_equal(start(&c, "test", "640x360@0", "", 30), ORIEL_CAPTURE_READY);
    assert_non_null(strstr(c.text, "640x360"));
    assert_int_equal(next(&c, WAIT), ORIEL_FRAMES_BUFFERS);
    run(&c, 1000);
    assert_true(next_frame(&c, WAIT));
    expect_all_damaged(&c);
    assert_false(c.cursor_shown);
    release(&c, c.generation, c.index);
    assert_false(next_frame(&c, QUIET)); /* still */
    end(&c);
    assert_int_equal(start(&c, "test", "", "", 60), ORIEL_CAPTURE_READY);
    assert_int_equal(next(&c, WAIT), ORIEL_FRAMES_BUFFERS);
    run(&c, 60);
    for (int i = 0; i < 10; i++) {
        assert_true(next_frame(&c, WAIT));
        assert_true(i == 0 || (c.rect_count > 0 && c.rects[0].y == 720 - 64));
        release(&c, c.generation, c.index);
    }
    end(&c);
}

int main(void) {
    if (!begin_shared())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_grabbed_before_run),
        cmocka_unit_test(test_damage_is_exact),
        cmocka_unit_test(test_many_changes),
        cmocka_unit_test(test_without_shared_memory),
        cmocka_unit_test(test_every_way_gives_the_same_pixels),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_a_small_change_can_wake_it_but_twice),
        cmocka_unit_test(test_pause_and_resume),
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_cursor_moves_alone),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_resize_without_shared_memory),
        cmocka_unit_test(test_pattern_through_the_socket),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    screen_stop(&shared);
    return failed;
}
