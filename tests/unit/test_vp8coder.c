/* pipelines/vp8coder, frame by frame beside libvpx's decoder: what is decoded is what the encoder believes, and what
 * did not change stays as it was. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

#include "clock.h"
#include "vp8coder.h"

enum { TARGET = 4 };

struct rig {
    unsigned width, height;
    struct oriel_vp8 *vp8;
    vpx_codec_ctx_t decoder;
    struct oriel_i420 picture;
    uint8_t *shown; /* the decoder's picture, three planes without padding */
    size_t size;
    int64_t now;
    struct oriel_vp8_packet packet;
};

static unsigned plane_width(const struct rig *rig, int plane) {
    return plane ? (rig->width + 1) / 2 : rig->width;
}

static unsigned plane_height(const struct rig *rig, int plane) {
    return plane ? (rig->height + 1) / 2 : rig->height;
}

static struct oriel_vp8_settings settings(void) {
    return (struct oriel_vp8_settings){
        .sharpen = {.kbits = 4000, .burst = 600, .fps = 30, .target_quantizer = TARGET, .max_quantizer = 56},
        .speed = -6,
        .threads = 1};
}

static void open_with(struct rig *rig, unsigned width, unsigned height, struct oriel_vp8_settings set) {
    char error[ORIEL_VP8_ERROR_SIZE];
    *rig = (struct rig){.width = width, .height = height, .now = 50 * ORIEL_SECOND};
    rig->vp8 = oriel_vp8_new(width, height, &set, rig->now, error);
    if (!rig->vp8)
        fail_msg("%s", error);
    assert_int_equal(vpx_codec_dec_init(&rig->decoder, vpx_codec_vp8_dx(), NULL, 0), 0);
    size_t offset = 0;
    for (int i = 0; i < 3; i++)
        rig->size += (size_t)plane_width(rig, i) * plane_height(rig, i);
    uint8_t *bytes = malloc(rig->size);
    rig->shown = calloc(1, rig->size);
    assert_true(bytes && rig->shown);
    for (int i = 0; i < 3; i++) {
        rig->picture.planes[i] = bytes + offset;
        rig->picture.strides[i] = (int)plane_width(rig, i);
        offset += (size_t)plane_width(rig, i) * plane_height(rig, i);
    }
    memset(bytes, 128, rig->size);
}

static void open_rig(struct rig *rig, unsigned width, unsigned height) {
    open_with(rig, width, height, settings());
}

static void close_rig(struct rig *rig) {
    oriel_vp8_free(rig->vp8);
    vpx_codec_destroy(&rig->decoder);
    free(rig->picture.planes[0]);
    free(rig->shown);
}

/* Text-like strokes in a rectangle, other ones for another seed. */
static void fill(struct rig *rig, struct oriel_rect r, unsigned seed) {
    uint32_t state = seed * 2654435761u + 1;
    for (unsigned row = r.y; row < (unsigned)r.y + r.height; row++)
        for (unsigned column = r.x; column < (unsigned)r.x + r.width; column++) {
            if (column % 3 == 0)
                state = state * 1664525u + 1013904223u;
            rig->picture.planes[0][row * rig->width + column] = state >> 30 ? 235 : 16;
            for (int i = 1; i < 3; i++)
                rig->picture.planes[i][row / 2 * ((rig->width + 1) / 2) + column / 2] =
                    (uint8_t)(128 + (int)(state >> 28) * (i == 1 ? 2 : -2));
        }
}

/* And tells the encoder. */
static void draw(struct rig *rig, unsigned x, unsigned y, unsigned w, unsigned h, unsigned seed) {
    struct oriel_rect r = {(uint16_t)x, (uint16_t)y, (uint16_t)w, (uint16_t)h};
    fill(rig, r, seed);
    oriel_vp8_damage(rig->vp8, &r, 1, rig->now);
}

/* Encodes; when there is a picture decodes it and holds it to the encoder's own. */
static enum oriel_plan_kind encode(struct rig *rig) {
    char error[ORIEL_VP8_ERROR_SIZE];
    if (oriel_vp8_encode(rig->vp8, &rig->picture, rig->now, &rig->packet, error) < 0)
        fail_msg("%s", error);
    if (rig->packet.kind == ORIEL_PLAN_NOTHING)
        return ORIEL_PLAN_NOTHING;
    assert_true(rig->packet.size > 0);
    assert_int_equal(rig->packet.key, !(rig->packet.bytes[0] & 1));
    assert_int_equal(vpx_codec_decode(&rig->decoder, rig->packet.bytes, (unsigned)rig->packet.size, NULL, 0), 0);
    vpx_codec_iter_t iterator = NULL;
    const vpx_image_t *image = vpx_codec_get_frame(&rig->decoder, &iterator);
    assert_non_null(image);
    assert_int_equal(image->d_w, rig->width);
    assert_int_equal(image->d_h, rig->height);
    struct oriel_i420 own;
    assert_true(oriel_vp8_reconstruction(rig->vp8, &own));
    uint8_t *to = rig->shown;
    for (int i = 0; i < 3; i++)
        for (unsigned row = 0; row < plane_height(rig, i); row++, to += plane_width(rig, i)) {
            memcpy(to, image->planes[i] + (ptrdiff_t)row * image->stride[i], plane_width(rig, i));
            assert_memory_equal(to, own.planes[i] + (ptrdiff_t)row * own.strides[i], plane_width(rig, i));
        }
    return rig->packet.kind;
}

/* As the decoder gets it when packets are lost. */
static void encode_lost(struct rig *rig) {
    char error[ORIEL_VP8_ERROR_SIZE];
    if (oriel_vp8_encode(rig->vp8, &rig->picture, rig->now, &rig->packet, error) < 0)
        fail_msg("%s", error);
    assert_int_equal(rig->packet.kind, ORIEL_PLAN_PICTURE);
}

static double psnr(const struct rig *rig) {
    double sum = 0;
    for (size_t i = 0; i < (size_t)rig->width * rig->height; i++)
        sum += pow(rig->shown[i] - rig->picture.planes[0][i], 2);
    return sum > 0 ? 10 * log10(255.0 * 255 * rig->width * rig->height / sum) : 99;
}

/* The encoder's own wishes until it only beats. How many pictures it made. */
static int rest(struct rig *rig) {
    for (int pictures = 0; pictures < 100;) {
        int64_t again = oriel_vp8_times(rig->vp8, rig->now).again;
        rig->now = again > rig->now ? again : rig->now;
        enum oriel_plan_kind kind = encode(rig);
        if (kind == ORIEL_PLAN_BEAT)
            return pictures;
        pictures += kind == ORIEL_PLAN_PICTURE;
    }
    fail_msg("it never comes to rest");
    return 0;
}

static void test_sharp_and_then_silent(void **state) {
    struct rig rig;
    open_rig(&rig, 320, 240);
    draw(&rig, 0, 0, 320, 240, 1);
    assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    assert_true(rig.packet.key);
    assert_true(rest(&rig) < 30);
    assert_true(psnr(&rig) > 42);
    assert_int_equal(oriel_activemap_coarse(oriel_vp8_map(rig.vp8), TARGET, rig.now).count, 0);
    close_rig(&rig);
}

/* A slow way: something at once, then the page from top to bottom, no picture longer than a moment, and at last sharp.
 */
static void test_a_slow_way_is_painted(void **state) {
    static const unsigned ways[] = {300, 100};
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct rig rig;
        struct oriel_vp8_settings set = settings();
        set.sharpen.kbits = ways[i];
        open_with(&rig, 640, 400, set);
        draw(&rig, 0, 0, 640, 400, 1);
        const double second = ways[i] * 1e3 / 8;
        size_t bytes = 0, largest = 0;
        int64_t began = rig.now, painted = 0;
        assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
        assert_true(rig.packet.key);
        assert_true((double)rig.packet.size < 0.3 * second);
        print_message("%u kbit/s: %zu bytes, %.1f dB\n", ways[i], rig.packet.size, psnr(&rig));
        for (int pictures = 0;; pictures++) {
            assert_in_range(pictures, 0, 2000);
            int64_t again = oriel_vp8_times(rig.vp8, rig.now).again;
            rig.now = again > rig.now ? again : rig.now;
            enum oriel_plan_kind kind = encode(&rig);
            if (painted && !oriel_activemap_coarse(oriel_vp8_map(rig.vp8), TARGET, INT64_MAX).count)
                break;
            if (kind != ORIEL_PLAN_PICTURE)
                continue;
            bytes += rig.packet.size;
            largest = rig.packet.size > largest ? rig.packet.size : largest;
            if (!painted && !oriel_vp8_map(rig.vp8)->changed)
                painted = rig.now - began;
        }
        print_message("%u kbit/s: painted after %.1f s, sharp (%.1f dB) after %.1f s, largest %.2f s\n", ways[i],
                      (double)painted / ORIEL_SECOND, psnr(&rig), (double)(rig.now - began) / ORIEL_SECOND,
                      (double)largest / second);
        assert_true(largest < 0.6 * second);
        assert_true((double)bytes < second * ((double)(rig.now - began) / ORIEL_SECOND + 1));
        assert_true(psnr(&rig) > 42);
        close_rig(&rig);
    }
}

/* What the exact layer shows costs nothing until it is owed; and when that layer is gone, the picture converges by
 * itself. */
static void test_what_is_covered_is_not_coded(void **state) {
    const struct oriel_rect page = {0, 0, 320, 240}, film = {64, 64, 64, 64};
    const struct oriel_share now = {.cover = ORIEL_COVER_NOW}, soon = {.cover = ORIEL_COVER_SOON};
    const struct oriel_share owed = {.cover = ORIEL_COVER_SOON, .owed_count = 1, .owed = {{0, 0, 320, 64}}};
    const struct oriel_share none = {.cover = ORIEL_COVER_NONE, .owed_count = 1, .owed = {page}};
    struct rig rig;
    open_rig(&rig, 320, 240);
    draw(&rig, 0, 0, 320, 240, 1);
    encode(&rig);
    fill(&rig, page, 2);
    oriel_vp8_share(rig.vp8, &page, 1, &now, rig.now);
    assert_int_equal(rest(&rig), 0);
    rig.now += 60 * ORIEL_SECOND;
    assert_int_equal(rest(&rig), 0);
    rig.now += ORIEL_SECOND;
    fill(&rig, film, 3);
    oriel_vp8_share(rig.vp8, &film, 1, &soon, rig.now);
    assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    assert_int_equal(rig.packet.changed, 16);
    assert_true(rig.packet.quantizer >= 28);
    oriel_vp8_share(rig.vp8, NULL, 0, &owed, rig.now);
    rig.now += ORIEL_SECOND;
    assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    assert_int_equal(rig.packet.changed, 20 * 4);
    assert_int_equal(rest(&rig), 0);
    assert_true(psnr(&rig) < 35);
    oriel_vp8_share(rig.vp8, NULL, 0, &none, rig.now);
    assert_true(rest(&rig) > 0);
    assert_true(psnr(&rig) > 42);
    close_rig(&rig);
}

/* Of pictures that were not handed on: it waits as what is covered does. */
static void test_what_was_left_out_is_coded_when_it_is_owed(void **state) {
    const struct oriel_rect gauge = {32, 32, 64, 32};
    const struct oriel_share left = {.cover = ORIEL_COVER_NOW, .left_out_count = 1, .left_out = {gauge}};
    const struct oriel_share owed = {.cover = ORIEL_COVER_SOON, .owed_count = 1, .owed = {{32, 32, 32, 32}}};
    const struct oriel_share none = {.cover = ORIEL_COVER_NONE, .owed_count = 1, .owed = {gauge}};
    struct rig rig;
    open_rig(&rig, 320, 240);
    draw(&rig, 0, 0, 320, 240, 1);
    rest(&rig);
    fill(&rig, gauge, 2);
    oriel_vp8_share(rig.vp8, NULL, 0, &left, rig.now);
    rig.now += 60 * ORIEL_SECOND;
    assert_int_equal(rest(&rig), 0);
    oriel_vp8_share(rig.vp8, NULL, 0, &owed, rig.now);
    rig.now += ORIEL_SECOND;
    assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    assert_int_equal(rig.packet.changed, 2 * 2);
    assert_true(psnr(&rig) < 35);
    oriel_vp8_share(rig.vp8, NULL, 0, &none, rig.now);
    assert_true(rest(&rig) > 0);
    assert_true(psnr(&rig) > 42);
    close_rig(&rig);
}

/* Bars with soft edges, which go to the right: easy to code, however fine. */
static void slide(struct rig *rig, int at) {
    for (unsigned y = 0; y < rig->height; y++)
        for (unsigned x = 0; x < rig->width; x++)
            rig->picture.planes[0][y * rig->width + x] =
                (uint8_t)(128 + 60 * tanh(4 * sin((int)x * 0.21 - at * 0.9 + y / 40 * 0.7)));
}

/* Waves that go to the right, and grain. */
static void film(struct rig *rig, int at, int grain) {
    uint32_t state = (uint32_t)at * 2654435761u + 1;
    for (unsigned y = 0; y < rig->height; y++)
        for (unsigned x = 0; x < rig->width; x++) {
            state = state * 1664525u + 1013904223u;
            int noise = grain ? (int)(state >> 16) % (2 * grain) - grain : 0;
            rig->picture.planes[0][y * rig->width + x] =
                (uint8_t)(128 + 60 * sin((x + y / 2) * 0.02 - at * 0.12) + 20 * sin(y * 0.03 + at * 0.05) + noise);
        }
}

/* Three seconds of it, after three others, on a way that takes one picture after the other: how many come, and how good
 * the last one is. None of them in parts. */
static unsigned watch_film(unsigned kbits, int grain, double *quality) {
    struct oriel_vp8_settings set = settings();
    set.sharpen.kbits = kbits;
    struct rig rig;
    open_with(&rig, 640, 400, set);
    unsigned pictures = 0;
    int last = 0;
    int64_t began = rig.now, free = began, seen = began;
    for (int i = 0; i < 180; i++) {
        rig.now = began + i * (ORIEL_SECOND / 30);
        int64_t ready = oriel_vp8_times(rig.vp8, rig.now).not_before;
        ready = ready > free ? ready : free;
        if (rig.now < ready)
            continue;
        film(&rig, i, grain);
        oriel_vp8_damage_all(rig.vp8, rig.now);
        oriel_vp8_welcome(rig.vp8, ready > seen ? ready : seen);
        seen = rig.now;
        if (encode(&rig) != ORIEL_PLAN_PICTURE)
            continue;
        last = i;
        free = rig.now + (int64_t)((double)rig.packet.size * 8 / (kbits * 1e3) * ORIEL_SECOND);
        if (i < 90)
            continue;
        assert_int_equal(rig.packet.changed, oriel_vp8_map(rig.vp8)->count);
        pictures++;
    }
    film(&rig, last, 0); /* what there is beside the grain */
    *quality = psnr(&rig);
    close_rig(&rig);
    return pictures / 3;
}

/* What it shows comes whole, and is what moves, not its grain. */
static void test_a_film_on_a_slow_way(void **state) {
    const struct {
        unsigned kbits;
        int grain;
        unsigned least;
    } films[] = {{400, 60, 5}, {64, 60, 1}, {150, 0, 10}, {64, 0, 3}};
    for (unsigned i = 0; i < sizeof films / sizeof *films; i++) {
        double quality;
        unsigned pictures = watch_film(films[i].kbits, films[i].grain, &quality);
        print_message("%u kbit/s, grain %d: %u pictures a second, %.1f dB\n", films[i].kbits, films[i].grain, pictures,
                      quality);
        assert_true(pictures >= films[i].least);
        assert_true(quality > 26);
    }
}

/* Where the exact layer will show what comes to rest, motion is made as good as it need be, and text that moves, which
 * is hard to code, as well as it may be. */
static void test_what_moves_under_cover_is_38_db(void **state) {
    const struct oriel_rect page = {0, 0, 320, 240};
    const struct oriel_share soon = {.cover = ORIEL_COVER_SOON};
    struct oriel_vp8_settings set = settings();
    set.sharpen.kbits = 50000;
    struct rig rig;
    open_with(&rig, 320, 240, set);
    draw(&rig, 0, 0, 320, 240, 1);
    encode(&rig);
    for (int i = 0; i < 60; i++) {
        rig.now += 33 * ORIEL_MILLISECOND;
        slide(&rig, i);
        oriel_vp8_share(rig.vp8, &page, 1, &soon, rig.now);
        assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    }
    assert_true(rig.packet.quantizer > 30);
    assert_true(psnr(&rig) > 36.5 && psnr(&rig) < 39.5);
    for (int i = 0; i < 20; i++) {
        rig.now += 33 * ORIEL_MILLISECOND;
        fill(&rig, page, (unsigned)i);
        oriel_vp8_share(rig.vp8, &page, 1, &soon, rig.now);
        assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    }
    assert_int_equal(rig.packet.quantizer, 28);
    close_rig(&rig);
}

/* Discs with soft edges on a plain ground, which go to the right by parts of a pixel. */
static void discs(struct rig *rig, const struct oriel_rect *where, int at) {
    for (unsigned y = where->y; y < (unsigned)where->y + where->height; y++)
        for (unsigned x = where->x; x < (unsigned)where->x + where->width; x++) {
            double across = fmod(x + 400 - at * 9.3, 42) - 21, down = (int)y - 128;
            double inside = 16 - sqrt(across * across + down * down / 4);
            rig->picture.planes[0][y * rig->width + x] = (uint8_t)(220 - 150 * fmin(fmax(inside, 0), 1));
        }
}

/* What moves seldom, and is small, takes fewer bytes for the same quality: there is time to look for how it moves. */
static void test_a_small_thing_that_moves_seldom_is_coded_with_care(void **state) {
    const struct oriel_rect part = {64, 64, 128, 128};
    const struct oriel_share soon = {.cover = ORIEL_COVER_SOON};
    size_t bytes[2] = {0};
    for (int seldom = 0; seldom < 2; seldom++) {
        struct oriel_vp8_settings set = settings();
        set.sharpen.kbits = 50000;
        struct rig rig;
        open_with(&rig, 320, 240, set);
        slide(&rig, 0);
        oriel_vp8_damage_all(rig.vp8, rig.now);
        encode(&rig);
        for (int i = 0; i < 60; i++) {
            rig.now += (seldom ? 100 : 33) * ORIEL_MILLISECOND;
            discs(&rig, &part, i);
            oriel_vp8_share(rig.vp8, &part, 1, &soon, rig.now);
            assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
            bytes[seldom] += i < 20 ? 0 : rig.packet.size;
        }
        close_rig(&rig);
    }
    assert_true(bytes[1] * 100 < bytes[0] * 97);
}

static void test_a_beat_changes_nothing(void **state) {
    struct rig rig;
    open_rig(&rig, 320, 240);
    draw(&rig, 0, 0, 320, 240, 1);
    encode(&rig);
    rest(&rig);
    uint8_t *before = malloc(rig.size);
    memcpy(before, rig.shown, rig.size);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(encode(&rig), ORIEL_PLAN_NOTHING); /* too early */
        rig.now += 1400 * ORIEL_MILLISECOND;
        assert_int_equal(encode(&rig), ORIEL_PLAN_BEAT);
        assert_true(rig.packet.size < 100 && !rig.packet.key);
        assert_memory_equal(before, rig.shown, rig.size);
        /* And nothing that comes after depends on whether it arrived: the next picture is held to the encoder's. */
        draw(&rig, 32, 32, 48, 48, (unsigned)i + 5);
        assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
        memcpy(before, rig.shown, rig.size);
    }
    free(before);
    close_rig(&rig);
}

/* After a gap the decoder has what the encoder believes again, bit for bit, by a picture that refers to one before it;
 * and no more of it was coded than what changed since. */
static void recover(struct rig *rig, enum oriel_slot slot) {
    oriel_vp8_refer(rig->vp8, ORIEL_SLOT_LAST, slot, true, true);
    rig->now += ORIEL_SECOND;
    draw(rig, 160, 128, 16, 16, 7);
    assert_int_equal(encode(rig), ORIEL_PLAN_PICTURE);
    assert_int_equal(rig->packet.into, slot);
    for (unsigned i = 0; i < 5; i++) { /* one of them comes, and does not help */
        rig->now += ORIEL_SECOND;
        oriel_vp8_refer(rig->vp8, ORIEL_SLOT_LAST, ORIEL_SLOT_LAST, true, true);
        draw(rig, 16 * i, 32, 40, 32, i + 20);
        encode_lost(rig);
    }
    vpx_codec_iter_t iterator = NULL;
    assert_int_equal(vpx_codec_decode(&rig->decoder, rig->packet.bytes, (unsigned)rig->packet.size, NULL, 0), 0);
    assert_non_null(vpx_codec_get_frame(&rig->decoder, &iterator));
    rig->now += ORIEL_SECOND;
    oriel_vp8_refer(rig->vp8, slot, ORIEL_SLOT_LAST, true, true);
    assert_int_equal(encode(rig), ORIEL_PLAN_PICTURE); /* held to the encoder's own */
    assert_false(rig->packet.key);
    assert_int_equal(rig->packet.from, slot);
    assert_true(rig->packet.changed > 10 && rig->packet.changed < 30);
    assert_true(psnr(rig) > 30);
    for (unsigned i = 0; i < 3; i++) {
        rig->now += 40 * ORIEL_MILLISECOND;
        oriel_vp8_refer(rig->vp8, ORIEL_SLOT_LAST, ORIEL_SLOT_LAST, true, true);
        draw(rig, 20 * i, 200, 64, 32, i + 40);
        assert_int_equal(encode(rig), ORIEL_PLAN_PICTURE);
    }
}

/* Sharp, and each picture is kept where we say. */
static void open_recoverable(struct rig *rig) {
    open_rig(rig, 320, 240);
    oriel_vp8_refer(rig->vp8, ORIEL_SLOT_LAST, ORIEL_SLOT_LAST, true, true);
    draw(rig, 0, 0, 320, 240, 1);
    encode(rig);
    rest(rig);
}

static void test_recovery(void **state) {
    struct rig rig;
    open_recoverable(&rig);
    recover(&rig, ORIEL_SLOT_GOLDEN);
    recover(&rig, ORIEL_SLOT_ALTREF);
    recover(&rig, ORIEL_SLOT_GOLDEN);
    close_rig(&rig);
}

/* As soon as the encoder wants to, by `from` into `into`. */
static enum oriel_plan_kind next(struct rig *rig, enum oriel_slot from, enum oriel_slot into) {
    int64_t again = oriel_vp8_times(rig->vp8, rig->now).again;
    rig->now = again > rig->now ? again : rig->now;
    oriel_vp8_refer(rig->vp8, from, into, true, false);
    return encode(rig);
}

/* Parts of a page are lost that is being painted: it goes on by a part that refers to an earlier one, no larger than
 * another, and what was lost is painted again. */
static void test_recovery_of_a_painted_page(void **state) {
    struct rig rig;
    struct oriel_vp8_settings set = settings();
    set.sharpen.kbits = 100;
    open_with(&rig, 640, 400, set);
    draw(&rig, 0, 0, 640, 400, 1);
    const double second = 100e3 / 8;
    assert_int_equal(next(&rig, ORIEL_SLOT_LAST, ORIEL_SLOT_LAST), ORIEL_PLAN_PICTURE);
    assert_true(rig.packet.key);
    for (unsigned round = 0; round < 2; round++) { /* first from the rough keyframe, which is kept everywhere */
        enum oriel_slot kept = round ? ORIEL_SLOT_ALTREF : ORIEL_SLOT_GOLDEN;
        while (round && next(&rig, ORIEL_SLOT_LAST, kept) != ORIEL_PLAN_PICTURE)
            ;
        size_t changed = oriel_vp8_map(rig.vp8)->changed, lost = 0;
        for (int i = 0; i < 2; i++) {
            int64_t again = oriel_vp8_times(rig.vp8, rig.now).again;
            rig.now = again > rig.now ? again : rig.now;
            oriel_vp8_refer(rig.vp8, ORIEL_SLOT_LAST, ORIEL_SLOT_LAST, true, false);
            encode_lost(&rig);
            lost += rig.packet.changed;
        }
        assert_int_equal(oriel_vp8_map(rig.vp8)->changed, changed - lost);
        while (next(&rig, kept, ORIEL_SLOT_LAST) != ORIEL_PLAN_PICTURE)
            ;
        assert_int_equal(rig.packet.from, kept);
        assert_false(rig.packet.key);
        assert_true((double)rig.packet.size < 0.6 * second);
        assert_true(rig.packet.changed > 0);
        assert_int_equal(oriel_vp8_map(rig.vp8)->changed, changed - rig.packet.changed);
    }
    for (int i = 0;
         oriel_vp8_map(rig.vp8)->changed || oriel_activemap_coarse(oriel_vp8_map(rig.vp8), TARGET, INT64_MAX).count;
         i++) {
        assert_in_range(i, 0, 2000);
        next(&rig, ORIEL_SLOT_LAST, ORIEL_SLOT_LAST);
        assert_false(rig.packet.key);
    }
    assert_true(psnr(&rig) > 42);
    /* By now libvpx makes no picture as fine as that as a whole (vp8coder.c). */
    rig.now += 5 * ORIEL_SECOND;
    assert_int_equal(next(&rig, ORIEL_SLOT_LAST, ORIEL_SLOT_GOLDEN), ORIEL_PLAN_BEAT);
    rig.now += 5 * ORIEL_SECOND;
    oriel_vp8_refer(rig.vp8, ORIEL_SLOT_LAST, ORIEL_SLOT_LAST, true, false);
    draw(&rig, 64, 64, 32, 16, 5);
    encode_lost(&rig);
    rig.now += 5 * ORIEL_SECOND;
    assert_int_equal(next(&rig, ORIEL_SLOT_GOLDEN, ORIEL_SLOT_LAST), ORIEL_PLAN_PICTURE);
    assert_int_equal(rig.packet.from, ORIEL_SLOT_GOLDEN);
    assert_int_equal(rig.packet.changed, 2);
    assert_true(psnr(&rig) > 42);
    close_rig(&rig);
}

/* A screen at rest makes what it shows safe by its beat; that one is not used again. */
static void test_a_beat_is_kept(void **state) {
    struct rig rig;
    open_recoverable(&rig);
    for (unsigned i = 0; i < 4; i++) {
        rig.now += 3 * ORIEL_SECOND / 2;
        oriel_vp8_refer(rig.vp8, ORIEL_SLOT_LAST, i % 2 ? ORIEL_SLOT_LAST : ORIEL_SLOT_ALTREF, true, true);
        assert_int_equal(encode(&rig), ORIEL_PLAN_BEAT);
        assert_int_equal(rig.packet.into, i % 2 ? ORIEL_SLOT_LAST : ORIEL_SLOT_ALTREF);
    }
    rig.now += ORIEL_SECOND;
    oriel_vp8_refer(rig.vp8, ORIEL_SLOT_LAST, ORIEL_SLOT_LAST, true, true);
    draw(&rig, 32, 32, 32, 32, 9);
    encode_lost(&rig);
    rig.now += ORIEL_SECOND;
    oriel_vp8_refer(rig.vp8, ORIEL_SLOT_ALTREF, ORIEL_SLOT_GOLDEN, true, true);
    assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    assert_int_equal(rig.packet.changed, 4);
    close_rig(&rig);
}

/* Whether a pixel of luma lies in the blocks of the rectangle, or within `margin` pixels left of and above them. */
static bool within(unsigned margin, unsigned x, unsigned y, unsigned left, unsigned top, unsigned right,
                   unsigned bottom) {
    return x + margin >= left / 16 * 16 && x < (right + 15) / 16 * 16 && y + margin >= top / 16 * 16 &&
           y < (bottom + 15) / 16 * 16;
}

static void test_undamaged_areas_stay_as_they_are(void **state) {
    struct rig rig;
    open_rig(&rig, 400, 304);
    draw(&rig, 0, 0, 400, 304, 1);
    encode(&rig);
    rest(&rig);
    uint8_t *before = malloc(rig.size);
    for (unsigned i = 0; i < 40; i++) {
        memcpy(before, rig.shown, rig.size);
        struct oriel_sharpen_settings set = settings().sharpen;
        set.kbits = i % 2 ? 20 : 20000; /* as coarse, and as fine, as can be: with the loop filter and without */
        oriel_vp8_set(rig.vp8, &set, rig.now);
        unsigned x = i * 7 % 250 + 50, y = i * 13 % 140 + 50, w = 30 + i, h = 20 + i * 2;
        rig.now += 3 * ORIEL_SECOND;
        draw(&rig, x, y, w, h, i + 2);
        assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
        assert_true(i % 2 == 0 || rig.packet.quantizer > 26);
        bool filtered = rig.packet.quantizer >= 26;
        for (unsigned row = 0; row < 304; row++)
            for (unsigned column = 0; column < 400; column++) {
                int change = abs(before[row * 400 + column] - rig.shown[row * 400 + column]);
                if (!within(3, column, row, x, y, x + w, y + h))
                    assert_int_equal(change, 0);
                else if (!filtered && !within(0, column, row, x, y, x + w, y + h))
                    assert_true(change <= 4);
            }
        rest(&rig); /* what the filter touched is sharpened, too */
        assert_true(psnr(&rig) > 40);
    }
    free(before);
    close_rig(&rig);
}

static void test_damage_of_pictures_left_out_is_carried(void **state) {
    struct rig rig;
    struct oriel_vp8_settings set = settings();
    set.sharpen.kbits = 300;
    set.sharpen.burst = 100;
    open_with(&rig, 320, 240, set);
    draw(&rig, 0, 0, 320, 240, 1);
    assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    int dropped = 0;
    for (unsigned i = 0; i < 8; i++) { /* each elsewhere, faster than the rate allows */
        rig.now += 10 * ORIEL_MILLISECOND;
        draw(&rig, i * 40, i * 24, 40, 48, i + 2);
        dropped += encode(&rig) == ORIEL_PLAN_NOTHING;
    }
    assert_true(dropped > 0);
    rest(&rig);
    assert_true(psnr(&rig) > 40);
    close_rig(&rig);
}

static void test_keyframe_on_demand_only(void **state) {
    struct rig rig;
    open_rig(&rig, 320, 240);
    for (unsigned i = 0; i < 100; i++) {
        rig.now += 33 * ORIEL_MILLISECOND;
        draw(&rig, 0, 0, 320, 240, i); /* even if nothing is as it was */
        if (i == 50)
            oriel_vp8_force_key(rig.vp8);
        if (encode(&rig) == ORIEL_PLAN_PICTURE)
            assert_int_equal(rig.packet.key, i == 0 || i == 50);
        else
            assert_true(i != 0 && i != 50);
    }
    close_rig(&rig);
}

/* Who waits for a keyframe asks five times a second: on a slow link there would be nothing but keyframes. */
static void test_keyframes_do_not_chase_each_other(void **state) {
    struct rig rig;
    struct oriel_vp8_settings set = settings();
    set.sharpen.kbits = 400; /* below it is a rough one */
    open_with(&rig, 640, 480, set);
    unsigned keys = 0;
    size_t bytes = 0;
    int64_t from = rig.now, takes = 0;
    draw(&rig, 0, 0, 640, 480, 1);
    for (unsigned i = 0; i < 200; i++) {
        rig.now += 33 * ORIEL_MILLISECOND;
        draw(&rig, 0, 0, 64, 48, i);
        if ((!takes || rig.now - from < takes) && rig.now >= oriel_vp8_key_until(rig.vp8))
            oriel_vp8_force_key(rig.vp8);
        if (encode(&rig) != ORIEL_PLAN_PICTURE)
            continue;
        keys += rig.packet.key;
        bytes = rig.packet.key ? rig.packet.size : bytes;
        takes = (int64_t)((double)bytes * 8 / 400e3 * ORIEL_SECOND); /* until the receiver has it */
    }
    assert_true(takes > 300 * ORIEL_MILLISECOND);
    assert_int_equal(keys, 1);
    rig.now += takes;
    oriel_vp8_force_key(rig.vp8); /* later it is one again */
    do {
        rig.now += 33 * ORIEL_MILLISECOND;
    } while (encode(&rig) != ORIEL_PLAN_PICTURE);
    assert_true(rig.packet.key);
    close_rig(&rig);
}

static void test_keyframe_is_bounded(void **state) {
    struct rig rig;
    struct oriel_vp8_settings set = settings();
    set.sharpen.kbits = 1000;
    open_with(&rig, 640, 480, set);
    draw(&rig, 0, 0, 640, 480, 1);
    encode(&rig);
    assert_true(rig.packet.key);
    /* 250 ms of the rate is 31 KB; noise like this can't be that small, so: by the coarsest quantizer. */
    assert_true(rig.packet.size < 47000 || rig.packet.quantizer == 56);
    close_rig(&rig);
}

static size_t bytes_of_motion(struct rig *rig, unsigned kbits, int pictures) {
    struct oriel_sharpen_settings set = settings().sharpen;
    set.kbits = kbits;
    oriel_vp8_set(rig->vp8, &set, rig->now);
    size_t bytes = 0;
    for (int i = 0; i < pictures; i++) {
        rig->now += ORIEL_SECOND / 30;
        draw(rig, 0, 0, rig->width, rig->height, (unsigned)i);
        encode(rig);
        bytes += rig->packet.size;
    }
    return bytes;
}

static void test_bitrate_is_obeyed_from_the_next_picture(void **state) {
    struct rig rig;
    open_rig(&rig, 320, 240);
    bytes_of_motion(&rig, 4000, 60); /* the first burst is over */
    const unsigned rates[] = {4000, 1000, 8000, 2000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        bytes_of_motion(&rig, rates[i], 30); /* a bucket's worth of what was */
        size_t bytes = bytes_of_motion(&rig, rates[i], 60);
        double kbits = (double)bytes * 8 / 2 / 1000;
        if (kbits < rates[i] * 0.6 || kbits > rates[i] * 1.15)
            fail_msg("%.0f kbit/s instead of %u", kbits, rates[i]);
    }
    close_rig(&rig);
}

static void test_sizes(void **state) {
    static const unsigned sizes[][2] = {{16, 16}, {17, 16}, {16, 33}, {101, 67}, {333, 17}, {1366, 768}, {799, 601}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct rig rig;
        unsigned w = sizes[i][0], h = sizes[i][1];
        open_rig(&rig, w, h);
        draw(&rig, 0, 0, w, h, 3);
        assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
        rest(&rig);
        assert_true(psnr(&rig) > 40);
        draw(&rig, w - 1, h - 1, 1, 1, 4); /* the corner that ends within a block */
        assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
        assert_int_equal(rig.packet.changed, 1);
        rest(&rig);
        assert_true(psnr(&rig) > 40);
        close_rig(&rig);
    }
}

static void test_large_with_threads(void **state) {
    struct rig rig;
    struct oriel_vp8_settings set = settings();
    set.speed = -12;
    set.threads = 2;
    set.sharpen.kbits = 50000;
    open_with(&rig, 4096, 2160, set);
    draw(&rig, 100, 100, 600, 200, 1);
    assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    rig.now += ORIEL_SECOND;
    draw(&rig, 4000, 2100, 96, 60, 2);
    assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    assert_true(psnr(&rig) > 35);
    close_rig(&rig);
}

static size_t resident(void) {
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*u %zu", &pages), 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* What a picture could need at most, 48 MiB here, is not taken before one needs it. */
static void test_an_encoder_takes_no_more_memory_than_it_uses(void **state) {
#ifdef ORIEL_SANITIZED
    skip();
#endif
    struct rig rig;
    size_t before = resident();
    open_rig(&rig, 1920, 1088);
    size_t taken = resident() - before;
    assert_true(taken < 24 << 20);
    draw(&rig, 0, 0, 1920, 1088, 1);
    assert_int_equal(encode(&rig), ORIEL_PLAN_PICTURE);
    close_rig(&rig);
}

static void test_impossible_sizes(void **state) {
    char error[ORIEL_VP8_ERROR_SIZE] = "";
    struct oriel_vp8_settings set = settings();
    assert_null(oriel_vp8_new(20000, 20000, &set, 0, error));
    assert_true(strstr(error, "20000x20000"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sharp_and_then_silent),
        cmocka_unit_test(test_a_slow_way_is_painted),
        cmocka_unit_test(test_a_film_on_a_slow_way),
        cmocka_unit_test(test_what_is_covered_is_not_coded),
        cmocka_unit_test(test_what_was_left_out_is_coded_when_it_is_owed),
        cmocka_unit_test(test_what_moves_under_cover_is_38_db),
        cmocka_unit_test(test_a_small_thing_that_moves_seldom_is_coded_with_care),
        cmocka_unit_test(test_a_beat_changes_nothing),
        cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_recovery_of_a_painted_page),
        cmocka_unit_test(test_a_beat_is_kept),
        cmocka_unit_test(test_undamaged_areas_stay_as_they_are),
        cmocka_unit_test(test_damage_of_pictures_left_out_is_carried),
        cmocka_unit_test(test_keyframe_on_demand_only),
        cmocka_unit_test(test_keyframes_do_not_chase_each_other),
        cmocka_unit_test(test_keyframe_is_bounded),
        cmocka_unit_test(test_bitrate_is_obeyed_from_the_next_picture),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_large_with_threads),
        cmocka_unit_test(test_an_encoder_takes_no_more_memory_than_it_uses),
        cmocka_unit_test(test_impossible_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
