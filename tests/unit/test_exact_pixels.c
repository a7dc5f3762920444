/* pipelines/exact: what of a picture's pixels reaches the page, from an X server's or a buffer's to those that the page
 * decodes: all of them, bit by bit (4:4:4), and of what is masked none. The page here has no video and no loss; what
 * a loss does, test_exact.c shows. */
#include "capture_rig.h"

#include <glib.h>
#include <webp/decode.h>

#include "cache.h"
#include "exact.h"
#include "exact_pack.h"
#include "exact_runs.h"

enum { QUEUE_MAX = 1 << 15, CHUNK = 1108 };

/* ---- the page ---- */

static struct {
    GMutex lock; /* of the queue and the bytes */
    struct {
        uint8_t *bytes;
        size_t length;
    } queue[QUEUE_MAX];
    size_t count, bytes;
    unsigned width, height, state, moves;
    int epoch;
    uint32_t next, tiles;   /* records in a row; whole tiles */
    uint32_t *shown, *time; /* pixels, and the RTP time of each; 0: nothing */
    struct {
        uint8_t *image;
        unsigned left;
        size_t length;
        bool got[1024];
    } coming[512]; /* by number, modulo */
} page;

static struct oriel_exact *exact;

static void on_send(void *user, const void *bytes, size_t length) {
    g_mutex_lock(&page.lock);
    page.bytes += length;
    assert_true(page.count < QUEUE_MAX);
    page.queue[page.count].bytes = g_memdup2(bytes, length);
    page.queue[page.count++].length = length;
    g_mutex_unlock(&page.lock);
}

static size_t sent(void) {
    g_mutex_lock(&page.lock);
    size_t bytes = page.bytes;
    g_mutex_unlock(&page.lock);
    return bytes;
}

static void acknowledge(const uint8_t *tile, unsigned chunk) {
    uint8_t ack[23] = {2, 0x81, (uint8_t)page.epoch, (uint8_t)(page.epoch >> 8)};
    const uint32_t now = (uint32_t)(oriel_monotonic() / 100000);
    memcpy(ack + 4, &page.next, 4);
    memcpy(ack + 8, &now, 4);
    if (tile) {
        ack[12] = 1;
        memcpy(ack + 13, tile, 4);
        memcpy(ack + 17, (uint16_t[]){(uint16_t)chunk, 1, 0}, 6);
    }
    assert_true(oriel_exact_heard(exact, ack, tile ? 23 : 13));
}

static void hear_records(const uint8_t *m) {
    const size_t area = (size_t)GST_READ_UINT16_LE(m + 4) * GST_READ_UINT16_LE(m + 6);
    if (!page.shown || (int)GST_READ_UINT16_LE(m + 2) != page.epoch) {
        page.epoch = (int)GST_READ_UINT16_LE(m + 2);
        page.width = GST_READ_UINT16_LE(m + 4);
        page.height = GST_READ_UINT16_LE(m + 6);
        page.shown = g_renew(uint32_t, page.shown, area);
        page.time = g_renew(uint32_t, page.time, area);
        memset(page.time, 0, area * 4);
        page.next = 0;
    }
    page.state = m[8];
    size_t at = 14;
    for (unsigned i = 0; i < m[9]; i++) {
        page.moves += m[at + 5];
        at += 7 + m[at + 5] * 12u + m[at + 6] * 8u;
    }
    if (GST_READ_UINT32_LE(m + 10) <= page.next && GST_READ_UINT32_LE(m + 10) + m[9] > page.next)
        page.next = GST_READ_UINT32_LE(m + 10) + m[9];
    acknowledge(NULL, 0);
}

/* An image is there: where nothing newer is, it is shown. */
static void show(const uint8_t *m, const uint8_t *image, size_t length) {
    int width = (int)GST_READ_UINT16_LE(m + 16), height = (int)GST_READ_UINT16_LE(m + 18);
    unsigned left = GST_READ_UINT16_LE(m + 12), top = GST_READ_UINT16_LE(m + 14);
    uint32_t *pixels = malloc((size_t)width * (size_t)height * 4);
    if (m[1] == 4 || !image[0])
        assert_true((m[1] == 4 ? runs_decode : pack_decode)(image, length, (unsigned)width, (unsigned)height, pixels));
    else
        assert_non_null(
            WebPDecodeBGRAInto(image, length, (uint8_t *)pixels, (size_t)width * (size_t)height * 4, width * 4));
    assert_true(left + (unsigned)width <= page.width && top + (unsigned)height <= page.height);
    for (unsigned y = 0; y < (unsigned)height; y++)
        for (unsigned x = 0; x < (unsigned)width; x++) {
            size_t at = (size_t)(top + y) * page.width + left + x;
            if (GST_READ_UINT32_LE(m + 8) < page.time[at])
                continue;
            page.shown[at] = pixels[y * (unsigned)width + x] & 0xffffff;
            page.time[at] = GST_READ_UINT32_LE(m + 8);
        }
    free(pixels);
    page.tiles++;
}

static void hear_chunk(const uint8_t *m, size_t length) {
    unsigned slot = GST_READ_UINT32_LE(m + 4) % 512, index = GST_READ_UINT16_LE(m + 20);
    assert_true(GST_READ_UINT16_LE(m + 22) <= 1024);
    if (!page.coming[slot].image && page.coming[slot].left == 0) {
        page.coming[slot].image = malloc(1024 * CHUNK);
        page.coming[slot].left = GST_READ_UINT16_LE(m + 22);
        page.coming[slot].length = 0;
        memset(page.coming[slot].got, 0, sizeof page.coming[slot].got);
    }
    if (page.coming[slot].image && !page.coming[slot].got[index]) {
        page.coming[slot].got[index] = true;
        memcpy(page.coming[slot].image + index * CHUNK, m + 42, length - 42);
        page.coming[slot].length += length - 42;
        if (--page.coming[slot].left == 0) {
            show(m, page.coming[slot].image, page.coming[slot].length);
            free(page.coming[slot].image);
            page.coming[slot].image = NULL;
        }
    }
    acknowledge(m + 4, index);
}

static void hear(const uint8_t *m, size_t length) {
    if (m[1] == 1)
        hear_records(m);
    else if (page.shown && (int)GST_READ_UINT16_LE(m + 2) == page.epoch && m[1] == 4) {
        show(m, m + 20, length - 20);
        acknowledge(m + 4, 0);
    } else if (page.shown && (int)GST_READ_UINT16_LE(m + 2) == page.epoch && m[1] == 2)
        hear_chunk(m, length);
    else if (m[1] == 3) /* it keeps nothing */
        assert_true(oriel_exact_heard(exact, (uint8_t[]){2, 0x82, m[2], m[3], m[4], m[5], m[6], m[7]}, 8));
}

static void deliver(void) {
    for (size_t i = 0;; i++) {
        g_mutex_lock(&page.lock);
        bool more = i < page.count;
        uint8_t *m = more ? page.queue[i].bytes : NULL;
        size_t length = more ? page.queue[i].length : 0;
        if (!more)
            page.count = 0;
        g_mutex_unlock(&page.lock);
        if (!more)
            return;
        if (m[1] != 5)
            hear(m, length);
        for (size_t at = 4; m[1] == 5 && at < length; at += 2 + GST_READ_UINT16_LE(m + at))
            hear(m + at + 2, GST_READ_UINT16_LE(m + at));
        g_free(m);
    }
}

/* Until the device says that it has all of it. */
static void rest(void) {
    int64_t end = oriel_monotonic() + 60 * ORIEL_SECOND;
    do {
        g_usleep(1000);
        deliver();
        assert_true(oriel_monotonic() < end);
    } while (!page.tiles || page.state != 0);
}

static void open_page(void) {
    memset(&page, 0, sizeof page);
    page.epoch = -1;
    exact = oriel_exact_new(NULL, on_send, NULL);
    oriel_exact_open(exact, TRUE);
}

static void close_page(void) {
    oriel_exact_free(exact);
    for (size_t i = 0; i < page.count; i++)
        g_free(page.queue[i].bytes);
    for (unsigned i = 0; i < 512; i++)
        free(page.coming[i].image);
    g_free(page.shown);
    g_free(page.time);
}

/* ---- the device ---- */

static GstClockTime pts;

/* What the reader has, drawn, goes to the exact layer. */
static void give(struct oriel_frame_reader *reader) {
    const struct oriel_frame_info *info = oriel_frame_reader_info(reader);
    const size_t area = (size_t)info->width * info->height;
    uint8_t *planes = malloc(area * 2);
    const int half = (int)(info->width + 1) / 2;
    const struct oriel_i420 out = {{planes, planes + area, planes + area + area / 2}, {(int)info->width, half, half}};
    struct oriel_rect damage[ORIEL_FRAME_DAMAGE_MAX];
    struct oriel_share share = {.cover = ORIEL_COVER_NONE};
    unsigned count = oriel_frame_reader_draw(reader, &out, damage);
    oriel_frame_reader_ready(reader);
    pts += 33 * GST_MSECOND;
    oriel_exact_picture(exact, reader, damage, count, pts, &share);
    free(planes);
}

/* A buffer that is shared as capture does it. */
struct buffer {
    int socket;
    struct oriel_frame_reader *reader;
    uint8_t *pixels;
    size_t size;
};

static struct buffer buffer_new(uint32_t format, unsigned width, unsigned height) {
    unsigned pixel = format == ORIEL_FORMAT_RGB565 ? 2 : 4;
    struct buffer b = {.size = (size_t)width * height * pixel};
    int s[2], fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, (off_t)b.size), 0);
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
    b.pixels = mmap(NULL, b.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(b.pixels, MAP_FAILED);
    assert_int_equal(oriel_ipc_pair(s), 0);
    b.socket = s[0];
    fcntl(b.socket, F_SETFL, O_NONBLOCK);
    b.reader = oriel_frame_reader_new(s[1]);
    oriel_frame_reader_keep(b.reader);
    oriel_frame_reader_run(b.reader, 30);
    assert_int_equal(oriel_ipc_send(b.socket, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, 1u, format, width, height,
                                    width * pixel, 1u, (uint64_t)b.size, fd),
                     0);
    close(fd);
    return b;
}

static void buffer_show(struct buffer *b, struct oriel_rect damage) {
    uint8_t rect[ORIEL_RECT_SIZE];
    oriel_rects_write(&damage, 1, rect);
    assert_int_equal(oriel_ipc_send(b->socket, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, 1u, 0u, UINT64_C(1),
                                    (const void *)rect, sizeof rect, 0u, 0u, 0u),
                     0);
    assert_int_equal(oriel_frame_reader_receive(b->reader), 1);
    give(b->reader);
    while (oriel_ipc_receive(b->socket, &oriel_media_to_capture, &message) > 0)
        oriel_ipc_message_clear(&message);
}

static void buffer_free(struct buffer *b) {
    oriel_frame_reader_free(b->reader);
    close(b->socket);
    munmap(b->pixels, b->size);
}

/* Pixels that no neighbour tells anything about. */
static uint32_t noise(uint32_t x, uint32_t seed) {
    x = (x ^ seed * 0x85ebca6bu) * 0x9e3779b1u;
    x = (x ^ x >> 15) * 0xc2b2ae35u;
    return (x ^ x >> 13) & 0xffffff;
}

/* ---- tests ---- */

/* From capture, until nothing more comes. */
static void take_pictures(struct capture *c, struct oriel_frame_reader *reader) {
    while (wait_readable(c->frames, QUIET)) {
        int got = oriel_frame_reader_receive(reader);
        if (got < 0)
            fail_msg("%s", oriel_frame_reader_error(reader));
        if (got > 0)
            give(reader);
        deliver();
    }
    rest();
}

static const struct oriel_rect mask = {200, 100, 300, 80};

static bool is_hidden(unsigned x, unsigned y) {
    return x - mask.x < mask.width && y - mask.y < mask.height;
}

/* Whether every pixel is the screen's, or a mask's; where not, `where` says. */
static bool is_shown(char where[64]) {
    bool good = true;
    xcb_get_image_reply_t *image =
        xcb_get_image_reply(shared.connection,
                            xcb_get_image(shared.connection, XCB_IMAGE_FORMAT_Z_PIXMAP, shared.root, 0, 0,
                                          (uint16_t)shared.width, (uint16_t)shared.height, UINT32_MAX),
                            NULL);
    assert_non_null(image);
    const uint8_t *pixels = xcb_get_image_data(image);
    assert_int_equal(page.width, shared.width);
    for (unsigned y = 0, at = 0; y < shared.height && good; y++)
        for (unsigned x = 0; x < shared.width && good; x++, at++) {
            uint32_t wanted = is_hidden(x, y) ? 0x424142 : GST_READ_UINT32_LE(pixels + at * 4) & 0xffffff;
            good = page.shown[at] == wanted && page.time[at];
            if (!good)
                snprintf(where, 64, "%u,%u is %06x, not %06x", x, y, page.shown[at], wanted);
        }
    free(image);
    return good;
}

/* A busy machine may be late with its pictures. */
static void expect_shown(struct capture *c, struct oriel_frame_reader *reader) {
    char where[64];
    int64_t until = oriel_monotonic() + WAIT * ORIEL_MILLISECOND;
    do
        take_pictures(c, reader);
    while (!is_shown(where) && oriel_monotonic() < until);
    if (!is_shown(where))
        fail_msg("%s", where);
}

/* Red on black, and lines of one pixel in colours of which the video keeps half: in all of the picture. */
static void draw_colours(void) {
    static const uint32_t colours[] = {0xff0000, 0x00ff00, 0x0000ff, 0xff00ff, 0x00ffff, 0xffff00};
    draw(&shared, 0, 0, (int)shared.width, (int)shared.height, 0);
    for (int i = 0; i < 120; i++) {
        draw(&shared, 8 + i * 10, 8, 1, (int)shared.height - 16, colours[i % 6]);
        draw(&shared, 8, 12 + i * 5, (int)shared.width - 16, 1, colours[i % 5]);
        draw(&shared, 11 + i * 10, 14 + (i * 37) % 600, 3, 2, 0xff0000);
    }
}

/* The secret is in no tile: not when all comes, not when it changes, not when what changes reaches over the mask. So it
 * is in no name of one, for that is a hash of the tile's pixels. */
static void test_colours_are_exact_and_masks_are_painted_before(void **state) {
    struct capture c;
    draw_colours();
    draw(&shared, mask.x + 20, mask.y + 20, 200, 40, 0xabcdef); /* the secret */
    warp(&shared, 1279, 719);
    set_cursor(&shared, make_cursor(&shared, 1, 1, 0, 0, true));
    if (start_with(
            &c,
            &(struct wish){.backend = "x11", .display = shared.display, .rate = 60, .masks = &mask, .mask_count = 1}) !=
        ORIEL_CAPTURE_READY)
        fail_msg("%s", c.text);
    struct oriel_frame_reader *reader = oriel_frame_reader_new(dup(c.frames));
    oriel_frame_reader_keep(reader);
    oriel_frame_reader_run(reader, 60);
    open_page();
    expect_shown(&c, reader);
    /* The secret alone: nothing at all is told. */
    unsigned tiles = page.tiles;
    for (uint32_t i = 0; i < 5; i++)
        draw(&shared, mask.x + 20, mask.y + 20, 200, 40, 0x123456 + i);
    take_pictures(&c, reader);
    assert_int_equal(page.tiles, tiles);
    /* A window that moves over the mask, and what is beside it. */
    for (int i = 0; i < 6; i++) {
        draw(&shared, mask.x - 60 + i * 40, mask.y - 20, 150, 150, 0x654321 + (uint32_t)i * 0x1111);
        draw(&shared, mask.x - 50 + i * 40, mask.y - 10, 20, 5, 0xff0000);
    }
    expect_shown(&c, reader);
    assert_true(page.tiles > tiles);
    close_page();
    oriel_frame_reader_free(reader);
    end(&c);
}

/* All 65536 colours of a 16-bit screen: each channel widened by repeating its upper bits, as screenshots do. */
static void test_rgb565_is_exact(void **state) {
    struct buffer b = buffer_new(ORIEL_FORMAT_RGB565, 256, 256);
    for (unsigned i = 0; i < 65536; i++)
        memcpy(b.pixels + i * 2, &(uint16_t){(uint16_t)i}, 2);
    open_page();
    buffer_show(&b, (struct oriel_rect){0, 0, 256, 256});
    rest();
    for (unsigned i = 0; i < 65536; i++) {
        unsigned red = i >> 11, green = i >> 5 & 63, blue = i & 31;
        assert_int_equal(page.shown[i],
                         (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | (blue << 3 | blue >> 2));
    }
    /* And a small change, by the other code. */
    memset(b.pixels + (100 * 256 + 50) * 2, 0x5a, 18);
    buffer_show(&b, (struct oriel_rect){50, 100, 9, 1});
    rest();
    assert_int_equal(page.shown[100 * 256 + 50], 0x5a49d6);
    close_page();
    buffer_free(&b);
}

static void expect_buffer(const struct buffer *b) {
    for (size_t i = 0; i < b->size / 4; i++)
        if (!page.time[i] || page.shown[i] != (GST_READ_UINT32_LE(b->pixels + i * 4) & 0xffffff))
            fail_msg("%zu,%zu is %06x, not %06x", i % page.width, i / page.width, page.shown[i],
                     GST_READ_UINT32_LE(b->pixels + i * 4) & 0xffffff);
}

/* 3840x2160: every pixel of the whole picture, and of changes at the corners of tiles and in the middle. */
static void test_4k_has_no_gap(void **state) {
    enum { WIDTH = 3840, HEIGHT = 2160 };
    struct buffer b = buffer_new(ORIEL_FORMAT_BGRX, WIDTH, HEIGHT);
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
        memcpy(b.pixels + i * 4u,
               &(uint32_t){(i % WIDTH / 16) << 16 | (i / WIDTH / 16) << 8 | (i % WIDTH ^ i / WIDTH) % 16}, 4);
    open_page();
    buffer_show(&b, (struct oriel_rect){0, 0, WIDTH, HEIGHT});
    rest();
    expect_buffer(&b);
    static const struct oriel_rect changes[] = {{1918, 1077, 3, 2}, {1919, 1079, 2, 2},    {1791, 1023, 2, 2},
                                                {0, 0, 1, 1},       {3839, 2159, 1, 1},    {1900, 1060, 41, 41},
                                                {255, 255, 258, 3}, {3583, 2047, 257, 113}};
    for (unsigned n = 0; n < sizeof changes / sizeof *changes; n++) {
        const struct oriel_rect *r = &changes[n];
        for (unsigned y = r->y; y < (unsigned)r->y + r->height; y++)
            for (unsigned x = r->x; x < (unsigned)r->x + r->width; x++)
                memcpy(b.pixels + ((size_t)y * WIDTH + x) * 4, &(uint32_t){noise(y * WIDTH + x, n)}, 4);
        buffer_show(&b, *r);
        rest();
    }
    expect_buffer(&b);
    close_page();
    buffer_free(&b);
}

/* The page is busy for a second, or the channel takes nothing: meanwhile pages turn, and none of that queues. Then
 * only the newest comes. */
static void test_a_slow_page_gets_the_newest_and_nothing_piles_up(void **state) {
    enum { WIDTH = 640, HEIGHT = 360, PICTURES = 30 };
    struct buffer b = buffer_new(ORIEL_FORMAT_BGRX, WIDTH, HEIGHT);
    const struct oriel_rect all = {0, 0, WIDTH, HEIGHT};
    open_page();
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
        memcpy(b.pixels + i * 4u, &(uint32_t){noise(i, 999)}, 4);
    buffer_show(&b, all);
    rest();
    const size_t one = sent();
    for (uint32_t n = 0; n < PICTURES; n++) {
        for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
            memcpy(b.pixels + i * 4u, &(uint32_t){noise(i, n)}, 4);
        buffer_show(&b, all);
        g_usleep(33000);
    }
    const size_t stalled = sent() - one;
    rest();
    const size_t after = sent() - one - stalled;
    expect_buffer(&b);
    print_message("a page of %zu bytes; of %u while nobody reads %zu, then %zu\n", one, PICTURES, stalled, after);
    /* Of 30. What was not acknowledged goes again after twice the time: the more often, the longer all this takes. */
    assert_true(stalled < PICTURES / 3 * one);
    assert_true(after < PICTURES / 3 * one);
    close_page();
    buffer_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rgb565_is_exact),
        cmocka_unit_test(test_4k_has_no_gap),
        cmocka_unit_test(test_a_slow_page_gets_the_newest_and_nothing_piles_up),
        cmocka_unit_test(test_colours_are_exact_and_masks_are_painted_before),
    };
    if (!begin_shared())
        return 77;
    int failed = cmocka_run_group_tests_name("exact pixels", tests, NULL, NULL);
    screen_stop(&shared);
    return failed;
}
