/* Backend "test": a known picture without any screen, for machines that have none and for tests of media.
 *
 * The picture depends on its number k alone (k counts changes, from 0 at start): eight vertical colour bars, from the
 * left white, yellow, cyan, green, magenta, red, blue, black, each width/8 wide (the last takes the rest); over them
 * along the bottom a barcode of two rows, each 32 high: in the upper one 32 cells of width/32 pixels (even, from x = 0)
 * show the bits of k, the highest first, white for 1 and black for 0; the lower row shows the opposite. Only the cells
 * that change are damage. No cursor.
 *
 * `display` says what is made: "" is 1280x720@30; WIDTHxHEIGHT@N changes N times a second, @0 stands still.
 * Limits: width 64 … 4096, height 64 … 4096, N 0 … 240. Changes that nobody collected in time are counted, not
 * repeated: k follows the clock. */
#include "backend.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { CELLS = 32, ROW_HEIGHT = 32, RATE_MAX = 240 };

struct test {
    struct oriel_backend base;
    unsigned rate;              /* changes a second */
    uint32_t number, collected; /* k now, and at the last collect() */
    struct oriel_ring *ring;
};

static bool parse(const char *text, unsigned *ret_width, unsigned *ret_height, unsigned *ret_rate) {
    int end = 0;
    *ret_width = 1280, *ret_height = 720, *ret_rate = 30;
    if (!*text)
        return true;
    if (strlen(text) > 16 || strspn(text, "0123456789x@") != strlen(text) ||
        sscanf(text, "%4ux%4u@%3u%n", ret_width, ret_height, ret_rate, &end) != 3 || text[end])
        return false;
    return *ret_width >= 64 && *ret_width <= ORIEL_FRAME_SIDE_MAX && *ret_height >= 64 &&
           *ret_height <= ORIEL_FRAME_SIDE_MAX && *ret_rate <= RATE_MAX;
}

static void test_close(struct oriel_backend *backend) {
    if (backend->fd >= 0)
        close(backend->fd);
    free(backend);
}

static struct oriel_backend *test_open(const struct oriel_backend_wish *wish, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    unsigned width, height, rate;
    if (!parse(wish->display, &width, &height, &rate)) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE,
                 "the test pattern can't be '%.40s': [capture] display in oriel.conf is empty or WIDTHxHEIGHT@RATE, "
                 "64x64@0 to %dx%d@%d",
                 wish->display, ORIEL_FRAME_SIDE_MAX, ORIEL_FRAME_SIDE_MAX, RATE_MAX);
        return NULL;
    }
    struct test *test = calloc(1, sizeof *test);
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (!test || fd < 0) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "the test pattern can't be made: %s", strerror(errno));
        free(test);
        return NULL;
    }
    test->base.ops = &oriel_backend_test;
    test->base.fd = fd;
    test->base.width = width;
    test->base.height = height;
    test->base.format = ORIEL_FORMAT_BGRX;
    test->rate = rate;
    snprintf(test->base.about, sizeof test->base.about, "test: a pattern of %ux%u, %u changes a second", width, height,
             rate);
    return &test->base;
}

static int test_attach(struct oriel_backend *backend, struct oriel_ring *ring) {
    ((struct test *)backend)->ring = ring;
    return 0;
}

static void set_timer(struct test *test, unsigned rate) {
    struct itimerspec timer = {0};
    if (rate) {
        timer.it_value.tv_sec = rate == 1;
        timer.it_value.tv_nsec = rate == 1 ? 0 : 1000000000L / rate;
    }
    timer.it_interval = timer.it_value;
    timerfd_settime(test->base.fd, 0, &timer, NULL);
}

static int test_start(struct oriel_backend *backend) {
    struct test *test = (struct test *)backend;
    test->number = test->collected = 0;
    set_timer(test, test->rate);
    return 0;
}

static void test_stop(struct oriel_backend *backend) {
    set_timer((struct test *)backend, 0);
}

static int test_dispatch(struct oriel_backend *backend) {
    struct test *test = (struct test *)backend;
    uint64_t passed;
    if (read(backend->fd, &passed, sizeof passed) != sizeof passed)
        return 0;
    test->number += (uint32_t)passed;
    return ORIEL_EVENT_DAMAGE;
}

static unsigned cell_width(const struct test *test) {
    return test->base.width / CELLS & ~1u;
}

static int test_collect(struct oriel_backend *backend, struct oriel_region *region) {
    struct test *test = (struct test *)backend;
    uint32_t changed = test->number ^ test->collected;
    for (unsigned i = 0; i < CELLS; i++)
        if (changed >> (CELLS - 1 - i) & 1)
            oriel_region_add(region, backend->width, backend->height, (int64_t)i * cell_width(test),
                             backend->height - 2 * ROW_HEIGHT, cell_width(test), 2 * ROW_HEIGHT);
    test->collected = test->number;
    return 0;
}

static uint32_t pixel_at(const struct test *test, unsigned x, unsigned y) {
    static const uint32_t bars[8] = {0xffffff, 0xffff00, 0x00ffff, 0x00ff00, 0xff00ff, 0xff0000, 0x0000ff, 0x000000};
    unsigned cell = x / cell_width(test), from_bottom = test->base.height - 1 - y;
    if (from_bottom < 2 * ROW_HEIGHT && cell < CELLS) {
        bool one = test->collected >> (CELLS - 1 - cell) & 1;
        return one == (from_bottom >= ROW_HEIGHT) ? 0xffffff : 0x000000;
    }
    unsigned bar = x / (test->base.width / 8);
    return bars[bar < 8 ? bar : 7];
}

static int test_grab(struct oriel_backend *backend, unsigned index, const struct oriel_region *region) {
    struct test *test = (struct test *)backend;
    for (unsigned i = 0; i < region->count; i++) {
        struct oriel_rect r = region->rects[i];
        for (unsigned y = r.y; y < (unsigned)r.y + r.height; y++) {
            uint8_t *to = oriel_ring_at(test->ring, index, r.x, y);
            for (unsigned x = r.x; x < (unsigned)r.x + r.width; x++, to += 4) {
                uint32_t pixel = htole32(pixel_at(test, x, y));
                memcpy(to, &pixel, sizeof pixel);
            }
        }
    }
    return 0;
}

const struct oriel_backend_ops oriel_backend_test = {
    .name = "test",
    .open = test_open,
    .attach = test_attach,
    .start = test_start,
    .stop = test_stop,
    .dispatch = test_dispatch,
    .collect = test_collect,
    .grab = test_grab,
    .close = test_close,
};
