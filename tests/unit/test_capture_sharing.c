/* capture: what the shared memory never shows (masks), what media may rely on (a buffer is whole and its own), and what
 * it costs at rest (nothing). */
#include "capture_rig.h"

/* What is under a mask is not in the shared memory, not in the damage, and no reason for a frame. */
static void masks(struct screen *s, const char *way) {
    struct capture c;
    draw(s, 0, 0, 640, 480, 0x808080);
    draw(s, 100, 100, 50, 50, 0xff00ff);
    struct oriel_rect two[] = {{101, 99, 49, 50}, {600, 400, 200, 200}}; /* odd; over the edge */
    begin_with(&c, &(struct wish){.backend = "x11", .display = s->display, .rate = 60, .masks = two, .mask_count = 2},
               60);
    assert_non_null(strstr(c.text, way));
    assert_int_equal(c.masks_messages, 1);
    assert_int_equal(c.mask_count, 2);
    assert_memory_equal(&c.masks[0], (&(struct oriel_rect){100, 98, 50, 52}), 8);
    settle_on(&c, s, 0, 0);
    for (unsigned i = 0; i < c.count * c.size; i += 4)
        assert_int_not_equal(memcmp(c.pixels + i, "\xff\0\xff", 3), 0);

    draw(s, 110, 110, 20, 20, 0xff00ff); /* all under it */
    assert_false(next_frame(&c, QUIET));
    draw(s, 90, 110, 20, 20, 0x00ffff); /* in part */
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.rect_count, 1);
    assert_memory_equal(&c.rects[0], (&(struct oriel_rect){90, 110, 10, 20}), 8);
    expect_screen(&c, s, c.index);
    release(&c, c.generation, c.index);
    settle(&c);
    for (int i = 0; i < 30; i++) /* all over the place, so that damage is joined over masks, and in every buffer */
        draw(s, i * 21, i * 15, 60, 20, 0xff00ff);
    uint32_t held[ORIEL_FRAME_BUFFERS_MAX], count = 0;
    while (count < c.count && next_frame(&c, QUIET))
        held[count++] = c.index;
    for (unsigned i = 0; i < count; i++)
        release(&c, c.generation, held[i]);
    settle_on(&c, s, 0, 0);
    for (unsigned i = 0; i < c.count; i++)
        for (unsigned y = 98; y < 150; y++)
            for (unsigned x = 100; x < 150; x++)
                assert_int_not_equal(memcmp(c.pixels + i * c.size + y * c.stride + x * 4, "\xff\0\xff", 3), 0);
    end(&c);
}

static void test_masks(void **state) {
    struct screen s;
    assert_true(screen_start(&s, "640x480x24", "-extension", "DOUBLE-BUFFER"));
    screen_open(&s);
    masks(&s, "shared pixmaps");
    screen_stop(&s);
    assert_true(screen_start(&s, "640x480x24", "-extension", "MIT-SHM"));
    screen_open(&s);
    masks(&s, "images over the socket");
    screen_stop(&s);
}

static void test_masks_come_and_go(void **state) {
    struct capture c;
    draw(&shared, 0, 0, 1280, 720, 0x123456);
    begin(&c, shared.display, 60);
    settle(&c);
    send_masks(&c, &(struct oriel_rect){200, 200, 100, 50}, 1);
    assert_int_equal(next(&c, WAIT), ORIEL_FRAMES_MASKS);
    assert_int_equal(next(&c, WAIT), ORIEL_FRAMES_FRAME);
    assert_int_equal(c.rect_count, 1);
    assert_memory_equal(&c.rects[0], (&(struct oriel_rect){200, 200, 100, 50}), 8);
    expect_screen(&c, &shared, c.index);
    release(&c, c.generation, c.index);
    settle(&c);
    draw(&shared, 210, 210, 10, 10, 0xff0000);
    assert_false(next_frame(&c, QUIET));
    /* While it is paused too; and what changed under it is there when it goes. */
    run(&c, 0);
    usleep(20000);
    send_masks(&c, &(struct oriel_rect){0, 0, 4096, 20}, 1);
    run(&c, 60);
    assert_true(next_frame(&c, WAIT));
    expect_screen(&c, &shared, c.index);
    release(&c, c.generation, c.index);
    settle(&c);
    send_masks(&c, NULL, 0);
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.mask_count, 0);
    assert_memory_equal(&c.rects[0], (&(struct oriel_rect){0, 0, 1280, 20}), 8);
    expect_screen(&c, &shared, c.index);
    end(&c);
    static const struct oriel_rect wrong[] = {{0, 0, 0, 5}, {4090, 0, 7, 5}, {0, 4096, 1, 1}};
    for (unsigned i = 0; i < 3; i++) {
        begin(&c, shared.display, 60);
        send_masks(&c, &wrong[i], 1);
        assert_int_equal(ended(&c), 1);
        close(c.control);
        close(c.frames);
        close(c.memory);
        munmap((void *)c.pixels, c.size * c.count);
    }
}

/* The screen is drawn in one colour after the other. A reader that keeps buffers as long as it likes finds each of one
 * colour, when it gets it and when it gives it back. */
static bool one_colour(const struct capture *c, unsigned index, uint32_t *ret_colour) {
    const uint8_t *pixels = c->pixels + index * c->size;
    memcpy(ret_colour, pixels, 4);
    *ret_colour &= 0xffffff;
    for (unsigned y = 0; y < c->height; y++)
        for (unsigned x = 0; x < c->width; x += 3) {
            uint32_t pixel;
            memcpy(&pixel, pixels + y * c->stride + x * 4, 4);
            if ((pixel & 0xffffff) != *ret_colour)
                return false;
        }
    return true;
}

static void test_no_torn_frame(void **state) {
    struct capture c;
    draw(&shared, 0, 0, 1280, 720, 0);
    begin(&c, shared.display, 60);
    fflush(NULL);
    pid_t painter = fork();
    if (painter == 0) {
        struct screen s = shared;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        screen_open(&s);
        for (uint32_t i = 0;; i += 0x010305)
            draw(&s, 0, 0, 1280, 720, i & 0xffffff);
    }
    int held = -1;
    uint32_t colour = 0, again = 0, distinct = 0, last = 1;
    for (int i = 0; i < 40; i++) {
        assert_true(next_frame(&c, WAIT));
        unsigned index = c.index;
        assert_true(one_colour(&c, index, &again));
        distinct += again != last;
        last = again;
        if (held >= 0) {
            usleep((unsigned)(i % 7) * 3000);
            assert_true(one_colour(&c, (unsigned)held, &again));
            assert_int_equal(again, colour); /* it is ours: nobody has touched it */
            release(&c, c.generation, (uint32_t)held);
        }
        held = (int)index;
        one_colour(&c, index, &colour);
    }
    assert_true(distinct > 20);
    kill(painter, SIGKILL);
    waitpid(painter, NULL, 0);
    end(&c);
}

static void test_no_wake_up_at_rest(void **state) {
    struct capture c;
    begin(&c, shared.display, 60);
    settle(&c);
    unsigned long before = wake_ups(&c);
    usleep(400000);
    assert_int_equal(wake_ups(&c), before);
    draw(&shared, 0, 0, 10, 10, 0x777777);
    assert_true(next_frame(&c, WAIT));
    assert_true(wake_ups(&c) > before);
    end(&c);
}

int main(void) {
    if (!begin_shared())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_masks_come_and_go),
        cmocka_unit_test(test_no_torn_frame),
        cmocka_unit_test(test_no_wake_up_at_rest),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    screen_stop(&shared);
    return failed;
}
