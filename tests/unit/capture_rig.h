/* What the tests of capture share: an Xvfb and somebody who draws on it, and core's and media's ends of a capture that
 * runs in a process of its own. */
#ifndef ORIEL_TESTS_CAPTURE_RIG_H
#define ORIEL_TESTS_CAPTURE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/randr.h>
#include <xcb/xcb.h>
#include <xcb/xtest.h>

#include "capture.h"
#include "clock.h"
#include "core_capture.h"
#include "frames.h"
#include "backend.h"

enum { WAIT = 20000, QUIET = 150 }; /* ms: until something must have come; in which nothing may come */

/* --- an X server and somebody who draws on it --- */

struct screen {
    pid_t server;
    char display[16];
    xcb_connection_t *connection;
    xcb_window_t root;
    xcb_gcontext_t gc;
    unsigned width, height;
};

/* Starts an X server that is told to write its display's number to descriptor 4; false: it doesn't start. */
static inline bool screen_launch(struct screen *s, const char *const argv[]) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *s = (struct screen){.server = fork()};
    if (s->server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        dup2(ends[1], 4);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(ends[1]);
    /* The server writes the number and the newline apart, and dies when nobody is there to read the second. */
    struct pollfd ready = {.fd = ends[0], .events = POLLIN};
    char number[8] = "";
    size_t length = 0;
    while (length < sizeof number - 1 && !strchr(number, '\n') && poll(&ready, 1, WAIT) == 1 &&
           read(ends[0], number + length, 1) == 1)
        length++;
    close(ends[0]);
    number[strcspn(number, "\n")] = '\0';
    snprintf(s->display, sizeof s->display, ":%s", number);
    return length > 1;
}

static inline bool screen_start(struct screen *s, const char *size, const char *option, const char *value) {
    const char *const argv[] = {"Xvfb",      "-displayfd", "4",        "-screen", "0",   size,
                                "-nolisten", "tcp",        "-noreset", option,    value, NULL};
    return screen_launch(s, argv);
}

static inline void screen_open(struct screen *s) {
    s->connection = xcb_connect(s->display, NULL);
    assert_int_equal(xcb_connection_has_error(s->connection), 0);
    xcb_screen_t *info = xcb_setup_roots_iterator(xcb_get_setup(s->connection)).data;
    s->root = info->root;
    s->width = info->width_in_pixels;
    s->height = info->height_in_pixels;
    s->gc = xcb_generate_id(s->connection);
    uint32_t inferiors = XCB_SUBWINDOW_MODE_INCLUDE_INFERIORS;
    xcb_create_gc(s->connection, s->gc, s->root, XCB_GC_SUBWINDOW_MODE, &inferiors);
}

static inline void screen_sync(struct screen *s) {
    free(xcb_get_input_focus_reply(s->connection, xcb_get_input_focus(s->connection), NULL));
}

static inline void screen_stop(struct screen *s) {
    if (s->connection)
        xcb_disconnect(s->connection);
    kill(s->server, SIGTERM);
    waitpid(s->server, NULL, 0);
}

static inline void draw(struct screen *s, int x, int y, int width, int height, uint32_t colour) {
    xcb_change_gc(s->connection, s->gc, XCB_GC_FOREGROUND, &colour);
    xcb_rectangle_t r = {(int16_t)x, (int16_t)y, (uint16_t)width, (uint16_t)height};
    xcb_poly_fill_rectangle(s->connection, s->root, s->gc, 1, &r);
    screen_sync(s);
}

static inline xcb_cursor_t make_cursor(struct screen *s, uint8_t width, uint8_t height, uint16_t hot_x, uint16_t hot_y,
                                       bool empty) {
    xcb_connection_t *x = s->connection;
    xcb_pixmap_t bits = xcb_generate_id(x);
    xcb_gcontext_t gc = xcb_generate_id(x);
    xcb_cursor_t cursor = xcb_generate_id(x);
    xcb_create_pixmap(x, 1, bits, s->root, width, height);
    uint32_t on = !empty;
    xcb_create_gc(x, gc, bits, XCB_GC_FOREGROUND, &on);
    xcb_rectangle_t all = {0, 0, width, height};
    xcb_poly_fill_rectangle(x, bits, gc, 1, &all);
    xcb_create_cursor(x, cursor, bits, bits, 0xffff, 0x8080, 0, 0, 0, 0, hot_x, hot_y);
    xcb_free_gc(x, gc);
    xcb_free_pixmap(x, bits);
    return cursor;
}

static inline void set_cursor(struct screen *s, xcb_cursor_t cursor) {
    xcb_change_window_attributes(s->connection, s->root, XCB_CW_CURSOR, &cursor);
    xcb_free_cursor(s->connection, cursor);
    screen_sync(s);
}

static inline void warp(struct screen *s, int16_t x, int16_t y) {
    xcb_warp_pointer(s->connection, XCB_NONE, s->root, 0, 0, 0, 0, x, y);
    screen_sync(s);
}

/* --- core's and media's ends of capture --- */

struct capture {
    pid_t pid;
    int control, frames;
    char text[400]; /* of READY or FAILED */
    uint32_t width, height;
    /* the generation in use */
    uint32_t generation, format, stride, count;
    size_t size;
    int memory;
    const uint8_t *pixels;
    /* the last frame */
    uint32_t frame_generation, index;
    int64_t time;
    unsigned rect_count;
    struct oriel_rect rects[ORIEL_FRAME_RECTS_MAX];
    int32_t cursor_x, cursor_y;
    bool cursor_shown;
    int origin_x, origin_y; /* of the picture on the screen that it is compared with */
    unsigned place[4];      /* of the picture on the screen, as capture said last */
    /* the last masks */
    unsigned masks_messages, mask_count;
    struct oriel_rect masks[ORIEL_MASKS_MAX];
    /* the last cursor */
    unsigned cursors;
    uint32_t cursor_width, cursor_height;
    uint8_t cursor[ORIEL_CURSOR_SIDE_MAX * ORIEL_CURSOR_SIDE_MAX * 4];
};

static struct oriel_ipc_message message;

static inline void launch(struct capture *c) {
    int control[2];
    assert_int_equal(oriel_ipc_pair(control), 0);
    *c = (struct capture){.control = control[0], .frames = -1, .memory = -1, .pid = fork()};
    if (c->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(control[0]);
        if (!getenv("ORIEL_DEBUG")) {
            int null = open("/dev/null", O_RDWR);
            dup2(null, 2);
        }
        _exit(oriel_capture_run(control[1], ORIEL_PROCESS_CAPTURE));
    }
    close(control[1]);
}

static inline bool wait_readable(int fd, int ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) == 1;
}

/* What capture is started with; NULL is "". */
struct wish {
    const char *backend, *display, *xauthority, *monitor, *device;
    uint32_t rate;
    const struct oriel_rect *masks;
    unsigned mask_count;
    int pusher; /* the HMI's socket; 0: none */
};

static inline const char *text_of(const char *text) {
    return text ? text : "";
}

/* The first `of_picture` of them in its pixels, the others in those of the X screen. */
static inline void send_masks_of(struct capture *c, const struct oriel_rect *masks, unsigned count,
                                 unsigned of_picture) {
    uint8_t bytes[(ORIEL_MASKS_MAX + 1) * ORIEL_RECT_SIZE];
    oriel_rects_write(masks, count, bytes);
    assert_int_equal(oriel_ipc_send(c->control, &oriel_core_to_capture, ORIEL_CAPTURE_MASKS, (const void *)bytes,
                                    (size_t)count * ORIEL_RECT_SIZE, of_picture),
                     0);
}

static inline void send_masks(struct capture *c, const struct oriel_rect *masks, unsigned count) {
    send_masks_of(c, masks, count, count);
}

/* The next message to core; where the picture lies is kept, and is none here. */
static inline void expect_said(struct capture *c) {
    do {
        assert_true(wait_readable(c->control, 2 * WAIT));
        assert_int_equal(oriel_ipc_receive(c->control, &oriel_capture_to_core, &message), 1);
        for (unsigned i = 0; message.type->id == ORIEL_CAPTURE_PLACE && i < 4; i++)
            c->place[i] = (unsigned)message.fields[i].number;
    } while (message.type->id == ORIEL_CAPTURE_PLACE);
}

/* START to READY (1) or FAILED (2), whose text is kept. */
static inline int start_with(struct capture *c, const struct wish *wish) {
    launch(c);
    if (wish->mask_count)
        send_masks(c, wish->masks, wish->mask_count);
    if (wish->pusher)
        assert_int_equal(oriel_ipc_send(c->control, &oriel_core_to_capture, ORIEL_CAPTURE_PUSHER, wish->pusher), 0);
    int frames[2];
    assert_int_equal(oriel_ipc_pair(frames), 0);
    c->frames = frames[0];
    assert_int_equal(oriel_ipc_send(c->control, &oriel_core_to_capture, ORIEL_CAPTURE_START, text_of(wish->backend),
                                    text_of(wish->display), text_of(wish->xauthority), text_of(wish->monitor),
                                    text_of(wish->device), wish->rate, frames[1]),
                     0);
    close(frames[1]);
    expect_said(c);
    snprintf(c->text, sizeof c->text, "%s", message.fields[0].bytes);
    if (message.type->id == ORIEL_CAPTURE_READY) {
        c->width = (uint32_t)message.fields[1].number;
        c->height = (uint32_t)message.fields[2].number;
    }
    return message.type->id;
}

static inline int start(struct capture *c, const char *backend, const char *display, const char *xauthority,
                        uint32_t rate) {
    return start_with(c,
                      &(struct wish){.backend = backend, .display = display, .xauthority = xauthority, .rate = rate});
}

static inline void take_buffers(struct capture *c) {
    if (c->pixels)
        munmap((void *)c->pixels, c->size * c->count);
    if (c->memory >= 0)
        close(c->memory);
    c->memory = oriel_ipc_take_fd(&message, 0);
    assert_int_equal(message.fields[0].number, c->generation + 1);
    c->generation = (uint32_t)message.fields[0].number;
    c->format = (uint32_t)message.fields[1].number;
    unsigned pixel = c->format == ORIEL_FORMAT_RGB565 ? 2 : 4;
    assert_true(c->format == ORIEL_FORMAT_BGRX || c->format == ORIEL_FORMAT_RGB565);
    c->width = (uint32_t)message.fields[2].number;
    c->height = (uint32_t)message.fields[3].number;
    c->stride = (uint32_t)message.fields[4].number;
    c->count = (uint32_t)message.fields[5].number;
    c->size = (size_t)message.fields[6].number;
    assert_true(c->stride >= c->width * pixel && c->stride % 64 == 0 && c->size >= (size_t)c->stride * c->height);
    assert_true(fcntl(c->memory, F_GET_SEALS) & F_SEAL_SHRINK);
    assert_int_equal(lseek(c->memory, 0, SEEK_END), c->size * c->count);
    c->pixels = mmap(NULL, c->size * c->count, PROT_READ, MAP_SHARED, c->memory, 0);
    assert_ptr_not_equal(c->pixels, MAP_FAILED);
}

static inline void take_frame(struct capture *c) {
    c->frame_generation = (uint32_t)message.fields[0].number;
    c->index = (uint32_t)message.fields[1].number;
    c->time = (int64_t)message.fields[2].number;
    c->rect_count = (unsigned)message.fields[3].length / 8;
    assert_true(message.fields[3].length % ORIEL_RECT_SIZE == 0 && c->rect_count <= ORIEL_FRAME_RECTS_MAX);
    oriel_rects_read(message.fields[3].bytes, c->rect_count, c->rects);
    c->cursor_x = (int32_t)message.fields[4].number;
    c->cursor_y = (int32_t)message.fields[5].number;
    c->cursor_shown = message.fields[6].number;
    assert_true(c->index < c->count);
    assert_true(c->time > 0 && c->time <= oriel_monotonic());
}

/* The next message from capture to media; 0: none within `ms`. */
static inline int next(struct capture *c, int ms) {
    if (!wait_readable(c->frames, ms))
        return 0;
    assert_int_equal(oriel_ipc_receive(c->frames, &oriel_capture_to_media, &message), 1);
    int type = message.type->id;
    if (type == ORIEL_FRAMES_BUFFERS)
        take_buffers(c);
    else if (type == ORIEL_FRAMES_FRAME)
        take_frame(c);
    else if (type == ORIEL_FRAMES_MASKS) {
        c->masks_messages++;
        c->mask_count = (unsigned)message.fields[0].length / ORIEL_RECT_SIZE;
        assert_true(c->mask_count <= ORIEL_MASKS_MAX);
        oriel_rects_read(message.fields[0].bytes, c->mask_count, c->masks);
    } else {
        c->cursors++;
        c->cursor_width = (uint32_t)message.fields[0].number;
        c->cursor_height = (uint32_t)message.fields[1].number;
        assert_int_equal(message.fields[2].length, c->cursor_width * c->cursor_height * 4);
        memcpy(c->cursor, message.fields[2].bytes, message.fields[2].length);
    }
    oriel_ipc_message_clear(&message);
    return type;
}

/* The next FRAME, past others. */
static inline bool next_frame(struct capture *c, int ms) {
    int type;
    while ((type = next(c, ms)) && type != ORIEL_FRAMES_FRAME)
        ;
    return type != 0;
}

static inline void run(struct capture *c, uint32_t rate) {
    assert_int_equal(oriel_ipc_send(c->frames, &oriel_media_to_capture, ORIEL_FRAMES_RUN, rate), 0);
}

static inline void release(struct capture *c, uint32_t generation, uint32_t index) {
    assert_int_equal(oriel_ipc_send(c->frames, &oriel_media_to_capture, ORIEL_FRAMES_RELEASE, generation, index), 0);
}

static inline void expect_all_damaged(const struct capture *c) {
    assert_int_equal(c->rect_count, 1);
    assert_memory_equal(&c->rects[0], (&(struct oriel_rect){0, 0, (uint16_t)c->width, (uint16_t)c->height}), 8);
}

/* READY, BUFFERS, RUN, and the first frame, which is released. */
static inline void begin_with(struct capture *c, const struct wish *wish, uint32_t rate) {
    if (start_with(c, wish) != ORIEL_CAPTURE_READY)
        fail_msg("%s", c->text);
    assert_int_equal(next(c, WAIT), ORIEL_FRAMES_BUFFERS);
    run(c, rate);
    assert_true(next_frame(c, WAIT));
    expect_all_damaged(c);
    release(c, c->generation, c->index);
}

static inline void begin(struct capture *c, const char *display, uint32_t rate) {
    begin_with(c, &(struct wish){.backend = "x11", .display = display, .rate = 60}, rate);
}

/* Nothing more comes: what was still on its way (a look at the pointer) is past. */
static inline void settle(struct capture *c) {
    while (next_frame(c, QUIET))
        release(c, c->frame_generation, c->index);
}

static inline int ended(struct capture *c) {
    int status = 0;
    for (int i = 0; i < WAIT / 10; i++) {
        if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
            c->pid = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        usleep(10000);
    }
    return -1;
}

/* Ends it as core's exit would, and wants it to go by itself. */
static inline void end(struct capture *c) {
    close(c->control);
    assert_int_equal(ended(c), 0);
    close(c->frames);
    if (c->pixels)
        munmap((void *)c->pixels, c->size * c->count);
    if (c->memory >= 0)
        close(c->memory);
}

/* How often it has gone to sleep, that is, was woken. */
static inline unsigned long wake_ups(const struct capture *c) {
    char path[64], line[128];
    unsigned long count = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)c->pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) && sscanf(line, "voluntary_ctxt_switches: %lu", &count) != 1)
        ;
    fclose(file);
    return count;
}

static inline bool is_masked(const struct capture *c, unsigned x, unsigned y) {
    for (unsigned i = 0; i < c->mask_count; i++) {
        const struct oriel_rect *m = &c->masks[i];
        if (x >= m->x && y >= m->y && x < (unsigned)m->x + m->width && y < (unsigned)m->y + m->height)
            return true;
    }
    return false;
}

/* Whether every pixel of buffer `index` is the screen's, or a mask's; where not, `ret_where` says. */
static inline bool shows_screen(const struct capture *c, struct screen *s, unsigned index, char ret_where[64]) {
    static const uint8_t grey[] = {0x42, 0x41, 0x42};
    xcb_get_image_cookie_t cookie =
        xcb_get_image(s->connection, XCB_IMAGE_FORMAT_Z_PIXMAP, s->root, (int16_t)c->origin_x, (int16_t)c->origin_y,
                      (uint16_t)c->width, (uint16_t)c->height, UINT32_MAX);
    xcb_get_image_reply_t *image = xcb_get_image_reply(s->connection, cookie, NULL);
    assert_non_null(image);
    bool same = true;
    const uint8_t *pixel = xcb_get_image_data(image);
    for (unsigned y = 0; y < c->height && same; y++)
        for (unsigned x = 0; x < c->width && same; x++, pixel += 4) {
            const uint8_t *wanted = is_masked(c, x, y) ? grey : pixel;
            const uint8_t *got = c->pixels + index * c->size + (size_t)y * c->stride + (size_t)x * 4;
            same = memcmp(got, wanted, 3) == 0;
            if (!same)
                snprintf(ret_where, 64, "pixel %u,%u is %02x%02x%02x, not %02x%02x%02x", x, y, got[2], got[1], got[0],
                         wanted[2], wanted[1], wanted[0]);
        }
    free(image);
    return same;
}

static inline void expect_screen(const struct capture *c, struct screen *s, unsigned index) {
    char where[64];
    if (!shows_screen(c, s, index, where))
        fail_msg("%s", where);
}

/* Nothing more comes, and what came is the screen, of that size (0: of any). A busy machine may be silent before. */
static inline void settle_on(struct capture *c, struct screen *s, unsigned width, unsigned height) {
    char where[64];
    int64_t until = oriel_monotonic() + WAIT * ORIEL_MILLISECOND;
    while ((width && (c->width != width || c->height != height)) || !shows_screen(c, s, c->index, where)) {
        if (oriel_monotonic() > until)
            break;
        if (next_frame(c, QUIET))
            release(c, c->frame_generation, c->index);
    }
    settle(c);
    if (width) {
        assert_int_equal(c->width, width);
        assert_int_equal(c->height, height);
    }
    expect_screen(c, s, c->index);
}

static struct screen shared; /* of the tests that don't harm it */

/* False: said why the tests are skipped. */
static inline bool begin_shared(void) {
    unsetenv("DISPLAY");
    unsetenv("XAUTHORITY");
    bool good = screen_start(&shared, "1280x720x24", "-extension", "DOUBLE-BUFFER");
    if (good)
        screen_open(&shared);
    else
        puts("skipped: Xvfb, on which these tests draw, can't be started: is the package xvfb installed?");
    return good;
}

#endif
