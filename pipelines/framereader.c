/* See framereader.h. */
#include "framereader.h"

#include <errno.h>
#include <fcntl.h>
#include <libyuv/convert.h>
#include <libyuv/convert_argb.h>
#include <libyuv/planar_functions.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cursor.h"
#include "frame_map.h"

/* The fourth bytes of two pixels. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OPAQUE_TWICE UINT64_C(0xff000000ff000000)
#else
#define OPAQUE_TWICE UINT64_C(0x000000ff000000ff)
#endif

enum {
    MESSAGES_AT_ONCE = 16, /* a flood of them must not keep the caller from being stopped */
};

struct cursor {
    bool shown;
    bool changed; /* its shape, since the last draw */
    int32_t x, y;
    unsigned width, height;
    uint8_t pixels[ORIEL_CURSOR_SIDE_MAX * ORIEL_CURSOR_SIDE_MAX * 4];
};

struct oriel_frame_reader {
    int fd;
    bool asked; /* capture was told to run at least once */
    struct oriel_frame_map map;
    struct oriel_i420 canvas; /* the picture without the cursor; planes[0] owns all three */
    bool keeps;
    uint8_t *kept; /* the picture's own pixels without the cursor: B, G, R, unused, rows of width*4 bytes */
    struct oriel_frame_info info;
    struct cursor cursor;
    struct {
        int32_t x, y;
        struct oriel_rect at; /* what of it is in the picture; empty: nothing */
    } drawn;                  /* the cursor, by the last draw */
    struct {
        bool held;
        uint32_t generation, index;
    } buffer;                        /* the newest, which capture gets back when there is time for the next */
    unsigned mask_count, masks_told; /* how often they were told */
    struct oriel_rect masks[ORIEL_MASKS_MAX];
    char error[ORIEL_FRAME_ERROR_SIZE];
    struct oriel_ipc_message message;
};

struct oriel_frame_reader *oriel_frame_reader_new(int fd) {
    struct oriel_frame_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    reader->fd = fd;
    return reader;
}

void oriel_frame_reader_free(struct oriel_frame_reader *reader) {
    if (!reader)
        return;
    oriel_frame_map_close(&reader->map);
    oriel_ipc_message_clear(&reader->message);
    free(reader->canvas.planes[0]);
    free(reader->kept);
    close(reader->fd);
    free(reader);
}

int oriel_frame_reader_fd(const struct oriel_frame_reader *reader) {
    return reader->fd;
}

const char *oriel_frame_reader_error(const struct oriel_frame_reader *reader) {
    return reader->error;
}

const struct oriel_frame_info *oriel_frame_reader_info(const struct oriel_frame_reader *reader) {
    return &reader->info;
}

const struct oriel_rect *oriel_frame_reader_masks(const struct oriel_frame_reader *reader, unsigned *count) {
    *count = reader->mask_count;
    return reader->masks;
}

unsigned oriel_frame_reader_masks_told(const struct oriel_frame_reader *reader) {
    return reader->masks_told;
}

__attribute__((format(printf, 3, 4))) static int fail(struct oriel_frame_reader *reader, int result, const char *format,
                                                      ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(reader->error, sizeof reader->error, format, args);
    va_end(args);
    return result;
}

static int sent(struct oriel_frame_reader *reader, int result) {
    if (result == 0)
        return 0;
    if (result == -EPIPE)
        return fail(reader, -EPIPE, "the capture process ended");
    return fail(reader, -EPROTO, "the capture process does not read its messages: %s", strerror(-result));
}

int oriel_frame_reader_run(struct oriel_frame_reader *reader, unsigned fps) {
    if (fps)
        reader->asked = true;
    return sent(reader, oriel_ipc_send(reader->fd, &oriel_media_to_capture, ORIEL_FRAMES_RUN, fps));
}

/* All planes in one allocation, rows padded to 32 bytes for libyuv's fast paths. */
static bool make_canvas(struct oriel_i420 *canvas, unsigned width, unsigned height) {
    int stride = (int)((width + 31) / 32 * 32);
    int chroma = ((int)(width + 1) / 2 + 31) / 32 * 32;
    size_t luma_size = (size_t)stride * height, chroma_size = (size_t)chroma * ((height + 1) / 2);
    uint8_t *bytes = aligned_alloc(32, (luma_size + 2 * chroma_size + 31) / 32 * 32);
    if (!bytes)
        return false;
    free(canvas->planes[0]);
    *canvas = (struct oriel_i420){.planes = {bytes, bytes + luma_size, bytes + luma_size + chroma_size},
                                  .strides = {stride, chroma, chroma}};
    return true;
}

static int handle_buffers(struct oriel_frame_reader *reader) {
    const struct oriel_frame_map *m = &reader->map;
    int result = oriel_frame_map_open(&reader->map, &reader->message, "capture", reader->error);
    if (result < 0)
        return result;
    /* Until its first FRAME a generation has no picture; the last one of the older stays up, but can't be drawn any
     * more. */
    reader->info = (struct oriel_frame_info){0};
    reader->drawn.at = (struct oriel_rect){0};
    reader->buffer.held = false;
    free(reader->kept);
    reader->kept = reader->keeps ? malloc((size_t)m->width * m->height * 4) : NULL;
    if (!make_canvas(&reader->canvas, m->width, m->height) || (reader->keeps && !reader->kept))
        return fail(reader, -EPROTO, "no memory for a picture of %ux%u", m->width, m->height);
    return 0;
}

static void keep(struct oriel_frame_reader *reader, const uint8_t *pixels, const struct oriel_rect *r) {
    const struct oriel_frame_map *m = &reader->map;
    const uint8_t *from = pixels + (size_t)r->y * m->stride + (size_t)r->x * m->pixel;
    uint8_t *to = reader->kept + ((size_t)r->y * m->width + r->x) * 4;
    if (m->format == ORIEL_FORMAT_RGB565)
        RGB565ToARGB(from, (int)m->stride, to, (int)m->width * 4, r->width, r->height);
    else
        CopyPlane(from, (int)m->stride, to, (int)m->width * 4, r->width * 4, r->height);
}

/* Chroma is shared by 2x2 pixels, so a rectangle is widened to even corners first. */
static void convert(struct oriel_frame_reader *reader, const uint8_t *pixels, const struct oriel_rect *r) {
    const struct oriel_frame_map *m = &reader->map;
    const struct oriel_i420 *c = &reader->canvas;
    unsigned left = r->x & ~1u, top = r->y & ~1u;
    unsigned right = (r->x + r->width + 1u) & ~1u, bottom = (r->y + r->height + 1u) & ~1u;
    if (right > m->width)
        right = m->width;
    if (bottom > m->height)
        bottom = m->height;
    /* libyuv names formats by the word, so ARGB is B, G, R, A in memory. It widens RGB565 to that, repeating the upper
     * bits in the lower ones, and converts it likewise. */
    int (*to_i420)(const uint8_t *, int, uint8_t *, int, uint8_t *, int, uint8_t *, int, int, int) =
        m->format == ORIEL_FORMAT_RGB565 ? RGB565ToI420 : ARGBToI420;
    to_i420(pixels + (size_t)top * m->stride + (size_t)left * m->pixel, (int)m->stride,
            c->planes[0] + (size_t)top * (size_t)c->strides[0] + left, c->strides[0],
            c->planes[1] + (size_t)(top / 2) * (size_t)c->strides[1] + left / 2, c->strides[1],
            c->planes[2] + (size_t)(top / 2) * (size_t)c->strides[2] + left / 2, c->strides[2], (int)(right - left),
            (int)(bottom - top));
}

static void add_damage(struct oriel_frame_reader *reader, const struct oriel_rect *r) {
    struct oriel_frame_info *info = &reader->info;
    if (info->damage_count < ORIEL_FRAME_RECTS_MAX)
        info->damage[info->damage_count++] = *r;
    else {
        info->damage[0] = (struct oriel_rect){0, 0, (uint16_t)info->width, (uint16_t)info->height};
        info->damage_count = 1;
    }
}

static int handle_frame(struct oriel_frame_reader *reader) {
    struct oriel_ipc_message *msg = &reader->message;
    const struct oriel_frame_map *m = &reader->map;
    struct oriel_rect rects[ORIEL_FRAME_RECTS_MAX];
    if (!reader->asked)
        return fail(reader, -EPROTO, "capture sent a picture before it was asked to");
    int result = oriel_frame_map_check(m, msg, "capture", rects, reader->error);
    if (result < 0)
        return result;
    size_t count = (size_t)result;
    uint32_t index = (uint32_t)msg->fields[1].number;
    struct oriel_frame_info *info = &reader->info;
    if (info->generation != m->generation) {
        *info = (struct oriel_frame_info){.generation = m->generation, .width = m->width, .height = m->height};
        rects[0] = (struct oriel_rect){0, 0, (uint16_t)m->width, (uint16_t)m->height};
        count = 1;
    }
    for (size_t i = 0; i < count; i++) {
        convert(reader, m->bytes + m->size * index, &rects[i]);
        if (reader->keeps)
            keep(reader, m->bytes + m->size * index, &rects[i]);
        add_damage(reader, &rects[i]);
    }
    info->time = (int64_t)msg->fields[2].number;
    reader->cursor.x = (int32_t)(uint32_t)msg->fields[4].number;
    reader->cursor.y = (int32_t)(uint32_t)msg->fields[5].number;
    reader->cursor.shown = msg->fields[6].number == 1;
    result = oriel_frame_reader_ready(reader); /* an older one, which nobody will ask for any more */
    reader->buffer.held = true;
    reader->buffer.generation = m->generation;
    reader->buffer.index = index;
    return result;
}

int oriel_frame_reader_ready(struct oriel_frame_reader *reader) {
    if (!reader->buffer.held)
        return 0;
    reader->buffer.held = false;
    return sent(reader, oriel_ipc_send(reader->fd, &oriel_media_to_capture, ORIEL_FRAMES_RELEASE,
                                       reader->buffer.generation, reader->buffer.index));
}

static int handle_cursor(struct oriel_frame_reader *reader) {
    struct oriel_ipc_message *msg = &reader->message;
    uint64_t width = msg->fields[0].number, height = msg->fields[1].number;
    if (width > ORIEL_CURSOR_SIDE_MAX || height > ORIEL_CURSOR_SIDE_MAX || msg->fields[2].length != width * height * 4)
        return fail(reader, -EPROTO, "capture sent a cursor of %llux%llu in %zu bytes", (unsigned long long)width,
                    (unsigned long long)height, msg->fields[2].length);
    reader->cursor.width = (unsigned)width;
    reader->cursor.height = (unsigned)height;
    reader->cursor.changed = true;
    memcpy(reader->cursor.pixels, msg->fields[2].bytes, msg->fields[2].length);
    return 0;
}

static int handle_masks(struct oriel_frame_reader *reader) {
    const struct oriel_ipc_message *msg = &reader->message;
    size_t count = msg->fields[0].length / ORIEL_RECT_SIZE;
    if (msg->fields[0].length % ORIEL_RECT_SIZE || count > ORIEL_MASKS_MAX)
        return fail(reader, -EPROTO, "capture sent %zu bytes of masks", msg->fields[0].length);
    oriel_rects_read(msg->fields[0].bytes, count, reader->masks);
    for (size_t i = 0; i < count; i++) {
        const struct oriel_rect *r = &reader->masks[i];
        if (!r->width || !r->height || (unsigned)r->x + r->width > ORIEL_FRAME_SIDE_MAX ||
            (unsigned)r->y + r->height > ORIEL_FRAME_SIDE_MAX)
            return fail(reader, -EPROTO, "capture sent a mask of %ux%u at %u,%u", r->width, r->height, r->x, r->y);
    }
    reader->mask_count = (unsigned)count;
    reader->masks_told++;
    return 0;
}

int oriel_frame_reader_receive(struct oriel_frame_reader *reader) {
    bool news = false;
    for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
        int result = oriel_ipc_receive(reader->fd, &oriel_capture_to_media, &reader->message);
        if (result == -EAGAIN)
            break;
        if (result == 0)
            return fail(reader, -EPIPE, "the capture process ended");
        if (result == -EPROTO)
            return fail(reader, -EPROTO, "capture sent a message that does not exist");
        if (result < 0)
            return fail(reader, -EPROTO, "the frame socket failed: %s", strerror(-result));
        switch (reader->message.type->id) {
        case ORIEL_FRAMES_BUFFERS:
            result = handle_buffers(reader);
            break;
        case ORIEL_FRAMES_FRAME:
            result = handle_frame(reader);
            news = true;
            break;
        case ORIEL_FRAMES_CURSOR:
            result = handle_cursor(reader);
            break;
        case ORIEL_FRAMES_MASKS:
            result = handle_masks(reader);
            break;
        }
        oriel_ipc_message_clear(&reader->message);
        if (result < 0)
            return result;
    }
    return news && reader->info.generation; /* BUFFERS may have come after the FRAME */
}

/* Copies what is clean; to even corners, because chroma is shared. */
static void copy(const struct oriel_frame_reader *reader, const struct oriel_i420 *out, const struct oriel_rect *r) {
    const struct oriel_i420 *c = &reader->canvas;
    unsigned left = r->x & ~1u, top = r->y & ~1u;
    unsigned right = (r->x + r->width + 1u) & ~1u, bottom = (r->y + r->height + 1u) & ~1u;
    if (right > reader->info.width)
        right = reader->info.width;
    if (bottom > reader->info.height)
        bottom = reader->info.height;
    for (int i = 0; i < 3; i++) {
        unsigned shift = i > 0;
        CopyPlane(c->planes[i] + (ptrdiff_t)(top >> shift) * c->strides[i] + (left >> shift), c->strides[i],
                  out->planes[i] + (ptrdiff_t)(top >> shift) * out->strides[i] + (left >> shift), out->strides[i],
                  (int)((right - left + shift) >> shift), (int)((bottom - top + shift) >> shift));
    }
}

static bool meet(const struct oriel_rect *a, const struct oriel_rect *b) {
    return a->x <= b->x + b->width && b->x <= a->x + a->width && a->y <= b->y + b->height && b->y <= a->y + a->height;
}

/* Where the cursor covers the picture. */
static struct oriel_rect cursor_place(const struct oriel_frame_reader *reader) {
    const struct cursor *c = &reader->cursor;
    int64_t left = c->x < 0 ? 0 : c->x, top = c->y < 0 ? 0 : c->y;
    int64_t right = (int64_t)c->x + c->width, bottom = (int64_t)c->y + c->height;
    if (right > reader->info.width)
        right = reader->info.width;
    if (bottom > reader->info.height)
        bottom = reader->info.height;
    if (!c->shown || left >= right || top >= bottom)
        return (struct oriel_rect){0};
    return (struct oriel_rect){(uint16_t)left, (uint16_t)top, (uint16_t)(right - left), (uint16_t)(bottom - top)};
}

unsigned oriel_frame_reader_draw(struct oriel_frame_reader *reader, const struct oriel_i420 *out,
                                 struct oriel_rect damage[ORIEL_FRAME_DAMAGE_MAX]) {
    struct oriel_frame_info *info = &reader->info;
    struct cursor *cursor = &reader->cursor;
    struct oriel_rect before = reader->drawn.at, now = cursor_place(reader);
    bool changed = cursor->changed || memcmp(&before, &now, sizeof now) != 0 || cursor->x != reader->drawn.x ||
                   cursor->y != reader->drawn.y;
    bool touched = changed;
    unsigned count = 0;
    for (; count < info->damage_count; count++) {
        damage[count] = info->damage[count];
        touched = touched || (now.width && meet(&damage[count], &now));
    }
    if (touched && before.width)
        copy(reader, out, &before);
    for (unsigned i = 0; i < count; i++)
        copy(reader, out, &damage[i]);
    if (touched && now.width)
        oriel_cursor_blend(out, info->width, info->height, cursor->pixels, cursor->width, cursor->height, cursor->x,
                           cursor->y);
    if (changed && before.width)
        damage[count++] = before;
    if (changed && now.width)
        damage[count++] = now;
    reader->drawn.at = now;
    reader->drawn.x = cursor->x;
    reader->drawn.y = cursor->y;
    cursor->changed = false;
    info->damage_count = 0;
    return count;
}

void oriel_frame_reader_keep(struct oriel_frame_reader *reader) {
    reader->keeps = true;
}

void oriel_frame_reader_pixels(const struct oriel_frame_reader *reader, const struct oriel_rect *rect, uint8_t *out,
                               size_t stride) {
    const struct cursor *c = &reader->cursor;
    for (unsigned row = 0; row < rect->height; row++) {
        const uint8_t *from = reader->kept + ((size_t)(rect->y + row) * reader->info.width + rect->x) * 4;
        uint8_t *to = out + row * stride;
        unsigned i = 0;
        for (; i + 8 <= rect->width * 4u; i += 8) {
            uint64_t two;
            memcpy(&two, from + i, sizeof two);
            two |= OPAQUE_TWICE;
            memcpy(to + i, &two, sizeof two);
        }
        for (; i < rect->width * 4u; i += 4) {
            memcpy(to + i, from + i, 3);
            to[i + 3] = 255;
        }
    }
    if (c->shown)
        oriel_cursor_blend_pixels(out, stride, rect, c->pixels, c->width, c->height, c->x, c->y);
}
