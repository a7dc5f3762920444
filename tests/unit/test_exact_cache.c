/* pipelines/exact/cache: names, and that both sides hold the same by the slots alone. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cache.h"

static struct oriel_cache c;

static int start(void **state) {
    return oriel_cache_start(&c) ? 0 : -1;
}

/* The name of the n-th image of a test. */
static const uint8_t *name(uint32_t n) {
    static uint8_t out[ORIEL_EXACT_NAME];
    memset(out, 0, sizeof out);
    memcpy(out, &n, sizeof n);
    return out;
}

/* The n-th image of a test, of which only the name counts. */
static const struct oriel_cache_image *image(uint32_t n) {
    static struct oriel_cache_image out;
    memset(&out, 0, sizeof out);
    memcpy(out.name, name(n), sizeof out.name);
    return &out;
}

static void test_names(void **state) {
    static uint8_t pixels[64 * 64 * 4];
    struct oriel_cache_image one, other;
    assert_true(oriel_cache_name(c.key, pixels, 64, 64, &one));
    assert_true(oriel_cache_name(c.key, pixels, 64, 64, &other));
    assert_memory_equal(one.name, other.name, sizeof one.name);
    assert_true(oriel_cache_name(c.key, pixels, 32, 128, &other)); /* the same bytes in another shape */
    assert_memory_not_equal(one.name, other.name, sizeof one.name);
    pixels[sizeof pixels - 1] = 1;
    assert_true(oriel_cache_name(c.key, pixels, 64, 64, &other));
    assert_memory_not_equal(one.name, other.name, sizeof one.name);
    pixels[sizeof pixels - 1] = 0;
    assert_true(oriel_cache_start(&c)); /* another page, another key: its names tell nothing about the first's */
    assert_true(oriel_cache_name(c.key, pixels, 64, 64, &other));
    assert_memory_not_equal(one.name, other.name, sizeof one.name);
    assert_false(oriel_cache_name(c.key, pixels, 257, 1, &other));
}

static void change(uint8_t *pixels, unsigned x, unsigned y) {
    pixels[(y * 256 + x) * 4]++;
}

/* An image that differs in a few cells is made of those and of parts of one that the page has: each cell once, and the
 * same ones in large pieces. */
static void test_what_is_like_another_is_made_of_it(void **state) {
    static uint8_t pixels[256 * 208 * 4];
    struct oriel_cache_image first, second;
    struct oriel_cache_part parts[ORIEL_CACHE_CELLS];
    uint16_t slot, found;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i / 1000);
    assert_true(oriel_cache_name(c.key, pixels, 256, 208, &first));
    slot = oriel_cache_place(&c, &first, 1000);
    change(pixels, 64, 63);   /* the second cell of the first row, */
    change(pixels, 255, 207); /* the last of the last, which is 16 high */
    assert_true(oriel_cache_name(c.key, pixels, 256, 208, &second));
    assert_int_equal(oriel_cache_parts(&c, &second, &found, parts), 0); /* the page has not got it yet */
    oriel_cache_set(&c, slot, first.name, true);
    size_t count = oriel_cache_parts(&c, &second, &found, parts);
    static const struct oriel_cache_part wanted[] = {{{0, 0, 64, 208}, true},    {{64, 0, 64, 64}, false},
                                                     {{128, 0, 128, 192}, true}, {{64, 64, 64, 144}, true},
                                                     {{128, 192, 64, 16}, true}, {{192, 192, 64, 16}, false}};
    assert_int_equal(found, slot);
    assert_int_equal(count, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < count; i++) {
        assert_memory_equal(&parts[i].rect, &wanted[i].rect, sizeof wanted[i].rect);
        assert_int_equal(parts[i].same, wanted[i].same);
    }
    for (unsigned cell = 0; cell < 8; cell++) /* more than half of it is another */
        change(pixels, cell % 4 * 64, cell / 4 * 64);
    assert_true(oriel_cache_name(c.key, pixels, 256, 208, &second));
    assert_int_equal(oriel_cache_parts(&c, &second, &found, parts), 0);
    assert_int_equal(found, ORIEL_EXACT_NO_SLOT);
}

static void test_only_what_the_page_has_is_found(void **state) {
    assert_int_equal(oriel_cache_find(&c, name(1)), ORIEL_EXACT_NO_SLOT);
    uint16_t slot = oriel_cache_place(&c, image(1), 1000);
    assert_int_not_equal(slot, ORIEL_EXACT_NO_SLOT);
    assert_int_equal(oriel_cache_find(&c, name(1)), ORIEL_EXACT_NO_SLOT);
    assert_int_equal(oriel_cache_place(&c, image(1), 1000), slot);
    oriel_cache_set(&c, slot, name(2), true); /* of something older */
    assert_int_equal(oriel_cache_find(&c, name(1)), ORIEL_EXACT_NO_SLOT);
    oriel_cache_set(&c, slot, name(1), true);
    assert_int_equal(oriel_cache_find(&c, name(1)), slot);
    oriel_cache_set(&c, slot, name(1), false);
    assert_int_equal(oriel_cache_find(&c, name(1)), ORIEL_EXACT_NO_SLOT);
    oriel_cache_set(&c, ORIEL_EXACT_NO_SLOT, name(1), true);
}

/* A page that does nothing but replace what is in a slot never holds more than is agreed. */
static void test_the_page_holds_no_more_than_agreed(void **state) {
    static size_t page[ORIEL_CACHE_SLOTS];
    size_t total = 0;
    unsigned kept = 0;
    srand(3);
    for (uint32_t i = 1; i < 20000; i++) {
        size_t length = 200 + (size_t)rand() % 60000;
        uint16_t slot = oriel_cache_place(&c, image(i), length);
        if (slot == ORIEL_EXACT_NO_SLOT)
            continue;
        kept++;
        total += length - page[slot];
        page[slot] = length;
        oriel_cache_set(&c, slot, name(i), true);
        assert_int_equal(total, c.bytes);
        assert_true(total <= ORIEL_CACHE_BYTES);
        assert_int_equal(oriel_cache_find(&c, name(i)), slot);
    }
    assert_true(kept > 19000 && total > ORIEL_CACHE_BYTES / 10 * 9);
    assert_int_equal(oriel_cache_place(&c, image(1), ORIEL_CACHE_BYTES + 1), ORIEL_EXACT_NO_SLOT);
}

static void test_what_is_used_stays(void **state) {
    uint16_t mine = oriel_cache_place(&c, image(0xffffffff), 20000);
    oriel_cache_set(&c, mine, name(0xffffffff), true);
    for (uint32_t i = 1; i < 5000; i++) {
        oriel_cache_place(&c, image(i), 20000);
        assert_int_equal(oriel_cache_find(&c, name(0xffffffff)), mine);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_names, start),
        cmocka_unit_test_setup(test_what_is_like_another_is_made_of_it, start),
        cmocka_unit_test_setup(test_only_what_the_page_has_is_found, start),
        cmocka_unit_test_setup(test_the_page_holds_no_more_than_agreed, start),
        cmocka_unit_test_setup(test_what_is_used_stays, start),
    };
    return cmocka_run_group_tests_name("exact cache", tests, NULL, NULL);
}
