/* capture/fbdev on framebuffers that lie in files: ones that the test draws into itself, and Xvfb's, drawn upon by X.
 * The same code reads a device; what only a device has (ioctls) is tested as far as its answers go. */
#include "capture_rig.h"

#include "fbdev.h"

enum { STILL = 70 }; /* ms in which a frame would have come: some looks, and no cursor to wait for */

/* --- a framebuffer in a file: an X Window Dump --- */

struct file_fb {
    char path[64];
    int fd;
    uint8_t *memory;
    size_t length, start, line;
    unsigned width, height, pixel;
};

struct shape {
    uint32_t width, height, bits, line, red, green, blue, colours, visual, byte_order;
};

static const struct shape bgrx = {320, 200, 32, 1344, 0xff0000, 0xff00, 0xff, 0, 4, 0};
static const struct shape rgbx = {320, 200, 32, 1344, 0xff, 0xff00, 0xff0000, 0, 4, 0};
static const struct shape rgb565 = {322, 201, 16, 648, 0xf800, 0x7e0, 0x1f, 0, 4, 0};
static const struct shape bgr565 = {322, 201, 16, 648, 0x1f, 0x7e0, 0xf800, 0, 4, 0};

static void put_head(const struct shape *s, uint8_t head[100]) {
    const uint32_t fields[25] = {100,      7,         2,      s->bits == 16 ? 16 : 24,
                                 s->width, s->height, 0,      s->byte_order,
                                 32,       0,         32,     s->bits,
                                 s->line,  s->visual, s->red, s->green,
                                 s->blue,  8,         0,      s->colours,
                                 s->width, s->height};
    for (unsigned i = 0; i < 25; i++)
        for (unsigned j = 0; j < 4; j++)
            head[i * 4 + j] = (uint8_t)(fields[i] >> (24 - 8 * j));
}

static void set_shape(struct file_fb *fb, const struct shape *s) {
    uint8_t head[100];
    put_head(s, head);
    fb->start = 100 + s->colours * 12;
    fb->line = s->line;
    fb->width = s->width;
    fb->height = s->height;
    fb->pixel = s->bits / 8;
    memcpy(fb->memory, head, sizeof head);
}

/* Room for two pictures, so that it can be panned. */
static void make(struct file_fb *fb, const struct shape *s) {
    *fb = (struct file_fb){.path = "/tmp/test-fbdev-XXXXXX"};
    fb->fd = mkstemp(fb->path);
    fb->length = 4096 + 2 * (size_t)s->line * s->height;
    assert_int_equal(ftruncate(fb->fd, (off_t)fb->length), 0);
    fb->memory = mmap(NULL, fb->length, PROT_READ | PROT_WRITE, MAP_SHARED, fb->fd, 0);
    assert_ptr_not_equal(fb->memory, MAP_FAILED);
    set_shape(fb, s);
}

static void drop(struct file_fb *fb) {
    munmap(fb->memory, fb->length);
    close(fb->fd);
    unlink(fb->path);
}

static uint8_t *fb_at(struct file_fb *fb, unsigned x, unsigned y) {
    return fb->memory + fb->start + y * fb->line + x * fb->pixel;
}

static void fill(struct file_fb *fb, unsigned x, unsigned y, unsigned width, unsigned height, uint32_t value) {
    for (unsigned j = y; j < y + height; j++)
        for (unsigned i = x; i < x + width; i++)
            memcpy(fb_at(fb, i, j), &value, fb->pixel);
}

static void noise(struct file_fb *fb, unsigned seed) {
    srand(seed);
    for (unsigned y = 0; y < fb->height; y++)
        for (unsigned x = 0; x < fb->width; x++)
            fill(fb, x, y, 1, 1, (uint32_t)rand() << 4 ^ (uint32_t)rand());
}

/* What capture must make of a pixel: red and blue change places where the framebuffer has blue first. */
static uint32_t expected(const struct file_fb *fb, const struct shape *s, const uint8_t *pixel) {
    uint32_t v = 0;
    memcpy(&v, pixel, fb->pixel);
    if (s->red == 0xff)
        return (v & 0xff00) | (v & 0xff) << 16 | (v >> 16 & 0xff);
    if (s->red == 0x1f)
        return (v & 0x7e0) | (v & 0x1f) << 11 | v >> 11;
    return fb->pixel == 4 ? v & 0xffffff : v;
}

static void expect_picture(const struct capture *c, struct file_fb *fb, const struct shape *s) {
    assert_int_equal(c->width, fb->width);
    assert_int_equal(c->height, fb->height);
    for (unsigned y = 0; y < fb->height; y++)
        for (unsigned x = 0; x < fb->width; x++) {
            uint32_t got = 0, want = expected(fb, s, fb_at(fb, x, y));
            memcpy(&got, c->pixels + c->index * c->size + y * c->stride + x * fb->pixel, fb->pixel);
            if (is_masked(c, x, y))
                want = fb->pixel == 4 ? ORIEL_MASK_BGRX : ORIEL_MASK_RGB565;
            got = fb->pixel == 4 ? got & 0xffffff : got;
            if (got != want)
                fail_msg("pixel %u,%u is %x, not %x", x, y, got, want);
        }
}

static void rest(struct capture *c) {
    while (next_frame(c, STILL))
        release(c, c->frame_generation, c->index);
}

static void begin_fb(struct capture *c, const char *path, uint32_t rate) {
    begin_with(c, &(struct wish){.backend = "fbdev", .device = path, .rate = 60}, rate);
    rest(c);
}

static void expect_damage(const struct capture *c, struct oriel_rect r) {
    assert_int_equal(c->rect_count, 1);
    assert_memory_equal(&c->rects[0], &r, sizeof r);
}

/* --- what comes out --- */

static void test_every_layout(void **state) {
    static const struct shape *const shapes[] = {&bgrx, &rgbx, &rgb565, &bgr565};
    static const char *const names[] = {"320x200 BGRX, rows of 1344", "RGBX", "322x201 RGB565, rows of 648", "BGR565"};
    for (unsigned i = 0; i < 4; i++) {
        struct file_fb fb;
        struct capture c;
        make(&fb, shapes[i]);
        noise(&fb, i);
        begin_fb(&c, fb.path, 60);
        assert_non_null(strstr(c.text, names[i]));
        assert_int_equal(c.format, i < 2 ? ORIEL_FORMAT_BGRX : ORIEL_FORMAT_RGB565);
        assert_false(c.cursor_shown);
        expect_picture(&c, &fb, shapes[i]);
        noise(&fb, i + 10);
        assert_true(next_frame(&c, WAIT));
        release(&c, c.generation, c.index);
        rest(&c); /* it may have been caught while it was drawn */
        expect_picture(&c, &fb, shapes[i]);
        end(&c);
        drop(&fb);
    }
}

static void test_damage_is_small(void **state) {
    struct file_fb fb;
    struct capture c;
    make(&fb, &bgrx);
    begin_fb(&c, fb.path, 60);
    fill(&fb, 100, 50, 1, 1, 0xffffff);
    assert_true(next_frame(&c, WAIT));
    expect_damage(&c, (struct oriel_rect){100, 50, 2, 2});
    expect_picture(&c, &fb, &bgrx);
    release(&c, c.generation, c.index);
    fill(&fb, 319, 199, 1, 1, 0x010000); /* the last pixel, in one byte */
    assert_true(next_frame(&c, WAIT));
    expect_damage(&c, (struct oriel_rect){318, 198, 2, 2});
    release(&c, c.generation, c.index);
    rest(&c);
    /* The same values again are no change. */
    fill(&fb, 100, 50, 1, 1, 0xffffff);
    assert_false(next_frame(&c, STILL));
    /* A block, at rest or not, is one rectangle or, if it was caught half drawn, its parts. */
    fill(&fb, 31, 21, 40, 9, 0x00ff00);
    uint64_t area = 0;
    while (next_frame(&c, STILL)) {
        for (unsigned i = 0; i < c.rect_count; i++) {
            assert_true(c.rects[i].x >= 30 && c.rects[i].y >= 20 && c.rects[i].x + c.rects[i].width <= 72 &&
                        c.rects[i].y + c.rects[i].height <= 30);
            area += (uint64_t)c.rects[i].width * c.rects[i].height;
        }
        release(&c, c.generation, c.index);
    }
    assert_true(area >= 42 * 10 && area <= 42 * 10 * 2);
    expect_picture(&c, &fb, &bgrx);
    end(&c);
    drop(&fb);
}

/* The comparing itself, without a clock: spans are exact, and those far apart stay apart. */
static void test_spans(void **state) {
    struct file_fb fb;
    make(&fb, &rgb565);
    struct oriel_fb_geometry g = {.width = 322, .height = 201, .line = 648, .layout = ORIEL_FB_RGB565};
    struct oriel_fb_shadow shadow;
    struct oriel_region region = {0};
    assert_true(oriel_fb_shadow_new(&shadow, &g));
    assert_false(oriel_fb_shadow_update(&shadow, fb_at(&fb, 0, 0), fb.line, 0, 1, &region));
    fill(&fb, 10, 8, 7, 1, 1);
    fill(&fb, 300, 8, 22, 1, 1);
    fill(&fb, 0, 104, 1, 1, 0x8000);
    assert_false(oriel_fb_shadow_update(&shadow, fb_at(&fb, 0, 0), fb.line, 1, 8, &region)); /* not on this comb */
    assert_true(oriel_fb_shadow_update(&shadow, fb_at(&fb, 0, 0), fb.line, 0, 8, &region));
    assert_int_equal(region.count, 2); /* the two in one row are near enough to be one */
    assert_memory_equal(&region.rects[1], (&(struct oriel_rect){0, 104, 2, 2}), 8);
    assert_int_equal(region.rects[0].x, 10);
    assert_int_equal(region.rects[0].x + region.rects[0].width, 322);
    region.count = 0;
    assert_false(oriel_fb_shadow_update(&shadow, fb_at(&fb, 0, 0), fb.line, 0, 1, &region));
    assert_int_equal(region.count, 0);
    /* Any change at any place is found, and what is found covers it. */
    for (unsigned seed = 1; seed < 300; seed++) {
        srand(seed);
        unsigned x = (unsigned)rand() % 322, y = (unsigned)rand() % 201, w = 1 + (unsigned)rand() % (322 - x);
        fill(&fb, x, y, w, 1, (uint32_t)(seed * 257) & 0xffff);
        region.count = 0;
        assert_true(oriel_fb_shadow_update(&shadow, fb_at(&fb, 0, 0), fb.line, 0, 1, &region));
        struct oriel_rect all = oriel_region_bounds(&region);
        assert_true(all.y == (y & ~1u) && all.height <= 2 && all.x >= (x & ~1u) && all.x + all.width <= x + w + 1);
        for (unsigned i = 0; i < 201; i++)
            assert_memory_equal(shadow.pixels + i * 644, fb_at(&fb, 0, i), 644);
    }
    oriel_fb_shadow_free(&shadow);
    drop(&fb);
}

static void test_masks(void **state) {
    struct file_fb fb;
    struct capture c;
    make(&fb, &rgb565);
    noise(&fb, 3);
    begin_with(&c,
               &(struct wish){.backend = "fbdev",
                              .device = fb.path,
                              .rate = 60,
                              .mask_count = 1,
                              .masks = (struct oriel_rect[]){{40, 40, 60, 30}}},
               60);
    rest(&c);
    expect_picture(&c, &fb, &rgb565);
    fill(&fb, 50, 50, 20, 10, 0x1234);
    assert_false(next_frame(&c, STILL));
    send_masks(&c, NULL, 0);
    assert_true(next_frame(&c, WAIT));
    expect_damage(&c, (struct oriel_rect){40, 40, 60, 30});
    expect_picture(&c, &fb, &rgb565);
    end(&c);
    drop(&fb);
}

/* Double buffering: the picture is drawn beside, then shown. The difference is what counts. */
static void test_panning(void **state) {
    struct shape shape = {96, 64, 32, 384, 0xff0000, 0xff00, 0xff, 0, 4, 0}; /* a row is 32 colours of the head */
    struct file_fb fb;
    struct capture c;
    make(&fb, &shape);
    noise(&fb, 7);
    memcpy(fb_at(&fb, 0, 64), fb_at(&fb, 0, 0), 64 * 384);
    begin_fb(&c, fb.path, 60);
    for (int i = 0; i < 4; i++) {
        unsigned other = i % 2 ? 0 : 64 * 32;
        struct shape next_shape = shape;
        struct file_fb back = fb;
        back.start = 100 + other * 12;
        fill(&back, 10, (unsigned)i * 10, 8, 4, 0x112233u * (unsigned)i);
        assert_false(next_frame(&c, 40)); /* not to be seen yet */
        next_shape.colours = other;
        set_shape(&fb, &next_shape);
        assert_true(next_frame(&c, WAIT));
        for (unsigned j = 0; j < c.rect_count; j++)
            assert_true(c.rects[j].x == 10 && c.rects[j].width == 8);
        expect_picture(&c, &fb, &shape);
        release(&c, c.generation, c.index);
        rest(&c);
    }
    assert_int_equal(c.generation, 1);
    end(&c);
    drop(&fb);
}

static void test_new_mode(void **state) {
    static const struct shape modes[] = {{200, 100, 32, 800, 0xff0000, 0xff00, 0xff, 0, 4, 0},
                                         {200, 100, 16, 400, 0xf800, 0x7e0, 0x1f, 0, 4, 0},
                                         {320, 200, 16, 640, 0x1f, 0x7e0, 0xf800, 0, 4, 0}};
    struct file_fb fb;
    struct capture c;
    make(&fb, &bgrx);
    begin_fb(&c, fb.path, 60);
    for (unsigned i = 0; i < 3; i++) {
        set_shape(&fb, &modes[i]);
        noise(&fb, i);
        assert_true(next_frame(&c, WAIT));
        assert_int_equal(c.generation, i + 2);
        assert_int_equal(c.format, i ? ORIEL_FORMAT_RGB565 : ORIEL_FORMAT_BGRX);
        expect_all_damaged(&c);
        release(&c, c.generation, c.index);
        rest(&c);
        expect_picture(&c, &fb, &modes[i]);
    }
    /* While it is paused. */
    run(&c, 0);
    usleep(20000);
    set_shape(&fb, &bgrx);
    assert_false(next_frame(&c, STILL));
    run(&c, 60);
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.width, 320);
    rest(&c);
    expect_picture(&c, &fb, &bgrx);
    /* One that can't be shown ends it with a reason. */
    set_shape(&fb, &(struct shape){200, 100, 8, 200, 0, 0, 0, 256, 3, 0});
    assert_true(wait_readable(c.control, WAIT));
    assert_int_equal(oriel_ipc_receive(c.control, &oriel_capture_to_core, &message), 1);
    assert_int_equal(message.type->id, ORIEL_CAPTURE_FAILED);
    assert_non_null(strstr(message.fields[0].bytes, "has 8 bits a pixel"));
    assert_int_equal(ended(&c), 1);
    drop(&fb);
}

static void test_file_goes(void **state) {
    struct file_fb fb;
    struct capture c;
    make(&fb, &bgrx);
    begin_fb(&c, fb.path, 60);
    unlink(fb.path);
    assert_true(wait_readable(c.control, WAIT));
    assert_int_equal(oriel_ipc_receive(c.control, &oriel_capture_to_core, &message), 1);
    assert_non_null(strstr(message.fields[0].bytes, "was removed: the X server that drew into it has ended"));
    assert_int_equal(ended(&c), 1);
    drop(&fb);
}

/* --- what it costs --- */

static void test_rest_is_cheap(void **state) {
    struct file_fb fb;
    struct capture c;
    make(&fb, &bgrx);
    begin_fb(&c, fb.path, 60);
    usleep(400000);
    int64_t from = oriel_monotonic();
    unsigned long before = wake_ups(&c);
    usleep(400000);
    unsigned long looks = wake_ups(&c) - before;
    assert_true(looks <=
                2 + (unsigned long)((oriel_monotonic() - from) * 15 / ORIEL_SECOND)); /* 60 are the frame rate's */
    for (int i = 0; i < WAIT / 10 && wake_ups(&c) < before + 2; i++)
        usleep(10000);
    assert_true(wake_ups(&c) >= before + 2);
    /* One row is found all the same, and a block at once. */
    fill(&fb, 0, 77, 1, 1, 0x445566);
    assert_true(next_frame(&c, WAIT));
    expect_damage(&c, (struct oriel_rect){0, 76, 2, 2});
    /* Paused, it does not look at all. */
    run(&c, 0);
    usleep(50000);
    before = wake_ups(&c);
    usleep(200000);
    assert_int_equal(wake_ups(&c), before);
    end(&c);
    drop(&fb);
}

/* --- Xvfb's framebuffer --- */

/* RGB565 pixels of X are compared as they are, so this has its own comparison. */
static void expect_x(const struct capture *c, struct screen *s, unsigned pixel) {
    xcb_get_image_cookie_t cookie = xcb_get_image(s->connection, XCB_IMAGE_FORMAT_Z_PIXMAP, s->root, 0, 0,
                                                  (uint16_t)c->width, (uint16_t)c->height, UINT32_MAX);
    xcb_get_image_reply_t *image = xcb_get_image_reply(s->connection, cookie, NULL);
    assert_non_null(image);
    size_t line = ((size_t)c->width * pixel + 3) / 4 * 4;
    for (unsigned y = 0; y < c->height; y++)
        for (unsigned x = 0; x < c->width; x++)
            assert_memory_equal(c->pixels + c->index * c->size + y * c->stride + x * pixel,
                                xcb_get_image_data(image) + y * line + x * pixel, pixel == 4 ? 3 : 2);
    free(image);
}

static void on_xvfb(const char *size, unsigned pixel) {
    char directory[] = "/tmp/test-fbdir-XXXXXX", path[64];
    struct screen s;
    struct capture c;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/Xvfb_screen0", directory);
    assert_true(screen_start(&s, size, "-fbdir", directory));
    screen_open(&s);
    begin_fb(&c, path, 60);
    assert_int_equal(c.width, s.width);
    expect_x(&c, &s, pixel);
    draw(&s, 101, 61, 33, 15, 0x00c0de);
    /* One rectangle, or, when it was caught while X drew it, its parts. */
    struct oriel_region damage = {0};
    while (next_frame(&c, damage.count ? STILL : WAIT)) {
        for (unsigned i = 0; i < c.rect_count; i++)
            oriel_region_add(&damage, c.width, c.height, c.rects[i].x, c.rects[i].y, c.rects[i].width,
                             c.rects[i].height);
        release(&c, c.generation, c.index);
    }
    struct oriel_rect bounds = oriel_region_bounds(&damage);
    assert_memory_equal(&bounds, (&(struct oriel_rect){100, 60, 34, 16}), 8);
    expect_x(&c, &s, pixel);
    srand(5);
    for (int i = 0; i < 200; i++) {
        draw(&s, rand() % 600, rand() % 400, rand() % 90 + 1, rand() % 40 + 1, (uint32_t)rand() & 0xffffff);
        if (next(&c, 0) == ORIEL_FRAMES_FRAME)
            release(&c, c.generation, c.index);
    }
    rest(&c);
    expect_x(&c, &s, pixel);
    end(&c);
    screen_stop(&s);
    unlink(path);
    rmdir(directory);
}

static void test_xvfb(void **state) {
    on_xvfb("640x480x24", 4);
    on_xvfb("641x479x16", 2);
}

/* --- what is refused --- */

static void expect_refused(const char *path, const char *what) {
    struct capture c;
    assert_int_equal(start_with(&c, &(struct wish){.backend = "fbdev", .device = path, .rate = 30}),
                     ORIEL_CAPTURE_FAILED);
    if (!strstr(c.text, what) || !strstr(c.text, path))
        fail_msg("'%s' does not say '%s' of %s", c.text, what, path);
    assert_int_equal(ended(&c), 1);
}

static void test_refused(void **state) {
    static const struct {
        struct shape shape;
        const char *what;
    } bad[] = {
        {{320, 200, 24, 960, 0xff0000, 0xff00, 0xff, 0, 4, 0}, "has 24 bits a pixel"},
        {{320, 200, 16, 640, 0x7c00, 0x3e0, 0x1f, 0, 4, 0}, "has 16 bits a pixel, red 7c00"},
        {{320, 200, 32, 1280, 0xff0000, 0xff00, 0xff, 0, 4, 1}, "low byte first"},
        {{320, 200, 32, 1280, 0xff0000, 0xff00, 0xff, 0, 3, 0}, "visual 3"},
        {{320, 200, 32, 1279, 0xff0000, 0xff00, 0xff, 0, 4, 0}, "in rows of 1279 bytes"},
        {{4097, 200, 32, 16388, 0xff0000, 0xff00, 0xff, 0, 4, 0}, "Oriel shows up to 4096x4096"},
        {{320, 4000, 32, 1280, 0xff0000, 0xff00, 0xff, 0, 4, 0}, "says that it shows more than its memory has"},
        {{320, 200, 32, 0xffffffff, 0xff0000, 0xff00, 0xff, 0, 4, 0}, "says that it shows more than its memory has"},
        {{320, 200, 32, 1280, 0xff0000, 0xff00, 0xff, 0xffffffff, 4, 0}, "says that it shows more than its memory"},
        {{320, 8, 32, 1280, 0xff0000, 0xff00, 0xff, 0, 4, 0}, "320x8"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct file_fb fb;
        struct capture c;
        make(&fb, &bgrx);
        set_shape(&fb, &bad[i].shape);
        assert_int_equal(start_with(&c, &(struct wish){.backend = "fbdev", .device = fb.path, .rate = 30}),
                         ORIEL_CAPTURE_FAILED);
        if (!strstr(c.text, bad[i].what))
            fail_msg("'%s' does not say '%s'", c.text, bad[i].what);
        assert_int_equal(ended(&c), 1);
        drop(&fb);
    }
    expect_refused("/nowhere/fb", "can't be opened: No such file");
    expect_refused("/tmp", "is neither a device nor a file");
    expect_refused("/dev/null", "doesn't say what it shows (FBIOGET_VSCREENINFO)");
    expect_refused("/proc/self/status", "is neither a framebuffer device nor an X Window Dump");
}

/* What drivers answer to the ioctls. */
static void test_device_geometry(void **state) {
    struct fb_var_screeninfo var = {.xres = 800,
                                    .yres = 480,
                                    .xres_virtual = 800,
                                    .yres_virtual = 960,
                                    .bits_per_pixel = 16,
                                    .red = {11, 5, 0},
                                    .green = {5, 6, 0},
                                    .blue = {0, 5, 0},
                                    .yoffset = 480,
                                    .xoffset = 3};
    struct fb_fix_screeninfo fix = {.id = "mxsfb",
                                    .type = FB_TYPE_PACKED_PIXELS,
                                    .visual = FB_VISUAL_TRUECOLOR,
                                    .line_length = 1664,
                                    .smem_len = 1664 * 960};
    struct oriel_fb_geometry g;
    char error[200];
    assert_true(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    assert_int_equal(g.layout, ORIEL_FB_RGB565);
    assert_int_equal(g.width, 800);
    assert_int_equal(g.height, 480);
    assert_int_equal(g.line, 1664);
    assert_int_equal(g.start, 480 * 1664 + 6);
    var.red.offset = 0, var.blue.offset = 11;
    assert_true(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    assert_int_equal(g.layout, ORIEL_FB_BGR565);
    var.green.length = 5;
    assert_false(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    assert_non_null(strstr(error, "has 16 bits a pixel, red 5@0, green 5@5, blue 5@11"));
    var = (struct fb_var_screeninfo){.xres = 1280,
                                     .yres = 720,
                                     .bits_per_pixel = 32,
                                     .red = {16, 8, 0},
                                     .green = {8, 8, 0},
                                     .blue = {0, 8, 0},
                                     .transp = {24, 8, 0}};
    fix.line_length = 5120;
    assert_true(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    assert_int_equal(g.layout, ORIEL_FB_BGRX);
    var.red.offset = 0, var.blue.offset = 16;
    assert_true(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    assert_int_equal(g.layout, ORIEL_FB_RGBX);
    var.red.msb_right = 1;
    assert_false(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    var.red.msb_right = 0, var.red.length = 200;
    assert_false(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    var.red.length = 8, fix.visual = FB_VISUAL_PSEUDOCOLOR;
    assert_false(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    fix.visual = FB_VISUAL_TRUECOLOR, fix.type = FB_TYPE_PLANES;
    assert_false(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    fix.type = FB_TYPE_PACKED_PIXELS, fix.line_length = 5119;
    assert_false(oriel_fb_geometry_of_device(&var, &fix, &g, error));
    assert_non_null(strstr(error, "1280x720 pixels in rows of 5119"));
}

int main(void) {
    struct screen probe;
    if (!screen_start(&probe, "64x64x24", "-extension", "DOUBLE-BUFFER")) {
        puts("skipped: Xvfb can't be started: is the package xvfb installed?");
        return 77;
    }
    screen_stop(&probe);
    unsetenv("DISPLAY");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_layout), cmocka_unit_test(test_damage_is_small), cmocka_unit_test(test_spans),
        cmocka_unit_test(test_masks),        cmocka_unit_test(test_panning),         cmocka_unit_test(test_new_mode),
        cmocka_unit_test(test_file_goes),    cmocka_unit_test(test_rest_is_cheap),   cmocka_unit_test(test_xvfb),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_device_geometry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
