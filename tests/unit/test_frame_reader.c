/* pipelines/framereader: pictures arrive as libyuv converts them, and a capture that lies is refused in time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <libyuv/convert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "framereader.h"

enum { WIDTH_MAX = 128, HEIGHT_MAX = 96 };

/* The capture side of a session of the frame protocol. */
struct rig {
    int socket;
    struct oriel_frame_reader *reader;
    uint8_t *memory; /* shared: one buffer after the other */
    size_t length;
    unsigned width, height, stride;
};

static struct oriel_ipc_message message;

static void open_rig(struct rig *rig) {
    int s[2];
    memset(rig, 0, sizeof *rig);
    assert_int_equal(oriel_ipc_pair(s), 0);
    rig->socket = s[0];
    rig->reader = oriel_frame_reader_new(s[1]);
    assert_non_null(rig->reader);
    fcntl(rig->socket, F_SETFL, O_NONBLOCK);
}

static void close_rig(struct rig *rig) {
    oriel_frame_reader_free(rig->reader);
    if (rig->memory)
        munmap(rig->memory, rig->length);
    close(rig->socket);
}

static int make_memory(struct rig *rig, size_t length, int seals) {
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, (off_t)length), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    if (rig->memory)
        munmap(rig->memory, rig->length);
    rig->memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(rig->memory, MAP_FAILED);
    rig->length = length;
    return fd;
}

/* Two buffers of noise with rows longer than needed. */
static void send_buffers(struct rig *rig, uint32_t generation, unsigned width, unsigned height) {
    rig->width = width;
    rig->height = height;
    rig->stride = width * 4 + 8;
    size_t size = (size_t)rig->stride * height;
    int fd = make_memory(rig, 2 * size, F_SEAL_SHRINK);
    srandom(generation);
    for (size_t i = 0; i < 2 * size; i++)
        rig->memory[i] = (uint8_t)random();
    assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, generation,
                                    (uint32_t)ORIEL_FORMAT_BGRX, width, height, rig->stride, 2u, (uint64_t)size, fd),
                     0);
    close(fd);
}

struct frame {
    uint32_t generation, index;
    uint16_t rects[8 * 4];
    size_t rects_length;
    int x, y;
    uint32_t shown;
};

static void send_frame(struct rig *rig, const struct frame *f) {
    assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, f->generation, f->index,
                                    UINT64_C(77), (const void *)f->rects, f->rects_length, (uint32_t)f->x,
                                    (uint32_t)f->y, f->shown),
                     0);
}

static void expect_message(struct rig *rig, uint16_t id) {
    oriel_ipc_message_clear(&message);
    assert_int_equal(oriel_ipc_receive(rig->socket, &oriel_media_to_capture, &message), 1);
    assert_int_equal(message.type->id, id);
}

static void expect_release(struct rig *rig, uint32_t generation, uint32_t index) {
    do {
        oriel_ipc_message_clear(&message);
        assert_int_equal(oriel_ipc_receive(rig->socket, &oriel_media_to_capture, &message), 1);
    } while (message.type->id != ORIEL_FRAMES_RELEASE);
    assert_int_equal(message.fields[0].number, generation);
    assert_int_equal(message.fields[1].number, index);
}

/* ---- good pictures ---- */

struct picture {
    uint8_t y[WIDTH_MAX * HEIGHT_MAX], u[WIDTH_MAX * HEIGHT_MAX], v[WIDTH_MAX * HEIGHT_MAX];
};

static struct oriel_i420 planes(struct picture *p, unsigned width) {
    int chroma = (int)(width + 1) / 2;
    return (struct oriel_i420){{p->y, p->u, p->v}, {(int)width, chroma, chroma}};
}

static struct oriel_rect damage[ORIEL_FRAME_DAMAGE_MAX];

/* `p` goes from one picture to the next, as it does in the frame source. */
static unsigned draw(struct rig *rig, struct picture *p) {
    struct oriel_i420 out = planes(p, rig->width);
    return oriel_frame_reader_draw(rig->reader, &out, damage);
}

static void expected(struct rig *rig, unsigned index, struct picture *p) {
    memset(p, 0, sizeof *p);
    struct oriel_i420 out = planes(p, rig->width);
    ARGBToI420(rig->memory + (size_t)index * rig->stride * rig->height, (int)rig->stride, p->y, out.strides[0], p->u,
               out.strides[1], p->v, out.strides[2], (int)rig->width, (int)rig->height);
}

static struct picture got, want;

static void check_size(unsigned width, unsigned height) {
    struct rig rig;
    memset(&got, 0, sizeof got);
    open_rig(&rig);
    oriel_frame_reader_run(rig.reader, 30);
    send_buffers(&rig, 1, width, height);
    send_frame(&rig, &(struct frame){.generation = 1, .index = 1, .rects = {0, 0, 1, 1}, .rects_length = 8});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    const struct oriel_frame_info *info = oriel_frame_reader_info(rig.reader);
    assert_int_equal(info->width, width);
    assert_int_equal(info->height, height);
    assert_int_equal(info->time, 77);
    assert_int_equal(info->damage_count, 1);
    assert_int_equal(info->damage[0].width, width); /* a generation's first picture is all new, whatever it says */
    assert_int_equal(draw(&rig, &got), 1);
    expected(&rig, 1, &want);
    assert_memory_equal(&got, &want, sizeof got);
    assert_int_equal(info->damage_count, 0);
    assert_int_equal(draw(&rig, &got), 0);
    assert_memory_equal(&got, &want, sizeof got);
    expect_message(&rig, ORIEL_FRAMES_RUN);
    assert_int_equal(oriel_ipc_receive(rig.socket, &oriel_media_to_capture, &message), -EAGAIN); /* it is not asked */
    assert_int_equal(oriel_frame_reader_ready(rig.reader), 0);
    expect_release(&rig, 1, 1);
    assert_int_equal(oriel_frame_reader_ready(rig.reader), 0); /* and only once */
    assert_int_equal(oriel_ipc_receive(rig.socket, &oriel_media_to_capture, &message), -EAGAIN);
    close_rig(&rig);
}

static void test_pictures(void **state) {
    check_size(128, 96);
    check_size(127, 95);
    check_size(16, 16);
    check_size(17, 16);
    check_size(16, 17);
}

static void test_damage_only(void **state) {
    struct rig rig;
    open_rig(&rig);
    oriel_frame_reader_run(rig.reader, 30);
    send_buffers(&rig, 1, 101, 67);
    send_frame(&rig, &(struct frame){.generation = 1, .rects = {0, 0, 101, 67}, .rects_length = 8});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    size_t size = (size_t)rig.stride * rig.height;
    memcpy(rig.memory + size, rig.memory, size);
    for (unsigned row = 33; row < 67; row++) /* an odd corner, to the edges of the picture */
        memset(rig.memory + size + row * rig.stride + 51 * 4, 200, (101 - 51) * 4);
    send_frame(&rig,
               &(struct frame){.generation = 1, .index = 1, .rects = {51, 33, 50, 34, 3, 3, 1, 1}, .rects_length = 16});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    assert_int_equal(oriel_frame_reader_info(rig.reader)->damage_count, 3);
    expect_message(&rig, ORIEL_FRAMES_RUN);
    expect_release(&rig, 1, 0); /* the older, which can't be asked for any more */
    memset(&got, 0, sizeof got);
    assert_int_equal(draw(&rig, &got), 3);
    expected(&rig, 1, &want);
    assert_memory_equal(&got, &want, sizeof got);
    /* Only what is damaged is touched. */
    memset(rig.memory, 0, rig.length);
    memset(&got, 77, sizeof got);
    send_frame(&rig, &(struct frame){.generation = 1, .index = 0, .rects = {33, 21, 10, 6}, .rects_length = 8});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    assert_int_equal(draw(&rig, &got), 1);
    for (unsigned row = 0; row < 67; row++)
        for (unsigned column = 0; column < 101; column++)
            assert_int_equal(got.y[row * 101 + column], column >= 32 && column < 44 && row >= 20 && row < 28 ? 16 : 77);
    close_rig(&rig);
}

static void test_new_size(void **state) {
    struct rig rig;
    open_rig(&rig);
    oriel_frame_reader_run(rig.reader, 30);
    send_buffers(&rig, 1, 64, 64);
    send_frame(&rig, &(struct frame){.generation = 1, .rects = {0, 0, 64, 64}, .rects_length = 8});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    send_frame(&rig, &(struct frame){.generation = 1, .rects = {0, 0, 64, 64}, .rects_length = 8});
    send_buffers(&rig, 5, 90, 40);
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 0); /* no picture of the new size yet */
    assert_int_equal(oriel_frame_reader_info(rig.reader)->generation, 0);
    send_frame(&rig, &(struct frame){.generation = 5});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    assert_int_equal(oriel_frame_reader_info(rig.reader)->width, 90);
    memset(&got, 0, sizeof got);
    draw(&rig, &got);
    expected(&rig, 0, &want);
    assert_memory_equal(&got, &want, sizeof got);
    close_rig(&rig);
}

/* ---- RGB565 ---- */

/* All 65536 colours, in pictures of 128x64 pixels: as if the pixels had been widened by repeating their upper bits. */
static void test_rgb565(void **state) {
    enum { W = 127, H = 64, PIXELS = W * H };
    static uint8_t wide[W * 4 * H];
    struct rig rig;
    open_rig(&rig);
    oriel_frame_reader_run(rig.reader, 30);
    rig.width = W, rig.height = H, rig.stride = 2 * W + 2;
    size_t size = (size_t)rig.stride * H;
    int fd = make_memory(&rig, size, F_SEAL_SHRINK);
    assert_int_equal(oriel_ipc_send(rig.socket, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, 1u,
                                    (uint32_t)ORIEL_FORMAT_RGB565, (uint32_t)W, (uint32_t)H, rig.stride, 1u,
                                    (uint64_t)size, fd),
                     0);
    close(fd);
    for (uint32_t first = 0; first < 65536; first += PIXELS) {
        for (uint32_t i = 0; i < PIXELS; i++) {
            unsigned pixel = (first + i) & 0xffff, r = pixel >> 11, g = pixel >> 5 & 63, b = pixel & 31;
            uint8_t *to = rig.memory + i / W * rig.stride + i % W * 2;
            to[0] = (uint8_t)pixel, to[1] = (uint8_t)(pixel >> 8);
            wide[i * 4] = (uint8_t)(b << 3 | b >> 2);
            wide[i * 4 + 1] = (uint8_t)(g << 2 | g >> 4);
            wide[i * 4 + 2] = (uint8_t)(r << 3 | r >> 2);
        }
        /* Once whole, then by rectangles with odd corners. */
        send_frame(&rig, &(struct frame){.generation = 1,
                                         .rects = {0, 0, 33, H, 33, 0, W - 33, 7, 33, 7, W - 33, H - 7},
                                         .rects_length = 24});
        assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
        draw(&rig, &got);
        memset(&want, 0, sizeof want);
        struct oriel_i420 out = planes(&want, W);
        ARGBToI420(wide, W * 4, want.y, out.strides[0], want.u, out.strides[1], want.v, out.strides[2], W, H);
        assert_memory_equal(&got, &want, sizeof got);
    }
    close_rig(&rig);
}

/* ---- the masks ---- */

static void send_masks(struct rig *rig, const struct oriel_rect *masks, unsigned count) {
    uint8_t bytes[64 * ORIEL_RECT_SIZE];
    oriel_rects_write(masks, count, bytes);
    assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_MASKS, (const void *)bytes,
                                    (size_t)count * ORIEL_RECT_SIZE),
                     0);
}

static void test_masks(void **state) {
    struct rig rig;
    unsigned count = 1;
    open_rig(&rig);
    oriel_frame_reader_masks(rig.reader, &count);
    assert_int_equal(count, 0);
    oriel_frame_reader_run(rig.reader, 30);
    const struct oriel_rect masks[] = {{10, 12, 20, 30}, {4000, 4000, 96, 96}};
    send_masks(&rig, masks, 2); /* before any buffers: they belong to none */
    send_buffers(&rig, 1, 64, 48);
    send_frame(&rig, &(struct frame){.generation = 1});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    assert_memory_equal(oriel_frame_reader_masks(rig.reader, &count), masks, sizeof masks);
    assert_int_equal(count, 2);
    send_masks(&rig, NULL, 0);
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 0);
    oriel_frame_reader_masks(rig.reader, &count);
    assert_int_equal(count, 0);
    close_rig(&rig);
}

/* ---- the cursor ---- */

static void send_cursor(struct rig *rig, unsigned width, unsigned height, const uint8_t pixel[4]) {
    static uint8_t pixels[ORIEL_CURSOR_SIDE_MAX * ORIEL_CURSOR_SIDE_MAX * 4];
    for (unsigned i = 0; i < width * height; i++)
        memcpy(pixels + 4 * i, pixel, 4);
    assert_int_equal(oriel_ipc_send(rig->socket, &oriel_capture_to_media, ORIEL_FRAMES_CURSOR, width, height, pixels,
                                    (size_t)width * height * 4),
                     0);
}

/* An opaque cursor must look as if it had been painted on the screen; at even places, so that chroma is its own. */
static void paint(struct rig *rig, int x, int y, int width, int height, const uint8_t pixel[4]) {
    for (int64_t row = y; row < (int64_t)y + height; row++)
        for (int64_t column = x; column < (int64_t)x + width; column++)
            if (row >= 0 && column >= 0 && row < (int)rig->height && column < (int)rig->width)
                memcpy(rig->memory + (size_t)row * rig->stride + (size_t)column * 4, pixel, 4);
}

static void assert_close(int tolerance) {
    for (size_t i = 0; i < sizeof got; i++) {
        int difference = ((uint8_t *)&got)[i] - ((uint8_t *)&want)[i];
        if (abs(difference) > tolerance)
            fail_msg("byte %zu: %d, expected %d", i, ((uint8_t *)&got)[i], ((uint8_t *)&want)[i]);
    }
}

static void check_cursor(int x, int y, const uint8_t pixel[4]) {
    struct rig rig;
    open_rig(&rig);
    oriel_frame_reader_run(rig.reader, 30);
    send_buffers(&rig, 1, 64, 48);
    send_cursor(&rig, 16, 12, pixel);
    send_frame(&rig, &(struct frame){.generation = 1, .x = x, .y = y, .shown = 1});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    memset(&got, 0, sizeof got);
    draw(&rig, &got);
    paint(&rig, x, y, 16, 12, pixel);
    expected(&rig, 0, &want);
    assert_close(2); /* libyuv's luma has 7 bits of precision in its weights */
    close_rig(&rig);
}

static void test_cursor(void **state) {
    const uint8_t red[4] = {0, 0, 255, 255}, white[4] = {255, 255, 255, 255}, black[4] = {0, 0, 0, 255},
                  teal[4] = {130, 140, 10, 255};
    check_cursor(20, 10, red);
    check_cursor(-8, -6, white);
    check_cursor(56, 42, black);
    check_cursor(20, 10, teal);
    check_cursor(INT32_MAX, INT32_MIN, red); /* out of sight */
    check_cursor(64, 0, red);
}

/* For the exact layer: what is damaged is kept as it is, with the cursor as a painter would have it. */
static void test_the_pixels_themselves(void **state) {
    struct rig rig;
    static uint8_t pixels[64 * 48 * 4];
    const uint8_t half[4] = {0, 0, 100, 128}; /* premultiplied */
    open_rig(&rig);
    oriel_frame_reader_keep(rig.reader);
    oriel_frame_reader_run(rig.reader, 30);
    send_buffers(&rig, 1, 64, 48);
    send_cursor(&rig, 16, 12, half);
    send_frame(&rig, &(struct frame){.generation = 1, .x = 55, .y = -4, .shown = 1});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    draw(&rig, &got);
    const struct oriel_rect part = {5, 3, 59, 40};
    oriel_frame_reader_pixels(rig.reader, &part, pixels, 64 * 4);
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 59; x++)
            for (int i = 0; i < 4; i++) {
                int below = rig.memory[(size_t)(y + 3) * rig.stride + (size_t)(x + 5) * 4 + (size_t)i];
                bool under = x + 5 >= 55 && y + 3 < 8;
                int wanted = i == 3 ? 255 : under ? half[i] + (below * 127 + 127) / 255 : below;
                assert_int_equal(pixels[(y * 64 + x) * 4 + i], wanted);
            }
    close_rig(&rig);
}

static void test_cursor_is_translucent_and_leaves(void **state) {
    struct rig rig;
    open_rig(&rig);
    oriel_frame_reader_run(rig.reader, 30);
    send_buffers(&rig, 1, 64, 48);
    memset(rig.memory, 255, rig.length);
    send_cursor(&rig, 16, 12, (const uint8_t[4]){0, 0, 0, 128}); /* half black */
    send_frame(&rig, &(struct frame){.generation = 1, .x = 7, .y = 9, .shown = 1});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    draw(&rig, &got);
    assert_in_range(got.y[64 * 10 + 8], 124, 127); /* halfway from 235 to 16 */
    assert_in_range(got.u[32 * 5 + 4], 127, 129);
    assert_in_range(got.y[64 * 10 + 40], 234, 236);
    send_frame(&rig, &(struct frame){.generation = 1, .index = 1, .x = 40, .y = 9, .shown = 1}); /* it only moved */
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    assert_int_equal(oriel_frame_reader_info(rig.reader)->damage_count, 0);
    assert_int_equal(draw(&rig, &got), 2);
    assert_memory_equal(&damage[0], (&(struct oriel_rect){7, 9, 16, 12}), sizeof *damage);
    assert_memory_equal(&damage[1], (&(struct oriel_rect){40, 9, 16, 12}), sizeof *damage);
    assert_in_range(got.y[64 * 10 + 8], 234, 236);
    assert_in_range(got.y[64 * 10 + 41], 124, 127);
    /* Something changes beneath its corner: it is not blended twice where nothing did. */
    send_frame(
        &rig, &(struct frame){.generation = 1, .x = 40, .y = 9, .shown = 1, .rects = {38, 8, 4, 4}, .rects_length = 8});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    assert_int_equal(draw(&rig, &got), 1);
    assert_in_range(got.y[64 * 10 + 41], 124, 127);
    assert_in_range(got.y[64 * 18 + 50], 124, 127);
    send_frame(&rig, &(struct frame){.generation = 1, .index = 1, .x = 40, .y = 9, .shown = 0}); /* it leaves */
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    assert_int_equal(draw(&rig, &got), 1);
    for (unsigned i = 0; i < 64 * 48; i++)
        assert_in_range(got.y[i], 234, 236);
    close_rig(&rig);
}

/* ---- a capture that lies ---- */

static void assert_refused(struct rig *rig, const char *why) {
    int result = oriel_frame_reader_receive(rig->reader);
    assert_int_equal(result, -EPROTO);
    if (!strstr(oriel_frame_reader_error(rig->reader), why))
        fail_msg("the reason is \"%s\", not about \"%s\"", oriel_frame_reader_error(rig->reader), why);
    close_rig(rig);
}

static void test_bad_buffers(void **state) {
    const struct {
        uint32_t generation, format, width, height, stride, count;
        uint64_t size;
        size_t memory;
        int seals;
        const char *why;
    } bad[] = {
        {0, 1, 64, 64, 256, 2, 16384, 32768, F_SEAL_SHRINK, "generation"},
        {1, 0, 64, 64, 256, 2, 16384, 32768, F_SEAL_SHRINK, "pixel format"},
        {1, 3, 64, 64, 256, 2, 16384, 32768, F_SEAL_SHRINK, "pixel format"},
        {1, 2, 64, 64, 124, 2, 16384, 32768, F_SEAL_SHRINK, "rows of 124"}, /* RGB565 needs 128 */
        {1, 1, 4096, 4096, 65540, 2, 268451840, 32768, F_SEAL_SHRINK, "rows of 65540"},
        {1, 1, 4096, 4096, 65536, 4, UINT64_C(1) << 32, 32768, F_SEAL_SHRINK, "buffers of 4294967296"},
        {1, 1, 4096, 4096, 65536, 4, UINT64_C(1) << 28, 32768, F_SEAL_SHRINK, "announced 1073741824"},
        {1, 1, 64, 64, 256, UINT32_MAX, 16384, 32768, F_SEAL_SHRINK, "buffers; 1 to 4"},
        {1, 1, 15, 64, 256, 2, 16384, 32768, F_SEAL_SHRINK, "picture of 15x64"},
        {1, 1, 64, 4097, 256, 2, 16384, 32768, F_SEAL_SHRINK, "picture of 64x4097"},
        {1, 1, UINT32_MAX, 64, 256, 2, 16384, 32768, F_SEAL_SHRINK, "picture of"},
        {1, 1, 64, 64, 252, 2, 16384, 32768, F_SEAL_SHRINK, "rows of 252"},
        {1, 1, 64, 64, 258, 2, 16512, 33024, F_SEAL_SHRINK, "rows of 258"},
        {1, 1, 64, 64, 0x80000000, 2, 16384, 32768, F_SEAL_SHRINK, "rows of"},
        {1, 1, 64, 64, 256, 0, 16384, 32768, F_SEAL_SHRINK, "0 buffers"},
        {1, 1, 64, 64, 256, 5, 16384, 81920, F_SEAL_SHRINK, "5 buffers"},
        {1, 1, 64, 64, 256, 2, 16383, 32768, F_SEAL_SHRINK, "buffers of 16383"},
        {1, 1, 64, 64, 256, 2, UINT64_MAX / 2, 32768, F_SEAL_SHRINK, "buffers of"},
        {1, 1, 64, 64, 256, 2, 16384, 32767, F_SEAL_SHRINK, "announced 32768 bytes"},
        {1, 1, 64, 64, 256, 2, 16384, 32768, F_SEAL_GROW, "not sealed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rig rig;
        open_rig(&rig);
        int fd = make_memory(&rig, bad[i].memory, bad[i].seals);
        oriel_ipc_send(rig.socket, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, bad[i].generation, bad[i].format,
                       bad[i].width, bad[i].height, bad[i].stride, bad[i].count, bad[i].size, fd);
        close(fd);
        assert_refused(&rig, bad[i].why);
    }
}

static void test_memory_that_is_no_memfd(void **state) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    const int wrong[] = {open("/proc/self/exe", O_RDONLY), fds[0]};
    for (size_t i = 0; i < 2; i++) {
        struct rig rig;
        open_rig(&rig);
        oriel_ipc_send(rig.socket, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, 1u, 1u, 64u, 64u, 256u, 2u,
                       (uint64_t)16384, wrong[i]);
        assert_refused(&rig, "not sealed");
        close(wrong[i]);
    }
    close(fds[1]);
}

static void test_older_generation(void **state) {
    struct rig rig;
    open_rig(&rig);
    send_buffers(&rig, 2, 64, 64);
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 0);
    send_buffers(&rig, 2, 64, 64);
    assert_refused(&rig, "generation 2 to 2");
}

static void test_bad_frames(void **state) {
    const struct {
        struct frame frame;
        const char *why;
    } bad[] = {
        {{.generation = 2}, "generation 2"},
        {{.generation = 1, .index = 2}, "buffer 2 of 2"},
        {{.generation = 1, .index = UINT32_MAX}, "buffer 4294967295"},
        {{.generation = 1, .rects = {0, 0, 65, 48}, .rects_length = 8}, "rectangle of 65x48"},
        {{.generation = 1, .rects = {0, 1, 64, 48}, .rects_length = 8}, "rectangle of 64x48 at 0,1"},
        {{.generation = 1, .rects = {65535, 0, 65535, 1}, .rects_length = 8}, "rectangle"},
        {{.generation = 1, .rects = {0, 0, 0, 1}, .rects_length = 8}, "rectangle of 0x1"},
        {{.generation = 1, .rects = {0, 0, 1, 1}, .rects_length = 7}, "7 bytes of rectangles"},
        {{.generation = 1, .shown = 2}, "whether the cursor"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rig rig;
        open_rig(&rig);
        oriel_frame_reader_run(rig.reader, 30);
        send_buffers(&rig, 1, 64, 48);
        send_frame(&rig, &bad[i].frame);
        assert_refused(&rig, bad[i].why);
    }
}

static void test_bad_masks(void **state) {
    static const struct oriel_rect bad[] = {{0, 0, 0, 1}, {0, 0, 1, 0}, {4000, 0, 97, 1}, {0, 65535, 1, 65535}};
    struct rig rig;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        open_rig(&rig);
        send_masks(&rig, &bad[i], 1);
        assert_refused(&rig, "capture sent a mask of");
    }
    open_rig(&rig);
    struct oriel_rect many[ORIEL_MASKS_MAX + 1];
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = (struct oriel_rect){1, 1, 1, 1};
    send_masks(&rig, many, ORIEL_MASKS_MAX + 1);
    assert_refused(&rig, "264 bytes of masks");
    open_rig(&rig);
    oriel_ipc_send(rig.socket, &oriel_capture_to_media, ORIEL_FRAMES_MASKS, "1234567", (size_t)7);
    assert_refused(&rig, "7 bytes of masks");
}

/* Memory that was accepted stays: its size is sealed, whoever holds it. */
static void test_memory_that_is_cut(void **state) {
    struct rig rig;
    open_rig(&rig);
    oriel_frame_reader_run(rig.reader, 30);
    rig.width = 64, rig.height = 64, rig.stride = 256;
    int fd = make_memory(&rig, 16384, F_SEAL_SHRINK);
    oriel_ipc_send(rig.socket, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, 1u, 1u, 64u, 64u, 256u, 1u,
                   (uint64_t)16384, fd);
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 0);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 16384), 0); /* only black */
    send_frame(&rig, &(struct frame){.generation = 1, .rects = {0, 0, 64, 64}, .rects_length = 8});
    assert_int_equal(oriel_frame_reader_receive(rig.reader), 1);
    draw(&rig, &got);
    assert_int_equal(got.y[0], 16);
    close(fd);
    close_rig(&rig);
}

static void test_too_many_rectangles(void **state) {
    struct rig rig;
    open_rig(&rig);
    oriel_frame_reader_run(rig.reader, 30);
    send_buffers(&rig, 1, 64, 48);
    uint16_t rects[65][4];
    for (size_t i = 0; i < 65; i++)
        memcpy(rects[i], (const uint16_t[4]){0, 0, 1, 1}, 8);
    oriel_ipc_send(rig.socket, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, 1u, 0u, UINT64_C(1), (const void *)rects,
                   sizeof rects, 0u, 0u, 0u);
    assert_refused(&rig, "bytes of rectangles");
}

static void test_pictures_out_of_turn(void **state) {
    struct rig rig;
    open_rig(&rig);
    oriel_frame_reader_run(rig.reader, 30);
    send_frame(&rig, &(struct frame){.generation = 1});
    assert_refused(&rig, "before any buffers");
    open_rig(&rig);
    send_buffers(&rig, 1, 64, 48);
    oriel_frame_reader_run(rig.reader, 0); /* a pause is no request */
    send_frame(&rig, &(struct frame){.generation = 1});
    assert_refused(&rig, "before it was asked");
}

static void test_bad_cursors(void **state) {
    const struct {
        uint32_t width, height;
        size_t length;
    } bad[] = {{129, 1, 129 * 4}, {1, 129, 129 * 4}, {16, 16, 1023}, {16, 16, 1028}, {0x80000000, 2, 0}};
    static const uint8_t pixels[2048];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rig rig;
        open_rig(&rig);
        oriel_ipc_send(rig.socket, &oriel_capture_to_media, ORIEL_FRAMES_CURSOR, bad[i].width, bad[i].height, pixels,
                       bad[i].length);
        assert_refused(&rig, "cursor of");
    }
}

static void test_capture_that_does_not_read(void **state) {
    struct rig rig;
    open_rig(&rig);
    int result = 0;
    for (int i = 0; i < 100000 && result == 0; i++)
        result = oriel_frame_reader_run(rig.reader, 30);
    assert_int_equal(result, -EPROTO);
    assert_non_null(strstr(oriel_frame_reader_error(rig.reader), "does not read"));
    close_rig(&rig);
}

static void test_capture_that_ends(void **state) {
    struct rig rig;
    open_rig(&rig);
    close(rig.socket);
    rig.socket = -1;
    assert_int_equal(oriel_frame_reader_receive(rig.reader), -EPIPE);
    assert_non_null(strstr(oriel_frame_reader_error(rig.reader), "ended"));
    assert_int_equal(oriel_frame_reader_run(rig.reader, 30), -EPIPE);
    close_rig(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_damage_only),
        cmocka_unit_test(test_new_size),
        cmocka_unit_test(test_rgb565),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_the_pixels_themselves),
        cmocka_unit_test(test_cursor_is_translucent_and_leaves),
        cmocka_unit_test(test_bad_buffers),
        cmocka_unit_test(test_memory_that_is_no_memfd),
        cmocka_unit_test(test_older_generation),
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_bad_masks),
        cmocka_unit_test(test_memory_that_is_cut),
        cmocka_unit_test(test_too_many_rectangles),
        cmocka_unit_test(test_pictures_out_of_turn),
        cmocka_unit_test(test_bad_cursors),
        cmocka_unit_test(test_capture_that_does_not_read),
        cmocka_unit_test(test_capture_that_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
