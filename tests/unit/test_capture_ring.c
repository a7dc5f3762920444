/* capture: regions never lose a pixel, the ring gives a buffer to media once and takes back only what media has, and
 * the memory that media gets can't be shrunk or written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"
#include "region.h"
#include "ring.h"

static void check_rects(const struct oriel_region *region, unsigned width, unsigned height) {
    assert_true(region->count <= ORIEL_FRAME_RECTS_MAX);
    for (unsigned i = 0; i < region->count; i++) {
        struct oriel_rect r = region->rects[i];
        assert_true(r.width > 0 && r.height > 0 && r.x + r.width <= width && r.y + r.height <= height);
        assert_true(r.x % 2 == 0 && r.y % 2 == 0);
        assert_true((r.x + r.width) % 2 == 0 || r.x + r.width == (int)width);
        assert_true((r.y + r.height) % 2 == 0 || r.y + r.height == (int)height);
    }
}

static bool covered(const struct oriel_region *region, int x, int y) {
    for (unsigned i = 0; i < region->count; i++) {
        struct oriel_rect r = region->rects[i];
        if (x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height)
            return true;
    }
    return false;
}

static void test_region_aligns_and_clips(void **state) {
    struct oriel_region region = {0};
    oriel_region_add(&region, 101, 51, 3, 5, 4, 2);
    assert_int_equal(region.count, 1);
    assert_memory_equal(&region.rects[0], (&(struct oriel_rect){2, 4, 6, 4}), sizeof(struct oriel_rect));
    region.count = 0;
    oriel_region_add(&region, 101, 51, -7, -9, 1000, 1000);
    assert_memory_equal(&region.rects[0], (&(struct oriel_rect){0, 0, 101, 51}), sizeof(struct oriel_rect));
    region.count = 0;
    oriel_region_add(&region, 101, 51, 100, 50, 1, 1);
    assert_memory_equal(&region.rects[0], (&(struct oriel_rect){100, 50, 1, 1}), sizeof(struct oriel_rect));
    region.count = 0;
    oriel_region_add(&region, 101, 51, 101, 0, 5, 5);
    oriel_region_add(&region, 101, 51, 0, -5, 5, 5);
    oriel_region_add(&region, 101, 51, 10, 10, 0, 5);
    oriel_region_add(&region, 101, 51, 10, 10, 5, -3);
    assert_int_equal(region.count, 0);
    assert_int_equal(oriel_region_bounds(&region).width, 0);
}

static void test_region_joins(void **state) {
    struct oriel_region region = {0};
    oriel_region_add(&region, 1280, 720, 0, 0, 100, 20);
    oriel_region_add(&region, 1280, 720, 0, 20, 100, 20); /* the next line of text */
    assert_int_equal(region.count, 1);
    assert_int_equal(oriel_region_area(&region), 100 * 40);
    oriel_region_add(&region, 1280, 720, 1000, 600, 100, 20); /* far away */
    assert_int_equal(region.count, 2);
    oriel_region_add(&region, 1280, 720, 1010, 604, 20, 4); /* inside */
    assert_int_equal(region.count, 2);
    oriel_region_add(&region, 1280, 720, 0, 0, 1280, 720);
    assert_int_equal(region.count, 1);
    assert_int_equal(oriel_region_area(&region), 1280 * 720);
}

static void test_region_covers_all_that_was_added(void **state) {
    static bool wanted[300][401];
    for (unsigned seed = 1; seed <= 60; seed++) {
        srand(seed);
        struct oriel_region region = {0}, joined = {0};
        memset(wanted, 0, sizeof wanted);
        unsigned side = seed % 3 ? 8 : 90;
        for (unsigned i = 0; i < 40 * (seed % 10); i++) {
            int x = rand() % 401, y = rand() % 300, w = rand() % (int)side, h = rand() % (int)side;
            oriel_region_add(&region, 401, 300, x, y, w, h);
            check_rects(&region, 401, 300);
            for (int j = y; j < y + h && j < 300; j++)
                for (int k = x; k < x + w && k < 401; k++)
                    wanted[j][k] = true;
        }
        oriel_region_join(&joined, &region);
        oriel_region_join(&joined, &region);
        check_rects(&joined, 401, 300);
        for (int y = 0; y < 300; y++)
            for (int x = 0; x < 401; x++)
                if (wanted[y][x]) {
                    assert_true(covered(&region, x, y));
                    assert_true(covered(&joined, x, y));
                }
    }
}

static void test_ring_shape(void **state) {
    struct oriel_ring *ring = NULL;
    assert_int_equal(oriel_ring_new(ORIEL_FORMAT_BGRX, 15, 100, 1, &ring), -ERANGE);
    assert_int_equal(oriel_ring_new(ORIEL_FORMAT_BGRX, 100, 4097, 1, &ring), -ERANGE);
    assert_null(ring);
    assert_int_equal(oriel_ring_new(ORIEL_FORMAT_BGRX, 1366, 767, 3, &ring), 0);
    assert_int_equal(ring->stride % 64, 0);
    assert_true(ring->stride >= 1366 * 4 && ring->stride < 1366 * 4 + 64);
    assert_true(ring->size >= (size_t)ring->stride * 767);
    assert_int_equal(ring->size % 4096, 0);
    memset(ring->pixels + 2 * ring->size, 1, ring->size); /* all of it is there */
    oriel_ring_free(ring);
    oriel_ring_free(NULL);
}

static void test_ring_is_sealed(void **state) {
    struct oriel_ring *ring;
    assert_int_equal(oriel_ring_new(ORIEL_FORMAT_BGRX, 64, 64, 1, &ring), 0);
    assert_int_equal(fcntl(ring->fd, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW), F_SEAL_SHRINK | F_SEAL_GROW);
    off_t size = lseek(ring->fd, 0, SEEK_END);
    assert_int_equal(size, ring->size * ORIEL_RING_BUFFERS);
    assert_int_equal(ftruncate(ring->fd, 0), -1);
    assert_int_equal(ftruncate(ring->fd, size * 2), -1);
    assert_int_equal(oriel_ring_seal(ring), 0);
    /* A reader can map it, a writer no more; our own mapping goes on. */
    void *reading = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, ring->fd, 0);
    assert_ptr_not_equal(reading, MAP_FAILED);
    assert_ptr_equal(mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0), MAP_FAILED);
    assert_int_equal(write(ring->fd, "x", 1), -1);
    assert_int_equal(fcntl(ring->fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    ring->pixels[7] = 42;
    assert_int_equal(((uint8_t *)reading)[7], 42);
    munmap(reading, (size_t)size);
    oriel_ring_free(ring);
}

static void test_ring_buffers_go_and_come(void **state) {
    struct oriel_ring *ring;
    assert_int_equal(oriel_ring_new(ORIEL_FORMAT_BGRX, 64, 64, 5, &ring), 0);
    for (unsigned i = 0; i < ORIEL_RING_BUFFERS; i++) {
        int index = oriel_ring_next(ring);
        assert_true(index >= 0);
        assert_int_equal(oriel_ring_next(ring), index); /* free until it was sent */
        oriel_ring_sent(ring, (unsigned)index);
    }
    assert_int_equal(oriel_ring_next(ring), -1);
    assert_int_equal(oriel_ring_release(ring, 5, 1), 0);
    assert_int_equal(oriel_ring_next(ring), 1);
    assert_int_equal(oriel_ring_release(ring, 5, 1), -EPROTO); /* twice */
    assert_int_equal(oriel_ring_release(ring, 5, 3), -EPROTO);
    assert_int_equal(oriel_ring_release(ring, 5, UINT32_MAX), -EPROTO);
    assert_int_equal(oriel_ring_release(ring, 4, 2), -ESTALE); /* an older generation */
    assert_int_equal(oriel_ring_release(ring, 4, UINT32_MAX), -ESTALE);
    assert_int_equal(oriel_ring_release(ring, 0, 2), -EPROTO);
    assert_int_equal(oriel_ring_release(ring, 6, 2), -EPROTO);
    assert_true(ring->buffers[2].with_media);
    oriel_ring_free(ring);
}

static void test_ring_each_buffer_misses_its_own(void **state) {
    struct oriel_ring *ring;
    struct oriel_region change = {0};
    assert_int_equal(oriel_ring_new(ORIEL_FORMAT_BGRX, 640, 480, 1, &ring), 0);
    for (unsigned i = 0; i < ORIEL_RING_BUFFERS; i++)
        assert_int_equal(oriel_region_area(&ring->buffers[i].stale), 640 * 480);
    oriel_ring_sent(ring, 0);
    assert_int_equal(ring->buffers[0].stale.count, 0);
    oriel_region_add(&change, 640, 480, 100, 100, 10, 10);
    oriel_ring_damage(ring, &change); /* while media has it */
    assert_int_equal(oriel_region_area(&ring->buffers[0].stale), 100);
    assert_int_equal(oriel_region_area(&ring->buffers[1].stale), 640 * 480);
    oriel_ring_sent(ring, 1);
    assert_int_equal(oriel_ring_release(ring, 1, 0), 0);
    assert_int_equal(oriel_ring_next(ring), 0); /* misses less than the untouched one */
    assert_int_equal(oriel_ring_release(ring, 1, 1), 0);
    assert_int_equal(oriel_ring_next(ring), 1); /* misses nothing */
    oriel_ring_damage_all(ring);
    assert_int_equal(oriel_region_area(&ring->buffers[0].stale), 640 * 480);
    oriel_ring_free(ring);
}

static uint32_t barcode(const struct oriel_ring *ring, unsigned index, unsigned row) {
    unsigned cell = ring->width / 32 & ~1u;
    uint32_t bits = 0;
    for (unsigned i = 0; i < 32; i++) {
        const uint8_t *pixel = ring->pixels + index * ring->size +
                               (size_t)(ring->height - 48 + row * 32) * ring->stride +
                               (size_t)(i * cell + cell / 2) * 4;
        bits = bits << 1 | (pixel[0] == 255 && pixel[1] == 255 && pixel[2] == 255);
    }
    return bits;
}

static struct oriel_backend *open_backend(const char *name, const char *display, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    return oriel_backend_open(name, &(struct oriel_backend_wish){display, "", "", ""}, error);
}

static void test_pattern(void **state) {
    char error[ORIEL_BACKEND_ERROR_SIZE];
    static const char *const wrong[] = {"1280x720",  "63x64@1",    "64x64@241", "1x@",
                                        "64x64@30 ", "99999x64@1", "-1x64@1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        error[0] = '\0';
        assert_null(open_backend("test", wrong[i], error));
        assert_non_null(strstr(error, "WIDTHxHEIGHT@RATE"));
    }
    assert_null(open_backend("wayland", "", error));
    assert_non_null(strstr(error, "auto, x11, fbdev, hmi or test"));

    struct oriel_backend *b = open_backend("test", "322x130@200", error);
    assert_non_null(b);
    struct oriel_ring *ring;
    struct oriel_region all = {0}, change = {0};
    assert_int_equal(oriel_ring_new(ORIEL_FORMAT_BGRX, b->width, b->height, 1, &ring), 0);
    assert_int_equal(b->ops->attach(b, ring), 0);
    assert_int_equal(b->ops->start(b), 0);
    oriel_region_add(&all, 322, 130, 0, 0, 322, 130);
    assert_int_equal(b->ops->grab(b, 0, &all), 0);
    static const uint8_t white[3] = {255, 255, 255}, yellow[3] = {0, 255, 255}, red[3] = {0, 0, 255};
    assert_memory_equal(ring->pixels, white, 3);
    assert_memory_equal(ring->pixels + 41 * 4, yellow, 3);
    assert_memory_equal(ring->pixels + 5 * 41 * 4, red, 3);
    assert_int_equal(barcode(ring, 0, 0), 0);
    assert_int_equal(barcode(ring, 0, 1), UINT32_MAX);
    usleep(60000);
    assert_int_equal(b->ops->dispatch(b), ORIEL_EVENT_DAMAGE);
    assert_int_equal(b->ops->collect(b, &change), 0);
    assert_true(change.count > 0 && oriel_region_area(&change) < 322 * 64);
    assert_int_equal(b->ops->grab(b, 0, &change), 0);
    uint32_t number = barcode(ring, 0, 0);
    assert_true(number >= 10 && number < 1000);
    assert_int_equal(barcode(ring, 0, 1), ~number);
    /* What was fetched piece by piece is what the whole picture would be. */
    assert_int_equal(b->ops->grab(b, 1, &all), 0);
    assert_memory_equal(ring->pixels, ring->pixels + ring->size, (size_t)ring->stride * ring->height);
    b->ops->stop(b);
    b->ops->dispatch(b);
    usleep(20000);
    assert_int_equal(b->ops->dispatch(b), 0);
    b->ops->close(b);
    oriel_ring_free(ring);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_region_aligns_and_clips),
        cmocka_unit_test(test_region_joins),
        cmocka_unit_test(test_region_covers_all_that_was_added),
        cmocka_unit_test(test_ring_shape),
        cmocka_unit_test(test_ring_is_sealed),
        cmocka_unit_test(test_ring_buffers_go_and_come),
        cmocka_unit_test(test_ring_each_buffer_misses_its_own),
        cmocka_unit_test(test_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
